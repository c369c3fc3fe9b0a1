"""What the program tells of one record, and of who changed what; git is the judge."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Program, Terminal
from tests.support.northlight import Demo
from tests.support.repositories import RepoBuilder


@pytest.fixture
def ferries(northlight: Demo) -> Program:
    """The program in the demo repository."""
    return Program(northlight.home, northlight.path)


def changes(program: Program, *arguments: str) -> list[dict[str, Any]]:
    done = program("history", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


# --- History --------------------------------------------------------------------------------


def test_history_of_a_record(program: Program, repo: RepoBuilder) -> None:
    moved = "name: Anna\ncity: Bergen\nage: 42\n"
    first = repo.tip("v1")
    second = repo.commit({"people/anna.yaml": moved}, "Anna moves")
    repo.commit({"people/bo.yaml": "name: Bo\ncity: Voss\nage: 7\n"}, "Not Anna")
    third = repo.commit({"people/anna.yaml": None}, "Anna leaves")
    fourth = repo.commit({"people/anna.yaml": moved}, "Anna is back\n\nFor good.")
    found = changes(program, "people", "anna")
    assert [(c["commit"], c["change"]) for c in found] == [
        (fourth, "added"),
        (third, "removed"),
        (second, "modified"),
        (first, "added"),
    ]
    by_git = repo.git("log", "--format=%H", "--", "people/anna.yaml").splitlines()
    assert [c["commit"] for c in found] == by_git
    assert found[0]["message"] == "Anna is back\n\nFor good."
    assert found[1]["fields"]["age"] == {"old": 42, "new": None}
    assert found[2]["fields"] == {
        "city": {"old": "Oslo", "new": "Bergen"},
        "age": {"old": 41, "new": 42},
    }
    assert {(c["author"], c["email"]) for c in found} == {("Data Desk", "data@example.org")}
    assert found[3]["date"] == "2026-01-01T12:00:00Z"
    assert [c["commit"] for c in changes(program, "people", "anna", "--at", "v1")] == [first]


def test_history_as_rows_and_as_text(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"people/anna.yaml": "name: Anna\ncity: Bergen\nage: 41\n"}, "Anna moves")
    rows = list(csv.DictReader(io.StringIO(program("history", "people", "anna").stdout)))
    assert [row["message"] for row in rows] == ["Anna moves", "First"]
    assert json.loads(rows[0]["fields"]) == {"city": {"old": "Oslo", "new": "Bergen"}}
    text = program("history", "people", "anna", "--format", "table").stdout
    assert text.splitlines() == [
        f"{repo.tip()[:12]}  2026-01-03 12:00:00Z  Data Desk  modified",
        "    Anna moves",
        '        city: "Oslo" → "Bergen"',
        "",
        f"{repo.tip('v1')[:12]}  2026-01-01 12:00:00Z  Data Desk  added",
        "    First",
        '        _key: "anna"',
        '        name: "Anna"',
        '        city: "Oslo"',
        "        age: 41",
    ]


def test_history_has_colours_on_a_terminal(
    terminal: Callable[..., Terminal], repo: RepoBuilder
) -> None:
    repo.commit({"people/anna.yaml": "name: Anna\ncity: Bergen\nage: 41\n"}, "Anna moves")
    shown = terminal("history", "people", "anna", "--no-pager")
    assert 'city: "Oslo" → "Bergen"' in shown.read_until(None)
    assert shown.wait() == 0
    assert '\x1b[31m"Oslo"' in shown.raw
    assert '\x1b[32m"Bergen"' in shown.raw
    plain = terminal("history", "people", "anna", "--no-pager", NO_COLOR="1")
    plain.read_until(None)
    assert "\x1b[3" not in plain.raw


def test_history_of_a_long_text_shows_its_lines(program: Program, repo: RepoBuilder) -> None:
    text = "---\ntitle: A\n---\none\ntwo\nthree\n"
    repo.commit({"notes/a.md": text})
    repo.commit({"notes/a.md": text.replace("two", "2")})
    lines = program("history", "notes", "a", "--format", "table").stdout.splitlines()
    assert lines[2:7] == [
        "        _content:",
        "            @@ -1,3 +1,3 @@",
        "             one",
        "            -two",
        "            +2",
    ]


def test_history_of_a_nested_value_shows_its_places(
    program: Program, repo: RepoBuilder, terminal: Callable[..., Terminal]
) -> None:
    place = {"at": {"lat": 1.5, "lon": 2}, "tags": ["a", "b"], "old": "x" * 2000}
    repo.commit({"spots/s.json": json.dumps(place)})
    repo.commit(
        {"spots/s.json": json.dumps({**place, "at": {"lat": 1.5, "lon": 3}, "tags": ["b"]})}
    )
    lines = program("history", "spots", "s", "--format", "table").stdout.splitlines()
    assert lines[2:6] == [
        "        at:",
        "            lon: 2 → 3",
        "        tags:",
        '            [0]: "a" → (none)',
    ]
    assert f'        old: "{"x" * 2000}"' in lines
    shown = terminal("history", "spots", "s", "--no-pager", columns="80").read_until(None)
    assert f'old: "{"x" * 498}…' in shown.replace("\n", "")
    assert "long values are cut" in shown


def test_history_of_a_key_of_several_columns(ferries: Program, northlight: Demo) -> None:
    key = ["R07", "senior", "mid", "return", "standard"]
    found = changes(ferries, "fares", *key)
    names = ("route", "category", "season", "ticket", "class")
    by_name = [f"{name}={value}" for name, value in zip(names, key, strict=True)]
    assert found == changes(ferries, "fares", *reversed(by_name))
    prices = [change["fields"].get("price_eur", {}).get("new") for change in found]
    assert "666.00" in prices
    git = RepoBuilder.adopt(northlight.path)
    for change, price in zip(found, prices, strict=True):
        row = next(
            line
            for line in git.git("show", f"{change['commit']}:fares.csv").splitlines()
            if line.startswith("R07,senior,mid,return,standard,")
        )
        assert price is None or row.endswith(f",{price}")
    less = ferries("history", "fares", "R07", "senior")
    assert less.returncode == 2
    assert "route=… category=… season=… ticket=… class=…" in less.stderr
    assert ferries("history", "fares", *by_name, "colour=red").returncode == 2


def test_history_of_a_record_that_got_another_key(program: Program, repo: RepoBuilder) -> None:
    repo.git("mv", "people/anna.yaml", "people/anne.yaml")
    tip = repo.commit(message="Anna is Anne")
    done = program("history", "people", "anne", "--format", "json")
    (change,) = json.loads(done.stdout)
    assert (change["commit"], change["fields"]) == (
        tip,
        {"_key": {"old": "anna", "new": "anne"}},
    )
    assert "ingitdb history people anna" in done.stderr
    assert [c["commit"] for c in changes(program, "people", "anna")] == [tip, repo.tip("v1")]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["people", "ana"], 3, "anna"),
        (["peple", "anna"], 3, "people"),
        (["places", "Oslo"], 4, "ingitdb keys suggest places"),
        (["people", "anna", "bo"], 2, "_key"),
        (["people"], 2, "KEY"),
        (["people", "anna", "--at", "nowhere"], 3, "nowhere"),
    ],
)
def test_history_says_what_is_wrong(
    program: Program, arguments: list[str], status: int, said: str
) -> None:
    done = program("history", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr


def test_history_of_odd_keys(program: Program, repo: RepoBuilder) -> None:
    odd = 'it\'s "odd" = ø'
    repo.commit({f"people/{odd}.yaml": "name: X\n"}, "Odd")
    (change,) = changes(program, "people", odd)
    assert change["fields"]["_key"]["new"] == odd
    numbers = "tables: {parts: {key: id.no}}\n"
    repo.commit({"parts.json": '[{"id": {"no": 7}, "n": 1}]', ".ingitdb/tables.yaml": numbers})
    repo.commit({"parts.json": '[{"id": {"no": 7}, "n": 2}]'})
    assert [c["change"] for c in changes(program, "parts", "7")] == ["modified", "added"]
    assert program("history", "parts", "8").returncode == 3


# --- Blame ----------------------------------------------------------------------------------


def test_blame(program: Program, repo: RepoBuilder) -> None:
    tip = repo.commit({"people/anna.yaml": "name: Anna\ncity: Oslo\nage: 42\n"}, "Birthday")
    done = program("blame", "people", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [row["_key"] for row in found] == ["anna", "bo", "cy"]
    for row in found:
        by_git = repo.git("log", "-1", "--format=%H", "--", f"people/{row['_key']}.yaml")
        assert row["commit"] == by_git
    (cell,) = [
        row
        for row in json.loads(program("blame", "people", "anna", "--cells", "--format=json").stdout)
        if row["commit"] == tip
    ]
    assert (cell["column_name"], cell["message"]) == ("age", "Birthday")
    table = program("blame", "people", "anna", "--cells", "--format", "table").stdout
    assert [line.split()[1] for line in table.splitlines()[2:]] == ["name", "city", "age"]
    assert tip[:12] in table
    assert tip not in table


def test_blame_of_some_records(ferries: Program) -> None:
    done = ferries("blame", "fares", "route=R07", "category=senior")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows
    assert {(row["route"], row["category"]) for row in rows} == {("R07", "senior")}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["people", "ana"], 3, "anna"),
        (["people", "dora"], 3, "ingitdb history people dora"),
        (["peple"], 3, "people"),
        (["places"], 4, "ingitdb keys suggest places"),
        (["people", "anna", "bo"], 2, "_key"),
    ],
)
def test_blame_says_what_is_wrong(
    program: Program, repo: RepoBuilder, arguments: list[str], status: int, said: str
) -> None:
    repo.commit({"people/dora.yaml": "name: Dora\n"})
    repo.commit({"people/dora.yaml": None})
    done = program("blame", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr


def test_what_is_not_committed_yet(program: Program, repo: RepoBuilder) -> None:
    first = repo.tip("v1")
    repo.write("people/anna.yaml", "name: Anna\ncity: Oslo\nage: 42\nsize: 3\n")
    newest, *_ = changes(program, "people", "anna", "--at", "WORKING")
    assert newest == {
        "commit": "WORKING",
        "date": None,
        "author": "Not committed",
        "email": None,
        "message": None,
        "change": "modified",
        "fields": {"age": {"old": 41, "new": 42}, "size": {"old": None, "new": 3}},
    }
    shown = program("history", "people", "anna", "--at", "WORKING", "--format", "table").stdout
    assert shown.startswith(f"WORKING  Not committed  modified\n{' ' * 8}age: 41 → 42\n")
    blamed = program("blame", "people", "anna", "--cells", "--at", "WORKING", "--format", "json")
    told = {row["column_name"]: row["commit"] for row in json.loads(blamed.stdout)}
    assert told == {"name": first, "city": first, "age": "WORKING", "size": "WORKING"}
    schema = program("schema", "history", "people", "--at", "WORKING", "--format", "text").stdout
    assert schema.startswith(f"WORKING  Not committed  changed\n{' ' * 8}+ size BIGINT\n")


def test_before_the_first_commit(tmp_path: Path, program: Program) -> None:
    RepoBuilder(tmp_path / "new").write("t/a.json", '{"n": 1}')
    program = program.at(tmp_path / "new")
    for command in (["history", "t", "a"], ["blame", "t"], ["schema", "history", "t"]):
        done = program(*command, "--at", "WORKING", "--format", "json")
        assert [row["commit"] for row in json.loads(done.stdout)] == ["WORKING"]


def test_in_a_folder_without_commits(tmp_path: Path, program: Program) -> None:
    RepoBuilder(tmp_path / "new")
    for command in (["history", "t", "k"], ["blame", "t"]):
        assert program(*command, cwd=tmp_path / "new").returncode == 3
