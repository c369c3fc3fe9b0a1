"""What differs between the answers of two queries."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingitdb.model.types import quote_identifier
from ingitdb.snapshots.internal import OUTER

_LIKELY = ("id", "_id", "key", "_key", "code", "uuid", "slug", "name")
_NTH = quote_identifier("\u0001nth")
_KEY = quote_identifier("\u0001key")
_LEFT = quote_identifier("\u0001left")


def query_diff(old: tuple[str, pa.Table], new: tuple[str, pa.Table]) -> str:
    """Gives SQL for the rows that differ.

    Equal rows are paired first, as often as both answers have them; then rows are paired by the
    first likely column that has a value in every row and none twice, in both answers.

    Args:
        old: The name of the one answer and its rows.
        new: The other's.

    Returns:
        SQL for `from_…` and `to_…` each column, and `diff_type`: added, modified, removed.
    """
    tables = (old[1], new[1])
    same = old[1].column_names == new[1].column_names
    key = _key(*tables)
    sides = [
        f"{letter}0 AS (SELECT *, {_keyed(key)} AS {_KEY}, row_number() OVER"
        f" (PARTITION BY {', '.join(_quoted(table)) or '1'}) AS {_NTH} FROM {name})"
        for letter, (name, table) in zip("ab", (old, new), strict=True)
    ]
    equal = " AND ".join(
        [f"{OUTER}.{name} IS NOT DISTINCT FROM y.{name}" for name in (*_quoted(old[1]), _NTH)]
    )
    for one, other in ("ab", "ba"):
        left = f" WHERE NOT EXISTS (FROM {other}0 y WHERE {equal})" if same else ""
        sides.append(f"{one} AS (SELECT *, true AS {_LEFT} FROM {one}0 {OUTER}{left})")
    shown = [
        f"{letter}.{name} AS {quote_identifier(f'{prefix}_{plain}')}"
        for letter, prefix, table in (("a", "from", old[1]), ("b", "to", new[1]))
        for name, plain in zip(_quoted(table), table.column_names, strict=True)
    ]
    kind = (
        f"CASE WHEN a.{_LEFT} IS NULL THEN 'added' WHEN b.{_LEFT} IS NULL THEN 'removed'"
        " ELSE 'modified' END AS diff_type"
    )
    return (
        f"WITH {', '.join(sides)} SELECT {', '.join([*shown, kind])}"
        f" FROM a FULL JOIN b ON a.{_KEY} = b.{_KEY}"
    )


def _quoted(table: pa.Table) -> list[str]:
    return [quote_identifier(name) for name in table.column_names]


def _keyed(key: str | None) -> str:
    return "CAST(NULL AS VARCHAR)" if key is None else f"CAST({quote_identifier(key)} AS VARCHAR)"


def _key(old: pa.Table, new: pa.Table) -> str | None:
    """Chooses the column that tells rows apart."""
    for name in _candidates(old, new.column_names):
        if all(_is_unique(table[name]) for table in (old, new)):
            return name
    return None


def _candidates(table: pa.Table, others: Sequence[str]) -> Iterator[str]:
    ranks = {name: rank for rank, name in enumerate(_LIKELY)}
    there = [name for name in table.column_names if name in others]
    for name in sorted(there, key=lambda name: ranks.get(name.casefold(), len(_LIKELY))):
        kind = table.schema.field(name).type
        if not pa.types.is_nested(kind) and not isinstance(kind, pa.BaseExtensionType):
            yield name


def _is_unique(column: pa.ChunkedArray) -> bool:
    distinct: int = pc.count_distinct(column).as_py()
    return column.null_count == 0 and distinct == len(column)
