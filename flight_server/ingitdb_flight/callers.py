"""Who calls: a bearer token, a password, or nobody in particular; and what its headers ask."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import get_ident
from typing import Any, Protocol

from pyarrow import flight

from ingitdb.model.access import Principal
from ingitdb_flight import messages
from ingitdb_flight.tokens import Bearer, Expired, Forged, Tokens

ANYBODY = "anonymous"
_OPTIONS = {
    "catalog": "catalog",
    "database": "catalog",
    "schema": "schema",
    "ref": "ref",
    "author": "author",
    "autocommit": "autocommit",
}
"""Headers that say where a new session begins, as clients pass them on from an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes a call.

    Attributes:
        principal: On whose behalf.
        author: Who its commits name, as `Name <address>`; None leaves it to git.
        stamp: What a token must carry to hold still; another password changes it.
        session: The session that the token began; None where there is no token.
        options: What the headers ask of a new session.
    """

    principal: Principal
    author: str | None = None
    stamp: str = ""
    session: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


class Door(Protocol):
    """Decides who may come in."""

    def enter(self, name: str, password: str) -> Caller:
        """Lets somebody in by a password.

        Raises:
            FlightUnauthenticatedError: There is no such name, or the password is another.
        """

    def known(self, name: str, stamp: str) -> Caller:
        """Gives whom a token was given to, who may have been locked out meanwhile.

        Raises:
            FlightUnauthenticatedError: The token of that name and stamp holds no longer.
        """

    def stranger(self) -> Caller:
        """Lets somebody in who says nothing.

        Raises:
            FlightUnauthenticatedError: A password is needed.
        """


class OpenDoor:
    """Lets everybody in, under the name that they give; only for loopback."""

    def enter(self, name: str, password: str) -> Caller:
        """Lets somebody in, whatever the password."""
        return self.known(name)

    def known(self, name: str, stamp: str = "") -> Caller:
        """Gives whoever has that name."""
        return Caller(principal=Principal(identifier=name or ANYBODY))

    def stranger(self) -> Caller:
        """Lets anybody in."""
        return self.known(ANYBODY)


class Reception:
    """Finds out who makes each call; the answer is kept for the thread that serves the call.

    Args:
        door: Who may come in.
        tokens: Signs what they are given.
        seconds: How long a token holds; None for ever.
    """

    def __init__(self, door: Door, tokens: Tokens, seconds: float | None = None) -> None:
        self._door = door
        self._tokens = tokens
        self._seconds = seconds
        # by thread; a `threading.local` would be emptied whenever gRPC's thread leaves Python
        self._callers: dict[int, Caller] = {}
        self._brought: dict[int, str] = {}

    @property
    def caller(self) -> Caller:
        """Who makes the call that this thread serves."""
        return self._callers[get_ident()]

    def token(self, name: str, password: str) -> str:
        """Lets somebody in and begins a session.

        Raises:
            FlightUnauthenticatedError: The door stays shut.
        """
        stamp = self._door.enter(name, password).stamp
        bearer = Bearer(name=name, session=secrets.token_hex(12), stamp=stamp)
        return self._tokens.bearer(bearer)

    def meet(self, headers: Mapping[str, list[Any]], *, is_handshake: bool) -> str | None:
        """Finds out who calls; gives a token where a handshake asks for one by its headers.

        Raises:
            FlightUnauthenticatedError: Nobody whom the door lets in.
        """
        here = get_ident()
        kind, _, given = _text(headers.get("authorization", [""])).partition(" ")
        if kind.lower() == "basic":
            name, password = _basic(given)
            if is_handshake:
                return self.token(name, password)
            self._callers[here] = self._asking(self._door.enter(name, password), headers)
        elif kind.lower() == "bearer":
            self._callers[here] = self._asking(self._bearer(given.strip()), headers)
        elif known := self._brought.get(here):
            self._callers[here] = self._asking(self._bearer(known), headers)
        elif not is_handshake:
            self._callers[here] = self._asking(self._door.stranger(), headers)
        return None

    def remember(self, token: str | None) -> None:
        """Keeps the token that gRPC brought for the call that this thread begins."""
        if token:
            self._brought[get_ident()] = token
        else:
            self._brought.pop(get_ident(), None)

    def _bearer(self, text: str) -> Caller:
        try:
            token = self._tokens.read_bearer(text, self._seconds)
        except Expired:
            raise flight.FlightUnauthenticatedError(
                "The token has expired: sign in with the password again. (SQLSTATE 28000)"
            ) from None
        except Forged:
            raise flight.FlightUnauthenticatedError(
                "The token is none that this server has given. (SQLSTATE 28000)"
            ) from None
        return replace(self._door.known(token.name, token.stamp), session=token.session)

    @staticmethod
    def _asking(caller: Caller, headers: Mapping[str, list[Any]]) -> Caller:
        options = {
            option: _text(headers[name]) for name, option in _OPTIONS.items() if name in headers
        }
        return replace(caller, options=options) if options else caller


class Handshake(flight.ServerAuthHandler):
    """Answers Flight's Handshake with a token."""

    def __init__(self, reception: Reception) -> None:
        super().__init__()
        self._reception = reception

    def authenticate(self, outgoing: Any, incoming: Any) -> None:
        """Takes name and password of the message; those in headers have been taken already."""
        try:
            data = incoming.read()
        except Exception:  # noqa: BLE001 - such a client has closed its side
            return
        if not data:
            return
        try:
            given = messages.parse("BasicAuth", data)
        except ValueError:
            raise flight.FlightUnauthenticatedError("This is no name and password.") from None
        outgoing.write(self._reception.token(given.username, given.password).encode())

    def is_valid(self, token: bytes) -> bytes:
        """Keeps the token of the call; `Introduction` judges it."""
        self._reception.remember(token.decode("ascii", "replace") if token else None)
        return b""


class Introduction(flight.ServerMiddlewareFactory):
    """Lets the reception meet whoever begins a call."""

    def __init__(self, reception: Reception) -> None:
        super().__init__()
        self._reception = reception

    def start_call(self, info: Any, headers: Mapping[str, list[Any]]) -> "_Given | None":
        """Meets the caller; answers a handshake with its token."""
        is_handshake = info.method == flight.FlightMethod.HANDSHAKE
        token = self._reception.meet(headers, is_handshake=is_handshake)
        return None if token is None else _Given(token)


class _Given(flight.ServerMiddleware):
    """Gives a token back."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def sending_headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"}


def _text(values: list[Any]) -> str:
    first = values[0]
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)


def _basic(given: str) -> tuple[str, str]:
    """Reads name and password, which some clients do not pad.

    Raises:
        FlightUnauthenticatedError: These are none.
    """
    try:
        plain = base64.b64decode(given + "=" * (-len(given) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise flight.FlightUnauthenticatedError("This is no name and password.") from None
    name, _, password = plain.partition(":")
    return name, password
