"""What differs between two commits, table by table: columns, counts, and the records themselves."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from ingitdb.errors import NoCommitsYet, TableNotFound, UsageError
from ingitdb.execution.comparisons import Comparison, TableName, compared, split_range
from ingitdb.execution.differences import Difference
from ingitdb.execution.identity import identity
from ingitdb.execution.points import Points
from ingitdb.execution.relations import key_columns
from ingitdb.execution.results import Result
from ingitdb.execution.session import Session
from ingitdb.model.identifiers import EMPTY, PSEUDO_COMMITS, WORKING, CommitId
from ingitdb.model.types import ColumnType, quote_identifier
from ingitdb.services.database import Database
from ingitdb.services.schema_changes import SchemaChange, schema_changes
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.relation import Column
from ingitdb.sql.names import name_parts

_STAT = (
    "SELECT table_name, rows_unmodified, rows_added, rows_deleted, rows_modified, cells_added,"
    " cells_deleted, cells_modified, old_row_count, new_row_count"
)
_PATH = re.compile(r'"(?:[^"]|"")+"(?:\."(?:[^"]|"")+")*')
_PART = re.compile(r'"((?:[^"]|"")+)"')
_AFTER_A_SIDE = 2
"""Behind the columns of a side stand its commit and the commit's date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One of the two commits.

    Attributes:
        ref: What the caller called it.
        commit: Its hash, or the word for what is not committed.
        at: The committer's time; None for what is not committed.
        subject: The first line of its message.
    """

    ref: str
    commit: CommitId
    at: datetime | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedField:
    """A column of the two tables together, and where a row of the difference has its values.

    Attributes:
        name: What `changed_columns` calls it.
        before: What it was called; None where the older table has none.
        old: The position of the old value, None where there is none.
        new: The position of the new one.
        is_retyped: Whether both are there, in different types.
    """

    name: str
    before: str | None
    old: int | None
    new: int | None
    is_retyped: bool = False

    def sql(self, *inner: str) -> str:
        """Gives SQL for the value, or a field of it, at the commit that has it."""
        fields = "".join(f".{quote_identifier(part)}" for part in inner)
        sides = [f"(#{at + 1}){fields}" for at in (self.new, self.old) if at is not None]
        if self.is_retyped:
            sides = [f"CAST({side} AS VARCHAR)" for side in sides]
        return f"coalesce({', '.join(sides)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many records and cells of a table differ, as `diff_stat` has it."""

    rows_unmodified: int = 0
    rows_added: int = 0
    rows_deleted: int = 0
    rows_modified: int = 0
    cells_added: int = 0
    cells_deleted: int = 0
    cells_modified: int = 0
    old_row_count: int = 0
    new_row_count: int = 0

    @property
    def differing(self) -> int:
        """How many records came, went or changed."""
        return self.rows_added + self.rows_deleted + self.rows_modified


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDifference:
    """What differs in one table.

    Attributes:
        old: What it was called; empty where it was not there.
        new: What it is called; empty where it is not there any more.
        kind: `added`, `dropped`, `renamed` or `modified`, as `diff_summary` has it.
        schema: What differs in its definition, for a table that is there at both commits.
        fields: Its columns.
        key: The paths that tell records apart; empty where nothing does.
        counts: How much differs.
    """

    old: str
    new: str
    kind: str
    schema: tuple[SchemaChange, ...]
    fields: tuple[ComparedField, ...]
    key: tuple[tuple[str, ...], ...]
    counts: Counts
    _name: str = field(repr=False)

    @property
    def name(self) -> str:
        """What it is called, at the newer commit if it is there."""
        return self.new or self.old

    @property
    def has_other_schema(self) -> bool:
        """Whether the table itself differs, whatever its records."""
        return self.kind != "modified" or bool(self.schema)


class Differences:
    """The tables that differ between two commits.

    Attributes:
        title: The range as the caller wrote it.
        old: From which to look.
        new: At which to look.
        tables: Those that differ.
        notes: Remarks for the user, such as files that could not be read.
    """

    def __init__(self, title: str, points: tuple[Point, Point], session: Session) -> None:
        self.title = title
        self.old, self.new = points
        self.tables: list[TableDifference] = []
        self.notes: list[str] = []
        self._session = session

    def rows(self, table: TableDifference | str) -> Result:
        """Gives `diff` of a table, or of one that is only named, for it does not differ.

        The rows stand by the keys of their records. A column stands at the position that its
        `ComparedField` says; the last two are `diff_type` and `changed_columns`.
        """
        if isinstance(table, str):
            return self.asked("FROM diff(?, ?, ?)", table, *self.commits)
        order = ", ".join(self._ordered(table))
        return self.asked(f"FROM diff(?, ?, ?) ORDER BY {order}", table._name, *self.commits)

    def statements(self, *tables: str) -> Result:
        """Gives `patch` of one table or of all: its statements in their order."""
        slots = ", ".join("?" for _ in (*self.commits, *tables))
        sql = f"FROM patch({slots}) SELECT statement ORDER BY statement_order"
        return self.asked(sql, *self.commits, *tables)

    def asked(self, sql: str, *values: str) -> Result:
        """Runs a query in the session of the comparison."""
        result = self._session.execute(sql, list(values))
        self.notes += result.notes
        return result

    def interrupt(self) -> None:
        """Stops what runs; callable from another thread."""
        self._session.interrupt()

    @property
    def commits(self) -> tuple[str, str]:
        """The two commits, as SQL takes them."""
        return str(self.old.commit), str(self.new.commit)

    def count(self, table: str | None) -> dict[str, Counts]:
        """Counts what differs in one table, or in each."""
        name = () if table is None else (table,)
        slots = ", ".join("?" for _ in (*self.commits, *name))
        with self.asked(f"{_STAT} FROM diff_stat({slots})", *self.commits, *name) as result:
            rows = [row for batch in result.batches() for row in batch.to_pylist()]
        return {row.pop("table_name"): Counts(**row) for row in rows}

    @staticmethod
    def _ordered(table: TableDifference) -> Iterator[str]:
        """Gives SQL by which to order; without a key, what is nearly equal stands together.

        Columns are meant by position, for a name may stand twice.
        """
        by_name = {f.before: f for f in table.fields} | {f.name: f for f in table.fields}
        if table.key:
            yield from (by_name[head].sql(*rest) for head, *rest in table.key if head in by_name)
        else:
            yield from (one.sql() for one in table.fields)
        yield "diff_type DESC"


def differences(
    database: Database,
    first: str | None = None,
    second: str | None = None,
    *,
    tables: Sequence[str] = (),
    at: str | None = None,
) -> Differences:
    """Compares two commits.

    Args:
        database: Whose commits.
        first: A ref or a range; None compares HEAD with the work tree.
        second: A ref; None compares a single ref with the current commit.
        tables: Only these; all if none is named.
        at: The current commit, if it is not HEAD.

    Raises:
        UsageError: There is no work tree to compare with.
        RefNotFound: A ref means no commit.
        TableNotFound: A table is at neither commit.
    """
    if first is None:
        first, second = _base(database), WORKING
    if at is None and not _has_commits(database):
        at = WORKING
    spread = split_range(first) if second is None else None
    old, new, is_merged = spread or (first, second or at, False)
    for ref in (old, new):
        database._allowed(ref)
    session = database.session(at)
    catalogs, query = database._catalogs, database._instance.query
    points = Points(None, query)
    start, end = compared(first, second, points, catalogs.repository, session.commit)
    title = first if spread else f"{old}..{new or 'HEAD'}"
    sides = (start[:12] if is_merged else old, new or "HEAD")
    found = Differences(
        title,
        (_point(database, sides[0], start), _point(database, sides[1], end)),
        session,
    )
    comparison = Comparison(catalogs, start, end, query, catalogs.snapshot)
    read = partial(_read, comparison, tables, found)
    found.tables = catalogs.recovering((start, end), read)
    return found


def _base(database: Database) -> str:
    """Gives what the work tree is compared with: HEAD, or nothing where there is no commit."""
    if database.repository.work_tree is None:
        raise UsageError(
            "A bare repository has no work tree to compare with.",
            hint="Name two commits: ingitdb diff HEAD~1..HEAD",
        )
    return "HEAD" if _has_commits(database) else EMPTY


def _has_commits(database: Database) -> bool:
    try:
        database.resolve()
    except NoCommitsYet:
        return False
    return True


def _point(database: Database, ref: str, commit: CommitId) -> Point:
    if commit in PSEUDO_COMMITS:
        return Point(ref=ref, commit=commit)
    found = database.repository.commit(commit)
    subject = found.message.strip().split("\n", 1)[0]
    return Point(ref=ref, commit=commit, at=found.committer.at, subject=subject)


def _read(
    comparison: Comparison, tables: Sequence[str], found: Differences
) -> list[TableDifference]:
    named = _all(comparison, found) if not tables else _named(comparison, tables, found)
    read = (_table(comparison, difference, counts) for difference, counts in named)
    return sorted(
        (table for table in read if table.has_other_schema or table.counts.differing),
        key=lambda table: table.name,
    )


def _all(comparison: Comparison, found: Differences) -> Iterable[tuple[Difference, Counts]]:
    counts = found.count(None)
    return [(one, counts.get(one.name, Counts())) for one in comparison.tables()]


def _named(
    comparison: Comparison, tables: Sequence[str], found: Differences
) -> Iterator[tuple[Difference, Counts]]:
    seen = set()
    for text in tables:
        difference = _found(comparison, text)
        if difference.names not in seen:
            seen.add(difference.names)
            counts = found.count(_spelled(difference))
            yield difference, counts.get(difference.name, Counts())


def _found(comparison: Comparison, text: str) -> Difference:
    """Finds a table by its name, perhaps with a schema, or by its file's."""
    *schema, name = name_parts(text) if '"' in text else text.rsplit(".", 1)
    if not schema:
        return comparison.table(TableName(name))
    try:
        return comparison.table(TableName(text))
    except TableNotFound:
        return comparison.table(TableName(name, ".".join(schema)))


def _spelled(difference: Difference) -> str:
    """Spells the table's name so that it means no other."""
    old, new = difference.sides
    table = new.table or old.table
    return f"{quote_identifier(table.schema)}.{quote_identifier(table.name)}" if table else ""


def _table(comparison: Comparison, difference: Difference, counts: Counts) -> TableDifference:
    old, new = difference.names
    kind = "modified" if old == new else "renamed"
    if not old or not new:
        kind = "dropped" if old else "added"
    is_there = kind not in ("added", "dropped")
    return TableDifference(
        old=old,
        new=new,
        kind=kind,
        schema=tuple(schema_changes(difference)) if is_there else (),
        fields=tuple(_fields(difference)),
        key=_key(difference, comparison.query) if counts.differing else (),
        counts=counts,
        _name=_spelled(difference),
    )


def _fields(difference: Difference) -> Iterator[ComparedField]:
    old_places = {column.name: at for at, column in enumerate(_columns(difference, 0))}
    start = difference.widths[0] + _AFTER_A_SIDE
    new_places = {column.name: start + at for at, column in enumerate(_columns(difference, 1))}
    for pair in difference.pairs:
        old = pair.old.name if pair.old is not None else ""
        new = pair.new.name if pair.new is not None else ""
        old_place, new_place = old_places.get(old), new_places.get(new)
        both = old_place is not None and new_place is not None
        yield ComparedField(
            name=pair.name,
            before=old if old_place is not None else None,
            old=old_place,
            new=new_place,
            is_retyped=both and _type(pair.old) != _type(pair.new),
        )


def _type(column: Column | None) -> ColumnType | None:
    return column.type if column is not None else None


def _columns(difference: Difference, at: int) -> Sequence[Column]:
    """Gives the columns of a table at a commit; none where it is not there."""
    relation = difference.sides[at].relation
    return relation.columns if relation is not None else ()


def _key(difference: Difference, query: Query) -> tuple[tuple[str, ...], ...]:
    """Says what tells the records apart: columns, or fields of columns."""
    old, new = difference.sides
    if old.table is None or new.table is None or old.relation is None or new.relation is None:
        table = new.table or old.table
        shown = {column.name for at in (0, 1) for column in _columns(difference, at)}
        return tuple((n,) for n in (key_columns(table) if table else ()) if n in shown)
    text = identity((old.table, old.relation), (new.table, new.relation), query).new
    paths = (_PART.findall(path[0]) for path in _PATH.finditer(text))
    return tuple(tuple(part.replace('""', '"') for part in path) for path in paths)
