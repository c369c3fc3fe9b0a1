"""What `ingitdb diff` writes as JSON, HTML, rows and statements."""

import csv
import io
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from tests.e2e.conftest import Program
from tests.support.repositories import RepoBuilder
from tests.support.shared_data import NAMES, clone


def document(program: Program, *arguments: str) -> Any:
    """Gives the JSON document."""
    done = program("diff", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(text: str) -> list[dict[str, str]]:
    """Reads CSV."""
    return list(csv.DictReader(io.StringIO(text)))


# --- JSON -----------------------------------------------------------------------------------


def test_json(story: Program) -> None:
    found = document(story, "before", "fares", "ships")
    assert [found["from"], found["to"]] == ["before", "HEAD"]
    assert found["to_commit"]["date"] == "2026-01-02T12:00:00Z"
    assert found["to_commit"]["message"] == "After"
    assert found["summary"] == [
        {"collection": "fares", "added": 1, "updated": 1, "deleted": 1},
        {"collection": "ships", "added": 0, "updated": 2, "deleted": 0},
    ]
    fares, ships = found["schema"]
    renamed = {"before": "fare DECIMAL(18,2)", "after": "price DECIMAL(18,2)"}
    assert fares["changes"] == [{"subject": "column", **renamed}]
    assert len(ships["changes"]) == 3
    aurora = found["records"].pop(3)
    assert found["records"] == [
        {
            "collection": "fares",
            "key": "R1__car",
            "kind": "updated",
            "fields": [{"field": "price", "before": "10.50", "after": "11.00"}],
        },
        {"collection": "fares", "key": "R2__car", "kind": "deleted"},
        {"collection": "fares", "key": "R3__car", "kind": "added"},
        {
            "collection": "ships",
            "key": "polaris",
            "kind": "updated",
            "fields": [
                {"field": "flag", "before": None, "after": "PL"},
                {"field": "note", "before": "x", "after": None},
            ],
        },
    ]
    fields = {field["field"]: (field["before"], field["after"]) for field in aurora["fields"]}
    assert fields["built"] == (1998, "ca. 1998")
    assert fields["hull"] == (
        {"length": 90, "decks": ["a", "b"]},
        {"length": 91, "decks": ["a", "b", "c"]},
    )


def test_json_depths(story: Program) -> None:
    assert "records" not in document(story, "before", "--depth", "summary")
    records = document(story, "before", "fares", "--depth", "record")["records"]
    assert {frozenset(record) for record in records} == {frozenset(["collection", "key", "kind"])}
    one, gone, come = document(story, "before", "fares", "--depth", "full")["records"]
    assert one["before"] == {"route": "R1", "class": "car", "fare": "10.50"}
    assert one["after"] == {"route": "R1", "class": "car", "price": "11.00"}
    assert one["fields"] == [{"field": "price", "before": "10.50", "after": "11.00"}]
    assert "after" not in gone
    assert gone["before"]["fare"] == "9.00"
    assert "before" not in come


def test_json_tells_new_dropped_and_renamed_tables(story: Program, ferries: Program) -> None:
    kinds = {t["collection"]: t["kind"] for t in document(story, "before")["schema"]}
    assert kinds == {"fares": "modified", "ships": "modified", "new": "added", "old": "dropped"}
    (routes,) = document(ferries, "v1.0..v2.0", "routes")["schema"]
    assert (routes["kind"], routes["from"], routes["to"]) == ("renamed", "lines", "routes")


def test_json_where_nothing_differs(program: Program) -> None:
    found = document(program, "v1..v1")
    assert (found["summary"], found["records"]) == ([], [])


def test_json_agrees_with_sql(ferries: Program) -> None:
    found = document(ferries, "v1.0..v2.0", "fares")["records"]
    sql = (
        "SELECT to_route || '__' || to_category || '__' || to_season || '__' || to_ticket || '__'"
        " || to_class AS key, from_fare AS before, to_price_eur AS after"
        " FROM diff('fares', 'v1.0', 'v2.0') ORDER BY ALL"
    )
    wanted = json.loads(ferries("query", sql, "--format", "json").stdout)
    assert len(wanted) == 731
    assert sorted((r["key"], r["fields"][0]["before"], r["fields"][0]["after"]) for r in found) == [
        tuple(row.values()) for row in wanted
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_real_repositories(program: Program, run_folder: Path, name: str) -> None:
    real = program.at(clone(name, run_folder))
    for words in (("HEAD~1",), ("HEAD~9..HEAD~2",), ("HEAD", "HEAD~5")):
        found = document(real, *words)
        counts = Counter((r["collection"], r["kind"]) for r in found["records"])
        for one in found["summary"]:
            for kind in ("added", "updated", "deleted"):
                assert counts.pop((one["collection"], kind), 0) == one[kind]
        assert not counts
        assert all(r["fields"] for r in found["records"] if r["kind"] == "updated")
        assert html(real, *words).words["title"].startswith("diff ")
        lines = real("diff", *words, "--depth", "record").stdout.splitlines()
        marks = [line for line in lines if re.match(r"  [-+~] (?!column|key|reference)", line)]
        assert len(marks) == len(found["records"])


# --- HTML -----------------------------------------------------------------------------------


class Page(HTMLParser):
    """What stands in a page: its elements with their attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.words: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in {*self.inside}:
            self.words[tag] = self.words.get(tag, "") + data

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}


ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "h1", "h2"),
    *("small", "dl", "dt", "dd", "code", "time", "table", "thead", "tbody", "tr", "th", "td"),
    *("a", "p", "ul", "li", "span", "input", "label", "details", "summary", "del", "ins"),
}


def html(program: Program, *arguments: str) -> Page:
    """Gives the page of a comparison."""
    done = program("diff", *arguments, "--format", "html")
    assert done.returncode == 0, done.stderr
    page = Page(done.stdout)
    assert page.inside == []
    return page


def test_html(story: Program) -> None:
    page = html(story, "before")
    assert page.words["title"] == "diff before..HEAD"
    assert "from before" in page.words["dl"]
    assert "2026-01-01 12:00:00 UTC Before" in page.words["dl"]
    assert "2026-01-02 12:00:00 UTC After" in page.words["dl"]
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    anchors = [f"#{attributes['id']}" for tag, attributes in page.elements if tag == "section"]
    assert links == anchors
    assert len(links) == 5
    schema = page.words["ul"]
    assert "~ column fare DECIMAL(18,2) → price DECIMAL(18,2)" in schema
    assert "+ column flag VARCHAR" in schema
    assert "R1, car" in page.words["summary"]
    assert "March" in page.words["del"]
    assert "May" in page.words["ins"]
    assert "Turku" not in page.words["del"]
    assert "… 5 equal lines" in page.words["span"]
    assert "only fields that changed" in page.words["label"]


def test_html_needs_nothing_and_runs_nothing(program: Program, repo: RepoBuilder) -> None:
    bad = "<script src=https://example.org/x.js>alert(1)</script><img src=x onerror=alert(2)>"
    close = "</title></style></textarea>&amp;\\" + chr(39)
    for text in ("before", "after"):
        value = json.dumps(f"{bad}{close} {text}")
        name = json.dumps({"name": f"{bad}{text}", "<b>column": [bad, text]})
        repo.commit({"people/<i>dora.yaml": f"name: {value}\n", "list.json": f"[{name}]"}, bad)
    page = html(program, "HEAD~1")
    assert page.tags <= ELEMENTS
    for tag, attributes in page.elements:
        assert not {"src", "onerror", "onclick", "action", "srcset"} & set(attributes)
        assert tag != "a" or re.fullmatch(r"#t\d+", attributes["href"] or "")
        if attributes.get("http-equiv"):
            assert attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert not re.search(r"url\(|@import|https?:", page.words["style"])
    assert bad in page.words["td"]
    assert "<i>dora" in page.words["summary"]
    assert "<b>column" in page.words["th"]


def test_html_depths(story: Program) -> None:
    full, fields = html(story, "before", "fares"), html(story, "before", "fares", "--depth=fields")
    assert full.words["th"].count("route") == 3
    assert "route" not in fields.words["th"]
    assert "R2, car" in fields.words["p"]
    records = html(story, "before", "fares", "--depth", "record")
    assert "R1, car" in records.words["p"]
    assert "details" not in records.tags
    summary = html(story, "before", "fares", "--depth", "summary")
    assert "R1, car" not in summary.words["body"]


def test_html_where_nothing_differs(program: Program) -> None:
    assert "no record changes" in html(program, "v1..v1").words["p"]


# --- Rows and statements --------------------------------------------------------------------


def test_rows_of_a_table_are_those_of_sql(ferries: Program) -> None:
    found = rows(ferries("diff", "v1.0..v2.0", "ports", "--format", "csv").stdout)
    sql = "FROM diff('ports', 'v1.0', 'v2.0')"
    assert found == rows(ferries("query", f"{sql} ORDER BY to__key", "--format", "csv").stdout)
    assert len(found) == 24
    none = ferries("diff", "v2.0..v2.0", "ports", "--format", "csv").stdout
    assert none.startswith("from__key,from_name,")
    assert none.count("\n") == 1


def test_rows_of_all_tables_sum_up(ferries: Program) -> None:
    found = rows(ferries("diff", "v1.0..v2.0", "--format", "csv").stdout)
    stat = "FROM diff_stat('v1.0', 'v2.0') ORDER BY table_name"
    wanted = {row.pop("table_name"): row for row in rows(ferries("query", stat).stdout)}
    assert [row["to_table_name"] for row in found] == sorted(wanted)
    for row in found:
        assert wanted[row["to_table_name"]].items() <= row.items()
    routes = next(row for row in found if row["to_table_name"] == "routes")
    assert (routes["from_table_name"], routes["diff_type"]) == ("lines", "renamed")
    (one,) = rows(ferries("diff", "v1.0..v2.0", "fares", "--depth=summary", "--format=csv").stdout)
    assert one in found


def test_other_formats(program: Program, tmp_path: Path) -> None:
    lines = program("diff", "v1", "people", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["to__key"] for line in lines] == ["cy"]
    table = program("diff", "v1", "--format", "table").stdout
    assert table.splitlines()[0].split()[:2] == ["from_table_name", "to_table_name"]
    assert program("diff", "v1", "people", "--format", "markdown").stdout.startswith("| from__key")
    file = tmp_path / "people.parquet"
    assert program("diff", "v1", "people", "--output", file).returncode == 0
    assert parquet.read_table(file).column("to_name").to_pylist() == ["Cy"]


def test_statements_are_those_of_patch(story: Program) -> None:
    for tables, arguments in (((), ""), (("fares",), ", 'fares'")):
        found = story("diff", "before", *tables, "--format", "sql")
        assert (found.returncode, found.stderr) == (0, "")
        sql = f"FROM patch('before', 'HEAD'{arguments}) ORDER BY statement_order"
        wanted = json.loads(story("query", sql, "--format", "json").stdout)
        assert found.stdout == "".join(f"{row['statement']}\n" for row in wanted)
        assert "RENAME" in found.stdout
    assert story("diff", "before..before", "--format", "sql").stdout == ""


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.html", "<!DOCTYPE html>"),
        ("a.htm", "<!DOCTYPE html>"),
        ("a.json", '{\n  "from": "v1"'),
        ("a.txt", "diff v1..HEAD\n"),
        ("a", "diff v1..HEAD\n"),
        ("a.sql", "INSERT INTO"),
        ("a.csv", "from__key,"),
        ("a.jsonl", '{"from__key"'),
        ("a.md", "| from__key"),
    ],
)
def test_the_ending_of_a_file_names_the_format(
    program: Program, tmp_path: Path, name: str, start: str
) -> None:
    done = program("diff", "v1", "people", "--output", tmp_path / name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / name).read_text("utf-8").startswith(start)


def test_formats_that_are_set_or_said_before(program: Program) -> None:
    before = program("--format", "json", "diff", "v1")
    assert json.loads(before.stdout)["records"][0]["key"] == "cy"
    after = program("--format", "json", "diff", "v1", "--format", "text")
    assert after.stdout.startswith("diff v1..HEAD\n")
    assert json.loads(program("diff", "v1", INGITDB_FORMAT="json").stdout)["from"] == "v1"
    assert program("diff", "v1", INGITDB_FORMAT="table").stdout.startswith("diff v1..HEAD\n")
