"""`blame` and the history of everything over random graphs of commits agree with plain Python."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.graphs import Node, built, graph
from tests.support.opening import opener, rows

SEEDS = range(40)


def maker(nodes: list[Node], at: int, key: str, column: str | None) -> int:
    """Goes back from a commit to the one that made a record, or a field of it, what it is."""
    while True:
        now = nodes[at].records[key]
        for parent in nodes[at].parents:
            before = nodes[parent].records.get(key)
            if before is None:
                continue
            if before == now if column is None else before[column] == now[column]:
                at = parent
                break
        else:
            return at


def reachable(nodes: list[Node], tip: int) -> set[int]:
    found: set[int] = set()
    waiting = [tip]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting += nodes[at].parents
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_random_graphs(seed: int, tmp_path: Path) -> None:
    nodes = graph(random.Random(seed))
    repo, hashes = built(tmp_path / "graph", nodes)
    with opener(tmp_path / "cache") as opened:
        compare(opened(repo), nodes, hashes)


def compare(connection: Any, nodes: list[Node], hashes: list[str]) -> None:
    """Compares everything that is told of the last commit."""
    tip = len(nodes) - 1
    expected = Counter(
        (hashes[at], key, record["n"], record["m"])
        for at in reachable(nodes, tip)
        for key, record in nodes[at].records.items()
    )
    if not any(nodes[at].records for at in reachable(nodes, tip)):
        return
    asked = "SELECT commit_hash, _key, n, m FROM history('items', scope => 'all')"
    assert Counter(rows(connection, asked)) == expected
    if not nodes[tip].records:
        return
    told = dict(rows(connection, "SELECT _key, commit FROM blame('items')"))
    assert told == {key: hashes[maker(nodes, tip, key, None)] for key in nodes[tip].records}
    cells = rows(connection, "SELECT _key, column_name, commit FROM blame('items', cells => true)")
    assert {(key, name): commit for key, name, commit in cells} == {
        (key, name): hashes[maker(nodes, tip, key, name)]
        for key in nodes[tip].records
        for name in ("n", "m")
    }
