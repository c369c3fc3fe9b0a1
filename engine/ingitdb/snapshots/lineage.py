"""A table along a line of commits: every state of its records, and when its columns change."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ingitdb.catalog.columns import column_names, place_at, type_of
from ingitdb.catalog.naming import NamedTable
from ingitdb.model.shapes import Place, is_mixed
from ingitdb.model.tables import Declaration, DeclaredColumn, Form, Location, former_name
from ingitdb.snapshots.bodies import Query, part_of
from ingitdb.snapshots.declared import choose
from ingitdb.snapshots.internal import BEGUN, DIGEST, ENDED, SOURCE, kinds_of
from ingitdb.snapshots.parts import Part, nothing, place_of_states
from ingitdb.snapshots.relation import Relation, as_headed, only_known, shaped, ways_to_show
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.snapshots.store import Base

_STATE = f", _from AS {BEGUN}, _to AS {ENDED}, _digest AS {DIGEST}"
_STATE_COLUMNS = f", {BEGUN}, {ENDED}, {DIGEST}, {SOURCE}"
_NO_STATE = f", 0 AS {BEGUN}, 0 AS {ENDED}, CAST(NULL AS BLOB) AS {DIGEST}, 0 AS {SOURCE}"
_Kept: TypeAlias = tuple[str, tuple[str, ...]]
"""What decides on columns: a shape of records or the names in a file's header."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What became of a table on the way to a commit.

    Attributes:
        snapshot: The commit.
        table: The table there.
        base: The line that leads to it.
        query: Runs SQL.
        further: A further line whose states are told, too.
    """

    snapshot: Snapshot
    table: NamedTable
    base: Base
    query: Query
    further: Base | None = None

    def states(self) -> tuple[Relation, frozenset[Form]]:
        """Gives every state of the table's records up to the commit.

        Returns:
            The states, of which the body also gives the ordinals `BEGUN` and `ENDED` of the line,
            which of the lines that is as `SOURCE`, `DIGEST`, and `kinds_of` those columns whose
            values are of several kinds; and how the files held them.
        """
        bodies = self.snapshot.bodies
        parts: list[tuple[Part, Mapping[int, int]]] = []
        total: Counter[str] = Counter()
        for part in self._parts():
            counts = bodies.counts_where(part)
            parts.append((part, counts))
            shapes = bodies.shapes(part.stored)
            for number, count in counts.items():
                total[shapes[number][0]] += count
        place = place_of_states(total)
        former = self._former(place)
        place = _with_former(place, former)
        names = column_names(place.fields)
        natural = {names[field]: inner for field, inner in place.fields.items()}
        mixed = {f: kinds_of(names[f]) for f, inner in place.fields.items() if is_mixed(inner)}

        def more(part: Part) -> str:
            kinds = (
                f", {bodies.kinds(part, f, *former.get(f, ()))} AS {name}"
                for f, name in mixed.items()
            )
            source = 0 if part.base is self.base else 1
            return f"{_STATE}, {source} AS {SOURCE}{''.join(kinds)}"

        read = [
            bodies.body(part, some, place, names, more(part), former)
            for part, some in parts
            if some
        ]
        none = "".join(f", CAST(NULL AS VARCHAR) AS {name}" for name in mixed.values())
        body = " UNION ALL ".join(read) or nothing(natural, _NO_STATE + none)
        declared = self._declared(natural)
        header = self.snapshot.headers(self.table)
        if header is not None:
            declared = only_known(declared, natural)
        chosen = choose(ways_to_show(natural, declared, has_sources=False), body, self.query)
        further = _STATE_COLUMNS + "".join(f", {name}" for name in mixed.values())
        key = self.snapshot.has_key(self.table, body)
        columns, shown = shaped(body, natural, declared, chosen, has_key=key, more=further)
        if header is not None:
            columns = as_headed(columns, [names.get(field, field) for field in header])
        rows = sum(total.values())
        found = Relation(columns=columns, rows=rows, body=shown, is_ordered=False, natural=natural)
        there = {part.stored.storage for part, some in parts if some}
        return found, frozenset(where.form for where in self.bearers() if where.storage in there)

    def turns(self) -> list[int]:
        """Gives the ordinals at which the table's columns may have changed, the first included."""
        live: Counter[_Kept] = Counter()
        changes: dict[int, list[tuple[_Kept, int]]] = {}
        for kept, begun, ended, count in self._kept():
            changes.setdefault(begun, []).append((kept, count))
            changes.setdefault(ended, []).append((kept, -count))
        spans = {span.start for span in self.base.manifest.layouts}
        for start in spans:
            changes.setdefault(start, [])
        found: list[int] = []
        before = None
        for ordinal in sorted(at for at in changes if at <= self.base.ordinal):
            for kept, count in changes[ordinal]:
                live[kept] += count
            now = self._columns(+live)
            if now != before or ordinal in spans:
                found.append(ordinal)
            before = now
        return found

    def moves(self) -> set[int]:
        """Gives the ordinals at which records changed, came or went, not only their files."""
        parts = [
            f"SELECT _from, _to, _key, _digest FROM {self.snapshot.bodies.file(part.segment)}"
            f" WHERE {part.condition}"
            for part in self._parts()
        ]
        if not parts:
            return set()
        rows = self.query(
            f"WITH s AS MATERIALIZED ({' UNION ALL '.join(parts)}),"
            " ends AS (SELECT _from AS ordinal, 1 AS n, _key, _digest FROM s UNION ALL"
            f" SELECT _to, -1, _key, _digest FROM s WHERE _to <= {self.base.ordinal})"
            " SELECT DISTINCT ordinal FROM"
            " (SELECT ordinal FROM ends GROUP BY ordinal, _key, _digest HAVING sum(n) <> 0)"
        )
        return {ordinal for (ordinal,) in rows}

    def bearers(self) -> list[Location]:
        """Gives the locations whose records may have been the table's, under any of its names."""
        bases = (self.base,) if self.further is None else (self.base, self.further)
        known = dict.fromkeys(where for base in bases for where in base.manifest.locations)
        names = {(where.schema, where.name) for where in self.table.locations}
        while True:
            bearers = [where for where in known if _bore_a_name(where, self.table, names)]
            former = {
                (where.schema, name)
                for where in bearers
                if (name := former_name(where.declaration.rules)) is not None
            }
            if former <= names:
                return bearers
            names |= former

    def _former(self, place: Place) -> dict[str, list[str]]:
        """Gives for each field the names that it had before, as far as no other one bears them."""
        renamed: dict[str, str] = {}
        for where in self.bearers():
            for column in where.declaration.columns:
                name = former_name(column.rules)
                if name is not None:
                    renamed[name.casefold()] = column.name
        if not renamed:
            return {}
        now = {c.name.casefold() for c in self.snapshot.relation(self.table).columns}
        fields = {field.casefold(): field for field in place.fields}
        found: dict[str, list[str]] = {}
        for old in renamed:
            new, seen = renamed[old], {old}
            while new.casefold() in renamed and new.casefold() not in seen | now:
                seen.add(new.casefold())
                new = renamed[new.casefold()]
            if old in fields and old not in now:
                found.setdefault(fields.get(new.casefold(), new), []).append(fields[old])
        return found

    def _declared(self, natural: Mapping[str, Place]) -> Declaration:
        """Gives what is declared, of columns that are gone by the declarations that they had."""
        declared = self.table.locations[0].declaration
        known = {column.name.casefold() for column in declared.columns}
        gone: dict[str, set[DeclaredColumn]] = {}
        there = {name.casefold() for name in natural} - known
        for where in self.bearers():
            for column in where.declaration.columns:
                if column.name.casefold() in there:
                    gone.setdefault(column.name.casefold(), set()).add(column)
        sure = [found.pop() for found in gone.values() if len(found) == 1]
        return replace(declared, columns=(*declared.columns, *sure)) if sure else declared

    def _parts(self) -> Iterator[Part]:
        storages = dict.fromkeys(where.storage for where in self.bearers())
        for base in (self.base, self.further):
            tables = base.manifest.tables if base is not None else {}
            for stored in (tables[storage] for storage in storages if storage in tables):
                for segment in (stored.live, stored.dead):
                    if base is not None and segment is not None:
                        yield part_of(stored, base, segment, f"_from <= {base.ordinal}")

    def _kept(self) -> Iterator[tuple[_Kept, int, int, int]]:
        """Gives what decides on columns, from and to which ordinals it stood, and how often."""
        for part in self._parts():
            shapes = self.snapshot.bodies.shapes(part.stored)
            rows = self.query(
                f"SELECT _shape, _from, _to, count(*) FROM"
                f" {self.snapshot.bodies.file(part.segment)} WHERE {part.condition} GROUP BY ALL"
            )
            for shape, begun, ended, count in rows:
                yield (shapes[shape][0], ()), begun, ended, count
        bearers = set(self.bearers())
        known = enumerate(self.base.manifest.locations)
        numbers = [str(n) for n, w in known if w in bearers and w.form == Form.ROWS]
        if numbers:
            file = self.snapshot.bodies.file(self.base.manifest.placements)
            rows = self.query(
                f"SELECT header, _from, _to, count(*) FROM {file} WHERE header IS NOT NULL"
                f" AND location IN ({', '.join(numbers)}) AND _from <= {self.base.ordinal}"
                " GROUP BY ALL"
            )
            for header, begun, ended, count in rows:
                yield ("", tuple(header)), begun, ended, count

    @staticmethod
    def _columns(live: Counter[_Kept]) -> frozenset[tuple[str, str]]:
        """Gives names and types of the columns that records of some shapes make."""
        place = place_at(Counter({shape: count for (shape, _), count in live.items() if shape}))
        found = {(name, type_of(inner).sql) for name, inner in place.fields.items()}
        named = {name for _, header in live for name in header}
        return frozenset(found | {(name, "") for name in named - place.fields.keys()})


def _with_former(place: Place, former: Mapping[str, Sequence[str]]) -> Place:
    """Gives a place in which fields stand under the names that they have now."""
    if not former:
        return place
    fields = {name: replace(inner) for name, inner in place.fields.items()}
    for new, old in former.items():
        merged = Place()
        for name in (new, *old):
            merged.include(fields.get(name, Place()))
        fields[new] = merged
    gone = {name for old in former.values() for name in old}
    return replace(place, fields={n: inner for n, inner in fields.items() if n not in gone})


def _bore_a_name(where: Location, table: NamedTable, names: Collection[tuple[str, str]]) -> bool:
    """Tells whether records of a table may have lain at a location before.

    Rows beside the records of the same folder are a table of their own, though the location has
    the folder's name.
    """
    if where in table.locations:
        return True
    if (where.schema, where.name) not in names:
        return False
    beside = [known.form for known in table.locations if known.path == where.path]
    is_rows = where.form == Form.ROWS
    return not beside or any((form == Form.ROWS) == is_rows for form in beside)
