"""Live targets that `ingitdb migrate` is pointed at, asked by plain drivers."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

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


MAKERS: dict[str, Callable[[Path], Live]] = {"sqlite": sqlite, "duckdb": duckdb_file}
