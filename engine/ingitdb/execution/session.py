"""A session: where unversioned names lead, and a statement's way from its text to its answer."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from ingitdb.errors import (
    CacheCorrupt,
    NoCommitsYet,
    StatementInvalid,
    StatementRefused,
    TransactionInvalid,
)
from ingitdb.execution.answers import Run
from ingitdb.execution.attachments import Attachments, Opener
from ingitdb.execution.binding import Binder
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.instance import Instance
from ingitdb.execution.landing import branch_of
from ingitdb.execution.listings import description, listing
from ingitdb.execution.notes import note_of_moment, note_of_problems
from ingitdb.execution.plans import Plans
from ingitdb.execution.points import Points
from ingitdb.execution.results import Result, table_result
from ingitdb.execution.standpoint import Standpoint
from ingitdb.execution.temporaries import Temporaries
from ingitdb.execution.writer import Writer
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.settings import Settings
from ingitdb.sql.complaints import unquoted_name
from ingitdb.sql.fence import check_version
from ingitdb.sql.statements import (
    EQUIVALENT,
    Attach,
    Call,
    CreateRef,
    Describe,
    Detach,
    DropRef,
    ShowTables,
    Statement,
    StatementKind,
    Use,
)
from ingitdb.sql.transactions import transaction_step

if TYPE_CHECKING:
    from ingitdb.execution.drafter import Drafter
    from ingitdb.execution.preparing import Preparation
    from ingitdb.execution.write_checks import WriteChecks

Values: TypeAlias = Sequence[Any] | Mapping[str, Any]
Allow: TypeAlias = Callable[[str], None]
"""Returns if a branch may be written."""


class Session:
    """Runs statements for one user.

    Attributes:
        database: The name of the repository.
        writer: Its transaction, and what its commits say.
        temporaries: Its tables that no commit holds.
        allow: Is asked before a branch is written.
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
        self._plans = Plans(parser)
        self.temporaries = Temporaries(instance, parser)
        self._point = Standpoint(catalogs, ref, self._leave)
        self._attachments = Attachments(self.database, opener)
        self.allow: Allow = _anyone
        self._is_told = False
        self._running: set[Run] = set()
        self.writer = Writer(
            catalogs,
            tip=self._point.tip,
            branch=self._branch,
            rows=self._rows,
            follow=lambda sql: self._drafter.followed(sql),
            checks=self._checks,
        )

    @property
    def commit(self) -> CommitId:
        """The commit that unversioned names mean now."""
        return self.writer.commit or self._point.tip()

    @property
    def ref(self) -> str | None:
        """What is read; None for the branch that HEAD names."""
        return self._point.ref

    @property
    def schema(self) -> str | None:
        """Where names without a schema are looked up first."""
        return self._point.schema

    def execute(self, sql: str, parameters: Values | None = None) -> Result:
        """Runs a script; gives the answer of its last statement.

        Raises:
            IngitdbError: A statement is wrong, refused, or fails; the earlier ones have run.
        """
        started = time.perf_counter()
        self._main.begin()
        try:
            return self._executed(sql, parameters).since(started)
        except StatementInvalid as error:
            tables = self._main.snapshot(self.commit).tables
            hint = unquoted_name(sql, [table.name for table in tables])
            if hint is None or error.hint is not None:
                raise
            raise StatementInvalid(error.message, hint=hint) from None

    def _executed(self, sql: str, parameters: Values | None) -> Result:
        statements = self._plans.split(sql)
        if not statements:
            raise StatementInvalid("There is no statement.", hint='Try "SELECT 1".')
        for statement in statements[:-1]:
            with self._run(statement, parameters) as earlier:
                for _ in earlier.batches():
                    pass
        return self._run(statements[-1], parameters)

    def prepare(self, sql: str) -> "Preparation":
        """Says what the last statement of a script gives and takes, without running any.

        Raises:
            IngitdbError: It is wrong, or names what is not there.
        """
        from ingitdb.execution.preparing import Preparing  # slow to load: only for servers

        self._main.begin()
        statements = self._plans.split(sql)
        if not statements:
            raise StatementInvalid("There is no statement.", hint='Try "SELECT 1".')
        try:
            commit = self.commit
        except NoCommitsYet:
            commit = EMPTY
        preparing = Preparing(
            catalogs=self._main,
            instance=self._instance,
            parser=self._parser,
            plans=self._plans,
            commit=commit,
            schema=self._point.schema,
            binder=self._binder,
            columns=self._columns,
        )
        return preparing.prepare(statements[-1])

    def _columns(self, statement: Statement) -> pa.Schema:
        with self._run(statement, None) as result:
            return result.schema

    def end(self, message: str | None = None, author: str | None = None) -> CommitId | None:
        """Commits the transaction, if there is one.

        Args:
            message: What the commit says; made of the statements where it is None.
            author: Who made the change, as `Name <address>`; as git says where it is None.

        Raises:
            UsageError: The author is not written so.
            WriteError: The commit cannot be made.
        """
        label = self.writer.label
        if message is not None:
            label = replace(label, message=message)
        if author is not None:
            label = replace(label, author=self._main.repository.author_named(author))
        return self.writer.land(label)

    def interrupt(self) -> None:
        """Stops whatever runs; callable from another thread."""
        self.writer.watch.stop()
        for run in list(self._running):
            run.interrupt()

    @property
    def is_running(self) -> bool:
        """Whether a query runs, or has rows that nobody has read yet."""
        return bool(self._running)

    def close(self) -> None:
        """Ends what runs and lets go of attached repositories."""
        for run in list(self._running):
            run.close()
        self._plans.close()
        self.temporaries.close()
        self._attachments.close()

    def _run(self, statement: Statement, parameters: Values | None) -> Result:
        kind = statement.kind
        if kind in (StatementKind.QUERY, StatementKind.EXPLAIN):
            return self._query(statement, parameters)
        if kind in EQUIVALENT:
            (equivalent,) = self._plans.split(EQUIVALENT[kind])
            return self._query(equivalent, None)
        if isinstance(statement.detail, ShowTables):
            return listing(self._detailed(statement, parameters), statement.detail)
        if isinstance(statement.detail, Describe):
            return description(self._detailed(statement, parameters), statement.detail)
        if isinstance(statement.detail, Use):
            self._point.use(statement.detail, self.commit)
            return _done(self.commit)
        if isinstance(statement.detail, Attach | Detach):
            self._attachments.take(statement.detail)
            return _done(self.commit)
        if isinstance(statement.detail, CreateRef | DropRef | Call):
            return self._version_control(statement, parameters)
        if kind == StatementKind.TRANSACTION:
            return self._transaction(statement)
        if kind == StatementKind.WRITE:
            return self._write(statement, parameters)
        raise statement.refusal()

    def _write(self, statement: Statement, parameters: Values | None) -> Result:
        """Makes a change of the branch that is read: a commit, or a part of the transaction."""
        if statement.verb.partition(" ")[0] == "MERGE" and statement.verb != "MERGE INTO":
            raise statement.refusal()
        if self.temporaries.concern(statement):
            with self.writer.watch.write():
                return self.temporaries.run(statement, self._drafter.footing(parameters))
        return self._noted(self.writer.write(lambda: self._drafter.draft(statement, parameters)))

    def insert_many(self, sql: str, sets: Sequence[Values]) -> int | None:
        """Runs an INSERT for many sets of parameters at once, as one commit.

        Returns:
            How many records came; None if the statement has to be run for each set by itself.

        Raises:
            IngitdbError: It is wrong, refused, or fails for a set.
        """
        self._main.begin()
        statements = self._plans.split(sql)
        if len(statements) != 1 or statements[0].kind != StatementKind.WRITE:
            return None
        if self.temporaries.concern(statements[0]):
            return None
        with self.writer.together():
            draft = self._drafter.repeated(statements[0], sets)
            if draft is None:
                return None
            return self._noted(self.writer.write(lambda: draft)).affected

    def ingest(
        self, table: str, data: Any, mode: str = "append", *, is_temporary: bool = False
    ) -> Result:
        """Adds rows of Arrow to a table, as one commit or a part of the transaction.

        Args:
            table: Its name, perhaps with its schema and in double quotes.
            data: A table, batch or stream of Arrow; columns are found by name.
            mode: `append`, `create`, `replace` or `create_append`.
            is_temporary: Whether the table is for the session alone, and no commit.

        Raises:
            UsageError: There is no such mode, or these are no rows of Arrow.
            WriteError: They cannot be added.
        """
        from ingitdb.execution.ingesting import held, preparation  # slow to load: only to write

        rows = held(data)
        self._main.begin()
        if is_temporary:
            footing = self._drafter.footing(None)
            return self.temporaries.hold(table, rows, mode, footing)
        with self.writer.together():
            for sql in preparation(table, rows, mode, self._instance):
                self._executed(sql, None).close()
            result = self.writer.write(lambda: self._drafter.ingested(table, rows))
        return self._noted(result)

    @cached_property
    def _drafter(self) -> "Drafter":
        from ingitdb.execution.drafter import Drafter  # slow to load: only to write

        return Drafter(
            catalogs=self._main,
            instance=self._instance,
            settings=self._settings,
            parser=self._parser,
            plans=self._plans,
            commit=lambda: self.commit,
            schema=lambda: self._point.schema,
            watch=self.writer.watch,
            binder=self._binder,
            rows=self._rows,
            reads_files=self._attachments.opener is not None,
        )

    def _checks(self) -> "WriteChecks":
        from ingitdb.execution.write_checks import WriteChecks  # slow to load: only to write

        return WriteChecks(self._main, self._rows_at)

    def _rows_at(self, sql: str, commit: CommitId) -> pa.Table:
        """Gives all rows of one query in which names without a version mean a commit."""
        return self._rows(sql, None, commit)

    def _noted(self, result: Result) -> Result:
        """Adds to the answer of a write what the user should know."""
        from ingitdb.execution.hooks_note import hooks_note  # only to write

        if not self._is_told:
            note = hooks_note(self._main.repository, self._main.store.cache)
            result.notes += [note] if note is not None else []
            self._is_told = True
        return result

    def _branch(self) -> str:
        """Gives the branch that is written, once it may be."""
        branch = branch_of(self._main.repository, self._point.ref)
        self.allow(branch)
        return branch

    def _query(
        self, statement: Statement, parameters: Values | None, commit: CommitId | None = None
    ) -> Result:
        binder = self._binder(parameters, commit)
        try:
            return self._answer(statement, binder)
        except CacheCorrupt:
            for catalogs, commits in binder.sources(statement).items():
                catalogs.recover(commits)
            return self._answer(statement, self._binder(parameters, commit))

    def _binder(self, parameters: Values | None, commit: CommitId | None = None) -> Binder:
        return Binder(
            catalogs=self._main,
            attached=self._attachments.known,
            parser=self._parser,
            plans=self._plans,
            commit=commit or self.commit,
            schema=self._point.schema,
            points=Points(parameters, self._instance.query),
            run=self._rows,
            ref=self._point.ref,
            temporaries=self.temporaries,
        )

    def _rows(
        self, sql: str, parameters: Values | None = None, commit: CommitId | None = None
    ) -> pa.Table:
        """Gives all rows of one query.

        Raises:
            StatementRefused: It is no query, or several.
        """
        statements = self._plans.split(sql)
        if len(statements) != 1 or statements[0].kind != StatementKind.QUERY:
            raise StatementRefused(f"{sql!r} is not one query.")
        with self._query(statements[0], parameters, commit) as result:
            return result.reader().read_all()

    def _answer(self, statement: Statement, binder: Binder) -> Result:
        bound = binder.bind(statement)
        notes = [
            *note_of_moment(self._main.repository, self._point.ref, bound.commit),
            *note_of_problems(bound.problems, strict=self._settings.strict),
        ]
        run = Run(self._instance, self._settings, statement, bound)
        run.on_close = lambda: self._running.discard(run)
        self._running.add(run)
        result = run.answer()
        result.notes += notes
        return result

    def _detailed(self, statement: Statement, parameters: Values | None) -> Binder:
        """Gives the binder of a statement of ours, once its version has passed the fence."""
        version = getattr(statement.detail, "version", None)
        if version is not None:
            check_version(version, statement.source, self._parser)
        return self._binder(parameters)

    def _leave(self) -> None:
        """Ends the transaction before another ref is read.

        Raises:
            TransactionInvalid: It has written.
        """
        if self.writer.has_written:
            raise TransactionInvalid(
                "The transaction has written to another branch.", hint="COMMIT or ROLLBACK first."
            )
        self.writer.rollback()

    def _version_control(self, statement: Statement, parameters: Values | None) -> Result:
        from ingitdb.execution.procedures import CommitProcedures  # slow to load: only for this
        from ingitdb.execution.version_control import VersionControl

        procedures = CommitProcedures(
            repository=self._main.repository,
            writer=self.writer,
            commit=lambda: self.commit,
            offences=self._offences,
        )
        control = VersionControl(
            repository=self._main.repository,
            ref=self._point.ref,
            tip=self._point.tip,
            use=self._point.go,
            allow=self.allow,
            points=Points(parameters, self._instance.query),
            procedures=procedures.by_name,
            names_others=self.writer.names_others,
        )
        return control.run(statement)

    def _offences(self, commit: CommitId) -> int:
        from ingitdb.execution.constraint_relations import verify  # slow to load: only for this

        return verify(self._main, lambda sql: self._rows_at(sql, commit), commit)

    def _transaction(self, statement: Statement) -> Result:
        self.writer.step(transaction_step(statement.source, self._parser))
        return _done(self.commit)


def _anyone(_branch: str) -> None:
    """Lets everyone write."""


def _done(commit: CommitId) -> Result:
    return table_result([], [], commit)
