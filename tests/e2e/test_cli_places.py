"""Repositories of all kinds and in all places: clones, owners, what may not be written."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import Program
from tests.support.repositories import RepoBuilder

COUNT = ("query", "SELECT count(*) AS n FROM people")
NOBODY = 65534


def everything(folder: Path) -> dict[str, bytes]:
    """Gives path → content of a folder's files."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@contextmanager
def sealed(folder: Path) -> Iterator[None]:
    """Lets a folder be read only, and looks that it stays as it is."""
    paths = [folder, *folder.rglob("*")]
    before = everything(folder)
    for path in paths:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        yield
    finally:
        for path in paths:
            path.chmod(path.stat().st_mode | 0o200)
    assert everything(folder) == before


def test_a_bare_repository(program: Program, repo: RepoBuilder, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    done = program("-C", tmp_path / "bare.git", *COUNT)
    assert done.stdout == "n\n3\n", done.stderr


def test_a_linked_work_tree(program: Program, repo: RepoBuilder, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "v1")
    linked = program.at(tmp_path / "linked")
    assert linked(*COUNT).stdout == "n\n2\n"
    (tmp_path / "linked" / "people" / "di.yaml").write_text("name: Di\n")
    assert linked(*COUNT, "--at", "WORKING").stdout == "n\n3\n"
    assert program(*COUNT, "--at", "WORKING").stdout == "n\n3\n"
    assert program(*COUNT).stdout == "n\n3\n"


def test_a_repository_of_sha256(program: Program, tmp_path: Path) -> None:
    other = RepoBuilder(tmp_path / "other", "--object-format=sha256")
    tip = other.commit({"people/anna.yaml": "name: Anna\n"})
    other.commit({"people/bo.yaml": "name: Bo\n"})
    there = program.at(other.path)
    assert there(*COUNT).stdout == "n\n2\n"
    assert there(*COUNT, "--at", tip).stdout == there(*COUNT, "--at", "HEAD~1").stdout == "n\n1\n"
    found = json.loads(there("query", "SELECT _blob FROM people", "--format", "json").stdout)
    assert {len(row["_blob"]) for row in found} == {64}
    assert there(*COUNT, "--at", "WORKING").stdout == "n\n2\n"


def test_a_shallow_clone(program: Program, repo: RepoBuilder, tmp_path: Path) -> None:
    shallow = repo.clone(tmp_path / "shallow", "--depth=1")
    there = program.at(shallow.path)
    assert there(*COUNT).stdout == "n\n3\n"
    assert len(there("log").stdout.splitlines()) == 2
    assert there("query", "SELECT count(*) AS n FROM versions('people')").stdout == "n\n3\n"
    cut = there(*COUNT, "--at", "HEAD~1")
    assert (cut.returncode, cut.stdout) == (3, "")
    assert f"shallow and begins at {repo.tip()[:12]}" in cut.stderr
    assert cut.stderr.endswith("hint: git fetch --unshallow\n")
    early = there(*COUNT, "--at", "2026-01-01T13:00:00Z")
    assert early.returncode == 3
    assert f"shallow and begins at {repo.tip()[:12]} of 2026-01-02" in early.stderr
    assert early.stderr.endswith("hint: git fetch --unshallow\n")
    shallow.git("fetch", "--quiet", "--unshallow", "origin")
    assert there(*COUNT, "--at", "HEAD~1").stdout == "n\n2\n"


def test_a_clone_without_the_files_of_the_past(
    program: Program, repo: RepoBuilder, tmp_path: Path
) -> None:
    repo.commit({"people/bo.yaml": "name: Bo\ncity: Oslo\n"})
    repo.config(uploadpack__allowFilter="true")
    partial = repo.clone(tmp_path / "partial", "--filter=blob:none")
    there = program.at(partial.path)
    assert there(*COUNT).stdout == "n\n3\n"
    assert there(*COUNT).stderr == ""
    missing = there(*COUNT, "--at", "HEAD~1")
    assert missing.stdout == "n\n2\n"
    assert "people/bo.yaml" in missing.stderr
    assert there(*COUNT, "--at", "HEAD~1", "--strict").returncode == 5


def test_a_repository_of_another_owner(program: Program, repo: RepoBuilder) -> None:
    if os.geteuid() == 0:
        for path in (repo.path, repo.path / ".git"):
            os.chown(path, NOBODY, NOBODY)
        done = program("tables")
    else:
        done = program("tables", GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert done.returncode == 5, done.stdout
    line = f"git config --global --add safe.directory {repo.path}"
    assert line in done.stderr
    config = program.home / ".gitconfig"
    config.write_text(f"[safe]\n\tdirectory = {line.rpartition(' ')[2]}\n")
    assert program(*COUNT).stdout == "n\n3\n"


def test_a_checkout_that_is_read_only(program: Program, repo: RepoBuilder) -> None:
    bound = program.bound_by_modes()
    with sealed(repo.path):
        for ref, number in (("HEAD", 3), ("v1", 2), ("WORKING", 3), ("STAGED", 3)):
            done = bound(*COUNT, "--at", ref)
            assert (done.returncode, done.stdout) == (0, f"n\n{number}\n"), ref
            assert done.stderr == "", ref


@pytest.mark.parametrize("home", ["", "/proc/nowhere"])
def test_without_a_home(program: Program, tmp_path: Path, home: str) -> None:
    around = {"HOME": home, "XDG_CACHE_HOME": "", "TMPDIR": str(tmp_path)}
    done = program.bound_by_modes()(*COUNT, **around)
    assert (done.returncode, done.stdout) == (0, "n\n3\n")
    assert done.stderr.startswith("note: ")
    assert done.stderr.count("\n") == 1
    assert str(tmp_path) in done.stderr


def test_a_home_that_is_read_only(program: Program, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with sealed(program.home):
        done = program.bound_by_modes()(*COUNT, TMPDIR=str(temporary))
    assert (done.returncode, done.stdout) == (0, "n\n3\n")
    assert done.stderr.startswith("note: ")
    assert str(temporary) in done.stderr


def test_a_cache_that_is_read_only(program: Program) -> None:
    assert program(*COUNT).returncode == 0
    with sealed(program.home):
        done = program.bound_by_modes()(*COUNT)
    assert (done.returncode, done.stdout) == (0, "n\n3\n"), done.stderr


@pytest.mark.parametrize("setting", ["true", "input"])
def test_line_ends_of_a_checkout(
    program: Program, repo: RepoBuilder, tmp_path: Path, setting: str
) -> None:
    repo.commit(
        {
            "lines.csv": 'name,note\nÅse,"a\nb"\nBo,\n',
            "more/a.yaml": "text: |\n  one\n  two\n",
            "pages/a.md": "---\ntitle: A\n---\n# Body\n\ntext\n",
            "list.jsonl": '{"n": 1}\n{"n": 2}\n',
            "table.toml": '[a]\ns = """\none\ntwo"""\n',
        }
    )
    clone = repo.clone(tmp_path / "clone", "-c", f"core.autocrlf={setting}")
    converted = b"\r\n" in (clone.path / "lines.csv").read_bytes()
    assert converted == (setting == "true")
    there = program.at(clone.path)
    for name in ("lines", "more", "pages", "list", '"table"'):
        sql = f"SELECT *, _path, _line, _blob FROM {name}"
        head = there("query", sql, "--format", "json")
        assert head.returncode == 0, head.stderr
        assert there("query", sql, "--format", "json", "--at", "WORKING").stdout == head.stdout
        assert "\\r" not in head.stdout
