"""The packs of our commits are folded, and nothing is lost by it, whatever git does meanwhile."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pygit2
import pytest

from ingitdb.git.new_objects import KEPT, MARK
from ingitdb.git.pack_folding import MOST
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import BlobId, CommitId
from tests.compat.git.test_branch_writer import RACE, sound, wanted
from tests.support.repositories import RepoBuilder


def packs(repo: RepoBuilder) -> list[Path]:
    return sorted((repo.path / ".git" / "objects" / "pack").glob("*.pack"))


def counted(repo: RepoBuilder) -> dict[str, str]:
    lines = repo.git("count-objects", "-v").splitlines()
    return dict(line.split(": ") for line in lines)


def write(repo: RepoBuilder, count: int, name: str = "n") -> None:
    with Repository.open(repo.path) as opened:
        base = opened.head().commit
        for turn in range(count):
            text = f"{name} {turn}\n".encode()
            base = opened.writer().commit(wanted(base, {f"t/{turn % 7}.txt": text}))


def test_the_fiftieth_pack_is_folded_with_those_before(empty: RepoBuilder) -> None:
    write(empty, MOST - 1)
    before = packs(empty)
    assert len(before) == MOST - 1
    write(empty, 1)
    (pack,) = packs(empty)
    assert pack not in before
    assert MARK in pack.name
    sound(empty)
    found = counted(empty)
    assert (found["packs"], found["garbage"], found["prune-packable"]) == ("1", "0", "0")
    assert found["in-pack"] == str(len(empty.git("rev-list", "--objects", "main").splitlines()))
    assert len(empty.git("rev-list", "main").split()) == MOST
    assert empty.git("verify-pack", pack) == ""
    assert not list((empty.path / ".git" / "objects").glob("tmp_*"))


def test_a_large_pack_is_left_until_the_small_ones_weigh_as_much(empty: RepoBuilder) -> None:
    with Repository.open(empty.path) as opened:
        opened.writer().commit(wanted(None, {"large.bin": random.Random(1).randbytes(300_000)}))
    (large,) = packs(empty)
    write(empty, MOST - 1)
    assert large in packs(empty)
    assert len(packs(empty)) == 2
    chance = random.Random(2)
    with Repository.open(empty.path) as opened:
        base: CommitId | None = CommitId(empty.tip())
        for _ in range(MOST - 2):
            files = {"other.bin": chance.randbytes(5_000)}
            base = opened.writer().commit(wanted(base, files))
    assert not large.exists()
    assert len(packs(empty)) == 1
    sound(empty)


def test_packs_of_others_stay(empty: RepoBuilder) -> None:
    empty.commit({"a.txt": "x"})
    empty.git("repack", "-a", "-d", "--quiet")
    (others,) = packs(empty)
    write(empty, MOST - 2)
    kept = next(pack for pack in packs(empty) if pack != others)
    keep = kept.with_suffix(".keep")
    keep.touch()
    write(empty, 2, "last")
    assert len(packs(empty)) == MOST + 1
    write(empty, 1, "folds")
    left = packs(empty)
    assert {others, kept} < set(left)
    assert len(left) == 3
    keep.unlink()
    sound(empty)


def test_what_a_killed_writer_has_left(empty: RepoBuilder) -> None:
    write(empty, MOST - 1)
    packs(empty)[0].with_suffix(".keep").write_bytes(KEPT)
    (empty.path / ".git" / "objects" / "tmp_ingitdb_1").mkdir()
    write(empty, 1, "folds")
    assert len(packs(empty)) == 1
    assert not list((empty.path / ".git" / "objects").glob("tmp_*"))
    sound(empty)


def test_an_index_over_several_packs_stays_true(empty: RepoBuilder) -> None:
    write(empty, MOST - 1)
    empty.git("multi-pack-index", "write")
    named = packs(empty)
    write(empty, 2, "more")
    assert set(named) < set(packs(empty))
    write(empty, MOST, "further")
    assert set(named) < set(packs(empty))
    assert len(packs(empty)) < len(named) + MOST
    empty.git("multi-pack-index", "verify")
    sound(empty)


def test_what_no_ref_leads_to_is_not_lost(empty: RepoBuilder) -> None:
    write(empty, 3)
    lost = empty.tip()
    empty.git("reset", "--quiet", "--hard", "HEAD~1")
    write(empty, MOST - 3, "new")
    assert len(packs(empty)) == 1
    assert empty.git("cat-file", "-t", lost) == "commit"


def test_it_stays_as_it_is_where_it_cannot_be_folded(
    empty: RepoBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(empty, MOST - 1)
    damaged = packs(empty)[0]
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes()[:40])
    before = packs(empty)
    with Repository.open(empty.path) as opened:
        base = CommitId(empty.tip())
        made = opened.writer().commit(wanted(base, {"t/new.txt": b"new"}))
    assert made == empty.tip()
    assert set(before) < set(packs(empty))


@pytest.mark.parametrize("is_loaded", [False, True])
def test_who_reads_meanwhile_reads_on(empty: RepoBuilder, is_loaded: bool) -> None:
    write(empty, MOST - 1)
    blobs = [
        BlobId(empty.git("rev-parse", f"main~{age}:t/{(MOST - 2 - age) % 7}.txt"))
        for age in range(MOST - 1)
    ]
    assert pygit2.__version__
    with Repository.open(empty.path) as reading:
        store = reading.objects()
        if is_loaded:
            assert store.read(blobs[0])
        write(empty, 1, "folds")
        assert len(packs(empty)) == 1
        for blob in blobs:
            assert store.read(blob)


def test_writers_and_git_at_once(empty: RepoBuilder) -> None:
    empty.commit({"a.txt": "x"})
    running = [
        subprocess.Popen([sys.executable, "-c", RACE, empty.path, str(n), "40"]) for n in range(4)
    ]
    commands = (("gc", "--quiet"), ("repack", "-a", "-d", "-q"), ("repack", "-A", "-d", "-q"))
    deadline = time.monotonic() + 300
    turn = 0
    while any(process.poll() is None for process in running) and time.monotonic() < deadline:
        empty.run(*commands[turn % 3], check=False)
        turn += 1
        time.sleep(0.2)
    assert [process.wait(30) for process in running] == [0] * 4
    assert len(empty.git("ls-tree", "--name-only", "main:t").split()) == 160
    assert len(empty.git("rev-list", "main").split()) == 161
    sound(empty)
    assert counted(empty)["garbage"] == "0"
