"""Addresses of servers: `grpc+tls://user:password@host:port/database?ref=v1.0`."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, TypedDict, get_type_hints
from urllib.parse import parse_qsl, unquote, urlsplit

from ingitdb.api.dbapi import InterfaceError

PORT = 8815
"""Where a server listens unless told otherwise."""
SCHEMES = {"grpc": "grpc+tcp", "grpc+tcp": "grpc+tcp", "grpc+tls": "grpc+tls"}
"""What an address may begin with, and ADBC's word for it."""
YES = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
"""What an option may say that is true or false."""


class Options(TypedDict, total=False):
    """What `connect` takes beside address, user and password; an address may say it, too.

    Attributes:
        database: Which database of the server; also `catalog`.
        schema: Where names without a schema are looked up first.
        ref: What is read: a branch, tag, commit or date; else the branch that HEAD names.
        author: Who makes the changes, as `Name <address>`.
        autocommit: Whether each statement that writes is a commit; else the first one opens a
            transaction, which `commit` ends.
        token: A bearer token in place of user and password.
        tls_ca: The certificates that are trusted, as PEM or the file of them; else the system's.
        tls_certificate: The client's own certificate, as PEM or the file of it.
        tls_key: Its key, as PEM or the file of it.
        tls_server_name: The name that the server's certificate bears, where it is another one.
        tls_verify: False trusts any certificate.
        tries: How often a read is tried while the server cannot be reached.
        timeout: Seconds that a call may take.
    """

    database: str
    catalog: str
    schema: str
    ref: str
    author: str
    autocommit: bool
    token: str
    tls_ca: str
    tls_certificate: str
    tls_key: str
    tls_server_name: str
    tls_verify: bool
    tries: int
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is, and what is asked of it.

    Attributes:
        uri: The server, as ADBC takes it.
        options: What is known beside it; None stands for nothing.
    """

    uri: str
    user: str | None
    password: str | None
    options: Options


def is_address(text: str) -> bool:
    """Tells an address of a server from a path."""
    return "://" in text


def read_address(text: str) -> Address:
    """Reads an address.

    Example:
        >>> read_address("grpc://localhost/demo?ref=main").uri
        'grpc+tcp://localhost:8815'

    Raises:
        InterfaceError: It is none, or asks for what there is not.
    """
    parts = urlsplit(text)
    scheme = SCHEMES.get(parts.scheme)
    try:
        port = parts.port or PORT
    except ValueError:
        raise _wrong(text, "its port is no number") from None
    if scheme is None:
        raise _wrong(text, f"{parts.scheme!r} is none of {', '.join(SCHEMES)}")
    if not parts.hostname:
        raise _wrong(text, "it names no host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    given: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    if database := unquote(parts.path.strip("/")):
        given["database"] = database
    return Address(
        uri=f"{scheme}://{host}:{port}",
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        options=checked(given),
    )


def checked(given: Mapping[str, Any]) -> Options:
    """Gives options in their types; those that are None are left out.

    Raises:
        InterfaceError: There is no such option, or it cannot have that value.
    """
    kinds = get_type_hints(Options)
    made: Options = {}
    for name, value in given.items():
        if name not in kinds:
            raise InterfaceError(
                f"There is no option {name!r}.",
                code="IGD-1001",
                hint=f"There are {', '.join(kinds)}.",
            )
        if value is not None:
            key: Any = "database" if name == "catalog" else name
            made[key] = _typed(name, value, kinds[name])  # type: ignore[literal-required]
    return made


def _typed(name: str, value: Any, kind: type) -> Any:
    """Gives a value in the type of its option."""
    try:
        made = YES[value.lower()] if kind is bool and isinstance(value, str) else kind(value)
    except (KeyError, ValueError, TypeError):
        made = None
    if made is None or (kind in (int, float) and not 0 < made < inf):
        raise InterfaceError(f"The option {name} cannot be {value!r}.", code="IGD-1001")
    return made


def _wrong(text: str, why: str) -> InterfaceError:
    shown = text.rpartition("@")[2]  # without the password
    return InterfaceError(
        f"{shown!r} is no address of a server: {why}.",
        code="IGD-1001",
        hint="Such as grpc://localhost:8815/demo?ref=main, or the path of a repository.",
    )
