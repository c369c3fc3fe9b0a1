"""The table that a statement writes: its columns, defaults, keys and files at the commit read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import CatalogError, ReadOnly, StatementError, TableNotFound, WriteError
from ingitdb.execution.binding import Binder
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.former_tables import FormerTables, says_columns
from ingitdb.execution.plans import Plans
from ingitdb.execution.relations import key_columns
from ingitdb.execution.written_tables import table_texts
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import ColumnType, Scalar, quote_identifier
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.names import spell
from ingitdb.sql.statements import StatementKind
from ingitdb.writes.table_texts import Added, Change, TableTexts, Texts

KEY = "_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A table that is written.

    Attributes:
        kinds: The columns with their types.
        fields: For each column of the records the field that it shows.
        texts: The table's files.
        defaults: SQL for the default of each column that has one.
        present: For a table that is gone, so that all else says how it last was, what gives the
            bytes that stand at a path now.
    """

    snapshot: Snapshot
    table: NamedTable
    kinds: Mapping[str, ColumnType]
    fields: Mapping[str, str]
    texts: TableTexts
    defaults: Mapping[str, str] = field(default_factory=dict)
    present: Callable[[str], bytes | None] | None = None

    def added(self, records: Sequence[Added]) -> Texts:
        """Gives the bytes of each file that comes, or that records come into.

        Raises:
            WriteError: It is open where a record belongs, or it has no place there.
        """
        if self.present is not None:
            return self.texts.revived(records, self.paths, self.present)
        return self.texts.added(records, self.paths)

    def written(self, changes: Sequence[Change], records: Sequence[Added]) -> Texts:
        """Gives the bytes of each file in which a record changes, goes or comes.

        Raises:
            DuplicateKey: A key is there already.
            WriteError: A change cannot be made.
        """
        if self.present is not None:
            return self.added(records) if records else {}
        return self.texts.written(changes, records, self.paths)

    @property
    def shown(self) -> frozenset[str]:
        """The columns that can be asked for at the commit; the others are of an earlier one."""
        if self.present is not None:
            return frozenset()
        return frozenset(column.name for column in self.snapshot.relation(self.table).columns)

    @property
    def name(self) -> tuple[str, str]:
        """Its schema and name."""
        return self.table.schema, self.table.name

    @property
    def types(self) -> dict[str, str]:
        """The columns by name, as SQL spells their types."""
        return {name: kind.sql for name, kind in self.kinds.items()}

    @property
    def paths(self) -> list[str]:
        """The paths of its files."""
        return [path for path, _ in self.snapshot.files.of(self.table)]

    @property
    def described(self) -> list[str]:
        """The columns as CREATE TABLE has them."""
        return [
            f"{quote_identifier(name)} {kind}"
            + (f" DEFAULT ({self.defaults[name]})" if name in self.defaults else "")
            for name, kind in self.types.items()
        ]

    @property
    def keys(self) -> list[tuple[str, ...]]:
        """The groups of columns that no two records agree in, that of the key first."""
        declared = (key_columns(self.table), *self.table.locations[0].declaration.unique)
        return [group for group in dict.fromkeys(declared) if group and self._has(group)]

    @property
    def has_references(self) -> bool:
        """Whether any table of the commit declares foreign keys."""
        tables = self.snapshot.tables
        return any(table.locations[0].declaration.foreign_keys for table in tables)

    def _has(self, group: Sequence[str]) -> bool:
        return all(isinstance(self.kinds.get(name), Scalar) for name in group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Finds the tables that statements write.

    Attributes:
        commit: What is read, and will be changed.
        schema: Where names without a schema are looked up first.
        binder: Gives what binds a query at that commit.
    """

    catalogs: Catalogs
    plans: Plans
    commit: CommitId
    schema: str | None
    binder: Callable[[], Binder]

    def find(self, path: Sequence[str], *, revived: bool = False) -> Target:
        """Gives the table of a written name.

        Args:
            path: The parts of the name.
            revived: Whether one that has gone with its last record is given as it last was.

        Raises:
            CatalogError: There is none.
            ReadOnly: It lies in another repository or on another branch.
            WriteError: A declared default cannot be used, or nothing says what columns it has.
        """
        place = self.binder().locate(path, None)
        if place.catalogs is not self.catalogs:
            raise ReadOnly("An attached repository is read only.", hint="Open it by itself.")
        snapshot = place.catalogs.snapshot(place.commit)
        present = None
        try:
            table = place.catalogs.find(
                snapshot, place.name, schema=place.schema, preferred=self.schema
            )
        except TableNotFound:
            found = None
            if revived and place.commit == self.commit:
                found = self._former.gone(place.name, place.schema)
            if found is None:
                raise
            snapshot, table = found
            present = partial(self.catalogs.repository.find_file, self.commit)
        if place.commit != self.commit:
            raise ReadOnly(
                "Only the branch that is read can be written here.",
                hint=f"Write to {spell(table.schema, table.name)} there, or USE the other branch.",
            )
        shown = self._last_shown(snapshot, table) if revived else (snapshot, table)
        return replace(self._target(snapshot, table, shown), present=present)

    def _last_shown(self, snapshot: Snapshot, table: NamedTable) -> tuple[Snapshot, NamedTable]:
        """Gives a table as it was when records last said its columns, if none do and must."""
        if says_columns(snapshot, table):
            return snapshot, table
        former = self._former.emptied(snapshot, table)
        if former is None and not snapshot.relation(table).columns:
            raise WriteError(
                f"{spell(table.name)} has no records, and no earlier ones say its columns.",
                hint="Declare them: CREATE TABLE, or a definition.",
            )
        return former or (snapshot, table)

    def _target(
        self, snapshot: Snapshot, table: NamedTable, shown: tuple[Snapshot, NamedTable]
    ) -> Target:
        columns = shown[0].relation(shown[1]).columns
        fields = {**shown[0].field_names(shown[1]), **snapshot.field_names(table)}
        defaults = {
            column.name: column.declared.default
            for column in columns
            if column.declared is not None and column.declared.default is not None
        }
        for name, default in defaults.items():
            self._check(table, name, default)
        return Target(
            snapshot=snapshot,
            table=table,
            kinds={column.name: column.type for column in columns},
            fields=fields,
            texts=table_texts(self.catalogs.repository, snapshot, table),
            defaults=defaults,
        )

    @property
    def _former(self) -> FormerTables:
        return FormerTables(catalogs=self.catalogs, commit=self.commit, schema=self.schema)

    def _check(self, table: NamedTable, column: str, default: str) -> None:
        """Lets a default do no more than a query may; DuckDB sees to it that it reads no table."""
        said = f"The default of {spell(table.name)}.{quote_identifier(column)}, {default!r},"
        try:
            statements = self.plans.split(f"SELECT (\n{default}\n)")
            kinds = [statement.kind for statement in statements]
            if kinds == [StatementKind.QUERY]:
                self.plans.reading(statements[0])
                return
        except (StatementError, CatalogError) as error:
            raise WriteError(f"{said} cannot be used: {error.message}") from None
        raise WriteError(f"{said} is no expression.")
