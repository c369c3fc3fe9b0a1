"""What a writing statement stands on: the state that it reads, and what it is worked out with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ingitdb.execution.binding import Binder
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.instance import Instance
from ingitdb.execution.plans import Plans
from ingitdb.execution.watches import Watch
from ingitdb.model.identifiers import CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.settings import Settings

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """The footing of one statement.

    Attributes:
        watch: Lets what runs be stopped.
        commit: What is read, and will be changed; EMPTY where there is no commit.
        schema: Where names without a schema are looked up first.
        binder: Gives what binds a query at that commit.
        rows: Gives all rows of a query there.
    """

    catalogs: Catalogs
    instance: Instance
    settings: Settings
    parser: SqlParser
    plans: Plans
    watch: Watch
    commit: CommitId
    schema: str | None
    binder: Callable[[], Binder]
    rows: Callable[[str], pa.Table]

    def watched(self, cursor: "duckdb.DuckDBPyConnection") -> AbstractContextManager[None]:
        """Lets what a connection runs be stopped, also when the time of a statement is up."""
        return self.watch.over(cursor, self.settings.timeout)
