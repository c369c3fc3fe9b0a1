"""A session: where unversioned names lead, and the way of a statement from its text to its answer."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from threading import Timer
from typing import Any, TypeAlias

import duckdb

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import (
    CacheCorrupt,
    CatalogError,
    DataUnreadable,
    IngitdbError,
    Interrupted,
    LimitExceeded,
    StatementError,
    StatementInvalid,
    StatementRefused,
)
from ingitdb.execution.binding import Binder, Bound
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.instance import Instance
from ingitdb.execution.relations import DESCRIBED, SHOWN_TABLES, is_nullable, key_columns
from ingitdb.execution.results import BATCH_ROWS, Result, column_type, table_result
from ingitdb.git.moments import looks_like_moment, parse_moment
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.model.types import VARCHAR as _VARCHAR
from ingitdb.model.types import ColumnType
from ingitdb.settings import Settings
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.complaints import explain_binder_error, without_catalogs, without_internal_names
from ingitdb.sql.names import fold, split_database
from ingitdb.sql.statements import (
    EQUIVALENT,
    Attach,
    Describe,
    Detach,
    ShowTables,
    Statement,
    StatementKind,
    Use,
    split,
)
from ingitdb.sql.versions import Parameter, Ref, Timestamp, Version

Values: TypeAlias = Sequence[Any] | Mapping[str, Any]
Opener: TypeAlias = Callable[[str], Catalogs]


class Session:
    """Runs statements for one user.

    Attributes:
        database: The name of the repository.
    """

    def __init__(
        self,
        catalogs: Catalogs,
        instance: Instance,
        parser: SqlParser,
        settings: Settings,
        *,
        ref: str | None = None,
        opener: Opener | None = None,
    ) -> None:
        self.database = catalogs.repository.name
        self._main = catalogs
        self._instance = instance
        self._parser = parser
        self._settings = settings
        self._ref = ref
        self._schema: str | None = None
        self._pinned: CommitId | None = None
        self._attached: dict[str, tuple[Catalogs, str | None]] = {}
        self._opener = opener
        self._running: set[duckdb.DuckDBPyConnection] = set()
        self._timed_out = False
        self._head: tuple[str, CommitId] | None = None

    @property
    def commit(self) -> CommitId:
        """The commit that unversioned names mean now."""
        if self._pinned is not None:
            return self._pinned
        token = self._main.repository.cache_token()
        if self._head is None or self._head[0] != token:
            repository = self._main.repository
            found = repository.resolve(self._ref) if self._ref else repository.resolve_default()
            self._head = (token, found)
        return self._head[1]

    def execute(self, sql: str, parameters: Values | None = None) -> Result:
        """Runs a script; gives the answer of its last statement.

        Raises:
            IngitdbError: A statement is wrong, refused, or fails; the earlier ones have run.
        """
        started = time.perf_counter()
        self._main.begin()
        statements = split(sql, self._parser)
        if not statements:
            raise StatementInvalid("There is no statement.", hint='Try "SELECT 1".')
        for statement in statements[:-1]:
            with self._run(statement, parameters) as earlier:
                for _ in earlier.batches():
                    pass
        result = self._run(statements[-1], parameters).since(started)
        result.notes += self._notes(result.commit)
        return result

    def interrupt(self) -> None:
        """Stops whatever runs; callable from another thread."""
        for cursor in list(self._running):
            cursor.interrupt()

    def close(self) -> None:
        """Lets go of attached repositories."""
        for catalogs, _ in self._attached.values():
            catalogs.close()
        self._attached.clear()

    def _notes(self, commit: CommitId) -> list[str]:
        notes = []
        if self._ref and self._ref not in PSEUDO_COMMITS and looks_like_moment(self._ref):
            notes.append(f"Reading {commit[:12]}, the commit for {self._ref!r}.")
        problems = [p for p in self._main.snapshot(commit).problems if p.severity == "error"]
        if problems and self._settings.strict:
            raise DataUnreadable(
                f"{problems[0]}" + (f" ({len(problems) - 1} more)" if len(problems) > 1 else ""),
                hint="SELECT * FROM unreadable() lists what could not be read.",
            )
        for problem in problems[:1]:
            more = f" ({len(problems) - 1} more in unreadable())" if len(problems) > 1 else ""
            notes.append(f"not read: {problem}{more}")
        return notes

    def _run(self, statement: Statement, parameters: Values | None) -> Result:
        kind = statement.kind
        if kind in (StatementKind.QUERY, StatementKind.EXPLAIN):
            return self._query(statement, parameters)
        if kind in EQUIVALENT:
            (equivalent,) = split(EQUIVALENT[kind], self._parser)
            return self._query(equivalent, None)
        if isinstance(statement.detail, ShowTables):
            return self._show_tables(statement.detail, parameters)
        if isinstance(statement.detail, Describe):
            return self._describe(statement.detail, parameters)
        if isinstance(statement.detail, Use):
            return self._use(statement.detail)
        if isinstance(statement.detail, Attach):
            return self._attach(statement.detail)
        if isinstance(statement.detail, Detach):
            return self._detach(statement.detail)
        if kind == StatementKind.TRANSACTION:
            return self._transaction(statement)
        raise statement.refusal()

    def _query(self, statement: Statement, parameters: Values | None) -> Result:
        try:
            return self._answer(statement, parameters)
        except (CacheCorrupt, duckdb.IOException):
            binder = self._binder(parameters)
            commits = binder.commits_of(statement)
            self._main.recover(commits)
            return self._answer(statement, parameters)

    def _binder(self, parameters: Values | None) -> Binder:
        return Binder(
            catalogs=self._main,
            attached=self._attached,
            parser=self._parser,
            instance=self._instance,
            commit=self.commit,
            schema=self._schema,
            resolve=lambda version: self.resolve(version, parameters),
            parameters=parameters,
        )

    def _answer(self, statement: Statement, parameters: Values | None) -> Result:
        bound = self._binder(parameters).bind(statement)
        cursor = self._instance.cursor()
        try:
            for name, table in bound.tables.items():
                cursor.register(name, table)
            cursor.execute(f'USE "{bound.catalog}"')
            return self._stream(cursor, statement, bound)
        except BaseException:
            cursor.close()
            raise

    def _stream(
        self, cursor: "duckdb.DuckDBPyConnection", statement: Statement, bound: Bound
    ) -> Result:
        timer = self._timer(cursor)
        self._running.add(cursor)

        def close() -> None:
            if timer is not None:
                timer.cancel()
            self._running.discard(cursor)
            cursor.close()

        def translate(error: Exception) -> Exception:
            return self._translated(error, statement, bound)

        try:
            if statement.kind == StatementKind.EXPLAIN:
                plan = cursor.execute(bound.text, bound.parameters).fetchall()
                columns: list[tuple[str, ColumnType]] = [
                    ("explain_key", _VARCHAR),
                    ("explain_value", _VARCHAR),
                ]
                rows = [tuple(without_catalogs(str(cell)) for cell in row) for row in plan]
                close()
                return table_result(columns, rows, bound.commit)
            relation = cursor.sql(bound.text, params=bound.parameters)
            if relation is None:
                raise StatementInvalid("The statement has no result.")
            columns = [
                (without_catalogs(name), column_type(kind))
                for name, kind in zip(relation.columns, relation.types, strict=True)
            ]
            reader = relation.to_arrow_reader(BATCH_ROWS)
            return Result(
                columns,
                reader,
                bound.commit,
                max_rows=self._settings.max_rows,
                close=close,
                translate=translate,
            )
        except (duckdb.Error, RuntimeError, ValueError) as error:
            close()
            if isinstance(error, duckdb.IOException):
                raise
            raise translate(error) from None
        except BaseException:
            close()
            raise

    def _timer(self, cursor: "duckdb.DuckDBPyConnection") -> Timer | None:
        if self._settings.timeout is None:
            return None

        def stop() -> None:
            self._timed_out = True
            cursor.interrupt()

        self._timed_out = False
        timer = Timer(self._settings.timeout, stop)
        timer.daemon = True
        timer.start()
        return timer

    def _translated(self, error: Exception, statement: Statement, bound: Bound) -> Exception:
        if isinstance(error, IngitdbError):
            return error
        text = str(error)
        if isinstance(error, duckdb.InterruptException) or "Interrupted" in text[:60]:
            if self._timed_out:
                return LimitExceeded(
                    f"The statement took longer than {self._settings.timeout} seconds.",
                    hint="Raise timeout, or ask for less.",
                )
            return Interrupted("The statement was stopped.")
        if isinstance(error, duckdb.OutOfMemoryException):
            return LimitExceeded(
                "The statement needs more memory than memory_limit allows.",
                hint="Raise memory_limit, or ask for less.",
            )
        if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
            return explain_binder_error(text, statement.source, bound.columns)
        if isinstance(error, duckdb.PermissionException):
            return StatementRefused(without_internal_names(text))
        return StatementError(without_internal_names(text))

    def resolve(self, version: Version, parameters: Values | None = None) -> CommitId:
        """Gives the commit that a version means."""
        repository = self._main.repository
        if isinstance(version, Ref):
            return repository.resolve(version.text)
        if isinstance(version, Timestamp):
            return repository.at_time(self._instant(version), self._tip())
        if isinstance(version, Parameter):
            return self._resolve_value(version, parameters)
        raise StatementRefused(
            "A range of versions gives many states of a record; this version of ingitdb has"
            " FOR SYSTEM_TIME ALL and versions('table').",
            hint="Filter versions('table') by _valid_from and _valid_to.",
        )

    def _resolve_value(self, version: Parameter, parameters: Values | None) -> CommitId:
        from ingitdb.sql.arguments import value_of

        value = value_of(version, parameters)
        if isinstance(value, datetime):
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return self._main.repository.at_time(aware, self._tip())
        if isinstance(value, date):
            start = datetime(value.year, value.month, value.day, tzinfo=UTC)
            return self._main.repository.at_time(start, self._tip())
        if version.is_timestamp:
            return self._main.repository.at_time(_moment(str(value)), self._tip())
        return self._main.repository.resolve(str(value))

    def _tip(self) -> CommitId | None:
        commit = self.commit
        return None if commit in PSEUDO_COMMITS else commit

    def _instant(self, version: Timestamp) -> datetime:
        if not version.is_expression:
            return _moment(version.text)
        try:
            ((found,),) = self._instance.query(
                f"SELECT epoch_us(CAST(({version.text}) AS TIMESTAMPTZ))"
            )
        except duckdb.Error as error:
            raise StatementInvalid(without_internal_names(str(error))) from None
        if found is None:
            raise StatementInvalid("The instant of a version is NULL.")
        return datetime.fromtimestamp(found / 1_000_000, UTC)

    def _show_tables(self, detail: ShowTables, parameters: Values | None) -> Result:
        commit = self.resolve(detail.version, parameters) if detail.version else self.commit
        snapshot = self._main.snapshot(commit)
        rows: list[tuple[Any, ...]] = []
        for table in snapshot.tables:
            if detail.schema is not None and fold(table.schema) != fold(detail.schema):
                continue
            relation = snapshot.relation(table)
            key = list(key_columns(table))
            rows.append((table.schema, table.name, relation.rows, len(relation.columns), key))
        return table_result(list(SHOWN_TABLES), rows, commit)

    def _describe(self, detail: Describe, parameters: Values | None) -> Result:
        binder = self._binder(parameters)
        catalogs, commit, schema, name = binder.locate(detail.path, detail.version)
        snapshot = catalogs.snapshot(commit)
        table = catalogs.find(snapshot, name, schema=schema, preferred=self._schema)
        rows = described(snapshot, table)
        return table_result(list(DESCRIBED), rows, commit)

    def _use(self, detail: Use) -> Result:
        if detail.branch is not None:
            self._set_ref(detail.branch)
        elif len(detail.path) == 1:
            self._use_name(detail.path[0])
        else:
            database, schema = detail.path[-2:]
            name, branch = split_database(database)
            if fold(name) != fold(self.database):
                raise CatalogError(f"{name!r} is not the database {self.database!r}.")
            if branch:
                self._set_ref(branch)
            self._schema = schema
        return _done(self.commit)

    def _use_name(self, written: str) -> None:
        name, branch = split_database(written)
        schemas = {
            fold(table.schema): table.schema for table in self._main.snapshot(self.commit).tables
        }
        if fold(written) in schemas:
            self._schema = schemas[fold(written)]
        elif fold(name) == fold(self.database):
            self._schema = None
            if branch:
                self._set_ref(branch)
        else:
            raise CatalogError(
                f"There is no schema or database {written!r}.",
                hint=f"Schemas: {', '.join(sorted(schemas.values())) or 'none'}."
                f' A ref: USE "{self.database}/ref".',
            )

    def _set_ref(self, ref: str) -> None:
        self._main.repository.resolve(ref)
        self._ref = ref
        self._head = None
        self._pinned = None

    def _attach(self, detail: Attach) -> Result:
        if self._opener is None:
            raise StatementRefused(
                "Repositories are attached by path in process only.",
                hint="Ask the server's administrator to configure it by name.",
            )
        catalogs = self._opener(detail.path)
        name = detail.name or catalogs.repository.name
        if fold(name) in {fold(n) for n in (*self._attached, self.database)}:
            catalogs.close()
            if detail.if_not_exists:
                return _done(self.commit)
            raise CatalogError(f"A database {name!r} is already attached.")
        if detail.ref is not None:
            catalogs.repository.resolve(detail.ref)
        self._attached[name] = (catalogs, detail.ref)
        return _done(self.commit)

    def _detach(self, detail: Detach) -> Result:
        name = next((n for n in self._attached if fold(n) == fold(detail.name)), None)
        if name is not None:
            self._attached.pop(name)[0].close()
        elif not detail.if_exists:
            raise CatalogError(f"No database {detail.name!r} is attached.")
        return _done(self.commit)

    def _transaction(self, statement: Statement) -> Result:
        """Pins the commit between BEGIN and COMMIT or ROLLBACK, so that all reads agree."""
        verb = statement.verb.split(" ", 1)[0]
        if verb in ("BEGIN", "START"):
            self._pinned = self.commit
        elif (
            verb in ("COMMIT", "END", "ROLLBACK", "ABORT")
            and "TO" not in statement.text.upper().split()
        ):
            self._pinned = None
        else:
            raise statement.refusal()
        return _done(self.commit)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Holds all reads at one commit."""
        self._pinned = self.commit
        try:
            yield
        finally:
            self._pinned = None


def described(snapshot: Snapshot, table: NamedTable) -> list[tuple[Any, ...]]:
    """Gives a row for each column of a table."""
    key = key_columns(table)
    targets = {
        column: f"{spelled.schema}.{spelled.table}"
        for spelled in table.locations[0].declaration.foreign_keys
        for column in spelled.columns
    }
    return [
        (
            column.name,
            column.type.sql,
            is_nullable(column, key),
            column.name in key,
            targets.get(column.name),
        )
        for column in snapshot.relation(table).columns
    ]


def _done(commit: CommitId) -> Result:
    return table_result([], [], commit)


def _moment(text: str) -> datetime:
    found = parse_moment(text)
    if found is None:
        raise StatementInvalid(
            f"{text!r} is no date or time.", hint="Write it as 2026-03-01 12:00:00."
        )
    return found
