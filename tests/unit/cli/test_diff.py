"""What `ingitdb diff` compares, and what differs inside values."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingitdb.errors import AccessDenied
from ingitdb.model.access import Action, Principal, Resource
from ingitdb.services.database import Database
from ingitdb.services.differences import differences
from ingitdb.settings import Settings
from ingitdb_cli.comparison.changes import MISSING, hunks, leaves, opcodes, words
from ingitdb_cli.program import run
from tests.support.repositories import RepoBuilder

Called = Callable[..., tuple[int, str, str]]
ADDED = "people: +1 ~0 -0\n  + cy\n"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> RepoBuilder:
    """A repository of two commits; nothing may write to it."""
    builder = RepoBuilder(tmp_path_factory.mktemp("people") / "repo")
    table = {"people/anna.yaml": "name: Anna\n", "people/bo.yaml": "name: Bo\n"}
    builder.commit({**table, "places.csv": "name,country\nOslo,NO\nBergen,NO\n"}, "First")
    builder.tag("v1")
    builder.commit({"people/cy.yaml": "name: Cy\n"}, "Second")
    return builder


@pytest.fixture
def called(
    people: RepoBuilder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Called:
    """Runs `diff` there, and gives its status and what it says."""
    for name in list(os.environ):
        if name.startswith(("INGITDB_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(people.path)

    def call(*arguments: str) -> tuple[int, str, str]:
        status = run(["diff", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


# --- The words of a call --------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("v1",),
        ("v1..",),
        ("v1..HEAD",),
        ("v1", "main"),
        ("v1...main",),
        ("HEAD~1", "people"),
        ("v1", "main", "people"),
        ("v1", "--", "people"),
        ("--base", "v1"),
        ("--base", "v1", "--compare", "main", "people"),
        ("v1", "--at", "main"),
        ("2026-01-01T13:00:00Z",),
        ("v1", "PEOPLE", "places"),
        ("v1", "main.people"),
    ],
    ids=" ".join,
)
def test_spellings(called: Called, words: tuple[str, ...]) -> None:
    status, shown, said = called(*words)
    assert (status, shown.split("\n\n", 1)[1], said) == (0, ADDED, "")


@pytest.mark.parametrize(
    "words",
    [
        ("..v1",),
        ("main..v1",),
        ("HEAD", "v1"),
        ("--compare", "v1"),
        ("main", "--at", "v1"),
    ],
    ids=" ".join,
)
def test_spellings_of_the_way_back(called: Called, words: tuple[str, ...]) -> None:
    status, shown, said = called(*words)
    assert (status, shown.split("\n\n", 1)[1], said) == (0, "people: +0 ~0 -1\n  - cy\n", "")


@pytest.mark.parametrize(
    ("words", "status", "parts"),
    [
        (("v2",), 3, ("'v2' is no commit, branch, tag or date, and no table", "v1", "people")),
        (("peopl",), 3, ("and no table", "people")),
        (("v1", "peopl"), 3, ("Table 'peopl' does not exist", "people")),
        (("--", "v1"), 3, ("Table 'v1' does not exist",)),
        (("v2..main",), 3, ("'v2' is no commit", "v1")),
        (("v1..mian", "people"), 3, ("'mian' is no commit", "main")),
        (("v2", "--", "people"), 3, ("'v2' is no commit",)),
        (("--base", "v2"), 3, ("'v2' is no commit",)),
        (("v1", "HEAD", "main", "--"), 2, ("too many commits",)),
        (("v1..main", "HEAD", "--"), 2, ("too many commits",)),
        (("--base", "v1", "main"), 2, ("beside --base",)),
        (("--base", "v1", "main", "--", "people"), 2, ("not in both",)),
        (("--at", "v1"), 2, ("nothing to compare v1 with",)),
        (("v1..main", "--at", "v1"), 2, ("third by --at",)),
        (("v1", "--depth", "cells"), 2, ("summary",)),
        (("v1", "--format", "pdf"), 2, ("html",)),
        (("v1", "--output", "x.pdf"), 2, (".pdf",)),
        (("v1", "--format", "csv", "--depth", "fields"), 2, ("--depth fields",)),
        (("v1", "--format", "sql", "--depth", "summary"), 2, ("--depth summary",)),
        (("v1", "people", "places", "--format", "csv"), 2, ("Several tables",)),
        (("v1", "people", "places", "--format", "sql"), 2, ("Several tables",)),
    ],
    ids=str,
)
def test_refusals(
    called: Called, words: tuple[str, ...], status: int, parts: tuple[str, ...]
) -> None:
    found, shown, said = called(*words)
    assert (found, shown) == (status, ""), said
    assert [part for part in parts if part not in said] == [], said


class _Secret:
    """Lets nobody read one branch."""

    def check(self, principal: Principal, action: Action, resource: Resource) -> None:
        if resource.branch == "v1":
            raise AccessDenied(f"{principal.identifier} may not {action} {resource}.")


@pytest.mark.parametrize("words", [("v1",), ("main", "v1"), ("v1..main",), ("main...v1",)])
def test_the_policy_is_asked_for_both_commits(
    people: RepoBuilder, tmp_path: Path, words: tuple[str, ...]
) -> None:
    settings = Settings(cache=tmp_path)
    with Database.open(people.path, settings, policy=_Secret()) as database:
        assert [table.name for table in differences(database, "main~1").tables] == ["people"]
        with pytest.raises(AccessDenied):
            differences(database, *words)


# --- Inside of values -----------------------------------------------------------------------

TEXTS = st.text(st.sampled_from("ab \n"), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "1", "x"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)


def test_words() -> None:
    old, new = words("The ferry leaves at 10:15.", "The ferry leaves at 10:45.")
    assert old == [(False, "The ferry leaves at 10:"), (True, "15"), (False, ".")]
    assert new == [(False, "The ferry leaves at 10:"), (True, "45"), (False, ".")]


@given(TEXTS, TEXTS)
def test_words_lose_nothing(old: str, new: str) -> None:
    before, after = words(old, new)
    assert ["".join(text for _, text in side) for side in (before, after)] == [old, new]
    equal = ["".join(text for is_other, text in side if not is_other) for side in (before, after)]
    assert equal[0] == equal[1]


def test_hunks() -> None:
    old = "\n".join("abcdefghijklmn")
    new = old.replace("b", "B").replace("m", "m\nm")
    assert list(hunks(old, new, 2)) == [
        [("equal", 0, 1, 0, 1), ("replace", 1, 2, 1, 2), ("equal", 2, 4, 2, 4)],
        [("equal", 11, 13, 11, 13), ("insert", 13, 13, 13, 14), ("equal", 13, 14, 14, 15)],
    ]


@given(TEXTS, TEXTS, st.integers(0, 3))
def test_hunks_make_one_text_of_the_other(old: str, new: str, context: int) -> None:
    before, after = old.splitlines(), new.splitlines()
    built, end = [], 0
    for group in hunks(old, new, context):
        built += before[end : group[0][1]]
        for tag, i, end_i, j, end_j in group:
            assert (before[i:end_i] == after[j:end_j]) is (tag == "equal")
            built += after[j:end_j]
        end = group[-1][2]
    assert built + before[end:] == after


def test_what_is_too_long_to_compare_is_taken_whole() -> None:
    old, new = ["a", *"x" * 3000], ["a", *"y" * 3000]
    assert opcodes(old, new) == [("equal", 0, 1, 0, 1), ("replace", 1, 3001, 1, 3001)]
    assert opcodes(old, old) == [("equal", 0, 3001, 0, 3001)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1, "b": None}, {"a": 1}, []),
        ({"a": 1}, {"a": 1, "b": 2}, [("b", MISSING, 2)]),
        ([1, 2, 3], [1, 3], [("[1]", 2, MISSING)]),
        ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 3}], [("[1].a", 2, 3)]),
        ({"a": {"b": [1]}}, {"a": {"b": []}}, [("a.b[0]", 1, MISSING)]),
        ({"a": 1}, {"a": "1"}, [("a", 1, "1")]),
        ({"a": 1}, {"a": True}, [("a", 1, True)]),
        ([1], {"a": 1}, [("", [1], {"a": 1})]),
    ],
    ids=str,
)
def test_leaves(old: Any, new: Any, expected: list[tuple[str, Any, Any]]) -> None:
    assert list(leaves(old, new)) == expected


@given(VALUES, VALUES)
def test_leaves_are_there_where_values_differ(old: Any, new: Any) -> None:
    assert list(leaves(old, old)) == []
    found = list(leaves(old, new))
    if not found:
        assert orjson.dumps(_less_nulls(old), option=orjson.OPT_SORT_KEYS) == orjson.dumps(
            _less_nulls(new), option=orjson.OPT_SORT_KEYS
        )
    assert all(before is not after for _, before, after in found)


def _less_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _less_nulls(v) for name, v in value.items() if v is not None}
    return [_less_nulls(v) for v in value] if isinstance(value, list) else value
