"""Reading blobs by both ways, in the order of the disk, and without what is missing."""

import pickle
import random
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from ingitdb.git.objects import ObjectStore
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import WORKING, BlobId, CommitId
from tests.support.repositories import RepoBuilder


def blobs_of(builder: RepoBuilder) -> dict[BlobId, bytes]:
    """Gives every blob that git knows of."""
    listed = builder.git("cat-file", "--batch-all-objects", "--batch-check").splitlines()
    names = [line.split()[0] for line in listed if line.split()[1] == "blob"]
    return {BlobId(name): builder.run("cat-file", "blob", name).stdout for name in names}


@pytest.fixture(params=["git", "libgit2"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes the store choose one way of reading."""
    few = 10**9 if request.param == "git" else -1
    monkeypatch.setattr("ingitdb.git.objects._FEW_CALLS", few)
    monkeypatch.setattr("ingitdb.git.objects._FEW_BLOBS", few)
    if request.param == "git":
        monkeypatch.delitem(sys.modules, "pygit2", raising=False)
    return str(request.param)


@pytest.fixture
def packed(empty: RepoBuilder) -> RepoBuilder:
    """Two packs, one of them with deltas, and loose objects."""
    text = [f"line {n}\n" for n in range(200)]
    for n in range(30):
        text[n] = f"changed {n}\n"
        empty.commit({"file.txt": "".join(text), f"many/{n}.yaml": f"n: {n}\n"})
        if n in (10, 20):
            empty.git("repack", "-d", "--quiet")
    return empty


def test_read(packed: RepoBuilder, way: str) -> None:
    store = Repository.open(packed.path).objects()
    expected = blobs_of(packed)
    assert {blob: store.read(blob) for blob in expected} == expected
    assert {blob: store.size(blob) for blob in expected} == {b: len(d) for b, d in expected.items()}


def test_read_many(packed: RepoBuilder, way: str) -> None:
    store = Repository.open(packed.path).objects()
    expected = blobs_of(packed)
    missing = BlobId("5" * 40)
    found = list(store.read_many([*expected, missing, *expected]))
    assert len(found) == len(expected) + 1
    assert dict(found) == {**expected, missing: None}
    assert list(store.read_many([])) == []


def test_missing_and_other_kinds(packed: RepoBuilder, way: str) -> None:
    store = Repository.open(packed.path).objects()
    for name in ("5" * 40, packed.tip(), packed.git("rev-parse", "HEAD^{tree}")):
        with pytest.raises(KeyError):
            store.read(BlobId(name))
        with pytest.raises(KeyError):
            store.size(BlobId(name))
        assert list(store.read_many([BlobId(name)])) == [(name, None)]


def test_damaged_blob_is_missing(empty: RepoBuilder) -> None:
    empty.commit({"a": "1", "b": "2"})
    store = Repository.open(empty.path).objects()
    one, other = empty.git("rev-parse", "HEAD:a", "HEAD:b").split()
    file = empty.path / ".git/objects" / one[:2] / one[2:]
    file.chmod(0o644)
    file.write_bytes(b"damage")
    for _ in range(30):
        with pytest.raises(KeyError):
            store.read(BlobId(one))
    assert dict(store.read_many([BlobId(one), BlobId(other)])) == {one: None, other: b"2"}


def test_pack_order(packed: RepoBuilder) -> None:
    store = Repository.open(packed.path).objects()
    blobs = list(blobs_of(packed))
    place: dict[str, tuple[int, int]] = {}
    for number, index in enumerate(sorted((packed.path / ".git/objects/pack").glob("*.idx"))):
        for line in packed.git("show-index", data=index.read_bytes()).splitlines():
            offset, name = line.split()[:2]
            place.setdefault(name, (number, int(offset)))
    assert len({number for number, _ in place.values()}) == 2
    for count in (len(blobs), 3):  # by a table, by searching
        chosen = random.Random(7).sample(blobs, count)
        ordered = store.in_pack_order(chosen)
        assert sorted(ordered) == sorted(chosen)
        known = [place[blob] for blob in ordered if blob in place]
        assert known == sorted(known)
        assert all(blob in place for blob in ordered[: len(known)]), "loose ones come last"
    assert store.in_pack_order([*blobs[:2], *blobs[:2]]) == store.in_pack_order(blobs[:2])


@pytest.mark.parametrize("version", ["1", "2,0x40"], ids=["version 1", "far offsets"])
def test_other_pack_indexes(packed: RepoBuilder, version: str, way: str) -> None:
    packed.git("repack", "-ad", "--quiet")
    (pack,) = (packed.path / ".git/objects/pack").glob("*.pack")
    index = pack.with_suffix(".idx")
    index.unlink()
    packed.git("index-pack", f"--index-version={version}", "-o", str(index), str(pack))
    store = Repository.open(packed.path).objects()
    expected = blobs_of(packed)
    assert dict(store.read_many(expected)) == expected
    lines = packed.git("show-index", data=index.read_bytes()).splitlines()
    offsets = {line.split()[1]: int(line.split()[0]) for line in lines}
    for chosen in (list(expected), list(expected)[:2]):
        ordered = store.in_pack_order(chosen)
        in_order = version == "1" or ordered == sorted(chosen, key=lambda b: offsets[b])
        assert in_order
        assert sorted(ordered) == sorted(chosen)


def test_new_objects_are_found(packed: RepoBuilder, way: str) -> None:
    store = Repository.open(packed.path).objects()
    for n in range(3):
        packed.commit({"later.yaml": f"n: {n}\n"})
        if n == 1:
            packed.git("gc", "--quiet")
        blob = BlobId(packed.git("rev-parse", "HEAD:later.yaml"))
        assert store.read(blob) == f"n: {n}\n".encode()


def read_in_worker(store: ObjectStore, blobs: list[BlobId]) -> dict[BlobId, bytes | None]:
    """Reads a part of the blobs in another process."""
    return dict(store.read_many(blobs))


def test_workers(packed: RepoBuilder) -> None:
    store = ObjectStore(git_dir=packed.path / ".git")
    expected = blobs_of(packed)
    ordered = store.in_pack_order(expected)
    parts = [ordered[:20], ordered[20:]]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(read_in_worker, [store, store], parts))
    assert {**found[0], **found[1]} == expected
    assert pickle.loads(pickle.dumps(store)).read(ordered[0]) == expected[ordered[0]]


def test_linked_work_tree_and_alternates(packed: RepoBuilder, tmp_path: Path, way: str) -> None:
    packed.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    packed.git("clone", "--quiet", "--shared", str(packed.path), str(tmp_path / "borrowing"))
    expected = blobs_of(packed)
    for name in ("linked", "borrowing"):
        store = Repository.open(tmp_path / name).objects()
        assert dict(store.read_many(expected)) == expected
        assert store.in_pack_order(expected) == Repository.open(
            packed.path
        ).objects().in_pack_order(expected)


def test_sha256(tmp_path: Path) -> None:
    builder = RepoBuilder(tmp_path / "long", "--object-format=sha256")
    files = {f"d/{n}.yaml": f"n: {n}\n" for n in range(100)}
    tip = CommitId(builder.commit(files))
    builder.git("gc", "--quiet")
    builder.write("d/0.yaml", "n: changed\n")
    with Repository.open(builder.path) as opened:
        store = opened.objects()
        tree = opened.tree(tip)
        assert {p: store.read(e.blob).decode() for p, e in tree.items()} == files
        found = dict(pickle.loads(pickle.dumps(store)).read_many(e.blob for e in tree.values()))
        assert sorted(d.decode() for d in found.values() if d) == sorted(files.values())
        (change,) = opened.changes(tip, WORKING)
        assert store.read(change.new) == b"n: changed\n"
        assert store.size(change.new) == 11
        ((_, changes),) = opened.line_changes(tip)
        assert len(changes) == 100


@pytest.fixture
def partial(packed: RepoBuilder, tmp_path: Path) -> RepoBuilder:
    """A clone without blobs."""
    packed.config(uploadpack__allowFilter="true", uploadpack__allowAnySHA1InWant="true")
    return packed.clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout")


def test_partial_clone_is_never_fetched(partial: RepoBuilder) -> None:
    before = sorted((partial.path / ".git/objects").rglob("*"))
    with Repository.open(partial.path) as opened:
        tip = opened.resolve_default()
        assert len(list(opened.line_changes(tip))) == 30
        blobs = [entry.blob for entry in opened.tree(tip).values()]
        assert set(dict(opened.objects().read_many(blobs)).values()) == {None}
        with pytest.raises(KeyError):
            opened.objects().read(blobs[0])
        with pytest.raises(KeyError):
            opened.objects().size(blobs[0])
        assert {entry.size for entry in opened.tree_entries(tip)} == {None}
        assert len(opened.changes(CommitId(opened.first_parents(tip)[-1]), tip)) == 30
    assert sorted((partial.path / ".git/objects").rglob("*")) == before


def test_clone_without_trees_says_what_is_missing(packed: RepoBuilder, tmp_path: Path) -> None:
    packed.config(uploadpack__allowFilter="true")
    bare = packed.clone(tmp_path / "treeless", "--filter=tree:0", "--no-checkout")
    before = sorted((bare.path / ".git/objects").rglob("*"))
    script = f"""
from pathlib import Path
from ingitdb.errors import RepositoryError
from ingitdb.git.repository import Repository
opened = Repository.open(Path({str(bare.path)!r}))
for call in (opened.tree, lambda tip: list(opened.line_changes(tip))):
    try:
        call(opened.resolve_default())
    except RepositoryError as error:
        print("missing" in error.message, bool(error.hint))
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True)
    assert done.stdout.split() == [b"True"] * 4, done.stderr.decode()
    assert sorted((bare.path / ".git/objects").rglob("*")) == before
