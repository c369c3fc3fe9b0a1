"""Transactions that take turns come to what a model of snapshot isolation says.

The model: a transaction reads what was committed when it began, with its own changes. At COMMIT
each record that it has changed must be as it was at the begin, else it gets 40001.
"""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import ingitdb
from tests.support.opening import Opened, opener, rows
from tests.support.repositories import RepoBuilder

KEYS = "ab"
TABLES = ("files", "lines")
Key = tuple[str, str]
"""A table and the key of a record in it."""
State = dict[Key, int]
Step = tuple[Any, ...]


def in_turns(chance: Random) -> list[tuple[int, Step]]:
    """Chooses what each of three sessions does, and in which order they come to it."""
    left = [script(chance) for _ in range(3)]
    taken = []
    while any(left):
        who = chance.choice([n for n, steps in enumerate(left) if steps])
        taken.append((who, left[who].pop(0)))
    return taken


def script(chance: Random) -> list[Step]:
    """Chooses what one session does: transactions, and now and then a step outside of one."""
    steps: list[Step] = []
    for _ in range(chance.randint(2, 3)):
        if chance.random() < 0.25:
            steps.append(inside(chance))
            continue
        steps.append(("begin",))
        steps += [inside(chance) for _ in range(chance.randint(1, 3))]
        steps.append(("commit",) if chance.random() < 0.8 else ("rollback",))
    return steps


def inside(chance: Random) -> Step:
    """Chooses a change, or a step to or from a savepoint."""
    what = chance.choice(("put", "put", "add", "add", "new", "drop", "point"))
    if what == "point":
        step = chance.choice(("savepoint", "savepoint", "rollback to", "release"))
        return step, chance.choice(("one", "two"))
    key = chance.choice(TABLES), "b" if what in ("new", "drop") else chance.choice(KEYS)
    return (what, key, chance.randint(3, 9)) if what in ("put", "new") else (what, key)


RELAXED = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
FIRST: State = {(table, key): n for table in TABLES for n, key in enumerate(KEYS)}


@dataclass
class Open:
    """A transaction of the model."""

    seen: State
    base: State
    points: list[tuple[str, State]] = field(default_factory=list)


class Model:
    """Snapshot isolation in memory: the first of two that change a record wins."""

    def __init__(self) -> None:
        self.states = [dict(FIRST)]
        self.open: dict[int, Open] = {}

    @property
    def now(self) -> State:
        return self.states[-1]

    def step(self, who: int, what: Step) -> str:
        """Takes a step; gives what comes of it."""
        mine = self.open.get(who)
        if what[0] == "begin":
            if mine is not None:
                return "25000"
            self.open[who] = Open(dict(self.now), dict(self.now))
            return "done"
        if mine is None:
            return self._alone(what)
        if what[0] == "commit":
            return self._commit(who, mine)
        if what[0] == "rollback":
            del self.open[who]
            return "undone"
        if what[0] in ("savepoint", "rollback to", "release"):
            return _point(mine, *what)
        return _change(mine.seen, *what)

    def seen(self, who: int) -> State:
        """Gives what a session reads."""
        return self.open[who].seen if who in self.open else self.now

    def _alone(self, what: Step) -> str:
        if what[0] in ("commit", "rollback", "savepoint", "rollback to", "release"):
            return "25000"
        state = dict(self.now)
        found = _change(state, *what)
        if state != self.now:
            self.states.append(state)
        return found

    def _commit(self, who: int, mine: Open) -> str:
        del self.open[who]
        changed = _differing(mine.base, mine.seen)
        if changed & _differing(mine.base, self.now):
            return "40001"
        if not changed:
            return "nothing"
        state = {k: v for k, v in self.now.items() if k not in changed}
        state |= {k: mine.seen[k] for k in changed if k in mine.seen}
        self.states.append(state)
        return "committed"


def _point(mine: Open, what: str, name: str) -> str:
    if what == "savepoint":
        mine.points.append((name, deepcopy(mine.seen)))
        return "done"
    places = [at for at, (known, _) in enumerate(mine.points) if known == name]
    if not places:
        return "25000"
    if what == "release":
        del mine.points[places[-1] :]
        return "done"
    mine.seen = dict(mine.points[places[-1]][1])
    del mine.points[places[-1] + 1 :]
    return "done"


def _change(state: State, what: str, key: Key, value: int = 0) -> str:
    if what == "new":
        if key in state:
            return "23505"
        state[key] = value
    elif key in state and what == "drop":
        del state[key]
    elif key in state:
        state[key] = state[key] + 1 if what == "add" else value
    return "done"


def _differing(one: State, other: State) -> set[Key]:
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


class Engine:
    """The same steps as SQL."""

    def __init__(self, path: Path, opened: Opened) -> None:
        self.repo = RepoBuilder(path)
        self.repo.config(user__name="Data Desk", user__email="data@example.org")
        files = {f"files/{k}.yaml": f"n: {n}\n" for (t, k), n in FIRST.items() if t == "files"}
        lines = "".join(f"{k},{n}\n" for (t, k), n in FIRST.items() if t == "lines")
        declared = {".ingitdb/tables.yaml": "tables: {lines: {key: [id]}}\n"}
        self.repo.commit({**files, **declared, "lines.csv": f"id,n\n{lines}"})
        self.sessions = [opened(self.repo) for _ in range(3)]

    def step(self, who: int, what: Step) -> str:
        """Takes a step; gives what comes of it."""
        session = self.sessions[who]
        before = self.repo.tip()
        try:
            session.execute(_sql(*what))
        except ingitdb.Error as error:
            return str(getattr(error, "sqlstate", None) or error)
        if what[0] == "commit":
            return "nothing" if self.repo.tip() == before else "committed"
        return "undone" if what[0] == "rollback" else "done"

    def seen(self, who: int) -> State:
        """Gives what a session reads."""
        sql = "SELECT 'files', _key, n FROM files UNION ALL SELECT 'lines', id, n FROM lines"
        return {(table, key): n for table, key, n in rows(self.sessions[who], sql)}


def _sql(what: str, key: Any = None, value: int = 0) -> str:
    if what in ("begin", "commit", "rollback"):
        return what.upper()
    if what in ("savepoint", "rollback to", "release"):
        return f"{what.upper()} {key}"
    table, name = key
    column = "_key" if table == "files" else "id"
    if what == "new":
        return f"INSERT INTO {table} ({column}, n) VALUES ('{name}', {value})"
    if what == "drop":
        return f"DELETE FROM {table} WHERE {column} = '{name}'"
    expression = "n + 1" if what == "add" else value
    return f"UPDATE {table} SET n = {expression} WHERE {column} = '{name}'"


def compare(turns: list[tuple[int, Step]]) -> Counter[str]:
    """Takes steps in the model and in the engine; gives how often each outcome was met."""
    model, met = Model(), Counter[str]()
    with TemporaryDirectory() as name, opener(Path(name)) as opened:
        engine = Engine(Path(name) / "repo", opened)
        for number, (who, what) in enumerate(turns):
            wanted = model.step(who, what)
            assert engine.step(who, what) == wanted, turns[: number + 1]
            assert engine.seen(who) == model.seen(who), turns[: number + 1]
            met[wanted] += 1
        for who in range(3):
            assert engine.seen(who) == model.seen(who)
        assert int(engine.repo.git("rev-list", "--count", "main")) == len(model.states)
        engine.repo.git("fsck", "--strict")
    return met


@pytest.mark.slow
def test_turns_come_to_what_the_model_says() -> None:
    met: Counter[str] = Counter()

    @RELAXED
    @given(st.integers(0, 2**32))
    def turns(number: int) -> None:
        met.update(compare(in_turns(Random(number))))

    turns()
    print(dict(met))  # noqa: T201
    assert met["committed"] >= 10
    assert met["40001"] >= 3
    assert met["undone"] >= 2
