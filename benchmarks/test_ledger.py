"""A ledger's versions: ours over Git beside the same rows and commits in DoltLite."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median as middle
from time import perf_counter
from typing import Any

import pytest

from benchmarks.conftest import git, median
from benchmarks.doltlite_process import DoltLite, Row, TooSlow
from benchmarks.ledger import COLUMNS, LEDGERS, TABLE, Ledger, ledger, message
from benchmarks.ratios import Goal
from ingitdb.api.connection import Connection

RIVAL = "DoltLite"
_LIMIT = float(os.environ.get("INGITDB_BENCH_LIMIT", "120"))
_NEVER_SLOWER = Goal(times=1)
_FAR_AHEAD = Goal(times=0.1)
_LARGE = 10_000
_RECORD = 7
_ROUNDS = 15
_ALL_ROUNDS = 5.0
"""Seconds that all rounds of a question may take together, if there is more than one."""
_KEY = re.compile(r"[0-9a-f]{2}/(\d{7})")
_VALUES = ", ".join(COLUMNS)
_BOTH = ", ".join(f"{side}_{name}" for side in ("from", "to") for name in COLUMNS)
_GROUPED = "SELECT kind, count(*), sum(amount), max(rate)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question in two dialects; `{mid}`, `{before}`, `{head}` stand for commits."""

    ours: str
    rival: str
    goal: Goal = _NEVER_SLOWER


QUESTIONS = {
    "aggregate at mid-history": Question(
        ours=f"{_GROUPED} FROM {TABLE} AS OF '{{mid}}' GROUP BY kind",
        rival=f"{_GROUPED} FROM dolt_at_{TABLE}('{{mid}}') GROUP BY kind",
    ),
    "diff mid-history to HEAD": Question(
        ours=f"SELECT {_BOTH}, diff_type FROM diff('{TABLE}', '{{mid}}', '{{head}}')",
        rival=f"SELECT {_BOTH}, diff_type FROM dolt_diff_{TABLE}('{{mid}}', '{{head}}')",
    ),
    "diff of neighbours": Question(
        ours=f"SELECT {_BOTH}, diff_type FROM diff('{TABLE}', '{{before}}', '{{head}}')",
        rival=f"SELECT {_BOTH}, diff_type FROM dolt_diff_{TABLE}('{{before}}', '{{head}}')",
    ),
    "states of a record": Question(
        ours=f"SELECT {_VALUES}, _from_commit FROM versions('{TABLE}') WHERE id = {_RECORD}",
        rival=f"SELECT {', '.join(f'to_{name}' for name in COLUMNS)}, to_commit"
        f" FROM dolt_diff_{TABLE} WHERE to_id = {_RECORD}",
        goal=_FAR_AHEAD,
    ),
    "changes of a record": Question(
        ours=f"SELECT {_BOTH}, diff_type, to_commit FROM diff('{TABLE}')"
        f" WHERE to_id = {_RECORD} OR from_id = {_RECORD}",
        rival=f"SELECT {_BOTH}, diff_type, to_commit FROM dolt_diff_{TABLE}"
        f" WHERE to_id = {_RECORD} OR from_id = {_RECORD}",
        goal=_FAR_AHEAD,
    ),
    "a record at each commit": Question(
        ours=f"SELECT {_VALUES}, commit_hash FROM history('{TABLE}') WHERE id = {_RECORD}",
        rival=f"SELECT {_VALUES}, commit_hash FROM dolt_history_{TABLE} WHERE id = {_RECORD}",
    ),
    "blame": Question(
        ours=f"SELECT * FROM blame('{TABLE}')",
        rival=f"SELECT * FROM dolt_blame_{TABLE}",
        goal=_FAR_AHEAD,
    ),
    "blame, records a commit": Question(
        ours=f"SELECT message, count(*) FROM blame('{TABLE}') GROUP BY message",
        rival=f"SELECT message, count(*) FROM dolt_blame_{TABLE} GROUP BY message",
        goal=_FAR_AHEAD,
    ),
    "count over all history": Question(
        ours=f"SELECT count(*) FROM history('{TABLE}')",
        rival=f"SELECT count(*) FROM dolt_history_{TABLE}",
        goal=_FAR_AHEAD,
    ),
}


@dataclass(frozen=True, slots=True)
class Sides:
    """Both shapes of a ledger, opened.

    Attributes:
        hashes: Of ours and of the rival, the commits by their messages.
    """

    made: Ledger
    ours: Connection
    rival: DoltLite
    hashes: tuple[dict[str, str], dict[str, str]]

    def texts(self, question: Question, head: int | None = None) -> tuple[str, str]:
        """Gives a question as each side is asked it, at HEAD or an earlier commit."""
        last = self.made.commits - 1 if head is None else head
        places = {"mid": last // 2, "before": last - 1, "head": last}
        own, other = (
            {place: known[message(at)] for place, at in places.items()} for known in self.hashes
        )
        return question.ours.format(**own), question.rival.format(**other)

    def compare(self, ours: list[Row], rival: list[Row]) -> None:
        """Demands equal rows, in whatever order."""
        names = {commit: said for known in self.hashes for said, commit in known.items()}
        own, other = (
            sorted(repr([_plain(cell, names) for cell in row]) for row in rows)
            for rows in (ours, rival)
        )
        assert own
        assert own == other


@pytest.fixture(scope="module")
def both(connected: Any) -> Iterator[Callable[[str, int], Sides]]:
    """Opens both shapes of a ledger; gives the same to who asks again."""
    known: dict[tuple[str, int], Sides] = {}
    with ExitStack() as stack:

        def opened(form: str, records: int) -> Sides:
            if (form, records) not in known:
                made = ledger(form, records)
                rival = stack.enter_context(DoltLite(made.database))
                said = git(made.repository, "log", "--format=%s%x09%H", "main").splitlines()
                own = dict(line.split("\t") for line in said)
                log = rival.rows("SELECT message, commit_hash FROM dolt_log")
                other: dict[str, str] = dict(log)
                ours = connected(made.repository)
                known[form, records] = Sides(made, ours, rival, (own, other))
            return known[form, records]

        yield opened


@pytest.fixture(scope="module")
def agreed(both: Any) -> Callable[[str, int, str], float | None]:
    """Compares both answers to a question, once; gives the rival's seconds, None for too many."""
    known: dict[tuple[str, int, str], float | None] = {}

    def seconds(form: str, records: int, name: str) -> float | None:
        asked = form, records, name
        if asked not in known:
            sides = both(form, records)
            own, other = sides.texts(QUESTIONS[name])
            try:
                rows = sides.rival.rows(other, limit=_LIMIT)
            except TooSlow:
                known[asked] = None
            else:
                known[asked] = sides.rival.seconds[-1]
                sides.compare(sides.ours.execute(own).fetchall(), rows)
        return known[asked]

    return seconds


@pytest.mark.parametrize("side", [RIVAL, "ours"])
@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize(("form", "records"), LEDGERS)
def test_versions(  # noqa: PLR0913 - four of them are parameters
    benchmark: Any,
    ratio: Any,
    both: Any,
    agreed: Any,
    form: str,
    records: int,
    name: str,
    side: str,
) -> None:
    label = _label(form, records, name)
    benchmark.group = label
    goal = QUESTIONS[name].goal if records >= _LARGE else Goal()
    once = agreed(form, records, name)
    sides = both(form, records)
    own, other = sides.texts(QUESTIONS[name])
    if side == "ours":
        begun = perf_counter()
        sides.ours.execute(own).fetchall()
        rounds = _rounds(perf_counter() - begun)
        benchmark.pedantic(lambda: sides.ours.execute(own).fetchall(), rounds=rounds)
        ratio.note(label, "ours", median(benchmark), goal)
    elif once is None:
        ratio.note(label, f"{RIVAL}, more than", _LIMIT, goal)
        pytest.skip(f"{RIVAL} took more than {_LIMIT:g} s.")
    else:
        rounds = _rounds(once)
        benchmark.pedantic(lambda: sides.rival.time(other), rounds=rounds)
        ratio.note(label, RIVAL, middle(sides.rival.seconds[-rounds:]), goal)


@pytest.mark.parametrize("side", [RIVAL, "ours"])
@pytest.mark.parametrize(("form", "records"), LEDGERS)
def test_neighbours_asked_once(
    benchmark: Any, ratio: Any, both: Any, form: str, records: int, side: str
) -> None:
    """Each round is of two other commits, about which nobody has asked before."""
    label = _label(form, records, "diff of neighbours, asked once")
    benchmark.group = label
    goal = _NEVER_SLOWER if records >= _LARGE else Goal()
    sides = both(form, records)
    first = sides.made.commits // 4
    asked = [
        sides.texts(QUESTIONS["diff of neighbours"], at) for at in range(first, first + _ROUNDS)
    ]
    left = iter(asked)
    if side == "ours":
        found: list[list[Row]] = []
        benchmark.pedantic(
            lambda: found.append(sides.ours.execute(next(left)[0]).fetchall()), rounds=_ROUNDS
        )
        ratio.note(label, "ours", median(benchmark), goal)
        for rows, (_, other) in zip(found, asked, strict=True):
            sides.compare(rows, sides.rival.rows(other))
    else:
        benchmark.pedantic(lambda: sides.rival.time(next(left)[1]), rounds=_ROUNDS)
        ratio.note(label, RIVAL, middle(sides.rival.seconds[-_ROUNDS:]), goal)


@pytest.mark.parametrize(("form", "records"), LEDGERS)
def test_disk(benchmark: Any, ratio: Any, both: Any, form: str, records: int) -> None:
    sides = both(form, records)

    def index() -> None:
        assert sides.ours.database.tables()

    label = _label(form, records, "cache and Git objects, or database")
    benchmark.group = "ledger disk"
    benchmark.pedantic(index, rounds=1)
    stored = _bytes(sides.made.repository / "objects")
    taken = {
        "ours": sides.ours.database.cache.info().bytes + stored,
        RIVAL: sides.made.database.stat().st_size,
    }
    benchmark.extra_info.update(taken)
    for side, size in taken.items():
        ratio.note(label, side, size, _NEVER_SLOWER, unit="bytes")


def _label(form: str, records: int, name: str) -> str:
    return f"ledger {form} of {records:,}: {name}"


def _rounds(once: float) -> int:
    return max(1, min(_ROUNDS, int(_ALL_ROUNDS / once)))


def _plain(cell: Any, names: dict[str, str]) -> Any:
    """Gives a cell the same spelling on both sides: numbers, times, keys, commits."""
    if isinstance(cell, int | float):
        return float(cell)
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, str):
        key = _KEY.fullmatch(cell)
        return float(key[1]) if key else names.get(cell, cell)
    return cell


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
