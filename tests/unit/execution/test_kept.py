"""Small answers are kept, and are the same as those that are worked out anew."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest

import ingitdb
from ingitdb.execution.session import Session
from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

QUESTIONS = [
    "FROM diff('t', '{old}', '{new}')",
    "SELECT diff_type, changed_columns, to_n FROM diff('t', '{old}..{new}') ORDER BY ALL",
    "FROM dolt_diff('{old}', '{new}', 't')",
    "FROM diff_stat('{old}', '{new}', 't')",
    "FROM patch('{old}', '{new}', 't')",
    "FROM diff('t') ORDER BY ALL",
    "FROM versions('t') ORDER BY ALL",
    "FROM history('t') ORDER BY ALL",
    "FROM blame('t') ORDER BY ALL",
    "FROM blame('t', cells => true) ORDER BY ALL",
    "FROM dolt_history_t ORDER BY ALL",
    "SELECT count(*), max(s) FROM history('t')",
    "SELECT h.n, count(*) FROM history('t') h GROUP BY ALL ORDER BY ALL",
]


@pytest.fixture
def grown(repo: RepoBuilder) -> RepoBuilder:
    """Six commits of a few records with all kinds of values."""
    chance = Random(7)
    values = [1, 2.5, "x", None, True, [1, 2], {"a": 1}, {"a": "1"}, 2**90, "2026-01-02"]
    for turn in range(6):
        files: dict[str, str | None] = {"t/steady.json": '{"n": 1}', "turn.txt": str(turn)}
        for name in "abcdef":
            content = {"n": chance.choice(values), "s": chance.choice(values), "turn": turn}
            files[f"t/{name}.json"] = json.dumps(content) if chance.random() < 0.7 else None
        there = repo.git("ls-files", "t").split()
        repo.commit({p: c for p, c in files.items() if c is not None or p in there})
    return repo


@pytest.mark.parametrize("question", QUESTIONS)
def test_asking_again_gives_the_same_in_the_same_order(
    grown: RepoBuilder, opened: Opened, question: str
) -> None:
    commits = grown.git("rev-list", "--reverse", "HEAD").split()
    connection = opened(grown)
    for old, new in [(commits[0], commits[5]), (commits[3], commits[4]), (commits[4], commits[1])]:
        sql = question.format(old=old, new=new)
        first = rows(connection, sql)
        assert first
        assert [rows(connection, sql) for _ in range(3)] == [first] * 3
        assert rows(opened(grown), sql) == first
        assert types(connection, sql) == types(opened(grown), sql)


def test_what_is_kept_says_the_same_as_every_commit(grown: RepoBuilder, opened: Opened) -> None:
    connection = opened(grown)
    columns = "from__key, to__key, to_turn, diff_type, list_sort(changed_columns), to_commit"
    whole = rows(connection, f"SELECT {columns} FROM diff('t') ORDER BY ALL")
    commits = ["EMPTY", *grown.git("rev-list", "--reverse", "HEAD").split()]
    for _ in range(2):
        found: list[Any] = []
        for old, new in pairwise(commits):
            found += rows(connection, f"SELECT {columns} FROM diff('t', '{old}', '{new}')")
        assert sorted(map(repr, found)) == sorted(map(repr, whole))


@pytest.mark.parametrize("shown", ["count(*)", "n, count(*)", "_key, s, turn"])
def test_history_with_and_without_its_commits(
    grown: RepoBuilder, opened: Opened, shown: str
) -> None:
    connection = opened(grown)
    for scope in ("line", "all"):
        whole = f"FROM history('t', scope => '{scope}')"
        known = f"FROM (SELECT * {whole} WHERE commit_hash IS NOT NULL)"
        plain, by_commit = (
            rows(connection, f"SELECT {shown} {source} GROUP BY ALL ORDER BY ALL")
            for source in (whole, known)
        )
        assert plain == by_commit
        joined = f"{whole} WHERE commit_hash IS NOT NULL"
        assert rows(connection, f"{whole} ORDER BY ALL") == rows(
            connection, f"{joined} ORDER BY ALL"
        )
        assert types(connection, whole) == types(connection, joined)


def test_history_counts_a_new_commit(grown: RepoBuilder, opened: Opened) -> None:
    connection = opened(grown)
    sql = "SELECT count(*), max(turn) FROM history('t')"
    ((before, _),) = rows(connection, sql)
    ((there,),) = rows(connection, "SELECT count(*) FROM t")
    for turn in (10, 11):
        grown.commit({"t/steady.json": f'{{"turn": {turn}}}'})
        before += there
        assert rows(connection, sql) == [(before, turn)]
    grown.write("t/steady.json", '{"turn": 12}')
    working = opened(grown, "WORKING")
    assert rows(working, sql) == [(before + there, 12)]


def test_the_differing_records_are_told_in_file_order(repo: RepoBuilder, opened: Opened) -> None:
    names = [f"r{n:03}" for n in range(200)]
    repo.commit({f"t/{name}.json": '{"n": 1}' for name in names[::2]})
    repo.commit({f"t/{name}.json": '{"n": 2}' for name in names[1:150]} | {"t/r000.json": None})
    sql = "SELECT coalesce(to__key, from__key) FROM diff('t', 'HEAD~1', 'HEAD')"
    assert rows(opened(repo), sql) == [(name,) for name in names[:150]]


def test_columns_with_the_names_of_ours(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.json": '{"commit": 1, "Commit_Date": 2}'})
    repo.commit({"t/a.json": '{"commit": 3, "Commit_Date": 2}'})
    connection = opened(repo)
    sql = "SELECT changed_columns FROM diff('t', 'HEAD~1', 'HEAD')"
    assert [rows(connection, sql) for _ in range(2)] == [[(["commit"],)]] * 2
    assert rows(connection, "SELECT count(*) FROM diff_stat('HEAD~1', 'HEAD', 't')") == [(1,)]
    assert rows(connection, "SELECT count(*), max(\"commit\") FROM history('t')") == [(2, 3)]


@pytest.fixture
def heavy(repo: RepoBuilder) -> RepoBuilder:
    """Nine commits, of which few differences are kept at a time."""
    for turn in range(9):
        text = f"{turn}" * 60_000
        repo.commit({f"t/{name}.json": json.dumps({"s": text + name}) for name in "ab"})
    return repo


def told(sql: str, session: Session) -> list[tuple[Any, ...]]:
    """Gives all rows of a query of a session."""
    with session.execute(sql) as result:
        return [tuple(row.values()) for row in result.reader().read_all().to_pylist()]


@pytest.mark.slow
def test_what_went_is_worked_out_again(heavy: RepoBuilder, tmp_path: Path) -> None:
    commits = heavy.git("rev-list", "--reverse", "HEAD").split()
    pairs = list(permutations(range(9), 2))
    shown = "left(from_s, 1), left(to_s, 1), right(to_s, 1)"
    settings = ingitdb.Settings(cache=tmp_path / "cache", workers=1, memory_limit=64 * 1024**2)
    with ingitdb.open(heavy.path, settings=settings) as database:

        def ask_all(turn: int) -> None:
            session = database.session()
            for old, new in Random(turn).sample(pairs, len(pairs)) * 2:
                sql = f"SELECT {shown} FROM diff('t', '{commits[old]}', '{commits[new]}')"
                assert told(sql, session) == [(str(old), str(new), key) for key in "ab"]

        ask_all(0)
        with ThreadPoolExecutor(3) as threads:
            for done in [threads.submit(ask_all, turn) for turn in range(3)]:
                done.result()


@pytest.mark.slow
def test_differences_too_large_to_keep(repo: RepoBuilder, opened: Opened) -> None:
    for turn in range(2):
        lines = [f'{{"id": {n}, "n": {n + turn}}}' for n in range(9_000)]
        large = [f'{{"id": {n}, "s": "{"x" * 100_000}{turn}"}}' for n in range(30)]
        repo.commit({"many.jsonl": "\n".join(lines), "large.jsonl": "\n".join(large)})
    connection = opened(repo, memory_limit=256 * 1024**2)
    for table, count in [("many", 9_000), ("large", 30)]:
        sql = f"SELECT count(*), min(to_id), max(to_id) FROM diff('{table}', 'HEAD~1', 'HEAD')"
        assert [rows(connection, sql) for _ in range(2)] == [[(count, 0, count - 1)]] * 2


@pytest.mark.slow
def test_differences_that_the_memory_does_not_hold(repo: RepoBuilder, opened: Opened) -> None:
    for turn in range(2):
        texts = {n: chr(65 + n % 26) * 400_000 + str(turn) for n in range(60)}
        repo.commit({f"t/{n}.json": json.dumps({"s": text}) for n, text in texts.items()})
    sql = "SELECT count(*), max(from_s) < max(to_s) FROM diff('t', 'HEAD~1', 'HEAD')"
    connection = opened(repo, memory_limit=24 * 1024**2)
    for _ in range(2):
        with pytest.raises(ingitdb.OperationalError, match="needs more memory"):
            connection.execute(sql)
    assert rows(opened(repo), sql) == [(60, True)]
