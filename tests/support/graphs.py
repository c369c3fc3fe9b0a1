"""Random graphs of commits over a handful of records, and the repositories that they make."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.repositories import RepoBuilder

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


def files(node: Node, *, is_map: bool) -> Iterator[tuple[str, str]]:
    """Gives the files of a commit: one a record, or a map of all."""
    if is_map:
        yield "items.json", json.dumps(node.records, indent=1)
        return
    for key, record in node.records.items():
        yield f"items/{key}.yaml", f"n: {record['n']}\nm: {record['m']}\n"


def built(path: Path, nodes: list[Node], *, is_map: bool = False) -> tuple[RepoBuilder, list[str]]:
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
        for name, text in files(node, is_map=is_map):
            lines += [f"M 100644 inline {name}", f"data {len(text)}", text]
    marks = path / "marks"
    stream = "\n".join(lines) + "\n"
    repo.git("fast-import", "--quiet", f"--export-marks={marks}", data=stream.encode())
    repo.git("reset", "--quiet", "--hard")
    told = dict(line.split() for line in marks.read_text().splitlines())
    return repo, [told[f":{number + 1}"] for number in range(len(nodes))]
