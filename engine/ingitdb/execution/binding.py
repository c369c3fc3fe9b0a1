"""Binds a query: every name to a view of a commit, every own function to a relation."""

import uuid
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import CatalogError, TableNotFound
from ingitdb.execution import relations
from ingitdb.execution.calls import OUR_FUNCTIONS, Calls
from ingitdb.execution.catalogs import Catalogs, ViewForm
from ingitdb.execution.comparisons import (
    diff_stat,
    diff_summary,
    schema_diff,
)
from ingitdb.execution.plans import Plan, Plans, Reading
from ingitdb.execution.points import Points
from ingitdb.execution.view_binding import bound_view
from ingitdb.execution.views import View
from ingitdb.model.identifiers import CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.model.records import Problem
from ingitdb.model.types import ColumnType, quote_identifier
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.arguments import remaining_values
from ingitdb.sql.hidden import hide_in_stars
from ingitdb.sql.names import address, fold
from ingitdb.sql.references import (
    Replacement,
    TableReference,
    replace_reference,
    replace_with_query,
    splice,
)
from ingitdb.sql.statements import Statement
from ingitdb.sql.versions import All, Between, Version

if TYPE_CHECKING:
    from ingitdb.execution.answers import Prepared
    from ingitdb.execution.temporaries import Temporaries

_MOST_PARTS = 3
_TABLE = "'t', "
_SUMS = {"diff_stat": diff_stat, "diff_summary": diff_summary, "schema_diff": schema_diff}
Values: TypeAlias = Sequence[Any] | Mapping[str, Any]


@dataclass(slots=True)
class Bound:
    """A query that DuckDB can run.

    Attributes:
        catalog: The catalog to USE.
        tables: Arrow tables to register under their names.
        columns: The columns of all tables that the query reads, for hints.
        problems: What cannot be read at the commits that the query reads.
        is_repeatable: Whether the same text gives the same plan when it is run again.
        idle: What DuckDB has bound of a repeatable query and nobody runs now.
    """

    text: str
    parameters: Values | None
    commit: CommitId
    catalog: str
    tables: dict[str, pa.Table] = field(default_factory=dict)
    columns: Sequence[str] = ()
    problems: list[Problem] = field(default_factory=list)
    is_repeatable: bool = False
    idle: "list[Prepared]" = field(default_factory=list)

    def take(self) -> "Prepared | None":
        """Gives what is bound and idle, to be put back; callable from any thread."""
        try:
            return self.idle.pop()
        except IndexError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a written name leads."""

    catalogs: Catalogs
    commit: CommitId
    schema: str | None
    name: str


@dataclass(kw_only=True)
class Binder:
    """Binds one statement of a session at one commit.

    Attributes:
        run: Gives all rows of another query, as if it were asked for itself.
        ref: What the session reads; None for the branch that HEAD names.
        temporaries: The session's tables that no commit holds; found where no other table is.
        within: The views in which the statement stands, from the outside: repository, commit, path.
        columns: The columns of all tables that the statement reads, for hints.
    """

    catalogs: Catalogs
    attached: Mapping[str, tuple[Catalogs, str | None]]
    parser: SqlParser
    plans: Plans
    commit: CommitId
    schema: str | None
    points: Points
    run: Callable[[str], pa.Table]
    ref: str | None = None
    temporaries: "Temporaries | None" = None
    within: tuple[tuple[str, CommitId, str], ...] = ()
    _tables: dict[str, pa.Table] = field(default_factory=dict)
    _is_passing: bool = False
    columns: list[str] = field(default_factory=list)
    _used: list[tuple[Catalogs, Snapshot, NamedTable]] = field(default_factory=list)
    _read: dict[tuple[str, CommitId], tuple[Catalogs, CommitId, Snapshot]] = field(
        default_factory=dict
    )

    def bind(self, statement: Statement) -> Bound:
        """Gives the text that DuckDB runs, with everything that it names made.

        Raises:
            IngitdbError: A name leads nowhere, or the query does what it may not.
        """
        reading = self.plans.reading(statement)
        key = self._key(statement, reading) if reading.is_lasting else None
        plan = self.plans.find(key) if key is not None else None
        if plan is None:
            plan = self.planned(statement, reading)
            if self._tables or self._is_passing:  # rows of this moment
                key = None
            if key is not None:
                self.plans.keep(key, plan)
        plan.use()
        values = self.points.parameters
        return Bound(
            text=plan.text,
            parameters=remaining_values(reading.analysis, plan.replacements, values),
            commit=self.commit,
            catalog=plan.catalog,
            tables=self._tables,
            columns=plan.columns,
            problems=[p for _, _, snapshot in plan.read for p in snapshot.problems],
            is_repeatable=key is not None and not reading.analysis.parameters,
            idle=plan.idle,
        )

    def _key(self, statement: Statement, reading: Reading) -> Hashable:
        """Gives everything that decides what a lasting query is bound to."""
        plain = (statement, self.commit, self.schema, self.ref)
        if not reading.names_refs:
            return plain
        attached = (
            (name, ref, catalogs.repository.identity, catalogs.repository.cache_token())
            for name, (catalogs, ref) in self.attached.items()
        )
        token = self.catalogs.repository.cache_token()
        return (*plain, token, *attached)

    @property
    def registered(self) -> Mapping[str, pa.Table]:
        """The rows that the query reads by name."""
        return self._tables

    def planned(self, statement: Statement, reading: Reading) -> Plan:
        """Gives what a query is bound to."""
        calls = Calls(self)
        analysis, hidden, ordered = reading.analysis, reading.hidden, reading.ordered
        snapshot = self.catalogs.snapshot(self.commit)
        catalog = self.catalogs.catalog(snapshot, ViewForm(ordered is not None, hidden).variant)
        replacements: list[Replacement] = []
        shown: dict[int, tuple[str, ...]] = {}
        for reference in reading.references:
            form = ViewForm(ordered is not None and ordered.start == reference.start, hidden)
            used = "" if self.within else catalog
            found, shows = self._reference(reference, form, used, calls)
            replacements += found
            shown[reference.start] = shows
        if hidden:
            replacements += hide_in_stars(
                analysis,
                lambda table: [h for h in hidden if h not in shown.get(table.start, hidden)],
                self.parser,
            )
        for call in reading.calls:
            if fold(call.name) in OUR_FUNCTIONS:
                replacements.append((call.start, call.end, calls.sql(call, snapshot)))
        return Plan(
            text=splice(statement.text, replacements),
            replacements=replacements,
            catalog=catalog,
            columns=self.columns,
            read=tuple(self._read.values()),
            tables=self._used,
        )

    def sources(self, statement: Statement) -> dict[Catalogs, list[CommitId]]:
        """Gives every commit that a query reads, or has read so far, by repository."""
        found = {self.catalogs: [self.commit]}
        for catalogs, commit, _ in self._read.values():
            found.setdefault(catalogs, []).append(commit)
        for reference in self.plans.reading(statement).references:
            is_range = isinstance(reference.version, All | Between)
            version = None if is_range else reference.version
            place = self.locate(reference.path, version)
            found.setdefault(place.catalogs, []).append(place.commit)
        return found

    def resolve(self, version: Version | None) -> CommitId:
        """Gives the commit that a version means in the session's repository."""
        if version is None:
            return self.commit
        return self.points.commit(version, self.catalogs.repository, self.commit)

    def locate(self, path: Sequence[str], version: Version | None) -> Place:
        """Says which repository, commit, schema and table a written name means."""
        databases = [self.catalogs.repository.name, *self.attached]
        schemas = [table.schema for table in self.catalogs.snapshot(self.commit).tables]
        found = address(path, databases=databases, schemas=schemas)
        catalogs, commit = self.catalogs, self.commit
        if found.database is not None and fold(found.database) != fold(databases[0]):
            catalogs, commit = self._other(found.database, databases)
        if found.branch is not None:
            commit = catalogs.repository.resolve(found.branch)
        if version is not None:
            commit = self.points.commit(version, catalogs.repository, commit)
        return Place(catalogs=catalogs, commit=commit, schema=found.schema, name=found.name)

    def _other(self, database: str, databases: Sequence[str]) -> tuple[Catalogs, CommitId]:
        name = next((n for n in self.attached if fold(n) == fold(database)), None)
        if name is None:
            raise CatalogError(
                f"There is no database {database!r}.", hint=f"There are: {', '.join(databases)}."
            )
        catalogs, ref = self.attached[name]
        repository = catalogs.repository
        return catalogs, repository.resolve(ref) if ref else repository.resolve_default()

    def snapshot(self, catalogs: Catalogs, commit: CommitId) -> Snapshot:
        """Gives a commit, which counts as read."""
        snapshot = catalogs.snapshot(commit)
        self._read[catalogs.repository.identity, commit] = (catalogs, commit, snapshot)
        return snapshot

    def _reference(
        self, reference: TableReference, form: ViewForm, used: str, calls: Calls
    ) -> tuple[list[Replacement], tuple[str, ...]]:
        """Gives what to put in a reference's place, and the names that its `*` may show."""
        if reference.schema is not None and fold(reference.schema) == "information_schema":
            return self._information(reference)
        if isinstance(reference.version, All | Between):
            place = self.locate(reference.path, None)
            version = reference.version if isinstance(reference.version, Between) else None
            sql = calls.versions(place, version)
            return replace_reference(reference, f"({sql})"), form.hidden
        place = self.locate(reference.path, reference.version)
        snapshot = self.snapshot(place.catalogs, place.commit)
        try:
            table = self._table(snapshot, reference, place)
        except TableNotFound:
            own = self._own(reference)
            if own is not None:
                return replace_reference(reference, own, answers_to=reference.path[-1]), ()
            of_dolt = calls.table_of_dolt(place)
            if of_dolt is not None:
                return replace_reference(reference, of_dolt), form.hidden
            view = self._view(reference, place)
            if view is None:
                raise
            bound = bound_view(self, place, view)
            return replace_with_query(reference, bound.text), form.hidden
        self._used.append((place.catalogs, snapshot, table))
        relation = snapshot.relation(table)
        shows = tuple(column.name for column in relation.columns)
        self.columns += shows
        stays = self._stays(reference, place)
        path = (place.schema or "main", place.name) if stays else (table.schema, table.name)
        catalog = place.catalogs.view(snapshot, table, path, form)
        if stays and catalog == used:
            return [], shows
        sql = ".".join(quote_identifier(part) for part in (catalog, *path))
        return replace_reference(reference, sql, answers_to=path[1]), shows

    def _own(self, reference: TableReference) -> str | None:
        """Gives the session's table of a name, which makes the plan one of this moment."""
        if self.temporaries is None or reference.version is not None:
            return None
        own = self.temporaries.path(reference.path)
        self._is_passing = self._is_passing or own is not None
        return own

    def _stays(self, reference: TableReference, place: Place) -> bool:
        """Whether a name may stand as it is typed, since it means a table of the used catalog."""
        return (
            reference.version is None
            and place.catalogs is self.catalogs
            and place.commit == self.commit
            and len(reference.path) == (1 if place.schema is None else 2)
            and place.name == reference.written
            and not reference.is_string
        )

    def _table(self, snapshot: Snapshot, reference: TableReference, place: Place) -> NamedTable:
        try:
            return self.named(snapshot, place, place.name)
        except CatalogError:
            if reference.version is None or reference.written == place.name:
                raise
            return self.named(snapshot, place, reference.written)

    def _view(self, reference: TableReference, place: Place) -> View | None:
        return self.view(place, place.name) or self.view(place, reference.written)

    def view(self, place: Place, name: str) -> View | None:
        """Gives the view of a name where another one led; None where there is none."""
        return place.catalogs.views.find(
            place.commit, name, schema=place.schema, preferred=self.schema
        )

    def named(self, snapshot: Snapshot, place: Place, name: str) -> NamedTable:
        """Gives the table of a name where another one led."""
        return place.catalogs.find(snapshot, name, schema=place.schema, preferred=self.schema)

    def _information(self, reference: TableReference) -> tuple[list[Replacement], tuple[str, ...]]:
        snapshot = self.catalogs.snapshot(self.resolve(reference.version))
        context = relations.Context(
            self.catalogs,
            snapshot,
            self.catalogs.repository.name,
            columns_of=lambda view: self._columns_of(view, snapshot.commit),
        )
        rows = relations.information_schema(context, reference.name)
        name = self.register(relations.arrow_rows(rows))
        return replace_reference(reference, name), ()

    def _columns_of(self, view: View, commit: CommitId) -> Sequence[tuple[str, ColumnType]]:
        """Gives the columns of a view; none where it no longer binds.

        None also where a view is bound that reads those of another one: only names count there.
        """
        if len(self.within) > 1:
            return ()
        place = Place(catalogs=self.catalogs, commit=commit, schema=view.schema, name=view.name)
        try:
            return bound_view(self, place, view).columns
        except CatalogError:
            return ()

    def register(self, table: pa.Table) -> str:
        """Keeps rows for the query and gives the name by which it reads them."""
        name = f"r_{uuid.uuid4().hex}"
        self._tables[name] = table
        return f"temp.main.{name}"
