"""Keys, uniqueness and references as SQL over whole tables: which records offend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.constraint_states import State, Touched, path_of
from ingitdb.model.tables import ForeignKey
from ingitdb.model.types import JSON, VARCHAR, ColumnType, ListOf, Scalar, quote_literal
from ingitdb.snapshots.internal import PLACE
from ingitdb.snapshots.relation import Relation
from ingitdb.sql.hidden import NUMBER

_PLACED = ("_key", "_path", NUMBER)
_NOTHING = "CAST(NULL AS VARCHAR)"
_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offender:
    """A record that offends against a constraint.

    Attributes:
        number: Its number among the records of the table in its file.
        values: The texts of the columns of the constraint.
        other: The path and the key of the record that it is at odds with, if it is with one.
    """

    path: str
    number: int
    key: str | None
    values: tuple[str | None, ...]
    other: tuple[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """Columns of a table at a state."""

    state: State
    relation: Relation
    columns: tuple[str, ...]
    """SQL for each column."""
    types: tuple[ColumnType, ...]
    is_empty: bool = False
    """Whether no record counts: the table is not there."""

    @classmethod
    def of(cls, state: State, table: NamedTable, names: Sequence[str]) -> "Side | None":
        """Gives the columns of some names; None where the table lacks one.

        A table without records may say nothing of its columns: it has each of them.
        """
        relation = state.relation(table)
        paths = [path_of(relation, name) for name in names]
        if relation.rows == 0:
            paths = [path or _NOTHING for path in paths]
        if not all(paths):
            return None
        types = {column.name.casefold(): column.type for column in relation.columns}
        return cls(
            state,
            relation,
            tuple(path for path in paths if path),
            tuple(types.get(name.casefold(), VARCHAR) for name in names),
        )

    def texts(self) -> list[str]:
        """Gives SQL for the columns as texts."""
        return [
            as_text(column, kind) for column, kind in zip(self.columns, self.types, strict=True)
        ]

    def rows(self, paths: Sequence[str] | None = None) -> str:
        """Gives SQL for the records with their keys and files, of some files or all."""
        paths = [] if self.is_empty else paths
        if paths is None:
            return f"({self.relation.sql(hidden=_PLACED[:2])})"
        return f"(SELECT * FROM ({self.relation.sql(hidden=_PLACED[:2])}){_within(paths)})"

    def placed(self, paths: Sequence[str] | None = None) -> str:
        """Gives SQL for the same with the number of each record in its file, too."""
        return f"(SELECT * FROM ({self.relation.sql(hidden=_PLACED)}){_within(paths)})"


def repeated(
    state: State, table: NamedTable, names: Sequence[str], touched: Touched
) -> Iterator[Offender]:
    """Gives the records whose values in some columns another record has, too.

    Of several the first stands and the others offend; of those that came lately every one does.
    """
    side = Side.of(state, table, names)
    if side is None:
        return
    texts = side.texts()
    listed = ", ".join(texts)
    filled = " AND ".join(f"{text} IS NOT NULL" for text in texts)
    paths = touched.paths()
    among = ""
    if paths is not None:
        among = f" AND ({listed}) IN (SELECT ({listed}) FROM {side.rows(paths)} WHERE {filled})"
    several = (
        f"SELECT {listed} FROM {side.rows()} WHERE {filled}{among} GROUP BY ALL HAVING count(*) > 1"
    )
    if not state.query(f"{several} LIMIT 1"):
        return
    rows = state.query(
        f"SELECT {listed}, _path, _key, {PLACE} FROM {side.placed()}"
        f" WHERE {filled} AND ({listed}) IN (SELECT ({_unpacked(len(texts))}) FROM ({several})"
        f" AS s({_unpacked(len(texts))})) ORDER BY ALL"
    )
    groups: dict[tuple[str, ...], list[tuple[str, str | None, int]]] = {}
    for *values, path, key, number in rows:
        groups.setdefault(tuple(values), []).append((path, key, number))
    for texts_of, members in groups.items():
        yield from _at_odds(texts_of, sorted(members, key=lambda m: (m[0], m[2])), touched)


def _at_odds(
    values: tuple[str, ...], members: Sequence[tuple[str, str | None, int]], touched: Touched
) -> Iterator[Offender]:
    first = next(
        (m for m in members if touched.is_whole or not touched.has(m[0], m[2])), members[0]
    )
    for path, key, number in members:
        if (path, number) != (first[0], first[2]) and touched.has(path, number):
            yield Offender(
                path=path, number=number, key=key, values=values, other=(first[0], first[1])
            )


def missing_keys(
    state: State, table: NamedTable, names: Sequence[str], touched: Touched
) -> Iterator[tuple[str, Offender]]:
    """Gives for each column of a key the records that have nothing there."""
    for name in names:
        side = Side.of(state, table, [name])
        if side is None:
            continue
        rows = state.query(
            f"SELECT _path, {PLACE}, _key FROM {side.placed(touched.paths())}"
            f" WHERE {side.columns[0]} IS NULL ORDER BY ALL"
        )
        for path, number, key in rows:
            if touched.has(path, number):
                yield name, Offender(path=path, number=number, key=key, values=(None,))


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key between two tables at a state.

    Attributes:
        table: The table that refers.
        key: The foreign key.
        child: Its columns there.
        parent: The columns that they refer to.
    """

    table: NamedTable
    key: ForeignKey
    child: Side
    parent: Side

    @classmethod
    def of(cls, state: State, table: NamedTable, key: ForeignKey) -> "Reference | None":
        """Gives a foreign key; None where a column of it is not there.

        A table that is not there has no records to refer to.
        """
        target = state.table(key.schema, key.table)
        child = Side.of(state, table, key.columns)
        if child is not None and target is None:
            return cls(table, key, child, replace(child, is_empty=True))
        parent = None if target is None else Side.of(state, target, key.references)
        return None if child is None or parent is None else cls(table, key, child, parent)

    def dangling(self, touched: Touched) -> Iterator[Offender]:
        """Gives records that came and refer to what is not there."""
        if self.child.relation.rows == 0:
            return
        source = self._referring(self.child.placed(touched.paths()))
        rows = self.child.state.query(
            f"SELECT {_unpacked(len(self.key.columns))}, _path, _key, {PLACE} FROM ({source})"
            f" ANTI JOIN ({self._targets()}) AS p ON {self._match()} ORDER BY ALL"
        )
        yield from self._offenders(rows, touched)

    def orphans(self, before: "Side | None", gone: Touched, touched: Touched) -> Iterator[Offender]:
        """Gives records that stood before and refer to what went since."""
        if before is None or not gone.went or self.child.relation.rows == 0:
            return
        keys = self.gone(before, gone)
        if not keys:
            return
        listed = ", ".join(f"({', '.join(map(quote_literal, key))})" for key in keys)
        names = _unpacked(len(self.key.columns))
        source = self._referring(self.child.placed(), is_text=True)
        rows = self.child.state.query(
            f"SELECT {names}, _path, _key, {PLACE} FROM ({source})"
            f" WHERE ({names}) IN ({listed}) ORDER BY ALL"
        )
        others = Touched(came=touched.came)
        for offender in self._offenders(rows, Touched(is_whole=True)):
            if not others.has(offender.path, offender.number):
                yield offender

    def gone(self, before: Side, gone: Touched) -> list[tuple[str, ...]]:
        """Gives the keys that some records had before and none has now."""
        filled = " AND ".join(f"{text} IS NOT NULL" for text in before.texts())
        rows = self.parent.state.query(
            f"SELECT {', '.join(before.texts())} FROM {before.rows(gone.former_paths())}"
            f" WHERE {filled} EXCEPT"
            f" SELECT {', '.join(self.parent.texts())} FROM {self.parent.rows()} ORDER BY ALL"
        )
        return [tuple(map(str, row)) for row in rows]

    def _offenders(self, rows: Sequence[Sequence[Any]], touched: Touched) -> Iterator[Offender]:
        for *values, path, key, number in rows:
            if touched.has(path, number):
                texts = tuple(None if value is None else str(value) for value in values)
                yield Offender(path=path, number=number, key=key, values=texts)

    def _referring(self, source: str, *, is_text: bool = False) -> str:
        """Gives SQL for the values that refer, as v1, v2 …; none where one is NULL or empty."""
        shown = []
        for column, kind, other in zip(
            self.child.columns, self.child.types, self.parent.types, strict=True
        ):
            is_native = not is_text and _are_numbers(kind, other)
            if isinstance(kind, ListOf):
                shown.append(as_text(f"unnest({column})", kind.item))
            else:
                shown.append(column if is_native else as_text(column, kind))
        named = ", ".join(f"{sql} AS v{at}" for at, sql in enumerate(shown, start=1))
        filled = " AND ".join(
            f"v{at} IS NOT NULL AND CAST(v{at} AS VARCHAR) <> ''" for at in range(1, len(shown) + 1)
        )
        placed = f"_path, _key, {PLACE}"
        return f"SELECT * FROM (SELECT {named}, {placed} FROM {source}) WHERE {filled}"

    def _targets(self) -> str:
        shown = [
            column if _are_numbers(kind, own) else as_text(column, own)
            for column, own, kind in zip(
                self.parent.columns, self.parent.types, self.child.types, strict=True
            )
        ]
        named = ", ".join(f"{sql} AS p{at}" for at, sql in enumerate(shown, start=1))
        return f"SELECT {named} FROM {self.parent.rows()}"

    def _match(self) -> str:
        return " AND ".join(f"v{at} = p{at}" for at in range(1, len(self.key.columns) + 1))


def as_text(sql: str, kind: ColumnType) -> str:
    """Gives SQL for the text of a value; a text in JSON is without its marks."""
    return f"({sql} ->> '$')" if kind == JSON else f"CAST({sql} AS VARCHAR)"


def _are_numbers(one: ColumnType, other: ColumnType) -> bool:
    return all(
        isinstance(kind, Scalar) and any(word in kind.name for word in _NUMBERS)
        for kind in (one, other)
    )


def _unpacked(count: int) -> str:
    return ", ".join(f"v{at}" for at in range(1, count + 1))


def _within(paths: Sequence[str] | None) -> str:
    if paths is None:
        return ""
    return f" WHERE _path IN ({', '.join(map(quote_literal, paths)) or 'NULL'})"
