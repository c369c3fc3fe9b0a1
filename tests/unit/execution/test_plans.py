"""Asking again is answered anew: from the commit, refs and files of that moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

COUNT = "SELECT count(*), max(n::VARCHAR) FROM items"


def test_a_new_commit_is_seen(shop: RepoBuilder, opened: Opened) -> None:
    session = opened(shop)
    for number in range(3):
        before = rows(session, COUNT)
        assert rows(session, COUNT) == before
        shop.commit({f"items/new{number}.json": '{"n": "x"}'}, "more")
        assert rows(session, COUNT) == [(before[0][0] + 1, "x")]


def test_a_branch_that_moves_is_seen(shop: RepoBuilder, opened: Opened) -> None:
    session = opened(shop)
    asked = [" AS OF 'dev'", "@dev", " FOR SYSTEM_TIME AS OF TIMESTAMP '2026-02-01'"]
    for spelled in asked:
        assert rows(session, f"SELECT count(*) FROM items{spelled}")
    assert rows(session, 'SELECT count(*) FROM "shop/dev".items') == [(3,)]
    shop.git("update-ref", "refs/heads/dev", "main")
    assert rows(session, "SELECT n FROM items AS OF 'dev' ORDER BY ALL") == [("3",), ("four",)]
    assert rows(session, 'SELECT count(*) FROM "shop/dev".items') == [(2,)]


def test_files_that_change_are_seen(shop: RepoBuilder, opened: Opened) -> None:
    session = opened(shop, ref="WORKING")
    for number in range(3):
        (shop.path / "items" / "c.json").write_text(f'{{"n": {number}}}')
        assert rows(session, "SELECT n FROM items WHERE _key = 'c'") == [(number,)]
        assert rows(session, "SELECT n FROM items AS OF 'WORKING' WHERE _key = 'c'") == [(number,)]


def test_each_use_of_a_name_is_asked_for(shop: RepoBuilder, opened: Opened) -> None:
    session = opened(shop)
    query = "SELECT count(*) FROM items"
    assert rows(session, query) == [(2,)]
    session.execute("USE BRANCH dev")
    assert rows(session, query) == [(3,)]
    session.execute("USE BRANCH main")
    assert rows(session, query) == [(2,)]


def test_the_clock_and_chance_go_on(shop: RepoBuilder, opened: Opened) -> None:
    session = opened(shop)
    query = "SELECT random() + epoch_us(now()), n FROM items"
    assert len({rows(session, query)[0] for _ in range(5)}) == 5


def test_parameters_are_no_part_of_a_plan(shop: RepoBuilder, opened: Opened) -> None:
    session = opened(shop)
    for value in ("3", "four", "none", "3"):
        found = rows(session, "SELECT n FROM items WHERE n = ?", [value])
        assert found == ([(value,)] if value != "none" else [])
    for ref, count in (("v1.0", 2), ("dev", 3), ("main", 2)):
        assert rows(session, "SELECT count(*) FROM items AS OF ?", [ref]) == [(count,)]


def test_one_text_many_times_at_once(shop: RepoBuilder, opened: Opened) -> None:
    session = opened(shop)
    query = "SELECT i, n FROM items, range(50_000) AS r(i) ORDER BY i, n"
    first, second = session.execute(query), session.execute(query)
    assert first.fetchone() == second.fetchone() == (0, "3")
    first.close()
    assert second.fetchone() == (0, "four")
    assert rows(session, query)[-1] == (49_999, "four")
    second.close()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: rows(session, query), range(12)))
    assert all(each == found[0] and len(each) == 100_000 for each in found)


def test_a_query_that_failed_can_be_asked_again(shop: RepoBuilder, opened: Opened) -> None:
    session = opened(shop)
    query = "SELECT error('no') FROM items WHERE n = 'four'"
    for _ in range(3):
        with pytest.raises(ingitdb.Error, match="no"):
            rows(session, query)
    limited = opened(shop, max_rows=1)
    for _ in range(3):
        with pytest.raises(ingitdb.Error, match="more than 1 rows"):
            rows(limited, "SELECT n FROM items")
        assert rows(limited, "SELECT n FROM items LIMIT 1")
