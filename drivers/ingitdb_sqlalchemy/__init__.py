"""SQLAlchemy's dialect `ingitdb`, for a repository on a server or on disk.

`create_engine("ingitdb://user:password@host:8815/demo?ref=main")` reaches a server,
`create_engine("ingitdb:////srv/repository")` a repository on disk.
"""

from ingitdb_sqlalchemy.types import (
    HUGEINT,
    LIST,
    MAP,
    STRUCT,
    TINYINT,
    UBIGINT,
    UINTEGER,
    USMALLINT,
    UTINYINT,
)

__all__ = [
    "HUGEINT",
    "LIST",
    "MAP",
    "STRUCT",
    "TINYINT",
    "UBIGINT",
    "UINTEGER",
    "USMALLINT",
    "UTINYINT",
]
