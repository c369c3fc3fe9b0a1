"""Starts the server that the user asked for, says how to connect, and waits for its end."""

import contextlib
import ipaddress
import logging
import os
import re
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import platformdirs
import pyarrow as pa

from ingitdb.api.configuration import configure
from ingitdb.errors import UsageError
from ingitdb.services.database import Database
from ingitdb_cli.app import App
from ingitdb_cli.output.target import TargetFailed
from ingitdb_cli.statuses import Status
from ingitdb_flight.callers import Door, OpenDoor
from ingitdb_flight.certificates import CertificateFiles
from ingitdb_flight.databases import Databases
from ingitdb_flight.limits import Limits
from ingitdb_flight.logs import logging_to, told
from ingitdb_flight.refusals import without_tracebacks
from ingitdb_flight.roles import RolePolicy
from ingitdb_flight.serving import PortTaken, Service, Signals, Terms
from ingitdb_flight.tokens import signing_key
from ingitdb_flight.users import UsersDoor, UsersFile

_NAMED = re.compile(r"(?P<name>[^/\\=.~][^/\\=]*)=(?P<path>.+)", re.DOTALL)
_KEY = "server.key"
_COLUMNS = [("client", pa.string()), ("database", pa.string()), ("address", pa.string())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the options of `ingitdb serve` say, each under its own name; times are in seconds."""

    paths: Sequence[str]
    host: str
    port: int
    users: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    key: Path | None
    token_lifetime: float
    session_timeout: float
    transaction_timeout: float
    drain: float
    ingest_limit: float
    insecure_no_tls: bool
    insecure_no_auth: bool


def serve_databases(app: App, asked: Asked) -> None:
    """Serves until the process is told to end.

    Raises:
        UsageError: Something that was asked for cannot be.
        TargetFailed: It cannot listen there.
    """
    _check_exposure(asked)
    level = logging.WARNING if app.messages.quiet else logging.INFO
    with logging_to(sys.stderr, level), without_tracebacks(), ExitStack() as stack:
        terms = _terms(asked)
        databases = Databases(_databases(app, asked, stack))
        try:
            service = Service(databases, terms, asked.host, asked.port)
        except PortTaken as error:
            raise TargetFailed(f"{error} --port 0 takes one that is free.") from error
        signals = Signals()
        has_ended = False
        try:
            try:
                _announce(app, asked, service, databases)
                signals.wait(service)
            finally:
                has_ended = service.close(asked.drain)
                told(logging.INFO, "stopped", drained=has_ended)
        except KeyboardInterrupt:  # told a second time
            app.messages.interrupted()
            _leave(Status.INTERRUPTED)
        except PortTaken as error:  # while the listener was replaced
            raise TargetFailed(str(error)) from error
        if not has_ended:
            _leave(Status.DONE)


def _leave(status: Status) -> NoReturn:
    """Ends the process at once; pyarrow would wait for clients that read nothing."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody listens
            stream.flush()
    os._exit(status)


def _check_exposure(asked: Asked) -> None:
    """Returns if what is asked for is safe, or was asked for twice.

    Raises:
        UsageError: It is not.
    """
    if (asked.tls_cert is None) != (asked.tls_key is None):
        raise UsageError("--tls-cert and --tls-key belong together.")
    if _is_loopback(asked.host):
        return
    where = f"{asked.host} can be reached from other machines"
    if asked.users is None and not asked.insecure_no_auth:
        raise UsageError(
            f"{where}, and anybody there could read and write.",
            hint="Name who may come in with --users FILE, or say --insecure-no-auth.",
        )
    if asked.tls_cert is None and not asked.insecure_no_tls:
        raise UsageError(
            f"{where}, and anybody on the way could read data and passwords.",
            hint="Give --tls-cert FILE and --tls-key FILE, or say --insecure-no-tls.",
        )


def _is_loopback(host: str) -> bool:
    """Tells whether an address means this machine alone.

    Raises:
        UsageError: There is no such address.
    """
    try:
        places = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(
            f"There is no address {host!r}: {error.strerror}.",
            hint="--host 127.0.0.1 is this machine, --host 0.0.0.0 all its networks.",
        ) from error
    found = [str(place[4][0]).partition("%")[0] for place in places]
    return all(ipaddress.ip_address(address).is_loopback for address in found)


def _terms(asked: Asked) -> Terms:
    files = None
    if asked.tls_cert is not None and asked.tls_key is not None:
        files = CertificateFiles(certificate=asked.tls_cert, key=asked.tls_key)
    path = asked.key or platformdirs.user_state_path("ingitdb") / _KEY
    try:
        key = signing_key(path)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"There is no key to sign tokens with: {error}", hint="--key FILE"
        ) from error
    door: Door = OpenDoor() if asked.users is None else UsersDoor(UsersFile(asked.users))
    return Terms(
        key=key,
        door=door,
        limits=Limits(
            session=asked.session_timeout,
            transaction=asked.transaction_timeout,
            ingest=int(asked.ingest_limit),
        ),
        token_seconds=asked.token_lifetime,
        certificates=files,
    )


def _databases(app: App, asked: Asked, stack: ExitStack) -> list[Database]:
    """Opens the databases, which the stack closes.

    Raises:
        UsageError: Two have one name.
    """
    policy = None if asked.users is None else RolePolicy()
    found: dict[str, Database] = {}
    for name, path in _places(app, asked.paths):
        settings = (
            configure(path, app.flags).settings if asked.paths else app.configuration.settings
        )
        narrow = bool(asked.paths) or app.options.narrowed()
        database = Database.open(path, settings, narrow=narrow, name=name, policy=policy)
        stack.callback(database.close)
        if database.name.casefold() in found:
            raise UsageError(
                f"Two databases have the name {database.name!r}.",
                hint="Give one of them another: NAME=PATH",
            )
        found[database.name.casefold()] = database
    return list(found.values())


def _places(app: App, paths: Sequence[str]) -> Iterator[tuple[str | None, Path]]:
    if not paths:
        yield None, app.place
    for text in paths:
        named = _NAMED.fullmatch(text)
        if named is None or Path(text).exists():
            yield None, Path(text).expanduser()
        else:
            yield named["name"], Path(named["path"]).expanduser()


def _announce(app: App, asked: Asked, service: Service, databases: Databases) -> None:
    """Says where it listens, and how to connect."""
    host = _shown_host(asked.host)
    tls, port = asked.tls_cert is not None, service.port
    names = [databases.first, *(d.name for d in databases if d.name != databases.first)]
    told(
        logging.INFO,
        "listening",
        host=asked.host,
        port=port,
        tls=tls,
        users=asked.users is not None,
        databases=",".join(names),
    )
    place = f"{host}:{port}"
    rows: list[tuple[str, str | None, str]] = [
        ("adbc", None, f"grpc{'+tls' if tls else ''}://{place}"),
        ("jdbc", None, f"jdbc:arrow-flight-sql://{place}/?useEncryption={str(tls).lower()}"),
    ]
    query = "?tls=true" if tls else ""
    rows += [("sqlalchemy", name, f"ingitdb://{place}/{name}{query}") for name in names]
    app.output.records(_COLUMNS, rows)
    sys.stdout.flush()
    if app.messages.on_terminal:
        app.messages.line("Ctrl-C ends it.")


def _shown_host(host: str) -> str:
    """Gives the address that clients use."""
    address = socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared
    return f"[{address}]" if ":" in address else address
