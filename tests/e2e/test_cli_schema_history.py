"""`ingitdb schema history`: when a definition changed; git says in which commits the file did."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import Program, Terminal
from tests.support.northlight import Demo
from tests.support.repositories import RepoBuilder

Change = tuple[str, str | None, str | None, str | None]


def events(program: Program, *arguments: str) -> list[dict[str, Any]]:
    done = program("schema", "history", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def changes(event: dict[str, Any]) -> list[Change]:
    return [(one["kind"], one["name"], one["before"], one["after"]) for one in event["changes"]]


def test_columns_come_go_and_change(program: Program, repo: RepoBuilder) -> None:
    first = repo.commit({"items.csv": "id,n\n1,2\n"}, "Made")
    added = repo.commit({"items.csv": "id,n,town\n1,2,Oslo\n"}, "Towns\n\nAnd why.")
    repo.commit({"items.csv": "id,n,town\n1,3,Voss\n"}, "Only values")
    retyped = repo.commit({"items.csv": "id,n,town\n1,many,Voss\n"}, "A word")
    repo.commit({"items.csv": "town,n,id\nVoss,many,1\n"}, "Another order")
    dropped = repo.commit({"items.csv": "id,town\n1,Voss\n"}, "No n")
    gone = repo.commit({"items.csv": None}, "Away")
    again = repo.commit({"items.csv": "id\n1\n"}, "Back")
    found = events(program, "items")
    assert [(e["commit"], e["event"], changes(e)) for e in found] == [
        (again, "created", [("added", "id", None, "BIGINT")]),
        (gone, "gone", []),
        (dropped, "changed", [("dropped", "n", "VARCHAR", None)]),
        (retyped, "changed", [("retyped", "n", "BIGINT", "VARCHAR")]),
        (added, "changed", [("added", "town", None, "VARCHAR")]),
        (first, "created", [("added", "id", None, "BIGINT"), ("added", "n", None, "BIGINT")]),
    ]
    assert found[4]["message"] == "Towns\n\nAnd why."
    assert {(e["author"], e["email"]) for e in found} == {("Data Desk", "data@example.org")}
    assert found[-1]["date"] == "2026-01-03T12:00:00Z"
    assert [e["commit"] for e in events(program, "items", "--at", retyped)] == [
        retyped,
        added,
        first,
    ]


def test_a_table_that_is_gone(program: Program, repo: RepoBuilder) -> None:
    gone = repo.commit({"places.csv": None}, "No places")
    found = events(program, "places")
    assert [(e["commit"], e["event"]) for e in found] == [
        (gone, "gone"),
        (repo.tip("v1"), "created"),
    ]


def test_keys_and_nested_fields(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"items.json": '[{"id": 1, "at": {"lat": 1, "lon": 2}}]'}, "Made")
    nested = repo.commit({"items.json": '[{"id": 1, "at": {"lat": 1.5, "zone": "A"}}]'}, "Zones")
    declared = repo.commit(
        {
            ".ingitdb/tables.yaml": "tables: {items: {key: id}}\n",
            "items.json": '[{"id": 2, "at": {"lat": 1.5, "zone": "A"}}]',
        },
        "Declare",
    )
    newest, older, _ = events(program, "items")
    assert (newest["commit"], changes(newest)) == (declared, [("key", None, None, "id")])
    assert (older["commit"], changes(older)) == (
        nested,
        [
            ("retyped", "at.lat", "BIGINT", "DOUBLE"),
            ("dropped", "at.lon", "BIGINT", None),
            ("added", "at.zone", None, "VARCHAR"),
        ],
    )


def test_a_rename_is_one_when_it_is_declared(northlight: Demo) -> None:
    program = Program(northlight.home, northlight.path)
    repo = RepoBuilder.adopt(northlight.path)
    found = events(program, "fares")
    assert [changes(e) for e in found[:2]] == [
        [("key", None, None, "route, category, season, ticket, class")],
        [("renamed", "price_eur", "fare DECIMAL(18,2)", "price_eur DECIMAL(18,2)")],
    ]
    by_git = repo.git("log", "--format=%H", "-G^route,category", "main", "--", "fares.csv")
    assert [e["commit"] for e in found[1:]] == by_git.splitlines()


def test_a_renamed_table_was_there_before(northlight: Demo) -> None:
    program = Program(northlight.home, northlight.path)
    repo = RepoBuilder.adopt(northlight.path)
    by_git = repo.git("log", "--format=%H", "--diff-filter=A", "main", "--", "lines.yaml")
    found = events(program, "routes")
    assert [e["commit"] for e in found if e["event"] == "created"] == by_git.splitlines()


def test_a_type_that_changes_and_changes_back(northlight: Demo) -> None:
    program = Program(northlight.home, northlight.path)
    repo = RepoBuilder.adopt(northlight.path)
    by_git = repo.git("log", "--format=%H", '-G^capacity: "ca', "main", "--", "vessels")
    back, away, _ = events(program, "vessels")
    assert [back["commit"], away["commit"]] == by_git.splitlines()
    assert changes(away) == [("retyped", "capacity", "BIGINT", "VARCHAR")]
    assert changes(back) == [("retyped", "capacity", "VARCHAR", "BIGINT")]


def test_text_and_rows(
    program: Program, repo: RepoBuilder, terminal: Callable[..., Terminal]
) -> None:
    tip = repo.commit({"places.csv": "name,town\nOslo,1\n"}, "Towns")
    text = program("schema", "history", "places").stdout
    assert text.splitlines() == [
        f"{tip[:12]}  2026-01-03 12:00:00Z  Data Desk  changed",
        "    Towns",
        "        + town BIGINT",
        "        - country VARCHAR",
        "",
        f"{repo.tip('v1')[:12]}  2026-01-01 12:00:00Z  Data Desk  created",
        "    First",
        "        + name VARCHAR",
        "        + country VARCHAR",
    ]
    rows = list(
        csv.DictReader(
            io.StringIO(program("schema", "history", "places", "--format", "csv").stdout)
        )
    )
    assert [row["event"] for row in rows] == ["changed", "created"]
    assert json.loads(rows[0]["changes"])[1]["before"] == "VARCHAR"
    shown = terminal("schema", "history", "places", "--no-pager")
    assert "- country VARCHAR" in shown.read_until(None)
    assert shown.wait() == 0
    assert "\x1b[31m- country VARCHAR" in shown.raw


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["peple"], 3, "people"),
        (["people", "--at", "v9"], 3, "v1"),
        (["people", "--format", "sql"], 2, "--help"),
    ],
)
def test_what_is_wrong_is_said(
    program: Program, arguments: list[str], status: int, text: str
) -> None:
    done = program("schema", "history", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert text in done.stderr
