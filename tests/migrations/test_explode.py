"""The items of a list become rows of a table where a mapping says so."""

from pathlib import Path
from typing import Any

import pytest

from ingitdb.errors import UsageError
from ingitdb.migrations.mapping import read_mapping
from ingitdb.services.migrations.migration import migration
from tests.migrations.test_mapping import README, fresh, go, said
from tests.migrations.test_scripts import Rounds, rows, tables
from tests.support.migrated import DuckdbTarget, SqliteTarget, Target
from tests.support.postgresql import PostgresqlTarget
from tests.support.repositories import RepoBuilder

MAPPING = """
tables:
  people:
    columns: {id: {name: person}}
    explode:
      tags: {table: people_tags}
      phones: {table: people_phones, columns: {kind: {name: phone kind}, id: {type: BIGINT}}}
"""
PEOPLE = tables(people={"key": "id"})
TAGS = 'SELECT person, "ordinal", "value" FROM people_tags ORDER BY 1, 2'
PHONES = 'SELECT person, "ordinal", id, "phone kind" FROM people_phones ORDER BY 1, 2'
FIRST = [
    {"id": 1, "tags": ["a", "b", "c"], "phones": [{"id": 7, "kind": "home", "at": {"x": 1}}]},
    {"id": 2, "tags": []},
    {"id": 3, "tags": None, "phones": [{"id": 8, "kind": None}, None, {"id": 9, "kind": "it's"}]},
    {"id": 4, "tags": ["d"], "name": "n"},
    {"id": 5, "tags": ["e", None, "e"], "phones": []},
]


@pytest.fixture(
    params=[
        SqliteTarget,
        DuckdbTarget,
        pytest.param(PostgresqlTarget, marks=pytest.mark.slow),
    ],
    ids=lambda kind: kind.__name__,
)
def kind(request: pytest.FixtureRequest) -> type[Target]:
    return request.param


def people(*found: dict[str, Any]) -> dict[str, str]:
    return rows("people", *found)


def test_scalars_and_structures(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    repo.commit({**PEOPLE, **people(*FIRST)})
    found = rounds(repo.path)
    target = fresh(found, kind, "HEAD", said(MAPPING))
    assert target.ask(TAGS) == [
        (1, 1, "a"),
        (1, 2, "b"),
        (1, 3, "c"),
        (4, 1, "d"),
        (5, 1, "e"),
        (5, 2, None),
        (5, 3, "e"),
    ]
    assert target.ask(PHONES) == [
        (1, 1, 7, "home"),
        (3, 1, 8, None),
        (3, 2, None, None),
        (3, 3, 9, "it's"),
    ]
    assert target.ask("SELECT count(*) FROM people") == [(5,)]
