"""The cache files that answer for a commit, and the SQL that reads the states of tables in them."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from ingitdb.catalog.columns import place_at
from ingitdb.model.shapes import Place, kinds_at
from ingitdb.model.shapes import place_of as shape_place
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.snapshots.internal import ORDER, ROW
from ingitdb.snapshots.manifest import StoredTable
from ingitdb.snapshots.parts import Part, column_of, place_of, within, without
from ingitdb.snapshots.segments import Segment
from ingitdb.snapshots.sought import Found, in_memory
from ingitdb.snapshots.store import Base, SnapshotStore

Query: TypeAlias = Callable[[str], list[tuple[Any, ...]]]
_MOST_BY_ROW = 1_000
"""So many rows are compared by number in about half the time that their paths take."""


class Bodies:
    """Reads the states of stored tables that stand at one commit."""

    def __init__(self, store: SnapshotStore, bases: Sequence[Base], query: Query) -> None:
        self._store = store
        self._bases = bases
        self._query = query

    def of(self, storage: str) -> Iterator[Part]:
        """Gives the parts of a stored table that answer for the commit."""
        for base in self._bases:
            stored = base.manifest.tables.get(storage)
            if stored is None:
                continue
            part = partial(part_of, stored, base)
            if base.is_last:
                yield self._kept(part(stored.live, "true"))
                continue
            begun = f"_from <= {base.ordinal}"
            yield self._kept(part(stored.live, begun))
            if stored.dead is not None:
                ended = f"{begun} AND _to > {base.ordinal}"
                yield self._kept(part(stored.dead, ended))

    def _kept(self, part: Part) -> Part:
        """Gives a part without what its base leaves out: a few rows by number, else by path."""
        if not part.base.without or part.segment.rows == 0:
            return part
        found = self._within(part)
        if not found:
            return part
        by_row = len(found) <= _MOST_BY_ROW and not part.segment.is_held
        rows = ", ".join(str(row) for row, _ in found)
        left = f"{ROW} NOT IN ({rows})" if by_row else without(part.base, "_path")
        return replace(
            part,
            condition=f"{part.condition} AND {left}",
            gone=Counter(shape for _, shape in found),
            by_row=by_row,
        )

    def _within(self, part: Part) -> list[tuple[int, int]]:
        """Gives number and shape of each row of a part whose path is left out."""
        if part.segment.is_held or part.condition == "true":
            found = self.found(part.segment, ("_path", "_shape"), part.base.without)
            if found is not None:
                return [(at, cells["_shape"]) for at, cells in found]
        return self._query(
            f"SELECT {ROW}, _shape FROM {self.file(part.segment, by_row=True)}"
            f" WHERE {part.condition} AND {within(part.base, '_path')}"
        )

    def found(
        self, segment: Segment, columns: Sequence[str], paths: Collection[str] | None
    ) -> list[Found] | None:
        """Gives number and cells of rows without DuckDB; None where that is not possible.

        Args:
            segment: A cache file or a table in memory.
            columns: What is wanted, that of the paths first.
            paths: The paths of the rows; None for all rows of a table in memory.
        """
        if segment.is_held:
            return in_memory(self._store.held.table(segment), columns, paths)
        if paths is None:
            return None
        file = self._store.cache.path(segment)
        return self._store.sought.rows(file, columns, segment.rows, paths)

    def united(
        self, parts: Sequence[Part]
    ) -> tuple[Place, int, list[tuple[Part, Mapping[int, int]]]]:
        """Gives what stands where in some parts, the count of their records, and who has any."""
        if len(parts) == 1 and parts[0].is_whole:
            self.file(parts[0].segment)
            found: Mapping[int, int] = {}
            some = [(parts[0], found)] if parts[0].segment.rows else []
            return place_of(parts[0].stored.head), parts[0].segment.rows, some
        total: Counter[str] = Counter()
        counted = []
        for part in parts:
            counts = self._counts(part)
            if counts:
                shapes = self.shapes(part.stored)
                counted.append((part, counts))
                for number, count in counts.items():
                    total[shapes[number][0]] += count
        return place_at(total), sum(total.values()), counted

    def _counts(self, part: Part) -> Mapping[int, int]:
        """Counts the records of each shape; those of standing ones are known."""
        if not (part.is_live and part.base.is_last):
            return self.counts_where(part)
        left = Counter(
            {number: count for number, (_, count) in enumerate(self.shapes(part.stored))}
        )
        left.subtract(part.gone)
        return +left

    def shapes(self, stored: StoredTable) -> Sequence[tuple[str, int]]:
        """Gives the shapes of a stored table by number, and how many records of each stand."""
        known = self._store.shapes.get(stored.shapes.name)
        if known is None:
            known = self._store.shapes[stored.shapes.name] = self._read_shapes(stored.shapes)
        return known

    def _read_shapes(self, segment: Segment) -> list[tuple[str, int]]:
        if segment.is_held:
            rows = self._store.held.table(segment).to_pylist()
            return [(row["shape"], row["standing"]) for row in rows]
        return self._query(f"SELECT shape, standing FROM {self.file(segment)} ORDER BY number")

    def counts_where(self, part: Part) -> Mapping[int, int]:
        """Counts the states of each shape that a part holds."""
        if part.segment.rows == 0:
            return {}
        return dict(
            self._query(
                f"SELECT _shape, count(*) FROM {self.file(part.segment, by_row=part.by_row)}"
                f" WHERE {part.condition} GROUP BY _shape"
            )
        )

    def body(
        self,
        part: Part,
        present: Mapping[int, int],
        place: Place,
        names: Mapping[str, str],
        more: str = "",
        former: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> str:
        """Gives SQL for `_key`, `_path`, `ORDER`, `more` and the fields of a part in some types.

        Of fields that had other names before, those are in `former`.
        """
        stored = place_of(part.stored.place)

        def shown_as(field: str, inner: Place) -> str:
            fields = (field, *former.get(field, ()))
            known = [name for name in fields if name in part.stored.columns] or [field]
            found = [column_of(part, present, stored, name, inner) for name in known]
            return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"

        shown = "".join(
            f", {shown_as(field, inner)} AS {quote_identifier(names[field])}"
            for field, inner in place.fields.items()
        )
        return (
            f"SELECT _key, _path, _order AS {ORDER}{more}{shown}"
            f" FROM {self.file(part.segment, by_row=part.by_row)} WHERE {part.condition}"
        )

    def kinds(self, part: Part, *fields: str | None) -> str:
        """Gives SQL for the kinds of what stands in a field of a part, as a text.

        Of several names that the field had, each record has one.
        """
        found = []
        for shape, _ in self.shapes(part.stored):
            there = shape_place(shape).fields
            places = (there[name] for name in fields if name is not None and name in there)
            found.append(kinds_at(next(places, Place())))
        if len(set(found)) <= 1:
            return quote_literal(found[0] if found else "")
        return f"[{', '.join(map(quote_literal, found))}][_shape + 1]"

    def file(self, segment: Segment, *, by_row: bool = False) -> str:
        """Gives SQL that reads a cache file, with `ROW` if that is asked for."""
        if segment.is_held:
            return f"memory.main.{quote_identifier(self._store.held.loaded(segment))}"
        numbered = f", {ROW} = true" if by_row else ""
        return f"read_parquet({quote_literal(str(self._store.cache.path(segment)))}{numbered})"


def part_of(stored: StoredTable, base: Base, segment: Segment, condition: str) -> Part:
    """Gives the states of one file of a stored table under a condition."""
    is_live = segment is stored.live
    return Part(stored=stored, base=base, segment=segment, is_live=is_live, condition=condition)
