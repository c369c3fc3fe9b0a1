"""What a client has on the server: where it stands, transactions, prepared statements, results."""

import re
import secrets
import time
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

import pyarrow as pa

from ingitdb.errors import AccessDenied, IngitdbError
from ingitdb.execution.preparing import Preparation
from ingitdb_flight.lanes import Lane
from ingitdb_flight.limits import MOST_STATEMENTS, Limits
from ingitdb_flight.options import Options, Standing, setting, used
from ingitdb_flight.parameters import packed, sets_of
from ingitdb_flight.refusals import InvalidRequest, NotFound
from ingitdb_flight.roles import may_commit_for_others
from ingitdb_flight.streams import Stream
from ingitdb_flight.tokens import Ticket
from ingitdb_flight.transactions import FAILED, Loss, Open, Transactions, idle
from ingitdb_flight.waiting import Held, Waiting

if TYPE_CHECKING:
    from ingitdb_flight.callers import Caller
    from ingitdb_flight.databases import Databases

__all__ = ["Held", "Prepared", "Session"]
_DONE = 'SELECT 0 AS "Count" LIMIT 0'
_UNDOING = re.compile(r"\s*(?:ROLLBACK|ABORT)(?:\s+(?:WORK|TRANSACTION))?\s*;?\s*", re.IGNORECASE)
_NOTHING = Preparation(schema=None, parameters=pa.schema([]), gives_rows=False)


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A prepared statement.

    Attributes:
        lane: Where it runs.
        preparation: What it gives and takes.
        transaction: In which it was prepared; empty outside of one.
        is_apart: Whether that was not the session's own: then it ends with it.
        rows: What is bound, a row a run.
    """

    sql: str
    lane: Lane
    preparation: Preparation
    transaction: bytes = b""
    is_apart: bool = False
    rows: pa.Table | None = None


class Session:
    """One client's state.

    Attributes:
        key: Its name for the server.
        caller: Whose it is.
        options: Where it stands.
        used_at: When it was last asked anything, by the clock of `time.monotonic`.

    Args:
        key: Its name for the server.
        caller: Whose it is.
        databases: What it is about.
        limits: How long it is waited for.
        loss: The transaction that ended with the session before it, of which the client does not
            know.
    """

    def __init__(
        self,
        key: str,
        caller: "Caller",
        databases: "Databases",
        limits: Limits,
        loss: Loss | None = None,
    ) -> None:
        self.key = key
        self.caller = caller
        self.used_at = time.monotonic()
        self._databases = databases.seen_by(caller.principal)
        self._limits = limits
        self._lock = RLock()
        self._name = secrets.token_hex(8)
        self._loss = loss
        self._begun = Transactions(loss)
        self._statements: dict[bytes, Prepared] = {}
        self._waiting = Waiting(limits.result)
        self.options = Options(catalog=self._databases.first)
        for name, value in caller.options.items():
            self.options = self.options.but(name, value)
        self.main = self._lane(self.options)

    @property
    def databases(self) -> "Databases":
        """The databases that its caller may read."""
        return self._databases

    @property
    def limits(self) -> Limits:
        """How long the server waits."""
        return self._limits

    # --- where it stands

    def set(self, name: str, value: str) -> None:
        """Changes an option.

        Raises:
            IngitdbError: It cannot have that value.
            NotFound: There is no such database.
            InvalidRequest: There is an open transaction.
        """
        with self._lock:
            wanted = self.options.but(name, value)
            if name == "commit_message":
                self.main.say(value)
            elif name == "schema":
                self.main.use(value)
            elif name == "timezone":
                self._check_zone(value)
            elif name == "autocommit":
                self.main.commit_alone(is_wanted=wanted.is_autocommit)
            else:
                if name == "catalog":
                    wanted = wanted.but("schema", "").but("ref", "")
                self._move(wanted)
            self.options = wanted

    def _check_zone(self, zone: str) -> None:
        """Returns if a time zone is the database's, which sessions cannot change."""
        if zone and zone.casefold() != self.main.time_zone.casefold():
            raise InvalidRequest(
                f"The time zone here is {self.main.time_zone}.\n"
                "Convert in the query: AT TIME ZONE. (IGD-5003, SQLSTATE 0A000)"
            )

    def _move(self, wanted: Options) -> None:
        """Goes elsewhere; a transaction that has written nothing comes along."""
        before = self.main
        if before.session.writer.has_written:
            raise InvalidRequest(
                "The transaction has written elsewhere.\n"
                "COMMIT or ROLLBACK first. (IGD-5008, SQLSTATE 25001)"
            )
        self.main = self._lane(wanted)
        self.main.say(before.message)
        if before.in_transaction:
            self.main.begin()
        self._begun.move(before, self.main)
        before.close()

    def _lane(self, options: Options) -> Lane:
        database = self._databases.find(options.catalog)
        author, principal = self._author(options), self.caller.principal
        session = database.session(
            options.ref or None,
            principal=principal,
            author=author,
            is_local=False,
        )
        session.writer.names_others = may_commit_for_others(principal, database.name)
        lane = Lane(database, session)
        lane.commit_alone(is_wanted=options.is_autocommit)
        if options.schema:
            lane.use(options.schema)
        return lane

    def _author(self, options: Options) -> str | None:
        principal = self.caller.principal
        if options.author and not may_commit_for_others(principal, options.catalog):
            raise AccessDenied(
                f"{principal.identifier} commits as {self.caller.author or 'nobody'}.",
                hint="Only an admin commits for others.",
            )
        return options.author or self.caller.author

    @property
    def standing(self) -> Standing:
        """Where it stands now: statements may have moved it."""
        lane = self.main
        moved = {
            "catalog": lane.database.name,  # as it spells itself
            "schema": lane.session.schema or "",
            "ref": lane.session.ref or "",
            "commit_message": lane.message,
            "timezone": lane.time_zone,
            "transaction": self._name if lane.in_transaction else "",
        }
        return Standing(**{**dict(self.options.items()), **moved})

    def _setting(self, sql: str) -> tuple[str, str] | None:
        """Reads what a statement sets: an option, or another database of this server by USE."""
        name = used(sql)
        if name is not None and self._databases.has(name):
            return "catalog", name
        return setting(sql)

    # --- transactions

    @property
    def transactions(self) -> frozenset[bytes]:
        """The handles of the transactions that are open."""
        return self._begun.handles

    def lane(self, transaction: bytes) -> Lane:
        """Gives where statements of a transaction run; without one the session itself.

        Raises:
            NotFound: There is no such transaction, or it has ended.
        """
        with self._lock:
            own = transaction or self._begun.on(self.main)
            return self._open(own).lane if own else self.main

    def begin(self) -> bytes:
        """Opens a transaction; gives its handle.

        The first one is the session's own, so that what comes without the handle belongs to it,
        as the uploads of some clients do.
        """
        with self._lock:
            self._loss = None
            lane = self.main
            if lane.in_transaction:
                lane = self._lane(self.options)
            lane.begin()
            return self._begun.add(lane)

    def end(self, transaction: bytes, *, is_kept: bool) -> None:
        """Ends a transaction; one that has ended can be rolled back still.

        Raises:
            IngitdbError: What it wrote cannot be committed.
            NotFound: It has ended, and should be committed.
        """
        with self._lock:
            if transaction and not is_kept and transaction not in self._begun.handles:
                self._begun.accept(transaction)
                self._loss = None
                return
            lane = self._open(transaction).lane
        try:
            if is_kept:
                lane.commit_transaction()
            else:
                lane.rollback()
        except IngitdbError:
            self._forget(transaction, lane, FAILED)
            raise
        self._forget(transaction, lane)

    def _forget(self, transaction: bytes, lane: Lane, why: str = "") -> None:
        """Lets go of a transaction that is over; it may go on after a COMMIT that failed."""
        if lane.in_transaction:
            return
        with self._lock:
            self._begun.end(transaction, why)
            if lane is self.main and why:
                self._begun.broken = transaction
        if lane is not self.main:
            lane.close()

    def save(self, transaction: bytes, name: str) -> bytes:
        """Sets a savepoint; gives its handle."""
        with self._lock:
            return self._open(transaction).save(name)

    def end_savepoint(self, savepoint: bytes, *, is_kept: bool) -> None:
        """Releases a savepoint, or goes back to it.

        Raises:
            NotFound: There is no such savepoint.
        """
        with self._lock:
            self._begun.saved(savepoint).end_savepoint(savepoint, is_kept=is_kept)

    def _open(self, transaction: bytes) -> Open:
        """Gives an open transaction; whoever asks for one that has ended knows of it then."""
        try:
            return self._begun.find(transaction)
        except NotFound:
            self._loss = None
            raise

    # --- transactions that are lost

    def lost(self, why: str) -> Loss | None:
        """Says what the client does not know if the session ends now; None if it misses nothing."""
        if any(lane.in_transaction for lane in self._lanes()):
            return Loss(message=why, handle=self._begun.on(self.main))
        return self._loss

    def _is_undone(self, sql: str, lane: Lane) -> bool:
        """Tells the first statement after a transaction was lost; to a ROLLBACK that is no news.

        Raises:
            InvalidRequest: The statement would not do what its client means.
        """
        loss = self._loss if lane is self.main else None
        if loss is None:
            return False
        self._loss = None
        if _UNDOING.fullmatch(sql):
            return True
        raise InvalidRequest(loss.message)

    def check_upload(self, transaction: bytes) -> None:
        """Returns unless an upload would be committed alone that its client means otherwise.

        Raises:
            NotFound: The transaction that it may belong to has ended.
            InvalidRequest: It has, and the client does not know.
        """
        if not transaction:
            self._is_undone("", self.main)
            self._begun.check(self._begun.broken)

    # --- statements

    def prepare(self, sql: str, transaction: bytes) -> tuple[bytes, Prepared]:
        """Prepares a statement; gives its handle."""
        lane = self.lane(transaction)
        is_setting = self._setting(sql) is not None
        if not is_setting and not _UNDOING.fullmatch(sql):
            self._is_undone(sql, lane)
        preparation = _NOTHING if is_setting else lane.prepare(sql)
        made = Prepared(
            sql=sql,
            lane=lane,
            preparation=preparation,
            transaction=transaction,
            is_apart=lane is not self.main,
        )
        key = secrets.token_bytes(16)
        with self._lock:
            self._statements[key] = made
            if len(self._statements) > MOST_STATEMENTS:
                del self._statements[next(iter(self._statements))]
        return key, made

    def prepared(self, key: bytes) -> Prepared:
        """Gives a prepared statement.

        Raises:
            NotFound: There is none of that handle, or its transaction has ended without the client.
            InvalidRequest: A transaction was lost, which the client does not know.
        """
        found = self._statements.get(key)
        if found is None:
            self._is_undone("", self.main)
            raise NotFound("There is no such prepared statement. (IGD-5001, SQLSTATE 26000)")
        with self._lock:
            self._begun.check(found.transaction)
            is_open = found.transaction in self._begun.handles
            found.lane = self.lane(found.transaction if is_open or found.is_apart else b"")
        return found

    def forget(self, key: bytes) -> None:
        """Closes a prepared statement; one that is closed already stays so."""
        self._statements.pop(key, None)

    def query(
        self, sql: str, lane: Lane, rows: pa.Table | None = None, names: list[str] | None = None
    ) -> Held:
        """Runs a statement up to its first rows, and holds the result."""
        if (asked := self._setting(sql)) is not None:
            self.set(*asked)
            sql, lane, rows = _DONE, self.main, None
        sets = sets_of(names or [], rows)
        with lane.lock:
            if sql != _DONE and self._is_undone(sql, lane):
                sql = _DONE
            result = lane.run_all(sql, sets)
            can_repeat = result.affected is None and not lane.in_transaction and len(sets) == 1
            ticket = Ticket(
                handle=secrets.token_hex(16),
                session=self.key,
                name=self.caller.principal.identifier,
                database=lane.database.name,
                commit=result.commit if can_repeat else "",
                schema=lane.schema,
                sql=sql if can_repeat else "",
                values=packed(rows) if can_repeat else b"",
                names=tuple(names or ()),
            )
        return self._waiting.hold(Stream(result).begin(), ticket)

    def update(
        self, sql: str, lane: Lane, rows: pa.Table | None = None, names: list[str] | None = None
    ) -> int:
        """Runs a statement for its effect; gives the number of records, or -1."""
        if (asked := self._setting(sql)) is not None:
            self.set(*asked)
            return 0
        with lane.lock:
            return 0 if self._is_undone(sql, lane) else lane.update(sql, sets_of(names or [], rows))

    def take(self, handle: str) -> Stream | None:
        """Gives a held result, once."""
        return self._waiting.take(handle)

    def renew(self, handle: str) -> None:
        """Holds a result for longer, if it is held."""
        self._waiting.renew(handle)

    def cancel(self, handle: str) -> bool:
        """Lets go of a held result; tells whether there was one."""
        stream = self.take(handle)
        if stream is not None:
            stream.close()
        return stream is not None

    # --- the end

    def tend(self, now: float) -> None:
        """Lets go of what nobody has asked for in time."""
        self._waiting.tend(now)
        since = now - self._limits.transaction
        with self._lock:
            left = self._begun.idle(since)
        for key in left:
            self._abandon(key, since)
        self._abandon_own(since)

    def _abandon(self, key: bytes, since: float) -> None:
        """Rolls back a transaction in which nothing has happened since then."""
        why = idle(self._limits.transaction)
        with self._lock:
            if key not in self._begun.idle(since):  # a call came in between
                return
            lane = self._begun.find(key).lane
            if lane is self.main:
                self._loss = Loss(message=why, handle=key)
            lane.rollback()
        self._forget(key, lane, why)

    def _abandon_own(self, since: float) -> None:
        """Rolls back the one that began as text."""
        lane = self.main
        if lane.is_busy or not lane.in_transaction or self._begun.on(lane):
            return
        with lane.lock:
            if self.used_at < since:
                self._loss = Loss(message=idle(self._limits.transaction))
                lane.rollback()

    @property
    def is_busy(self) -> bool:
        """Whether a statement runs, or has rows that nobody has read yet."""
        return any(lane.is_busy for lane in self._lanes())

    def interrupt(self) -> None:
        """Stops whatever runs; callable from any thread."""
        for lane in self._lanes():
            lane.interrupt()

    def _lanes(self) -> list[Lane]:
        return list({id(lane): lane for lane in (self.main, *self._begun.lanes)}.values())

    def close(self) -> None:
        """Ends everything; what is not committed is forgotten."""
        with self._lock:
            lanes = self._lanes()
            self._begun.clear()
            self._statements.clear()
        self._waiting.close()
        for lane in lanes:
            lane.close()
