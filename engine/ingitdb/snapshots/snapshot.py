"""One commit as tables: their names, columns and the SQL that reads them from the cache."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ingitdb.catalog.columns import column_names, place_at, type_of
from ingitdb.catalog.naming import NamedTable, name_tables
from ingitdb.model.identifiers import BlobId, CommitId
from ingitdb.model.ports import BlobSource
from ingitdb.model.records import Problem
from ingitdb.model.shapes import Place, unite
from ingitdb.model.tables import Declaration, DeclaredColumn, Form, Location
from ingitdb.model.types import JSON, VARCHAR, ColumnType, quote_identifier, quote_literal
from ingitdb.snapshots.cache import CacheFolder
from ingitdb.snapshots.declared import (
    Fitting,
    asks_for_source,
    choose,
    fittings,
    source_column,
)
from ingitdb.snapshots.manifest import StoredTable
from ingitdb.snapshots.projection import NotDerivable, project, project_source
from ingitdb.snapshots.segments import Segment
from ingitdb.snapshots.store import Base, SnapshotStore, Sources

if TYPE_CHECKING:
    from ingitdb.catalog.layout import Layout

Query: TypeAlias = Callable[[str], list[tuple[Any, ...]]]
_KEYED = (Form.RECORD, Form.ENTRIES, Form.ENTRY_ITEMS)
KEY_SEPARATOR = "__"
"""Stands between the parts of a composite key's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table at a commit.

    Attributes:
        declared: What a definition says about it, or None.
        conforms: Whether every value has the declared type.
    """

    name: str
    type: ColumnType
    declared: DeclaredColumn | None = None
    conforms: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some states of one stored table: those of a file under a condition."""

    stored: StoredTable
    base: Base
    segment: Segment
    is_live: bool
    condition: str

    @property
    def is_whole(self) -> bool:
        """Whether these are just the standing states, in the types of the last commit."""
        return self.is_live and self.base.is_last and not self.base.without


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table at a commit as SQL.

    Attributes:
        columns: What `SELECT *` shows.
        rows: How many records there are.
        body: SQL that gives the columns and also `_key`, `_path`, `_order`.
        is_ordered: Whether the body gives the records in file order by itself.
    """

    columns: tuple[Column, ...]
    rows: int
    body: str
    is_ordered: bool

    def sql(self, *, ordered: bool = False, hidden: Sequence[str] = ()) -> str:
        """Gives a SELECT with the shown columns and those of the hidden ones that are asked for."""
        names = [column.name for column in self.columns]
        names += [name for name in hidden if name not in names]
        order = " ORDER BY _path, _order" if ordered and not self.is_ordered else ""
        shown = ", ".join(quote_identifier(name) for name in names) or "NULL AS nothing"
        return f"SELECT {shown} FROM ({self.body}){order}"


class Snapshot:
    """The tables of one commit.

    Attributes:
        commit: The commit, or a pseudo-commit.
        tables: All tables, by schema and name.
    """

    def __init__(self, store: SnapshotStore, sources: Sources, query: Query) -> None:
        self.commit: CommitId = sources.commit
        self._store = store
        self._sources = sources
        self._query = query
        self._relations: dict[NamedTable, Relation] = {}
        self._alone: Snapshot | None = None
        self.tables: list[NamedTable] = name_tables(self._files())

    @property
    def identity(self) -> str:
        """Names the content: the commit, or for a pseudo-commit the files as they were."""
        if self._sources.bases and self._sources.bases[0].name.startswith("tree-"):
            return f"{self.commit}:{self._sources.bases[0].name}"
        return str(self.commit)

    @property
    def cache(self) -> CacheFolder:
        """The cache folder that the tables are read from."""
        return self._store.cache

    @property
    def bases(self) -> tuple[Base, ...]:
        """Everything that has answered so far."""
        alone = self._alone.bases if self._alone else ()
        return (*self._sources.bases, *alone)

    def objects(self) -> BlobSource:
        """Gives the source of the files."""
        return self._store.objects()

    def layout(self) -> "Layout":
        """Gives the layout of the commit's tree."""
        return self._store.layout(self.commit)

    def files_of(self, table: NamedTable) -> list[tuple[str, BlobId]]:
        """Gives path and blob of each file that holds records of a table, by path."""
        return [
            (path, BlobId(blob)) for path, blob in self._query(f"{self.blobs(table)} ORDER BY 1")
        ]

    @property
    def problems(self) -> list[Problem]:
        """What could not be read at this commit, files and declarations."""
        found: list[Problem] = []
        gone: set[str] = set()
        for base in reversed(self._sources.bases):
            found += [
                fault.problem
                for fault in base.manifest.faults
                if fault.start <= base.ordinal < fault.end
                and fault.problem.path not in base.without
            ]
            gone |= base.without
        if self._sources.bases:
            first = self._sources.bases[0]
            if first.manifest.layouts:
                found += first.manifest.layout_at(first.ordinal).problems
        return sorted(found, key=lambda p: (p.path, p.line, p.column, p.message))

    def relation(self, table: NamedTable) -> Relation:
        """Gives a table's columns and SQL."""
        known = self._relations.get(table)
        if known is None:
            try:
                known = self._derived(table)
            except NotDerivable:
                known = self._read_alone(table)
            self._relations[table] = known
        return known

    def widened_by(self, table: NamedTable, column: Column) -> tuple[str, ...]:
        """Says why a column has not its declared type: that type, and some values in its way."""
        declared = column.declared
        if column.conforms or declared is None or declared.type is None:
            return ()
        name = quote_identifier(column.name)
        sql = self.relation(table).sql(hidden=("_path",))
        found = self._query(
            f"SELECT _path, CAST({name} AS VARCHAR) FROM ({sql}) WHERE {name} IS NOT NULL"
            f" AND TRY_CAST(CAST({name} AS VARCHAR) AS {declared.type.sql}) IS NULL LIMIT 3"
        )
        return (f"declared {declared.type.sql}", *(f"{path}: {value}" for path, value in found))

    def versions(self, table: NamedTable, base: Base) -> tuple[tuple[Column, ...], str]:
        """Gives every state of a table's records up to this commit.

        Args:
            table: The table.
            base: The line that leads to this commit.

        Returns:
            The columns, and SQL that gives them with the ordinals `_from` and `_to` of the line.
        """
        names = {(where.schema, where.name) for where in table.locations}
        storages = dict.fromkeys(
            where.storage
            for where in base.manifest.locations
            if (where.schema, where.name) in names
        )
        parts: list[tuple[Part, Mapping[int, int]]] = []
        total: Counter[str] = Counter()
        for stored in (base.manifest.tables[s] for s in storages if s in base.manifest.tables):
            for segment, is_live in ((stored.live, True), (stored.dead, False)):
                if segment is None:
                    continue
                part = self._part(stored, base, segment, is_live, f"_from <= {base.ordinal}")
                counts = self._counts_where(part)
                parts.append((part, counts))
                shapes = self._shapes(stored)
                for number, count in counts.items():
                    total[shapes[number][0]] += count
        place = place_at(total)
        fields = column_names(place.fields)
        bodies = [
            self._body(part, counts, place, fields, ", _from, _to, _digest")
            for part, counts in parts
            if counts
        ]
        columns = [Column(name=fields[f], type=type_of(p)) for f, p in place.fields.items()]
        if any(where.form in _KEYED for where in table.locations):
            columns.insert(0, Column(name="_key", type=VARCHAR))
        return tuple(columns), " UNION ALL ".join(bodies) or _nothing({})

    def blobs(self, table: NamedTable) -> str:
        """Gives SQL for the blob of each path of a table: columns `path`, `blob`."""
        numbers = set(table.locations)
        parts = []
        for base in self._sources.bases:
            wanted = [str(n) for n, w in enumerate(base.manifest.locations) if w in numbers]
            if wanted:
                condition = f"location IN ({', '.join(wanted)}) AND {_standing(base, 'path')}"
                parts.append(
                    f"SELECT path, blob FROM {self._file(base.manifest.placements)} WHERE {condition}"
                )
        empty = "SELECT '' AS path, '' AS blob WHERE false"
        return " UNION ALL ".join(parts) or empty

    def _files(self) -> dict[Location, int]:
        counts: Counter[Location] = Counter()
        for base in self._sources.bases:
            manifest = base.manifest
            if base.is_last:
                found = self._standing_files(base)
            else:
                found = dict(
                    self._query(
                        f"SELECT location, count(*) FROM {self._file(manifest.placements)}"
                        f" WHERE {_standing(base, 'path')} GROUP BY location"
                    )
                )
            for number, files in found.items():
                counts[manifest.locations[number]] += files
        if self._sources.bases:
            first = self._sources.bases[0]
            if first.manifest.layouts:
                for number in first.manifest.layout_at(first.ordinal).declared:
                    counts[first.manifest.locations[number]] += 0
        return dict(counts)

    def _standing_files(self, base: Base) -> Mapping[int, int]:
        """Counts the files of each location at the end of a line, less those left out."""
        if not base.without:
            return base.manifest.head_files
        gone = self._query(
            f"SELECT location, count(*) FROM {self._file(base.manifest.placements)}"
            f" WHERE _to > {base.ordinal} AND {_within(base, 'path')} GROUP BY location"
        )
        left = Counter(dict(base.manifest.head_files))
        left.subtract(dict(gone))
        return +left

    def _read_alone(self, table: NamedTable) -> Relation:
        if self._alone is None:
            self._alone = Snapshot(self._store, self._store.alone(self.commit), self._query)
        same = [t for t in self._alone.tables if (t.schema, t.name) == (table.schema, table.name)]
        for candidate in same:
            if {w.storage for w in candidate.locations} == {w.storage for w in table.locations}:
                return self._alone.relation(candidate)
        raise AssertionError(table.name)

    def _derived(self, table: NamedTable) -> Relation:
        storages = dict.fromkeys(where.storage for where in table.locations)
        parts = [part for storage in storages for part in self._parts(storage)]
        place, rows, counted = self._united(parts)
        names = column_names(place.fields)
        natural = {names[field]: inner for field, inner in place.fields.items()}
        bodies = [self._body(part, counts, place, names) for part, counts in counted]
        body = " UNION ALL ".join(bodies) or _nothing(natural)
        declared = self._declared(table)
        body = self._with_source_texts(table, body, natural, declared, names)
        has_key = any(where.form in _KEYED for where in table.locations) or self._has_keys(
            table, body
        )
        return self._shaped(
            body,
            natural,
            declared,
            has_key=has_key,
            rows=rows,
            is_ordered=len(bodies) <= 1
            and all(part.is_live for part, _ in counted)
            and body == "".join(bodies),
        )

    def _with_source_texts(
        self,
        table: NamedTable,
        body: str,
        natural: Mapping[str, Place],
        declared: Declaration,
        names: Mapping[str, str],
    ) -> str:
        """Adds the texts of columns that may have to show them and whose stored values have not."""
        wanted = {
            source_column(name)
            for name, column in _declared_first(natural, declared)
            if column is not None and name in natural and asks_for_source(natural[name], column)
        }
        fields = {source_column(c): field for field, c in names.items()}
        fields = {column: field for column, field in fields.items() if column in wanted}
        if not fields:
            return body
        from ingitdb.snapshots.sources import write_texts  # reads files: slow to load

        storages = {where.storage for where in table.locations}
        path = write_texts(
            self.files_of(table), self.objects(), self.layout(), storages, fields, self.cache.data
        )
        columns = "".join(f", s.{quote_identifier(name)}" for name in fields)
        return (
            f"SELECT r.* EXCLUDE (_place){columns} FROM (SELECT *, row_number() OVER"
            f" (PARTITION BY _path ORDER BY _order) AS _place FROM ({body})) r"
            f" LEFT JOIN read_parquet({quote_literal(str(path))}) s"
            " ON s.path = r._path AND s.place = r._place"
        )

    def _has_keys(self, table: NamedTable, body: str) -> bool:
        if not any(where.form == Form.FIELD_ITEMS for where in table.locations):
            return False
        return bool(self._query(f"SELECT 1 FROM ({body}) WHERE _key IS NOT NULL LIMIT 1"))

    @staticmethod
    def _declared(table: NamedTable) -> Declaration:
        return table.locations[0].declaration

    def _shaped(
        self,
        body: str,
        natural: Mapping[str, Place],
        declared: Declaration,
        *,
        has_key: bool,
        rows: int,
        is_ordered: bool,
    ) -> Relation:
        ordered = list(_declared_first(natural, declared))
        candidates: dict[str, list[Fitting]] = {}
        for name, column in ordered:
            inner = natural.get(name, Place())
            expression = quote_identifier(name)
            if column is None:
                candidates[name] = [Fitting(type_of(inner), expression)]
            else:
                candidates[name] = fittings(expression, inner, type_of(inner), column)
        chosen = (
            choose(candidates, body, self._query)
            if declared.columns
            else {name: ways[0] for name, ways in candidates.items()}
        )
        columns = [Column(name="_key", type=VARCHAR, declared=declared.key)] if has_key else []
        columns += [
            Column(
                name=name,
                type=chosen[name].type,
                declared=column,
                conforms=chosen[name] is candidates[name][0]
                or chosen[name].type == (column.type if column else None)
                or _is_moment(chosen[name], column),
            )
            for name, column in ordered
        ]
        shown = "".join(
            f", {chosen[name].expression} AS {quote_identifier(name)}" for name, _ in ordered
        )
        key = "_key" if has_key else _key_text(declared, natural)
        outer = f"SELECT {key} AS _key, _path, _order{shown} FROM ({body})"
        return Relation(columns=tuple(columns), rows=rows, body=outer, is_ordered=is_ordered)

    def _parts(self, storage: str) -> Iterator[Part]:
        for base in self._sources.bases:
            stored = base.manifest.tables.get(storage)
            if stored is None:
                continue
            without = _without(base, "_path")
            if base.is_last:
                yield self._part(stored, base, stored.live, True, without)
                continue
            begun = f"_from <= {base.ordinal} AND {without}"
            yield self._part(stored, base, stored.live, True, begun)
            if stored.dead is not None:
                ended = f"{begun} AND _to > {base.ordinal}"
                yield self._part(stored, base, stored.dead, False, ended)

    @staticmethod
    def _part(
        stored: StoredTable, base: Base, segment: Segment, is_live: bool, condition: str
    ) -> Part:
        return Part(stored=stored, base=base, segment=segment, is_live=is_live, condition=condition)

    def _united(
        self, parts: Sequence[Part]
    ) -> tuple[Place, int, list[tuple[Part, Mapping[int, int]]]]:
        """Gives what stands where in some parts, the count of their records, and who has any."""
        if len(parts) == 1 and parts[0].is_whole:
            self._file(parts[0].segment)
            found: Mapping[int, int] = {}
            some = [(parts[0], found)] if parts[0].segment.rows else []
            return _place(parts[0].stored.head), parts[0].segment.rows, some
        total: Counter[str] = Counter()
        counted = []
        for part in parts:
            counts = self._counts(part)
            if counts:
                shapes = self._shapes(part.stored)
                counted.append((part, counts))
                for number, count in counts.items():
                    total[shapes[number][0]] += count
        return place_at(total), sum(total.values()), counted

    def _counts(self, part: Part) -> Mapping[int, int]:
        """Counts the records of each shape; of standing ones only what is left out is counted."""
        if not (part.is_live and part.base.is_last):
            return self._counts_where(part)
        standing = {
            number: count for number, (_, count) in enumerate(self._shapes(part.stored)) if count
        }
        if not part.base.without or not standing:
            return standing
        gone = self._query(
            f"SELECT _shape, count(*) FROM {self._file(part.segment)}"
            f" WHERE {_within(part.base, '_path')} GROUP BY _shape"
        )
        left = Counter(standing)
        left.subtract(dict(gone))
        return +left

    def _shapes(self, stored: StoredTable) -> Sequence[tuple[str, int]]:
        """Gives the shapes of a stored table by number, and how many records of each stand."""
        known = self._store.shapes.get(stored.shapes.name)
        if known is None:
            known = self._store.shapes[stored.shapes.name] = self._query(
                f"SELECT shape, standing FROM {self._file(stored.shapes)} ORDER BY number"
            )
        return known

    def _counts_where(self, part: Part) -> Mapping[int, int]:
        if part.segment.rows == 0:
            return {}
        return dict(
            self._query(
                f"SELECT _shape, count(*) FROM {self._file(part.segment)}"
                f" WHERE {part.condition} GROUP BY _shape"
            )
        )

    def _body(
        self,
        part: Part,
        present: Mapping[int, int],
        place: Place,
        names: Mapping[str, str],
        more: str = "",
    ) -> str:
        stored = _place(part.stored.place)
        columns = (
            (self._column(part, present, stored, field, inner), quote_identifier(names[field]))
            for field, inner in place.fields.items()
        )
        shown = "".join(f", {expression} AS {name}" for expression, name in columns)
        return (
            f"SELECT _key, _path, _order{more}{shown} FROM {self._file(part.segment)}"
            f" WHERE {part.condition}"
        )

    @staticmethod
    def _column(
        part: Part, present: Mapping[int, int], stored: Place, field: str, wanted: Place
    ) -> str:
        known = part.stored.columns.get(field)
        if known is None:
            return f"CAST(NULL AS {type_of(wanted).sql})"
        if part.is_live and known.latest is not None:
            own = _place(part.stored.head).fields[field]
            if own == wanted or type_of(own) == type_of(wanted):
                return project(known.latest, own, wanted)
        contradicted = type_of(wanted) == JSON or not known.odd.isdisjoint(present)
        if known.source is not None and contradicted:
            return project_source(known.source, wanted)
        return project(known.general, stored.fields[field], wanted)

    def _file(self, segment: Segment) -> str:
        path: Path = self._store.cache.path(segment)
        return f"read_parquet({quote_literal(str(path))})"


@lru_cache(maxsize=256)
def _place(spelled: str) -> Place:
    """Reads a stored place; nobody changes it."""
    return unite([spelled])


def _is_moment(fitting: Fitting, column: DeclaredColumn | None) -> bool:
    return (
        column is not None
        and column.type is not None
        and column.type.sql.startswith("TIMESTAMP")
        and fitting.type.sql.startswith("TIMESTAMP")
    )


def _standing(base: Base, path: str) -> str:
    return f"_from <= {base.ordinal} AND _to > {base.ordinal} AND {_without(base, path)}"


def _without(base: Base, path: str) -> str:
    return f"NOT {_within(base, path)}" if base.without else "true"


def _within(base: Base, path: str) -> str:
    """Gives SQL that holds for the paths that a base leaves out."""
    return f"{path} IN ({', '.join(quote_literal(p) for p in sorted(base.without))})"


def _nothing(natural: Mapping[str, Place]) -> str:
    columns = "".join(
        f", CAST(NULL AS {type_of(inner).sql}) AS {quote_identifier(name)}"
        for name, inner in natural.items()
    )
    return (
        "SELECT CAST(NULL AS VARCHAR) AS _key, CAST(NULL AS VARCHAR) AS _path,"
        f" CAST(NULL AS BIGINT) AS _order{columns} WHERE false"
    )


def _declared_first(
    natural: Mapping[str, Place], declared: Declaration
) -> Iterator[tuple[str, DeclaredColumn | None]]:
    by_fold = {name.casefold(): name for name in natural}
    taken: set[str] = set()
    for column in declared.columns:
        name = column.name if column.name in natural else by_fold.get(column.name.casefold())
        if name is None and any(rule == "formula" for rule, _ in column.rules):
            continue  # a computed column is not stored
        taken.add(name or column.name)
        yield name or column.name, column
    for name in natural:
        if name not in taken:
            yield name, None


def _key_text(declared: Declaration, natural: Mapping[str, Place]) -> str:
    """Gives SQL for the text of a declared key; NULL where none is declared."""
    parts = []
    for name in declared.primary_key:
        head, *rest = [name] if name in natural else name.split(".")
        if head not in natural:
            return "CAST(NULL AS VARCHAR)"
        path = ".".join(quote_identifier(step) for step in (head, *rest))
        parts.append(f"CAST({path} AS VARCHAR)")
    return f" || '{KEY_SEPARATOR}' || ".join(parts) or "CAST(NULL AS VARCHAR)"
