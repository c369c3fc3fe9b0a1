"""`blame` and the history of everything over random graphs of commits agree with plain Python."""

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.opening import opener, rows
from tests.support.repositories import RepoBuilder

SEEDS = range(40)
COMMITS = 14


@dataclass
class Node:
    """A commit: its parents and the records that stand at it, by their keys."""

    parents: list[int]
    records: dict[str, dict[str, int]] = field(default_factory=dict)


def graph(random_: random.Random) -> list[Node]:
    """Makes commits that branch, merge in their own way, and change, add and remove records."""
    nodes: list[Node] = []
    for number in range(COMMITS):
        recent = list(range(max(0, number - 4), number))
        count = random_.choice([1, 1, 1, 2, 2, 3]) if number else 0
        parents = random_.sample(recent, min(count, len(recent)))
        if number == COMMITS - 1 and number - 1 not in parents:
            parents = [number - 1, *parents[:1]]
        node = Node(parents)
        for parent in parents:
            for key, record in nodes[parent].records.items():
                if parent == parents[0] or random_.random() < 0.6:
                    node.records[key] = dict(record)
        for _ in range(random_.choice([0, 1, 1, 2, 3])):
            key = random_.choice("abcdef")
            if random_.random() < 0.2:
                node.records.pop(key, None)
            else:
                record = node.records.setdefault(key, {"n": 0, "m": 0})
                record[random_.choice("nm")] = random_.randrange(4)
        nodes.append(node)
    return nodes


def built(path: Path, nodes: list[Node]) -> tuple[RepoBuilder, list[str]]:
    """Writes the commits as a repository and gives their hashes."""
    repo = RepoBuilder(path)
    lines: list[str] = []
    for number, node in enumerate(nodes):
        when = f"Data Desk <data@example.org> {1_700_000_000 + number * 60} +0000"
        lines += ["commit refs/heads/main", f"mark :{number + 1}", f"committer {when}"]
        lines += [f"data {len(str(number))}", str(number)]
        for word, parent in zip(["from", *["merge"] * 9], node.parents, strict=False):
            lines.append(f"{word} :{parent + 1}")
        lines.append("deleteall")
        for key, record in node.records.items():
            text = f"n: {record['n']}\nm: {record['m']}\n"
            lines += [f"M 100644 inline items/{key}.yaml", f"data {len(text)}", text]
    marks = path / "marks"
    stream = "\n".join(lines) + "\n"
    repo.git("fast-import", "--quiet", f"--export-marks={marks}", data=stream.encode())
    repo.git("reset", "--quiet", "--hard")
    told = dict(line.split() for line in marks.read_text().splitlines())
    return repo, [told[f":{number + 1}"] for number in range(len(nodes))]


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
