"""What differs between two commits as statements that turn the tables of one into the other's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.differences import Difference
from ingitdb.execution.literals import literal
from ingitdb.execution.pairing import PATH, named
from ingitdb.execution.relations import key_columns
from ingitdb.model.types import JSON, Scalar, quote_identifier, quote_literal
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.internal import ORDER
from ingitdb.snapshots.relation import Column

_DROPS, _CHANGES, _ROWS = range(3)
_DELETE, _UPDATE, _INSERT = range(3)


def patch(differences: Sequence[Difference], query: Query) -> str:
    """Gives SQL for the statements, all of the schema before all of the data.

    They are in DuckDB's words, and hold columns and rows: keys and references are not theirs.
    """
    tables = [_TablePatch(number, found, query) for number, found in enumerate(differences)]
    none = "SELECT 0 AS phase, 0 AS number, 0 AS step, '' AS path, CAST(NULL AS BIGINT) AS place"
    parts = [f"{none}, '' AS name, '' AS kind, '' AS statement WHERE false"]
    parts += [part for table in tables for part in table.parts()]
    ends = (side.commit for side in differences[0].sides) if differences else ("", "")
    old, new = map(quote_literal, ends)
    return (
        "SELECT row_number() OVER (ORDER BY phase, number, step, path, place, statement)"
        f" AS statement_order, {old} AS from_commit_hash, {new} AS to_commit_hash,"
        " name AS table_name, kind AS diff_type, statement"
        f" FROM ({' UNION ALL '.join(parts)})"
    )


@dataclass(frozen=True)
class _TablePatch:
    """The statements of one table.

    Attributes:
        number: Its place among the tables.
        difference: The table at both commits.
        query: Runs SQL.
    """

    number: int
    difference: Difference
    query: Query

    def parts(self) -> Iterator[str]:
        """Gives SQL for the statements, with what orders them."""
        name = quote_literal(self.difference.name)
        for step, (phase, text) in enumerate(self._schema()):
            yield (
                f"SELECT {phase}, {self.number}, {step}, '', 0, {name}, 'schema',"
                f" {quote_literal(text)}"
            )
        if self._columns(1):
            yield (
                f"SELECT {_ROWS}, {self.number}, step, {PATH}, {ORDER}, {name}, 'data', statement"
                f" FROM ({self._data()})"
            )

    @cached_property
    def _target(self) -> str:
        """The table's name after the statements of the schema."""
        table = self.difference.sides[1].table or self.difference.sides[0].table
        return _name(table) if table is not None else ""

    def _columns(self, at: int) -> Sequence[Column]:
        relation = self.difference.sides[at].relation
        return relation.columns if relation is not None else ()

    def _schema(self) -> Iterator[tuple[int, str]]:
        """Gives the statements for the table and its columns, each with its phase."""
        before, after = (side.table for side in self.difference.sides)
        old, new = self._columns(0), self._columns(1)
        if before is not None and old and not new:
            yield _DROPS, f"DROP TABLE {_name(before)};"
        if after is None or not new:
            return
        if before is None or not old:
            if after.schema != "main":
                yield _CHANGES, _schema_of(after)
            columns = ", ".join(f"{quote_identifier(c.name)} {c.type.sql}" for c in new)
            yield _CHANGES, f"CREATE TABLE {_name(after)} ({columns});"
            return
        yield from ((_CHANGES, text) for text in (*_moved(before, after), *self._altered()))

    def _altered(self) -> Iterator[str]:
        """Gives the statements for columns that came, went, or have another name or type."""
        pairs = self.difference.pairs
        come = [
            f"ADD COLUMN {quote_identifier(p.new.name)} {p.new.type.sql}"
            for p in pairs
            if p.new is not None and p.old is None
        ]
        gone = [
            f"DROP COLUMN {quote_identifier(p.old.name)}"
            for p in pairs
            if p.old is not None and p.new is None
        ]
        kept = [(p.old, p.new) for p in pairs if p.old is not None and p.new is not None]
        changes = [*gone, *_renamed(kept)]
        changes += [_retyped(old, new) for old, new in kept if old.type != new.type]
        changes = [*changes, *come] if kept else [*come, *gone]
        for change in changes:
            yield f"ALTER TABLE {self._target} {change};"

    def _data(self) -> str:
        """Gives SQL for the statements over records, each with its step, path and place."""
        columns = self._columns(1)
        old = {column.name: self._before(column, "d.") for column in columns}
        new = {column.name: f"d.{named('to', column)}" for column in columns}
        differs = {name: f"{old[name]} IS DISTINCT FROM {new[name]}" for name in new}
        key = self._key()
        is_elsewhere = " OR ".join(differs[column.name] for column in key) or "true"
        return (
            "WITH d AS MATERIALIZED (SELECT *, diff_type = 'modified'"
            f" AND NOT ({is_elsewhere}) AS stays"
            f" FROM ({self.difference.both(whole=self._is_retyped)}) d"
            f" WHERE diff_type <> 'modified' OR {' OR '.join(differs.values())})"
            f" SELECT {_DELETE} AS step, {PATH}, {ORDER}, {self._delete(key, old)} AS statement"
            " FROM d WHERE diff_type <> 'added' AND NOT stays UNION ALL"
            f" SELECT {_UPDATE}, {PATH}, {ORDER}, {self._update(key, old, new, differs)}"
            " FROM d WHERE stays UNION ALL"
            f" SELECT {_INSERT}, {PATH}, {ORDER}, {self._insert(new)}"
            " FROM d WHERE diff_type <> 'removed' AND NOT stays"
        )

    def _delete(self, key: Sequence[Column], old: Mapping[str, str]) -> str:
        head = quote_literal(f"DELETE FROM {self._target} WHERE ")
        return f"{head} || {self._where(key, old)} || ';'"

    def _update(
        self,
        key: Sequence[Column],
        old: Mapping[str, str],
        new: Mapping[str, str],
        differs: Mapping[str, str],
    ) -> str:
        settings = ", ".join(
            f"CASE WHEN {differs[column.name]} THEN"
            f" {quote_literal(quote_identifier(column.name) + ' = ')}"
            f" || {literal(new[column.name], column.type)} END"
            for column in self._columns(1)
        )
        head = quote_literal(f"UPDATE {self._target} SET ")
        return (
            f"{head} || array_to_string([{settings}], ', ') || ' WHERE '"
            f" || {self._where(key, old)} || ';'"
        )

    def _insert(self, new: Mapping[str, str]) -> str:
        columns = self._columns(1)
        names = ", ".join(quote_identifier(column.name) for column in columns)
        head = quote_literal(f"INSERT INTO {self._target} ({names}) VALUES (")
        values = " || ', ' || ".join(literal(new[c.name], c.type) for c in columns)
        return f"{head} || {values} || ');'"

    def _where(self, key: Sequence[Column], old: Mapping[str, str]) -> str:
        """Gives SQL for the condition that finds one record, as it was before."""
        sign = "=" if key else "IS NOT DISTINCT FROM"
        parts = []
        for column in key or self._columns(1):
            value = literal(old[column.name], column.type)
            if not isinstance(column.type, Scalar):
                value = f"'CAST(' || {value} || {quote_literal(f' AS {column.type.sql})')}"
            parts.append(f"{quote_literal(f'{quote_identifier(column.name)} {sign} ')} || {value}")
        found = " || ' AND ' || ".join(parts)
        if key:
            return found
        first = quote_literal(f"rowid = (SELECT min(rowid) FROM {self._target} WHERE ")
        return f"{first} || {found} || ')'"

    @cached_property
    def _kept(self) -> dict[str, Column]:
        """The old columns of those that the table has at both commits, by their new names."""
        pairs = ((pair.old, pair.new) for pair in self.difference.pairs)
        return {new.name: old for old, new in pairs if old is not None and new is not None}

    @property
    def _is_retyped(self) -> bool:
        return any(
            c.name in self._kept and self._kept[c.name].type != c.type for c in self._columns(1)
        )

    def _before(self, column: Column, prefix: str = "") -> str:
        """Gives SQL for what a column holds once the schema has changed and no row has."""
        old = self._kept.get(column.name)
        if old is None:
            return f"CAST(NULL AS {column.type.sql})"
        name = named("from", old) if prefix else quote_identifier(old.name)
        return _converted(f"{prefix}{name}", old, column)

    def _key(self) -> Sequence[Column]:
        """Chooses columns that tell the old table's rows apart; none if nothing does."""
        after, before = self.difference.sides[1].table, self.difference.sides[0].relation
        if after is None or before is None:
            return ()
        there = {c.name.casefold(): c for c in self._columns(1) if c.name in self._kept}
        declared = [there.get(name.casefold()) for name in key_columns(after)]
        candidates = [[column for column in declared if column is not None]]
        if not candidates[0] or None in declared:
            candidates = []
        candidates += [[c] for c in there.values() if isinstance(c.type, Scalar) and c.type != JSON]
        for columns in candidates:
            values = ", ".join(self._before(column) for column in columns)
            has_all = " AND ".join(f"{self._before(column)} IS NOT NULL" for column in columns)
            ((is_key,),) = self.query(
                f"SELECT count(*) = count(DISTINCT ({values})) AND bool_and({has_all})"
                f" IS NOT FALSE FROM ({before.body})"
            )
            if is_key:
                return columns
        return ()


def _name(table: NamedTable) -> str:
    names = [table.name] if table.schema == "main" else [table.schema, table.name]
    return ".".join(map(quote_identifier, names))


def _schema_of(table: NamedTable) -> str:
    return f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(table.schema)};"


def _moved(before: NamedTable, after: NamedTable) -> Iterator[str]:
    """Gives the statements for a table that has another name or schema."""
    if before.schema != after.schema:
        yield _schema_of(after)
        yield f"CREATE TABLE {_name(after)} AS FROM {_name(before)};"
        yield f"DROP TABLE {_name(before)};"
    elif before.name != after.name:
        yield f"ALTER TABLE {_name(before)} RENAME TO {quote_identifier(after.name)};"


def _renamed(kept: Sequence[tuple[Column, Column]]) -> Iterator[str]:
    """Gives the changes of names; one that another column still bears is given at the end."""
    waiting = {old.name: new.name for old, new in kept if old.name != new.name}
    later = []
    for old, new in waiting.items():
        target = new
        if any(new.casefold() == other.casefold() for other in waiting if other != old):
            target = f"{new} (new)"
            later.append((target, new))
        yield f"RENAME COLUMN {quote_identifier(old)} TO {quote_identifier(target)}"
    for old, new in later:
        yield f"RENAME COLUMN {quote_identifier(old)} TO {quote_identifier(new)}"


def _retyped(old: Column, new: Column) -> str:
    name = quote_identifier(new.name)
    how = _converted(name, old, new)
    return f"ALTER COLUMN {name} SET DATA TYPE {new.type.sql} USING {how}"


def _converted(sql: str, old: Column, new: Column) -> str:
    if old.type == new.type:
        return sql
    return f"to_json({sql})" if new.type == JSON else f"TRY_CAST({sql} AS {new.type.sql})"
