"""Column types: what a value may be, how DuckDB spells it and how Arrow holds it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


def quote_identifier(name: str) -> str:
    """Quotes a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """Quotes a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parts, under DuckDB's name for it, such as `BIGINT` or `DECIMAL(18,2)`."""

    name: str

    @property
    def sql(self) -> str:
        """The type as DuckDB spells it."""
        return self.name


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of items of one type."""

    item: "ColumnType"

    @property
    def sql(self) -> str:
        """The type as DuckDB spells it."""
        return f"{self.item.sql}[]"


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with free keys, as a definition declares it."""

    key: "ColumnType"
    value: "ColumnType"

    @property
    def sql(self) -> str:
        """The type as DuckDB spells it."""
        return f"MAP({self.key.sql}, {self.value.sql})"


@dataclass(frozen=True, slots=True)
class Struct:
    """Named fields in a fixed order."""

    fields: tuple[tuple[str, "ColumnType"], ...]

    @property
    def sql(self) -> str:
        """The type as DuckDB spells it."""
        return f"STRUCT({', '.join(f'{quote_identifier(n)} {t.sql}' for n, t in self.fields)})"

    def __iter__(self) -> Iterator[tuple[str, "ColumnType"]]:
        """Walks over the fields."""
        return iter(self.fields)


ColumnType: TypeAlias = Scalar | ListOf | MapOf | Struct

BOOLEAN = Scalar("BOOLEAN")
BIGINT = Scalar("BIGINT")
HUGEINT = Scalar("HUGEINT")
DOUBLE = Scalar("DOUBLE")
FLOAT = Scalar("FLOAT")
VARCHAR = Scalar("VARCHAR")
JSON = Scalar("JSON")
DATE = Scalar("DATE")
TIME = Scalar("TIME")
TIMESTAMP = Scalar("TIMESTAMP")
TIMESTAMPTZ = Scalar("TIMESTAMP WITH TIME ZONE")
BLOB = Scalar("BLOB")


def decimal(precision: int, scale: int) -> Scalar:
    """Gives a fixed-point type."""
    return Scalar(f"DECIMAL({precision},{scale})")
