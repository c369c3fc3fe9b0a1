"""UPDATE and DELETE as queries: what they would write, with the place of each record.

The clauses of the user are taken over as they stand; only what is around them is ours.
"""

import re
from collections.abc import Mapping, Sequence

from ingitdb.errors import ColumnNotFound, StatementInvalid, nearest_names
from ingitdb.model.types import quote_identifier
from ingitdb.sql.clauses import Delete, Insert, Span, Update
from ingitdb.sql.hidden import NUMBER
from ingitdb.sql.texts import Text, excerpt

PATH_COLUMN = "\u0001path"
NUMBER_COLUMN = "\u0001number"
_PLACE = re.compile(r"line \d+, column (?P<column>\d+):\n(?P<line>.*)\n *(?P<carets>\^+)")
_BEGIN, _END = "/*\u0001*/", "/*\u0002*/"
_MARKED = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
_OLD = "\u0001old "


def old_column(name: str) -> str:
    """Names the column that holds what an assigned column held before."""
    return f"{_OLD}{name}"


def update_query(
    update: Update,
    statement: Text,
    types: Mapping[str, str],
    defaults: Mapping[str, str],
    *,
    is_whole: bool = True,
) -> str:
    """Gives the query for the place of each record that is met, and its columns as they will be.

    Those that are assigned come first, in the order of the statement, by which `?` is counted;
    and once more, as they are.

    Args:
        update: The clauses.
        statement: The statement that they were cut from.
        types: The table's columns, by name as SQL spells their types.
        defaults: SQL for the default of each column that has one.
        is_whole: Whether all columns are wanted, or only those that are assigned.

    Raises:
        ColumnNotFound: An assigned column is none of the table's.
        StatementInvalid: A column is assigned twice.
    """
    values: dict[str, str] = {}
    for assignment in update.assignments:
        name = named(assignment.column, types)
        if name in values:
            raise StatementInvalid(f"Multiple assignments to same column {name!r}.")
        span = assignment.value
        values[name] = statement.text[slice(*span)] if span else defaults.get(name, "NULL")
    alias = update.target.alias
    shown = [
        f"CAST((\n{value}\n) AS {types[name]}) AS {quote_identifier(name)}"
        for name, value in values.items()
    ]
    if is_whole:
        names = [quote_identifier(name) for name in types if name not in values]
        shown += [f"{alias}.{name} AS {name}" for name in names]
    shown += [
        f"{alias}.{quote_identifier(name)} AS {quote_identifier(old_column(name))}"
        for name in values
    ]
    return _query(update, statement, shown)


def delete_query(delete: Delete, statement: Text, types: Mapping[str, str]) -> str:
    """Gives the query for the place of each record that goes, with all its columns."""
    alias = delete.target.alias
    names = map(quote_identifier, types)
    return _query(delete, statement, [f"{alias}.{name} AS {name}" for name in names])


def returning_query(write: Update | Delete | Insert, statement: Text) -> str:
    """Gives the query that RETURNING asks, of the table itself; see `over_rows`."""
    span = write.returning or (0, 0)
    target = write.target
    name = statement.text[slice(*target.span)]
    return (
        f"SELECT\n{statement.text[slice(*span)].strip()}\n"
        f"FROM {_BEGIN} {name} {_END} AS {target.alias}"
    )


def over_rows(query: str, name: str) -> str:
    """Lets such a query, once it is bound, read other rows in the place of the table."""
    return _MARKED.sub(lambda _: name, query, count=1)


def assigned(update: Update, types: Mapping[str, str]) -> list[str]:
    """Names the columns that are assigned, as the table spells them."""
    return [named(assignment.column, types) for assignment in update.assignments]


def named(column: str, types: Mapping[str, str]) -> str:
    """Gives a column's name as the table spells it.

    Raises:
        ColumnNotFound: There is no such column.
    """
    for name in types:
        if name.casefold() == column.casefold():
            return name
    raise ColumnNotFound(f"There is no column {column!r}.", hint=nearest_names(column, types))


def as_typed(message: str, statement: Text) -> str:
    """Turns the place in an error about such a query into that in what the user typed."""
    found = _PLACE.search(message)
    at = statement.script.find(found["line"]) if found is not None and found["line"] else -1
    if found is None or at < 0:
        return message
    start = at + int(found["column"]) - 1
    shown = excerpt(statement.script, start, start + len(found["carets"]))
    return f"{message[: found.start()]}{shown}{message[found.end() :]}"


def _query(write: Update | Delete, statement: Text, shown: Sequence[str]) -> str:
    def clause(word: str, span: Span | None) -> str:
        return f"{word}\n{statement.text[slice(*span)].strip()}\n" if span is not None else ""

    target = write.target
    name = statement.text[slice(*target.span)]
    place = [
        f"{target.alias}._path AS {quote_identifier(PATH_COLUMN)}",
        f"{target.alias}.{quote_identifier(NUMBER)} AS {quote_identifier(NUMBER_COLUMN)}",
    ]
    return (
        f"{statement.text[slice(*write.lead)]}\nSELECT {', '.join([*place, *shown])}"
        f" FROM {name} AS {target.alias}\n"
        f"{clause(',', write.source)}{clause('WHERE', write.condition)}"
    )
