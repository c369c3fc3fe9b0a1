"""The names that PEP 249 asks of a module, and our errors as its classes."""

from collections.abc import Iterator
from contextlib import contextmanager

from ingitdb.errors import IngitdbError

apilevel = "2.0"
threadsafety = 1
"""Threads may share the module, not connections."""
paramstyle = "qmark"
"""`?` with a sequence; `$name` with a mapping works, too."""


class Warning(Exception):
    """Never raised; remarks are `Cursor.notes`."""


class Error(Exception):
    """The root of PEP 249's errors.

    Attributes:
        code: Our stable code; see docs/errors.md.
        sqlstate: The five characters that SQL has for it, such as `40001`; or None.
        hint: The way out, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "IGD-0001",
        sqlstate: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(f"{message}\n{hint}" if hint else message)
        self.code = code
        self.sqlstate = sqlstate
        self.hint = hint


class InterfaceError(Error):
    """The interface is used in a way that makes no sense, such as a closed cursor."""


class DatabaseError(Error):
    """Anything that concerns the database."""


class DataError(DatabaseError):
    """A file or a value cannot be read."""


class OperationalError(DatabaseError):
    """The repository, the cache or a limit is in the way."""


class IntegrityError(DatabaseError):
    """A constraint would be broken."""


class InternalError(DatabaseError):
    """Our fault."""


class ProgrammingError(DatabaseError):
    """The statement is wrong, or names what does not exist."""


class NotSupportedError(DatabaseError):
    """The statement asks for what is refused."""


CLASSES: dict[str, type[Error]] = {
    "IGD-0001": InternalError,
    "IGD-1001": InterfaceError,
    "IGD-1002": InterfaceError,
    "IGD-2001": OperationalError,
    "IGD-2002": OperationalError,
    "IGD-2003": OperationalError,
    "IGD-2004": ProgrammingError,
    "IGD-2005": OperationalError,
    "IGD-3001": DataError,
    "IGD-3002": DataError,
    "IGD-3003": DataError,
    "IGD-4001": ProgrammingError,
    "IGD-4101": ProgrammingError,
    "IGD-4102": ProgrammingError,
    "IGD-4103": ProgrammingError,
    "IGD-5001": DataError,
    "IGD-5002": ProgrammingError,
    "IGD-5003": NotSupportedError,
    "IGD-5004": NotSupportedError,
    "IGD-5005": OperationalError,
    "IGD-5006": OperationalError,
    "IGD-5007": OperationalError,
    "IGD-5008": ProgrammingError,
    "IGD-6001": OperationalError,
    "IGD-6002": OperationalError,
    "IGD-6003": OperationalError,
    "IGD-6004": OperationalError,
    "IGD-6005": DataError,
    "IGD-6006": IntegrityError,
    "IGD-6007": OperationalError,
    "IGD-6101": IntegrityError,
    "IGD-6102": IntegrityError,
    "IGD-6103": IntegrityError,
    "IGD-6104": IntegrityError,
    "IGD-6105": IntegrityError,
    "IGD-6106": DataError,
    "IGD-6107": IntegrityError,
    "IGD-7001": OperationalError,
    "IGD-8001": OperationalError,
    "IGD-8002": OperationalError,
    "IGD-9001": NotSupportedError,
}
"""The class for each of our codes; total, which a test checks."""


@contextmanager
def translated() -> Iterator[None]:
    """Turns our errors into PEP 249's."""
    try:
        yield
    except IngitdbError as error:
        kind = CLASSES.get(error.code, InternalError)
        raise kind(
            error.message, code=error.code, sqlstate=error.sqlstate, hint=error.hint
        ) from error
