"""Where the records of a table lie, and what is declared and found about its columns."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from ingitdb.model.records import DEFAULT_OPTIONS, ReadOptions
from ingitdb.model.types import ColumnType

Source: TypeAlias = Literal["definition", "data package", "discovery", "tables.yaml"]
Reaction: TypeAlias = Literal["restrict", "cascade", "set null"]


class Form(StrEnum):
    """How the files of a table hold its records."""

    RECORD = "record"
    """A file is a record; its key is in the file's name."""
    ROWS = "rows"
    """Each item of a list, row or document of a file is a record."""
    ENTRIES = "entries"
    """Each entry of a map is a record; the map's key is its key."""
    ENTRY_ITEMS = "entry items"
    """Each item of each entry's list is a record, with `_key` and `_index`."""
    FIELD_ITEMS = "field items"
    """Each item of the list in one field of a map is a record."""


def former_name(rules: Iterable[tuple[str, Any]]) -> str | None:
    """Gives the name that a table or column is declared to have had."""
    return next((str(value) for rule, value in rules if rule == "renamed_from"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """Columns that must be a key of another table.

    Attributes:
        on_delete: What becomes of the record when the one that it refers to goes.
        on_update: What becomes of it when the key that it refers to changes.
    """

    columns: tuple[str, ...]
    schema: str
    table: str
    references: tuple[str, ...]
    on_delete: Reaction = "restrict"
    on_update: Reaction = "restrict"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredColumn:
    """A column as a definition or a data package declares it.

    Attributes:
        type: The declared type; None where only constraints are declared.
        rules: The remaining constraints under their upstream names (`max_length`, `enum` …).
        in_cells: Whether its values are cells of a delimited file, so that a text may spell a
            number or a boolean.
        default: A SQL expression for the value that INSERT leaves out.
    """

    name: str
    type: ColumnType | None
    required: bool = False
    title: str | None = None
    description: str | None = None
    rules: tuple[tuple[str, Any], ...] = ()
    in_cells: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What is declared about a table beside where it lies.

    Attributes:
        columns: In declared order; a table may have further, undeclared columns.
        key: What is declared about the key that stands outside the fields (`_key`).
        primary_key: Column names; a dotted name leads into a nested field.
        key_place: Path, line and column of a key that tables.yaml declares.
        origin: Path of the declaring file.
        rules: What else is declared about the table, hashable: `renamed_from`, `merge`,
            `min_records_count`, `max_records_count`, `alias` (may repeat) …
        unique: Groups of columns no two records agree in; a NULL differs from all.
        indexes: Groups of columns that other systems look records up by.
        checks: Names of conditions, each with a SQL expression that is not false of any record.
        custom_rules: Names of rules, each with a query that gives offending rows.
        record_schema: The text of a JSON Schema that each record follows.
    """

    columns: tuple[DeclaredColumn, ...] = ()
    key: DeclaredColumn | None = None
    primary_key: tuple[str, ...] = ()
    key_place: tuple[str, int, int] | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()
    title: str | None = None
    origin: str = ""
    rules: tuple[tuple[str, Any], ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    custom_rules: tuple[tuple[str, str], ...] = ()
    record_schema: str | None = None

    @property
    def unique_groups(self) -> tuple[tuple[str, ...], ...]:
        """The groups of columns that are declared unique, wherever that is said."""
        rules = dict(self.rules).get("unique_keys", ())
        groups = [*self.unique]
        groups += [(name,) if isinstance(name, str) else tuple(name) for name in rules]
        groups += [(c.name,) for c in self.columns if dict(c.rules).get("unique") is True]
        return tuple(g for g in dict.fromkeys(groups) if g and g != self.primary_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """What tables.yaml asks of a whole repository.

    Attributes:
        tables: A regular expression that whole names of tables match.
        columns: One for names of columns.
        keys: One for the keys of records, part by part.
        rules: Names of rules, each with a query that gives offending rows.
    """

    tables: str | None = None
    columns: str | None = None
    keys: str | None = None
    rules: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place of the repository whose files hold the records of one table.

    Two commits hold the same table storage when their locations are equal in everything but
    `name`, `schema`, `declaration` and `reason`: see `storage`.

    Attributes:
        path: The folder or file; for a declared location a path template (`catalog.globs`).
        schema: The SQL schema, `main` where there is no namespace or container.
        name: The table's name.
        full_name: Another name that always works, such as `people.csv`; None if there is none.
        pointer: For `FIELD_ITEMS` the field, or the dotted path or JSON Pointer that tables.yaml
            declares; `$` is the whole document.
        key_from_name: How the key stands in a path below `path`: a file name template such as
            `{key}.yaml` or `{key}/{key}.json`; None where it is the path without extension.
        captures: Names that a glob of tables.yaml captures from the path; they become columns.
        format: The format's name, or None where each file's own extension decides.
        reason: Why the table exists, one clause for `tables --explain`.
    """

    path: str
    schema: str
    name: str
    form: Form
    source: Source
    reason: str = ""
    full_name: str | None = None
    pointer: str | None = None
    key_from_name: str | None = None
    captures: tuple[str, ...] = ()
    format: str | None = None
    options: ReadOptions = DEFAULT_OPTIONS
    declaration: Declaration = field(default_factory=Declaration)

    @property
    def storage(self) -> str:
        """Names what decides how bytes become records; equal names share stored records."""
        by_content = self.source in ("definition", "tables.yaml")
        parts = (
            self.path,
            None if by_content else self.form,
            self.pointer,
            self.key_from_name,
            self.captures,
            self.format,
            self.options,
        )
        return repr(parts)
