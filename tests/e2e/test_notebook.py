"""What a notebook shows: a result as the last line of a cell, and as frames of other libraries."""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

import ingitdb
from ingitdb.api.connection import Connection
from tests.support.repositories import RepoBuilder

VALUES = """
    SELECT 1::HUGEINT AS big, 1.50::DECIMAL(9, 2) AS price, DATE '2024-02-29' AS day,
    TIMESTAMPTZ '2024-01-01 10:00:00+02' AS moment, '{"k": [1.10]}'::JSON AS document,
    {'a': [1, NULL], 'b': {'c': 'x'}} AS nested, [[1], [2]] AS lists, MAP {'k': 1} AS map,
    'abc'::BLOB AS bytes, 'x'::ENUM('x', 'y') AS word, NULL AS nothing, true AS yes
"""


@pytest.fixture
def db(repo: RepoBuilder, tmp_path: Path) -> Iterator[Connection]:
    """A connection, as a cell of a notebook has it."""
    settings = ingitdb.Settings(cache=tmp_path / "cache")
    with ingitdb.connect(repo.path, settings=settings) as connection:
        yield connection


def cells(html: str, tag: str) -> list[str]:
    return re.findall(rf"<{tag}>(.*?)</{tag}>", html)


def test_a_table_with_types_and_the_commit(db: Connection, repo: RepoBuilder) -> None:
    html = db.execute("SELECT name, age, [age] AS ages FROM people ORDER BY name")._repr_html_()
    assert cells(html, "caption") == [f"commit {repo.tip()[:12]}"]
    assert cells(html, "th") == [
        "name<br><small>VARCHAR</small>",
        "age<br><small>BIGINT</small>",
        "ages<br><small>BIGINT[]</small>",
    ]
    assert cells(html, "td")[:6] == ["Anna", "41", "[41]", "Bo", "7", "[7]"]
    assert html.count("<tr>") == 4


def test_the_commit_is_that_of_the_question(repo: RepoBuilder, tmp_path: Path) -> None:
    old = ingitdb.connect(repo.path, ref="v1", settings=ingitdb.Settings(cache=tmp_path / "cache"))
    html = old.execute("SELECT count(*) FROM people")._repr_html_()
    old.close()
    assert cells(html, "caption") == [f"commit {repo.tip('v1')[:12]}"]
    assert cells(html, "td") == ["2"]


def test_only_the_first_rows(db: Connection) -> None:
    html = db.execute("SELECT i FROM range(1000000000) t(i)")._repr_html_()
    assert cells(html, "td") == [str(n) for n in range(20)]
    assert "first 20 rows" in cells(html, "caption")[0]


def test_showing_takes_no_rows_away(db: Connection) -> None:
    everybody = [("Anna",), ("Bo",), ("Cy",)]
    result = db.execute("SELECT name FROM people ORDER BY name")
    assert cells(result._repr_html_(), "td") == cells(result._repr_html_(), "td") != []
    assert result.fetchone() == everybody[0]
    assert cells(result._repr_html_(), "td") == ["Bo", "Cy"]
    assert result.fetchall() == everybody[1:]
    for whole in (lambda r: r.arrow(), lambda r: r.df(), lambda r: r.pl()):
        result = db.execute("SELECT i FROM range(10000) t(i)")
        result._repr_html_()
        assert len(whole(result)) == 10_000


def test_text_is_no_markup(db: Connection) -> None:
    html = db.execute("SELECT '<script>' AS \"<b>\"")._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html
    assert cells(html, "td") == ["&lt;script&gt;"]


def test_arrow(db: Connection) -> None:
    table = db.execute("SELECT name, age FROM people ORDER BY name").arrow()
    assert table.to_pydict() == {"name": ["Anna", "Bo", "Cy"], "age": [41, 7, 30]}
    assert [str(field.type) for field in table.schema] == ["string", "int64"]
    row = db.execute(VALUES).arrow().to_pylist()[0]
    assert (row["big"], row["price"]) == (Decimal(1), Decimal("1.50"))
    assert row["nested"] == {"a": [1, None], "b": {"c": "x"}}
    assert row["moment"] == dt.datetime(2024, 1, 1, 8, tzinfo=dt.UTC)


def test_pandas(db: Connection) -> None:
    frame = db.execute("SELECT name, age FROM people ORDER BY name").df()
    assert list(frame.itertuples(index=False, name=None)) == [("Anna", 41), ("Bo", 7), ("Cy", 30)]
    assert str(frame["age"].dtype) == "int64"
    row = db.execute(VALUES).df().iloc[0]
    assert (row["price"], row["document"]) == (Decimal("1.50"), '{"k": [1.10]}')
    assert row["nested"]["b"] == {"c": "x"}
    assert row["moment"] == dt.datetime(2024, 1, 1, 8, tzinfo=dt.UTC)
    assert db.execute("SELECT name FROM people WHERE false").df().shape == (0, 1)


def test_polars(db: Connection) -> None:
    frame = db.execute("SELECT name, age FROM people ORDER BY name").pl()
    assert frame.rows() == [("Anna", 41), ("Bo", 7), ("Cy", 30)]
    assert [str(kind) for kind in frame.dtypes] == ["String", "Int64"]
    row = db.execute(VALUES).pl().row(0, named=True)
    assert (row["price"], row["document"]) == (Decimal("1.50"), '{"k": [1.10]}')
    assert row["nested"] == {"a": [1, None], "b": {"c": "x"}}
    assert row["lists"] == [[1], [2]]
    assert db.execute("SELECT name FROM people WHERE false").pl().shape == (0, 1)


def test_an_open_connection_sees_commits(db: Connection, repo: RepoBuilder, tmp_path: Path) -> None:
    count = "SELECT count(*) FROM people"
    with ingitdb.connect(
        repo.path, ref="v1", settings=ingitdb.Settings(cache=tmp_path / "cache")
    ) as pinned:
        assert (db.execute(count).fetchall(), pinned.execute(count).fetchall()) == ([(3,)], [(2,)])
        repo.commit({"people/di.yaml": "name: Di\n"})
        assert (db.execute(count).fetchall(), pinned.execute(count).fetchall()) == ([(4,)], [(2,)])
    repo.branch("side", "v1")
    assert db.execute(count).fetchall() == [(2,)]
