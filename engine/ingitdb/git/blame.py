"""Says which commit last changed each line of a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from ingitdb.git.history import History
from ingitdb.git.process import Git, pieces
from ingitdb.model.history import Commit
from ingitdb.model.identifiers import CommitId

_BLAME = ("blame", "--porcelain", "--no-textconv", "--ignore-revs-file=")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlamedLine:
    """A line of a file, counted from 1, and its commit; None where none holds it yet."""

    number: int
    text: str
    commit: Commit | None


def blame_commit(git: Git, history: History, commit: CommitId, path: str) -> list[BlamedLine]:
    """Blames the lines of a file as a commit holds it."""
    with git.stream(*_BLAME, commit, "--", path) as stream:
        return _with_commits(history, list(_lines(stream)))


def blame_contents(git: Git, history: History, data: bytes, path: str) -> list[BlamedLine]:
    """Blames lines that are about to become the next state of a file of HEAD."""
    with git.stream(*_BLAME, "--contents", "-", "--", path, data=data) as stream:
        return _with_commits(history, list(_lines(stream)))


def unblamed(data: bytes) -> list[BlamedLine]:
    """Gives the lines of a file that no commit knows."""
    lines = data.decode("utf-8", "replace").removesuffix("\n").split("\n") if data else []
    return [BlamedLine(number=i, text=text, commit=None) for i, text in enumerate(lines, 1)]


def _lines(stream: IO[bytes]) -> Iterator[tuple[CommitId, int, str]]:
    """Reads the porcelain form: `commit old new …`, facts we look up ourselves, a tab and the line.

    Names in it went through the mailmap of the work tree, which no commit fixes.
    """
    commit, number = CommitId(""), 0
    heading = True
    for line in pieces(stream, b"\n"):
        if heading:
            name, _, place = line.decode("ascii").split(" ")[:3]
            commit, number, heading = CommitId(name), int(place), False
        elif line.startswith(b"\t"):
            yield commit, number, line[1:].decode("utf-8", "replace")
            heading = True


def _with_commits(history: History, lines: list[tuple[CommitId, int, str]]) -> list[BlamedLine]:
    wanted = [c for c in dict.fromkeys(commit for commit, _, _ in lines) if c.strip("0")]
    commits = {c.identifier: c for c in history.commits(wanted)} if wanted else {}
    return [
        BlamedLine(number=number, text=text, commit=commits.get(commit))
        for commit, number, text in lines
    ]
