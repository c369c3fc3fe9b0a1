"""Constraints: what a state offends against, all of it or what a change brought."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ingitdb.catalog.naming import NamedTable
from ingitdb.catalog.records import INDEX_COLUMN, PARENT_COLUMN
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.constraint_keys import (
    Reference,
    Side,
    missing_keys,
    repeated,
)
from ingitdb.execution.constraint_queries import Rows, Unusable, offending, unmet
from ingitdb.execution.constraint_reactions import Step, reactions, touched_parent
from ingitdb.execution.constraint_states import Changes, Layouts, State, Touched
from ingitdb.execution.constraint_tellings import Telling, name_of
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb.model.tables import Declaration, ForeignKey
from ingitdb.model.violations import Violation
from ingitdb.validation.declarations import inconsistencies
from ingitdb.validation.record_rules import RecordRules

_WORD = re.compile(r"\w+")
_COUNTS = ("min_records_count", "max_records_count")
_OURS = frozenset({"_key", PARENT_COLUMN, INDEX_COLUMN})
"""Columns that no file names."""


class Constraints:
    """Asks what is declared of what stands in a repository.

    Args:
        catalogs: The repository's commits.
        rows: Runs SQL of the repository's own.
    """

    def __init__(self, catalogs: Catalogs, rows: Rows) -> None:
        self._catalogs = catalogs
        self._rows = rows
        self._layouts = Layouts(catalogs)

    def violations(
        self,
        before: CommitId | None,
        after: CommitId,
        tables: Collection[tuple[str, str]] | None = None,
    ) -> Iterator[Violation]:
        """Gives what a state offends against.

        Args:
            before: Another state: only what came since, and what that breaks, is asked about.
                None asks about everything.
            after: The state.
            tables: Schema and name of the tables to ask about; None means all of them, and what
                is declared for the whole repository.
        """
        return self._check(before, after).violations(tables)

    def are_none(self, commit: CommitId) -> bool:
        """Tells whether nothing is declared at a commit."""
        return State(self._catalogs, self._layouts, commit).is_plain

    def follow_ups(self, step: Step) -> list[str]:
        """Gives the statements that ON DELETE and ON UPDATE ask for after a statement.

        Each can ask for more in turn: ask again once it has run, until there are none.
        """
        check = self._check(step.before, step.after)
        if step.renamed is None or check.before is None or check.after.is_plain:
            return []
        return list(reactions(check.before, check.after, check.changes, step.renamed))

    def _check(self, before: CommitId | None, after: CommitId) -> "_Check":
        now = State(self._catalogs, self._layouts, after)
        earlier = None
        if before is not None:
            earlier = State(self._catalogs, self._layouts, before)
        return _Check(self._catalogs, self._rows, earlier, now)


class _Check:
    """One question about a state, and perhaps the one before it."""

    def __init__(self, catalogs: Catalogs, rows: Rows, before: State | None, after: State) -> None:
        self.before = before
        self.after = after
        self.changes = Changes(catalogs, before, after)
        self._rows = rows
        self._tell = Telling(after)

    def violations(self, names: Collection[tuple[str, str]] | None) -> Iterator[Violation]:
        """Gives what offends, table by table."""
        yield from self._problems(names)
        if self.changes.are_none or self.after.is_plain:
            return
        if names is None:
            yield from self._names()
        for table in self.after.snapshot.tables:
            if names is None or (table.schema, table.name) in names:
                yield from self._of_table(table)
        if names is None:
            for name, query in self.after.layout.conventions.rules:
                yield from self._custom(None, name, query)

    def _of_table(self, table: NamedTable) -> Iterator[Violation]:
        declared = table.locations[0].declaration
        touched = self.changes.of(table)
        yield from self._references(table, declared, touched)
        if touched.is_whole:
            yield from self._declaration(table, declared)
        if not touched.is_nothing:
            yield from self._records(table, touched)
            yield from self._keys(table, declared, touched)
            for name, condition in declared.checks:
                yield from self._condition(table, name, condition, touched)
            yield from self._counts(table, declared)
        for name, query in declared.custom_rules:
            yield from self._custom(table, name, query)

    def _records(self, table: NamedTable, touched: Touched) -> Iterator[Violation]:
        """Asks each record about what it says by itself."""
        pattern = self.after.layout.conventions.keys
        rules = {
            where.storage: RecordRules(where, key_pattern=pattern) for where in table.locations
        }
        if all(each.are_none for each in rules.values()):
            return
        records = self.changes.all_records(table) if touched.is_whole else touched.came
        for record in records:
            own = rules[record.location.storage]
            for finding in own.findings(record.fields, record.key):
                yield self._tell.finding(table, record, finding)

    def _keys(
        self, table: NamedTable, declared: Declaration, touched: Touched
    ) -> Iterator[Violation]:
        required = {column.name for column in declared.columns if column.required}
        names = [name for name in declared.primary_key if name not in required]
        for name, offender in missing_keys(self.after, table, names, touched):
            yield self._tell.missing(table, offender, name)
        groups = [(declared.primary_key, "primary_key")] if declared.primary_key else []
        groups += [(group, "unique") for group in declared.unique_groups]
        for group, rule in groups:
            for offender in repeated(self.after, table, group, touched):
                yield self._tell.repeated(table, offender, group, rule)

    def _references(
        self, table: NamedTable, declared: Declaration, touched: Touched
    ) -> Iterator[Violation]:
        for at, key in enumerate(declared.foreign_keys):
            if self._leads_nowhere(key, touched):
                message = f"A foreign key leads to {name_of(key.schema, key.table)}, no table."
                yield self._tell.declared(table, ("foreign_keys", at), message, "foreign_key")
            gone = touched_parent(self.before, self.after, self.changes, key)
            if not (touched.is_nothing and gone.is_nothing):
                yield from self._reference(table, key, touched, gone)

    def _leads_nowhere(self, key: ForeignKey, touched: Touched) -> bool:
        """Tells whether a foreign key leads to a table that is none; one may lose its records."""
        if self.after.table(key.schema, key.table) is not None:
            return False
        return touched.is_whole or (self._former(key) is not None and self.changes.configured)

    def _reference(
        self, table: NamedTable, key: ForeignKey, touched: Touched, gone: Touched
    ) -> Iterator[Violation]:
        reference = Reference.of(self.after, table, key)
        if reference is None:
            return
        asked = gone if gone.is_whole else touched
        if not asked.is_nothing:
            for offender in reference.dangling(asked):
                yield self._tell.dangling(table, offender, key, "which is no key of")
        if not asked.is_whole:
            for offender in reference.orphans(self._former(key), gone, touched):
                yield self._tell.dangling(table, offender, key, "which is gone from")

    def _former(self, key: ForeignKey) -> Side | None:
        """Gives the columns that a foreign key led to before."""
        if self.before is None:
            return None
        table = self.before.table(key.schema, key.table)
        return None if table is None else Side.of(self.before, table, key.references)

    def _condition(
        self, table: NamedTable, name: str, condition: str, touched: Touched
    ) -> Iterator[Violation]:
        columns = {column.name.casefold() for column in self.after.relation(table).columns}
        words = {word for word in _WORD.findall(condition) if word.casefold() in columns}
        field = [*words] if len(words) == 1 else []
        try:
            for offender in unmet(self._rows, self.after, table, condition, touched):
                yield self._tell.unmet(table, offender, name, condition, field)
        except Unusable as reason:
            message = f"The check {name} cannot be asked: {reason}."
            yield self._tell.declared(table, ("checks", name), message, "check")

    def _custom(self, table: NamedTable | None, name: str, query: str) -> Iterator[Violation]:
        before = self.before if self._was_declared(table, (name, query)) else None
        try:
            commit = None if before is None else before.commit
            found = offending(self._rows, query, self.after.commit, commit)
        except Unusable as reason:
            message = f"The rule {name} cannot be asked: {reason}."
            yield self._tell.declared(table, ("rules", name), message, "rule")
            return
        for row in found:
            yield self._tell.row(table, name, row)

    def _was_declared(self, table: NamedTable | None, rule: tuple[str, str]) -> bool:
        """Tells whether a custom rule was there before, so that what offended then is old."""
        if self.before is None or self.before.commit == EMPTY:
            return False
        if table is None:
            return rule in self.before.layout.conventions.rules
        former = self.before.table(table.schema, table.name)
        return former is not None and rule in former.locations[0].declaration.custom_rules

    def _counts(self, table: NamedTable, declared: Declaration) -> Iterator[Violation]:
        rules = dict(declared.rules)
        bounds = {name: rules[name] for name in _COUNTS if name in rules}
        if not bounds:
            return
        for parent, count in self._counted(table, rules):
            for name, bound in bounds.items():
                if count < bound if name == "min_records_count" else count > bound:
                    yield self._tell.count(table, name, bound, count, parent)

    def _counted(
        self, table: NamedTable, rules: Mapping[str, Any]
    ) -> Iterator[tuple[str | None, int]]:
        """Gives how many records there are; of a subcollection for each record above."""
        relation = self.after.relation(table)
        names = {column.name for column in relation.columns}
        if "parent" not in rules or PARENT_COLUMN not in names:
            yield None, relation.rows
            return
        counts = f"SELECT {PARENT_COLUMN} AS of, count(*) AS n FROM ({relation.sql()}) GROUP BY ALL"
        parent = self.after.table(table.schema, str(rules["parent"]))
        if parent is not None:
            keys = self.after.relation(parent).sql(hidden=["_key"])
            counts = (
                f"SELECT coalesce(p._key, of) AS of, coalesce(n, 0) FROM ({counts})"
                f" FULL JOIN (SELECT DISTINCT _key FROM ({keys}) WHERE _key IS NOT NULL) AS p"
                " ON p._key = of"
            )
        for of, count in self.after.query(f"{counts} ORDER BY ALL"):
            yield str(of), int(count)

    def _declaration(self, table: NamedTable, declared: Declaration) -> Iterator[Violation]:
        relation = self.after.relation(table)
        known = [column.name for column in relation.columns] if relation.rows else []
        for each in inconsistencies(declared, known):
            yield self._tell.declared(table, each.way, each.message, "definition")
        resolved = {name for key in declared.foreign_keys for name in key.columns}
        for column in declared.columns:
            way = ("columns", column.name)
            target = dict(column.rules).get("foreign_key")
            if target is not None and column.name not in resolved:
                message = f"The foreign key of {column.name} leads to {target!r}, no collection."
                yield self._tell.declared(table, (*way, "foreign_key"), message, "foreign_key")
            if column.default is not None and column.type is not None:
                said = self._wrong_default(column.default, column.type.sql)
                if said is not None:
                    message = f"The default of {column.name} is no {column.type.sql}: {said}."
                    yield self._tell.declared(table, (*way, "default"), message, "default")

    def _wrong_default(self, default: str, kind: str) -> str | None:
        try:
            offending(
                self._rows, f"SELECT CAST((\n{default}\n) AS {kind})", self.after.commit, None
            )
        except Unusable as reason:
            return str(reason)
        return None

    def _names(self) -> Iterator[Violation]:
        """Looks at the names of tables and columns that were not there."""
        asked = self.after.layout.conventions
        if asked.tables is None and asked.columns is None:
            return
        known: set[tuple[str, str]] = set()
        if self.before is not None and self.before.layout.conventions == asked:
            known = set(_named(self.before))
        for table in self.after.snapshot.tables:
            if (table.name, "") not in known and not _fits(table.name, asked.tables):
                yield self._tell.named(table, "tables", table.name, asked.tables or "")
            for column in self.after.relation(table).columns:
                is_known = column.name in _OURS or (table.name, column.name) in known
                if not is_known and not _fits(column.name, asked.columns):
                    yield self._tell.named(table, "columns", column.name, asked.columns or "")

    def _problems(self, names: Collection[tuple[str, str]] | None) -> Iterator[Violation]:
        known: set[tuple[str, str]] = set()
        if self.before is not None:
            known = {(p.path, p.message) for p in self.before.snapshot.problems}
        for problem in self.after.snapshot.problems:
            is_new = (problem.path, problem.message) not in known
            if is_new and (names is None or self._is_of(problem.path, names)):
                yield self._tell.problem(problem)

    def _is_of(self, path: str, names: Collection[tuple[str, str]]) -> bool:
        """Tells whether a file, which may not be readable, is one of some tables."""
        tables = (t for t in self.after.snapshot.tables if (t.schema, t.name) in names)
        places = [where for table in tables for where in table.locations]
        claimed = {where.storage for where in self.after.layout.claim(path).locations}
        if claimed:
            return any(where.storage in claimed for where in places)
        return any(path == where.path or path.startswith(f"{where.path}/") for where in places)


def _named(state: State) -> Iterator[tuple[str, str]]:
    """Gives each table, and each of its columns, by their names."""
    for table in state.snapshot.tables:
        yield table.name, ""
        for column in state.relation(table).columns:
            yield table.name, column.name


def _fits(name: str, pattern: str | None) -> bool:
    return pattern is None or re.fullmatch(pattern, name) is not None
