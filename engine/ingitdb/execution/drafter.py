"""The ways from a writing statement of a session to its draft."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from ingitdb.execution.binding import Binder
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.defining import Defining
from ingitdb.execution.draft import Draft
from ingitdb.execution.footing import Footing
from ingitdb.execution.instance import Instance
from ingitdb.execution.plans import Plans
from ingitdb.execution.points import Values
from ingitdb.execution.watches import Watch
from ingitdb.execution.writing import Writing
from ingitdb.model.identifiers import CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.settings import Settings
from ingitdb.sql.names import name_parts
from ingitdb.sql.statements import Statement

_DEFINITIONS = ("CREATE", "DROP", "ALTER", "COMMENT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafter:
    """Makes the drafts of one session.

    Attributes:
        commit: Gives what is read, and will be changed; EMPTY where there is no commit.
        schema: Gives where names without a schema are looked up first.
        watch: Lets what runs be stopped.
        binder: Gives what binds a query with some parameters there.
        rows: Gives all rows of a query with some parameters there.
        reads_files: Whether COPY may read files of this machine.
    """

    catalogs: Catalogs
    instance: Instance
    settings: Settings
    parser: SqlParser
    plans: Plans
    commit: Callable[[], CommitId]
    schema: Callable[[], str | None]
    watch: Watch
    binder: Callable[[Values | None], Binder]
    rows: Callable[[str, Values | None], pa.Table]
    reads_files: bool

    def draft(self, statement: Statement, parameters: Values | None) -> Draft:
        """Says what a statement changes.

        Raises:
            StatementError: It is wrong, or asks for what a repository cannot hold.
            CatalogError: A name leads nowhere, or is taken.
            WriteError: The change cannot be made.
        """
        if statement.verb.split(" ", 1)[0] in _DEFINITIONS:
            return Defining(self.footing(parameters)).draft(statement)
        return self._writing(parameters).draft(statement)

    def repeated(self, statement: Statement, sets: Sequence[Values]) -> Draft | None:
        """Says what an INSERT adds for many sets of parameters; None where each has its own draft.

        Raises:
            WriteError: They cannot be added.
        """
        if statement.verb.split(" ", 1)[0] != "INSERT" or not sets:
            return None
        return self._writing(sets[0]).repeated(statement, sets)

    def followed(self, sql: str) -> Draft:
        """Says what a statement changes that another one asks for.

        Its values may be those of parameters, so that it is not told as typed.
        """
        (statement,) = self.plans.split(sql)
        draft = self.draft(statement, None)
        return replace(draft, statement=f"-- {draft.subject}, as a foreign key asks")

    def ingested(self, table: str, rows: pa.Table) -> Draft:
        """Says what rows of Arrow add to a table, whose name may have a schema and quotes."""
        return self._writing(None).ingested(name_parts(table), rows)

    def _writing(self, parameters: Values | None) -> Writing:
        return Writing(self.footing(parameters), reads_files=self.reads_files)

    def footing(self, parameters: Values | None) -> Footing:
        """Gives what a statement with some parameters stands on."""
        return Footing(
            catalogs=self.catalogs,
            instance=self.instance,
            settings=self.settings,
            parser=self.parser,
            plans=self.plans,
            watch=self.watch,
            commit=self.commit(),
            schema=self.schema(),
            binder=lambda: self.binder(parameters),
            rows=lambda sql: self.rows(sql, parameters),
        )
