"""What goes wrong on the wire, as the errors of PEP 249 that a repository on disk raises, too."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import adbc_driver_manager as adbc
import pyarrow as pa

from ingitdb.api import dbapi
from ingitdb.api.dbapi import CLASSES

_CODE = re.compile(
    r"\s*\((?:(?P<code>IGD-\d{4}))?(?:, )?(?:SQLSTATE (?P<state>\w{5}))?\)\s*\Z", re.ASCII
)
_DRESS = re.compile(
    r"\A(?:[A-Z_]+: )?\[Flight ?SQL\] |\. Detail: .*\Z|\. Vendor code: \d+\Z|\s\(\w+; \w+\)\Z",
    re.DOTALL,
)
"""What ADBC and Flight put around a message."""
_UNKNOWN = "IGD-0001"
_UNREACHABLE = "08006"
_KNOWN = {
    adbc.AdbcStatusCode.TIMEOUT: ("IGD-5005", "54000"),
    adbc.AdbcStatusCode.CANCELLED: ("IGD-5006", "57014"),
}
"""Code and SQLSTATE of what the driver ends by itself."""
_CLEAN = "x-arrow-status-message-bin"
_STATUSES: dict[adbc.AdbcStatusCode, type[dbapi.Error]] = {
    adbc.AdbcStatusCode.INVALID_ARGUMENT: dbapi.ProgrammingError,
    adbc.AdbcStatusCode.NOT_FOUND: dbapi.ProgrammingError,
    adbc.AdbcStatusCode.ALREADY_EXISTS: dbapi.ProgrammingError,
    adbc.AdbcStatusCode.NOT_IMPLEMENTED: dbapi.NotSupportedError,
    adbc.AdbcStatusCode.INVALID_DATA: dbapi.DataError,
    adbc.AdbcStatusCode.INTEGRITY: dbapi.IntegrityError,
    adbc.AdbcStatusCode.INTERNAL: dbapi.InternalError,
    adbc.AdbcStatusCode.INVALID_STATE: dbapi.InterfaceError,
}
"""The class of what the server gave no code of ours; else OperationalError."""


def failure(error: BaseException) -> dbapi.Error:
    """Gives PEP 249's error for one of ADBC's."""
    text = _said(error)
    found = _CODE.search(text)
    message, _, hint = (text[: found.start()] if found else text).partition("\n")
    code = (found and found["code"]) or _UNKNOWN
    state = found["state"] if found else None
    if found is None:
        code, state = _known(error)
    kind = CLASSES.get(code) if code != _UNKNOWN else None
    if kind is None:
        status = getattr(error, "status_code", None)
        kind = _STATUSES.get(status, dbapi.OperationalError) if status else dbapi.OperationalError
    return kind(message, code=code, sqlstate=state, hint=hint or None)


def _known(error: BaseException) -> tuple[str, str | None]:
    """Gives code and SQLSTATE of what no server has said."""
    status = getattr(error, "status_code", None)
    if status is not None and status in _KNOWN:
        return _KNOWN[status]
    return _UNKNOWN, _UNREACHABLE if is_unreachable(error) else None


def is_unreachable(error: BaseException) -> bool:
    """Tells whether no server has answered, so that the same can be asked again."""
    status = getattr(error, "status_code", None)
    return status == adbc.AdbcStatusCode.IO and _CODE.search(_said(error)) is None


@contextmanager
def translated() -> Iterator[None]:
    """Turns ADBC's errors, and Arrow's while rows are streamed, into PEP 249's."""
    try:
        yield
    except (adbc.Error, pa.ArrowException, OSError) as error:
        raise failure(error) from error


def _said(error: BaseException) -> str:
    """Gives what the server said; where it did not answer, what the driver says of that."""
    for name, value in getattr(error, "details", None) or ():
        key = name.decode() if isinstance(name, bytes) else name
        if key == _CLEAN:
            return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    text = str(error)
    while (bare := _DRESS.sub("", text)) != text:
        text = bare
    return text
