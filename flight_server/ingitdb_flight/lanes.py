"""One session of the engine, used by one call at a time: where statements of a client run."""

from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING

import pyarrow as pa

from ingitdb.errors import TransactionInvalid
from ingitdb.execution.results import Result
from ingitdb.model.types import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingitdb.execution.preparing import Preparation
    from ingitdb.execution.session import Session, Values
    from ingitdb.model.identifiers import CommitId
    from ingitdb.services.database import Database


class Lane:
    """Runs statements.

    Attributes:
        database: What they are about.
        session: The engine's.
        lock: Is held while a statement starts; its rows are read without it.
    """

    def __init__(self, database: "Database", session: "Session") -> None:
        self.database = database
        self.session = session
        self.lock = RLock()

    @property
    def commit(self) -> "CommitId":
        """The commit that names without a version mean now."""
        return self.session.commit

    @property
    def schema(self) -> str | None:
        """Where names without a schema are looked up first."""
        return self.session.schema

    @property
    def time_zone(self) -> str:
        """Where times with a zone are shown."""
        return self.database.time_zone

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.session.writer.is_open

    @property
    def is_busy(self) -> bool:
        """Whether a statement runs, or has rows that nobody has read yet."""
        if not self.lock.acquire(blocking=False):
            return True
        self.lock.release()
        return self.session.is_running

    def prepare(self, sql: str) -> "Preparation":
        """Says what a statement gives and takes."""
        with self.lock:
            return self.session.prepare(sql)

    def run(self, sql: str, values: "Values | None" = None) -> Result:
        """Runs a statement."""
        with self.lock:
            return self.session.execute(sql, values)

    def run_all(self, sql: str, sets: "Sequence[Values | None]") -> Result:
        """Runs a statement for each set of parameters; gives the rows of all, one after another."""
        if len(sets) == 1:
            return self.run(sql, sets[0])
        with self.lock:
            if not sets:
                return self._none(sql)
            tables, columns = [], []
            for values in sets:
                with self.session.execute(sql, values) as result:
                    tables.append(result.reader().read_all())
                    columns = result.columns
            rows = pa.concat_tables(tables, promote_options="permissive")
            return Result(list(columns), rows.to_reader(), self.commit)

    def _none(self, sql: str) -> Result:
        """Gives the columns of a statement that runs for no parameters at all."""
        known = self.session.prepare(sql)
        schema = known.schema or pa.schema([])
        return Result(list(known.columns), schema.empty_table().to_reader(), self.commit)

    @property
    def message(self) -> str:
        """What the next commit says; empty for what is made of its statements."""
        return self.session.writer.label.message or ""

    def say(self, message: str) -> None:
        """Sets what the next commit says."""
        writer = self.session.writer
        writer.label = replace(writer.label, message=message or None)

    def commit_alone(self, *, is_wanted: bool) -> None:
        """Says whether a statement outside of BEGIN and COMMIT is a commit of its own.

        Raises:
            TransactionInvalid: There is an open transaction.
        """
        writer = self.session.writer
        if writer.has_written and is_wanted != writer.autocommit:
            raise TransactionInvalid(
                "There is an open transaction.", hint="COMMIT or ROLLBACK first."
            )
        writer.autocommit = is_wanted

    def use(self, schema: str) -> None:
        """Looks up names without a schema in one first; in none where it is empty."""
        self.run(f"USE {quote_identifier(schema or self.database.name)}").close()

    def update(self, sql: str, sets: "Sequence[Values | None]") -> int:
        """Runs a statement for each set of parameters, all or none; gives the number of records.

        It is -1 where a statement does not count.
        """
        with self.lock:
            if len(sets) == 1:
                with self.session.execute(sql, sets[0]) as result:
                    return _count(result)
            given = [values for values in sets if values is not None]
            with self.session.writer.together():
                count = self.session.insert_many(sql, given)
                if count is not None:
                    return count
                counts = []
                for values in given:
                    with self.session.execute(sql, values) as result:
                        counts.append(_count(result))
            return sum(counts) if counts and min(counts) >= 0 else -1

    def ingest(self, table: str, rows: pa.Table, mode: str, *, is_temporary: bool) -> int:
        """Adds rows of Arrow to a table, or to a temporary one."""
        with self.lock:
            found = self.session.ingest(table, rows, mode, is_temporary=is_temporary)
            return found.affected or 0

    def begin(self) -> None:
        """Opens a transaction."""
        with self.lock:
            self.session.writer.begin()

    def commit_transaction(self) -> None:
        """Makes what the transaction wrote one commit."""
        with self.lock:
            self.session.end()

    def rollback(self) -> None:
        """Forgets the transaction, if there is one."""
        with self.lock:
            self.session.writer.rollback()

    def savepoint(self, verb: str, name: str) -> None:
        """Sets a savepoint (`SAVEPOINT`), goes back to one (`ROLLBACK TO`), or releases it."""
        self.run(f"{verb} {quote_identifier(name)}").close()

    def interrupt(self) -> None:
        """Stops what runs; callable from any thread."""
        self.session.interrupt()

    def close(self) -> None:
        """Forgets the transaction, stops what runs."""
        self.session.interrupt()
        self.session.close()


def _count(result: Result) -> int:
    """Counts the records that a statement met, once all its rows are there."""
    for _ in result.batches():
        pass
    return -1 if result.affected is None else result.affected
