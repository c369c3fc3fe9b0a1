"""What the exit statuses mean, and which one each error code of the engine gets."""

from collections.abc import Mapping
from enum import IntEnum


class Status(IntEnum):
    """The exit statuses of the program."""

    DONE = 0
    FOUND = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    UNREADABLE = 5
    CONFLICT = 6
    TARGET = 7
    FAULT = 70
    INTERRUPTED = 130


STATUS_BY_CODE: Mapping[str, Status] = {
    "IGD-0001": Status.FAULT,
    "IGD-1001": Status.USAGE,
    "IGD-1002": Status.USAGE,
    "IGD-2001": Status.UNREADABLE,
    "IGD-2002": Status.NOT_FOUND,
    "IGD-2003": Status.UNREADABLE,
    "IGD-2004": Status.NOT_FOUND,
    "IGD-2005": Status.NOT_FOUND,
    "IGD-3001": Status.UNREADABLE,
    "IGD-3002": Status.UNREADABLE,
    "IGD-3003": Status.UNREADABLE,
    "IGD-4001": Status.NOT_FOUND,
    "IGD-4101": Status.NOT_FOUND,
    "IGD-4102": Status.NOT_FOUND,
    "IGD-4103": Status.NOT_FOUND,
    "IGD-5001": Status.REFUSED,
    "IGD-5002": Status.REFUSED,
    "IGD-5003": Status.REFUSED,
    "IGD-5004": Status.REFUSED,
    "IGD-5005": Status.REFUSED,
    "IGD-5006": Status.INTERRUPTED,
    "IGD-5007": Status.REFUSED,
    "IGD-5008": Status.REFUSED,
    "IGD-6001": Status.REFUSED,
    "IGD-6002": Status.CONFLICT,
    "IGD-6003": Status.REFUSED,
    "IGD-6004": Status.REFUSED,
    "IGD-6005": Status.REFUSED,
    "IGD-6006": Status.REFUSED,
    "IGD-6007": Status.CONFLICT,
    "IGD-6101": Status.REFUSED,
    "IGD-6102": Status.REFUSED,
    "IGD-6103": Status.REFUSED,
    "IGD-6104": Status.REFUSED,
    "IGD-6105": Status.REFUSED,
    "IGD-6106": Status.REFUSED,
    "IGD-6107": Status.REFUSED,
    "IGD-7001": Status.TARGET,
    "IGD-8001": Status.TARGET,
    "IGD-8002": Status.FAULT,
    "IGD-9001": Status.USAGE,
}
"""Total: a test compares it with `ingitdb.errors`."""
