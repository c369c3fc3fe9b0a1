"""Schemas as SQL, Markdown, Mermaid and JSON, and how they differ; DuckDB judges the SQL."""

import json
import re
from pathlib import Path

import duckdb
import pytest

from ingitdb.model.tables import ForeignKey
from ingitdb.services.schemas import ColumnSchema, Schemas, TableSchema
from ingitdb_cli.program import run
from ingitdb_cli.schema_documents.markdown import markdown
from ingitdb_cli.schema_documents.mermaid import mermaid
from tests.support.repositories import RepoBuilder

PORTS = """\
titles: {en: Ports of call}
record_file: {name: "{key}.yaml", records_dir: ".", format: yaml, type: "map[string]any"}
columns:
  name: {type: string, required: true, title: What it is called}
  berths: {type: int, min_value: 1}
"""
ROUTES = """\
record_file: {name: "{key}.yaml", records_dir: ".", format: yaml, type: "map[string]any"}
columns:
  from_port: {type: string, foreign_key: ports, required: true}
  to_port: {type: string, foreign_key: ports}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RepoBuilder:
    """A repository whose tables are declared only later."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    builder = RepoBuilder(tmp_path / "shop")
    files = {
        "ports/oslo.yaml": "name: Oslo\nberths: 4\n",
        "lines/r1.yaml": "from_port: oslo\nto_port: oslo\n",
        "data/my prices.csv": "id,price | net\n1,2.50\n",
    }
    builder.commit(files, "First")
    builder.tag("v1")
    settings = {
        ".ingitdb/root-collections.yaml": "ports: ports\nlines: lines\n",
        ".ingitdb/tables.yaml": "discover: true\n",
        "ports/.collection/definition.yaml": PORTS,
        "lines/.collection/definition.yaml": ROUTES,
    }
    builder.commit(settings, "Declare")
    return builder


def shown(
    capfd: pytest.CaptureFixture[str], shop: RepoBuilder, *arguments: str, status: int = 0
) -> str:
    capfd.readouterr()
    given = run([*arguments, "-C", str(shop.path)])
    out, err = capfd.readouterr()
    assert given == status, err
    return out if not status or status == 1 else err


# --- Show -----------------------------------------------------------------------------------


def test_sql_runs_as_it_stands(capfd: pytest.CaptureFixture[str], shop: RepoBuilder) -> None:
    statements = shown(capfd, shop, "schema", "show")
    database = duckdb.connect()
    database.execute(statements)
    tables = database.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL"
    ).fetchall()
    assert tables == [("data", "my prices"), ("main", "lines"), ("main", "ports")]
    database.execute("INSERT INTO ports VALUES ('oslo', 'Oslo', 4)")
    database.execute("INSERT INTO lines VALUES ('r1', 'oslo', NULL)")
    with pytest.raises(duckdb.ConstraintException):
        database.execute("INSERT INTO lines VALUES ('r2', 'nowhere', NULL)")
    assert shown(capfd, shop, "schema") == statements
    one = shown(capfd, shop, "schema", "show", "ports", "--at", "v1")
    assert one == (
        'CREATE TABLE "main"."ports" (\n  "_key" VARCHAR NOT NULL,\n  "name" VARCHAR,\n'
        '  "berths" BIGINT,\n  PRIMARY KEY ("_key")\n);\n'
    )


def test_json(capfd: pytest.CaptureFixture[str], shop: RepoBuilder) -> None:
    found = json.loads(shown(capfd, shop, "schema", "show", "--format", "json"))
    assert [(t["schema"], t["name"], t["rows"]) for t in found] == [
        ("data", "my prices", 1),
        ("main", "lines", 1),
        ("main", "ports", 1),
    ]
    _, lines, ports = found
    assert (ports["title"], ports["key"]) == ("Ports of call", ["_key"])
    assert ports["columns"][1] == {
        "name": "name",
        "type": "VARCHAR",
        "nullable": False,
        "key": False,
        "title": "What it is called",
        "description": None,
        "rules": {},
    }
    assert ports["columns"][2]["rules"] == {"min_value": 1}
    to_port = {"columns": ["to_port"], "schema": "main", "table": "ports", "references": ["_key"]}
    assert lines["foreign_keys"][1] == to_port


def test_markdown(capfd: pytest.CaptureFixture[str], shop: RepoBuilder) -> None:
    lines = shown(capfd, shop, "schema", "show", "--format", "markdown").splitlines()
    assert lines[0] == "# shop"
    assert lines[2] == f"The tables at commit `{shop.tip()[:12]}` of 2026-01-02."
    assert "- [ports](#ports): Ports of call" in lines
    assert "- [data.my prices](#datamy-prices)" in lines
    assert "| `from_port` | `VARCHAR` | no |  | [ports](#ports).`_key` |" in lines
    assert "| `berths` | `BIGINT` | yes |  |  | min value `1` |" in lines
    assert "| `price \\| net` | `DECIMAL(18,2)` | yes |  |  |" in lines
    assert "1 record in `data/my prices.csv`, without a key." in lines


def test_files_choose_the_format(
    capfd: pytest.CaptureFixture[str], shop: RepoBuilder, tmp_path: Path
) -> None:
    for ending, start in ((".sql", "CREATE"), (".md", "# shop"), (".mmd", "erDiagram")):
        target = tmp_path / f"out{ending}"
        assert shown(capfd, shop, "schema", "show", "--output", str(target)) == ""
        assert target.read_text("utf-8").startswith(start)
    target = str(tmp_path / "out.csv")
    assert "sql, markdown" in shown(capfd, shop, "schema", "show", "--output", target, status=2)
    assert "--format" in shown(capfd, shop, "--format", "csv", "schema", "show", status=2)


def test_unknown_names(capfd: pytest.CaptureFixture[str], shop: RepoBuilder) -> None:
    assert "ports" in shown(capfd, shop, "schema", "show", "prots", status=3)
    assert "v1" in shown(capfd, shop, "schema", "show", "--at", "v2", status=3)
    assert "ports" in shown(capfd, shop, "schema", "diff", "v1..HEAD", "prots", status=3)
    assert "v1" in shown(capfd, shop, "schema", "diff", "v2..HEAD", status=3)


# --- Odd names ------------------------------------------------------------------------------

LINE = re.compile(
    r'    "[^"%\\\x00-\x1f]+" (?:\{|[|o]{2}--o\{ "[^"%\\\x00-\x1f]+" : "[^"\x00-\x1f]+")|    \}'
    r"|        [A-Za-z_][A-Za-z0-9_()\[\]]* (?!(?i:pk|fk|uk)(?!\w)[^ ]*)"
    r'[A-Za-z_\u00c0-\uffff][A-Za-z0-9_\u00c0-\uffff]*(?: (?:PK, FK|PK|FK))?(?: "[^"~]*")?'
)
"""What Mermaid's grammar takes, as narrow as its older versions have it."""


def column(name: str, kind: str = "VARCHAR", **more: object) -> ColumnSchema:
    rest = {"nullable": True, "key": False, "title": None, "description": None, "rules": ()}
    return ColumnSchema(name=name, type=kind, **{**rest, **more})


def odd() -> Schemas:
    """Tables whose names are all that a name can be."""
    columns = (
        column("pk", key=True, nullable=False),
        column("FK-x"),
        column("2nd name"),
        column("2nd-name"),
        column("\u6771\u4eac \U0001f5fc"),
        column('say "hi" ~a~\n| `b`', description="a | b\nc"),
        column("n", "DECIMAL(18,2)"),
        column("s", 'STRUCT("a b" VARCHAR, c BIGINT[])[]'),
        column("m", "MAP(VARCHAR, BIGINT)"),
        column("t", "TIMESTAMP WITH TIME ZONE"),
    )
    first = TableSchema(
        schema="my data",
        name='10% "off" \\ more',
        title="A [link](x) | *b*",
        description=None,
        location="x`y",
        rows=2,
        columns=columns,
        key=("pk",),
        foreign_keys=(
            ForeignKey(columns=("2nd name",), schema="main", table="gone", references=("_key",)),
        ),
        create="",
    )
    return Schemas(database="d", commit=None, tables=(first,))


def test_mermaid_takes_every_line(capfd: pytest.CaptureFixture[str], shop: RepoBuilder) -> None:
    plain = shown(capfd, shop, "schema", "show", "--format", "mermaid").splitlines()
    assert '    "ports" ||--o{ "lines" : "from_port"' in plain
    assert '    "ports" |o--o{ "lines" : "to_port"' in plain
    assert "        VARCHAR _key PK" in plain
    strange = list(mermaid(odd()))
    for lines in (plain, strange):
        assert lines[0] == "erDiagram"
        assert [line for line in lines[1:] if not LINE.fullmatch(line)] == []
    words = [line.split()[:2] for line in strange[2:12]]
    assert len({name for _, name in words}) == len(words)
    assert '        DECIMAL(18_2) n "DECIMAL(18,2)"' in strange
    assert '    "gone" |o--o{ "my data.10_ _off_ _ more" : "2nd name"' in strange


def test_markdown_of_odd_names_has_no_markup_of_theirs() -> None:
    lines = list(markdown(odd()))
    rows = [line for line in lines if line.startswith("|")]
    cells = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert cells == {7}
    assert "**A \\[link\\](x) \\| \\*b\\***" in lines
    assert "2 records in `` x`y ``, known by `pk`." in lines


# --- Diff -----------------------------------------------------------------------------------


def test_diff(capfd: pytest.CaptureFixture[str], shop: RepoBuilder) -> None:
    text = shown(capfd, shop, "schema", "diff", "v1..HEAD", "ports")
    assert text.splitlines() == [
        "--- ports",
        "+++ ports",
        "@@ -1,6 +1,6 @@",
        ' CREATE TABLE "main"."ports" (',
        '   "_key" VARCHAR NOT NULL,',
        '-  "name" VARCHAR,',
        '+  "name" VARCHAR NOT NULL,',
        '   "berths" BIGINT,',
        '   PRIMARY KEY ("_key")',
        " );",
    ]
    assert shown(capfd, shop, "schema", "diff", "v1") == shown(
        capfd, shop, "schema", "diff", "v1", "HEAD"
    )
    found = json.loads(shown(capfd, shop, "schema", "diff", "v1..", "--format", "json"))
    assert [row["to_table_name"] for row in found] == ["lines", "ports"]
    back = json.loads(shown(capfd, shop, "schema", "diff", "HEAD..v1", "--format", "json"))
    assert back[1]["from_create_statement"] == found[1]["to_create_statement"]


def test_diff_with_the_work_tree(capfd: pytest.CaptureFixture[str], shop: RepoBuilder) -> None:
    assert shown(capfd, shop, "schema", "diff", "--exit-code") == ""
    shop.write("ports/bergen.yaml", "name: Bergen\nberths: many\n")
    shop.remove("data/my prices.csv")
    text = shown(capfd, shop, "schema", "diff", "--exit-code", status=1)
    assert '-  "berths" BIGINT' in text
    assert "+++ /dev/null" in text
    assert text == shown(capfd, shop, "schema", "diff", "HEAD..WORKING")


def test_diff_since_branches_parted(capfd: pytest.CaptureFixture[str], shop: RepoBuilder) -> None:
    shop.branch("side", "v1")
    shop.commit({"ports/oslo.yaml": "name: Oslo\nberths: 4\ndepth: 12.5\n"})
    text = shown(capfd, shop, "schema", "diff", "main...side")
    assert [line for line in text.splitlines() if line[0] in "+-"] == [
        "--- ports",
        "+++ ports",
        '+  "depth" DOUBLE,',
    ]
    assert shown(capfd, shop, "schema", "diff", "main..side") != text
    assert "--at" in shown(capfd, shop, "schema", "diff", "v1..side", "--at", "main", status=2)
