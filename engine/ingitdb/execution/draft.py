"""What a writing statement comes to before it is committed."""

from dataclasses import dataclass

from ingitdb.execution.renamings import Renaming
from ingitdb.execution.results import Result
from ingitdb.writes.table_texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A change that nobody sees yet.

    Attributes:
        files: By path the new bytes, or None for a file that goes; empty if nothing would change.
        tables: Schema and name of each table whose records change.
        subject: What it does in a few words, as `UPDATE fares: 3 records`.
        statement: The statement as typed.
        result: The answer for the user.
        renamed: What it made of the keys of each table whose records it changed; None where it
            defines tables, from which nothing follows for records.
    """

    files: Texts
    tables: frozenset[tuple[str, str]]
    subject: str
    statement: str
    result: Result
    renamed: tuple[Renaming, ...] | None = None
