"""Work trees follow the branch that they have checked out; `git status` is the judge."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ingitdb.errors import WorkTreeInTheWay
from ingitdb.git.repository import Repository
from tests.compat.git.test_branch_writer import wanted
from tests.support.repositories import RepoBuilder


def write(repo: RepoBuilder, files: Mapping[str, bytes | None]) -> str:
    with Repository.open(repo.path) as opened:
        made = opened.writer().commit(wanted(repo.tip("main"), files))
    assert made is not None
    return made


def status(path: Path) -> list[str]:
    done = subprocess.run(
        ["git", "-C", str(path), "status", "--porcelain"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_files_follow(built: RepoBuilder) -> None:
    made = write(built, {"people/ann.yaml": b"age: 5\n", "people/bob.yaml": None, "t/n.csv": b"a"})
    assert built.tip() == made
    assert status(built.path) == []
    assert (built.path / "people" / "ann.yaml").read_text() == "age: 5\n"
    assert not (built.path / "people" / "bob.yaml").exists()
    assert (built.path / "t" / "n.csv").read_bytes() == b"a"
    assert not (built.path / ".git" / "ingitdb-intent").exists()


def test_changes_elsewhere_stay(built: RepoBuilder) -> None:
    built.write("people/cid.yaml", "age: 40\n")
    built.write("people/bob.yaml", "age: 20\n")
    built.git("add", "people/bob.yaml")
    built.write("new.txt", "mine")
    before = status(built.path)
    write(built, {"people/ann.yaml": b"age: 5\n"})
    assert status(built.path) == before
    assert (built.path / "people" / "ann.yaml").read_text() == "age: 5\n"
    assert (built.path / "people" / "cid.yaml").read_text() == "age: 40\n"


@pytest.mark.parametrize("staged", [False, True])
def test_a_change_in_the_same_file_refuses(built: RepoBuilder, staged: bool) -> None:
    built.write("people/ann.yaml", "age: 77\n")
    if staged:
        built.git("add", "--all")
    tip, before = built.tip(), status(built.path)
    with pytest.raises(WorkTreeInTheWay, match=r"people/ann\.yaml"):
        write(built, {"people/ann.yaml": b"age: 5\n"})
    assert (built.tip(), status(built.path)) == (tip, before)
    assert (built.path / "people" / "ann.yaml").read_text() == "age: 77\n"
    built.git("fsck", "--strict")


def test_an_untracked_file_refuses(built: RepoBuilder) -> None:
    built.write("people/new.yaml", "age: 77\n")
    with pytest.raises(WorkTreeInTheWay, match=r"people/new\.yaml"):
        write(built, {"people/new.yaml": b"age: 5\n"})
    assert (built.path / "people" / "new.yaml").read_text() == "age: 77\n"


def test_a_merge_refuses(built: RepoBuilder) -> None:
    built.branch("other", "HEAD~1")
    built.commit({"people/ann.yaml": "age: 6\n"})
    built.checkout("main")
    built.commit({"people/ann.yaml": "age: 7\n"})
    built.run("merge", "other", check=False)
    with pytest.raises(WorkTreeInTheWay, match="amid a merge"):
        write(built, {"people/bob.yaml": b"age: 5\n"})
    built.git("merge", "--abort")
    (built.path / ".git" / "index.lock").touch()
    with pytest.raises(WorkTreeInTheWay, match="another git process") as caught:
        write(built, {"people/bob.yaml": b"age: 5\n"})
    assert "index.lock" in str(caught.value.hint)
    (built.path / ".git" / "index.lock").unlink()
    write(built, {"people/bob.yaml": b"age: 5\n"})
    assert status(built.path) == []


def test_linked_work_trees_follow_theirs(built: RepoBuilder, tmp_path: Path) -> None:
    built.git("checkout", "--quiet", "--detach")
    linked, other = tmp_path / "linked", tmp_path / "other"
    built.git("worktree", "add", "--quiet", str(linked), "main")
    built.git("worktree", "add", "--quiet", "-b", "dev", str(other), "main")
    write(built, {"people/ann.yaml": b"age: 5\n"})
    ages = [(p / "people" / "ann.yaml").read_text() for p in (built.path, linked, other)]
    assert ages == ["age: 3\n", "age: 5\n", "age: 3\n"]
    assert [status(path) for path in (built.path, linked, other)] == [[], [], []]


def test_line_ends_and_sparse_trees_are_git_s(built: RepoBuilder) -> None:
    built.commit({".gitattributes": "*.yaml text eol=crlf\n"})
    built.git("sparse-checkout", "set", "--no-cone", "/people/", "/.gitattributes")
    write(built, {"people/ann.yaml": b"age: 5\n", "elsewhere/x.yaml": b"n: 1\n"})
    assert (built.path / "people" / "ann.yaml").read_bytes() == b"age: 5\r\n"
    assert not (built.path / "elsewhere").exists()
    assert status(built.path) == []


KILLED = """
import os, sys
from pathlib import Path
from ingitdb.git import work_trees
from ingitdb.git.repository import Repository
from tests.compat.git.test_branch_writer import wanted
work_trees._follow = lambda *_: os._exit(9)
with Repository.open(Path(sys.argv[1])) as opened:
    opened.writer().commit(wanted(opened.head().commit, {"people/ann.yaml": b"age: 5\\n"}))
"""


def test_the_next_writer_ends_what_a_crash_left(built: RepoBuilder) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, built.path], check=False)
    assert done.returncode == 9
    assert built.git("show", "HEAD:people/ann.yaml") == "age: 5"
    assert status(built.path) == ["M  people/ann.yaml"]  # the reversal
    write(built, {"people/bob.yaml": b"age: 8\n"})
    assert status(built.path) == []
    assert (built.path / "people" / "ann.yaml").read_text() == "age: 5\n"
    assert (built.path / "people" / "bob.yaml").read_text() == "age: 8\n"
