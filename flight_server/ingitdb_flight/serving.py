"""Starts a server from settings, keeps it until it is told to stop, and ends it gracefully."""

import logging
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow as pa

from ingitdb.errors import UsageError
from ingitdb_flight.callers import Door, OpenDoor, Reception
from ingitdb_flight.certificates import CertificateFiles
from ingitdb_flight.databases import Databases
from ingitdb_flight.limits import Limits
from ingitdb_flight.logs import told
from ingitdb_flight.refusals import without_tracebacks
from ingitdb_flight.server import FlightSqlServer, Serving
from ingitdb_flight.sessions import Sessions
from ingitdb_flight.tokens import Tokens

_AFTER = 2.0
"""Seconds that interrupted calls get to end."""
_LOOK = 2.0
"""Seconds between two looks at the certificate."""
_BIND = 5.0
"""Seconds for which a new listener waits for the port of the former one."""


class PortTaken(Exception):
    """An address cannot be listened at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms a server serves.

    Attributes:
        key: Signs tokens and tickets.
        door: Who may come in.
        limits: How long it waits.
        token_seconds: For how long a token holds; for ever when None.
        certificates: Without TLS when None.
    """

    key: bytes
    door: Door = field(default_factory=OpenDoor)
    limits: Limits = field(default_factory=Limits)
    token_seconds: float | None = None
    certificates: CertificateFiles | None = None


class Service:
    """A running server. Its listener can be replaced while its sessions go on.

    Args:
        databases: What it offers.
        terms: On what terms.
        host: The address that it listens at.
        port: The port; any that is free when 0.

    Raises:
        PortTaken: It cannot listen there.
        UsageError: The certificate cannot be used.
    """

    def __init__(self, databases: Databases, terms: Terms, host: str, port: int) -> None:
        self._host = host
        self._files = terms.certificates
        self._pair = self._files.read() if self._files else []
        check_address(host, port)
        tokens = Tokens(terms.key)
        self._sessions = Sessions(databases, terms.limits)
        self._serving = Serving(
            databases=databases,
            reception=Reception(terms.door, tokens, terms.token_seconds),
            tokens=tokens,
            limits=terms.limits,
            sessions=self._sessions,
        )
        self._draining: list[threading.Thread] = []
        try:
            self.server = self._listener(port)
        except PortTaken:
            self._sessions.close()
            raise

    @property
    def port(self) -> int:
        """The port that it listens at."""
        found: int = self.server.port
        return found

    @property
    def sessions(self) -> Sessions:
        """The sessions of its clients."""
        return self._sessions

    def renew(self, *, is_forced: bool = False) -> bool:
        """Begins to listen with the certificate as its files have it now, if it has changed.

        Clients connect again and go on in their sessions; calls in progress end as they began.
        Files that cannot be used leave everything as it is.
        """
        if self._files is None:
            return False
        try:
            pair = self._files.read()
        except UsageError as error:
            told(logging.ERROR, "certificate stays as it was", reason=error.message)
            return False
        if pair == self._pair and not is_forced:
            return False
        self._pair = pair
        former, port = self.server, self.port
        ending = threading.Thread(target=former.close, name="former listener", daemon=True)
        ending.start()
        self._draining.append(ending)
        until = time.monotonic() + _BIND
        while True:
            try:
                check_address(self._host, port)
                self.server = self._listener(port)
                break
            except PortTaken:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
        told(logging.INFO, "certificate read")
        return True

    def close(self, seconds: float = 30.0) -> bool:
        """Takes no new calls, lets those in progress end, rolls back what is not committed.

        Args:
            seconds: After this time calls in progress are interrupted.

        Returns:
            Whether all calls have ended; a client that reads nothing can hold up one for ever, and
            then nothing is freed: the process should end, and hold this object until it does.
        """
        ending = threading.Thread(target=self.server.close, name="listener", daemon=True)
        ending.start()
        threads = [*self._draining, ending]
        has_ended = _joined(threads, seconds)
        if not has_ended:
            told(logging.WARNING, "calls are interrupted", after=f"{seconds:g}s")
            for session in self._sessions:
                session.interrupt()
            has_ended = _joined(threads, _AFTER)
        if has_ended:
            self._sessions.close()
        return has_ended

    def _listener(self, port: int) -> FlightSqlServer:
        scheme = "grpc+tls" if self._pair else "grpc"
        host = f"[{self._host}]" if ":" in self._host else self._host
        try:
            return FlightSqlServer(
                f"{scheme}://{host}:{port}", self._serving, certificates=self._pair or None
            )
        except (pa.ArrowException, OSError) as error:
            raise PortTaken(f"Nothing can listen at {self._host}, port {port}.") from error


def check_address(host: str, port: int) -> None:
    """Returns if an address can be listened at.

    Raises:
        PortTaken: It cannot be; the message says why.
    """
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, place in places:
            with socket.socket(family, kind, protocol) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(place)
                trial.listen(1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PortTaken(f"Nothing can listen at {host}, port {port}: {reason}.") from error


@contextmanager
def served(
    databases: Databases,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    key: bytes = b"",
    limits: Limits | None = None,
    terms: Terms | None = None,
) -> Iterator[Service]:
    """Serves databases while the block runs, then ends gracefully.

    Args:
        databases: What is offered.
        host: The address.
        port: The port; any that is free when 0.
        key: Signs tokens, where there are no terms.
        limits: How long it waits, where there are no terms.
        terms: On what terms; anybody may come in when None.
    """
    with without_tracebacks():
        own = terms or Terms(key=key, limits=limits or Limits())
        service = Service(databases, own, host, port)
        try:
            yield service
        finally:
            service.close()


class Signals:
    """What the process is told: to end (SIGINT, SIGTERM), or to listen anew (SIGHUP)."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._asked = threading.Event()
        signal.set_wakeup_fd(-1)  # what the command line does at Ctrl-C is not for a server
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, lambda _number, _frame: self._asked.set())

    def wait(self, service: Service) -> None:
        """Waits for the end; looks after the certificate meanwhile."""
        while not self._ended.wait(_LOOK):
            is_forced = self._asked.is_set()
            self._asked.clear()
            service.renew(is_forced=is_forced)

    def _end(self, number: int, _frame: object) -> None:
        if self._ended.is_set():
            raise KeyboardInterrupt  # told twice: at once
        told(logging.INFO, "told to end", signal=signal.Signals(number).name)
        self._ended.set()


def _joined(threads: list[threading.Thread], seconds: float) -> bool:
    """Waits for threads; tells whether all have ended."""
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)
