"""The connection of PEP 249 over a repository; beside it Arrow, polars, pandas and notebooks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ingitdb.api import dbapi
from ingitdb.api.bases import BaseConnection, BaseCursor, check_given
from ingitdb.api.columns import values
from ingitdb.api.dbapi import translated
from ingitdb.errors import IngitdbError
from ingitdb.model.identifiers import CommitId
from ingitdb.services.database import Database
from ingitdb.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from ingitdb.execution.ingesting import IngestMode
    from ingitdb.execution.results import Result

Parameters = Sequence[Any] | Mapping[str, Any]
_SHOWN_ROWS = 20


class Cursor(BaseCursor):
    """Runs statements and gives their rows, as PEP 249 describes; also as Arrow.

    `BaseCursor` says what its attributes are.
    """

    def __init__(self, connection: "Connection") -> None:
        super().__init__()
        self.connection = connection
        self._result: Result | None = None
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._is_begun = False
        self._is_open = True

    @property
    def commit(self) -> CommitId | None:
        """The commit that unversioned tables were read at."""
        return self._result.commit if self._result else None

    @property
    def notes(self) -> list[str]:
        """Remarks on the last statement, such as files that could not be read."""
        return self._result.notes if self._result else []

    def execute(self, sql: str, parameters: Parameters | None = None) -> Self:
        """Runs a statement; parameters are `?` with a sequence or `$name` with a mapping.

        Raises:
            Error: One of PEP 249's classes, with our code and hint.
        """
        self._check()
        self._drop()
        check_given(sql, [parameters])
        with translated():
            self._result = self.connection._session.execute(sql, parameters)
        affected = self._result.affected
        self.rowcount = -1 if affected is None else affected
        columns = () if self._result.is_count else self._result.columns
        self.description = [
            (name, kind.sql, None, None, None, None, None) for name, kind in columns
        ] or None
        self._batches = self._result.batches()
        self._rows = self._as_rows()
        self._is_begun = False
        return self

    def executemany(self, sql: str, parameters: Iterable[Parameters]) -> Self:
        """Runs a statement once for each set of parameters, all or none; gives the last answer.

        With `autocommit` they are one commit. `rowcount` counts the records of all.
        """
        self._check()
        self._drop()
        sets = list(parameters)
        check_given(sql, sets)
        session = self.connection._session
        with translated(), session.writer.together():
            count = session.insert_many(sql, sets)
            if count is None:
                counts = [self.execute(sql, each).rowcount for each in sets]
                count = sum(counts) if counts and min(counts) >= 0 else -1
        self.rowcount = count
        return self

    def reader(self) -> "pa.RecordBatchReader":
        """Gives the rows as an Arrow stream, which holds one batch at a time."""
        import pyarrow

        result = self._expect()
        return pyarrow.RecordBatchReader.from_batches(result.schema, _translating(self._batches))

    def close(self) -> None:
        """Lets go of the result."""
        self._drop()
        self._is_open = False

    def _repr_html_(self) -> str | None:
        """Shows the next rows in a notebook; they can still be fetched. None without a result."""
        from ingitdb.api.notebook import html

        if self.description is None:
            return None
        result = self._expect()
        with translated():
            rows = self._peek(_SHOWN_ROWS + 1)
        return html(result.columns, rows, _SHOWN_ROWS, result.commit)

    def _peek(self, count: int) -> list[tuple[Any, ...]]:
        """Gives the next rows and puts them back."""
        if self._is_begun:
            rows = list(islice(self._rows, count))
            self._rows = chain(rows, self._rows)
            return rows
        batches: list[pa.RecordBatch] = []
        while (
            sum(b.num_rows for b in batches) < count
            and (b := next(self._batches, None)) is not None
        ):
            batches.append(b)
        self._batches = chain(batches, self._batches)
        return [row for batch in batches for row in self._tuples(batch)][:count]

    def _check(self) -> None:
        if not self._is_open or self.connection._is_closed:
            raise dbapi.InterfaceError("The cursor or its connection is closed.", code="IGD-1001")

    def _expect(self) -> "Result":
        self._check()
        if self._result is None or self.description is None:
            raise dbapi.InterfaceError(
                "There is no result: execute a query first.", code="IGD-1001"
            )
        return self._result

    def _drop(self) -> None:
        if self._result is not None:
            self._result.close()
        self._result = None
        self.description = None

    def _as_rows(self) -> Iterator[tuple[Any, ...]]:
        self._is_begun = True
        for batch in self._batches:
            yield from self._tuples(batch)

    def _tuples(self, batch: "pa.RecordBatch") -> Iterator[tuple[Any, ...]]:
        kinds = [column[1] for column in self.description or ()]
        return zip(*map(values, batch.columns, kinds), strict=True)


def _translating(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    with translated():
        yield from batches


class Connection(BaseConnection):
    """A connection to a repository; a context manager.

    The first statement that writes opens a transaction, which `commit` or `rollback` ends; with
    `autocommit` each statement is a commit. As a context manager it commits at the end, or rolls
    back after an error, and closes.

    Attributes:
        database: The repository as programs see it.
    """

    def __init__(self, database: Database, ref: str | None, *, autocommit: bool = False) -> None:
        self.database = database
        self._session = database.session(ref)
        self._session.writer.autocommit = autocommit
        self._is_closed = False

    @property
    def autocommit(self) -> bool:
        """Whether each statement that writes is a commit of its own."""
        return self._session.writer.autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        """Changes it, outside of a transaction."""
        self._check()
        if self._session.writer.has_written:
            raise dbapi.ProgrammingError(
                "There is an open transaction.", hint="Call commit() or rollback() first."
            )
        self._session.writer.autocommit = value

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._session.writer.is_open

    @property
    def commit_id(self) -> CommitId:
        """The commit that unversioned tables are read at now."""
        return self._session.commit

    def cursor(self) -> Cursor:
        """Gives a new cursor."""
        self._check()
        return Cursor(self)

    def execute(self, sql: str, parameters: Parameters | None = None) -> Cursor:
        """Runs a statement on a new cursor."""
        return self.cursor().execute(sql, parameters)

    def commit(self, message: str | None = None, *, author: str | None = None) -> CommitId | None:
        """Ends the transaction; what it wrote becomes one commit."""
        self._check()
        with translated():
            return self._session.end(message, author)

    def rollback(self) -> None:
        """Ends the transaction; what it wrote is forgotten."""
        self._check()
        self._session.writer.rollback()

    def ingest(self, table: str, data: Any, mode: "IngestMode" = "append") -> int:
        """Adds rows of Arrow to a table."""
        self._check()
        with translated():
            return self._session.ingest(table, data, mode).affected or 0

    def interrupt(self) -> None:
        """Stops what runs; callable from another thread."""
        self._session.interrupt()

    def close(self) -> None:
        """Frees everything; a transaction that is open is rolled back."""
        if not self._is_closed:
            self._is_closed = True
            self.database.close()


def connect(
    path: str | Path = ".",
    ref: str | None = None,
    *,
    autocommit: bool = False,
    author: str | None = None,
    settings: Settings | None = None,
) -> Connection:
    """Opens a repository for SQL.

    Args:
        path: A folder of a Git repository, or a bare repository.
        ref: A branch, tag, commit, date, `WORKING` or `STAGED`; without one the connection
            follows the branch that HEAD names.
        autocommit: Whether each statement that writes is a commit; else the first one opens a
            transaction, which `commit` ends.
        author: Who makes the changes, as `Name <address>`; as the settings and git say when None.
        settings: Limits and places; from environment and configuration files when None.

    Raises:
        Error: The repository or the ref is not there, or the author is not written as one.

    Example:
        >>> import ingitdb
        >>> with ingitdb.connect("advisories") as db:  # doctest: +SKIP
        ...     db.execute("SELECT count(*) FROM vulns AS OF '2023-01-01'").fetchall()
        [(1402,)]
    """
    with translated():
        settings = settings or _settings(path)
        if author is not None:
            settings = replace(settings, author=author)
        database = open_database(path, settings=settings)
        try:
            return Connection(database, ref, autocommit=autocommit)
        except BaseException:
            database.close()
            raise


def open_database(path: str | Path = ".", *, settings: Settings | None = None) -> Database:
    """Opens a repository for programs: tables, schemas, snapshots, log.

    Raises:
        IngitdbError: The repository is not there or refused.
    """
    return Database.open(path, settings or _settings(path))


def _settings(path: str | Path) -> Settings:
    from ingitdb.api.configuration import configure

    return configure(_repository_folder(path)).settings


def _repository_folder(path: str | Path) -> Path:
    from ingitdb.git.repository import Repository

    try:
        with Repository.open(Path(path)) as repository:
            return repository.work_tree or repository.git_dir
    except IngitdbError:
        return Path(path)
