"""Targets that scripts run against, and what they hold, read by drivers of their own."""

import json
import math
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Protocol

import duckdb

import ingitdb
from ingitdb.services.database import Database
from ingitdb.services.migrations.migration import migration

Tables = dict[str, Counter[str]]
"""The rows of each table, each row spelled with the names of its columns."""
LEDGER = "ingitdb_migrations"


class SqliteTarget:
    """A SQLite database that scripts run against."""

    dialect: ClassVar[str] = "sqlite"
    refusal: ClassVar[type[Exception]] = sqlite3.IntegrityError

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, script: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.executescript(script)
            assert not connection.in_transaction

    def run_in_part(self, statements: Sequence[str]) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def names(self) -> list[str]:
        found = self.ask("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return [name for (name,) in found if name != LEDGER]

    def rows(self) -> Tables:
        found = {}
        for name in self.names():
            kinds = {c[1]: c[2] for c in self.ask(f"PRAGMA table_info({quoted(name)})")}
            rows = self.ask(f"SELECT * FROM {quoted(name)}")
            found[name] = Counter(
                spelled(
                    list(kinds),
                    [
                        Json(value) if kind == "JSON_TEXT" and value is not None else value
                        for value, kind in zip(row, kinds.values(), strict=True)
                    ],
                )
                for row in rows
            )
        return found

    def schema(self) -> dict[str, Any]:
        """Columns (in any order), indexes and foreign keys of each table."""
        return {
            name: (
                sorted(c[1:] for c in self.ask(f"PRAGMA table_info({quoted(name)})")),
                sorted(
                    (
                        index[1] if index[3] == "c" else "",
                        *(i[2] for i in self.ask(f"PRAGMA index_info({quoted(index[1])})")),
                    )
                    for index in self.ask(f"PRAGMA index_list({quoted(name)})")
                ),
                sorted(k[2:] for k in self.ask(f"PRAGMA foreign_key_list({quoted(name)})")),
            )
            for name in self.names()
        }


class SqliteClient(SqliteTarget):
    """The same through SQLite's own client, which stops at the first error."""

    def run(self, script: str) -> None:
        program = shutil.which("sqlite3")
        assert program is not None
        done = subprocess.run(
            [program, "-bail", str(self.path)],
            input=script.encode(),
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")


class DuckdbTarget:
    """A DuckDB database that scripts run against."""

    dialect: ClassVar[str] = "duckdb"
    refusal: ClassVar[type[Exception]] = duckdb.ConstraintException

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, script: str) -> None:
        with closing(duckdb.connect(str(self.path))) as connection:
            connection.execute(script)

    def run_in_part(self, statements: Sequence[str]) -> None:
        with closing(duckdb.connect(str(self.path))) as connection:
            for statement in statements:
                connection.execute(statement)

    @contextmanager
    def asked(self) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
        """Gives what answers statements, all on one connection: opening a file takes long."""
        with closing(duckdb.connect(str(self.path))) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield lambda sql: connection.execute(sql).fetchall()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.asked() as ask:
            return ask(sql)

    def rows(self) -> Tables:
        found = {}
        with self.asked() as ask:
            for schema, name in _names(ask):
                place = f"{quoted(schema)}.{quoted(name)}"
                columns = [row[0] for row in ask(f"DESCRIBE {place}")]
                title = name if schema == "main" else f"{schema}.{name}"
                found[title] = Counter(spelled(columns, row) for row in ask(f"FROM {place}"))
        return found

    def schema(self) -> dict[str, Any]:
        found = {}
        with self.asked() as ask:
            for schema, name in _names(ask):
                where = f"WHERE schema_name = {text(schema)} AND table_name = {text(name)}"
                described = ask(f"DESCRIBE {quoted(schema)}.{quoted(name)}")
                constraints = "constraint_type, constraint_text FROM duckdb_constraints()"
                found[f"{schema}.{name}"] = (
                    sorted(row[:3] + row[4:] for row in described),
                    sorted(ask(f"SELECT {constraints} {where}")),
                    sorted(ask(f"SELECT index_name, expressions FROM duckdb_indexes() {where}")),
                )
        return found


def _names(ask: Callable[[str], list[tuple[Any, ...]]]) -> list[tuple[str, str]]:
    found = ask(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY ALL"
    )
    return [(schema, name) for schema, name in found if name != LEDGER]


class DuckdbClient(DuckdbTarget):
    """The same through DuckDB's own client, which stops at the first error."""

    def run(self, script: str) -> None:
        program = Path(sys.executable).with_name("duckdb")
        done = subprocess.run(
            [program, "-batch", "-bail", str(self.path)],
            input=script.encode(),
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")


class Target(Protocol):
    """A system that scripts run against.

    Attributes:
        refusal: What its driver raises where a CHECK fails.
    """

    dialect: ClassVar[str]
    refusal: ClassVar[type[Exception]]

    def __init__(self, path: Path) -> None: ...

    def run(self, script: str) -> None:
        """Runs a script as a driver or a client does."""

    def run_in_part(self, statements: Sequence[str]) -> None:
        """Runs statements on a connection that breaks off then."""

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Gives the rows of a statement."""

    def rows(self) -> Tables:
        """Gives what it holds."""

    def schema(self) -> dict[str, Any]:
        """Gives how its tables are defined."""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def spelled(columns: Sequence[str], row: Sequence[Any]) -> str:
    """Spells a row so that 1, 1.0, True and '1' differ, whatever the order of its columns."""
    return repr(
        sorted((name, repr(plain(value))) for name, value in zip(columns, row, strict=True))
    )


def plain(value: Any) -> Any:
    """Gives a value in one of the ways in which drivers give it."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None), "UTC"
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def held(path: Path, ref: str, dialect: str, cache: Path) -> Tables:
    """Says what a target should hold, from what the engine answers at a commit."""
    found: Tables = {}
    settings = ingitdb.Settings(cache=cache, workers=1)
    with closing(ingitdb.connect(path, ref, settings=settings)) as connection:
        listed = connection.execute("SHOW TABLES").fetchall()
        for schema, name, *_ in listed:
            place = f"{quoted(schema)}.{quoted(name)}"
            described = connection.execute(f"DESCRIBE {place}").fetchall()
            kinds = {column: kind for column, kind, *_ in described}
            columns = list(kinds)
            shown = ", ".join(map(quoted, columns)) or "NULL"
            stored = STORED.get(dialect)
            if stored is not None:
                mixed = [c for c, kind in kinds.items() if kind != "JSON" and "JSON" in kind]
                shown = ", ".join(
                    f"to_json({quoted(c)})" if c in mixed else quoted(c) for c in kinds
                )
                kinds |= dict.fromkeys(mixed, "JSON")
            rows = connection.execute(f"SELECT {shown or 'NULL'} FROM {place}").fetchall()
            if stored is not None:
                rows = [
                    [stored(v, kinds[c]) for c, v in zip(columns, r, strict=True)] for r in rows
                ]
            title = name if schema == "main" else f"{schema}.{name}"
            if columns:
                found[title] = Counter(spelled(columns, row) for row in rows)
    return found


def as_stored(value: Any, kind: str) -> Any:
    """Says what SQLite keeps of a value, by the documented table."""
    if value is None:
        return None
    if kind == "JSON" or kind.endswith("[]") or kind.startswith(("STRUCT", "MAP")):
        return Json(value if kind == "JSON" else json.dumps(value, default=str))
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value + 0.0  # SQLite has one zero
    if isinstance(value, datetime) and value.tzinfo is not None:
        return f"{_moment(value.astimezone(UTC).replace(tzinfo=None))}+00:00"
    if isinstance(value, datetime | time):
        return _moment(value)
    if isinstance(value, date | Decimal) or kind == "HUGEINT":
        return str(value)
    return value


def as_stored_by_postgresql(value: Any, kind: str) -> Any:
    """Says what PostgreSQL keeps of a value, by the documented table."""
    if value is None:
        return None
    if kind == "JSON" or kind.endswith("[]") or kind.startswith(("STRUCT", "MAP")):
        return Json(value if kind == "JSON" else json.dumps(value, default=str))
    return Decimal(value) if kind in ("HUGEINT", "UBIGINT", "UHUGEINT") else value


def as_stored_by_mysql(value: Any, kind: str) -> Any:
    """Says what PyMySQL reads of a value, by the documented table."""
    if value is None:
        return None
    if kind == "JSON" or kind.endswith("[]") or kind.startswith(("STRUCT", "MAP")):
        return Json(value if kind == "JSON" else json.dumps(value, default=str))
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return value + 0.0  # one zero
    if kind in ("HUGEINT", "UBIGINT", "UHUGEINT"):
        return Decimal(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, time):
        return timedelta(
            hours=value.hour,
            minutes=value.minute,
            seconds=value.second,
            microseconds=value.microsecond,
        )
    return value


STORED: Mapping[str, Callable[[Any, str], Any]] = {
    "mysql": as_stored_by_mysql,
    "sqlite": as_stored,
    "postgresql": as_stored_by_postgresql,
}
"""What systems keep of a value whose types are not DuckDB's."""


def _moment(value: datetime | time) -> str:
    text = str(value)
    return text.rstrip("0") if value.microsecond else text


class Json:
    """A text of JSON; equal ones say the same."""

    def __init__(self, said: str) -> None:
        self.value = json.loads(said)

    def __repr__(self) -> str:
        return f"Json({json.dumps(self.value, sort_keys=True)})"


def same(found: Tables, expected: Tables) -> None:
    """Fails with the rows that differ."""
    assert sorted(found) == sorted(expected)
    for name, rows in expected.items():
        missing, further = rows - found[name], found[name] - rows
        assert (name, list(missing), list(further)) == (name, [], [])


@dataclass
class Round:
    """Runs the scripts of two commits against a target, there and back, and compares.

    Attributes:
        pairs: How many pairs of commits were met.
        changed: How many of them differ in their schemas.
    """

    database: Database
    path: Path
    cache: Path
    folder: Path
    pairs: int = 0
    changed: int = 0
    made: int = 0

    def fresh(self, kind: type[Target], ref: str | None) -> Target:
        """Gives a new target, which holds a commit unless there is none."""
        self.made += 1
        target = kind(self.folder / f"target-{self.made}.db")
        if ref is not None:
            with migration(self.database, kind.dialect, ref) as found:
                target.run("".join(found.up_script()))
        return target

    def held(self, ref: str, kind: type[Target]) -> Tables:
        return held(self.path, ref, kind.dialect, self.cache)

    def go(self, kind: type[Target], a: str, b: str) -> tuple[str, str]:
        """Goes from one commit to another and back; gives the scripts."""
        before, after = (self.held(ref, kind) for ref in (a, b))
        target, there = self.fresh(kind, a), self.fresh(kind, b)
        same(target.rows(), before)
        same(there.rows(), after)
        schemas = target.schema(), there.schema()
        self.pairs += 1
        self.changed += schemas[0] != schemas[1]
        with migration(self.database, kind.dialect, b, a) as found:
            up, down = "".join(found.up_script()), "".join(found.down_script())
        for script, rows, schema in (
            (up, after, schemas[1]),
            (up, after, schemas[1]),
            (down, before, schemas[0]),
            (down, before, schemas[0]),
            (up, after, schemas[1]),
        ):
            target.run(script)
            same(target.rows(), rows)
            assert target.schema() == schema
        return up, down
