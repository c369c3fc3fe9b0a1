"""Columns called as what our own queries call tables and columns: none is taken for the other."""

import json
from string import ascii_lowercase

import pytest

from ingitdb.model.types import quote_identifier

NAMES = [*ascii_lowercase, "key", "last", "place", "path", "old", "new", "one", "found", "states"]
QUESTIONS = {
    "FROM diff_stat('HEAD~2', 'HEAD') SELECT rows_modified, rows_deleted": [(1, 1)],
    "SELECT count(*) FROM diff('t', 'HEAD~2', 'HEAD')": [(2,)],
    "SELECT count(*) FROM diff('t')": [(5,)],
    "SELECT count(*) FROM history('t')": [(5,)],
    "SELECT count(*) FROM history('t', scope => 'all')": [(5,)],
    "SELECT count(*) FROM versions('t')": [(4,)],
    "SELECT count(*) FROM blame('t')": [(1,)],
    "SELECT count(*) FROM blame('t', cells => true)": [(len(NAMES),)],
    "SELECT count(*) FROM patch('HEAD~2', 'HEAD')": [(2,)],
    "SELECT count(*) FROM table_changes('t', 'HEAD~2', 'HEAD')": [(5,)],
    "SELECT count(*) FROM query_diff('FROM t AS OF ''HEAD~1''', 'FROM t')": [(2,)],
    "SELECT count(*) FROM dolt_diff_t": [(5,)],
}


def record(value: int) -> str:
    return json.dumps({name: {"a": value} for name in NAMES})


@pytest.fixture
def db(repo, opened):
    repo.commit({"t/1.json": record(1), "t/2.json": record(1)})
    repo.commit({"t/1.json": record(2)})
    repo.commit({"t/1.json": record(3), "t/2.json": None})
    return opened(repo)


@pytest.mark.parametrize(("sql", "answer"), QUESTIONS.items())
def test_structures_called_as_inner_names(db, sql, answer):
    assert db.execute(sql).fetchall() == answer


def test_they_are_written(db):
    for name in NAMES:
        quoted = quote_identifier(name)
        db.execute(f"UPDATE t SET {quoted} = {{'a': 9}} WHERE _key = '1'")
    assert db.execute("SELECT count(*) FROM t WHERE x.a = 9 AND key.a = 9").fetchall() == [(1,)]
    merged = (
        "MERGE INTO t USING (SELECT '1' AS _key) AS x ON t._key = x._key"
        " WHEN MATCHED THEN UPDATE SET y = {'a': 10}"
    )
    db.execute(merged)
    assert db.execute("SELECT t.y.a FROM t").fetchall() == [(10,)]
