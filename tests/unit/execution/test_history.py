"""`history('t')`, and the states of a range of system time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import ingitdb
from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

DAYS = [datetime(2024, 1, day, tzinfo=UTC) for day in range(1, 6)]
STATES = "SELECT n FROM t FOR SYSTEM_TIME {} ORDER BY _valid_from, n"


@pytest.fixture
def five(repo: RepoBuilder) -> list[str]:
    """Five commits, one a day; a is 1, 2, 2, gone, 5; b is 10 throughout."""
    changes = [
        {"t/a.json": '{"n": 1}', "t/b.json": '{"n": 10}'},
        {"t/a.json": '{"n": 2}'},
        {"x.txt": "-"},
        {"t/a.json": None},
        {"t/a.json": '{"n": 5}'},
    ]
    found = [repo.commit(files, when=day) for files, day in zip(changes, DAYS, strict=True)]
    repo.tag("third", found[2])
    return found


def test_every_record_at_every_commit(five: list[str], repo: RepoBuilder, opened: Opened) -> None:
    connection = opened(repo)
    sql = "SELECT n, commit_hash FROM history('t') ORDER BY commit_date, n"
    expected = [(1, 0), (10, 0), (2, 1), (10, 1), (2, 2), (10, 2), (10, 3), (5, 4), (10, 4)]
    assert rows(connection, sql) == [(n, five[at]) for n, at in expected]
    assert types(connection, "FROM history('t')") == {
        "_key": "VARCHAR",
        "n": "BIGINT",
        "commit_hash": "VARCHAR",
        "committer": "VARCHAR",
        "commit_date": "TIMESTAMP WITH TIME ZONE",
    }
    one = "SELECT DISTINCT committer, commit_date FROM history(table_name => 't') WHERE n = 1"
    committed = rows(connection, f"SELECT committer_name FROM git_log('{five[0]}')")[0][0]
    assert rows(connection, one) == [(committed, DAYS[0])]


def test_history_at_a_commit_is_the_table_there(
    five: list[str], repo: RepoBuilder, opened: Opened
) -> None:
    connection = opened(repo)
    for commit in five:
        past = f"SELECT _key, n FROM history('t') WHERE commit_hash = '{commit}' ORDER BY 1"
        assert rows(connection, past) == rows(connection, f"SELECT * FROM t AS OF '{commit}'")
    upto = rows(opened(repo, "third"), "SELECT count(*) FROM history('t')")
    assert upto == [(6,)]


@pytest.mark.parametrize(
    ("period", "found"),
    [
        ("BETWEEN '{1}' AND '{2}'", [10, 2]),
        ("BETWEEN '{0}' AND '{1}'", [1, 10, 2]),
        ("FROM '{0}' TO '{1}'", [1, 10]),
        ("FROM '{1}' TO 'third'", [10, 2]),
        ("FROM '{1}' TO '{1}'", []),
        ("BETWEEN '{3}' AND '{3}'", [10]),
        ("BETWEEN TIMESTAMP '2024-01-02' AND TIMESTAMP '2024-01-03 12:00'", [10, 2]),
        ("FROM TIMESTAMP '2024-01-01' TO TIMESTAMP '2024-01-02'", [1, 10]),
        ("FROM TIMESTAMP '2024-01-01' TO TIMESTAMP '2024-01-02 00:00:01'", [1, 10, 2]),
        ("FROM '2024-01-04' TO '2024-01-05'", [10]),
        ("BETWEEN '2020-01-01' AND '2024-01-01'", [1, 10]),
        ("BETWEEN '2020-01-01' AND '2021-01-01'", []),
        ("FROM '2020-01-01' TO '2021-01-01'", []),
        ("BETWEEN '2020-01-01' AND '2030-01-01'", [1, 10, 2, 5]),
        ("BETWEEN ? AND ?", [10, 2]),
    ],
)
def test_the_states_of_a_range(
    five: list[str], repo: RepoBuilder, opened: Opened, period: str, found: list[int]
) -> None:
    given = [DAYS[1], DAYS[2].date()] if "?" in period else None
    states = rows(opened(repo), STATES.format(period.format(*five)), given)
    assert sorted(n for (n,) in states) == sorted(found)


def test_a_range_with_ends_beside_the_line(
    five: list[str], repo: RepoBuilder, opened: Opened
) -> None:
    repo.branch("side", "third")
    repo.checkout("side")
    repo.commit({"t/c.json": '{"n": 7}'}, when=DAYS[3].replace(hour=12))
    repo.checkout("main")
    connection = opened(repo)
    assert rows(connection, STATES.format("BETWEEN 'side' AND 'main'")) == [(10,), (5,)]
    with pytest.raises(ingitdb.Error, match="nowhere"):
        rows(connection, STATES.format("BETWEEN 'nowhere' AND 'main'"))


@pytest.mark.parametrize("call", ["history()", "history('t', scope => 'some')", "versions('t', 1)"])
def test_calls_that_are_refused(
    five: list[str], repo: RepoBuilder, opened: Opened, call: str
) -> None:
    with pytest.raises(ingitdb.Error, match=r"wants a table|scope|takes 1"):
        rows(opened(repo), f"FROM {call}")


def test_every_commit_that_is_reached(repo: RepoBuilder, opened: Opened) -> None:
    root = repo.commit({"t/a.json": '{"n": 1}', "t/b.json": '{"n": 1}'})
    repo.branch("side")
    aside = repo.commit({"t/a.json": '{"n": 2, "s": "x"}'})
    repo.checkout("main")
    main = repo.commit({"t/b.json": '{"n": 3}'})
    tip = repo.merge("side")
    connection = opened(repo)
    asked = "SELECT commit_hash, _key, n, s FROM history('t', scope => 'all') ORDER BY 1, 2"
    assert rows(connection, asked) == sorted(
        [
            (root, "a", 1, None),
            (root, "b", 1, None),
            (aside, "a", 2, "x"),
            (aside, "b", 1, None),
            (main, "a", 1, None),
            (main, "b", 3, None),
            (tip, "a", 2, "x"),
            (tip, "b", 3, None),
        ]
    )
    line = "SELECT DISTINCT commit_hash FROM history('t', scope => 'line')"
    assert {commit for (commit,) in rows(connection, line)} == {root, main, tip}


def test_kinds_that_only_a_side_mixes(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.csv": "id,n\n1,5\n"})
    repo.branch("side")
    aside = repo.commit({"t.csv": "id,n\n1,x\n"})
    repo.checkout("main")
    repo.commit({"u.csv": "n\n1\n"})
    repo.git("merge", "--quiet", "--strategy=ours", "--message", "Merge", "side")
    asked = f"SELECT id, n FROM history('t', scope => 'all') WHERE commit_hash = '{aside}'"
    assert rows(opened(repo), asked) == [(1, "x")]


def test_a_table_that_is_gone(repo: RepoBuilder, opened: Opened) -> None:
    first = repo.commit({"t.csv": "n\n1\n"})
    second = repo.commit({"t.csv": "n\n2\n"})
    gone = repo.commit({"t.csv": None, "u.csv": "n\n1\n"})
    connection = opened(repo)
    assert rows(connection, "SELECT n, commit_hash FROM history('t') ORDER BY 1") == [
        (1, first),
        (2, second),
    ]
    states = "SELECT n, _from_commit, _to_commit FROM versions('t') ORDER BY 1"
    assert rows(connection, states) == [(1, first, second), (2, second, gone)]
    kinds = "SELECT diff_type, to_commit FROM diff('t') ORDER BY to_commit_date, 1"
    assert ("removed", gone) in rows(connection, kinds)


COUNTED = "SELECT count(*), count(DISTINCT commit_hash), max(n) FROM history('t')"


def index(cache: Path) -> list[str]:
    """Names what the cache holds."""
    return sorted({path.name.split("-")[0] for path in (cache / "meta").rglob("*.json")})


def test_new_commits_are_taken_into_the_index(
    five: list[str], repo: RepoBuilder, opened: Opened, tmp_path: Path
) -> None:
    cache = tmp_path / "own"
    connection = opened(repo, cache=cache)
    assert rows(connection, COUNTED) == [(9, 5, 10)]
    repo.commit({"t/a.json": '{"n": 6}'})
    assert rows(connection, COUNTED) == [(11, 6, 10)]
    repo.commit({"t/c.json": '{"n": 70}'})
    assert rows(opened(repo, cache=cache), COUNTED) == [(14, 7, 70)]
    assert index(cache) == ["line.json"]


def test_a_branch_that_was_forced_elsewhere(
    five: list[str], repo: RepoBuilder, opened: Opened, tmp_path: Path
) -> None:
    cache = tmp_path / "own"
    connection = opened(repo, cache=cache)
    tip = repo.tip()
    old = f"SELECT from_n, to_n, diff_type FROM diff('t', '{five[1]}', '{tip}') ORDER BY ALL"
    assert rows(connection, COUNTED) == [(9, 5, 10)]
    differs = rows(connection, old)
    repo.git("reset", "--quiet", "--hard", five[1])
    read_before = repo.git("rev-parse", f"{five[0]}:t/a.json")
    known = repo.path / ".git" / "objects" / read_before[:2] / read_before[2:]
    content = known.read_bytes()
    known.unlink()  # what is known of the commits before is not read again
    new = [repo.commit({"t/a.json": f'{{"n": {n}}}'}) for n in (8, 9, 11)]
    assert rows(connection, COUNTED) == [(10, 5, 11)]
    assert rows(connection, old) == differs
    across = f"SELECT from_n, to_n, diff_type FROM diff('t', '{tip}', '{new[-1]}')"
    assert rows(connection, across) == [(5, 11, "modified")]
    repo.commit({"t/a.json": '{"n": 12}'})
    assert rows(connection, COUNTED) == [(12, 6, 12)]
    assert rows(connection, old) == differs
    assert [name for name in index(cache) if name.startswith("history")] == []
    known.write_bytes(content)
    assert rows(opened(repo, tip, cache=cache), COUNTED) == [(9, 5, 10)]
