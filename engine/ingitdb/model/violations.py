"""What a record or a declaration offends against, and where that stands."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from ingitdb.model.records import Severity

Family: TypeAlias = Literal[
    "type",
    "not null",
    "check",
    "unique",
    "foreign key",
    "count",
    "rule",
    "naming",
    "definition",
    "unreadable",
]
"""What kind of constraint it is; the last two are about files, not about records."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One offence.

    Attributes:
        family: The kind of constraint.
        rule: The constraint by its declared word, such as `required` or `max_length`.
        name: What the constraint is called where it has a name of its own.
        message: One sentence without the place.
        schema: The table's schema; empty where no table is meant.
        table: The table's name; empty where no table is meant.
        key: The record's key; None where no record is meant, or it has none.
        path: The file; empty where none is meant.
        line: Counted from 1; 0 where unknown.
        column: Counted from 1; 0 where unknown.
        field: The field, or several joined by commas; empty where none is meant.
        value: What stands there.
        severity: A warning breaks no rule.
        hint: The way out, or None.
        details: What else a program may want to know: values that JSON has.
    """

    family: Family
    rule: str
    message: str
    name: str = ""
    schema: str = ""
    table: str = ""
    key: str | None = None
    path: str = ""
    line: int = 0
    column: int = 0
    field: str = ""
    value: Any = None
    severity: Severity = "error"
    hint: str | None = None
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def place(self) -> str:
        """The file with line and column, as far as they are known."""
        return ":".join([self.path, *(str(n) for n in (self.line, self.column) if n)])

    @property
    def full_table(self) -> str:
        """The table's name, with its schema where that is not `main`."""
        return self.table if self.schema in ("", "main") else f"{self.schema}.{self.table}"

    def __str__(self) -> str:
        """Gives `path:line:column: message` in one line."""
        return f"{self.place}: {self.message}" if self.path else self.message
