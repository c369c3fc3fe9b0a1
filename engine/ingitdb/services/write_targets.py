"""Which table a write is for, and which of its records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ingitdb.errors import (
    CatalogError,
    ColumnNotFound,
    StatementRefused,
    TableNotFound,
    UsageError,
    WriteError,
    nearest_names,
)
from ingitdb.execution.session import Session
from ingitdb.model.records import Value
from ingitdb.model.types import ColumnType, quote_identifier
from ingitdb.services.conditions import KEY, KEY_NAMES, Condition, all_of, column_named
from ingitdb.services.database import Database
from ingitdb.services.fitting import fitted
from ingitdb.services.record_keys import columns_of

_NEAR = 50
"""So many keys, the most alike, are looked at for the nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRecord:
    """The record that `TABLE/KEY` names.

    Attributes:
        identifier: Both may have slashes: the longest name that is a table counts.
    """

    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records of a table for which all conditions hold; all of them if there is none.

    Attributes:
        at_least: With fewer of them nothing is written.
    """

    table: str
    conditions: Sequence[Condition] = ()
    at_least: int = 0


Which: TypeAlias = OneRecord | Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A table that is written.

    Attributes:
        session: Runs what is asked.
        name: Its schema and name.
        shown: Its name for people.
        sql: Its name for SQL.
        types: The columns that `SELECT *` shows, and their types.
        key: The columns of its key; empty where it has none.
    """

    session: Session
    name: tuple[str, str]
    shown: str
    sql: str
    types: Mapping[str, ColumnType]
    key: tuple[str, ...]

    def column(self, name: str) -> str:
        """Gives a column's name as the table spells it; `$id` is that of the key.

        Raises:
            ColumnNotFound: There is no such column.
        """
        is_key = name in KEY_NAMES and name not in self.types
        try:
            return column_named(KEY if is_key else name, self.types)
        except ColumnNotFound as error:
            error.message = f"{self.shown} has no column {name!r}."
            raise

    def text(self, column: str, value: Value) -> str | None:
        """Gives the text of a value that SQL casts to the column's type.

        Raises:
            WriteError: It does not fit.
        """
        try:
            return fitted(value, self.types[column])
        except WriteError as error:
            error.message = f"{column}: {error.message}; nothing was written."
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Records that are written.

    Attributes:
        where: The WHERE clause, with the blank before it; empty for all.
        parameters: Its parameters.
    """

    target: Target
    which: Which
    where: str
    parameters: dict[str, Any]

    def check(self, count: int) -> None:
        """Returns if so many records are what was asked for.

        Raises:
            CatalogError: There is no record of a key; the nearest keys are named.
            StatementRefused: A key names several records.
            WriteError: They are too few.
        """
        shown = self.target.shown
        if isinstance(self.which, OneRecord) and not count:
            raise _no_such_record(self.target, self.parameters["key"])
        if isinstance(self.which, OneRecord) and count > 1:
            raise StatementRefused(
                f"{count:,} records of {shown} have this key; nothing was written.",
                hint="Tell them apart by conditions.",
            )
        if isinstance(self.which, Records) and count < self.which.at_least:
            raise WriteError(
                f"{counted(count)} of {shown} would be met, fewer than"
                f" {self.which.at_least:,}; nothing was written."
            )


def counted(count: int) -> str:
    """Says how many records."""
    return "1 record" if count == 1 else f"{count:,} records"


def target(database: Database, table: str, ref: str | None) -> Target:
    """Finds a table.

    Raises:
        CatalogError: There is none of that name, or several.
        UsageError: The name has a commit.
    """
    found = database.describe(table, ref)
    if "@" in table and "@" not in found.name:
        raise UsageError(
            f"{table} names a commit; it is a branch that is written.", hint="--at BRANCH"
        )
    session = database.session(ref)
    sql = ".".join(map(quote_identifier, (found.schema, found.name)))
    return Target(
        session=session,
        name=(found.schema, found.name),
        shown=found.name if found.schema == "main" else f"{found.schema}.{found.name}",
        sql=sql,
        types=columns_of(session, sql),
        key=_key(session, found.schema, found.name),
    )


def chosen(database: Database, which: Which, ref: str | None) -> Chosen:
    """Finds the records that are written.

    Raises:
        CatalogError: There is no such table or column.
        StatementRefused: The table has no key to name a record by.
        UsageError: No record is named, or a value cannot be compared.
    """
    if isinstance(which, Records):
        found = target(database, which.table, ref)
        where, parameters = all_of(which.conditions, found.types)
        where = f" WHERE {where}" if where else ""
        return Chosen(target=found, which=which, where=where, parameters=parameters)
    found, key = _split(database, which.identifier, ref)
    if not found.key:
        raise StatementRefused(
            f"{found.shown} has no key by which a record is known.",
            hint=f"Declare one: ingitdb keys suggest {found.shown}",
        )
    return Chosen(target=found, which=which, where=f" WHERE {KEY} = $key", parameters={"key": key})


def _split(database: Database, identifier: str, ref: str | None) -> tuple[Target, str]:
    """Cuts `TABLE/KEY` at the last slash before which stands the name of a table."""
    cuts = [at for at, sign in enumerate(identifier) if sign == "/"]
    for at in reversed(cuts):
        try:
            return target(database, identifier[:at], ref), identifier[at + 1 :]
        except TableNotFound:
            if at == cuts[0]:
                raise
    raise UsageError(f"{identifier!r} names no record.", hint="TABLE/KEY, such as people/anna")


def _no_such_record(found: Target, key: str) -> CatalogError:
    near = (
        f"SELECT {KEY} FROM {found.sql} WHERE {KEY} IS NOT NULL"  # noqa: S608 - quoted
        f" ORDER BY jaro_winkler_similarity({KEY}, $key) DESC LIMIT {_NEAR}"
    )
    with found.session.execute(near, {"key": key}) as result:
        known = [text for batch in result.batches() for text in batch.column(0).to_pylist()]
    return CatalogError(f"{found.shown} has no record {key!r}.", hint=nearest_names(key, known))


def _key(session: Session, schema: str, name: str) -> tuple[str, ...]:
    with session.execute(
        "SELECT column_name FROM information_schema.key_column_usage"
        " WHERE table_schema = $schema AND table_name = $name AND constraint_name = $key"
        " ORDER BY ordinal_position",
        {"schema": schema, "name": name, "key": f"{name}_pkey"},
    ) as result:
        return tuple(text for batch in result.batches() for text in batch.column(0).to_pylist())
