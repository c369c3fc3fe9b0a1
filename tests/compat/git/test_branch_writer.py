"""Commits that we write are those that git itself would write, and git finds nothing wrong."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ingitdb.errors import AuthorUnknown, BranchMoved, RepositoryError
from ingitdb.git.branch_writer import NewCommit
from ingitdb.git.repository import Repository
from ingitdb.model.history import Signature
from ingitdb.model.identifiers import CommitId
from tests.support.repositories import RepoBuilder

DESK = Signature(
    name="Data Desk",
    email="data@example.org",
    at=datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
)
WRITERS = 6
EACH = 10


def wanted(
    base: CommitId | str | None, files: Mapping[str, bytes | None], message: str = "Change"
) -> NewCommit:
    return NewCommit(
        branch="main",
        base=None if base is None else CommitId(base),
        files=files,
        message=message,
        author=DESK,
        committer=DESK,
    )


def written(repo: RepoBuilder, files: Mapping[str, bytes | None], message: str = "Change") -> str:
    """Adds a commit to main; git must find the repository sound."""
    with Repository.open(repo.path) as opened:
        made = opened.writer().commit(wanted(repo.tip(), files, message))
    assert made is not None
    assert repo.tip("main") == made
    sound(repo)
    return made


def sound(repo: RepoBuilder) -> None:
    repo.git("fsck", "--strict", "--no-dangling")
    assert not list((repo.path / ".git" / "objects" / "pack").glob("*.keep"))
    assert not list((repo.path / ".git" / "objects" / "pack").glob("tmp_*"))


def packs(repo: RepoBuilder) -> int:
    return len(list((repo.path / ".git" / "objects" / "pack").glob("*.pack")))


def test_a_commit_as_git_shows_it(built: RepoBuilder) -> None:
    before = built.tip()
    message = "Ann is 5\n\nAs she says: 'ø'.\n"
    made = written(built, {"people/ann.yaml": b"age: 5\n", "new/deep/x.csv": b"a\r\n"}, message)
    shown = built.git("log", "-1", "--format=%P|%an|%ae|%ai|%cn|%B", made)
    assert shown == f"{before}|Data Desk|data@example.org|2026-03-01 09:30:00 -0330|Data Desk|" + (
        "Ann is 5\n\nAs she says: 'ø'."
    )
    assert built.git("show", f"{made}:people/ann.yaml") == "age: 5"
    changed = built.git("diff", "--name-status", before, made).splitlines()
    assert changed == ["A\tnew/deep/x.csv", "M\tpeople/ann.yaml"]
    assert built.git("reflog", "-1", "--format=%gs", "main") == "commit: Ann is 5"


def test_the_first_commit_of_a_branch(empty: RepoBuilder) -> None:
    with Repository.open(empty.path) as opened:
        made = opened.writer().commit(wanted(None, {"t/a.json": b"{}\n"}))
    assert empty.git("rev-list", "main").split() == [made]
    sound(empty)
    with Repository.open(empty.path) as opened, pytest.raises(BranchMoved, match="main"):
        opened.writer().commit(wanted(None, {"t/b.json": b"{}\n"}))


def test_trees_are_those_of_git(empty: RepoBuilder, seed: int) -> None:
    empty.git("symbolic-ref", "HEAD", "refs/heads/elsewhere")
    chance = random.Random(seed)
    names = ["a", "a.b", "a0", "a-", "ab", "b", "é", "z"]
    for _ in range(60):
        stood = empty.git("ls-tree", "-r", "--name-only", "-z", "main") if packs(empty) else ""
        there = set(stood.split("\0")) - {""}
        files: dict[str, bytes | None] = {}
        for _ in range(chance.randrange(1, 6)):
            path = "/".join(chance.choices(names, k=chance.randrange(1, 4)))
            files[path] = None if chance.random() < 0.3 else str(chance.random()).encode()
        left = (there | {p for p, data in files.items() if data}) - {
            p for p, data in files.items() if data is None
        }
        if any(one != path and path.startswith(f"{one}/") for one in there | set(files) for path in
               there | set(files)):  # fmt: skip
            continue
        with Repository.open(empty.path) as opened:
            base = CommitId(empty.tip("main")) if packs(empty) else None
            made = opened.writer().commit(wanted(base, files))
        if made is None:
            continue
        assert set(empty.git("ls-tree", "-r", "--name-only", "-z", made).split("\0")) - {""} == left
        empty.git("read-tree", made)
        assert empty.git("write-tree") == empty.git("rev-parse", f"{made}^{{tree}}")
    sound(empty)
    assert packs(empty) > 5


def test_modes_stay(empty: RepoBuilder) -> None:
    empty.write("run.json", "{}")
    (empty.path / "run.json").chmod(0o755)
    (empty.path / "link.json").symlink_to("run.json")
    empty.commit()
    written(empty, {"run.json": b'{"n": 1}'})
    assert empty.git("ls-tree", "HEAD", "run.json").split()[0] == "100755"
    with Repository.open(empty.path) as opened:
        for path, said in (
            ("link.json", "is a link"),
            ("run.json/x", "is a file"),
        ):
            with pytest.raises(RepositoryError, match=said):
                opened.writer().commit(wanted(empty.tip(), {path: b"{}"}))
    empty.commit({"folder/a.json": "{}"})
    with Repository.open(empty.path) as opened, pytest.raises(RepositoryError, match="is a folder"):
        opened.writer().commit(wanted(empty.tip(), {"folder": b"{}"}))
    written(empty, {"folder/a.json": None})
    assert "folder" not in empty.git("ls-tree", "--name-only", "HEAD")


def test_what_changes_nothing_makes_no_commit(built: RepoBuilder) -> None:
    with Repository.open(built.path) as opened:
        same = {"people/ann.yaml": b"age: 3\n", "people/nobody.yaml": None}
        assert opened.writer().commit(wanted(built.tip(), same)) is None
        assert opened.writer().commit(wanted(built.tip(), {})) is None
    assert packs(built) == 0


def test_a_branch_that_moved(built: RepoBuilder) -> None:
    base = built.tip()
    newer = built.commit({"people/ann.yaml": "age: 9\n"})
    with Repository.open(built.path) as opened, pytest.raises(BranchMoved, match="main"):
        opened.writer().commit(wanted(base, {"people/bob.yaml": b"age: 1\n"}))
    assert built.tip("main") == newer
    assert packs(built) == 0
    sound(built)


def test_a_lock_that_another_git_holds(built: RepoBuilder) -> None:
    lock = built.path / ".git" / "refs" / "heads" / "main.lock"
    lock.touch()
    threading.Timer(0.3, lock.unlink).start()
    written(built, {"people/ann.yaml": b"age: 5\n"})


def test_a_folder_as_database(built: RepoBuilder) -> None:
    with Repository.open(built.path / "people", narrow=True) as opened:
        made = opened.writer().commit(wanted(built.tip(), {"dora.yaml": b"age: 8\n"}))
    assert built.git("show", f"{made}:people/dora.yaml") == "age: 8"


def test_paths_that_are_no_text(built: RepoBuilder) -> None:
    with Repository.open(built.path) as opened:
        made = opened.writer().commit(wanted(built.tip(), {"people/\\xff.yaml": b"age: 8\n"}))
        assert made is not None
        assert "people/\\xff.yaml" in opened.tree(made)
    listed = built.run("ls-tree", "-z", "--name-only", f"{made}:people").stdout
    assert b"\xff.yaml" in listed.split(b"\0")


def test_other_object_names(tmp_path: Path) -> None:
    repo = RepoBuilder(tmp_path / "data", "--object-format=sha256")
    repo.commit({"a/b.json": "{}", "c.json": "{}"})
    made = written(repo, {"a/b.json": b"[]", "d.json": b"{}"})
    assert len(made) == 64
    assert repo.git("show", f"{made}:a/b.json") == "[]"


def test_large_objects(empty: RepoBuilder) -> None:
    empty.commit({"a.txt": "x"})
    data = random.Random(1).randbytes(3 << 20)
    made = written(empty, {"large.bin": data, "small.bin": data[:15], "none.bin": b""})
    assert empty.run("show", f"{made}:large.bin").stdout == data
    assert empty.run("show", f"{made}:none.bin").stdout == b""


RACE = """
import sys
from pathlib import Path
from ingitdb.errors import BranchMoved
from ingitdb.git.repository import Repository
from tests.compat.git.test_branch_writer import wanted
path, number, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with Repository.open(path) as opened:
    for turn in range(count):
        while True:
            base = opened.head().commit
            try:
                opened.writer().commit(wanted(base, {f"t/{number}-{turn}.json": b"{}"}))
            except BranchMoved:
                continue
            break
"""


def test_many_writers_at_once(empty: RepoBuilder) -> None:
    empty.commit({"a.txt": "x"})
    running = [
        subprocess.Popen([sys.executable, "-c", RACE, empty.path, str(n), str(EACH)])
        for n in range(WRITERS)
    ]
    deadline = time.monotonic() + 300
    while any(process.poll() is None for process in running) and time.monotonic() < deadline:
        empty.git("-c", "gc.auto=1", "repack", "-a", "-d", "--quiet")  # drops what nothing leads to
        time.sleep(0.05)
    assert [process.wait(30) for process in running] == [0] * WRITERS
    assert len(empty.git("ls-tree", "--name-only", "main:t").split()) == WRITERS * EACH
    assert len(empty.git("rev-list", "main").split()) == WRITERS * EACH + 1
    sound(empty)


def test_who_makes_commits(empty: RepoBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    with Repository.open(empty.path) as opened, pytest.raises(AuthorUnknown) as caught:
        opened.author()
    assert [line.split()[3] for line in str(caught.value.hint).splitlines()] == [
        "user.name",
        "user.email",
    ]
    empty.git("config", "user.name", "Fares <Desk>")
    empty.git("config", "user.email", "fares@example.org")
    with Repository.open(empty.path) as opened:
        found = opened.author()
        assert (found.name, found.email) == ("Fares Desk", "fares@example.org")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ports Desk")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-01-02T03:04:05+0530")
    with Repository.open(empty.path) as opened:
        found = opened.author()
        assert (found.name, found.email) == ("Ports Desk", "fares@example.org")
        assert found.at.isoformat() == "2026-01-02T03:04:05+05:30"
        assert opened.committer().name == "Fares Desk"


ONCE = """
import sys
from pathlib import Path
from ingitdb.errors import RepositoryError
from ingitdb.git.repository import Repository
from tests.compat.git.test_branch_writer import wanted
with Repository.open(Path(sys.argv[1])) as opened:
    try:
        opened.writer().commit(wanted(opened.head().commit, {"people/ann.yaml": b"age: 5"}))
    except RepositoryError as error:
        print(error)
"""


def test_a_repository_that_cannot_be_written(built: RepoBuilder) -> None:
    before = built.tip()
    bound = [] if os.geteuid() else ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    (built.path / ".git" / "objects" / "pack").chmod(0o555)
    done = subprocess.run(
        [*bound, sys.executable, "-c", ONCE, built.path], capture_output=True, text=True, check=True
    )
    assert "cannot be written: Permission denied" in done.stdout
    assert built.tip() == before
