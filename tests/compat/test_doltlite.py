"""Random scripts of changes, run by DoltLite and written to Git as files, have one history.

Each way in which the two are meant to differ (D1, D2 … in docs/dolt.md) has a test of its own.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from tests.support.dolt_answers import OF_EDGES, START, Comparison, Row, asking
from tests.support.dolt_scripts import (
    EVENTFUL,
    EVERYDAY,
    RENAMING,
    Chances,
    Pen,
    Script,
    scripts,
)
from tests.support.doltlite import DoltLite

SWEEP = bool(os.environ.get("INGITDB_TEST_SWEEP"))
EVERYDAY_SCRIPTS, EVENTFUL_SCRIPTS, RENAMING_SCRIPTS = (300, 100, 50) if SWEEP else (60, 50, 25)
"""How many scripts the full suite compares; `make sweep` compares more."""


@dataclass(slots=True)
class Tally:
    """What came of many scripts."""

    scripts: int = 0
    questions: int = 0
    merging: int = 0
    altering: int = 0
    equal: int = 0
    deviations: Counter[str] = field(default_factory=Counter)

    def add(self, script: Script, comparisons: list[Comparison]) -> None:
        """Counts a script."""
        found = frozenset[str]().union(*(c.deviations for c in comparisons))
        self.scripts += 1
        self.questions += len(comparisons)
        self.merging += any(len(commit.parents) > 1 for commit in script.commits)
        self.altering += any("ALTER" in sql for sql, _ in script.statements)
        self.equal += not found
        self.deviations.update(found)

    def __str__(self) -> str:
        found = ", ".join(f"{name}: {count}" for name, count in sorted(self.deviations.items()))
        return (
            f"{self.scripts} scripts compared ({self.merging} with merges, {self.altering} that"
            f" alter tables), {self.questions} questions; {self.equal} without any deviation;"
            f" scripts with {found or 'others: none'}"
        )


def compared(count: int, seed: int, chances: Chances) -> Tally:
    """Compares scripts; fails at a difference that is no known deviation."""
    tally = Tally()
    relaxed = settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # shrinking would take minutes
        suppress_health_check=list(HealthCheck),
    )

    @seeded(seed)
    @relaxed
    @given(scripts(chances))
    def compare(script: Script) -> None:
        with asking(script, process) as both:
            comparisons = list(both.all())
        wrong = [str(comparison) for comparison in comparisons if not comparison.agrees]
        assert not wrong, "\n".join([*map(repr, script.statements), str(script.forms), *wrong])
        tally.add(script, comparisons)

    with DoltLite() as process:
        compare()
    print(tally)  # noqa: T201 - shown with -rP
    return tally


@pytest.mark.parametrize("count", [20, pytest.param(EVERYDAY_SCRIPTS, marks=pytest.mark.slow)])
def test_everyday_scripts(count: int, seed: int) -> None:
    tally = compared(count, seed, EVERYDAY)
    assert tally.scripts == count
    few = 0 if count >= 60 else 3  # among so few scripts chance has a say
    assert tally.equal >= 0.9 * count - few, tally


@pytest.mark.parametrize("count", [10, pytest.param(EVENTFUL_SCRIPTS, marks=pytest.mark.slow)])
def test_scripts_that_merge_and_alter_tables(count: int, seed: int) -> None:
    tally = compared(count, seed, EVENTFUL)
    assert tally.scripts == count
    assert count < 50 or min(tally.merging, tally.altering) > count / 20, tally


@pytest.mark.parametrize("count", [pytest.param(RENAMING_SCRIPTS, marks=pytest.mark.slow)])
def test_scripts_that_rename_columns(count: int, seed: int) -> None:
    assert compared(count, seed, RENAMING).altering > count / 4


@pytest.fixture(scope="module")
def dolt() -> Iterator[DoltLite]:
    """A DoltLite for the tests of single deviations."""
    with DoltLite() as process:
        yield process


def shown(rows: list[Row]) -> list[Row]:
    """Gives rows without what is the same in each."""
    known = (*OF_EDGES[:4], "commit_date", "committer", "email")
    kept = [{name: row[name] for name in row if name not in known} for row in rows]
    return sorted(kept, key=repr)


def edged(rows: list[Row]) -> list[tuple[Any, ...]]:
    """Gives which commits the rows of a diff compare, and what became of which record."""
    found = (
        (row["from_commit"], row["to_commit"], row.get("to_id", row.get("from_id"))) for row in rows
    )
    return sorted(found)


def test_d1_columns_of_their_time(dolt: DoltLite) -> None:
    pen = Pen({"t": "csv"})
    pen.create("t", "integer", "text", "integer")
    pen.insert("t", 1, "a", 10)
    pen.commit()
    pen.drop("t", "c3")
    pen.commit()
    with asking(pen.script, dolt) as both:
        found = both.diff("t", 0, 1)
    row = {"from_id": 1, "from_c2": "a", "to_id": 1, "to_c2": "a", "diff_type": "modified"}
    assert shown(found.theirs) == [row]
    assert shown(found.ours) == [row | {"from_c3": 10}]
    assert found.agrees
    assert found.deviations == {"D1"}


def parted() -> Pen:
    """Writes a script of two branches that are merged in the end."""
    pen = Pen({"t": "list"})
    pen.create("t", "integer", "text")
    pen.insert("t", 1, "a")
    pen.insert("t", 2, "b")
    pen.commit()
    pen.branch("side")
    pen.update("t", 2, "c2", "side")
    pen.commit()
    pen.checkout("main")
    pen.update("t", 1, "c2", "main")
    pen.commit()
    assert pen.merge("side")
    return pen


def test_d2_first_parents(dolt: DoltLite) -> None:
    with asking(parted().script, dolt) as both:
        found, every = both.every_diff("t"), both.history("t")
        line = both.connection.execute("SELECT DISTINCT commit_hash FROM history('t')").fetchall()
        numbers = {both.ours.numbers[commit] for (commit,) in line}
    edges = [(START, 0, 1), (START, 0, 2), (0, 2, 1), (2, 3, 2)]
    assert edged(found.ours) == edges
    assert edged(found.theirs) == sorted([*edges, (0, 1, 2), (1, 3, 1)])
    assert numbers == {0, 2, 3}
    assert {row["commit_hash"] for row in every.theirs} == {0, 1, 2, 3}
    assert found.agrees
    assert found.deviations == {"D2"}
    assert every.agrees
    assert not every.deviations


def test_d3_records_that_only_moved(dolt: DoltLite) -> None:
    pen = Pen({"t": "csv"})
    pen.create("t", "integer", "text", "text")
    pen.insert("t", 1, None, "kept")
    pen.commit()
    pen.drop("t", "c2")
    pen.commit()
    with asking(pen.script, dolt) as both:
        found, blame = both.diff("t", 0, 1), both.blame("t")
    row = {"from_id": 1, "from_c3": "kept", "to_id": 1, "to_c3": "kept", "diff_type": "modified"}
    assert shown(found.theirs) == [row]
    assert shown(found.ours) == []
    assert [(row["id"], row["commit"]) for row in blame.theirs] == [(1, 1)]
    assert [(row["id"], row["commit"]) for row in blame.ours] == [(1, 0)]
    for answer in (found, blame):
        assert answer.agrees
        assert answer.deviations == {"D3"}


def test_d4_blame_of_merges(dolt: DoltLite) -> None:
    with asking(parted().script, dolt) as both:
        found = both.blame("t")
    assert [(row["id"], row["commit"]) for row in found.theirs] == [(1, 3), (2, 3)]
    assert sorted((row["id"], row["commit"]) for row in found.ours) == [(1, 2), (2, 1)]
    assert found.agrees
    assert found.deviations == {"D4"}


def test_d5_another_column_at_the_same_place(dolt: DoltLite) -> None:
    pen = Pen({"t": "csv"})
    pen.create("t", "integer", "text", "integer")
    pen.insert("t", 1, "a", 10)
    pen.commit()
    pen.drop("t", "c3")
    assert pen.add("t", "integer") == "c4"
    pen.update("t", 1, "c4", 10)
    pen.commit()
    with asking(pen.script, dolt) as both:
        found, blame = both.diff("t", 0, 1), both.blame("t")
    assert shown(found.theirs) == []
    before, after = {"from_id": 1, "from_c2": "a", "from_c3": 10}, {"to_id": 1, "to_c2": "a"}
    assert shown(found.ours) == [before | after | {"to_c4": 10, "diff_type": "modified"}]
    assert [row["commit"] for row in blame.theirs] == [0]
    assert [row["commit"] for row in blame.ours] == [1]
    for answer in (found, blame):
        assert answer.agrees
        assert answer.deviations == {"D5"}


def test_d6_counts_across_a_change_of_columns(dolt: DoltLite) -> None:
    pen = Pen({"t": "csv"})
    pen.create("t", "integer", "text", "text")
    pen.insert("t", 1, "a", "x")
    pen.insert("t", 2, "b", "y")
    pen.commit()
    pen.add("t", "text")
    pen.update("t", 1, "c2", "changed")
    pen.delete("t", 2)
    pen.commit()
    with asking(pen.script, dolt) as both:
        found = both.stat(0, 1)
    counts = ("cells_added", "cells_deleted", "cells_modified")
    assert [tuple(row[name] for name in counts) for row in found.theirs] == [(0, 2, 2)]
    assert [tuple(row[name] for name in counts) for row in found.ours] == [(1, 3, 1)]
    assert found.agrees
    assert found.deviations == {"D6"}


def test_d7_records_that_got_another_key(dolt: DoltLite) -> None:
    pen = Pen({"t": "files"})
    pen.create("t", "integer", "text")
    pen.insert("t", 1, "kept")
    pen.insert("t", 2, "other")
    pen.commit()
    pen.delete("t", 1)
    pen.insert("t", 3, "kept")
    pen.commit()
    with asking(pen.script, dolt) as both:
        found, counts = both.diff("t", 0, 1), both.stat(0, 1)
    gone, come = {"from_id": 1, "from_c2": "kept"}, {"to_id": 3, "to_c2": "kept"}
    apart = [gone | {"diff_type": "removed"}, come | {"diff_type": "added"}]
    assert shown(found.theirs) == sorted(apart, key=repr)
    assert shown(found.ours) == [gone | come | {"diff_type": "modified"}]
    names = ("rows_added", "rows_deleted", "rows_modified")
    assert [tuple(row[name] for name in names) for row in counts.theirs] == [(1, 1, 0)]
    assert [tuple(row[name] for name in names) for row in counts.ours] == [(0, 0, 1)]
    for answer in (found, counts):
        assert answer.agrees
        assert answer.deviations == {"D7"}


def test_d8_nobody_to_blame(dolt: DoltLite) -> None:
    pen = Pen({"t": "csv"})
    pen.create("t", "integer", "text")
    pen.insert("t", 1, None)
    pen.commit()
    with asking(pen.script, dolt) as both:
        found = both.blame("t")
    assert [(row["commit"], row["message"]) for row in found.theirs] == [(START, "")]
    assert [(row["commit"], row["message"]) for row in found.ours] == [(0, "step 0")]
    assert found.agrees
    assert found.deviations == {"D8"}


def test_what_is_no_known_deviation_is_found(dolt: DoltLite) -> None:
    one, other = (Pen({"t": "csv"}) for _ in range(2))
    for pen, word in ((one, "a"), (other, "b")):
        pen.create("t", "integer", "text")
        pen.insert("t", 1, word)
        pen.commit()
    one.script.commits[0] = other.script.commits[0]  # Git is told something else
    with asking(one.script, dolt) as both:
        found = [comparison for comparison in both.all() if not comparison.agrees]
    assert {comparison.question.partition("(")[0] for comparison in found} == {
        "FROM diff",
        "FROM history",
    }
    assert all("'b'" in str(comparison) for comparison in found)


def test_counts_where_columns_alone_differ(dolt: DoltLite) -> None:
    pen = Pen({"t": "csv"})
    pen.create("t", "integer", "text")
    pen.insert("t", 1, "a")
    pen.commit()
    pen.add("t", "text")
    pen.commit()
    with asking(pen.script, dolt) as both:
        found = both.stat(0, 1)
    assert [(row["rows_unmodified"], row["cells_added"]) for row in found.theirs] == [(1, 1)]
    assert found.agrees


def test_types_of_csv_columns_that_are_gone(dolt: DoltLite) -> None:
    pen = Pen({"t": "csv"})
    pen.create("t", "integer", "text", "text")
    pen.insert("t", 1, "kept", "2024-01-05")
    pen.commit()
    pen.drop("t", "c3")
    pen.commit()
    with asking(pen.script, dolt) as both:
        found = both.history("t")
    assert found.agrees


def test_a_renamed_column_at_every_commit(dolt: DoltLite) -> None:
    pen = Pen({"t": "csv"})
    pen.create("t", "integer", "text")
    pen.insert("t", 1, "a")
    pen.insert("t", 2, "b")
    pen.commit()
    pen.update("t", 1, "c2", "changed")
    pen.commit()
    pen.rename("t", "c2", "r2")
    pen.commit()
    with asking(pen.script, dolt) as both:
        found = [both.every_diff("t"), both.blame("t"), both.diff("t", 2, 0)]
    assert not [str(comparison) for comparison in found if not comparison.agrees]
