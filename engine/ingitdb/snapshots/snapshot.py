"""One commit as tables: their names, columns and the SQL that reads them from the cache."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from ingitdb.catalog.columns import column_names
from ingitdb.catalog.naming import NamedTable, is_called, name_tables
from ingitdb.catalog.own_keys import has_own_key
from ingitdb.model.ports import BlobSource
from ingitdb.model.records import Problem
from ingitdb.model.shapes import Place, is_mixed
from ingitdb.model.tables import Form
from ingitdb.model.types import JSON, VARCHAR, quote_identifier, quote_literal
from ingitdb.snapshots.bodies import Bodies, Query
from ingitdb.snapshots.cache import CacheFolder
from ingitdb.snapshots.declared import Fitting, choose, settled, source_column
from ingitdb.snapshots.internal import DIGEST, KEPT, ORDER, PLACE, kinds_of, numbered
from ingitdb.snapshots.overlooked import missing_files, unknown_keys
from ingitdb.snapshots.parts import (
    Part,
    gone,
    nothing,
    with_fields,
)
from ingitdb.snapshots.placements import Placements
from ingitdb.snapshots.projection import NotDerivable
from ingitdb.snapshots.relation import (
    Column,
    Relation,
    as_headed,
    only_known,
    shaped,
    ways_to_show,
)
from ingitdb.snapshots.spellings import in_the_way
from ingitdb.snapshots.store import Base, SnapshotStore, Sources

if TYPE_CHECKING:
    from ingitdb.catalog.layout import Layout
    from ingitdb.model.identifiers import CommitId

_United: TypeAlias = tuple[Place, int, list[tuple[Part, Mapping[int, int]]]]
_KEYED = (Form.RECORD, Form.ENTRIES, Form.ENTRY_ITEMS)


@dataclass(frozen=True, slots=True)
class _Further:
    """Columns of a table's states that users do not see.

    Attributes:
        columns: Their names, each after a comma.
        of: Gives SQL for them from a part whose fields have some columns.
        none: SQL for them where there are no rows.
    """

    columns: str = ""
    of: Callable[[Part, Mapping[str, str]], str] = lambda _part, _names: ""
    none: str = ""


class Snapshot:
    """The tables of one commit.

    Attributes:
        commit: The commit, or a pseudo-commit.
        bodies: Gives the SQL that reads the cache.
        files: Where the files lie.
        tables: All tables, by schema and name.
    """

    def __init__(self, store: SnapshotStore, sources: Sources, query: Query) -> None:
        self.commit: CommitId = sources.commit
        self._store = store
        self._sources = sources
        self._query = query
        self.bodies = Bodies(store, sources.bases, query)
        self._relations: dict[NamedTable, Relation] = {}
        self._known: dict[NamedTable, _United] = {}
        self._named: dict[NamedTable, tuple[str, ...] | None] = {}
        self._alone: Snapshot | None = None
        self.files = Placements(sources.bases, self.bodies.file, query, self.bodies.found)
        self.tables: list[NamedTable] = name_tables(self.files.locations())

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

    @cached_property
    def problems(self) -> list[Problem]:
        """What could not be read at this commit, files and declarations."""
        found: list[Problem] = []
        for base in self._sources.bases:
            found += [
                fault.problem
                for fault in base.manifest.faults
                if fault.start <= base.ordinal < fault.end
                and fault.problem.path not in base.without
            ]
        if self._sources.bases:
            first = self._sources.bases[0]
            if first.manifest.layouts:
                layout = first.manifest.layout_at(first.ordinal)
                found += missing_files(layout.expected, self.files, found)
                found += layout.problems
        found += unknown_keys(self.tables, self._natural)
        return sorted(found, key=lambda p: (p.path, p.line, p.column, p.message))

    def last_with(self, name: str) -> "CommitId | None":
        """Gives the last commit on the line to this one that had a table of some name."""
        for base in self._sources.bases:
            places = enumerate(base.manifest.locations)
            numbers = [str(number) for number, where in places if is_called(where, name)]
            if not numbers:
                continue
            ((end,),) = self._query(
                f"SELECT max(_to) FROM {self.bodies.file(base.manifest.placements)}"
                f" WHERE location IN ({', '.join(numbers)}) AND _to <= {base.ordinal}"
            )
            if end is not None:
                commit: CommitId = base.manifest.commits[end - 1]
                return commit
        return None

    def relation(self, table: NamedTable) -> Relation:
        """Gives a table's columns and SQL."""
        known = self._relations.get(table)
        if known is None:
            try:
                known = self._derived(table)
            except NotDerivable:
                alone, own = self.in_own_types(table)
                known = alone.relation(own)
            self._relations[table] = known
        return known

    def put(self, table: NamedTable, relation: Relation) -> None:
        """Takes another way to the same rows of a table."""
        self._relations[table] = relation

    def widened_by(self, table: NamedTable, column: Column) -> tuple[str, ...]:
        """Says why a column has not its declared type: that type, and some values in its way."""
        declared = column.declared
        if column.conforms or declared is None or declared.type is None:
            return ()
        name, kinds = quote_identifier(column.name), kinds_of(column.name)
        body = self._with_kinds(table, column)
        found: list[tuple[str, str]] = []
        for bad in in_the_way(name, column.type, kinds, declared):
            found = found or self._query(
                f"SELECT _path, CAST({name} AS VARCHAR) FROM ({body}) WHERE {name} IS NOT NULL"
                f" AND ({bad}) ORDER BY _path, {ORDER} LIMIT 3"
            )
        return (f"declared {declared.type.sql}", *(f"{path}: {value}" for path, value in found))

    def mixed_in(self, table: NamedTable, column: Column) -> tuple[str, ...]:
        """Says of a column that is text or JSON as it holds several kinds which records did that.

        They are those whose value is not of the commonest kind.
        """
        place = self.relation(table).natural.get(column.name, Place())
        is_declared = column.declared is not None and column.declared.type is not None
        if is_declared or column.type not in (VARCHAR, JSON) or not is_mixed(place):
            return ()
        name, kinds = quote_identifier(column.name), kinds_of(column.name)
        body = self._with_kinds(table, column)
        found = self._query(
            f"SELECT any_value({kinds}), list(_path || ': ' || left(CAST({name} AS VARCHAR), 80)"
            f" ORDER BY _path, {ORDER})[:3] FROM ({body}) WHERE {name} IS NOT NULL"
            f" GROUP BY {kinds} ORDER BY count(*) DESC, {kinds}"
        )
        return tuple(text for _, texts in found[1:] for text in texts)[:3]

    def _with_kinds(self, table: NamedTable, column: Column) -> str:
        """Gives SQL for a table with `kinds_of` a column."""
        try:
            return self.apart(table, [column.name], None, None)
        except NotDerivable:
            alone, own = self.in_own_types(table)
            return alone.apart(own, [column.name], None, None)

    def apart(
        self,
        table: NamedTable,
        mixed: Sequence[str],
        other: "Snapshot | None",
        same: NamedTable | None,
    ) -> str:
        """Gives the records of a table less those that are the same states at another commit.

        Args:
            table: The table.
            mixed: Columns for which `kinds_of` is to be given.
            other: The other commit.
            same: The table there.

        Returns:
            SQL for the table's columns with `_key`, `_path`, `ORDER` and `DIGEST`.

        Raises:
            NotDerivable: Only the commit's files tell all values; see `in_own_types`.
        """

        def more(part: Part, names: Mapping[str, str]) -> str:
            kept = other.lacks(part, same) if other is not None and same is not None else "true"
            fields = {column: field for field, column in names.items()}
            kinds = (
                f", {self.bodies.kinds(part, fields.get(column))} AS {kinds_of(column)}"
                for column in mixed
            )
            return f", _digest AS {DIGEST}, {kept} AS {KEPT}{''.join(kinds)}"

        kinds = [kinds_of(column) for column in mixed]
        none = "".join(f", CAST(NULL AS VARCHAR) AS {name}" for name in kinds)
        further = _Further(
            columns="".join(f", {name}" for name in (DIGEST, KEPT, *kinds)),
            of=more,
            none=f", CAST(NULL AS BLOB) AS {DIGEST}, false AS {KEPT}{none}",
        )
        found = self._derived(table, further)
        return f"SELECT * EXCLUDE ({KEPT}) FROM ({found.body}) WHERE {KEPT}"

    def field_names(self, table: NamedTable) -> dict[str, str]:
        """Gives for each column of a table's records the field that it shows."""
        place, _, _ = self._united(table)
        return {column: field for field, column in column_names(place.fields).items()}

    def lacks(self, part: Part, table: NamedTable) -> str:
        """Gives SQL that holds for the states of a part that do not stand at this commit."""
        if part.stored.storage not in {where.storage for where in table.locations}:
            return "true"
        same = [base for base in self._sources.bases if _is_of_line(base, part.base)]
        return " AND ".join(gone(part, base) for base in same) or "true"

    def in_own_types(self, table: NamedTable) -> "tuple[Snapshot, NamedTable]":
        """Gives a table as its commit alone tells, without the line."""
        if self._alone is None:
            self._alone = Snapshot(self._store, self._store.alone(self.commit), self._query)
        storages = {where.storage for where in table.locations}
        for found in self._alone.tables:
            if (found.schema, found.name) == (table.schema, table.name) and storages == {
                where.storage for where in found.locations
            }:
                return self._alone, found
        raise AssertionError(table.name)

    def _derived(self, table: NamedTable, further: "_Further | None" = None) -> Relation:
        further = further or _Further()
        place, rows, counted = self._united(table)
        names = column_names(place.fields)
        natural = {names[field]: inner for field, inner in place.fields.items()}
        bodies = [
            self.bodies.body(part, counts, place, names, further.of(part, names))
            for part, counts in counted
        ]
        body = " UNION ALL ".join(bodies) or nothing(natural, further.none)
        declared = table.locations[0].declaration
        header = self.headers(table)
        if header is not None:
            declared = only_known(declared, natural)
        ways = ways_to_show(natural, declared)
        chosen = choose(ways, body, self._query)
        body = self._with_source_texts(table, body, names, chosen)
        chosen = settled(chosen, ways, body, self._query)
        has_key = self.has_key(table, body)
        columns, shown = shaped(
            body, natural, declared, chosen, has_key=has_key, more=further.columns
        )
        if header is not None:
            columns = as_headed(columns, [names[field] for field in header])
        return Relation(
            columns=columns,
            rows=rows,
            body=shown,
            is_ordered=len(bodies) <= 1
            and all(part.is_live for part, _ in counted)
            and body == "".join(bodies),
            is_plain=all(part.is_whole for part, _ in counted) and len(counted) <= 1,
            is_single=all(where.form == Form.RECORD for where in table.locations),
            natural=natural,
        )

    def _natural(self, table: NamedTable) -> Mapping[str, Place]:
        """Gives what stands in the columns of a table."""
        place, _, _ = self._united(table)
        names = column_names(place.fields)
        return {names[field]: inner for field, inner in place.fields.items()}

    def _united(self, table: NamedTable) -> _United:
        """Gives what stands where in a table, the count of its records, and what reads them."""
        known = self._known.get(table)
        if known is None:
            storages = dict.fromkeys(where.storage for where in table.locations)
            parts = [part for storage in storages for part in self.bodies.of(storage)]
            place, rows, counted = self.bodies.united(parts)
            place = with_fields(place, self.headers(table) or ())
            known = self._known[table] = (place, rows, counted)
        return known

    def headers(self, table: NamedTable) -> tuple[str, ...] | None:
        """Gives the fields that a table's files name in their headers; None if some do not."""
        if table not in self._named:
            self._named[table] = self.files.headers(table)
        return self._named[table]

    def _with_source_texts(
        self,
        table: NamedTable,
        body: str,
        names: Mapping[str, str],
        chosen: Mapping[str, Fitting],
    ) -> str:
        """Adds the texts of columns that show them and whose stored values have lost them."""
        wanted = {source_column(n): n for n, fitting in chosen.items() if fitting.is_source}
        fields = {
            source_column(column): (field, chosen[column].type == JSON)
            for field, column in names.items()
            if source_column(column) in wanted
        }
        if not fields:
            return body
        from ingitdb.snapshots.sources import write_texts  # reads files: slow to load

        storages = {where.storage for where in table.locations}
        path = write_texts(
            self.files.of(table), self.objects(), self.layout(), storages, fields, self.cache.data
        )
        columns = "".join(f", s.{quote_identifier(name)}" for name in fields)
        return (
            f"SELECT r.* EXCLUDE ({PLACE}){columns} FROM ({numbered(body)}) r"
            f" LEFT JOIN read_parquet({quote_literal(str(path))}) s"
            f" ON s.path = r._path AND s.place = r.{PLACE}"
        )

    def has_key(self, table: NamedTable, body: str) -> bool:
        """Tells whether records carry their key outside their fields."""
        forms = {where.form for where in table.locations}
        if has_own_key(table.locations[0]):
            return False
        if not forms.isdisjoint(_KEYED):
            return True
        return Form.FIELD_ITEMS in forms and bool(
            self._query(f"SELECT 1 FROM ({body}) WHERE _key IS NOT NULL LIMIT 1")
        )


def _is_of_line(base: Base, other: Base) -> bool:
    """Tells whether a base's ordinals mean the same commits as another one's, up to its own."""
    known = other.manifest.commits
    return (
        base.name == other.name
        and base.ordinal < len(known)
        and base.manifest.commits[base.ordinal] == known[base.ordinal]
    )
