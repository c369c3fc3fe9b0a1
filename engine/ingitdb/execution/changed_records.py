"""The rows of `diff` as records: what each was and is, and what names it on both sides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

RecordName: TypeAlias = tuple[str, ...]
"""The texts of a record's key; of one without a key, of all that it holds, NULL left out."""
HIDDEN_BY_DIFF = frozenset(["commit", "commit_date"])
"""Columns of these names cannot be told from those that every difference has."""
_META = frozenset(f"{side}_{name}" for side in ("from", "to") for name in HIDDEN_BY_DIFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRecord:
    """A record that differs between two commits.

    Attributes:
        name: What names it.
        before: Its columns as they were; None if it was not there.
        after: Its columns as they are; None if it is gone.
        columns: Those that differ.
    """

    name: RecordName
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    columns: frozenset[str]


def changed_records(rows: pa.Table, key: Sequence[str]) -> list[ChangedRecord]:
    """Reads the rows of `diff` of two commits.

    Args:
        rows: The rows.
        key: The columns of the table's key; empty where it has none.
    """
    return [_changed(row, key) for row in rows.to_pylist(maps_as_pydicts="lossy")]


def record_name(record: Mapping[str, Any], key: Sequence[str]) -> RecordName:
    """Names a record."""
    if key:
        return tuple(str(_part(record, name)) for name in key)
    held = _held(record)
    return tuple(f"{name}={held[name]!r}" for name in sorted(held))


def _held(value: Any) -> Any:
    """Gives a value without what is NULL in it: that columns and fields are there says nothing."""
    if isinstance(value, Mapping):
        return {name: _held(one) for name, one in value.items() if one is not None}
    return [_held(one) for one in value] if isinstance(value, list) else value


def _changed(row: Mapping[str, Any], key: Sequence[str]) -> ChangedRecord:
    old, new = (
        {
            name.removeprefix(side): value
            for name, value in row.items()
            if name.startswith(side) and name not in _META
        }
        for side in ("from_", "to_")
    )
    is_new = row["diff_type"] == "added"
    return ChangedRecord(
        name=record_name(new if is_new else old, key),
        before=None if is_new else old,
        after=None if row["diff_type"] == "removed" else new,
        columns=frozenset(row["changed_columns"] or ()),
    )


def _part(record: Mapping[str, Any], name: str) -> Any:
    """Gives the value of a column; a dotted name leads into a nested one."""
    if name in record:
        return record[name]
    held: Any = record
    for step in name.split("."):
        held = held.get(step) if isinstance(held, dict) else None
    return held
