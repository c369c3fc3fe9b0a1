"""The two states that constraints are asked about, and what came between them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from ingitdb.catalog.files import is_configuration
from ingitdb.catalog.layout import Layout
from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import IngitdbError
from ingitdb.execution.catalogs import Catalogs
from ingitdb.model.history import FileChange
from ingitdb.model.identifiers import BlobId, CommitId
from ingitdb.model.tables import Declaration
from ingitdb.model.types import quote_identifier
from ingitdb.snapshots.relation import Relation
from ingitdb.validation.standing import Difference, Records, Side, Standing

TableId: TypeAlias = tuple[str, str]
"""Schema and name."""
NOT_FILES = frozenset({0o120000, 0o160000})
"""The modes of links and submodules."""
_MOST_PATHS = 1000
"""Past so many changed files a question is asked of the whole table."""


class Layouts:
    """The layouts of commits; one is read anew only where configuration has changed."""

    def __init__(self, catalogs: Catalogs) -> None:
        self._catalogs = catalogs
        self._last: tuple[CommitId, Layout] | None = None

    def at(self, commit: CommitId) -> Layout:
        """Gives the layout of a commit's tree."""
        known = self._last
        if known is not None and known[0] == commit:
            return known[1]
        found = None
        if known is not None:
            changes = self._catalogs.repository.changes(known[0], commit)
            if not touches_layout(changes, known[1]):
                found = known[1]
        found = found or self._catalogs.snapshot(commit).layout()
        self._last = (commit, found)
        return found


def touches_layout(changes: Iterable[FileChange], layout: Layout) -> bool:
    """Tells whether changes may place files in other tables, or declare something else."""
    return any(is_configuration(each.path) or each.path in layout.inputs for each in changes)


class State:
    """A commit with its tables.

    Attributes:
        commit: The commit.
        snapshot: Its tables.
    """

    def __init__(self, catalogs: Catalogs, layouts: Layouts, commit: CommitId) -> None:
        self.commit = commit
        self.snapshot = catalogs.snapshot(commit)
        self._catalogs = catalogs
        self._layouts = layouts

    @property
    def is_plain(self) -> bool:
        """Whether nothing is declared."""
        spans = (
            base.manifest.layout_at(base.ordinal)
            for base in self.snapshot.bases
            if base.manifest.layouts
        )
        return all(span.is_plain and not span.problems for span in spans)

    @cached_property
    def layout(self) -> Layout:
        """How its files are placed."""
        return self._layouts.at(self.commit)

    @cached_property
    def tables(self) -> Mapping[TableId, NamedTable]:
        """Its tables by schema and name, in whatever case they are asked for."""
        return {
            (table.schema.casefold(), name.casefold()): table
            for table in reversed(self.snapshot.tables)
            for name in (*reversed(table.aliases), table.name)
        }

    @cached_property
    def by_storage(self) -> Mapping[str, NamedTable]:
        """Its tables by the storage of their records."""
        return {where.storage: t for t in self.snapshot.tables for where in t.locations}

    def table(self, schema: str, name: str) -> NamedTable | None:
        """Gives a table by its name."""
        return self.tables.get((schema.casefold(), name.casefold()))

    def relation(self, table: NamedTable) -> Relation:
        """Gives a table's columns and SQL."""
        return self.snapshot.relation(table)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs SQL of our own."""
        return self._catalogs.query(sql)

    def read(self, path: str) -> bytes | None:
        """Gives the bytes of a file; None where it cannot be read."""
        try:
            return self._catalogs.repository.read_file(self.commit, path)
        except IngitdbError:
            return None


@dataclass
class Touched:
    """What happened to one table since before.

    Attributes:
        is_whole: Whether all its records are to be asked about, as there is nothing before.
        came: Records that were not there.
        went: The files of records that are no more.
        counts: For each changed file how many records it had and has.
    """

    is_whole: bool = False
    came: list[Standing] = field(default_factory=list)
    went: set[str] = field(default_factory=set)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def is_nothing(self) -> bool:
        """Whether no record came or went."""
        return not (self.is_whole or self.came or self.went)

    def add(self, other: Difference) -> None:
        """Adds what happened in a further file."""
        self.came += other.came
        self.went |= other.went
        self.counts |= other.counts

    def has(self, path: str, number: int) -> bool:
        """Tells whether a record, as it is now, is to be asked about."""
        return self.is_whole or (path, number) in self._places

    @cached_property
    def _places(self) -> frozenset[tuple[str, int]]:
        return frozenset((record.path, record.number) for record in self.came)

    def paths(self) -> list[str] | None:
        """Gives the files of the records that came; None for any file."""
        return None if self.is_whole else _few({record.path for record in self.came})

    def former_paths(self) -> list[str] | None:
        """Gives the files of the records that went; None for any file."""
        return _few(self.went)


def _few(paths: set[str]) -> list[str] | None:
    return sorted(paths) if len(paths) <= _MOST_PATHS else None


class Changes:
    """What came between two states, table by table."""

    def __init__(self, catalogs: Catalogs, before: State | None, after: State) -> None:
        self._records = Records()
        self._catalogs = catalogs
        self._before = before
        self._after = after
        self._touched: dict[TableId, Touched] | None = None

    @cached_property
    def configured(self) -> bool:
        """Whether declarations may have changed; true where there is nothing before."""
        return self._before is None or touches_layout(self._files, self._after.layout)

    @cached_property
    def _files(self) -> list[FileChange]:
        if self._before is None:
            return []
        return self._catalogs.repository.changes(self._before.commit, self._after.commit)

    @property
    def are_none(self) -> bool:
        """Whether no file has changed since before."""
        return self._before is not None and not self._files

    def of(self, table: NamedTable) -> Touched:
        """Gives what happened to a table as it is now."""
        if self._is_anew(table):
            return Touched(is_whole=True)
        return self._all().get((table.schema, table.name)) or Touched()

    def all_records(self, table: NamedTable) -> Iterator[Standing]:
        """Reads all records of a table as it is now, file by file."""
        paths: dict[BlobId, list[str]] = {}
        for path, blob in self._after.snapshot.files.of(table):
            paths.setdefault(blob, []).append(path)
        storages = {where.storage for where in table.locations}
        layout = self._after.layout
        for blob, data in self._after.snapshot.objects().read_many(paths):
            for path in paths[blob]:
                for record in self._records.of(Side(layout, path, data)):
                    if record.location.storage in storages:
                        yield record

    def _is_anew(self, table: NamedTable) -> bool:
        """Tells whether what is declared about a table is new."""
        if self._before is None:
            return True
        if not self.configured:
            return False
        before = self._before.table(table.schema, table.name)
        keys = {state.layout.conventions.keys for state in (self._before, self._after)}
        return before is None or len(keys) > 1 or _declared(before) != _declared(table)

    def _all(self) -> Mapping[TableId, Touched]:
        if self._touched is None:
            self._touched = {}
            for storage, difference in self._differences():
                table = self._after.by_storage.get(storage)
                if table is None and self._before is not None:
                    table = self._before.by_storage.get(storage)
                if table is not None:
                    key = (table.schema, table.name)
                    self._touched.setdefault(key, Touched()).add(difference)
        return self._touched

    def _differences(self) -> Iterator[tuple[str, Difference]]:
        if self._before is None:
            return
        blobs = {b for each in self._files for b in (each.old, each.new) if b is not None}
        data = dict(self._catalogs.repository.objects().read_many(blobs))
        for each in self._files:
            if each.new_mode in NOT_FILES:
                continue
            old = Side(self._before.layout, each.path, data.get(each.old) if each.old else None)
            new = Side(self._after.layout, each.path, data.get(each.new) if each.new else None)
            yield from self._records.differences(old, new)


def _declared(table: NamedTable) -> set[tuple[str, Declaration]]:
    """Gives where a table lies and what is declared about it."""
    return {(where.storage, where.declaration) for where in table.locations}


def path_of(relation: Relation, name: str) -> str | None:
    """Gives SQL for a column or, with dots, a field below one; None where there is none."""
    names = {column.name.casefold(): column.name for column in relation.columns}
    if name.casefold() in ("_key", "_path"):
        return name.casefold()
    if name.casefold() in names:
        return quote_identifier(names[name.casefold()])
    head, *rest = name.split(".")
    if not rest or head.casefold() not in names:
        return None
    return ".".join(quote_identifier(step) for step in (names[head.casefold()], *rest))
