"""One repository as a database: the use cases that command line, servers and programs share."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import NoCommitsYet, RefNotFound, TableNotFound, UsageError
from ingitdb.execution.carried_types import CarriedTypes
from ingitdb.execution.catalogs import Answer, Catalogs
from ingitdb.execution.instance import Instance
from ingitdb.execution.parser import DuckdbParser
from ingitdb.execution.relations import is_nullable, key_columns
from ingitdb.execution.session import Session
from ingitdb.formats.registry import name_of
from ingitdb.git.repository import Repository
from ingitdb.model.access import LOCAL, Action, AllowAll, Policy, Principal, Resource
from ingitdb.model.history import Commit
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb.model.people import Person
from ingitdb.model.ports import Progress
from ingitdb.model.records import Problem
from ingitdb.model.types import quote_identifier
from ingitdb.settings import Settings
from ingitdb.snapshots.cache import CacheFolder
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.names import name_parts
from ingitdb.sql.versions import split_version

if TYPE_CHECKING:
    from ingitdb.model.changes import ChangeListener
    from ingitdb.services.dialect import Dialect
    from ingitdb.services.explanation import Explanation
    from ingitdb.services.listing import Listing
    from ingitdb.services.materialization import MaterializeReport
    from ingitdb.services.validation import Validation


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSummary:
    """A table or view in a listing.

    Attributes:
        rows: How many records it has; None for a view.
        columns: How many columns `SELECT *` shows; None for a view that no longer binds.
        key: The columns of its key; empty where it has none.
        format: The format of its files; several are joined by commas.
        location: The folder, file or pattern that its records lie in.
        source: What says that it is a table; `view` for a view.
    """

    schema: str
    name: str
    rows: int | None
    columns: int | None
    key: tuple[str, ...]
    format: str
    location: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDescription:
    """A column of a table.

    Attributes:
        type: As DuckDB spells it.
        references: The table that its values are keys of.
        widened_by: Why it has not the declared type, or is text or JSON though not all its values
            are: the declared type, and some records that forced it.
    """

    name: str
    type: str
    nullable: bool
    key: bool
    references: str | None
    description: str | None
    widened_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDescription:
    """A table or view with its columns."""

    schema: str
    name: str
    columns: tuple[ColumnDescription, ...]


class Database:
    """A repository opened for queries; a context manager.

    Attributes:
        name: The name that SQL knows it by.
        repository: The repository.
        cache: Its cache.
    """

    def __init__(
        self,
        repository: Repository,
        settings: Settings,
        *,
        progress: Progress | None = None,
        policy: Policy | None = None,
        principal: Principal = LOCAL,
    ) -> None:
        self.repository = repository
        self.name = repository.name
        self._settings = settings
        self._progress = progress
        self._policy = policy or AllowAll()
        self._principal = principal
        self._listeners: list[ChangeListener] = []
        self._instance = Instance(settings)
        lend = self._instance.cursor if settings.memory_limit is None else None
        self._parser = DuckdbParser(lend)
        self._catalogs = Catalogs(repository, settings, self._instance, progress)
        self._carried = CarriedTypes(self._instance)
        self._sessions: WeakSet[Session] = WeakSet()

    @classmethod
    def open(  # noqa: PLR0913 - whoever opens a database decides about all of it
        cls,
        path: str | Path,
        settings: Settings,
        *,
        progress: Progress | None = None,
        narrow: bool = False,
        name: str | None = None,
        policy: Policy | None = None,
        principal: Principal = LOCAL,
    ) -> Self:
        """Opens the repository that a path lies in.

        Args:
            path: A folder of the repository, or a bare one.
            name: What SQL is to know it by; the folder's name when None.
            settings: Limits and places.
            progress: Is told how far long work has come.
            narrow: Whether only what lies below the path belongs to the database.
            policy: Decides what the principal may do; allows everything when None.
            principal: On whose behalf.

        Raises:
            RepositoryNotFound: The path lies in no repository.
            RepositoryRefused: Git refuses it.
            UsageError: The author in the settings is not written as one.
        """
        person = None if settings.author is None else Person.parse(settings.author)
        repository = Repository.open(Path(path), narrow=narrow)
        repository.person = person
        repository.name = name or repository.name
        return cls(repository, settings, progress=progress, policy=policy, principal=principal)

    @property
    def time_zone(self) -> str:
        """Where times with a zone are shown."""
        return self._settings.time_zone

    @property
    def cache(self) -> CacheFolder:
        """The cache of this repository."""
        return self._catalogs.store.cache

    @property
    def catalogs(self) -> Catalogs:
        """The tables of each commit."""
        return self._catalogs

    def subscribe(self, listener: "ChangeListener") -> None:
        """Tells a listener of every change that this database makes."""
        self._listeners.append(listener)

    def resolve(self, ref: str | None = None) -> CommitId:
        """Gives the commit of a ref; None means the branch that HEAD names."""
        if ref is None:
            return self.repository.resolve_default()
        return self.repository.resolve(ref)

    def tables(self, ref: str | None = None) -> list[TableSummary]:
        """Lists the tables and views of a commit by schema and name."""

        def list_tables(snapshot: Snapshot) -> list[TableSummary]:
            return [self._summary(snapshot, table) for table in snapshot.tables]

        found = self._asked(ref, list_tables) + self._views(ref)
        return sorted(found, key=lambda table: (table.schema, table.name))

    def describe(self, table: str, ref: str | None = None) -> TableDescription:
        """Describes one table or view; `table@ref` names it at a ref, as in SQL.

        Raises:
            TableNotFound: There is none of that name; the nearest are named.
            TableAmbiguous: Several have it.
            UsageError: The name has a ref and so has the call.
        """
        name, version = _split(table)
        if version is None:
            return self._described(table, ref)
        if ref is None:
            with contextlib.suppress(RefNotFound, TableNotFound):
                return self._described(name, version)
        try:
            return self._described(table, ref)  # a file's name may have an @
        except TableNotFound:
            if ref is None:
                return self._described(name, version)
            raise UsageError(
                f"{table} names a commit, and so does {ref}.",
                hint=f"Write {name} with --at {ref}, or {table} without.",
            ) from None

    def explain(self, ref: str | None = None) -> "Explanation":
        """Says why each table exists and why other files belong to none."""
        from ingitdb.services.explanation import explained  # reads files: slow to load

        commit = self._allowed(ref)
        return explained(self.repository, commit)

    def log(self, ref: str | None = None, *, limit: int | None = None) -> Iterator[Commit]:
        """Gives the commits that lead to a ref, the newest first."""
        commit = self._allowed(ref)
        return self.repository.log(str(commit), limit=limit)

    def listed(self, commit: CommitId, ask: "Callable[[Listing], Answer]") -> Answer:
        """Asks what stands at the commit of a session; cache files that are damaged are made anew.

        Args:
            commit: That of a session, which may read it; a transaction's own, perhaps.
            ask: Is given the listing, and gives what is wanted of it.
        """
        from ingitdb.services.listing import Listing  # slow to load: only for servers

        self._catalogs.begin()
        return self._catalogs.recovering(
            (commit,), lambda: ask(Listing(self._catalogs, commit, self._carried))
        )

    @cached_property
    def dialect(self) -> "Dialect":
        """The words of its SQL."""
        from ingitdb.services.dialect import dialect  # slow to load: only for servers

        return dialect(self._instance.query)

    def problems(self, ref: str | None = None) -> list[Problem]:
        """Gives what cannot be read at a commit."""
        return self._snapshot(ref).problems

    def session(
        self,
        ref: str | None = None,
        *,
        principal: Principal | None = None,
        author: str | None = None,
        is_local: bool = True,
    ) -> Session:
        """Starts a session.

        Args:
            ref: What it reads; without one it follows the branch that HEAD names.
            principal: On whose behalf; as the database was opened when None.
            author: Who makes its changes, as `Name <address>`; as settings and git say when None.
            is_local: Whether its user may name files and repositories of this machine.

        Raises:
            AccessDenied: The policy does not let the principal read.
            RepositoryError: The ref leads nowhere.
            UsageError: The author is not written so.
        """
        actor = principal or self._principal
        if ref is not None:
            self._allowed(ref, actor)
        elif principal is not None:  # before the first commit HEAD leads nowhere
            self._check_reading(ref, actor)
        session = Session(
            self._catalogs,
            self._instance,
            self._parser,
            self._settings,
            ref=ref,
            opener=self._open_other if is_local else None,
        )
        session.allow = lambda branch: self.allow_write(branch, actor)
        session.writer.author = None if author is None else Person.parse(author)
        session.writer.landed = self._tell
        self._sessions.add(session)
        return session

    def allow_write(self, branch: str, principal: Principal | None = None) -> None:
        """Returns if a branch may be written, or a tag, under its whole name.

        Raises:
            AccessDenied: The policy does not allow it.
        """
        resource = Resource(kind="database", database=self.name, branch=branch)
        self._policy.check(principal or self._principal, Action.WRITE, resource)

    def materialize(
        self,
        output: Path,
        *,
        tables: Sequence[str] = (),
        ref: str | None = None,
        format: str = "parquet",
    ) -> "MaterializeReport":
        """Writes the tables of a commit as files of their own.

        Raises:
            UsageError: The format is unknown, or the folder holds something else.
            TargetRefused: The folder cannot be written.
        """
        from ingitdb.services.materialization import materialize  # slow to load: only for this

        def write(snapshot: Snapshot) -> "MaterializeReport":
            chosen = [self._find(snapshot, name) for name in tables] or snapshot.tables
            return materialize(snapshot, chosen, self._instance, output, format, self.repository)

        return self._asked(ref, write)

    def validate(
        self, ref: str | None = None, *, base: str | None = None, tables: Sequence[str] = ()
    ) -> "Validation":
        """Says what offends against what is declared.

        Args:
            ref: Where to look; HEAD when None.
            base: From which commit on; everything when None.
            tables: Names of the tables to look at; all when empty.

        Raises:
            CatalogError: There is no such table.
        """
        from ingitdb.services.validation import CommitRows, validate  # slow to load

        before = None if base is None else self._allowed_base(base)
        rows = CommitRows(self._parser, self.session)

        def look(snapshot: Snapshot) -> "Validation":
            found = [self._find(snapshot, name) for name in tables]
            names = [(table.schema, table.name) for table in found]
            return validate(self._catalogs, rows, snapshot.commit, before, names)

        try:
            return self._asked(ref, look)
        finally:
            rows.close()

    def close(self) -> None:
        """Frees everything."""
        for session in list(self._sessions):
            session.close()
        self._catalogs.close()
        self._parser.close()
        self._instance.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open_other(self, path: str) -> Catalogs:
        repository = Repository.open(Path(path))
        return Catalogs(repository, self._settings, self._instance, self._progress)

    def _allowed_base(self, ref: str) -> CommitId:
        """Gives the commit of a ref to look from; before the first commit HEAD holds nothing."""
        try:
            return self._allowed(ref)
        except NoCommitsYet:
            return EMPTY

    def _allowed(self, ref: str | None, principal: Principal | None = None) -> CommitId:
        self._check_reading(ref, principal or self._principal)
        return self.resolve(ref)

    def _check_reading(self, ref: str | None, principal: Principal) -> None:
        resource = Resource(kind="database", database=self.name, branch=ref)
        self._policy.check(principal, Action.READ, resource)

    def _tell(self, branch: str, commit: CommitId) -> None:
        """Tells the listeners of a new commit."""
        if not self._listeners:
            return
        from ingitdb.services.change_events import change_event  # slow to load: only for this

        with contextlib.closing(self.session(commit)) as session:
            event = change_event(self._catalogs, session, branch, commit)
        for listener in self._listeners:
            listener.changed(event)

    def _find(self, snapshot: Snapshot, text: str) -> NamedTable:
        """Finds a table by its name, perhaps with a schema and in quotes, or by its file's."""
        *schema, name = _parts(text)
        if not schema:
            return self._catalogs.find(snapshot, name, schema=None, preferred=None)
        with contextlib.suppress(TableNotFound):
            return self._catalogs.find(snapshot, text, schema=None, preferred=None)
        return self._catalogs.find(snapshot, name, schema=".".join(schema), preferred=None)

    def _described(self, table: str, ref: str | None) -> TableDescription:
        try:
            return self._asked(ref, lambda snapshot: self._description(snapshot, table))
        except TableNotFound:
            found = self._described_view(table, ref)
            if found is None:
                raise
            return found

    def _described_view(self, text: str, ref: str | None) -> TableDescription | None:
        """Describes the view of a name; None where there is none."""
        commit = self._allowed(ref)
        *schema, name = _parts(text)
        view = self._catalogs.views.find(
            commit, name, schema=".".join(schema) or None, preferred=None
        )
        if view is None:
            return None
        columns = tuple(
            ColumnDescription(
                name=column,
                type=kind,
                nullable=nullable,
                key=key,
                references=references,
                description=None,
                widened_by=(),
            )
            for column, kind, nullable, key, references in self._rows(
                f"DESCRIBE {quote_identifier(view.schema)}.{quote_identifier(view.name)}", commit
            )
        )
        return TableDescription(schema=view.schema, name=view.name, columns=columns)

    def _views(self, ref: str | None) -> list[TableSummary]:
        commit = self._allowed(ref)
        views = self._catalogs.views.at(commit)
        if not views:
            return []
        shown = self._rows("SHOW TABLES", commit)
        columns = {(row[0], row[1]): row[3] for row in shown if row[2] is None}
        return [
            TableSummary(
                schema=view.schema,
                name=view.name,
                rows=None,
                columns=columns[view.schema, view.name],
                key=(),
                format="sql",
                location=view.path,
                source="view",
            )
            for view in views
        ]

    def _rows(self, sql: str, commit: CommitId) -> list[tuple[Any, ...]]:
        """Gives all rows of a statement at a commit."""
        with contextlib.closing(self.session(commit)) as session, session.execute(sql) as result:
            return [tuple(row.values()) for row in result.reader().read_all().to_pylist()]

    def _description(self, snapshot: Snapshot, table: str) -> TableDescription:
        found = self._find(snapshot, table)
        return TableDescription(
            schema=found.schema,
            name=found.name,
            columns=tuple(self._columns(snapshot, found)),
        )

    def _asked(self, ref: str | None, ask: Callable[[Snapshot], Answer]) -> Answer:
        """Asks a commit's snapshot; cache files that turn out damaged are built anew."""
        commit = self._allowed(ref)
        return self._catalogs.recovering((commit,), lambda: ask(self._catalogs.snapshot(commit)))

    def _snapshot(self, ref: str | None) -> Snapshot:
        return self._catalogs.snapshot(self._allowed(ref))

    def _summary(self, snapshot: Snapshot, table: NamedTable) -> TableSummary:
        relation = snapshot.relation(table)
        where = table.locations[0]
        return TableSummary(
            schema=table.schema,
            name=table.name,
            rows=relation.rows,
            columns=len(relation.columns),
            key=key_columns(table),
            format=where.format or _formats(snapshot, table),
            location=where.path,
            source=where.source,
        )

    @staticmethod
    def _columns(snapshot: Snapshot, table: NamedTable) -> Iterator[ColumnDescription]:
        key = key_columns(table)
        targets = {
            column: f"{spelled.schema}.{spelled.table}"
            for spelled in table.locations[0].declaration.foreign_keys
            for column in spelled.columns
        }
        for column in snapshot.relation(table).columns:
            declared = column.declared
            yield ColumnDescription(
                name=column.name,
                type=column.type.sql,
                nullable=is_nullable(column, key),
                key=column.name in key,
                references=targets.get(column.name),
                description=(declared.description or declared.title) if declared else None,
                widened_by=snapshot.widened_by(table, column) or snapshot.mixed_in(table, column),
            )


def _split(text: str) -> tuple[str, str | None]:
    """Cuts `t@ref` and `"t@ref"` at the first `@`."""
    name, ref = split_version(text)
    if ref is None:
        return text, None
    if name.count('"') % 2:
        return f'{name}"', ref.text.removesuffix('"')
    return name, ref.text


def _parts(text: str) -> list[str]:
    """Cuts a name at its dots, or at the last where nothing is quoted."""
    return list(name_parts(text)) if '"' in text else text.rsplit(".", 1)


def _formats(snapshot: Snapshot, table: NamedTable) -> str:
    names = {name_of(path) for path, _ in snapshot.files.of(table)}
    return ",".join(sorted(name for name in names if name))
