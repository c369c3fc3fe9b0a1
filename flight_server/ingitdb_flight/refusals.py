"""Turns what goes wrong into what Flight can say: a status, a clean message, our code.

pyarrow has classes for few of gRPC's statuses. For INVALID_ARGUMENT, NOT_FOUND and UNIMPLEMENTED it
takes Arrow's own errors, to whose message it adds the traceback with the paths of this machine; it
asks `traceback.format_exception` for it. `without_tracebacks` answers that for our classes alone.
"""

import logging
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pyarrow as pa
from pyarrow import flight

from ingitdb.errors import IngitdbError

_LOG = logging.getLogger("ingitdb.flight")
_MOST_TEXT = 1_500
"""So many characters a message may have: it travels in three trailers, which clients bound."""
_OF_PLACES = ("IGD-2", "IGD-6001", "IGD-6004", "IGD-8")
"""Errors that may name a folder of the server; clients see its last part."""
_PLACE = re.compile(r"(?<![\w.])/(?:[^\s/'\":]+/)*(?P<name>[^\s/'\":,]+)")
Given = ParamSpec("Given")
Found = TypeVar("Found")


class InvalidRequest(pa.ArrowInvalid):
    """INVALID_ARGUMENT: the statement or the request is wrong."""


class NotFound(pa.ArrowKeyError):
    """NOT_FOUND: there is nothing of that name or handle."""


class Unsupported(pa.ArrowNotImplementedError):
    """UNIMPLEMENTED: this is not done here."""


_QUIET = (InvalidRequest, NotFound, Unsupported)

STATUSES: dict[str, type[Exception]] = {
    "IGD-0001": flight.FlightInternalError,
    "IGD-1001": InvalidRequest,
    "IGD-1002": InvalidRequest,
    "IGD-2001": flight.FlightServerError,
    "IGD-2002": NotFound,
    "IGD-2003": flight.FlightServerError,
    "IGD-2004": NotFound,
    "IGD-2005": flight.FlightServerError,
    "IGD-3001": InvalidRequest,
    "IGD-3002": InvalidRequest,
    "IGD-3003": InvalidRequest,
    "IGD-4001": NotFound,
    "IGD-4101": NotFound,
    "IGD-4102": InvalidRequest,
    "IGD-4103": NotFound,
    "IGD-5001": InvalidRequest,
    "IGD-5002": InvalidRequest,
    "IGD-5003": Unsupported,
    "IGD-5004": Unsupported,
    "IGD-5005": flight.FlightTimedOutError,
    "IGD-5006": flight.FlightCancelledError,
    "IGD-5007": flight.FlightUnauthorizedError,
    "IGD-5008": InvalidRequest,
    "IGD-6001": flight.FlightServerError,
    "IGD-6002": flight.FlightServerError,
    "IGD-6003": flight.FlightServerError,
    "IGD-6004": flight.FlightServerError,
    "IGD-6005": InvalidRequest,
    "IGD-6006": InvalidRequest,
    "IGD-6007": flight.FlightServerError,
    "IGD-6101": InvalidRequest,
    "IGD-6102": InvalidRequest,
    "IGD-6103": InvalidRequest,
    "IGD-6104": InvalidRequest,
    "IGD-6105": InvalidRequest,
    "IGD-6106": InvalidRequest,
    "IGD-6107": InvalidRequest,
    "IGD-7001": flight.FlightServerError,
    "IGD-8001": flight.FlightServerError,
    "IGD-8002": flight.FlightServerError,
    "IGD-9001": Unsupported,
}
"""What Flight says for each of our codes; total, which a test checks."""

OURS = (*_QUIET, flight.FlightError)
"""What may leave a handler as it is."""


def refusal(error: BaseException) -> Exception:
    """Gives what to raise for an error; what nobody foresaw is logged and told without its text.

    The code and SQLSTATE stand behind the message: `(IGD-4101, SQLSTATE 42P01)`.
    """
    if isinstance(error, OURS):
        ours: Exception = error
        return ours
    if isinstance(error, IngitdbError):
        state = f", SQLSTATE {error.sqlstate}" if error.sqlstate else ""
        text = str(error)
        if error.code.startswith(_OF_PLACES):
            _LOG.warning("refused: %s", text)
            text = _PLACE.sub(r"…/\g<name>", text)
        if len(text) > _MOST_TEXT:
            text = f"{text[:_MOST_TEXT]}…"
        kind: type[Exception] = STATUSES.get(error.code, flight.FlightInternalError)
        return kind(f"{text}\n({error.code}{state})")
    _LOG.error("a fault of the server", exc_info=error)
    fault: Exception = flight.FlightInternalError(
        "The server failed; its log says how. This is a fault of ingitdb. (IGD-0001)"
    )
    return fault


def refusing(handler: Callable[Given, Found]) -> Callable[Given, Found]:
    """Lets a handler raise nothing but what Flight can say."""

    @wraps(handler)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Found:
        try:
            return handler(*args, **kwargs)
        except OURS:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of the program
            raise refusal(error) from None

    return run


def refusing_stream(items: Iterator[Found]) -> Iterator[Found]:
    """Lets an iteration raise nothing but what Flight can say."""
    try:
        yield from items
    except OURS:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of the program
        raise refusal(error) from None


@contextmanager
def without_tracebacks() -> Iterator[None]:
    """Keeps the tracebacks of our refusals from clients, while a server runs."""
    original = traceback.format_exception

    def formatted(kind: Any, /, *args: Any, **kwargs: Any) -> Sequence[str]:
        value = args[0] if args else kind
        if isinstance(value, OURS):  # of GetSchema, FlightError too
            return ["refused"]
        return original(kind, *args, **kwargs)

    traceback.format_exception = formatted  # type: ignore[assignment]
    try:
        yield
    finally:
        traceback.format_exception = original
