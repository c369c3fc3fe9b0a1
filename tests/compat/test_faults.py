"""Damage: to the cache, by other processes, and in the files of the repository itself."""

import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ingitdb
from tests.support.answers import Answers, answers, answers_of_each, finish, start, unequal
from tests.support.comparison import unreadable
from tests.support.scratch import LINK, as_json, git, repository

SWEEP = bool(os.environ.get("INGITDB_TEST_SWEEP"))
CANARY = "canary-4711"
GROWTH = 4
EARLY = {"country-codes": "HEAD", "pypa-advisories": "HEAD~1700"}
"""Where the history of a real repository ends; `make sweep` takes all of it, and more damage."""
IDENTITY = ("-c", "user.name=Data Desk", "-c", "user.email=data.desk@example.org")
GOOD = {f"things/{n}.json": as_json({"n": n, "name": f"thing {n}"}) for n in range(5)}
BOMB = b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n".encode() for n in range(1, 12)
)


# --- The cache ------------------------------------------------------------------------------


def truncate(path: Path, chance: random.Random) -> None:
    """Cuts a file somewhere."""
    os.truncate(path, chance.randrange(max(1, path.stat().st_size)))


def flip(path: Path, chance: random.Random) -> None:
    """Flips one bit of a file."""
    data = bytearray(path.read_bytes())
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.chmod(0o644)
        path.write_bytes(data)


def empty(path: Path, _: random.Random) -> None:
    """Empties a file."""
    os.truncate(path, 0)


def remove(path: Path, _: random.Random) -> None:
    """Removes a file."""
    path.unlink()


DAMAGE = (truncate, flip, empty, remove)


def kind(path: Path) -> str:
    """Names what sort of cache file it is: its name without what differs between two of a sort."""
    return re.sub(r"[0-9a-f]{6,}|\d+", "#", path.name)


def one_of_each_kind(cache: Path, chance: random.Random) -> list[Path]:
    """Gives a file of every kind, relative to the cache."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(p for p in cache.rglob("*") if p.is_file()):
        kinds.setdefault(kind(path), []).append(path.relative_to(cache))
    return [chance.choice(files) for files in kinds.values()]


def lived_in(source: Path, cache: Path, refs: list[str]) -> Answers:
    """Fills a cache as time does: indexed early, grown, asked for the same again and again."""
    tip = git(source, "rev-parse", "main").strip()
    older = git(source, "rev-parse", f"main~{GROWTH}").strip()
    git(source, "update-ref", "refs/heads/main", older)
    answers(source, cache, ["main"])
    git(source, "update-ref", "refs/heads/main", tip)
    for _ in range(3):
        answers(source, cache, refs)
    return answers(source, cache, refs)


def damaged(
    source: Path, folder: Path, seed: int, refs: list[str], repeats: int
) -> Iterator[tuple[str, Answers, Answers]]:
    """Gives, for each kind of file and damage, what was answered before and after.

    A process looks at all that one kind of damage has done.
    """
    chance = random.Random(f"{seed} damage")
    clean = folder / "clean"
    expected = answers(source, folder / "fresh", refs)
    assert not unequal(expected, lived_in(source, clean, refs))
    for harm in DAMAGE:
        harmed: dict[str, Path] = {}
        for number in range(repeats):
            for file in one_of_each_kind(clean, chance):
                cache = folder / f"{harm.__name__}-{len(harmed)}"
                shutil.copytree(clean, cache)
                harm(cache / file, chance)
                harmed[f"{harm.__name__} {file} (round {number})"] = cache
        for what, found in zip(
            harmed, answers_of_each(source, list(harmed.values()), refs), strict=True
        ):
            yield what, expected, found
        for cache in harmed.values():
            shutil.rmtree(cache)


def test_a_damaged_cache_never_changes_an_answer(tmp_path: Path, seed: int) -> None:
    turns = [{"things/1.json": as_json({"n": 1, "name": f"turn {t}"})} for t in range(8)]
    source = repository(tmp_path / "small", [GOOD, *turns])
    side = on_the_side(source, as_json({"n": 2, "name": "aside"}))
    for what, expected, found in damaged(source, tmp_path, seed, ["main", "main~3", side], 1):
        assert not unequal(expected, found), what


def on_the_side(source: Path, data: bytes) -> str:
    """Makes a commit beside the first-parent line and gives its name."""
    things = tree_of(source, b"100644 blob " + blob_of(source, data) + b"\t2.json\0")
    top = tree_of(source, b"040000 tree " + things + b"\tthings\0").decode()
    return git(source, *IDENTITY, "commit-tree", top, "-p", "main~2", "-m", "aside").strip()


def blob_of(path: Path, data: bytes) -> bytes:
    """Makes a blob and gives its name."""
    command = ["git", "-C", str(path), "hash-object", "-w", "--stdin"]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["country-codes", "pypa-advisories"])
def test_a_damaged_cache_of_a_real_repository(
    name: str, shared: Callable[[str], Path], tmp_path: Path, seed: int
) -> None:
    source = tmp_path / name
    git(tmp_path, "clone", "--quiet", str(shared(name)), str(source))
    if not SWEEP:
        git(source, "reset", "--quiet", "--hard", EARLY[name])
    repeats = 3 if SWEEP and name == "country-codes" else 1
    for what, expected, found in damaged(source, tmp_path, seed, ["HEAD", "HEAD~40"], repeats):
        assert not unequal(expected, found), what


def test_four_processes_at_once(shared: Callable[[str], Path], tmp_path: Path) -> None:
    source = shared("country-codes")
    refs = ["HEAD", "HEAD~10", "HEAD~50"]
    expected = answers(source, tmp_path / "clean", refs)
    running = [
        start(source, tmp_path / "together", refs[i % 3 :] + refs[: i % 3]) for i in range(4)
    ]
    found = [finish(process)[0] for process in running]
    assert not [unequal(expected, one) for one in found if one != expected]


def test_the_cache_may_go_while_it_is_used(tmp_path: Path) -> None:
    source = repository(tmp_path / "small", [GOOD])
    cache = tmp_path / "cache"
    with open_at(source, cache) as connection:
        assert count(connection) == 5
        shutil.rmtree(cache)
        assert count(connection) == 5
    with open_at(source, cache) as connection:
        assert count(connection) == 5


# --- The repository -------------------------------------------------------------------------


def open_at(path: Path, cache: Path, ref: str | None = None) -> "ingitdb.Connection":
    """Connects without workers, so that a fault shows where it is."""
    return ingitdb.connect(path, ref=ref, settings=ingitdb.Settings(cache=cache))


def count(connection: "ingitdb.Connection", table: str = "things") -> int:
    """Counts the rows of a table."""
    row = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
    assert row is not None
    return int(row[0])


BAD = {
    "utf-8-yaml": ("things/bad.yaml", b"name: \xff\xfe\xfa\n"),
    "utf-8-json": ("things/bad.json", b'{"name": "\xff"}\n'),
    "cut-json": ("things/bad.json", b'{"name": '),
    "broken-yaml": ("things/bad.yaml", b"a: [1, 2\nb: 3\n"),
    "bomb": ("things/bad.yaml", BOMB),
    "deep-json": ("things/bad.json", b"[" * 100_000),
    "deep-yaml": ("things/bad.yaml", b"a: " + b"[" * 50_000),
    "huge-number": ("things/bad.json", b'{"n": ' + b"9" * 5000 + b"e" + b"9" * 50 + b"}"),
    "broken-toml": ("things/bad.toml", b"a = \n"),
    "open-front-matter": ("things/bad.md", b"---\nname: x\nno end\n"),
    "zeros": ("things/bad.json", b"\0" * 1000),
}


@pytest.mark.parametrize(("name", "data"), list(BAD.values()), ids=list(BAD))
def test_a_bad_file_costs_nobody_else(name: str, data: bytes, tmp_path: Path) -> None:
    source = repository(tmp_path / "bad", [GOOD, {name: data}])
    began = time.monotonic()
    with open_at(source, tmp_path / "cache") as connection:
        found = connection.execute("SELECT n FROM things WHERE n IS NOT NULL").fetchall()
        assert sorted(int(row[0]) for row in found if str(row[0]).isdigit())[:5] == [0, 1, 2, 3, 4]
        assert count(connection) in {5, 6}
        if count(connection) == 5:
            assert unreadable(connection) == {name}
    assert time.monotonic() - began < 120


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_bytes(as_json({"n": 99, "name": CANARY}))
    links = {
        "things/out.json": LINK + str(outside).encode(),
        "things/up.json": LINK + b"../../outside.json",
        "others": LINK + str(tmp_path).encode(),
    }
    source = repository(tmp_path / "linked", [{**GOOD, **links}], checkout=True)
    for ref in ("HEAD", "WORKING", "STAGED"):
        with open_at(source, tmp_path / "cache", ref) as connection:
            rows = connection.execute("SELECT * FROM things").fetchall()
            assert len(rows) == 5, ref
            assert CANARY not in repr(rows)
            tables = connection.execute("SELECT table_name FROM information_schema.tables")
            assert [row[0] for row in tables.fetchall()] == ["things"]


ODD = [
    "-rf", "--help", "a b", 'quo"te', "apo'strophe", "new\nline", "tab\there", "back\\slash",
    "emoji 🚢", "café", "cafe\u0301", "日本語", "a;DROP TABLE things", "%s", "$HOME", "*", "a'||'b",
    "a.b.c", "con", "x" * 200,
]  # fmt: skip


def test_names_of_any_kind(tmp_path: Path) -> None:
    files = {f"things/{name}.json": as_json({"n": n}) for n, name in enumerate(ODD)}
    source = repository(tmp_path / "odd", [files], checkout=True)
    for ref in ("HEAD", "WORKING"):
        with open_at(source, tmp_path / "cache", ref) as connection:
            rows = connection.execute("SELECT _key, _path, n FROM things").fetchall()
            assert {row[0]: row[2] for row in rows} == {name: n for n, name in enumerate(ODD)}
            assert [row[1] for row in rows] == sorted(files, key=str.encode)


@pytest.mark.parametrize("name", [n for n in ODD if n != "x" * 200])
def test_folders_of_any_name_are_tables(name: str, tmp_path: Path) -> None:
    source = repository(tmp_path / "odd", [{f"{name}/1.json": as_json({"n": 1})}])
    quoted = name.replace('"', '""')
    with open_at(source, tmp_path / "cache") as connection:
        assert connection.execute(f'SELECT n FROM "{quoted}"').fetchall() == [(1,)]


def tree_of(path: Path, listing: bytes) -> bytes:
    """Makes a tree object and gives its name."""
    command = ["git", "-C", str(path), "mktree", "-z"]
    return subprocess.run(command, input=listing, capture_output=True, check=True).stdout.strip()


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    source = repository(tmp_path / "latin", [GOOD])
    blob = git(source, "rev-parse", "HEAD:things/1.json").strip().encode()
    things = tree_of(source, b"100644 blob " + blob + b"\tcaf\xe9.json\0")
    top = tree_of(source, b"040000 tree " + things + b"\tthings\0").decode()
    commit = git(source, *IDENTITY, "commit-tree", top, "-m", "latin").strip()
    with open_at(source, tmp_path / "cache", commit) as connection:
        assert connection.execute("SELECT n FROM things").fetchall() == [(1,)]


@pytest.mark.slow
def test_a_hundred_thousand_files_in_a_folder(tmp_path: Path) -> None:
    files = {f"things/{n:06}.json": b'{"n": %d}\n' % n for n in range(100_000)}
    source = repository(tmp_path / "many", [files, {"things/000007.json": b'{"n": -7}\n'}])
    with open_at(source, tmp_path / "cache") as connection:
        assert count(connection) == 100_000
        row = connection.execute("SELECT sum(n) FROM things AS OF 'HEAD~1'").fetchone()
        assert row == (sum(range(100_000)),)
        row = connection.execute("SELECT n FROM things WHERE _key = '000007'").fetchone()
        assert row == (-7,)


@pytest.mark.slow
def test_a_file_of_200_megabytes(tmp_path: Path) -> None:
    row = b'{"n": 1, "text": "' + b"x" * 960 + b'"}\n'
    source = repository(tmp_path / "big", [{**GOOD, "big.jsonl": row * 205_000}])
    with open_at(source, tmp_path / "cache") as connection:
        assert count(connection) == 5
        assert count(connection, "big") == 205_000
