"""One record named by the words of a call: the columns of its key, and what it is compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingitdb.errors import CatalogError, StatementRefused, UsageError, nearest_names
from ingitdb.execution.session import Session
from ingitdb.model.types import VARCHAR, ColumnType, Struct, quote_identifier, quote_literal
from ingitdb.services.database import Database

_NEAR = 50
"""So many keys, the most alike, are looked at for the nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedTable:
    """A table whose records are known by a key.

    Attributes:
        name: Its name.
        literal: Its name, with the schema, as a text in SQL.
        key: The columns of its key; a dotted name leads into a nested field.
    """

    name: str
    literal: str
    key: tuple[str, ...]

    def values(self, words: Sequence[str], *, command: str, whole: bool = True) -> dict[str, str]:
        """Gives the columns of the key their values, in the order of the columns.

        Args:
            words: The values in the order of the key, or `column=value` for each.
            command: The command that is called, for the hint.
            whole: Whether all columns must have one.

        Raises:
            UsageError: There are other columns, or too few values.
        """
        known = {column.casefold(): column for column in self.key}
        parts = [word.partition("=") for word in words]
        if all(equals and name.casefold() in known for name, equals, _ in parts):
            found = {known[name.casefold()]: value for name, _, value in parts}
            if len(found) == len(words) and (len(words) == len(self.key) or not whole):
                return {column: found[column] for column in self.key if column in found}
        elif len(words) == len(self.key):
            return dict(zip(self.key, words, strict=True))
        example = " ".join(f"{column}=…" for column in self.key)
        some = "1 column" if len(self.key) == 1 else f"{len(self.key)} columns"
        raise UsageError(
            f"The key of {self.name} has {some}: {', '.join(self.key)}.",
            hint=f"ingitdb {command} {self.name} {example}",
        )


def keyed_table(database: Database, session: Session, table: str, ref: str | None) -> KeyedTable:
    """Finds a table and its key.

    Raises:
        CatalogError: There is no such table.
        StatementRefused: It has no key.
    """
    found = database.describe(table, ref)
    with session.execute(
        "SELECT column_name FROM information_schema.key_column_usage"
        " WHERE table_schema = $schema AND table_name = $name AND constraint_name = $key"
        " ORDER BY ordinal_position",
        {"schema": found.schema, "name": found.name, "key": f"{found.name}_pkey"},
    ) as result:
        key = tuple(text for batch in result.batches() for text in batch.column(0).to_pylist())
    if not key:
        raise StatementRefused(
            f"{found.name} has no key by which a record is known at every commit.",
            hint=f"Declare one: ingitdb keys suggest {found.name}",
        )
    name = ".".join(map(quote_identifier, (found.schema, found.name)))
    return KeyedTable(name=found.name, literal=quote_literal(name), key=key)


def columns_of(session: Session, source: str) -> dict[str, ColumnType]:
    """Gives the columns of a relation."""
    with session.execute(f"FROM {source} LIMIT 0") as nothing:
        return dict(nothing.columns)


def key_text(column: str, types: Mapping[str, ColumnType], *, prefix: str = "") -> str:
    """Gives SQL for the text of a column of the key.

    Raises:
        StatementRefused: There is no such column, at other commits than the one it is declared at.
    """
    there = {name.casefold(): name for name in types}
    whole = there.get(f"{prefix}{column}".casefold())
    if whole is not None:
        path = quote_identifier(whole)
        return path if types[whole] == VARCHAR else f"CAST({path} AS VARCHAR)"
    head, *rest = column.split(".")
    outer = there.get(f"{prefix}{head}".casefold())
    if outer is None or not isinstance(types[outer], Struct):
        raise StatementRefused(f"The key column {column!r} is not in the table's history.")
    path = ".".join(map(quote_identifier, (outer, *rest)))
    return f"CAST({path} AS VARCHAR)"


def matching(
    values: Mapping[str, str], types: Mapping[str, ColumnType], *, prefix: str = ""
) -> tuple[str, dict[str, str]]:
    """Gives SQL that holds for the records with a key, and its parameters."""
    parameters = {f"k{number}": value for number, value in enumerate(values.values())}
    texts = (key_text(column, types, prefix=prefix) for column in values)
    pairs = zip(texts, parameters, strict=True)
    return " AND ".join(f"{text} = ${name}" for text, name in pairs), parameters


def no_such_record(session: Session, table: KeyedTable, wanted: Mapping[str, str]) -> CatalogError:
    """Says that there never was a record, and names the nearest keys."""
    words = " ".join(wanted.values())
    source = f"versions({table.literal})"
    types = columns_of(session, source)
    parts = ", ".join(f"coalesce({key_text(column, types)}, '')" for column in wanted)
    known = f"SELECT DISTINCT concat_ws(' ', {parts}) AS known FROM {source}"  # noqa: S608 - quoted
    with session.execute(
        f"FROM ({known}) ORDER BY jaro_winkler_similarity(known, $wanted) DESC LIMIT {_NEAR}",
        {"wanted": words},
    ) as result:
        near = [text for batch in result.batches() for text in batch.column(0).to_pylist()]
    if words in near:
        return CatalogError(
            f"{table.name} has no record {words!r} any more.",
            hint=f"ingitdb history {table.name} {words}",
        )
    return CatalogError(
        f"{table.name} has no record {words!r}, and never had one.", hint=nearest_names(words, near)
    )
