"""Remembers what statements say, and what they were bound to, so that asking again costs little."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.calls import COMPARING, OUR_FUNCTIONS
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.mentions import mentioning
from ingitdb.execution.relations import LINE_FUNCTIONS
from ingitdb.git.moments import looks_like_moment
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.snapshots.kept import kept_in
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.analysis import Analysis, analyze
from ingitdb.sql.fence import check
from ingitdb.sql.hidden import mentions_hidden
from ingitdb.sql.names import fold
from ingitdb.sql.ordering import ordered_table
from ingitdb.sql.references import (
    FunctionCall,
    Replacement,
    TableReference,
    function_calls,
    table_references,
)
from ingitdb.sql.statements import Statement, split
from ingitdb.sql.versions import Ref

if TYPE_CHECKING:
    from ingitdb.execution.answers import Prepared

_MOST = 256
_OF_COMMITS = COMPARING | LINE_FUNCTIONS.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a query says, whatever it is bound to.

    Attributes:
        hidden: The hidden columns that it mentions.
        ordered: The one table that it lists in file order, if it does.
    """

    analysis: Analysis
    references: Sequence[TableReference]
    calls: Sequence[FunctionCall]
    hidden: tuple[str, ...]
    ordered: TableReference | None

    @property
    def is_lasting(self) -> bool:
        """Whether only refs and commits decide what it is bound to: no clock, no reflog."""
        ours = (call for call in self.calls if fold(call.name) in OUR_FUNCTIONS)
        if not all(_is_of_fixed_commits(call) for call in ours):
            return False
        return all(_is_lasting(reference) for reference in self.references)

    @property
    def names_refs(self) -> bool:
        """Whether it may name refs, which can move while its commit stays."""
        if any(fold(call.name) in OUR_FUNCTIONS for call in self.calls):
            return True
        return any(len(r.path) > 1 or r.version is not None for r in self.references)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a query was bound to.

    Attributes:
        text: What DuckDB runs.
        replacements: What was put where in the text as typed.
        catalog: The catalog to USE.
        columns: The columns of all tables that the query reads, for hints.
        read: The snapshots that it reads, with their repositories.
        tables: The tables that it reads.
        idle: What DuckDB has bound of it and nobody runs now.
    """

    text: str
    replacements: Sequence[Replacement]
    catalog: str
    columns: Sequence[str]
    read: Sequence[tuple[Catalogs, CommitId, Snapshot]]
    tables: Sequence[tuple[Catalogs, Snapshot, NamedTable]] = ()
    idle: "list[Prepared]" = field(default_factory=list)

    def use(self) -> None:
        """Counts a use of every table, so that those asked for often are kept at hand."""
        for catalogs, snapshot, table in self.tables:
            catalogs.use(snapshot, table)

    @property
    def is_there(self) -> bool:
        """Whether repositories answer with the same snapshots, and all kept rows are there."""
        if any(catalogs.snapshot(commit) is not held for catalogs, commit, held in self.read):
            return False
        keeping = [catalogs.histories.kept for catalogs, _, _ in self.read]
        return all(any(kept.has(name) for kept in keeping) for name in kept_in(self.text))

    def close(self) -> None:
        """Lets what is bound go."""
        while self.idle:
            self.idle.pop().cursor.close()


class Plans:
    """The readings and plans of one session; the ones used longest ago go first."""

    def __init__(self, parser: SqlParser) -> None:
        self._plans: OrderedDict[Hashable, Plan] = OrderedDict()
        self.split = lru_cache(maxsize=_MOST)(lambda sql: split(sql, parser))
        self.reading = lru_cache(maxsize=_MOST)(lambda statement: read(statement, parser))

    def find(self, key: Hashable) -> Plan | None:
        """Gives a plan of which all that it reads is still there."""
        plan = self._plans.get(key)
        if plan is None:
            return None
        if not plan.is_there:
            self._plans.pop(key).close()
            return None
        self._plans.move_to_end(key)
        return plan

    def keep(self, key: Hashable, plan: Plan) -> None:
        """Remembers a plan, unless it reads files that are not committed."""
        if any(commit in PSEUDO_COMMITS for _, commit, _ in plan.read):
            return
        self._plans[key] = plan
        if len(self._plans) > _MOST:
            self._plans.popitem(last=False)[1].close()

    def close(self) -> None:
        """Lets everything that is bound go."""
        while self._plans:
            self._plans.popitem()[1].close()


def _is_lasting(reference: TableReference) -> bool:
    if reference.schema is not None and fold(reference.schema) == "information_schema":
        return False
    version = reference.version
    return version is None or (isinstance(version, Ref) and "@{" not in version.text)


def _is_of_fixed_commits(call: FunctionCall) -> bool:
    """Whether a function tells of commits that literals name, without a clock or the reflog."""
    if fold(call.name) not in _OF_COMMITS:
        return False
    return all(_is_fixed(argument.value) for argument in call.arguments)


def _is_fixed(given: object) -> bool:
    if isinstance(given, bool):
        return True
    if not isinstance(given, str) or "@{" in given:
        return False
    return not any(map(looks_like_moment, _sides(given)))


def _sides(text: str) -> list[str]:
    return text.replace("...", "..").split("..")


def read(statement: Statement, parser: SqlParser) -> Reading:
    """Reads a query.

    Raises:
        IngitdbError: It does not parse, or does what no query may.
    """
    analysis = analyze(statement.source, parser, query_start=statement.query_start)
    check(analysis, parser, our_functions=OUR_FUNCTIONS)
    return Reading(
        analysis=analysis,
        references=tuple(table_references(analysis, parser)),
        calls=tuple(mentioning(function_calls(analysis, parser), statement.text)),
        hidden=tuple(sorted(mentions_hidden(analysis, parser))),
        ordered=ordered_table(analysis, parser),
    )
