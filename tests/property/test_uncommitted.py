"""What is told of the work tree and of the index is what would be told once they are committed."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from tests.support.graphs import Node, built, graph
from tests.support.opening import opener, rows
from tests.support.repositories import RepoBuilder

QUESTIONS = (
    "FROM blame('items')",
    "FROM blame('items', cells => true)",
    "FROM history('items')",
    "FROM history('items', scope => 'all')",
    "FROM versions('items')",
    "FROM diff('items')",
    "FROM table_changes('items', 'EMPTY', '{}')",
    "FROM dolt_diff",
    "FROM dolt_diff_items",
)
NOBODY = {
    "GIT_COMMITTER_NAME": "Not committed",
    "GIT_COMMITTER_EMAIL": "none@example.org",
    "GIT_COMMITTER_DATE": "2030-01-01T00:00:00Z",
}


class Committed(RepoBuilder):
    """A repository whose next commits have a committer that can be told from all others."""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | NOBODY


def told(connection: Any, question: str, tip: str) -> Counter[Any] | str:
    """Gives the rows, or why there are none, without what only a commit has."""
    try:
        found = rows(connection, question.format(tip))
    except ingitdb.Error as error:
        return str(error).replace(tip[:12], "(the tip)")
    return Counter(tuple(map(known_as, row, [tip] * len(row))) for row in found)


def known_as(value: Any, tip: str) -> str | None:
    """Gives a value, or None and a word where it is of the tip alone."""
    text = "(the tip)" if value == tip else repr(value)
    is_made_up = text in ("'none@example.org'", "'nothing'") or "2030" in text
    return None if value is None or is_made_up else text


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("is_map", [False, True])
def test_as_if_committed(seed: int, is_map: bool, tmp_path: Path) -> None:
    chance = random.Random(seed)
    nodes: list[Node] = graph(chance)
    repo, hashes = built(tmp_path / "graph", nodes, is_map=is_map)
    parent = hashes[nodes[-1].parents[0]]
    repo.git("reset", "--quiet", "--soft", parent)
    tree = f"{hashes[-1]}^{{tree}}"
    tip = Committed.adopt(repo.path).git("commit-tree", tree, "-p", parent, "-m", "nothing")
    state = "STAGED"
    if chance.random() < 0.5:
        state = "WORKING"
        repo.git("reset", "--quiet")
    with opener(tmp_path / "cache") as opened:
        uncommitted, committed = opened(repo, state), opened(repo, tip)
        for question in QUESTIONS:
            expected = told(committed, question, tip)
            assert isinstance(expected, Counter) or not nodes[-1].records
            assert told(uncommitted, question, state) == expected, question
