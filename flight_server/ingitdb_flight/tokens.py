"""Signed texts that this server has given and knows again: bearer tokens and tickets.

The key lies in a file, so that they outlive a restart and hold on every server that shares it.
"""

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from itsdangerous import BadSignature, SignatureExpired, Signer, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

_BYTES = 32


def signing_key(path: Path) -> bytes:
    """Reads the key of a file; makes it, for its owner alone, if it is not there.

    Raises:
        OSError: It can be neither read nor made.
        ValueError: It is too short to be one.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as file:  # noqa: PTH123 - by its descriptor
            file.write(secrets.token_hex(_BYTES).encode())
        with contextlib.suppress(FileExistsError):  # another server was faster
            os.link(new, path)
        new.unlink()
    key = path.read_bytes().strip()
    if len(key) < _BYTES:
        raise ValueError(f"{path} holds no key: it is shorter than {_BYTES} characters.")
    return key


class Expired(Exception):
    """A token was given too long ago."""


class Forged(Exception):
    """These bytes were not signed with this key."""


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a bearer token stands for.

    Attributes:
        name: The name that was given with the password.
        session: The session that began with it.
        stamp: What the door knows the password by.
    """

    name: str
    session: str
    stamp: str = ""


class Ticket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a ticket is good for: a result that is held, or the query to run again.

    Attributes:
        handle: The result.
        session: The session that asked.
        name: Who asked.
        database: Where.
        commit: At which commit; empty where the statement cannot be run again.
        schema: Where names without a schema are looked up first.
        sql: The query.
        values: Its parameters, as an Arrow stream of one row.
        names: Their names.
    """

    handle: str
    session: str
    name: str
    database: str
    commit: str = ""
    schema: str | None = None
    sql: str = ""
    values: bytes = b""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """Signs and reads them."""

    key: bytes

    def bearer(self, token: Bearer) -> str:
        """Signs a bearer token."""
        signed: bytes = self._timed().sign(base64_encode(msgspec.msgpack.encode(token)))
        return signed.decode()

    def read_bearer(self, text: str, seconds: float | None) -> Bearer:
        """Reads a bearer token that is no older than some seconds.

        Raises:
            Expired: It is.
            Forged: It is none of ours.
        """
        try:
            value = self._timed().unsign(text, max_age=seconds)
            return msgspec.msgpack.decode(base64_decode(value), type=Bearer)
        except SignatureExpired as error:
            raise Expired(text) from error
        except (BadSignature, msgspec.DecodeError, ValueError) as error:
            raise Forged(text) from error

    def ticket(self, ticket: Ticket) -> bytes:
        """Signs a ticket."""
        signed: bytes = self._plain().sign(msgspec.msgpack.encode(ticket))
        return signed

    def read_ticket(self, data: bytes) -> Ticket:
        """Reads a ticket.

        Raises:
            Forged: It is none of ours.
        """
        try:
            return msgspec.msgpack.decode(self._plain().unsign(data), type=Ticket)
        except (BadSignature, msgspec.DecodeError, ValueError) as error:
            raise Forged from error

    def _timed(self) -> Any:
        return TimestampSigner(self.key, salt=b"ingitdb bearer")

    def _plain(self) -> Any:
        return Signer(self.key, salt=b"ingitdb ticket")
