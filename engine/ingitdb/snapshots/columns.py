"""The columns of states as Arrow arrays: by Arrow's JSON reader where it keeps every value."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa

from ingitdb.catalog.columns import type_of
from ingitdb.model.shapes import Place, place_of
from ingitdb.model.types import JSON, ColumnType
from ingitdb.snapshots.arrays import array_of, fits, storage_type, stored_text
from ingitdb.snapshots.packing import is_plain_shape, unpack
from ingitdb.snapshots.states import States

StoredColumn: TypeAlias = tuple[str, str, Place, frozenset[str]]
"""A stored column: its name, the field, what stands there, the shapes that have no place in it."""

_FEWEST_ROWS = 64
"""So many rows of one kind are read faster by themselves."""
_MOST_BYTES = 1 << 30
"""Past so much JSON the offsets of Arrow's texts could overflow where rows are put in order."""
_BLOCK_BYTES = 1 << 20
_ENTRIES = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class _Column:
    """A column to fill."""

    name: str
    field: str
    type: ColumnType
    place: Place
    odd: frozenset[str]

    @property
    def storage(self) -> pa.DataType:
        """The type of the array."""
        return storage_type(self.type)


class _Rows:
    """Some rows, opened once for all their columns."""

    def __init__(self, values: Sequence[int], states: States) -> None:
        self.values = values
        self.states = states

    @cached_property
    def payloads(self) -> list[bytes]:
        """The packed fields of each row."""
        return [self.states.payloads[value] for value in self.values]

    @cached_property
    def fields(self) -> list[Mapping[str, Any]]:
        """The fields of each row."""
        known: dict[int, Mapping[str, Any]] = {}
        for value, payload in zip(self.values, self.payloads, strict=True):
            if value not in known:
                known[value] = unpack(payload)
        return [known[value] for value in self.values]

    @cached_property
    def texts(self) -> list[Mapping[str, msgspec.Raw]]:
        """The text of each field of each row; for plain ones only."""
        return [_ENTRIES.decode(payload) for payload in self.payloads]


def columns_of(
    values: Sequence[int], states: States, columns: Sequence[StoredColumn]
) -> dict[str, pa.ChunkedArray]:
    """Gives the columns of some rows.

    Args:
        values: The number of each row's fields.
        states: The fields.
        columns: The columns to fill.
    """
    wanted = [_Column(name, field, type_of(p), p, odd) for name, field, p, odd in columns]
    groups = _grouped(values, states, wanted)
    parts = [
        _filled(_Rows([values[at] for at in places], states), wanted, direct)
        for direct, places in groups
    ]
    if len(parts) == 1:
        return parts[0]
    order = [place for _, places in groups for place in places]
    back = pa.array(sorted(range(len(order)), key=order.__getitem__), pa.int64())
    return {
        column.name: pa.chunked_array(
            [chunk for part in parts for chunk in part[column.name].chunks], column.storage
        ).take(back)
        for column in wanted
    }


def _grouped(
    values: Sequence[int], states: States, wanted: Sequence[_Column]
) -> list[tuple[frozenset[str] | None, Sequence[int]]]:
    """Groups rows by the columns that Arrow can read from their JSON; None where it reads none."""
    ways: dict[int, frozenset[str] | None] = {}
    groups: dict[frozenset[str] | None, list[int]] = {None: []}
    for place, value in enumerate(values):
        shape = states.shapes[value]
        if shape not in ways:
            ways[shape] = _readable(states.shape_texts[shape], wanted)
        groups.setdefault(ways[shape], []).append(place)
    size = sum(len(states.payloads[value]) for value in values)
    for direct in [direct for direct in groups if direct is not None]:
        if len(groups[direct]) < _FEWEST_ROWS or size > _MOST_BYTES:
            groups[None] += groups.pop(direct)
    groups[None].sort()
    filled = [direct for direct, places in groups.items() if places]
    return [(direct, groups[direct]) for direct in filled or [None]]


def _readable(shape: str, wanted: Sequence[_Column]) -> frozenset[str] | None:
    """Gives the columns that can be read from the JSON of fields of a shape."""
    if not is_plain_shape(shape):
        return None
    place = place_of(shape)
    nothing = Place()
    return frozenset(
        column.name
        for column in wanted
        if shape not in column.odd
        and column.type != JSON
        and fits(column.type, place.fields.get(column.field, nothing))
    )


def _filled(
    rows: _Rows, wanted: Sequence[_Column], direct: frozenset[str] | None
) -> dict[str, pa.ChunkedArray]:
    found: dict[str, pa.ChunkedArray] = {}
    if direct:
        found = _read(rows.payloads, [column for column in wanted if column.name in direct])
    for column in wanted:
        if column.name not in found:
            is_text = direct is not None and column.type == JSON and not column.odd
            array = _texts(rows, column) if is_text else _converted(rows, column)
            found[column.name] = pa.chunked_array([array], column.storage)
    return found


def _read(payloads: Sequence[bytes], wanted: Sequence[_Column]) -> dict[str, pa.ChunkedArray]:
    """Reads columns from JSON; a pass for each further column of the same field."""
    import pyarrow.json as pj  # slow to load: only where many rows are written

    data = b"\n".join(payloads)
    block = max(_BLOCK_BYTES, 2 * max(map(len, payloads)))
    found: dict[str, pa.ChunkedArray] = {}
    left = list(wanted)
    while left:
        by_field = {column.field: column for column in reversed(left)}
        left = [column for column in left if by_field[column.field] is not column]
        schema = pa.schema([(field, column.storage) for field, column in by_field.items()])
        table = pj.read_json(
            io.BytesIO(data),
            read_options=pj.ReadOptions(block_size=block),
            parse_options=pj.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="ignore"
            ),
        )
        for field, column in by_field.items():
            found[column.name] = table.column(field)
    return found


def _texts(rows: _Rows, column: _Column) -> pa.Array:
    """Takes the JSON of a field as it stands in the packed fields."""
    field = column.field
    texts = [
        None if (raw := found.get(field)) is None else stored_text(bytes(raw))
        for found in rows.texts
    ]
    return pa.array(texts, column.storage)


def _converted(rows: _Rows, column: _Column) -> pa.Array:
    found: Iterable[Any] = (fields.get(column.field) for fields in rows.fields)
    if column.odd:
        shapes = (rows.states.shape_of(value) for value in rows.values)
        found = (
            None if shape in column.odd else value
            for shape, value in zip(shapes, found, strict=True)
        )
    return array_of(list(found), column.type, column.place)
