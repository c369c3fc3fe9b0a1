"""Values of another type than their column's: an explicit cast may let them in."""

from collections.abc import Mapping
from dataclasses import replace

from ingitdb.catalog.sql_types import sql_type
from ingitdb.execution.targets import Target
from ingitdb.model.ports import SqlParser
from ingitdb.model.types import ColumnType, Scalar
from ingitdb.sql.casts import cast_type, cast_types_of_rows
from ingitdb.sql.clauses import Insert, Update
from ingitdb.sql.statements import Statement
from ingitdb.sql.tokens import Tokens
from ingitdb.sql.write_queries import named


def widened(
    target: Target, write: Update | Insert, statement: Statement, parser: SqlParser
) -> Target:
    """Gives a table whose undeclared columns have the types that a statement casts values to.

    Of several rows all must be cast to the same type.
    """
    open_columns = _open_columns(target)
    kinds: dict[str, ColumnType] = {}
    for name, text in _casts(target, write, statement, parser).items():
        try:
            kind = sql_type(text)
        except ValueError:
            continue  # DuckDB will say what is wrong with it
        if name in open_columns and isinstance(kind, Scalar) and kind != target.kinds[name]:
            kinds[name] = kind
    return replace(target, kinds={**target.kinds, **kinds}) if kinds else target


def is_open(target: Target) -> bool:
    """Tells whether the table has a column without a declared type."""
    return bool(_open_columns(target))


def way_out(table: str, *, is_open: bool) -> str:
    """Words what lets a value of another type in."""
    alter = f"ALTER TABLE {table} ALTER … SET DATA TYPE VARCHAR lets texts in"
    cast = "; so does an explicit cast, as in 'x'::VARCHAR" if is_open else ""
    return f"{alter}{cast}."


def _open_columns(target: Target) -> set[str]:
    return {
        column.name
        for column in target.snapshot.relation(target.table).columns
        if column.name in target.kinds and (column.declared is None or column.declared.type is None)
    }


def _casts(
    target: Target, write: Update | Insert, statement: Statement, parser: SqlParser
) -> Mapping[str, str]:
    """Gives the types that values are cast to, by column."""
    if isinstance(write, Update):
        found = {}
        for assignment in write.assignments:
            text = statement.text[slice(*assignment.value)] if assignment.value else ""
            kind = cast_type(text, parser)
            if kind is not None:
                found[named(assignment.column, target.types)] = kind
        return found
    if write.rows is None:
        return {}
    listed = list(Tokens(statement.text[slice(*write.columns)], parser))
    if listed and listed[0].text != "(":
        return {}  # BY NAME
    names = [token.name for token in listed if token.is_word]
    kinds = cast_types_of_rows(statement.text[slice(*write.rows)], parser)
    columns = [named(name, target.types) for name in names] or list(target.kinds)
    return {name: kind for name, kind in zip(columns, kinds, strict=False) if kind is not None}
