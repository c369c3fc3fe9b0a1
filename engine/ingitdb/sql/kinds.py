"""What kinds of statements there are, and what is to be known of each."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from ingitdb.sql.refusals import Refusal
from ingitdb.sql.version_control import VersionControl
from ingitdb.sql.versions import Version


class StatementKind(StrEnum):
    """What a statement asks for."""

    QUERY = "query"
    EXPLAIN = "explain"
    SHOW_TABLES = "show tables"
    DESCRIBE = "describe"
    USE = "use"
    ATTACH = "attach"
    DETACH = "detach"
    SHOW_BRANCHES = "show branches"
    SHOW_LOG = "show log"
    WRITE = "write"
    PROCEDURE = "procedure"
    TRANSACTION = "transaction"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Explain:
    """EXPLAIN of a query: where the query begins, and whether it is to run."""

    query_start: int
    analyze: bool


@dataclass(frozen=True, slots=True)
class ShowTables:
    """SHOW TABLES, of one schema or of all, at a version or at the session's."""

    schema: str | None
    version: Version | None


@dataclass(frozen=True, slots=True)
class Describe:
    """DESCRIBE of a table: the parts of its name, as `names` takes them."""

    path: tuple[str, ...]
    version: Version | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Use:
    """USE of a database, database and branch, or schema; or USE BRANCH."""

    path: tuple[str, ...] = ()
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Attach:
    """ATTACH of another repository under a name, at a ref."""

    path: str
    name: str | None
    ref: str | None
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class Detach:
    """DETACH of an attached repository."""

    name: str
    if_exists: bool


Detail: TypeAlias = (
    Explain | ShowTables | Describe | Use | Attach | Detach | VersionControl | Refusal
)
