"""What `ingitdb diff` shows, in every format, and what it refuses."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from tests.e2e.conftest import Program, Terminal
from tests.support.northlight import Demo
from tests.support.repositories import RepoBuilder
from tests.support.shared_data import NAMES, clone

Start = Callable[..., Terminal]


def shown(program: Program, *arguments: str | Path, status: int = 0, **around: str) -> str:
    """Gives what a comparison writes, without its first lines."""
    done = program("diff", *arguments, **around)
    assert done.returncode == status, done.stderr
    return done.stdout.split("\n", 3)[3]


def refused(program: Program, *arguments: str | Path) -> tuple[int, str]:
    """Gives the status of a call that fails, and what it says."""
    done = program("diff", *arguments)
    assert done.stdout == ""
    return done.returncode, done.stderr


def document(program: Program, *arguments: str) -> Any:
    """Gives the JSON document."""
    done = program("diff", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(text: str) -> list[dict[str, str]]:
    """Reads CSV."""
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def ferries(northlight: Demo) -> Program:
    """The program in the demo repository."""
    return Program(northlight.home, northlight.path)


BEFORE = {
    ".ingitdb/tables.yaml": "tables:\n  fares: {key: [route, class]}\n",
    "ships/aurora.md": "---\nname: Aurora\nbuilt: 1998\nhull: {length: 90, decks: [a, b]}\n---\n"
    "Built in Turku.\n\nOne.\nTwo.\nThree.\nFour.\nFive.\nSix.\nInspected in March.\n",
    "ships/polaris.md": "---\nname: Polaris\nbuilt: 2004\nnote: x\n---\nBuilt in Gdynia.\n",
    "fares.csv": "route,class,fare\nR1,car,10.50\nR2,car,9.00\n",
    "old.csv": "a\n1\n",
    "words.csv": "word,n\nsame,1\nsame,1\nsame,2\n",
}
AFTER = {
    ".ingitdb/tables.yaml": "tables:\n  fares:\n    key: [route, class]\n"
    "    columns: {price: {renamed_from: fare}}\n",
    "ships/aurora.md": "---\nname: Aurora\nbuilt: ca. 1998\nhull: {length: 91, decks: [a, b, c]}\n"
    "---\nBuilt in Turku.\n\nOne.\nTwo.\nThree.\nFour.\nFive.\nSix.\nInspected in May.\n",
    "ships/polaris.md": "---\nname: Polaris\nbuilt: 2004\nflag: PL\n---\nBuilt in Gdynia.\n",
    "fares.csv": "route,class,price\nR1,car,11.00\nR3,car,8.25\n",
    "old.csv": None,
    "new.csv": "id,b\n7,x\n",
    "words.csv": "word,n\nsame,1\nsame,3\nsame,2\n",
}
STORY = """\
fares: +1 ~1 -1
  ~ column fare DECIMAL(18,2) → price DECIMAL(18,2)
  ~ R1, car
      fare → price: 10.50 → 11.00
  - R2, car
  + R3, car

new: +1 ~0 -0 (new table)
  + 7, x

old: +0 ~0 -1 (dropped table)
  - 1

ships: +0 ~2 -0
  ~ column built BIGINT → built VARCHAR
  + column flag VARCHAR
  - column note VARCHAR
  ~ aurora
      built: 1998 → "ca. 1998"
      _content:
        @@ line 7 @@
          Five.
          Six.
        - Inspected in March.
        + Inspected in May.
      hull:
        length: 90 → 91
        decks[2]: + "c"
  ~ polaris
      flag: (no column) → "PL"
      note: "x" → (no column)

words: +1 ~0 -1
  - same, 1
  + same, 3
"""


@pytest.fixture
def story(tmp_path: Path, program: Program) -> Program:
    """The program in a repository in which everything changes that can."""
    builder = RepoBuilder(tmp_path / "story")
    builder.commit(BEFORE, "Before")
    builder.tag("before")
    builder.commit(AFTER, "After")
    return program.at(builder.path)


# --- Text -----------------------------------------------------------------------------------


def test_text(story: Program) -> None:
    done = story("diff", "before")
    first, before, after, rest = done.stdout.split("\n", 3)
    assert first == "diff before..HEAD"
    assert re.fullmatch(r"from [0-9a-f]{12} 2026-01-01 12:00:00Z Before", before)
    assert re.fullmatch(r"to   [0-9a-f]{12} 2026-01-02 12:00:00Z After", after)
    assert rest == f"\n{STORY}"
    assert done.stderr == (
        "note: Nothing tells the records of words apart: one that changed shows as removed and"
        " added, unless a key is declared.\n"
    )


def test_depth_summary(story: Program) -> None:
    assert shown(story, "before", "--depth", "summary") == (
        """
fares: +1 ~1 -1
  ~ column fare DECIMAL(18,2) → price DECIMAL(18,2)
new: +1 ~0 -0 (new table)
old: +0 ~0 -1 (dropped table)
ships: +0 ~2 -0
  ~ column built BIGINT → built VARCHAR
  + column flag VARCHAR
  - column note VARCHAR
words: +1 ~0 -1
"""
    )


def test_depth_record(story: Program) -> None:
    assert shown(story, "before", "fares", "new", "--depth", "record") == (
        """
fares: +1 ~1 -1
  ~ column fare DECIMAL(18,2) → price DECIMAL(18,2)
  ~ R1, car
  - R2, car
  + R3, car

new: +1 ~0 -0 (new table)
  + 7, x
"""
    )


def test_depth_full(story: Program) -> None:
    found = shown(story, "before", "fares", "--depth", "full")
    assert found.split("\n", 3)[3] == (
        """\
  ~ R1, car
      fare → price: 10.50 → 11.00
      route: "R1"
      class: "car"
  - R2, car
      fare → price: 9.00
      route: "R2"
      class: "car"
  + R3, car
      fare → price: 8.25
      route: "R3"
      class: "car"
"""
    )
    ships = shown(story, "before", "ships", "--depth", "full")
    assert ships.endswith(
        """
  ~ polaris
      _key: "polaris"
      name: "Polaris"
      built: "2004"
      flag: (no column) → "PL"
      _content:
          Built in Gdynia.
      note: "x" → (no column)
"""
    )


def test_backwards_everything_is_the_other_way_round(story: Program) -> None:
    found = shown(story, "HEAD..before", "old", "new", "ships", "--depth", "record")
    assert found == (
        """
new: +0 ~0 -1 (dropped table)
  - 7, x

old: +1 ~0 -0 (new table)
  + 1

ships: +0 ~2 -0
  ~ column built VARCHAR → built BIGINT
  + column note VARCHAR
  - column flag VARCHAR
  ~ aurora
  ~ polaris
"""
    )


def test_nested_places(program: Program, repo: RepoBuilder) -> None:
    old = {"a": [{"n": 1, "tags": ["x", "y"]}, {"n": 2, "tags": []}], "m": {"k": None, "l": 1}}
    new = {"a": [{"n": 1, "tags": ["y"]}, {"n": 5, "tags": []}], "m": {"l": "1"}}
    repo.commit({"deep/one.json": json.dumps(old)})
    repo.commit({"deep/one.json": json.dumps(new)})
    assert shown(program, "HEAD~1", "deep").split("  ~ one\n")[1] == (
        """\
      a:
        [0].tags[0]: - "x"
        [1].n: 2 → 5
      m:
        l: 1 → "1"
"""
    )


def test_long_texts_stand_below_each_other(program: Program, repo: RepoBuilder) -> None:
    start = "A sentence of some length, so that both do not fit beside each other, "
    repo.commit({"people/bo.yaml": f"name: Bo\ncity: Bergen\nage: 7\nnote: {start}once.\n"})
    repo.commit({"people/bo.yaml": f"name: Bo\ncity: Bergen\nage: 7\nnote: {start}twice.\n"})
    assert shown(program, "HEAD~1").splitlines()[3:] == [
        "      note:",
        f'        - "{start}once."',
        f'        + "{start}twice."',
    ]


def test_a_value_of_another_kind(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"codes/a.yaml": "zip: 10001\n", "codes/b.yaml": "zip: x\n"})
    repo.commit({"codes/a.yaml": 'zip: "10001"\n'})
    assert '      zip: "10001" → "10001" (of another type)\n' in shown(program, "HEAD~1")


def test_a_record_that_moves_shows_both_keys(program: Program, repo: RepoBuilder) -> None:
    repo.git("mv", "people/anna.yaml", "people/anne.yaml")
    repo.commit()
    assert shown(program, "HEAD~1") == (
        '\npeople: +0 ~1 -0\n  ~ anna → anne\n      _key: "anna" → "anne"\n'
    )


def test_keys_and_references_are_part_of_the_schema(ferries: Program) -> None:
    found = shown(ferries, "v1.0..v2.0", "fares", "routes", "--depth", "summary")
    lines = found.splitlines()
    assert lines[1] == "fares: +0 ~731 -0"
    assert "  ~ column fare DECIMAL(18,2) → price_eur DECIMAL(18,2) NOT NULL" in lines
    assert "  + key route, category, season, ticket, class" in lines
    assert "  + reference route → routes" in lines
    assert "routes: +0 ~26 -0 (renamed from lines)" in lines


def test_what_a_terminal_would_obey_is_taken_out(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"people/anna.yaml": 'name: "\\e[31mred\\u202e\\n\\x9b"\n'})
    found = program("diff", "HEAD~1..HEAD").stdout
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", found)
    assert "[31mred" in found


# --- Which commits and which tables ---------------------------------------------------------

ADDED = "\npeople: +1 ~0 -0\n  + cy\n"
NOTHING = "no record changes\n"


def test_without_words_the_work_tree_is_compared(program: Program, repo: RepoBuilder) -> None:
    assert shown(program) == NOTHING
    repo.write("people/anna.yaml", "name: Anna\ncity: Bergen\nage: 41\n")
    repo.write("people/new.yaml", "name: New\n")
    changed = '\npeople: +1 ~1 -0\n  ~ anna\n      city: "Oslo" → "Bergen"\n  + new\n'
    assert shown(program) == changed
    assert shown(program, "people") == changed
    assert shown(program, "places") == NOTHING
    repo.git("add", "people/new.yaml")
    assert shown(program, "HEAD..STAGED") == "\npeople: +1 ~0 -0\n  + new\n"
    assert program("diff").stdout.startswith("diff HEAD..WORKING\nfrom ")


def test_three_dots_begin_at_the_merge_base(program: Program, repo: RepoBuilder) -> None:
    repo.branch("side", "v1")
    repo.commit({"people/bo.yaml": None})
    one_side = "\npeople: +0 ~0 -1\n  - bo\n"
    assert shown(program, "main...side") == one_side
    assert shown(program, "main..side") == "\npeople: +0 ~0 -2\n  - bo\n  - cy\n"
    assert program("diff", "main...side").stdout.startswith("diff main...side\n")
    base = repo.git("merge-base", "main", "side")
    assert document(program, "main...side")["from_commit"]["hash"] == base


def test_a_word_that_is_both(program: Program, repo: RepoBuilder) -> None:
    repo.git("branch", "people", "v1")
    status, said = refused(program, "people")
    assert status == 2
    assert "people is a commit and a table" in said
    assert "ingitdb diff people --" in said
    assert "ingitdb diff -- people" in said
    assert shown(program, "people", "--") == ADDED
    assert shown(program, "--", "people") == NOTHING
    assert shown(program, "people..", "people") == ADDED


def test_a_bare_repository(program: Program, repo: RepoBuilder, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    repo.git("clone", "--quiet", "--bare", repo.path, bare)
    status, said = refused(program.at(bare))
    assert status == 2
    assert "ingitdb diff HEAD~1..HEAD" in said
    assert shown(program.at(bare), "v1") == ADDED


def test_before_the_first_commit(program: Program, tmp_path: Path) -> None:
    builder = RepoBuilder(tmp_path / "unborn")
    builder.write("t.csv", "a\n1\n")
    assert shown(program.at(builder.path)) == "\nt: +1 ~0 -0 (new table)\n  + 1\n"
    assert shown(program.at(builder.path), "EMPTY..WORKING", "t").endswith("  + 1\n")
    assert refused(program.at(builder.path), "HEAD")[0] == 3


def test_a_folder_of_the_repository(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"sub/t.csv": "a\n1\n", "u.csv": "a\n1\n"})
    found = shown(program, "HEAD~1", "-C", "sub", "--depth", "summary")
    assert found == "\nt: +1 ~0 -0 (new table)\n"


def test_unreadable_files_are_named(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"people/bad.yaml": "name: [\n", "people/dora.yaml": "name: Dora\n"})
    done = program("diff", "HEAD~1")
    assert "  + dora\n" in done.stdout
    assert done.stderr.startswith("warning: not read: people/bad.yaml:2")
    assert refused(program, "HEAD~1", "--strict")[0] == 5


# --- The exit status ------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "html", "csv", "sql"])
def test_exit_code(program: Program, form: str) -> None:
    asked = ("diff", "--exit-code", "--format", form)
    assert program(*asked, "v1", "people").returncode == 1
    assert program(*asked, "v1", "places").returncode == 0
    assert program("diff", "--format", form, "v1", "people").returncode == 0


def test_exit_code_where_only_the_schema_differs(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"places.csv": "name,country,note\nOslo,NO,\nBergen,NO,\n"})
    done = program("diff", "HEAD~1", "--exit-code")
    assert done.returncode == 1
    assert done.stdout.endswith("\nplaces: +0 ~0 -0\n  + column note VARCHAR\n")


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
        lines = shown(real, *words, "--depth", "record").splitlines()
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


# --- The terminal ---------------------------------------------------------------------------


def test_colours_on_a_terminal(terminal: Start) -> None:
    shows = terminal("diff", "v1")
    assert "  + cy" in shows.read_until(None)
    assert "\x1b[32m  + cy\x1b[0m" in shows.raw
    plain = terminal("diff", "v1", NO_COLOR="1")
    assert "  + cy" in plain.read_until(None)
    assert "\x1b[" not in plain.raw


def test_words_that_differ_stand_out(terminal: Start, repo: RepoBuilder) -> None:
    text = "A sentence of some length, so that both do not fit beside each other, "
    repo.commit({"people/bo.yaml": f"name: {text}once\n"})
    repo.commit({"people/bo.yaml": f"name: {text}twice\n"})
    shows = terminal("diff", "HEAD~1", columns="200")
    shows.read_until(None)
    assert "\x1b[32m\x1b[7mtwice\x1b[0m" in shows.raw


def test_many_lines_are_paged(terminal: Start, repo: RepoBuilder) -> None:
    repo.commit({"many.csv": "id\n" + "".join(f"{n}\n" for n in range(500))})
    paged = terminal("diff", "HEAD~1", PAGER="tail -1")
    assert paged.read_until(None).strip() == "+ 499"
    short = terminal("diff", "HEAD~1", "--depth", "summary", PAGER="false")
    assert "many: +500 ~0 -0 (new table)" in short.read_until(None)
    whole = terminal("diff", "HEAD~1", "--no-pager", PAGER="false")
    assert "+ 499" in whole.read_until(None)
    binary = terminal("diff", "HEAD~1", "many", "--format", "arrow")
    assert "no text for a terminal" in binary.read_until(None)
    assert binary.wait() == 2


def test_a_reader_that_goes_early(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"many.csv": "id\n" + "".join(f"{n}\n" for n in range(50_000))})
    running = program.start("diff", "HEAD~1", stdout=-1, stderr=-1)
    assert running.stdout is not None
    assert running.stdout.readline() == b"diff HEAD~1..HEAD\n"
    running.stdout.close()
    assert running.wait(60) == 0
    assert running.stderr is not None
    assert running.stderr.read() == b""
    running.stderr.close()
