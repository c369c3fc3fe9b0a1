"""What a client has on the server: where it stands, transactions, prepared statements, results."""

import secrets
import time
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING

import pyarrow as pa

from ingitdb.errors import AccessDenied, IngitdbError
from ingitdb.execution.preparing import Preparation
from ingitdb_flight.lanes import Lane
from ingitdb_flight.limits import MOST_RESULTS, MOST_STATEMENTS, Limits
from ingitdb_flight.options import Options, setting, used
from ingitdb_flight.parameters import packed, sets_of
from ingitdb_flight.refusals import InvalidRequest, NotFound
from ingitdb_flight.roles import may_commit_for_others
from ingitdb_flight.tokens import Ticket

if TYPE_CHECKING:
    from ingitdb.execution.results import Result
    from ingitdb_flight.callers import Caller
    from ingitdb_flight.databases import Databases

_DONE = 'SELECT 0 AS "Count" LIMIT 0'
_NOTHING = Preparation(schema=None, parameters=pa.schema([]), gives_rows=False)


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A prepared statement.

    Attributes:
        lane: Where it runs.
        rows: What is bound, a row a run.
    """

    sql: str
    lane: Lane
    preparation: Preparation
    rows: pa.Table | None = None


@dataclass(slots=True, kw_only=True)
class Held:
    """A result that has begun and waits to be fetched.

    Attributes:
        ticket: What fetches it.
        until: When it is let go of, by the clock of `time.monotonic`.
    """

    result: "Result"
    ticket: Ticket
    until: float


@dataclass(slots=True)
class _Open:
    """A transaction that was begun by Flight SQL's own action."""

    lane: Lane
    used_at: float
    savepoints: dict[bytes, str] = field(default_factory=dict)


class Session:
    """One client's state.

    Attributes:
        key: Its name for the server.
        caller: Whose it is.
        options: Where it stands.
        used_at: When it was last asked anything, by the clock of `time.monotonic`.
    """

    def __init__(self, key: str, caller: "Caller", databases: "Databases", limits: Limits) -> None:
        self.key = key
        self.caller = caller
        self.used_at = time.monotonic()
        self._databases = databases.seen_by(caller.principal)
        self._limits = limits
        self._lock = RLock()
        self._open: dict[bytes, _Open] = {}
        self._statements: dict[bytes, Prepared] = {}
        self._results: dict[str, Held] = {}
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
            elif name == "autocommit":
                self.main.commit_alone(is_wanted=wanted.is_autocommit)
            else:
                if name == "catalog":
                    wanted = wanted.but("schema", "").but("ref", "")
                self._move(wanted)
            self.options = wanted

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
        for found in self._open.values():
            if found.lane is before:
                found.lane = self.main
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
    def standing(self) -> Options:
        """Where it stands now: statements may have moved it."""
        session = self.main.session
        found = self.options.but("schema", session.schema or "").but("ref", session.ref or "")
        found = found.but("catalog", self.main.database.name)  # as it spells itself
        return found.but("commit_message", self.main.message)

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
        return frozenset(self._open)

    def lane(self, transaction: bytes) -> Lane:
        """Gives where statements of a transaction run; without one the session itself.

        Raises:
            NotFound: There is no such transaction, or it has ended.
        """
        if not transaction:
            return self.main
        with self._lock:
            return self._transaction(transaction).lane

    def begin(self) -> bytes:
        """Opens a transaction; gives its handle.

        The first one is the session's own, so that what comes without the handle belongs to it,
        as the uploads of some clients do.
        """
        with self._lock:
            lane = self.main
            if lane.in_transaction:
                lane = self._lane(self.options)
            lane.begin()
            key = secrets.token_bytes(16)
            self._open[key] = _Open(lane, time.monotonic())
            return key

    def end(self, transaction: bytes, *, is_kept: bool) -> None:
        """Ends a transaction.

        Raises:
            IngitdbError: What it wrote cannot be committed.
        """
        with self._lock:
            lane = self._transaction(transaction).lane
        try:
            if is_kept:
                lane.commit_transaction()
            else:
                lane.rollback()
        finally:
            if not lane.in_transaction:
                with self._lock:
                    self._open.pop(transaction, None)
                if lane is not self.main:
                    lane.close()

    def save(self, transaction: bytes, name: str) -> bytes:
        """Sets a savepoint; gives its handle."""
        with self._lock:
            found = self._transaction(transaction)
            found.lane.savepoint("SAVEPOINT", name)
            key = secrets.token_bytes(16)
            found.savepoints[key] = name
            return key

    def end_savepoint(self, savepoint: bytes, *, is_kept: bool) -> None:
        """Releases a savepoint, or goes back to it.

        Raises:
            NotFound: There is no such savepoint.
        """
        with self._lock:
            for found in self._open.values():
                name = found.savepoints.get(savepoint)
                if name is None:
                    continue
                found.lane.savepoint("RELEASE" if is_kept else "ROLLBACK TO", name)
                later = list(found.savepoints)
                for key in later[later.index(savepoint) + (not is_kept) :]:
                    del found.savepoints[key]
                return
        raise NotFound("There is no such savepoint. (IGD-5008, SQLSTATE 3B001)")

    def _transaction(self, key: bytes) -> _Open:
        found = self._open.get(key)
        if found is None:
            raise NotFound(
                "There is no such transaction; it may have ended, or nothing happened in it for"
                f" {self._limits.transaction:.0f} seconds. (IGD-5008, SQLSTATE 25000)"
            )
        found.used_at = time.monotonic()
        return found

    # --- statements

    def prepare(self, sql: str, transaction: bytes) -> tuple[bytes, Prepared]:
        """Prepares a statement; gives its handle."""
        lane = self.lane(transaction)
        preparation = _NOTHING if self._setting(sql) else lane.prepare(sql)
        made = Prepared(sql=sql, lane=lane, preparation=preparation)
        key = secrets.token_bytes(16)
        with self._lock:
            self._statements[key] = made
            if len(self._statements) > MOST_STATEMENTS:
                del self._statements[next(iter(self._statements))]
        return key, made

    def prepared(self, key: bytes) -> Prepared:
        """Gives a prepared statement.

        Raises:
            NotFound: There is none of that handle.
        """
        found = self._statements.get(key)
        if found is None:
            raise NotFound("There is no such prepared statement. (IGD-5001, SQLSTATE 26000)")
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
        now = time.monotonic()
        held = Held(result=result, ticket=ticket, until=now + self._limits.result)
        with self._lock:
            self._results[ticket.handle] = held
            late = self._late(now)
        for each in late:
            each.result.close()
        return held

    def update(
        self, sql: str, lane: Lane, rows: pa.Table | None = None, names: list[str] | None = None
    ) -> int:
        """Runs a statement for its effect; gives the number of records, or -1."""
        if (asked := self._setting(sql)) is not None:
            self.set(*asked)
            return 0
        return lane.update(sql, sets_of(names or [], rows))

    def take(self, handle: str) -> "Result | None":
        """Gives a held result, once."""
        with self._lock:
            found = self._results.pop(handle, None)
        return None if found is None else found.result

    def renew(self, handle: str) -> None:
        """Holds a result for longer, if it is held."""
        with self._lock:
            if (found := self._results.get(handle)) is not None:
                found.until = time.monotonic() + self._limits.result

    def cancel(self, handle: str) -> bool:
        """Lets go of a held result; tells whether there was one."""
        result = self.take(handle)
        if result is not None:
            result.close()
        return result is not None

    # --- the end

    def tend(self, now: float) -> None:
        """Lets go of what nobody has asked for in time."""
        with self._lock:
            late = self._late(now)
            idle = [
                key
                for key, found in self._open.items()
                if found.used_at + self._limits.transaction < now and not found.lane.is_busy
            ]
        for each in late:
            each.result.close()
        for key in idle:
            self._abandon(key)

    def _abandon(self, key: bytes) -> None:
        try:
            self.end(key, is_kept=False)
        except (IngitdbError, NotFound):
            return

    def _late(self, now: float) -> list[Held]:
        """Takes out the results that are not held any longer."""
        keys = [key for key, held in self._results.items() if held.until < now]
        keys += list(self._results)[: max(0, len(self._results) - len(keys) - MOST_RESULTS)]
        return [self._results.pop(key) for key in dict.fromkeys(keys)]

    @property
    def is_busy(self) -> bool:
        """Whether a statement runs, or has rows that nobody has read yet."""
        return any(lane.is_busy for lane in self._lanes())

    def interrupt(self) -> None:
        """Stops whatever runs; callable from any thread."""
        for lane in self._lanes():
            lane.interrupt()

    def _lanes(self) -> list[Lane]:
        open_ones = list(self._open.values())
        return list({id(lane): lane for lane in (self.main, *(o.lane for o in open_ones))}.values())

    def close(self) -> None:
        """Ends everything; what is not committed is forgotten."""
        with self._lock:
            lanes = self._lanes()
            held = list(self._results.values())
            self._open.clear()
            self._statements.clear()
            self._results.clear()
        for each in held:
            each.result.close()
        for lane in lanes:
            lane.close()
