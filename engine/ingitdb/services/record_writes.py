"""Inserts, updates and deletes records: one call is one commit, or none at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ingitdb.errors import UsageError
from ingitdb.execution.landing import Label
from ingitdb.model.identifiers import CommitId
from ingitdb.model.records import Record, Value
from ingitdb.model.types import quote_identifier
from ingitdb.services.database import Database
from ingitdb.services.fitting import as_typed
from ingitdb.services.new_cells import new_cells
from ingitdb.services.unset_fields import Unset, unset
from ingitdb.services.write_targets import Target, Which, chosen, counted, target


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsWritten:
    """What a call has done.

    Attributes:
        table: The table's name.
        count: How many records came, went, or were met by an update.
        commit: The commit; None where nothing would have changed.
    """

    table: str
    count: int
    commit: CommitId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A statement that writes.

    Attributes:
        message: What its commit says; what was done when None.
        check: Refuses a number of records.
        unset: Finds the fields that it leaves null and that are to go altogether.
    """

    verb: str
    sql: str
    parameters: Mapping[str, Any]
    message: str | None
    check: Callable[[int], None] | None = None
    unset: Callable[[], Unset] | None = None


def insert_records(
    database: Database,
    table: str,
    records: Sequence[Record],
    ref: str | None = None,
    *,
    key_field: str | None = None,
    message: str | None = None,
) -> RecordsWritten:
    """Adds records to a table, all or none.

    A record's key is `Record.key`, or its field `$id`, `$ID` or `_key`.

    Args:
        database: The database.
        table: The table's name.
        records: The records; an error names the line of one.
        ref: The branch; that of HEAD when None.
        key_field: The field that is the key instead.
        message: What the commit says; what was done when None.

    Raises:
        CatalogError: There is no such table or column.
        UsageError: A key is missing, or said twice.
        WriteError: A value does not fit its column, or the records cannot be written.
    """
    into = target(database, table, ref)
    rows = [new_cells(into, record, key_field) for record in records]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not rows:
        return RecordsWritten(table=into.shown, count=0, commit=None)
    if not names:
        raise UsageError(f"A record of {into.shown} needs a field.")
    columns = [quote_identifier(name) for name in names]
    lists = [f"unnest(CAST($c{at} AS VARCHAR[])) AS {name}" for at, name in enumerate(columns)]
    typed = [as_typed(quote_identifier(name), into.types[name]) for name in names]
    sql = (
        f"INSERT INTO {into.sql} ({', '.join(columns)})"  # noqa: S608 - quoted
        f" SELECT {', '.join(typed)} FROM (SELECT {', '.join(lists)})"
    )
    values = {f"c{at}": [row.get(name) for row in rows] for at, name in enumerate(names)}
    return _landed(into, _Change(verb="INSERT", sql=sql, parameters=values, message=message))


def update_records(
    database: Database,
    which: Which,
    values: Mapping[str, Value],
    ref: str | None = None,
    *,
    unset_fields: Sequence[str] = (),
    message: str | None = None,
) -> RecordsWritten:
    """Gives fields of records other values, all or none; see `insert_records`.

    Args:
        database: The database.
        which: The records.
        values: The new values by field; None leaves a null where a value stood.
        ref: The branch.
        unset_fields: Fields that go altogether; in formats with columns they are empty then.
        message: What the commit says.

    Raises:
        CatalogError: There is no such table, record or column.
        UsageError: A field is given twice.
        WriteError: A value does not fit its column, or too few records are met.
    """
    met = chosen(database, which, ref)
    into, parameters = met.target, dict(met.parameters)
    assigned: dict[str, str] = {}
    given: list[tuple[str, Value]] = [*values.items(), *((name, None) for name in unset_fields)]
    for at, (name, value) in enumerate(given):
        column = into.column(name)
        if column in assigned:
            raise UsageError(f"{column} is given twice.")
        parameters[f"v{at}"] = into.text(column, value)
        new = as_typed(f"$v{at}", into.types[column])
        assigned[column] = f"{quote_identifier(column)} = {new}"
    sql = f"UPDATE {into.sql} SET {', '.join(assigned.values())}{met.where}"  # noqa: S608 - quoted
    gone = [*assigned][len(values) :]
    change = _Change(
        verb="UPDATE",
        sql=sql,
        parameters=parameters,
        message=message,
        check=met.check,
        unset=partial(unset, database.catalogs, met, gone) if gone else None,
    )
    return _landed(into, change)


def delete_records(
    database: Database, which: Which, ref: str | None = None, *, message: str | None = None
) -> RecordsWritten:
    """Deletes records, all or none; see `update_records`.

    Raises:
        CatalogError: There is no such table, record or column.
        WriteError: Too few records are met, or they cannot go.
    """
    met = chosen(database, which, ref)
    sql = f"DELETE FROM {met.target.sql}{met.where}"  # noqa: S608 - quoted
    change = _Change(
        verb="DELETE", sql=sql, parameters=met.parameters, message=message, check=met.check
    )
    return _landed(met.target, change)


def _landed(into: Target, change: _Change) -> RecordsWritten:
    """Runs a statement as a transaction of its own, which leaves nothing if it fails."""
    writer = into.session.writer
    writer.begin()
    try:
        taken = change.unset() if change.unset is not None else None
        with into.session.execute(change.sql, change.parameters or None) as result:
            count = result.affected or 0
        if change.check is not None:
            change.check(count)
        if taken is not None:
            writer.write(taken.draft)
        message = change.message or f"{change.verb} {into.shown}: {counted(count)}"
        commit = writer.land(Label(message=message))
    finally:
        writer.rollback()
    return RecordsWritten(table=into.shown, count=count, commit=commit)
