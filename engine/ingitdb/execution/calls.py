"""Binds the calls of our own functions: what they are given, and the SQL that answers."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ingitdb.catalog.globs import literal_start
from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import CatalogError, StatementInvalid, StatementRefused, TableNotFound
from ingitdb.execution import dolt, relations
from ingitdb.execution.blames import Blame
from ingitdb.execution.call_arguments import (
    expect_count,
    flag_argument,
    named_arguments,
    scalar_literal,
)
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.comparisons import (
    Comparison,
    TableName,
    compared,
    diff_stat,
    diff_summary,
    schema_diff,
    split_range,
)
from ingitdb.execution.differences import Difference, table_name
from ingitdb.execution.lines import Line, spanned
from ingitdb.execution.mentions import Mentioning
from ingitdb.execution.patches import patch
from ingitdb.execution.schemas import schemas
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import quote_identifier
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.arguments import value_of
from ingitdb.sql.names import fold, name_parts
from ingitdb.sql.references import Expression, FunctionCall
from ingitdb.sql.versions import Between, Parameter

if TYPE_CHECKING:
    from ingitdb.execution.binding import Binder, Place

_MOST_PARTS = 3
_OF_CONSTRAINTS = ("constraint_violations", "dolt_constraint_violations")
"""Relations that are functions, of one table or none, and tables."""
OUR_FUNCTIONS = frozenset(
    [
        *relations.GIT_FUNCTIONS,
        *relations.SCALAR_FUNCTIONS,
        *relations.COMPARING_FUNCTIONS,
        *relations.LINE_FUNCTIONS,
        *relations.PLAIN_FUNCTIONS,
        *dolt.FUNCTIONS,
        *_OF_CONSTRAINTS,
        "query_diff",
    ]
)
"""The functions whose calls are bound here."""
COMPARING = frozenset([*relations.COMPARING_FUNCTIONS, *dolt.COMPARING])
"""Those that compare two commits."""
_SUMS = {"diff_stat": diff_stat, "diff_summary": diff_summary, "schema_diff": schema_diff}


@dataclass
class Calls:
    """Binds the calls of one statement.

    Attributes:
        binder: The statement's, which knows where names lead.
    """

    binder: "Binder"
    _commits: dict[tuple[str, CommitId], str] = field(default_factory=dict)

    def sql(self, call: FunctionCall, snapshot: Snapshot) -> str:
        """Gives what to put in a call's place.

        Args:
            call: The call.
            snapshot: The commit that the statement reads.

        Raises:
            IngitdbError: The call is wrong, or what it names is not there.
        """
        name = dolt.SCALARS.get(fold(call.name), fold(call.name))
        if call.is_method or call.qualifier:
            raise StatementRefused(f"{call.name} is called by its name alone: {call.name}(…).")
        arguments = [self._argument(call, argument.value) for argument in call.arguments]
        binder = self.binder
        context = relations.Context(
            binder.catalogs, snapshot, binder.catalogs.repository.name, binder.ref
        )
        if name in relations.SCALAR_FUNCTIONS:
            expect_count(call, arguments, relations.SCALAR_FUNCTIONS[name])
            column = f" AS {quote_identifier(call.column)}" if call.column else ""
            return scalar_literal(relations.scalar(context, name, arguments)) + column
        if not call.is_table:
            raise StatementInvalid(f"{call.name} stands in FROM.")
        found = self._relation(call, name, arguments, context)
        return found if call.alias else f"{found} AS {quote_identifier(call.name)}"

    def versions(self, place: "Place", between: Between | None = None) -> str:
        """Gives SQL for the states of a table's records, or for those of a range of time."""
        line, table, commits = self._line(place)
        points, repository = self.binder.points, place.catalogs.repository
        span = spanned(line, points, repository, between) if between else None
        return line.versions(table, commits, span)

    def _relation(
        self, call: FunctionCall, name: str, arguments: Sequence[Any], context: relations.Context
    ) -> str:
        if name in ("query_diff", "dolt_query_diff"):
            return self._query_diff(call, arguments)
        if name in _OF_CONSTRAINTS:
            given = named_arguments(call, ("table_name",), arguments)
            return self._violations(name, given.get("table_name"))
        if name in dolt.FUNCTIONS:
            return self._for_dolt(call, name, arguments)
        if name in relations.LINE_FUNCTIONS:
            given = named_arguments(call, relations.LINE_FUNCTIONS[name], arguments)
            return f"({self._of_line(call, name, given)})"
        if name in relations.COMPARING_FUNCTIONS:
            given = named_arguments(call, relations.COMPARING_FUNCTIONS[name], arguments)
            return f"({self._compared(name, given)})"
        if name in relations.GIT_FUNCTIONS:
            expect_count(call, arguments, relations.GIT_FUNCTIONS[name])
            rows = relations.git_rows(context, name, arguments)
        else:
            expect_count(call, arguments, relations.PLAIN_FUNCTIONS[name])
            made = relations.unreadable if name == "unreadable" else relations.table_stats
            rows = made(context)
        return self.binder.register(relations.arrow_rows(rows))

    def _for_dolt(self, call: FunctionCall, name: str, arguments: Sequence[Any]) -> str:
        """Gives SQL for a function under Dolt's name."""
        if any(argument.name for argument in call.arguments):
            raise StatementInvalid(f"{name} has no named parameters.")
        texts = [str(argument) for argument in arguments]
        if name == "dolt_log":
            return self._log(dolt.logged(texts))
        asked = dolt.compared(name, texts)
        if name != "dolt_diff":
            return f"({self._compared(dolt.COMPARING[name], asked.given)})"
        found = self._difference(asked.given)
        if not asked.is_skinny:
            return f"({found.dolt_sql()})"
        return f"({found.dolt_sql(found.changed() | found.key | asked.columns)})"

    def _query_diff(self, call: FunctionCall, arguments: Sequence[Any]) -> str:
        from ingitdb.execution.query_differences import query_diff  # slow to load: seldom needed

        expect_count(call, arguments, (2, 2))
        tables = [self.binder.run(str(text)) for text in arguments]
        old, new = ((self.binder.register(table), table) for table in tables)
        return f"({query_diff(old, new)})"

    def table_of_dolt(self, place: "Place") -> str | None:
        """Gives SQL for one of Dolt's system tables; None where the name is none."""
        name = fold(place.name)
        if name in dolt.SYSTEM_TABLES:
            return self._system_table(name, place)
        if name in _OF_CONSTRAINTS:
            return self._violations(name, None)
        if name.startswith(f"{_OF_CONSTRAINTS[1]}_"):
            return self._violations(name, place.name[len(_OF_CONSTRAINTS[1]) + 1 :])
        for start, function in dolt.OF_TABLE.items():
            if name.startswith(start):
                line, table, commits = self._line(replace(place, name=place.name[len(start) :]))
                if function == "diff":
                    return f"({line.diff(table, commits, for_dolt=True)})"
                if function == "history":
                    return f"({line.history(table, commits)})"
                return f"({Blame(line, table).sql(commits, self.binder.register)})"
        return None

    def _violations(self, name: str, table: str | None) -> str:
        """Gives SQL for what offends against what is declared."""
        from ingitdb.execution.constraint_relations import ConstraintRelations  # slow to load

        binder = self.binder
        made = ConstraintRelations(binder.catalogs, binder.run, binder.register)
        if table is None:
            first = "table" if name.startswith("dolt_") else "table_name"
            return binder.register(relations.arrow_rows(made.counts(binder.commit, first)))
        place = self._given(table)
        return made.of_table(binder.commit, self._named_at(place, place.name)[1])

    def _system_table(self, name: str, place: "Place") -> str:
        repository = place.catalogs.repository
        if name == "dolt_log":
            return self._log(dolt.Logged(revisions=(str(place.commit),)))
        if name == "dolt_tags":
            rows = dolt.tag_rows(repository)
        elif name == "dolt_diff":
            rows = dolt.diff_rows(self._changes(place))
        else:
            rows = dolt.branch_rows(repository, remote=name == "dolt_remote_branches")
        return self.binder.register(relations.arrow_rows(rows))

    def _log(self, asked: dolt.Logged) -> str:
        """Gives SQL for `dolt_log`; without revisions it begins where the statement reads."""
        paths = []
        for place in map(self._given, asked.tables):
            _, table = self._named_at(place, place.name)
            paths += [literal_start(where.path) for where in table.locations]
        if not asked.revisions:
            asked = replace(asked, revisions=(str(self.binder.commit),))
        rows = dolt.log_rows(self.binder.catalogs.repository, asked, paths)
        return self.binder.register(relations.arrow_rows(rows))

    def _changes(self, place: "Place") -> Iterator[dolt.Changed]:
        """Gives what each commit of the line changed, the newest first."""
        snapshot = self.binder.snapshot(place.catalogs, place.commit)
        line = Line(snapshot, place.catalogs.histories, self.binder.points.query)
        found: dict[int, list[dolt.Changed]] = {}
        log = line.log()
        for along, table in self._tables_along(place.catalogs, line):
            moves = along.lineage(table).moves()
            changes = {schema.ordinal for schema in schemas(place.catalogs, along, table)}
            for at in moves | changes:
                known = found.setdefault(at, [])
                known.append((log[at], table_name(table), at in moves, at in changes))
        for at in sorted(found, reverse=True):
            yield from sorted(found[at], key=itemgetter(1))

    def _argument(self, call: FunctionCall, value: Any) -> Any:
        if isinstance(value, Parameter):
            return value_of(value, self.binder.points.parameters)
        if isinstance(value, Expression):
            raise StatementInvalid(
                f"{call.name} takes literals and parameters, not {value.text}.",
                hint="Compute it before and give it as a parameter.",
            )
        return value

    def _given(self, text: str) -> "Place":
        """Says what a table's name in a string means; `people.csv` may be a whole name."""
        parts = name_parts(text)
        if len(parts) > 1 and '"' not in text:
            whole = self.binder.locate((text,), None)
            with contextlib.suppress(CatalogError):
                self._named_at(whole, text)
                return whole
        return self.binder.locate(parts[-_MOST_PARTS:], None)

    def _named_at(self, place: "Place", name: str) -> tuple[Snapshot, NamedTable]:
        snapshot = self.binder.snapshot(place.catalogs, place.commit)
        return snapshot, self.binder.named(snapshot, place, name)

    def _line(self, place: "Place") -> tuple[Line, NamedTable, str]:
        """Gives the line to a commit, a table of it, and the name of the line's commits.

        The table may be gone at the commit.
        """
        snapshot = self.binder.snapshot(place.catalogs, place.commit)
        line = Line(snapshot, place.catalogs.histories, self.binder.points.query)
        commits = self._commits_of(place, line)
        try:
            table = self.binder.named(snapshot, place, place.name)
        except TableNotFound:
            last = place.catalogs.last_with(snapshot, place.name)
            if last is None:
                raise
            snapshot = self.binder.snapshot(place.catalogs, last)
            table = self.binder.named(snapshot, place, place.name)
        self.binder.columns += [column.name for column in snapshot.relation(table).columns]
        return replace(line, home=snapshot), table, commits

    def _commits_of(self, place: "Place", line: Line) -> str:
        """Gives the name of a line's commits."""
        key = (place.catalogs.repository.identity, place.commit)
        if key not in self._commits:
            self._commits[key] = (
                line.kept_commits() if line.is_committed else self.binder.register(line.commits())
            )
        return self._commits[key]

    def _tables_along(self, catalogs: Catalogs, line: Line) -> Iterator[tuple[Line, NamedTable]]:
        """Gives the tables at the end of a line and those that were there before."""
        there = set()
        for table in line.snapshot.tables:
            there |= {(where.schema, where.name) for where in table.locations}
            yield line, table
        for where in line.base().manifest.locations:
            named = (where.schema, where.name)
            if named in there:
                continue
            there.add(named)
            last = catalogs.last_with(line.snapshot, where.name)
            if last is None:
                continue
            snapshot = catalogs.snapshot(last)
            for table in snapshot.tables:
                if any((known.schema, known.name) == named for known in table.locations):
                    yield replace(line, home=snapshot), table

    def _of_line(self, call: FunctionCall, name: str, given: Mapping[str, str]) -> str:
        """Gives SQL for a function over the line that leads to the commit."""
        if "table_name" not in given:
            raise StatementInvalid(f"{name} wants a table.", hint=f"Write {name}('t').")
        scope = given.get("scope", "line")
        if scope not in ("line", "all"):
            raise StatementInvalid(
                f"{name} has no scope {scope!r}.",
                hint="'line' covers the first parents, 'all' every commit that is reached.",
            )
        place = self._given(given["table_name"])
        if name == "versions":
            return self.versions(place)
        line, table, commits = self._line(place)
        if name == "history":
            if scope == "all" and line.histories.sides(line.base()).sides:
                return self._history_of_all(line, table, commits)
            if isinstance(call, Mentioning) and not call.commits and line.is_committed:
                return line.history_by_ordinal(table)
            return line.history(table, commits)
        cells = flag_argument(name, "cells", given.get("cells"))
        return Blame(line, table).sql(commits, self.binder.register, cells=cells)

    def _history_of_all(self, line: Line, table: NamedTable, commits: str) -> str:
        """Gives SQL for the history of a table at all commits that a line reaches."""
        beside = self.binder.register(line.beside())
        return line.history_of_all(table, commits, beside, self.binder.register(line.touched()))

    def _table_changes(self, text: str, old: str, new: str | None) -> str:
        place = self._given(text)
        repository, points = place.catalogs.repository, self.binder.points
        start, end = compared(old, new, points, repository, self.binder.commit)
        line, table, commits = self._line(replace(place, commit=end))
        return line.table_changes(table, commits, start)

    def _compared(self, name: str, given: Mapping[str, str]) -> str:
        """Gives SQL for a function that compares two commits."""
        if name in ("diff", "table_changes"):
            table, old = given.get("table_name"), given.get("from_ref")
            if table is not None and old is None and name == "diff" and "to_ref" not in given:
                line, found, commits = self._line(self._given(table))
                return line.diff(found, commits)
            if table is None or old is None:
                raise StatementInvalid(
                    f"{name} wants two commits and a table.",
                    hint=f"Write {name}('t', 'from', 'to').",
                )
            if name == "table_changes":
                return self._table_changes(table, old, given.get("to_ref"))
            return self._difference(given).sql()
        if "from_ref" not in given:
            raise StatementInvalid(
                f"{name} wants two commits.", hint=f"Write {name}('from', 'to')."
            )
        given = dict(given)
        if "table_name" not in given and "to_ref" in given and split_range(given["from_ref"]):
            given["table_name"] = given.pop("to_ref")  # diff_stat('a..b', 't')
        if "table_name" in given:
            return self._summed(name, [self._difference(given)])
        return self._summed(name, list(self._comparison(self.binder.catalogs, given).tables()))

    def _difference(self, given: Mapping[str, str]) -> Difference:
        """Gives what differs in one table."""
        place = self._given(given["table_name"])
        name = TableName(place.name, place.schema, self.binder.schema)
        found = self._comparison(place.catalogs, given).table(name)
        self.binder.columns += found.columns
        return found

    def _comparison(self, catalogs: Catalogs, given: Mapping[str, str]) -> Comparison:
        points, tip = self.binder.points, self.binder.commit
        old, new = given["from_ref"], given.get("to_ref")
        start, end = compared(old, new, points, catalogs.repository, tip)
        snapshot = partial(self.binder.snapshot, catalogs)
        return Comparison(catalogs, start, end, points.query, snapshot)

    def _summed(self, name: str, differences: Sequence[Difference]) -> str:
        if name == "patch":
            return patch(differences, self.binder.points.query)
        return _SUMS[name](differences)
