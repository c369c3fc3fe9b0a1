"""The git layer on real repositories, commit by commit against plumbing commands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingitdb.git.repository import Repository
from ingitdb.model.history import FileChange
from ingitdb.model.identifiers import EMPTY
from tests.compat.git.judge import listing
from tests.support.repositories import RepoBuilder
from tests.support.shared_data import NAMES

pytestmark = [pytest.mark.compat, pytest.mark.slow]


def by_plumbing(builder: RepoBuilder, commits: list[str]) -> dict[str, list[FileChange]]:
    """Asks `git diff-tree --stdin` for each commit against its first parent."""
    parents = dict(
        line.split(" ", 1) if " " in line else (line, "")
        for line in builder.git("rev-list", "--parents", "HEAD").splitlines()
    )
    empty = builder.git("hash-object", "-t", "tree", "--stdin", data=b"")
    pairs = [f"{(parents[c].split() or [empty])[0]}^{{tree}}" for c in commits]
    trees = builder.git(
        "cat-file",
        "--batch-check=%(objectname)",
        data="\n".join([*pairs, *(f"{c}^{{tree}}" for c in commits)]).encode(),
    ).split()
    found = {}
    for commit, old, new in zip(commits, trees, trees[len(commits) :], strict=False):
        raw = builder.run("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new).stdout
        tokens = raw.split(b"\0")[:-1]
        changes = []
        for meta, path in zip(tokens[::2], tokens[1::2], strict=True):
            before, after, one, other, _ = meta.decode()[1:].split()
            changes.append(
                FileChange(
                    path.decode(),
                    None if int(before, 8) == 0 else one,
                    None if int(after, 8) == 0 else other,
                    int(after, 8),
                )
            )
        found[commit] = changes
    return found


@pytest.mark.parametrize("name", NAMES)
def test_line_changes_equal_diff_tree(name: str, shared: Callable[[str], Path]) -> None:
    builder = RepoBuilder.adopt(shared(name))
    with Repository.open(builder.path) as opened:
        tip = opened.resolve_default()
        found = list(opened.line_changes(tip))
        line = builder.git("rev-list", "--first-parent", "--reverse", "HEAD").split()
        assert [commit for commit, _ in found] == line
        expected = by_plumbing(builder, line)
        assert dict(found) == expected
        tree = {path: (e.mode, e.blob) for path, e in opened.tree(tip).items()}
        assert tree == listing(builder, "HEAD")
        assert {c.path: (c.new_mode, c.new) for c in opened.changes(EMPTY, tip)} == tree


@pytest.mark.parametrize("name", NAMES)
def test_log_equals_rev_list(name: str, shared: Callable[[str], Path]) -> None:
    builder = RepoBuilder.adopt(shared(name))
    expected = builder.git("rev-list", "--parents", "--timestamp", "HEAD").splitlines()
    found = [
        f"{int(c.committer.at.timestamp())} {' '.join((c.identifier, *c.parents))}"
        for c in Repository.open(builder.path).log()
    ]
    assert found == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_blob_is_read_as_git_reads_it(name: str, shared: Callable[[str], Path]) -> None:
    builder = RepoBuilder.adopt(shared(name))
    with Repository.open(builder.path) as opened:
        tip = opened.resolve_default()
        blobs = {c.new for _, changes in opened.line_changes(tip) for c in changes if c.new}
        sizes = builder.git(
            "cat-file", "--batch-check=%(objectsize)", data="\n".join(sorted(blobs)).encode()
        ).split()
        known = dict(zip(sorted(blobs), map(int, sizes), strict=True))
        read = 0
        for blob, data in opened.objects().read_many(blobs):
            assert data is not None
            assert len(data) == known[blob]
            read += 1
        assert read == len(blobs)


@pytest.mark.parametrize("name", NAMES)
def test_dates_equal_a_walk(name: str, shared: Callable[[str], Path]) -> None:
    with Repository.open(shared(name)) as opened:
        line = list(opened.log(first_parent=True))
        oldest, newest = line[-1].committer.at, line[0].committer.at
        for share in range(11):
            when = oldest + (newest - oldest) * share / 10
            expected = next(c.identifier for c in line if c.committer.at <= when)
            assert opened.at_time(when) == opened.resolve(when.isoformat()) == expected
