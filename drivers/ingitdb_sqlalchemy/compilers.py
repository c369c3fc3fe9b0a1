"""SQLAlchemy's expressions as our SQL: PostgreSQL's, but for what follows here."""

# SQLAlchemy types its bases in part, and 1.4 differently
# mypy: disable-error-code="override, no-untyped-call, assignment"

from threading import RLock
from typing import Any

from sqlalchemy import cast, exc
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects.postgresql import base as postgresql
from sqlalchemy.schema import ColumnDefault
from sqlalchemy.sql import compiler, selectable

_COMPILING = RLock()
_SUFFIXES = {
    "foreign_key_constraint": "fkey",
    "primary_key_constraint": "pkey",
    "unique_constraint": "key",
}
"""What the name of a constraint ends with."""
_NEXT_KEY = ColumnDefault(0)
"""Stands for a number that is chosen when the row is inserted."""


class IngitdbCompiler(postgresql.PGCompiler):
    """Queries and changes."""

    def format_from_hint_text(self, sqltext: str, table: Any, hint: str, iscrud: bool) -> str:
        """Puts a hint behind the table's name: `AS OF 'v1.0'` comes before the alias."""
        if isinstance(table, selectable.AliasedReturnsRows):
            alias = f" AS {self.preparer.quote(str(table.name))}"
            if sqltext.endswith(alias):
                return f"{sqltext.removesuffix(alias)} {hint}{alias}"
        return f"{sqltext} {hint}"

    def visit_insert(self, insert_stmt: Any, *args: Any, **kwargs: Any) -> Any:
        """Lets the context choose the number of a key that nobody gives; there are no sequences."""
        column: Any = getattr(insert_stmt.table, "_autoincrement_column", None)
        if not is_counted(column) or insert_stmt.select is not None:
            return super().visit_insert(insert_stmt, *args, **kwargs)
        with _COMPILING:
            said, column.default = column.default, _NEXT_KEY
            try:
                return super().visit_insert(insert_stmt, *args, **kwargs)
            finally:
                column.default = said

    def visit_sequence(self, sequence: Any, **kwargs: Any) -> str:
        """Refuses: there are none."""
        raise exc.CompileError("There are no sequences: keep the numbers in the records.")

    def for_update_clause(self, select: Any, **kwargs: Any) -> str:
        """Gives nothing: a transaction that clashes with another fails at its end."""
        return ""

    def visit_json_getitem_op_binary(self, binary: Any, operator: Any, **kwargs: Any) -> str:
        """Takes a part of a JSON value; as what is wanted of it, where that is a plain type."""
        if binary.type._type_affinity is not sqltypes.JSON and not kwargs.pop("is_cast", False):
            return str(self.process(cast(binary, binary.type), is_cast=True, **kwargs))
        kwargs.pop("is_cast", None)
        kwargs["eager_grouping"] = True
        arrow = "->" if binary.type._type_affinity is sqltypes.JSON else "->>"
        left, right = (self.process(side, **kwargs) for side in (binary.left, binary.right))
        return f"({left} {arrow} {right})"

    visit_json_path_getitem_op_binary = visit_json_getitem_op_binary

    def visit_is_distinct_from_binary(self, binary: Any, operator: Any, **kwargs: Any) -> str:
        """Compares values that may be NULL."""
        return (
            f"{self.process(binary.left, **kwargs)} IS DISTINCT FROM "
            f"{self.process(binary.right, **kwargs)}"
        )


def is_counted(column: Any) -> bool:
    """Tells whether the numbers of a column are to be chosen: it counts up, and nobody says how."""
    counted = None if column is None else getattr(column.table, "_autoincrement_column", None)
    if counted is None or column is not counted:
        return False
    chosen = column.default
    is_said = chosen is not None and chosen is not _NEXT_KEY and not chosen.is_sequence
    return not is_said and (column.server_default is None or column.identity is not None)


class IngitdbDDLCompiler(postgresql.PGDDLCompiler):
    """Definitions of tables and views."""

    def get_column_specification(self, column: Any, **kwargs: Any) -> str:
        """Gives a column with its type, default and NOT NULL; no SERIAL."""
        return str(compiler.DDLCompiler.get_column_specification(self, column, **kwargs))

    def visit_create_table(self, create: Any, **kwargs: Any) -> str:
        """Gives a table with columns and constraints."""
        return str(compiler.DDLCompiler.visit_create_table(self, create, **kwargs))

    def visit_drop_constraint(self, drop: Any, **kwargs: Any) -> str:
        """Drops a constraint under the name that its columns make: files keep no other."""
        constraint = drop.element
        suffix = _SUFFIXES.get(constraint.__visit_name__)
        if suffix is None:
            return str(super().visit_drop_constraint(drop, **kwargs))
        columns = [] if suffix == "pkey" else [column.name for column in constraint.columns]
        name = "_".join([constraint.table.name, *columns, suffix])
        table = self.preparer.format_table(constraint.table)
        rest = self.preparer.quote_identifier(name) + " CASCADE" * bool(drop.cascade)
        if getattr(drop, "if_exists", False):  # SQLAlchemy 2
            rest = f"IF EXISTS {rest}"
        return f"ALTER TABLE {table} DROP CONSTRAINT {rest}"

    def visit_create_index(self, create: Any, **kwargs: Any) -> str:
        """Does nothing: files have no indexes, and answers are the same without.

        Raises:
            CompileError: It is UNIQUE, which would change answers.
        """
        if create.element.unique:
            raise exc.CompileError("There are no indexes: declare a UniqueConstraint.")
        return "SELECT 0 WHERE false"

    def visit_drop_index(self, drop: Any, **kwargs: Any) -> str:
        """Does nothing: there are none."""
        return "SELECT 0 WHERE false"


class IngitdbTypeCompiler(postgresql.PGTypeCompiler):
    """Names of types, which are DuckDB's."""

    def visit_FLOAT(self, type_: Any, **kwargs: Any) -> str:  # noqa: N802 - SQLAlchemy's name
        """Gives 64 bits, as SQLAlchemy's Float means; DuckDB's own FLOAT has 32."""
        return "DOUBLE"

    def visit_double(self, type_: Any, **kwargs: Any) -> str:
        """Gives 64 bits."""
        return "DOUBLE"

    visit_DOUBLE = visit_DOUBLE_PRECISION = visit_double  # noqa: N815 - SQLAlchemy's names

    def visit_REAL(self, type_: Any, **kwargs: Any) -> str:  # noqa: N802
        """Gives 32 bits."""
        return "FLOAT"

    def visit_large_binary(self, type_: Any, **kwargs: Any) -> str:
        """Gives bytes."""
        return "BLOB"

    visit_BLOB = visit_BINARY = visit_VARBINARY = visit_large_binary  # noqa: N815

    def visit_JSON(self, type_: Any, **kwargs: Any) -> str:  # noqa: N802
        """Gives JSON."""
        return "JSON"

    def visit_TIMESTAMP(self, type_: Any, **kwargs: Any) -> str:  # noqa: N802
        """Gives microseconds, with a zone or without."""
        return "TIMESTAMP WITH TIME ZONE" if type_.timezone else "TIMESTAMP"

    def visit_TIME(self, type_: Any, **kwargs: Any) -> str:  # noqa: N802
        """Gives microseconds, with a zone or without."""
        return "TIME WITH TIME ZONE" if type_.timezone else "TIME"

    def visit_interval(self, type_: Any, **kwargs: Any) -> str:
        """Gives INTERVAL."""
        return "INTERVAL"

    visit_INTERVAL = visit_interval  # noqa: N815

    def visit_uuid(self, type_: Any, **kwargs: Any) -> str:
        """Gives UUID."""
        return "UUID"

    visit_UUID = visit_uuid  # noqa: N815

    def visit_ARRAY(self, type_: Any, **kwargs: Any) -> str:  # noqa: N802
        """Gives a list."""
        return self.process(type_.item_type, **kwargs) + "[]" * (type_.dimensions or 1)

    def visit_STRUCT(self, type_: Any, **kwargs: Any) -> str:  # noqa: N802
        """Gives a struct with its fields."""
        quote = self.dialect.identifier_preparer.quote_identifier
        fields = ", ".join(
            f"{quote(name)} {self.process(kind, **kwargs)}" for name, kind in type_.fields.items()
        )
        return f"STRUCT({fields})"

    def visit_MAP(self, type_: Any, **kwargs: Any) -> str:  # noqa: N802
        """Gives a map."""
        key = self.process(type_.key_type, **kwargs)
        return f"MAP({key}, {self.process(type_.value_type, **kwargs)})"

    def _own(self, type_: Any, **kwargs: Any) -> str:
        """Gives a type that bears its name."""
        return str(type_.__visit_name__)

    visit_TINYINT = visit_HUGEINT = _own  # noqa: N815
    visit_UTINYINT = visit_USMALLINT = visit_UINTEGER = visit_UBIGINT = _own  # noqa: N815


class IngitdbPreparer(postgresql.PGIdentifierPreparer):
    """Names, in double quotes where they need them."""

    reserved_words = postgresql.PGIdentifierPreparer.reserved_words | {
        *("anti", "asof", "at", "describe", "from", "lambda", "pivot", "pivot_longer"),
        *("pivot_wider", "positional", "qualify", "semi", "show", "summarize", "unpivot"),
    }
