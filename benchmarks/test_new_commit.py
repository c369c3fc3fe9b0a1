"""Row 4: from a new commit that another program made to an answered query, on a warm connection."""

import json
import time
from pathlib import Path
from typing import Any

import pygit2
import pytest

from benchmarks.conftest import median
from benchmarks.generated import Generated, record
from benchmarks.ratios import Goal

_GOALS = {"sharded": Goal(most=0.010), "flat": Goal()}
_ROUNDS = 15
QUERIES = {
    "point": "SELECT balance FROM accounts WHERE id = {number}",
    "aggregate": "SELECT sum(balance) FROM accounts",
}


class ForeignWriter:
    """Commits changes of one record each, with libgit2."""

    def __init__(self, repository: Generated) -> None:
        self._made = repository
        self._repository = pygit2.Repository(str(repository.path))
        self._revision = time.time_ns()  # no run may make the commits of another

    def change(self, number: int) -> int:
        """Changes one record; gives its new balance."""
        self._revision += 1
        data = record(number, self._revision, extended=True)
        parts = Path(self._made.record_path(number)).parts
        tip = self._repository.references["refs/heads/main"].peel(pygit2.Commit)
        blob = self._repository.create_blob(data)
        tree = self._spliced(tip.tree, parts, blob)
        who = pygit2.Signature("B", "b@example.org", tip.commit_time + 3600, 0)
        self._repository.create_commit("refs/heads/main", who, who, "Change", tree, [tip.id])
        return int(json.loads(data)["balance"])

    def _spliced(self, tree: Any, parts: tuple[str, ...], blob: Any) -> Any:
        builder = self._repository.TreeBuilder(tree)
        if len(parts) == 1:
            builder.insert(parts[0], blob, pygit2.enums.FileMode.BLOB)
        else:
            inner = self._spliced(tree / parts[0], parts[1:], blob)
            builder.insert(parts[0], inner, pygit2.enums.FileMode.TREE)
        return builder.write()


@pytest.mark.parametrize("kind", QUERIES)
@pytest.mark.parametrize("layout", ["sharded", "flat"])
def test_new_commit(
    benchmark: Any, ratio: Any, made: Any, connected: Any, layout: str, kind: str
) -> None:
    repository = made(layout)
    number = repository.records // 3
    connection = connected(repository.path)
    ask = QUERIES[kind].format(number=number)
    total = connection.execute("SELECT sum(balance) FROM accounts")
    before = connection.execute(QUERIES["point"].format(number=number))
    ((whole,),), ((own,),) = total.fetchall(), before.fetchall()
    others = int(whole) - own
    writer = ForeignWriter(repository)
    expected: list[int] = []
    found: list[int] = []

    def commit() -> None:
        balance = writer.change(number)
        expected.append(balance if kind == "point" else others + balance)

    def answer() -> None:
        found.append(int(connection.execute(ask).fetchall()[0][0]))

    label = f"row 4 {layout} new commit, {kind}"
    benchmark.group = label
    try:
        benchmark.pedantic(answer, setup=commit, rounds=_ROUNDS, iterations=1)
    finally:
        repository.reset()
    assert found == expected
    ratio.note(label, "ours", median(benchmark), _GOALS[layout])
