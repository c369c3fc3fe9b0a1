"""The server: which request of Flight and Flight SQL means what."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import flight

from ingitdb_flight import messages
from ingitdb_flight.callers import Handshake, Introduction, Reception
from ingitdb_flight.column_fields import typed_fields
from ingitdb_flight.ingest import ingest, uploaded
from ingitdb_flight.limits import Limits
from ingitdb_flight.metadata import METADATA
from ingitdb_flight.options import Options
from ingitdb_flight.parameters import asked_for
from ingitdb_flight.refusals import InvalidRequest, NotFound, Unsupported, refusing
from ingitdb_flight.session import Held, Prepared, Session
from ingitdb_flight.sessions import Sessions
from ingitdb_flight.tickets import Tickets
from ingitdb_flight.tokens import Ticket, Tokens
from ingitdb_flight.watching import Watch

if TYPE_CHECKING:
    from ingitdb.execution.preparing import Preparation
    from ingitdb.execution.results import Result
    from ingitdb_flight.databases import Databases

_ACTIONS = {
    "CreatePreparedStatement": "Prepares a statement.",
    "ClosePreparedStatement": "Closes a prepared statement.",
    "BeginTransaction": "Opens a transaction.",
    "EndTransaction": "Commits a transaction, or rolls it back.",
    "BeginSavepoint": "Sets a savepoint.",
    "EndSavepoint": "Releases a savepoint, or goes back to it.",
    "CancelQuery": "Stops a query; use CancelFlightInfo.",
    "CancelFlightInfo": "Stops a query.",
    "RenewFlightEndpoint": "Holds a result for longer.",
    "SetSessionOptions": "Sets catalog, schema, ref, author or commit_message.",
    "GetSessionOptions": "Gives the options of the session.",
    "CloseSession": "Ends the session.",
}
_KEPT, _UNDONE = 1, 2
_CANCELLED, _NOT_CANCELLABLE = 1, 3
_INVALID_NAME, _INVALID_VALUE, _FAILED = 1, 2, 3
_CLOSED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What a server needs.

    Attributes:
        databases: What it offers.
        reception: Finds out who calls.
        tokens: Signs tickets.
        limits: How long it waits.
        sessions: What its clients have; they outlive a listener.
    """

    databases: "Databases"
    reception: Reception
    tokens: Tokens
    limits: Limits
    sessions: Sessions


class FlightSqlServer(flight.FlightServerBase):
    """Serves databases over Flight SQL; runs as soon as it is made.

    Args:
        location: Where it listens.
        serving: What it serves.
        certificates: Pairs of certificate and key; without TLS when empty.
    """

    def __init__(
        self,
        location: str | tuple[str, int],
        serving: Serving,
        *,
        certificates: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        self._reception = serving.reception
        self._databases = serving.databases
        self._limits = serving.limits
        self._sessions = serving.sessions
        self._tickets = Tickets(serving.databases, serving.tokens, self._sessions)
        self._watch = Watch()
        super().__init__(
            location,
            auth_handler=Handshake(serving.reception),
            tls_certificates=certificates,
            middleware={"introduction": Introduction(serving.reception)},
        )

    @property
    def sessions(self) -> Sessions:
        """The sessions of its clients."""
        return self._sessions

    def close(self) -> None:
        """Takes no new calls, and waits for those in progress."""
        self.shutdown()
        self.wait()
        self._watch.close()

    # --- queries

    @refusing
    def get_flight_info(
        self, context: Any, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        """Runs a query up to its first rows, or says what answers a question of metadata."""
        name, command = _command(descriptor)
        session = self._session(context)
        if name in METADATA:
            schema = METADATA[name].schema(command)
            ticket = flight.Ticket(descriptor.command)
            return flight.FlightInfo(schema, descriptor, [flight.FlightEndpoint(ticket, [])])
        with self._watch.over(context, session.main.interrupt):
            held = self._held(session, name, command)
        endpoint = flight.FlightEndpoint(
            flight.Ticket(self._tickets.spelled(held.ticket)), [], self._expiry(held.ticket)
        )
        stream = held.stream
        return flight.FlightInfo(stream.schema, descriptor, [endpoint], _count(stream.result), -1)

    @refusing
    def get_schema(self, context: Any, descriptor: flight.FlightDescriptor) -> flight.SchemaResult:
        """Says which columns a query gives, without running it if that is known."""
        name, command = _command(descriptor)
        session = self._session(context)
        if name in METADATA:
            return flight.SchemaResult(METADATA[name].schema(command))
        if name == "CommandStatementQuery":
            found = _told(session.lane(command.transaction_id).prepare(command.query))
        elif name == "CommandPreparedStatementQuery":
            found = _told(session.prepared(command.prepared_statement_handle).preparation)
        else:
            raise _unknown(name)
        if found is None:
            raise InvalidRequest(
                "The columns are known once the statement has run. (IGD-5001, SQLSTATE 0A000)"
            )
        return flight.SchemaResult(found)

    def _held(self, session: Session, name: str, command: Any) -> Held:
        if name == "CommandStatementQuery":
            return session.query(command.query, session.lane(command.transaction_id))
        if name == "CommandPreparedStatementQuery":
            made = session.prepared(command.prepared_statement_handle)
            return session.query(made.sql, made.lane, made.rows, made.preparation.parameters.names)
        raise _unknown(name)

    def _expiry(self, ticket: Ticket) -> pa.Scalar | None:
        """Says until when a ticket can be used; one that can be run again, always."""
        return None if ticket.commit else self._later()

    def _later(self) -> pa.Scalar:
        """Gives the time until which a result that is asked for now is held."""
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self._limits.result)
        return pa.scalar(until, pa.timestamp("us", "UTC"))

    @refusing
    def do_get(self, context: Any, ticket: flight.Ticket) -> flight.FlightDataStream:
        """Streams a result, or the answer to a question of metadata."""
        name, command = _unwrapped(ticket.ticket)
        session = self._session(context)
        if name in METADATA:
            return flight.RecordBatchStream(METADATA[name].answer(command, session))
        if name != "TicketStatementQuery":
            raise _unknown(name)
        with self._watch.over(context, session.main.interrupt):
            stream = self._tickets.stream(command.statement_handle, session)
        return flight.RecordBatchStream(stream.rows())

    # --- updates

    @refusing
    def do_put(
        self,
        context: Any,
        descriptor: flight.FlightDescriptor,
        reader: flight.MetadataRecordBatchReader,
        writer: flight.FlightMetadataWriter,
    ) -> None:
        """Runs an update, binds parameters, or takes an upload."""
        name, command = _command(descriptor)
        session = self._session(context)
        if name == "CommandPreparedStatementQuery":
            key = command.prepared_statement_handle
            session.prepared(key).rows = self._uploaded(context, reader)
            answer = messages.make("DoPutPreparedStatementResult", prepared_statement_handle=key)
        else:
            with self._watch.over(context, session.main.interrupt):
                read = partial(self._uploaded, context, reader)
                count = self._updated(session, name, command, read)
            # a negative count makes JDBC run the statement once more, as a query
            answer = messages.make("DoPutUpdateResult", record_count=max(count, 0))
        with suppress(OSError):  # the client has gone: nobody is there to be told
            writer.write(pa.py_buffer(answer.SerializeToString()))

    def _uploaded(self, context: Any, reader: flight.MetadataRecordBatchReader) -> pa.Table:
        """Reads what a client sends; what is there when the client goes is not all of it."""
        rows = uploaded(reader, self._limits.ingest)
        if context.is_cancelled():
            raise flight.FlightCancelledError("The client has gone. (IGD-5006, SQLSTATE 57014)")
        return rows

    def _updated(
        self, session: Session, name: str, command: Any, read: Callable[[], pa.Table]
    ) -> int:
        if name == "CommandStatementUpdate":
            return session.update(command.query, session.lane(command.transaction_id))
        if name == "CommandPreparedStatementUpdate":
            made = session.prepared(command.prepared_statement_handle)
            return session.update(
                made.sql,
                made.lane,
                _bound(made, read()),
                made.preparation.parameters.names,
            )
        if name == "CommandStatementIngest":
            return ingest(session, command, read)
        raise _unknown(name)

    # --- actions

    @refusing
    def do_action(self, context: Any, action: flight.Action) -> Iterator[bytes]:
        """Does what needs no rows."""
        handler = getattr(self, f"_{_snake(action.type)}", None)
        if action.type not in _ACTIONS or handler is None:
            raise Unsupported(f"There is no action {action.type!r}. (IGD-5003, SQLSTATE 0A000)")
        answer = handler(self._session(context), action.body.to_pybytes())
        return iter([] if answer is None else [answer])

    def list_actions(self, context: Any) -> list[tuple[str, str]]:
        """Lists the actions."""
        return list(_ACTIONS.items())

    def list_flights(self, context: Any, criteria: bytes) -> Iterator[flight.FlightInfo]:
        """Lists nothing: what there is, is asked for by the commands of Flight SQL."""
        return iter([])

    @refusing
    def do_exchange(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        """Refuses: Flight SQL has no use for it."""
        raise Unsupported("Flight SQL does not exchange. (IGD-5003, SQLSTATE 0A000)")

    def _create_prepared_statement(self, session: Session, body: bytes) -> bytes:
        asked = _of("ActionCreatePreparedStatementRequest", body)
        key, made = session.prepare(asked.query, asked.transaction_id)
        known = made.preparation
        return messages.wrap(
            messages.make(
                "ActionCreatePreparedStatementResult",
                prepared_statement_handle=key,
                dataset_schema=_serialized(_told(known)),
                parameter_schema=_serialized(asked_for(known.parameters)),
                is_update=not known.gives_rows,
            )
        )

    def _close_prepared_statement(self, session: Session, body: bytes) -> None:
        session.forget(_of("ActionClosePreparedStatementRequest", body).prepared_statement_handle)

    def _begin_transaction(self, session: Session, body: bytes) -> bytes:
        _of("ActionBeginTransactionRequest", body)
        made = messages.make("ActionBeginTransactionResult", transaction_id=session.begin())
        return messages.wrap(made)

    def _end_transaction(self, session: Session, body: bytes) -> None:
        asked = _of("ActionEndTransactionRequest", body)
        session.end(asked.transaction_id, is_kept=_is_kept(asked.action))

    def _begin_savepoint(self, session: Session, body: bytes) -> bytes:
        asked = _of("ActionBeginSavepointRequest", body)
        key = session.save(asked.transaction_id, asked.name)
        return messages.wrap(messages.make("ActionBeginSavepointResult", savepoint_id=key))

    def _end_savepoint(self, session: Session, body: bytes) -> None:
        asked = _of("ActionEndSavepointRequest", body)
        session.end_savepoint(asked.savepoint_id, is_kept=_is_kept(asked.action))

    def _cancel_query(self, session: Session, body: bytes) -> bytes:
        status = self._cancelled(session, _of("ActionCancelQueryRequest", body).info)
        return messages.wrap(messages.make("ActionCancelQueryResult", result=status))

    def _cancel_flight_info(self, session: Session, body: bytes) -> bytes:
        asked = _plain("CancelFlightInfoRequest", body)
        made = messages.make("CancelFlightInfoResult", status=self._cancelled(session, asked.info))
        return bytes(made.SerializeToString())

    def _cancelled(self, session: Session, data: bytes) -> int:
        """Stops what a FlightInfo stands for, wherever it is."""
        try:
            endpoints = flight.FlightInfo.deserialize(data).endpoints
        except (pa.ArrowException, ValueError):
            raise InvalidRequest("This is no FlightInfo. (IGD-1001)") from None
        found = [self._tickets.cancel(each.ticket.ticket, session) for each in endpoints]
        return _CANCELLED if any(found) else _NOT_CANCELLABLE

    def _renew_flight_endpoint(self, session: Session, body: bytes) -> bytes:
        asked = _plain("RenewFlightEndpointRequest", body)
        try:
            endpoint = flight.FlightEndpoint.deserialize(asked.endpoint)
        except (pa.ArrowException, ValueError):
            raise InvalidRequest("This is no FlightEndpoint. (IGD-1001)") from None
        ticket = self._tickets.read(endpoint.ticket.ticket)
        session.renew(ticket.handle)
        renewed = flight.FlightEndpoint(
            endpoint.ticket,
            endpoint.locations,
            self._later(),
        )
        return bytes(renewed.serialize())

    def _set_session_options(self, session: Session, body: bytes) -> bytes:
        made = messages.make("SetSessionOptionsResult")
        for name, value in _plain("SetSessionOptionsRequest", body).session_options.items():
            fault = _set(session, name, value)
            if fault is not None:
                made.errors[name].value = fault
        return bytes(made.SerializeToString())

    def _get_session_options(self, session: Session, body: bytes) -> bytes:
        _plain("GetSessionOptionsRequest", body)
        made = messages.make("GetSessionOptionsResult")
        for name, value in session.standing.items():
            made.session_options[name].string_value = value
        return bytes(made.SerializeToString())

    def _close_session(self, session: Session, body: bytes) -> bytes:
        _plain("CloseSessionRequest", body)
        self._sessions.end(session)
        return bytes(messages.make("CloseSessionResult", status=_CLOSED).SerializeToString())

    def _session(self, context: Any) -> Session:
        return self._sessions.of(self._reception.caller, context.peer())


def _set(session: Session, name: str, value: Any) -> int | None:
    """Sets an option; gives the number of what is wrong with it, or None."""
    if name not in Options.names():
        return _INVALID_NAME
    kind = value.WhichOneof("option_value")
    if kind not in ("string_value", None):
        return _INVALID_VALUE
    try:
        session.set(name, value.string_value if kind else "")
    except InvalidRequest:
        return _FAILED
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is refused
        return _INVALID_VALUE
    return None


def _bound(made: Prepared, rows: pa.Table) -> pa.Table | None:
    """Gives the parameters that come with an update, else those that were bound before."""
    return rows if rows.num_columns else made.rows


def _count(result: "Result") -> int:
    """Gives how many rows a result has, where that is known: those that a write met."""
    return -1 if result.affected is None or result.is_count else result.affected


def _command(descriptor: flight.FlightDescriptor) -> tuple[str, Any]:
    if descriptor.command is None:
        raise InvalidRequest("There are no paths here, only commands of Flight SQL. (IGD-1001)")
    return _unwrapped(descriptor.command)


def _unwrapped(data: bytes) -> tuple[str, Any]:
    try:
        return messages.unwrap(data)
    except ValueError as error:
        raise InvalidRequest(f"{error} (IGD-1001)") from None


def _of(name: str, body: bytes) -> Any:
    """Reads the wrapped message of an action."""
    found, asked = _unwrapped(body)
    if found != name:
        raise InvalidRequest(f"{found} is not what this action takes: {name}. (IGD-1001)")
    return asked


def _plain(name: str, body: bytes) -> Any:
    """Reads a message that is not wrapped."""
    try:
        return messages.parse(name, body)
    except ValueError as error:
        raise InvalidRequest(f"{error} (IGD-1001)") from None


def _is_kept(action: int) -> bool:
    if action not in (_KEPT, _UNDONE):
        raise InvalidRequest("Say how to end it: 1 keeps, 2 rolls back. (IGD-1001)")
    return action == _KEPT


def _unknown(name: str) -> Exception:
    if "Substrait" in name:
        return Unsupported("Plans of Substrait are not read here. (IGD-5003, SQLSTATE 0A000)")
    return NotFound(f"{name} is no command for this call. (IGD-1001)")


def _told(known: "Preparation") -> pa.Schema | None:
    """Gives the columns of a statement that has not run yet."""
    if known.schema is None or not known.columns:
        return known.schema
    return typed_fields(known.schema, known.columns)


def _serialized(schema: pa.Schema | None) -> bytes:
    return b"" if schema is None else schema.serialize().to_pybytes()


def _snake(name: str) -> str:
    """Spells `BeginTransaction` as `begin_transaction`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
