"""The cache may be damaged, emptied, limited or shared: the answers stay."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ingitdb.snapshots.cache import CacheFolder
from tests.support.answers import finish, start, unequal
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

ASKED = {
    "SELECT * FROM items": [("b", "3"), ("c", "four")],
    "SELECT * FROM items AS OF 'v1.0'": [("a", 1), ("b", 2)],
    "SELECT * FROM items AS OF 'dev'": [("a", 1), ("b", 3), ("d", 40)],
    "SELECT count(*) FROM versions('items')": [(4,)],
    "SELECT _line FROM items": [(1,), (1,)],
}


def check(connection: object) -> None:
    """Asks everything."""
    for sql, expected in ASKED.items():
        assert rows(connection, sql) == expected, sql
    assert len(rows(connection, "SHOW TABLES")) == 2
    assert len(rows(connection, "DESCRIBE items AS OF 'dev'")) == 2
    assert len(connection.database.tables()) == 2  # type: ignore[attr-defined]


def files(cache: Path, pattern: str) -> list[Path]:
    found = sorted(p for p in cache.rglob(pattern) if p.is_file())
    assert found
    return found


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def turn(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


HARM: dict[str, Callable[[Path], None]] = {
    "removed": Path.unlink,
    "emptied": lambda path: path.write_bytes(b"") and None,
    "cut": cut,
    "turned": turn,
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
@pytest.mark.parametrize("pattern", ["*.parquet", "meta/**/*.json*"])
def test_damaged_files_are_built_anew(
    shop: RepoBuilder, opened: Opened, tmp_path: Path, pattern: str, harm: Callable[[Path], None]
) -> None:
    first = opened(shop)
    check(first)
    first.close()
    for path in files(tmp_path / "cache", pattern):
        harm(path)
    check(opened(shop))


def test_files_that_vanish_under_an_open_connection(
    shop: RepoBuilder, opened: Opened, tmp_path: Path
) -> None:
    connection = opened(shop)
    check(connection)
    for path in files(tmp_path / "cache", "*.parquet"):
        path.unlink()
    check(connection)
    for path in files(tmp_path / "cache", "*.parquet"):
        path.unlink()
    check(connection)


def test_files_cut_under_an_open_connection(
    shop: RepoBuilder, opened: Opened, tmp_path: Path
) -> None:
    connection = opened(shop)
    check(connection)
    for path in files(tmp_path / "cache", "*.parquet"):
        path.write_bytes(b"")
    check(connection)


def test_a_damaged_cache_of_an_attached_repository(
    shop: RepoBuilder, opened: Opened, tmp_path: Path
) -> None:
    other = RepoBuilder(tmp_path / "other")
    other.commit({"t/a.json": '{"n": 1}'})
    other.tag("only-there")
    connection = opened(shop)
    connection.execute(f"ATTACH '{other.path}' AS other")
    sql = "SELECT n FROM other.t AS OF 'only-there'"
    assert rows(connection, sql) == [(1,)]
    for path in files(tmp_path / "cache", "*.parquet"):
        path.unlink()
    assert rows(connection, sql) == [(1,)]


def test_info_verify_clear_and_limit(shop: RepoBuilder, opened: Opened, tmp_path: Path) -> None:
    connection = opened(shop)
    check(connection)
    cache = connection.database.cache
    info = cache.info()
    assert info.bytes == sum(p.stat().st_size for p in tmp_path.glob("cache/*/*/*"))
    assert "line" in {name for name, _ in info.entries}
    assert cache.verify().bad == ()
    turn(files(tmp_path / "cache", "*.parquet")[0])
    assert len(cache.verify().bad) >= 1
    assert cache.clear() > 0
    check(connection)
    connection.close()
    again = opened(shop)
    again.database.cache.limit(0)
    check(again)


def test_next_to_no_room(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop, cache_limit=1)
    check(connection)
    check(connection)


def test_a_cache_that_cannot_be_written(shop: RepoBuilder, opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    import ingitdb

    with pytest.raises(ingitdb.OperationalError, match="cache"):
        opened(shop, cache=tmp_path / "file" / "below")


def test_two_processes_build_at_once(shop: RepoBuilder, tmp_path: Path) -> None:
    asked = ["main", "dev", "v1.0", "main~1"]
    one = start(shop.path, tmp_path / "shared", asked, workers=1)
    two = start(shop.path, tmp_path / "shared", list(reversed(asked)), workers=1)
    [first], [second] = finish(one), finish(two)
    assert not unequal(first, second)
    assert all(first.values())


def test_files_that_others_write_and_delete_meanwhile_do_not_matter(tmp_path: Path) -> None:
    """Another process's file may go between its being listed and its being measured."""
    cache = CacheFolder(tmp_path, "shop", limit=1)
    done = threading.Event()
    turns = 0

    def churn(number: int) -> None:
        nonlocal turns
        while not done.is_set():
            for file in (cache.data / f".new-{number}", tmp_path / "meta/shop" / f"{number}.json"):
                file.write_bytes(b"part")
                file.unlink(missing_ok=True)
            turns += 1

    others = [threading.Thread(target=churn, args=(number,)) for number in range(3)]
    for other in others:
        other.start()
    try:
        for _ in range(60):
            cache.has_room()
            cache.info()
            cache.shrink(keep="line")
            cache.clear()
    finally:
        done.set()
        for other in others:
            other.join()
    assert turns > 20
