"""Who last changed the records of a table, or their fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingitdb.execution.results import Result
from ingitdb.execution.session import Session
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.services.database import Database
from ingitdb.services.record_keys import KeyedTable, columns_of, keyed_table, matching

_SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBlame:
    """What `blame` says of some records.

    Attributes:
        key: The text of each part of the key that was asked for, by its column.
        result: The rows of `blame`, by key.
        session: Runs what is asked.
    """

    table: KeyedTable
    key: Mapping[str, str]
    result: Result
    session: Session


def record_blame(
    database: Database,
    table: str,
    words: Sequence[str] = (),
    ref: str | None = None,
    *,
    cells: bool = False,
    brief: bool = False,
) -> RecordBlame:
    """Finds who last changed the records of a table.

    Args:
        database: The database.
        table: The table's name.
        words: The values of the key's columns, or `column=value` for some; none are all records.
        ref: Where to look; HEAD when None.
        cells: Whether each field is asked for.
        brief: Whether the begin of a commit's hash and the first line of its message will do.

    Raises:
        CatalogError: There is no such table.
        StatementRefused: The table has no key.
        UsageError: The key has other columns.
    """
    session = database.session(ref)
    found = keyed_table(database, session, table, ref)
    values = found.values(words, command="blame", whole=False)
    source = f"blame({found.literal}, cells => true)" if cells else f"blame({found.literal})"
    types = columns_of(session, source)
    key = list(types)[: list(types).index("column_name" if cells else "commit")]
    order = list(map(quote_identifier, key))
    if cells:
        names = (column.name for column in database.describe(table, ref).columns)
        order.append(f"list_position([{', '.join(map(quote_literal, names))}], column_name)")
    shown = "*"
    if brief:
        shown = (
            f"* REPLACE (commit[:{_SHORT}] AS commit, split_part(message, chr(10), 1) AS message)"
        )
    wanted, parameters = matching(values, types)
    where = f" WHERE {wanted}" if wanted else ""
    result = session.execute(
        f"SELECT {shown} FROM {source}{where} ORDER BY {', '.join(order)}",  # noqa: S608 - quoted
        parameters or None,
    )
    return RecordBlame(table=found, key=values, result=result, session=session)
