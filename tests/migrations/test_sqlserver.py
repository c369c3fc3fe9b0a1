"""Scripts for SQL Server: what they say is read by a parser; no server has run them here."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ingitdb.errors import UsageError
from ingitdb.migrations.targets.sqlserver import SqlServer
from ingitdb.migrations.targets.sqlserver_limits import Cascades
from ingitdb.migrations.targets.sqlserver_types import default, kind_of, stored, text_literal
from ingitdb.model.types import Scalar
from ingitdb.services.migrations.migration import migration
from ingitdb.services.migrations.targets import dialect_of, opened
from ingitdb_cli.program import run as started
from ingitdb_cli.statuses import Status
from tests.migrations.test_scripts import ids, records, rows, tables
from tests.support.migrated import Round
from tests.support.northlight import demo
from tests.support.random_schemas import Story
from tests.support.repositories import RepoBuilder
from tests.support.tsql import Run, statements, unread
from tests.support.tsql_schema import Schema

Rounds = Callable[..., Round]
GOLDEN = Path(__file__).resolve().parent / "sqlserver_golden.sql"
SEED = 7
NOTE = "a\0b\r\nGO\n:r x\n$(y)"
FREE = re.compile(
    r"SET \w+ (ON|OFF)|(BEGIN|COMMIT) TRANSACTION"
    r"|EXEC sys\.sp_executesql N'DECLARE @lock INT;.*"
    r"|EXEC sys\.sp_executesql N'INSERT INTO \[#ingitdb_checked\] .*"
    r"|IF (OBJECT_ID|SCHEMA_ID)\(.*\) IS NULL (CREATE TABLE \[dbo\]\.\[ingitdb_migrations\]"
    r"|EXEC sys\.sp_executesql N'CREATE SCHEMA ).*"
    r"|(CREATE|DROP) TABLE (IF EXISTS )?\[#ingitdb_(state|checked)\].*"
    r"|INSERT INTO \[#ingitdb_state\] .*"
    r"|IF EXISTS \(.*\) EXEC sys\.sp_executesql N'THROW 51000, N''the target is at another commit''"
    r", 1'"
    r"|SELECT \[what\], \[expected\], \[found\] FROM \[#ingitdb_checked\]",
    re.DOTALL,
)
"""What is done each time; it changes nothing of the target but a schema or ledger not yet there."""


def scripts(found: Round, after: str, before: str | None = None) -> tuple[str, str]:
    with migration(found.database, "sqlserver", after, before) as made:
        return "".join(made.up_script()), "".join(made.down_script())


def checked(script: str) -> list[Run]:
    """Reads a script, and sees that a second run of it changes nothing."""
    runs = statements(script)
    for run in runs:
        assert list(unread(run)) == []
        assert run.is_guarded or FREE.fullmatch(run.outer), run.outer
        assert not run.is_guarded or run.inner
    outer = [run.outer for run in runs]
    begun, ended = outer.index("BEGIN TRANSACTION"), outer.index("COMMIT TRANSACTION")
    changing = [at for at, run in enumerate(runs) if run.is_guarded]
    assert begun < min(changing) <= max(changing) == ended - 1
    assert "[dbo].[ingitdb_migrations]" in runs[ended - 1].inner
    head = script[: script.index("SET XACT_ABORT ON;")]
    assert "not executed here: no server has run" in head
    assert re.search("\r|\0|\\$\\(|(?m:^ *(GO|:|!!))", script) is None
    return runs


def done(script: str) -> list[str]:
    """Gives what a script changes, in order."""
    return [run.inner for run in checked(script) if run.is_guarded]


def places(said: list[str], *parts: str) -> list[int]:
    """Says where the first statements stand that have certain parts."""
    return [next(at for at, one in enumerate(said) if part in one) for part in parts]


@pytest.mark.slow
def test_the_demo_from_its_first_tag_to_its_end(run_folder: Path, rounds: Rounds) -> None:
    found = rounds(demo(run_folder, SEED).path, run_folder / "cache")
    up, down = map(done, scripts(found, "HEAD", "v1.0"))
    assert "EXEC sys.sp_rename N'[dbo].[lines]', N'routes', N'OBJECT'" in up
    assert "EXEC sys.sp_rename N'[dbo].[fares].[fare]', N'price_eur', N'COLUMN'" in up
    assert "EXEC sys.sp_rename N'[dbo].[fares].[price_eur]', N'fare', N'COLUMN'" in down
    rows_at, key_at = places(up, "INSERT INTO [dbo].[fares]", "[fares_route_fkey] FOREIGN KEY")
    assert rows_at < key_at


@pytest.mark.parametrize("number", range(6))
def test_random_schemas(repo: RepoBuilder, rounds: Rounds, number: int) -> None:
    """Definitions that are changed are those that are made anew, by the documented rules."""
    story = Story(Random(number))
    state, known = story.first(), {}
    for _ in range(3):
        files = story.files(state)
        repo.commit({**files, **{path: None for path in known if path not in files}})
        known, state = files, story.next(state)
    found = rounds(repo.path)
    for before, after in (("HEAD~2", "HEAD"), ("HEAD~1", "HEAD")):
        there, here = (led(found, Schema(), ref) for ref in (after, before))
        schema = led(found, Schema(), before)
        for script, expected in zip(scripts(found, after, before), (there, here), strict=True):
            for one in done(script):
                schema.run(one)
            assert schema.tables == expected.tables


def led(found: Round, schema: Schema, ref: str) -> Schema:
    for one in done(scripts(found, ref)[0]):
        schema.run(one)
    return schema


def test_every_kind_of_value(repo: RepoBuilder, rounds: Rounds) -> None:
    values = {
        "flag": True,
        "big": 2**63 - 1,
        "small": -(2**63),
        "huge": 2**100,
        "share": 0.1 + 0.2,
        "most": 1.7976931348623157e308,
        "price": 12.5,
        "plain": "it's ø 💡; -- /*",
        "note": NOTE,
        "long": "ø" * 10_000,
        "day": "0001-02-28",
        "at": "2024-02-29T12:30:45.000001",
        "zoned": "2024-02-29T00:30:00+02:00",
        "inner": {"a": "x\0\r\n", "b": [{"c": "it's"}]},
        "any": [1, "a", {"b": None}],
        "Mixed ]Case": None,
    }
    declared = {
        "price": {"type": "DECIMAL(10,2)"},
        "day": {"type": "DATE"},
        "at": {"type": "TIMESTAMP"},
        "zoned": {"type": "TIMESTAMPTZ"},
    }
    repo.commit({**tables(things={"columns": declared}), **rows("things", {}, values)})
    repo.commit({**rows("things", values, {**values, "note": None, "any": []}, {})})
    found = rounds(repo.path)
    scripts_of = scripts(found, "HEAD", "HEAD~1")
    for script in scripts_of:
        checked(script)
    (made,) = [one for one in done(scripts(found, "HEAD~1")[0]) if "INSERT INTO [dbo].[th" in one]
    for literal in (
        "1267650600228229401496703205376",
        "1.7976931348623157e+308",
        "(12.50, ",
        "N'it''s ø 💡; -- /*'",
        f"CAST(0x{NOTE.encode('utf-16-le').hex().upper()} AS NVARCHAR(MAX))",
        "'0001-02-28', '2024-02-29T12:30:45.000001', '2024-02-28T22:30:00+00:00'",
        "CAST(NULL AS DATETIMEOFFSET(6))",
    ):
        assert literal in made
    assert "[Mixed ]]Case]" in made
    (created,) = [
        one for one in done(scripts(found, "HEAD~1")[0]) if "CREATE TABLE [dbo].[things]" in one
    ]
    for line in (
        "[flag] BIT NULL",
        "[big] BIGINT NULL",
        "[huge] NUMERIC(38,0) NULL",
        "[share] FLOAT(53) NULL",
        "[price] DECIMAL(10,2) NULL",
        "[plain] NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NULL",
        "[at] DATETIME2(6) NULL",
        "[zoned] DATETIMEOFFSET(6) NULL",
    ):
        assert line in created


@pytest.mark.parametrize(
    "text", ["a\0", "\r\n", "x\ngo\ny", "$(user)", "\ufeff", "'", "ø", "", "' + N'", "💡\x1b"]
)
def test_a_text_is_spelled_so_that_no_client_reads_it_otherwise(text: str) -> None:
    literal = text_literal(text)
    found = re.fullmatch(r"CAST\(0x([0-9A-F]+) AS NVARCHAR\(MAX\)\)", literal)
    if found:
        assert bytes.fromhex(found[1]).decode("utf-16-le") == text
    else:
        assert literal.startswith("N'")
        assert literal[2:-1].replace("''", "'") == text


@pytest.mark.parametrize(
    "name",
    [
        *("BOOLEAN", "BIGINT", "HUGEINT", "DECIMAL(9,2)", "DOUBLE"),
        *("VARCHAR", "DATE", "TIME", "BLOB", "TIMESTAMP"),
    ],
)
def test_a_declared_type_tells_which_it_was(name: str) -> None:
    zoned = Scalar("TIMESTAMP WITH TIME ZONE")
    assert kind_of(stored(zoned).type) == zoned
    assert kind_of(stored(Scalar(name)).type) == Scalar(name)


def test_defaults_that_are_surely_values() -> None:
    kinds = {
        name: Scalar(name) for name in ("BIGINT", "VARCHAR", "BOOLEAN", "DATE", "BLOB", "JSON")
    }
    assert default("5", kinds["BIGINT"]) == "5"
    assert default("5.5", kinds["BIGINT"]) is None
    assert default("'a'", kinds["VARCHAR"]) == "N'a'"
    assert default("'$(a)'", kinds["VARCHAR"]) is None
    assert default("2", kinds["BOOLEAN"]) is None
    assert default("'2024-02-01'", kinds["DATE"]) == "'2024-02-01'"
    assert default("'a'", kinds["DATE"]) is default("'a'", kinds["BLOB"]) is None
    assert default("NULL", kinds["JSON"]) is None


def test_names_change_places(repo: RepoBuilder, rounds: Rounds) -> None:
    data = [{"id": n, "a": n, "b": -n} for n in range(9)]
    repo.commit({**tables(t={"key": "id"}), **rows("t", *data)})
    swapped = {"a": {"renamed_from": "b"}, "b": {"renamed_from": "a"}}
    turned = [{"id": n, "b": n, "a": -n} for n in range(9)]
    repo.commit({**tables(t={"key": "id", "columns": swapped}), **rows("t", *turned)})
    for script in scripts(rounds(repo.path), "HEAD", "HEAD~1"):
        said = done(script)
        assert [one.partition("N'")[2] for one in said[:-1]] == [
            "[dbo].[t].[b]', N'ingitdb_waiting_0', N'COLUMN'",
            "[dbo].[t].[a]', N'ingitdb_waiting_1', N'COLUMN'",
            "[dbo].[t].[ingitdb_waiting_0]', N'a', N'COLUMN'",
            "[dbo].[t].[ingitdb_waiting_1]', N'b', N'COLUMN'",
        ]


def test_tables_move_between_schemas_and_change_places(repo: RepoBuilder, rounds: Rounds) -> None:
    declared = tables(a={"key": "id"}, b={"key": "id"}, c={"key": "id"})
    data = {name: rows(name, *ids(1, 2)) for name in "abc"}
    repo.commit({**declared, **data["a"], **data["b"], **data["c"]})
    moved: dict[str, Any] = {
        "a": {"renamed_from": "b", "glob": "data/b.jsonl", "key": "id"},
        "b": {"renamed_from": "a", "glob": "data/a.jsonl", "key": "id"},
        "geo.d": {"renamed_from": "c", "glob": "data/c.jsonl", "key": "id", "schema": "geo"},
    }
    repo.commit(tables(**moved))
    up, down = scripts(rounds(repo.path), "HEAD", "HEAD~1")
    assert "IF SCHEMA_ID(N'geo') IS NULL EXEC sys.sp_executesql N'CREATE SCHEMA [geo]'" in up
    said = done(up)
    if any("TRANSFER" in one for one in said):
        assert "ALTER SCHEMA [geo] TRANSFER [dbo].[ingitdb_waiting]" in said
    checked(down)


def test_references_in_a_circle(repo: RepoBuilder, rounds: Rounds) -> None:
    def refers(column: str, table: str, **more: Any) -> dict[str, Any]:
        return {"foreign_keys": [{"columns": column, "table": table, **more}]}

    declared = tables(
        a={"glob": "store/a/{key}.json", **refers("other", "b", on_delete="cascade")},
        b={"glob": "store/b/{key}.json", **refers("other", "a", on_delete="set null")},
        c={"glob": "store/c/{key}.json", **refers("parent", "c", on_delete="cascade")},
    )
    repo.commit(
        {
            **declared,
            **records("a", a1={"other": "b1"}, a2={"other": "b2"}),
            **records("b", b1={"other": "a2"}, b2={"other": "a1"}),
            **records("c", c1={"parent": "c2"}, c2={"parent": None}),
        }
    )
    repo.commit({**records("a", a1=None), **records("b", b1=None, b2={"other": None})})
    found = rounds(repo.path)
    up, _ = scripts(found, "HEAD~1")
    assert up.count("takes no rows along (NO ACTION): rows would go by two ways") == 2
    cascading = [one for one in done(up) if "ON DELETE CASCADE" in one]
    assert len(cascading) == 1
    said = done(scripts(found, "HEAD", "HEAD~1")[0])
    for table in "ab":
        key = f"[{table}_other_fkey]"
        gone, rows_at, back = places(
            said, f"DROP CONSTRAINT {key}", f"DELETE FROM [dbo].[{table}]", f"ADD CONSTRAINT {key}"
        )
        assert gone < rows_at < back
    assert not any("[c_parent_fkey]" in one for one in said)


def test_one_way_leads_to_each_table() -> None:
    cascades = Cascades()
    a, b, c, d = (("main", name) for name in "abcd")
    assert cascades.takes(a, b)
    assert cascades.takes(b, d)
    assert cascades.takes(a, c)
    assert not cascades.takes(c, d)
    assert not cascades.takes(d, a)
    assert not cascades.takes(a, b)
    assert not cascades.takes(c, c)


def test_all_columns_of_a_table_change(repo: RepoBuilder, rounds: Rounds) -> None:
    repo.commit({**tables(t={}), **rows("t", {"a": 1, "b": 2})})
    repo.commit({**tables(t={}), **rows("t", {"c": "x"})})
    said = done(scripts(rounds(repo.path), "HEAD", "HEAD~1")[0])
    first, gone, come, last = places(
        said,
        "ADD [ingitdb_waiting] BIT NULL",
        "DROP COLUMN [b]",
        "ADD [c] ",
        "DROP COLUMN [ingitdb_waiting]",
    )
    assert first < gone < come < last


def test_keys_of_texts(repo: RepoBuilder, rounds: Rounds) -> None:
    """Texts of keys have a length; NULLs are no equal values; a blank at the end is none."""
    declared = {"key": "id", "unique": ["code", "mail", "long", "padded"]}
    data = [
        {"id": f"i{n}", "code": f"c{n}", "mail": f"m{n}" if n else None, "padded": f"p{' ' * n}"}
        for n in range(3)
    ]
    repo.commit({**tables(t=declared), **rows("t", *data, {"id": "x", "long": "x" * 500})})
    up, _ = scripts(rounds(repo.path), "HEAD")
    said = done(up)
    assert "PRIMARY KEY CLUSTERED ([id])" in next(one for one in said if "CREATE TABLE" in one)
    unique = [one for one in said if "UNIQUE" in one]
    assert unique == [
        f"CREATE UNIQUE INDEX [t_{name}_key] ON [dbo].[t] ([{name}]) WHERE [{name}] IS NOT NULL"
        for name in ("code", "mail")
    ]
    for name in ("long", "padded"):
        text = f"the unique group ({name}) is not carried, for some row is too long, or ends in a"
        assert text in up


def test_rows_are_found_by_their_very_texts(repo: RepoBuilder, rounds: Rounds) -> None:
    repo.commit({**tables(t={"key": "id"}), **rows("t", *({"id": t, "n": 1} for t in "abcd"))})
    repo.commit(rows("t", *({"id": t, "n": 1 + (t == "b")} for t in "abc")))
    said = done(scripts(rounds(repo.path), "HEAD", "HEAD~1")[0])
    assert any("[id] = N'd' AND DATALENGTH([id]) = DATALENGTH(N'd')" in one for one in said)
    assert any(
        one.startswith("UPDATE [dbo].[t] SET [n] = 2 WHERE [id] = N'b' AND DATALENGTH([id]) =")
        for one in said
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"n": 10**38}, "cannot store n"),
        ({"n": 5e-324}, "cannot store n"),
        ({"x" * 129: 1}, "nothing called"),
        ({"a": 1, "a ": 2}, "nothing called"),
        ({"$(a)": 1}, "nothing called"),
        ({"ingitdb_waiting": 1}, "no column called"),
    ],
)
def test_what_it_cannot_hold(
    repo: RepoBuilder, rounds: Rounds, data: dict[str, Any], message: str
) -> None:
    repo.commit({**tables(t={}), **rows("t", data)})
    with pytest.raises(UsageError, match=message):
        scripts(rounds(repo.path), "HEAD")


@pytest.mark.parametrize("place", [("main", "#t"), ("dbo", "t"), ("sys", "t"), ("db_owner", "t")])
def test_names_that_mean_something_else(place: tuple[str, str]) -> None:
    assert SqlServer().is_reserved(place)


def test_a_script_says_what_it_should(repo: RepoBuilder, rounds: Rounds) -> None:
    """INGITDB_TEST_GOLDEN=rewrite writes the file anew, which is then to be read."""
    ports = {"key": "code", "columns": {"open": {"type": "BOOLEAN"}}}
    refers = {"foreign_keys": [{"columns": "port", "table": "ports", "on_delete": "cascade"}]}
    old = tables(ports=ports, ferries={"key": "id", **refers})
    repo.commit(
        {
            **old,
            **rows("ports", {"code": "OSL", "open": True}, {"code": "BGO", "open": False}),
            **rows("ferries", {"id": 1, "port": "OSL", "tags": ["a"]}, {"id": 2, "port": "BGO"}),
        }
    )
    new = tables(
        ports={"key": "code", "columns": {"is_open": {"type": "BOOLEAN", "renamed_from": "open"}}},
        ferries={"key": "id", "unique": ["name"], **refers},
    )
    repo.commit(
        {
            **new,
            **rows("ports", {"code": "OSL", "is_open": True}, {"code": "TRD", "is_open": True}),
            **rows("ferries", {"id": 1, "port": "TRD", "name": "Ægir", "tags": ["a"]}),
        }
    )
    found = rounds(repo.path)
    script = scripts(found, "HEAD", "HEAD~1")[0]
    checked(script)
    for ref, name in (("HEAD~1", "<before>"), ("HEAD", "<after>")):
        script = script.replace(repo.git("rev-parse", ref).strip(), name)
    script = re.sub("'[0-9a-f]{64}'", "'<checksum>'", script)
    if os.environ.get("INGITDB_TEST_GOLDEN") == "rewrite":
        GOLDEN.write_text(script, "utf-8")
    assert script == GOLDEN.read_text("utf-8")


@pytest.mark.parametrize("url", ["mssql://app:secret@localhost/app", "mssql+pyodbc://x/y"])
def test_no_server_is_reached(url: str) -> None:
    with pytest.raises(UsageError, match="no server has run them here") as found, opened(url):
        pass
    assert "secret" not in str(found.value)
    assert "migrate generate --dialect sqlserver" in str(found.value.hint)
    with pytest.raises(UsageError):
        dialect_of(url)


@pytest.mark.parametrize(
    "command", ["apply", "sync", "analyze", "status", "rollback", "capture", "generate"]
)
def test_commands_refuse_it(
    repo: RepoBuilder,
    tmp_path: Path,
    command: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repo.commit({"data/t.csv": "id\n1\n"})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(repo.path)
    more = ["--branch", "b"] if command == "capture" else []
    target = "sqlserver://app:secret@localhost/app"
    assert started(["migrate", command, "--target", target, *more]) == Status.USAGE
    out, err = capfd.readouterr()
    assert out == ""
    assert "no server has run them here" in err
    assert "secret" not in err
