"""From a ticket to its result: the one that waits, else the query run again at the same commit."""

from typing import TYPE_CHECKING

from pyarrow import flight

from ingitdb.model.types import quote_identifier
from ingitdb_flight import messages
from ingitdb_flight.parameters import sets_of, unpacked
from ingitdb_flight.refusals import InvalidRequest, NotFound
from ingitdb_flight.streams import Stream
from ingitdb_flight.tokens import Forged, Ticket, Tokens

if TYPE_CHECKING:
    from ingitdb_flight.databases import Databases
    from ingitdb_flight.session import Session
    from ingitdb_flight.sessions import Sessions


class Tickets:
    """Spells and redeems them."""

    def __init__(self, databases: "Databases", tokens: Tokens, sessions: "Sessions") -> None:
        self._databases = databases
        self._tokens = tokens
        self._sessions = sessions

    def spelled(self, ticket: Ticket) -> bytes:
        """Gives a ticket as it goes over the wire."""
        handle = self._tokens.ticket(ticket)
        return messages.wrap(messages.make("TicketStatementQuery", statement_handle=handle))

    def read(self, data: bytes) -> Ticket:
        """Reads a ticket as it came over the wire.

        Raises:
            InvalidRequest: It is none, or not of this server.
        """
        try:
            name, command = messages.unwrap(data)
        except ValueError as error:
            raise InvalidRequest(f"{error} (IGD-1001)") from None
        if name != "TicketStatementQuery":
            raise InvalidRequest(f"{name} is no ticket of a query. (IGD-1001)")
        return self._read(command.statement_handle)

    def stream(self, handle: bytes, session: "Session") -> Stream:
        """Gives the result of a ticket.

        Raises:
            NotFound: It was fetched already, or nobody came for it in time, and it cannot be
                had again.
            FlightUnauthorizedError: It was given to somebody else.
        """
        ticket = self._read(handle)
        self._check(ticket, session)
        owner = session if ticket.session == session.key else self._sessions.find(ticket.session)
        held = owner.take(ticket.handle) if owner is not None else None
        return held if held is not None else self._again(ticket, session)

    def cancel(self, data: bytes, session: "Session") -> bool:
        """Lets go of the result of a ticket; tells whether it was there."""
        ticket = self.read(data)
        self._check(ticket, session)
        owner = self._sessions.find(ticket.session)
        return owner is not None and owner.cancel(ticket.handle)

    def _read(self, handle: bytes) -> Ticket:
        try:
            return self._tokens.read_ticket(handle)
        except Forged:
            raise InvalidRequest("This ticket is not of this server. (IGD-1001)") from None

    @staticmethod
    def _check(ticket: Ticket, session: "Session") -> None:
        if ticket.name != session.caller.principal.identifier:
            raise flight.FlightUnauthorizedError(
                "This ticket was given to somebody else. (IGD-5007, SQLSTATE 42501)"
            )

    def _again(self, ticket: Ticket, session: "Session") -> Stream:
        """Runs the query of a ticket once more; what it reads has not changed."""
        if not ticket.commit:
            raise NotFound(
                "The result was fetched already, or nobody came for it in time.\n"
                "Run the statement again. (IGD-5001, SQLSTATE 24000)"
            )
        again = self._databases.find(ticket.database).session(
            ticket.commit, principal=session.caller.principal, is_local=False
        )
        if ticket.schema:
            again.execute(f"USE {quote_identifier(ticket.schema)}").close()
        (values,) = sets_of(list(ticket.names), unpacked(ticket.values))
        return Stream(again.execute(ticket.sql, values))
