"""Constraints that are SQL of the repository's own: conditions on a record, and custom rules."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import IngitdbError
from ingitdb.execution.constraint_keys import Offender
from ingitdb.execution.constraint_states import State, Touched
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.snapshots.internal import PLACE

Rows: TypeAlias = Callable[[str, CommitId], pa.Table]
"""Runs one query in which names without a version mean a commit; it passes the fence."""

_ITSELF = "constraint_violations"


class Unusable(Exception):
    """Raised for SQL of the repository's own that cannot run; says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that a custom rule gives."""

    values: dict[str, Any]

    def text(self, *names: str) -> str | None:
        """Gives the first of some columns that is there, as text."""
        found = next((self.values[n] for n in names if self.values.get(n) is not None), None)
        return None if found is None else str(found)


def unmet(
    rows: Rows, state: State, table: NamedTable, condition: str, touched: Touched
) -> Iterator[Offender]:
    """Gives the records of which a condition is false.

    Raises:
        Unusable: It is no condition on records of this table.
    """
    if state.relation(table).rows == 0:
        return
    paths = touched.paths()
    among = "" if paths is None else f" AND _path IN ({', '.join(map(quote_literal, paths))})"
    found = _asked(
        rows,
        f"SELECT _path, {PLACE} AS number, _key FROM {spelled(table)}"
        f" WHERE NOT (\n{condition}\n){among}",
        state.commit,
    )
    each = zip(*(found.column(at).to_pylist() for at in range(3)), strict=True)
    for path, number, key in sorted(each, key=lambda row: row[:2]):
        if touched.has(path, number):
            yield Offender(path=path, number=number, key=key, values=())


def offending(rows: Rows, query: str, after: CommitId, before: CommitId | None) -> Sequence[Row]:
    """Gives the rows of a custom rule that it did not give before.

    Raises:
        Unusable: The rule is no query that can run.
    """
    found = _asked(rows, query, after).to_pylist()
    known: Counter[str] = Counter()
    if found and before is not None:
        try:
            known.update(map(repr, _asked(rows, query, before).to_pylist()))
        except Unusable:  # what it asks for was not there yet
            known.clear()
    fresh = []
    for row in found:
        if known[repr(row)]:
            known[repr(row)] -= 1
        else:
            fresh.append(Row(row))
    return fresh


def spelled(table: NamedTable) -> str:
    """Gives a table's name for SQL."""
    return f"{quote_identifier(table.schema)}.{quote_identifier(table.name)}"


def _asked(rows: Rows, query: str, commit: CommitId) -> pa.Table:
    if _ITSELF in query.casefold():
        raise Unusable(f"it asks for {_ITSELF}, which asks for it")
    try:
        return rows(query, commit)
    except IngitdbError as error:
        raise Unusable(error.message.splitlines()[0].rstrip(".")) from error
