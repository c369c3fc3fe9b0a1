"""The keys that records, their sets and the ledger have in a key-value store.

A name or value in a key is percent-encoded where it holds one of `% : / , | #`, and in the name of
a schema or table also `.`. What stands between them is made of these, so no two keys are the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingitdb.errors import UsageError
from ingitdb.migrations.model import LEDGER, Place
from ingitdb.model.types import quote_literal

_RESERVED = "%:/,|#"
_TEMPLATE = re.compile(r"(?P<prefix>[^{}]*)\{table\}(?P<between>[:/|#]+)\{key\}")
_SEPARATOR = ","
_BY = "by"
_MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How keys are put together.

    Attributes:
        prefix: What all of them begin with.
        between: What stands between a table's name and a record's key.
    """

    prefix: str
    between: str

    @property
    def ledger(self) -> str:
        """The key that says which commit is there; no table may have its name."""
        return self.prefix + LEDGER

    @property
    def lock(self) -> str:
        """The key that is there while a migration is at work."""
        return f"{self.ledger}{self.between}lock"

    def entry(self, name: str) -> str:
        """Gives a key of a row of the ledger, where each is one of its own."""
        return f"{self.ledger}{self.between}{name}"

    def members(self, place: Place) -> str:
        """Gives the key of the set of all keys of a table.

        Example:
            >>> layout("app:{table}:{key}").members(("geo", "a.b"))
            'app:geo.a%2Eb'
        """
        schema, name = place
        called = [name] if schema == _MAIN else [schema, name]
        return self.prefix + ".".join(encoded(one).replace(".", "%2E") for one in called)

    def start(self, place: Place) -> str:
        """Gives what the keys of all records of a table begin with."""
        return self.members(place) + self.between

    def record(self, place: Place, values: Sequence[str]) -> str:
        """Gives the key of a record.

        Example:
            >>> layout("{table}:{key}").record(("main", "fares"), ["a:b", "1,5"])
            'fares:a%3Ab,1%2C5'
        """
        return self.start(place) + _SEPARATOR.join(map(encoded, values))

    def record_sql(self, place: Place, values: Sequence[str]) -> str:
        """Gives DuckDB's SQL for the key of a record, of SQL for the texts of its values."""
        return _joined(self.start(place), values)

    def found_by(self, place: Place, columns: Sequence[str]) -> str:
        """Gives what the keys of the sets begin with by which records are found.

        Example:
            >>> layout("{table}:{key}").found_by(("main", "fares"), ["route"])
            'fares:by:route:'
        """
        names = _SEPARATOR.join(map(encoded, columns))
        return f"{self.start(place)}{_BY}{self.between}{names}{self.between}"

    def found_by_sql(self, place: Place, columns: Sequence[str], values: Sequence[str]) -> str:
        """Gives DuckDB's SQL for the key of such a set; NULL where a value is."""
        return _joined(self.found_by(place, columns), values)

    def table_of(self, key: str) -> tuple[str, str | None]:
        """Gives the members' key of the table that a key belongs to, and the rest of the key."""
        table, between, rest = key[len(self.prefix) :].partition(self.between)
        return self.prefix + table, rest if between else None

    def is_set(self, rest: str | None) -> bool:
        """Whether the rest of a key is that of a set."""
        return rest is None or rest.startswith(_BY + self.between)


def layout(template: str) -> Layout:
    """Reads a template such as `app:{table}:{key}`.

    Raises:
        UsageError: It is none.
    """
    found = _TEMPLATE.fullmatch(template)
    if found is None:
        raise UsageError(
            f"{template!r} is no template of keys.",
            hint="Such as app:{table}:{key}; between the two stands one or more of : / | #.",
        )
    return Layout(prefix=found["prefix"], between=found["between"])


def encoded(text: str) -> str:
    """Spells a name or value for a key.

    Example:
        >>> encoded("50 %: ø")
        '50 %25%3A ø'
    """
    for one in _RESERVED:
        text = text.replace(one, f"%{ord(one):02X}")
    return text


def _joined(start: str, values: Sequence[str]) -> str:
    parts = f" || {quote_literal(_SEPARATOR)} || ".join(map(_encoded_sql, values))
    return f"{quote_literal(start)} || {parts}"


def _encoded_sql(sql: str) -> str:
    safe = sql
    for one in _RESERVED:
        safe = f"replace({safe}, '{one}', '%{ord(one):02X}')"
    return f"CASE WHEN regexp_matches({sql}, '[{_RESERVED}]') THEN {safe} ELSE {sql} END"
