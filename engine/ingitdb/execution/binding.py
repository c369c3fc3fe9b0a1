"""Binds a query: every name to a view of a commit, every own function to a relation."""

import contextlib
import uuid
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import CatalogError, StatementInvalid, StatementRefused
from ingitdb.execution import relations
from ingitdb.execution.blames import Blame
from ingitdb.execution.catalogs import Catalogs, ViewForm
from ingitdb.execution.comparisons import (
    Comparison,
    TableName,
    compared,
    diff_stat,
    diff_summary,
    schema_diff,
    split_range,
)
from ingitdb.execution.differences import Difference
from ingitdb.execution.lines import Line, spanned
from ingitdb.execution.patches import patch
from ingitdb.execution.plans import Plan, Plans, Reading
from ingitdb.execution.points import Points
from ingitdb.model.identifiers import CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.model.records import Problem
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.arguments import remaining_values, value_of
from ingitdb.sql.hidden import hide_in_stars
from ingitdb.sql.names import address, fold, name_parts
from ingitdb.sql.references import (
    Expression,
    FunctionCall,
    Replacement,
    TableReference,
    replace_reference,
    splice,
)
from ingitdb.sql.statements import Statement
from ingitdb.sql.versions import All, Between, Parameter, Version

if TYPE_CHECKING:
    from ingitdb.execution.answers import Prepared

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
    """Binds one statement of a session at one commit."""

    catalogs: Catalogs
    attached: Mapping[str, tuple[Catalogs, str | None]]
    parser: SqlParser
    plans: Plans
    commit: CommitId
    schema: str | None
    points: Points
    _tables: dict[str, pa.Table] = field(default_factory=dict)
    _columns: list[str] = field(default_factory=list)
    _commits: dict[tuple[str, CommitId], str] = field(default_factory=dict)
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
            plan = self._planned(statement, reading)
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
        plain = (statement, self.commit, self.schema)
        if all(len(r.path) == 1 and r.version is None for r in reading.references):
            return plain
        attached = (
            (name, ref, catalogs.repository.identity, catalogs.repository.cache_token())
            for name, (catalogs, ref) in self.attached.items()
        )
        token = self.catalogs.repository.cache_token()
        return (*plain, token, *attached)

    def _planned(self, statement: Statement, reading: Reading) -> Plan:
        analysis, hidden, ordered = reading.analysis, reading.hidden, reading.ordered
        snapshot = self.catalogs.snapshot(self.commit)
        catalog = self.catalogs.catalog(snapshot, ViewForm(ordered is not None, hidden).variant)
        replacements: list[Replacement] = []
        shown: dict[int, tuple[str, ...]] = {}
        for reference in reading.references:
            form = ViewForm(ordered is not None and ordered.start == reference.start, hidden)
            found, shows = self._reference(reference, form, catalog)
            replacements += found
            shown[reference.start] = shows
        if hidden:
            replacements += hide_in_stars(
                analysis,
                lambda table: [h for h in hidden if h not in shown.get(table.start, hidden)],
                self.parser,
            )
        for call in reading.calls:
            if fold(call.name) in relations.OUR_FUNCTIONS:
                replacements.append((call.start, call.end, self._call(call, snapshot)))
        return Plan(
            text=splice(statement.text, replacements),
            replacements=replacements,
            catalog=catalog,
            columns=self._columns,
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

    def _snapshot(self, catalogs: Catalogs, commit: CommitId) -> Snapshot:
        snapshot = catalogs.snapshot(commit)
        self._read[catalogs.repository.identity, commit] = (catalogs, commit, snapshot)
        return snapshot

    def _reference(
        self, reference: TableReference, form: ViewForm, used: str
    ) -> tuple[list[Replacement], tuple[str, ...]]:
        """Gives what to put in a reference's place, and the names that its `*` may show."""
        if reference.schema is not None and fold(reference.schema) == "information_schema":
            return self._information(reference)
        if isinstance(reference.version, All | Between):
            place = self.locate(reference.path, None)
            version = reference.version if isinstance(reference.version, Between) else None
            sql = self._versions(place, version)
            return replace_reference(reference, f"({sql})"), form.hidden
        place = self.locate(reference.path, reference.version)
        snapshot = self._snapshot(place.catalogs, place.commit)
        table = self._table(snapshot, reference, place)
        self._used.append((place.catalogs, snapshot, table))
        relation = snapshot.relation(table)
        shows = tuple(column.name for column in relation.columns)
        self._columns += shows
        stays = self._stays(reference, place)
        path = (place.schema or "main", place.name) if stays else (table.schema, table.name)
        catalog = place.catalogs.view(snapshot, table, path, form)
        if stays and catalog == used:
            return [], shows
        sql = ".".join(quote_identifier(part) for part in (catalog, *path))
        return replace_reference(reference, sql, answers_to=path[1]), shows

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
            return self._named(snapshot, place, place.name)
        except CatalogError:
            if reference.version is None or reference.written == place.name:
                raise
            return self._named(snapshot, place, reference.written)

    def _named(self, snapshot: Snapshot, place: Place, name: str) -> NamedTable:
        return place.catalogs.find(snapshot, name, schema=place.schema, preferred=self.schema)

    def _information(self, reference: TableReference) -> tuple[list[Replacement], tuple[str, ...]]:
        snapshot = self.catalogs.snapshot(self.resolve(reference.version))
        rows = relations.information_schema(self._context(self.catalogs, snapshot), reference.name)
        name = self._register(relations.arrow_rows(rows))
        return replace_reference(reference, name), ()

    def _call(self, call: FunctionCall, snapshot: Snapshot) -> str:
        name = fold(call.name)
        if call.is_method or call.qualifier:
            raise StatementRefused(f"{call.name} is called by its name alone: {call.name}(…).")
        arguments = [self._argument(call, argument.value) for argument in call.arguments]
        context = self._context(self.catalogs, snapshot)
        if name in relations.SCALAR_FUNCTIONS:
            _expect(call, arguments, relations.SCALAR_FUNCTIONS[name])
            column = f" AS {quote_identifier(call.column)}" if call.column else ""
            return _literal(relations.scalar(context, name, arguments)) + column
        if not call.is_table:
            raise StatementInvalid(f"{call.name} stands in FROM.")
        if name in relations.LINE_FUNCTIONS:
            return self._aliased(call, f"({self._of_line(call, name, arguments)})")
        if name in relations.COMPARING_FUNCTIONS:
            named = _named(call, relations.COMPARING_FUNCTIONS[name], arguments)
            return self._aliased(call, f"({self._compared(name, named)})")
        if name in relations.GIT_FUNCTIONS:
            _expect(call, arguments, relations.GIT_FUNCTIONS[name])
            rows = relations.git_rows(context, name, arguments)
        else:
            _expect(call, arguments, (0, 0))
            made = relations.unreadable if name == "unreadable" else relations.table_stats
            rows = made(context)
        return self._aliased(call, self._register(relations.arrow_rows(rows)))

    def _of_line(self, call: FunctionCall, name: str, arguments: Sequence[Any]) -> str:
        """Gives SQL for a function over the line that leads to the commit."""
        named = _named(call, relations.LINE_FUNCTIONS[name], arguments)
        if "table_name" not in named:
            raise StatementInvalid(f"{name} wants a table.", hint=f"Write {name}('t').")
        if named.get("scope", "line") != "line":
            raise StatementRefused(
                f"{name} has no scope {named['scope']!r}.",
                hint="It covers the first parents of a commit.",
            )
        place = self._given(named["table_name"])
        if name == "versions":
            return self._versions(place)
        line, table, commits = self._line(place)
        if name == "history":
            return line.history(table, commits)
        cells = _flag(call, "cells", named.get("cells"))
        return Blame(line, table, self.points.query).sql(commits, cells=cells)

    @staticmethod
    def _aliased(call: FunctionCall, sql: str) -> str:
        return sql if call.alias else f"{sql} AS {quote_identifier(call.name)}"

    def _given(self, text: str) -> Place:
        """Says what a table's name in a string means; `people.csv` may be a whole name."""
        parts = name_parts(text)
        if len(parts) > 1 and '"' not in text:
            whole = self.locate((text,), None)
            with contextlib.suppress(CatalogError):
                self._named(self._snapshot(whole.catalogs, whole.commit), whole, text)
                return whole
        return self.locate(parts[-_MOST_PARTS:], None)

    def _argument(self, call: FunctionCall, value: Any) -> Any:
        if isinstance(value, Parameter):
            return value_of(value, self.points.parameters)
        if isinstance(value, Expression):
            raise StatementInvalid(
                f"{call.name} takes literals and parameters, not {value.text}.",
                hint="Compute it before and give it as a parameter.",
            )
        return value

    def _line(self, place: Place) -> tuple[Line, NamedTable, str]:
        """Gives the line to a commit, a table there, and the name of the line's commits."""
        snapshot = self._snapshot(place.catalogs, place.commit)
        table = self._named(snapshot, place, place.name)
        line = Line(snapshot, place.catalogs.histories)
        key = (place.catalogs.repository.identity, place.commit)
        if key not in self._commits:
            self._commits[key] = self._register(line.commits())
        self._columns += [column.name for column in snapshot.relation(table).columns]
        return line, table, self._commits[key]

    def _versions(self, place: Place, between: Between | None = None) -> str:
        line, table, commits = self._line(place)
        span = spanned(line, self.points, place.catalogs.repository, between) if between else None
        return line.versions(table, commits, span)

    def _table_changes(self, text: str, old: str, new: str | None) -> str:
        place = self._given(text)
        repository = place.catalogs.repository
        start, end = compared(old, new, self.points, repository, self.commit)
        line, table, commits = self._line(replace(place, commit=end))
        return line.table_changes(table, commits, self.points.query, start)

    def _compared(self, name: str, given: Mapping[str, str]) -> str:
        table, old, new = (given.get(key) for key in ("table_name", "from_ref", "to_ref"))
        if name == "diff" and table is not None and old is None and new is None:
            line, found_table, commits = self._line(self._given(table))
            return line.diff(found_table, commits, self.points.query)
        of_table = name in ("diff", "table_changes")
        if old is None or (of_table and table is None):
            raise StatementInvalid(
                f"{name} wants two commits{' and a table' * of_table}.",
                hint=f"Write {name}({_TABLE * of_table}'from', 'to').",
            )
        if name == "table_changes" and table is not None:
            return self._table_changes(table, old, new)
        if table is None and new is not None and split_range(old) is not None:
            table, new = new, None  # diff_stat('a..b', 't')
        place = self._given(table) if table is not None else None
        catalogs = place.catalogs if place is not None else self.catalogs
        start, end = compared(old, new, self.points, catalogs.repository, self.commit)
        comparison = Comparison(
            catalogs, start, end, self.points.query, partial(self._snapshot, catalogs)
        )
        if place is None:
            return self._summed(name, list(comparison.tables()))
        found = comparison.table(TableName(place.name, place.schema, self.schema))
        self._columns += found.columns
        return found.sql() if name == "diff" else self._summed(name, [found])

    def _summed(self, name: str, differences: Sequence[Difference]) -> str:
        if name == "patch":
            return patch(differences, self.points.query)
        return _SUMS[name](differences)

    def _context(self, catalogs: Catalogs, snapshot: Snapshot) -> relations.Context:
        return relations.Context(catalogs, snapshot, catalogs.repository.name)

    def _register(self, table: pa.Table) -> str:
        name = f"r_{uuid.uuid4().hex}"
        self._tables[name] = table
        return f"temp.main.{name}"


def _named(call: FunctionCall, names: Sequence[str], values: Sequence[Any]) -> dict[str, str]:
    """Gives the arguments of a call by the names of its parameters; NULL is none.

    Raises:
        StatementInvalid: There are too many, or one has an unknown name or is given twice.
    """
    if len(values) > len(names):
        raise StatementInvalid(f"{call.name} takes {len(names)} arguments, not {len(values)}.")
    found: dict[str, str] = {}
    for position, (argument, value) in enumerate(zip(call.arguments, values, strict=True)):
        name = names[position] if argument.name is None else fold(argument.name)
        if name not in names or name in found:
            what = "twice" if name in found else "but has no such parameter"
            raise StatementInvalid(
                f"{call.name} is given {name} {what}.", hint=f"It takes {', '.join(names)}."
            )
        if value is not None:
            found[name] = str(value)
    return found


def _flag(call: FunctionCall, name: str, text: str | None) -> bool:
    if text is None or text.casefold() in ("true", "false"):
        return text is not None and text.casefold() == "true"
    raise StatementInvalid(f"{call.name} wants true or false as {name}, not {text!r}.")


def _expect(call: FunctionCall, arguments: Sequence[Any], count: tuple[int, int]) -> None:
    least, most = count
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise StatementInvalid(f"{call.name} takes {wanted} arguments, not {len(arguments)}.")


def _literal(value: str | bool | None) -> str:
    if value is None:
        return "CAST(NULL AS VARCHAR)"
    if isinstance(value, bool):
        return f"CAST({'true' if value else 'false'} AS BOOLEAN)"
    return f"CAST({quote_literal(value)} AS VARCHAR)"  # ORDER BY takes no plain literal
