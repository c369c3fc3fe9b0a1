"""Binds a query: every name to a view of a commit, every own function to a relation."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import CatalogError, StatementInvalid, StatementRefused
from ingitdb.execution import relations
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.instance import Instance
from ingitdb.model.identifiers import CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.analysis import Analysis, analyze
from ingitdb.sql.arguments import remaining_values, value_of
from ingitdb.sql.fence import check
from ingitdb.sql.hidden import hide_in_stars, mentions_hidden
from ingitdb.sql.names import address, fold
from ingitdb.sql.ordering import ordered_table
from ingitdb.sql.references import (
    Expression,
    FunctionCall,
    Replacement,
    TableReference,
    function_calls,
    replace_reference,
    splice,
    table_references,
)
from ingitdb.sql.statements import Statement
from ingitdb.sql.versions import All, Between, Parameter, Ref, Version

Values: TypeAlias = Sequence[Any] | Mapping[str, Any]


@dataclass(slots=True)
class Bound:
    """A query that DuckDB can run.

    Attributes:
        catalog: The catalog to USE.
        tables: Arrow tables to register under their names.
        columns: The columns of all tables that the query reads, for hints.
    """

    text: str
    parameters: Values | None
    commit: CommitId
    catalog: str
    tables: dict[str, pa.Table] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Binder:
    """Binds the statements of a session at one commit."""

    catalogs: Catalogs
    attached: Mapping[str, tuple[Catalogs, str | None]]
    parser: SqlParser
    instance: Instance
    commit: CommitId
    schema: str | None
    resolve: Callable[[Version], CommitId]
    parameters: Values | None
    _tables: dict[str, pa.Table] = field(default_factory=dict)
    _columns: list[str] = field(default_factory=list)
    _commits: str | None = None

    def bind(self, statement: Statement) -> Bound:
        """Gives the text that DuckDB runs, with everything that it names made.

        Raises:
            IngitdbError: A name leads nowhere, or the query does what it may not.
        """
        analysis = analyze(statement.source, self.parser, query_start=statement.query_start)
        check(analysis, self.parser, our_functions=relations.OUR_FUNCTIONS)
        snapshot = self.catalogs.snapshot(self.commit)
        hidden = tuple(sorted(mentions_hidden(analysis, self.parser)))
        ordered = ordered_table(analysis, self.parser)
        variant = f"{'ordered' if ordered else ''}:{','.join(hidden)}"
        catalog = self.catalogs.catalog(snapshot, variant)
        replacements: list[Replacement] = []
        shown: dict[int, tuple[str, ...]] = {}
        for reference in table_references(analysis, self.parser):
            is_ordered = ordered is not None and ordered.start == reference.start
            found, shows = self._reference(reference, hidden, is_ordered=is_ordered)
            replacements += found
            shown[reference.start] = shows
        if hidden:
            replacements += hide_in_stars(
                analysis,
                lambda reference: [
                    h for h in hidden if h not in shown.get(reference.start, hidden)
                ],
                self.parser,
            )
        for call in function_calls(analysis, self.parser):
            if fold(call.name) in relations.OUR_FUNCTIONS:
                replacements.append((call.start, call.end, self._call(call, snapshot)))
        return Bound(
            text=splice(statement.text, replacements),
            parameters=remaining_values(analysis, replacements, self.parameters),
            commit=self.commit,
            catalog=catalog,
            tables=self._tables,
            columns=self._columns,
        )

    def commits_of(self, statement: Statement) -> list[CommitId]:
        """Gives every commit that a query reads."""
        analysis: Analysis = analyze(
            statement.source, self.parser, query_start=statement.query_start
        )
        commits = [self.commit]
        for reference in table_references(analysis, self.parser):
            if reference.version is not None and not isinstance(reference.version, All | Between):
                commits.append(self.resolve(reference.version))
        return list(dict.fromkeys(commits))

    def locate(
        self, path: Sequence[str], version: Version | None
    ) -> tuple[Catalogs, CommitId, str | None, str]:
        """Says which repository, commit, schema and table a written name means."""
        databases = [self.catalogs.repository.name, *self.attached]
        schemas = [table.schema for table in self.catalogs.snapshot(self.commit).tables]
        found = address(path, databases=databases, schemas=schemas)
        catalogs, commit = self.catalogs, self.commit
        if found.database is not None and fold(found.database) != fold(databases[0]):
            name = next((n for n in self.attached if fold(n) == fold(found.database or "")), None)
            if name is None:
                raise CatalogError(
                    f"There is no database {found.database!r}.",
                    hint=f"There are: {', '.join(databases)}.",
                )
            catalogs, ref = self.attached[name]
            repository = catalogs.repository
            commit = repository.resolve(ref) if ref else repository.resolve_default()
        if found.branch is not None:
            commit = catalogs.repository.resolve(found.branch)
        if version is not None:
            if isinstance(version, Ref) and catalogs is not self.catalogs:
                commit = catalogs.repository.resolve(version.text)
            else:
                commit = self.resolve(version)
        return catalogs, commit, found.schema, found.name

    def _reference(
        self, reference: TableReference, hidden: tuple[str, ...], *, is_ordered: bool
    ) -> tuple[list[Replacement], tuple[str, ...]]:
        """Gives what to put in a reference's place, and the names that its `*` may show."""
        if reference.schema is not None and fold(reference.schema) == "information_schema":
            return self._information(reference)
        if isinstance(reference.version, All):
            catalogs, commit, schema, name = self.locate(reference.path, None)
            snapshot = catalogs.snapshot(commit)
            table = catalogs.find(snapshot, name, schema=schema, preferred=self.schema)
            sql = self._versions(catalogs, snapshot, table)
            return replace_reference(reference, f"({sql})"), hidden
        catalogs, commit, schema, name = self.locate(reference.path, reference.version)
        snapshot = catalogs.snapshot(commit)
        table = self._table(catalogs, snapshot, reference, schema, name)
        relation = snapshot.relation(table)
        self._columns += [column.name for column in relation.columns]
        stays = (
            reference.version is None
            and catalogs is self.catalogs
            and commit == self.commit
            and len(reference.path) <= 2
            and name == reference.written
            and not reference.is_string
        )
        place = (schema or "main", name) if stays else (table.schema, table.name)
        catalog = catalogs.view(snapshot, table, path=place, ordered=is_ordered, hidden=hidden)
        shows = tuple(column.name for column in relation.columns)
        if stays:
            return [], shows
        sql = ".".join(quote_identifier(part) for part in (catalog, *place))
        return replace_reference(reference, sql, answers_to=place[1]), shows

    def _table(
        self,
        catalogs: Catalogs,
        snapshot: Snapshot,
        reference: TableReference,
        schema: str | None,
        name: str,
    ) -> NamedTable:
        try:
            return catalogs.find(snapshot, name, schema=schema, preferred=self.schema)
        except CatalogError:
            if reference.version is None or reference.written == name:
                raise
            return catalogs.find(snapshot, reference.written, schema=schema, preferred=self.schema)

    def _information(self, reference: TableReference) -> tuple[list[Replacement], tuple[str, ...]]:
        context = self._context(self.catalogs, self.catalogs.snapshot(self.commit))
        if reference.version is not None:
            context = self._context(
                self.catalogs, self.catalogs.snapshot(self.resolve(reference.version))
            )
        rows = relations.information_schema(context, reference.name)
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
            return _literal(relations.scalar(context, name, arguments))
        if not call.is_table:
            raise StatementInvalid(f"{call.name} stands in FROM.")
        if name == "versions":
            _expect(call, arguments, (1, 1))
            path = str(arguments[0]).split(".") if arguments else []
            catalogs, commit, schema, table = self.locate(path[-3:], None)
            found = catalogs.snapshot(commit)
            named = catalogs.find(found, table, schema=schema, preferred=self.schema)
            return self._aliased(call, f"({self._versions(catalogs, found, named)})")
        if name in relations.GIT_FUNCTIONS:
            _expect(call, arguments, relations.GIT_FUNCTIONS[name])
            rows = relations.git_rows(context, name, arguments)
        else:
            _expect(call, arguments, (0, 0))
            made = relations.unreadable if name == "unreadable" else relations.table_stats
            rows = made(context)
        return self._aliased(call, self._register(relations.arrow_rows(rows)))

    @staticmethod
    def _aliased(call: FunctionCall, sql: str) -> str:
        return sql if call.alias else f"{sql} AS {quote_identifier(call.name)}"

    def _argument(self, call: FunctionCall, value: Any) -> Any:
        if isinstance(value, Parameter):
            return value_of(value, self.parameters)
        if isinstance(value, Expression):
            raise StatementInvalid(
                f"{call.name} takes literals and parameters, not {value.text}.",
                hint="Compute it before and give it as a parameter.",
            )
        return value

    def _versions(self, catalogs: Catalogs, snapshot: Snapshot, table: NamedTable) -> str:
        context = self._context(catalogs, snapshot)
        if self._commits is None or catalogs is not self.catalogs:
            self._commits = self._register(relations.commit_rows(context))
        self._columns += [column.name for column in snapshot.relation(table).columns]
        return relations.versions_sql(context, table, self._commits)

    def _context(self, catalogs: Catalogs, snapshot: Snapshot) -> relations.Context:
        return relations.Context(catalogs, snapshot, catalogs.repository.name)

    def _register(self, table: pa.Table) -> str:
        name = f"r_{uuid.uuid4().hex}"
        self._tables[name] = table
        return f"temp.main.{name}"


def _expect(call: FunctionCall, arguments: Sequence[Any], count: tuple[int, int]) -> None:
    least, most = count
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise StatementInvalid(f"{call.name} takes {wanted} arguments, not {len(arguments)}.")


def _literal(value: str | bool | None) -> str:
    if value is None:
        return "CAST(NULL AS VARCHAR)"
    return ("true" if value else "false") if isinstance(value, bool) else quote_literal(value)
