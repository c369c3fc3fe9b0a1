"""Trees and their differences: commits, EMPTY, the index and the work tree."""

import os
import pickle
import shutil
from itertools import product
from pathlib import Path

import pytest

from ingitdb.errors import RepositoryError
from ingitdb.git.repository import Repository
from ingitdb.model.history import EXECUTABLE, GITLINK, SYMLINK
from ingitdb.model.identifiers import EMPTY, STAGED, WORKING, CommitId
from tests.compat.git.judge import differences, listing
from tests.support.repositories import RepoBuilder


def state(repository: Repository, commit: str) -> dict[str, tuple[int, str]]:
    tree = repository.tree(CommitId(commit))
    return {path: (entry.mode, entry.blob) for path, entry in tree.items()}


def committed(builder: RepoBuilder, target: Path) -> dict[str, tuple[int, str]]:
    """What git would commit of the work tree, tried on a copy."""
    shutil.copytree(builder.path, target, symlinks=True)
    copy = RepoBuilder.adopt(target)
    copy.git("add", "--all")
    return listing(copy, copy.git("write-tree"))


def contents_match(repository: Repository, builder: RepoBuilder, commit: str) -> None:
    store = repository.objects()
    for path, entry in repository.tree(CommitId(commit)).items():
        if entry.mode != GITLINK:
            file = builder.path / path
            data = os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
            assert store.read(entry.blob) == data, path
            assert store.size(entry.blob) == len(data)


@pytest.fixture
def dirty(built: RepoBuilder) -> RepoBuilder:
    """A work tree with every kind of change, staged and not."""
    built.write(".gitignore", "*.tmp\n/ignored/\n")
    built.write("gone.yaml", "x\n")
    built.write("kept.yaml", "x\n")
    built.commit(message="Base")
    built.write("people/ann.yaml", "age: 10\n")
    built.git("add", "people/ann.yaml")
    built.write("people/ann.yaml", "age: 11\n")
    built.remove("people/bob.yaml")
    built.git("rm", "--quiet", "gone.yaml")
    built.write("new/deep/er.yaml", "n: 1\n")
    built.write("staged.yaml", "n: 2\n")
    built.git("add", "staged.yaml")
    built.write("x.tmp", "no\n")
    built.write("ignored/x.yaml", "no\n")
    (built.path / "people" / "cid.yaml").chmod(0o755)
    (built.path / "link").symlink_to("people/ann.yaml")
    built.remove("kept.yaml")
    (built.path / "kept.yaml").symlink_to("elsewhere")
    return built


def test_working_is_what_add_all_would_commit(dirty: RepoBuilder, tmp_path: Path) -> None:
    expected = committed(dirty, tmp_path / "copy")
    with Repository.open(dirty.path) as opened:
        assert state(opened, WORKING) == expected
        contents_match(opened, dirty, WORKING)
        assert opened.tree(WORKING)["people/cid.yaml"].mode == EXECUTABLE
        assert opened.tree(WORKING)["kept.yaml"].mode == SYMLINK


def test_staged_is_what_commit_would_take(dirty: RepoBuilder) -> None:
    with Repository.open(dirty.path) as opened:
        assert state(opened, STAGED) == listing(dirty, dirty.git("write-tree"))
        assert opened.read_file(STAGED, "people/ann.yaml") == b"age: 10\n"
        assert opened.read_file(WORKING, "people/ann.yaml") == b"age: 11\n"


def test_changes_between_all_states(dirty: RepoBuilder) -> None:
    with Repository.open(dirty.path) as opened:
        states = [EMPTY, STAGED, WORKING, dirty.tip(), dirty.tip("HEAD~2")]
        for old, new in product(states, states):
            changes = opened.changes(CommitId(old), CommitId(new))
            paths = [c.path.encode() for c in changes]
            assert paths == sorted(paths)
            assert set(changes) == differences(state(opened, old), state(opened, new)), (old, new)
        assert opened.tree(EMPTY) == {}


def test_repository_stays_as_it_is(dirty: RepoBuilder) -> None:
    def snapshot() -> dict[Path, bytes]:
        files = (p for p in (dirty.path / ".git").rglob("*") if p.is_file())
        return {p: p.read_bytes() for p in files}

    before, status = snapshot(), dirty.git("status", "--porcelain")
    with Repository.open(dirty.path) as opened:
        before = snapshot()
        opened.tree(WORKING)
        opened.changes(STAGED, WORKING)
        opened.modified_count()
        opened.blame(WORKING, "people/ann.yaml")
        assert snapshot() == before
    assert dirty.git("status", "--porcelain") == status


def test_private_objects_are_removed(dirty: RepoBuilder, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Repository.open(dirty.path) as opened:
        opened.tree(WORKING)
        (folder,) = tmp_path.glob("ingitdb-*")
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
    opened.tree(WORKING)  # closing ends no repository
    del opened
    assert not list(tmp_path.glob("ingitdb-*"))


def test_working_follows_the_files(built: RepoBuilder, repository: Repository) -> None:
    tip = repository.resolve_default()
    assert repository.changes(tip, WORKING) == []
    for content in ("age: 5\n", "age: 6\n"):  # as long as before, in the same moment
        built.write("people/ann.yaml", content)
        (change,) = repository.changes(tip, WORKING)
        assert repository.objects().read(change.new) == content.encode()
    assert repository.modified_count() == 1


def test_workers_read_uncommitted_blobs(dirty: RepoBuilder) -> None:
    with Repository.open(dirty.path) as opened:
        blobs = [entry.blob for entry in opened.tree(WORKING).values()]
        again = pickle.loads(pickle.dumps(opened.objects()))
        assert dict(again.read_many(blobs)) == dict(opened.objects().read_many(blobs))
        assert None not in dict(again.read_many(blobs)).values()


def test_store_taken_before_still_finds_uncommitted_blobs(dirty: RepoBuilder) -> None:
    with Repository.open(dirty.path) as opened:
        store = opened.objects()
        committed_blob = opened.tree(opened.resolve_default())["people/bob.yaml"].blob
        for _ in range(30):  # so often that libgit2 has been opened
            store.read(committed_blob)
        blob = opened.tree(WORKING)["new/deep/er.yaml"].blob
        assert store.read(blob) == b"n: 1\n"


def test_clean_filters_and_line_ends(empty: RepoBuilder, tmp_path: Path) -> None:
    empty.config(filter__shout__clean="tr a-z A-Z", core__safecrlf="true")
    empty.write(".gitattributes", "*.up filter=shout\n*.txt text=auto\n*.id ident\n")
    empty.commit()
    empty.write("a.up", "quiet\n")
    empty.write("b.txt", "one\r\ntwo\r\n")
    empty.write("c.id", "$Id: 12345 $\n")
    with Repository.open(empty.path) as opened:
        read = {path: opened.read_file(WORKING, path) for path in ("a.up", "b.txt", "c.id")}
        assert read == {"a.up": b"QUIET\n", "b.txt": b"one\ntwo\n", "c.id": b"$Id$\n"}
    empty.config(core__safecrlf="false")
    with Repository.open(empty.path) as opened:
        assert state(opened, WORKING) == committed(empty, tmp_path / "copy")


def test_file_modes_that_do_not_count(built: RepoBuilder, repository: Repository) -> None:
    built.config(core__fileMode="false")
    (built.path / "people" / "ann.yaml").chmod(0o755)
    assert repository.changes(repository.resolve_default(), WORKING) == []


def test_without_any_commit(empty: RepoBuilder) -> None:
    with Repository.open(empty.path) as opened:
        assert opened.tree(WORKING) == opened.tree(STAGED) == {}
        empty.write("a.yaml", "a: 1\n")
        assert list(opened.tree(WORKING)) == ["a.yaml"]
        assert opened.tree(STAGED) == {}
        empty.git("add", "a.yaml")
        assert list(opened.tree(STAGED)) == ["a.yaml"]
        assert opened.modified_count() == 1
        (line,) = opened.blame(WORKING, "a.yaml")
        assert (line.text, line.commit) == ("a: 1", None)


def test_conflicts(built: RepoBuilder) -> None:
    built.branch("ours", "main")
    built.commit({"people/ann.yaml": "age: 20\n", "people/bob.yaml": None})
    built.branch("theirs", "main")
    built.commit({"people/ann.yaml": "age: 30\n", "people/bob.yaml": "age: 31\n"})
    built.checkout("ours")
    built.run("merge", "theirs", check=False)
    with Repository.open(built.path) as opened:
        assert opened.read_file(STAGED, "people/ann.yaml") == b"age: 20\n"
        assert "people/bob.yaml" not in opened.tree(STAGED)
        assert b"<<<<<<<" in opened.read_file(WORKING, "people/ann.yaml")
        contents_match(opened, built, WORKING)


def test_narrow(dirty: RepoBuilder) -> None:
    with Repository.open(dirty.path / "people", narrow=True) as opened:
        assert set(opened.tree(WORKING)) == {"ann.yaml", "cid.yaml"}
        changes = opened.changes(opened.resolve_default(), WORKING)
        assert {c.path for c in changes} == {"ann.yaml", "bob.yaml", "cid.yaml"}
        assert opened.modified_count() == 3
        assert opened.read_file(WORKING, "ann.yaml") == b"age: 11\n"


def test_narrow_to_a_folder_without_files(built: RepoBuilder) -> None:
    (built.path / "hollow").mkdir()
    with Repository.open(built.path / "hollow", narrow=True) as opened:
        assert opened.tree(WORKING) == opened.tree(opened.resolve_default()) == {}
        assert opened.changes(STAGED, WORKING) == []
        assert [changes for _, changes in opened.line_changes(opened.resolve_default())] == [[]] * 4


def test_repositories_inside(built: RepoBuilder, repository: Repository) -> None:
    inner = RepoBuilder(built.path / "inner")
    built.write("new.yaml", "n: 1\n")
    assert "new.yaml" in repository.tree(WORKING), "one without commits hides nothing"
    tip = inner.commit({"x": "1"})
    entry = repository.tree(WORKING)["inner"]
    assert (entry.mode, entry.blob) == (GITLINK, tip)


def test_split_index_and_intent_to_add(built: RepoBuilder, repository: Repository) -> None:
    built.git("update-index", "--split-index")
    built.write("new.yaml", "n: 1\n")
    built.git("add", "--intent-to-add", "new.yaml")
    shared = sorted(p.name for p in (built.path / ".git").glob("sharedindex.*"))
    assert "new.yaml" not in repository.tree(STAGED)
    assert "new.yaml" in repository.tree(WORKING)
    assert sorted(p.name for p in (built.path / ".git").glob("sharedindex.*")) == shared


def test_sparse_checkout(built: RepoBuilder, repository: Repository) -> None:
    built.commit({"other/a.yaml": "a: 1\n"})
    built.git("sparse-checkout", "set", "people")
    assert not (built.path / "other").exists()
    assert repository.changes(repository.resolve_default(), WORKING) == []


def test_a_file_that_git_cannot_take_is_named(built: RepoBuilder, repository: Repository) -> None:
    built.config(filter__broken__clean="false", filter__broken__required="true")
    built.write(".gitattributes", "*.bad filter=broken\n")
    built.write("x.bad", "content\n")
    with pytest.raises(RepositoryError, match=r"x\.bad"):
        repository.tree(WORKING)


def test_modified_count(dirty: RepoBuilder) -> None:
    with Repository.open(dirty.path) as opened:
        status = dirty.git("status", "--porcelain", "--untracked-files=all", "--no-renames")
        assert opened.modified_count() == len(status.splitlines()) == 8
