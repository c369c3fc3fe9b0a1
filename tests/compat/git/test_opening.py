"""Finding a repository, and saying why one cannot be used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingitdb.errors import RepositoryError, RepositoryNotFound, RepositoryRefused
from ingitdb.git.repository import Repository
from tests.support.repositories import RepoBuilder


def test_open_finds_the_root_from_a_sub_folder(built: RepoBuilder) -> None:
    opened = Repository.open(built.path / "people")
    assert opened.work_tree == built.path.resolve()
    assert opened.git_dir == opened.common_dir == built.path.resolve() / ".git"
    assert (opened.prefix, opened.name, opened.bare, opened.shallow) == ("", "data", False, False)


def test_open_narrow_sees_only_the_sub_folder(built: RepoBuilder) -> None:
    opened = Repository.open(built.path / "people", narrow=True)
    assert (opened.prefix, opened.name) == ("people/", "people")
    tip = opened.resolve_default()
    assert set(opened.tree(tip)) == {"ann.yaml", "bob.yaml", "cid.yaml"}
    assert opened.read_file(tip, "cid.yaml") == b"age: 4\n"
    assert opened.identity != Repository.open(built.path).identity


def test_open_narrow_at_the_root_is_the_whole(built: RepoBuilder) -> None:
    narrow = Repository.open(built.path, narrow=True)
    assert narrow.prefix == ""
    assert narrow.identity == Repository.open(built.path / "people").identity


def test_open_by_the_git_folder(built: RepoBuilder) -> None:
    opened = Repository.open(built.path / ".git")
    assert opened.work_tree == built.path.resolve()
    assert opened.identity == Repository.open(built.path).identity
    assert opened.resolve("WORKING") == "WORKING"


def test_open_through_a_symlink_has_the_same_identity(built: RepoBuilder, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(built.path)
    assert Repository.open(tmp_path / "link").identity == Repository.open(built.path).identity


def test_open_relative_path(built: RepoBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built.path)
    assert Repository.open(Path()).name == "data"


def test_bare_repository(built: RepoBuilder, tmp_path: Path) -> None:
    built.clone(tmp_path / "copy.git", "--bare")
    opened = Repository.open(tmp_path / "copy.git")
    assert (opened.bare, opened.work_tree, opened.name) == (True, None, "copy")
    tip = opened.resolve_default()
    assert tip == built.tip()
    assert opened.read_file(tip, "people/ann.yaml") == b"age: 3\n"
    assert opened.modified_count() == 0
    with pytest.raises(RepositoryError, match="bare") as caught:
        opened.resolve("WORKING")
    assert caught.value.hint


def test_linked_work_tree(built: RepoBuilder, tmp_path: Path) -> None:
    built.git("worktree", "add", "--quiet", "-b", "linked", str(tmp_path / "other"), "HEAD~1")
    opened = Repository.open(tmp_path / "other")
    assert opened.name == "other"
    assert opened.common_dir == built.path.resolve() / ".git"
    assert opened.git_dir != opened.common_dir
    assert opened.identity == Repository.open(built.path).identity
    assert opened.head().branch == "linked"
    assert opened.head().commit == built.tip("HEAD~1") == opened.resolve("HEAD")
    (tmp_path / "other" / "new.txt").write_text("x")
    assert "new.txt" in opened.tree(opened.resolve("WORKING"))
    assert [b.name for b in opened.branches() if b.is_current] == ["linked"]
    token = opened.cache_token()
    RepoBuilder.adopt(tmp_path / "other").commit(message="On the linked tree")
    assert opened.cache_token() != token


def test_separate_git_dir(tmp_path: Path) -> None:
    builder = RepoBuilder(tmp_path / "files", f"--separate-git-dir={tmp_path / 'elsewhere'}")
    tip = builder.commit({"a.yaml": "a: 1\n"})
    opened = Repository.open(builder.path)
    assert opened.git_dir == tmp_path.resolve() / "elsewhere"
    assert opened.resolve_default() == tip
    assert opened.changes(tip, opened.resolve("WORKING")) == []


@pytest.mark.parametrize("name", ["nowhere", "plain", "plain/file"])
def test_no_repository(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "file").write_text("")
    with pytest.raises(RepositoryNotFound) as caught:
        Repository.open(tmp_path / name)
    assert str(tmp_path / name) in caught.value.message


def test_unknown_extension_is_refused_by_name(built: RepoBuilder) -> None:
    built.config(core__repositoryformatversion="1", extensions__futureThing="yes")
    with pytest.raises(RepositoryRefused, match="futurething") as caught:
        Repository.open(built.path)
    assert caught.value.hint


def test_unknown_format_version_is_refused(built: RepoBuilder) -> None:
    built.config(core__repositoryformatversion="9")
    with pytest.raises(RepositoryRefused, match="found 9"):
        Repository.open(built.path)


def test_explicit_bare_rule_is_obeyed(
    built: RepoBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built.clone(tmp_path / "copy.git", "--bare")
    (tmp_path / "gitconfig").write_text("[safe]\nbareRepository = explicit\n")
    with pytest.raises(RepositoryRefused, match=r"safe\.bareRepository"):
        Repository.open(tmp_path / "copy.git")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_foreign_owner_is_refused_until_git_is_told(built: RepoBuilder, tmp_path: Path) -> None:
    for folder, _, files in os.walk(built.path):
        for name in (folder, *(Path(folder, f) for f in files)):
            os.chown(name, 12345, 12345)
    with pytest.raises(RepositoryRefused) as caught:
        Repository.open(built.path)
    line = f"git config --global --add safe.directory {built.path}"
    assert caught.value.hint == line
    subprocess.run(line.split(), check=True)
    with Repository.open(built.path) as opened:
        tip = opened.resolve_default()
        blobs = [entry.blob for entry in opened.tree(tip).values()]
        assert len(dict(opened.objects().read_many(blobs))) == 3
        assert opened.changes(tip, opened.resolve("WORKING")) == []


def test_git_missing(built: RepoBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RepositoryError, match="git executable") as caught:
        Repository.open(built.path)
    assert "Install Git" in (caught.value.hint or "")


def test_repository_removed_while_open(built: RepoBuilder, tmp_path: Path) -> None:
    opened = Repository.open(built.path)
    built.path.rename(tmp_path / "moved")
    with pytest.raises(RepositoryError):
        opened.first_parents(opened.resolve("HEAD"))


def test_surroundings_of_a_calling_git_do_not_matter(
    built: RepoBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = RepoBuilder(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.path / ".git" / "objects"))
    opened = Repository.open(built.path)
    assert opened.resolve_default() == built.tip()
    assert opened.modified_count() == 0


def test_opening_and_resolving_do_not_load_libgit2(built: RepoBuilder) -> None:
    script = f"""
import sys
from pathlib import Path
from ingitdb.git.repository import Repository
repository = Repository.open(Path({str(built.path)!r}))
tip = repository.resolve("main")
list(repository.log()), list(repository.line_changes(tip)), repository.tree(tip)
repository.cache_token(), repository.changes(tip, repository.resolve("WORKING"))
assert len(repository.read_file(tip, "people/ann.yaml")) == 7
repository.close()
print([name for name in ("pygit2", "numpy", "pyarrow") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True)
    assert (done.stdout.decode().strip(), done.stderr) == ("[]", b"")
