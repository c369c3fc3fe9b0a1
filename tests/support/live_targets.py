"""Live targets that `ingitdb migrate` is pointed at, asked by plain drivers."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support import postgresql
from tests.support.mariadb import MariadbTarget

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Live:
    """A target.

    Attributes:
        kind: What kind of system it is.
        url: What `--target` is told.
        run: Runs a statement by a plain driver, commits, and gives its rows.
    """

    kind: str
    url: str
    run: Callable[[str], Rows]


def sqlite(folder: Path) -> Live:
    path = folder / "live.sqlite"

    def run(sql: str) -> Rows:
        with closing(sqlite3.connect(path)) as connection, connection:
            return connection.execute(sql).fetchall()

    return Live("sqlite", f"sqlite:///{path}", run)


def duckdb_file(folder: Path) -> Live:
    path = folder / "live.duckdb"

    def run(sql: str) -> Rows:
        with closing(duckdb.connect(str(path))) as connection:
            return connection.execute(sql).fetchall()

    return Live("duckdb", f"duckdb:///{path}", run)


def postgresql_database(folder: Path) -> Live:
    server = postgresql.cluster()
    name = server.database()

    def run(sql: str) -> Rows:
        with server.connected(name) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    url = f"postgresql://{postgresql.USER}@127.0.0.1:{server.port}/{name}"
    return Live("postgresql", url, run)


def mysql_database(folder: Path) -> Live:
    target = MariadbTarget(folder)

    def run(sql: str) -> Rows:
        with closing(target.connect(autocommit=True)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    return Live("mysql", target.url, run)


SERVERS = ("postgresql", "mysql")
"""Kinds of targets that are servers: tests of them are for the long suite."""
MAKERS: dict[str, Callable[[Path], Live]] = {
    "sqlite": sqlite,
    "duckdb": duckdb_file,
    "postgresql": postgresql_database,
    "mysql": mysql_database,
}
KINDS = [pytest.param(kind, marks=pytest.mark.slow if kind in SERVERS else ()) for kind in MAKERS]
"""Parameters of tests: a kind of target each."""
