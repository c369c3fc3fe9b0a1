"""Binds the calls of our own functions: what they are given, and the SQL that answers."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import CatalogError, StatementInvalid, StatementRefused
from ingitdb.execution import relations
from ingitdb.execution.blames import Blame
from ingitdb.execution.comparisons import (
    Comparison,
    TableName,
    compared,
    diff_stat,
    diff_summary,
    schema_diff,
    split_range,
)
from ingitdb.execution.differences import Difference
from ingitdb.execution.lines import Line, spanned
from ingitdb.execution.patches import patch
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.arguments import value_of
from ingitdb.sql.names import fold, name_parts
from ingitdb.sql.references import Expression, FunctionCall
from ingitdb.sql.versions import Between, Parameter

if TYPE_CHECKING:
    from ingitdb.execution.binding import Binder, Place

_MOST_PARTS = 3
_TABLE = "'t', "
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
        name = fold(call.name)
        if call.is_method or call.qualifier:
            raise StatementRefused(f"{call.name} is called by its name alone: {call.name}(…).")
        arguments = [self._argument(call, argument.value) for argument in call.arguments]
        context = relations.Context(
            self.binder.catalogs, snapshot, self.binder.catalogs.repository.name
        )
        if name in relations.SCALAR_FUNCTIONS:
            _expect(call, arguments, relations.SCALAR_FUNCTIONS[name])
            column = f" AS {quote_identifier(call.column)}" if call.column else ""
            return _literal(relations.scalar(context, name, arguments)) + column
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
        if name in relations.LINE_FUNCTIONS:
            given = _named(call, relations.LINE_FUNCTIONS[name], arguments)
            return f"({self._of_line(name, given)})"
        if name in relations.COMPARING_FUNCTIONS:
            given = _named(call, relations.COMPARING_FUNCTIONS[name], arguments)
            return f"({self._compared(name, given)})"
        if name in relations.GIT_FUNCTIONS:
            _expect(call, arguments, relations.GIT_FUNCTIONS[name])
            rows = relations.git_rows(context, name, arguments)
        else:
            _expect(call, arguments, (0, 0))
            made = relations.unreadable if name == "unreadable" else relations.table_stats
            rows = made(context)
        return self.binder.register(relations.arrow_rows(rows))

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
        """Gives the line to a commit, a table there, and the name of the line's commits."""
        snapshot, table = self._named_at(place, place.name)
        line = Line(snapshot, place.catalogs.histories)
        key = (place.catalogs.repository.identity, place.commit)
        if key not in self._commits:
            self._commits[key] = self.binder.register(line.commits())
        self.binder.columns += [column.name for column in snapshot.relation(table).columns]
        return line, table, self._commits[key]

    def _of_line(self, name: str, given: Mapping[str, str]) -> str:
        """Gives SQL for a function over the line that leads to the commit."""
        if "table_name" not in given:
            raise StatementInvalid(f"{name} wants a table.", hint=f"Write {name}('t').")
        if given.get("scope", "line") != "line":
            raise StatementRefused(
                f"{name} has no scope {given['scope']!r}.",
                hint="It covers the first parents of a commit.",
            )
        place = self._given(given["table_name"])
        if name == "versions":
            return self.versions(place)
        line, table, commits = self._line(place)
        if name == "history":
            return line.history(table, commits)
        cells = _flag(name, "cells", given.get("cells"))
        return Blame(line, table, self.binder.points.query).sql(commits, cells=cells)

    def _table_changes(self, text: str, old: str, new: str | None) -> str:
        place = self._given(text)
        repository, points = place.catalogs.repository, self.binder.points
        start, end = compared(old, new, points, repository, self.binder.commit)
        line, table, commits = self._line(replace(place, commit=end))
        return line.table_changes(table, commits, points.query, start)

    def _compared(self, name: str, given: Mapping[str, str]) -> str:
        table, old, new = (given.get(key) for key in ("table_name", "from_ref", "to_ref"))
        points = self.binder.points
        if name == "diff" and table is not None and old is None and new is None:
            line, found_table, commits = self._line(self._given(table))
            return line.diff(found_table, commits, points.query)
        of_table = name in ("diff", "table_changes")
        if old is None or (of_table and table is None):
            raise StatementInvalid(
                f"{name} wants two commits{' and a table' * of_table}.",
                hint=f"Write {name}({_TABLE * of_table}'from', 'to').",
            )
        if name == "table_changes" and table is not None:
            return self._table_changes(table, old, new)
        if table is None and new is not None and split_range(old) is not None:
            table, new = new, None  # diff_stat('a..b', 't')
        place = self._given(table) if table is not None else None
        catalogs = place.catalogs if place is not None else self.binder.catalogs
        start, end = compared(old, new, points, catalogs.repository, self.binder.commit)
        comparison = Comparison(
            catalogs, start, end, points.query, partial(self.binder.snapshot, catalogs)
        )
        if place is None:
            return self._summed(name, list(comparison.tables()))
        found = comparison.table(TableName(place.name, place.schema, self.binder.schema))
        self.binder.columns += found.columns
        return found.sql() if name == "diff" else self._summed(name, [found])

    def _summed(self, name: str, differences: Sequence[Difference]) -> str:
        if name == "patch":
            return patch(differences, self.binder.points.query)
        return _SUMS[name](differences)


def _named(call: FunctionCall, names: Sequence[str], values: Sequence[Any]) -> dict[str, str]:
    """Gives the arguments of a call by the names of its parameters; NULL is none.

    Raises:
        StatementInvalid: There are too many, or one has an unknown name or is given twice.
    """
    if len(values) > len(names):
        raise StatementInvalid(f"{call.name} takes {len(names)} arguments, not {len(values)}.")
    found: dict[str, str] = {}
    for position, (argument, value) in enumerate(zip(call.arguments, values, strict=True)):
        name = names[position] if argument.name is None else fold(argument.name)
        if name not in names or name in found:
            what = "twice" if name in found else "but has no such parameter"
            raise StatementInvalid(
                f"{call.name} is given {name} {what}.", hint=f"It takes {', '.join(names)}."
            )
        if value is not None:
            found[name] = str(value)
    return found


def _flag(function: str, name: str, text: str | None) -> bool:
    if text is None or text.casefold() in ("true", "false"):
        return text is not None and text.casefold() == "true"
    raise StatementInvalid(f"{function} wants true or false as {name}, not {text!r}.")


def _expect(call: FunctionCall, arguments: Sequence[Any], count: tuple[int, int]) -> None:
    least, most = count
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise StatementInvalid(f"{call.name} takes {wanted} arguments, not {len(arguments)}.")


def _literal(value: str | bool | None) -> str:
    if value is None:
        return "CAST(NULL AS VARCHAR)"
    if isinstance(value, bool):
        return f"CAST({'true' if value else 'false'} AS BOOLEAN)"
    return f"CAST({quote_literal(value)} AS VARCHAR)"  # ORDER BY takes no plain literal
