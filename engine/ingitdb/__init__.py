"""SQL over Git: every commit of a repository of records is a set of tables.

`connect` gives a connection of PEP 249, `open` the repository for programs; both are loaded when
they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingitdb.api.connection import connect
    from ingitdb.api.connection import open_database as open
    from ingitdb.settings import Settings

__all__ = ["Settings", "connect", "open"]

_PLACES = {
    "connect": ("ingitdb.api.connection", "connect"),
    "open": ("ingitdb.api.connection", "open_database"),
    "Settings": ("ingitdb.settings", "Settings"),
}
_DBAPI = frozenset(
    [
        "apilevel",
        "threadsafety",
        "paramstyle",
        "Warning",
        "Error",
        "InterfaceError",
        "DatabaseError",
        "DataError",
        "OperationalError",
        "IntegrityError",
        "InternalError",
        "ProgrammingError",
        "NotSupportedError",
    ]
)


def __getattr__(name: str) -> Any:
    import importlib

    module, attribute = _PLACES.get(name, ("ingitdb.api.dbapi", name))
    if name not in _PLACES and name not in _DBAPI:
        raise AttributeError(f"module 'ingitdb' has no attribute {name!r}")
    return getattr(importlib.import_module(module), attribute)
