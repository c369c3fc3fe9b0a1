"""Finds the commits of a shared repository that change the columns of a table.

`python -m tests.support.turning CLONE NAME` prints them; `turning_commits.txt` keeps what it found,
for it reads every version of every file.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.support import oracle
from tests.support.oracle_reading import Repository
from tests.support.oracle_types import Place, shape

FOUND = Path(__file__).with_name("turning_commits.txt")


def known(name: str) -> list[str]:
    """Gives the commits that were found for a shared repository."""
    lines = (line.split() for line in FOUND.read_text("utf-8").splitlines())
    return [commit for repository, commit in lines if repository == name]


class Columns:
    """Types of tables from the shapes of their records; each version of a file is read once."""

    def __init__(self, name: str, repository: Repository) -> None:
        self._tables = oracle.written_by_hand(name)["tables"]
        self._repository = repository
        self._shapes: dict[tuple[str, str], Counter[str]] = {}
        self._example: dict[str, dict[str, Any]] = {}

    def at(self, commit: str) -> dict[str, str]:
        """Gives table → columns as text."""
        tree = self._repository.tree(commit)
        found = {}
        for entry in self._tables:
            counts: Counter[str] = Counter()
            for path in filter(lambda p, e=entry: oracle.belongs(p, e), tree):
                counts.update(self._file(entry, path, tree))
            if counts:
                ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
                found[entry["name"]] = self._columns(tuple(spelled for spelled, _ in ranked))
        return found

    def _file(self, entry: Mapping[str, Any], path: str, tree: Mapping[str, str]) -> Counter[str]:
        key = (tree[path], entry["name"])
        if key not in self._shapes:
            counts: Counter[str] = Counter()
            for row in oracle.rows(entry, [path], self._repository, tree):
                spelled = shape(row.fields)
                self._example.setdefault(spelled, row.fields)
                counts[spelled] += 1
            self._shapes[key] = counts
            self._repository.forget()
        return self._shapes[key]

    @cache  # noqa: B019 - the object lives as long as the program
    def _columns(self, shapes: tuple[str, ...]) -> str:
        root = Place()
        for spelled in shapes:
            root.add(self._example[spelled])
        return repr([(name, place.type()) for name, place in root.fields.items()])


def turning(name: str, repository: Repository) -> Iterator[str]:
    """Gives the commits whose columns are others than those of their first parent."""
    columns = Columns(name, repository)
    seen: dict[str, dict[str, str]] = {}
    listing = repository.git("rev-list", "--reverse", "--topo-order", "--parents", "HEAD")
    for line in listing.splitlines():
        commit, *parents = line.split()
        seen[commit] = columns.at(commit)
        if not parents or seen[parents[0]] != seen[commit]:
            yield commit


def main(path: str, name: str) -> None:
    """Prints what `turning_commits.txt` holds."""
    with Repository(Path(path)) as repository:
        for commit in turning(name, repository):
            print(name, commit, flush=True)  # noqa: T201 - a program


if __name__ == "__main__":
    main(*sys.argv[1:])
