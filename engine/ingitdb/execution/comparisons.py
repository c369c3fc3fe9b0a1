"""The functions that compare two commits: which tables they mean, and the SQL that answers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import StatementInvalid, TableNotFound
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.definitions import create_statement
from ingitdb.execution.differences import Difference, Side, table_name
from ingitdb.execution.points import Points
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.model.tables import former_name
from ingitdb.model.types import quote_literal
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.kept import Kept
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.names import fold
from ingitdb.sql.versions import Ref

_COUNTS = (
    "rows_unmodified",
    "rows_added",
    "rows_deleted",
    "rows_modified",
    "cells_added",
    "cells_deleted",
    "cells_modified",
    "old_row_count",
    "new_row_count",
)


@dataclass(frozen=True, slots=True)
class TableName:
    """A table as a call names it: perhaps with a schema."""

    name: str
    schema: str | None = None
    preferred: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Two commits of one repository.

    Attributes:
        catalogs: The repository's.
        old: From which to look.
        new: At which to look.
        query: Runs SQL.
    """

    catalogs: Catalogs
    old: CommitId
    new: CommitId
    query: Query
    snapshot: Callable[[CommitId], Snapshot]

    def table(self, name: TableName) -> Difference:
        """Gives the difference of one table, which may be there at one of the commits only.

        Raises:
            CatalogError: It is at neither, or the name means several tables at one.
        """
        found: list[NamedTable | None] = []
        missing: TableNotFound | None = None
        for commit in (self.old, self.new):
            try:
                found.append(self._find(commit, name.name, name))
            except TableNotFound as error:
                found.append(None)
                missing = error
        if missing is not None and found == [None, None]:
            raise missing
        if found[0] is None and found[1] is not None:
            found[0] = self._renamed(self.old, found[1])
        elif found[1] is None and found[0] is not None:
            found[1] = self._renamed(self.new, found[0])
        return self._difference(found[0], found[1], self.catalogs.histories.kept)

    def tables(self) -> Iterator[Difference]:
        """Gives the difference of every table of the two commits."""
        old = list(self.snapshot(self.old).tables)
        for table in self.snapshot(self.new).tables:
            before = _same(table, old) or self._renamed(self.old, table)
            if before in old:
                old.remove(before)
            yield self._difference(before, table)
        for table in old:
            yield self._difference(table, None)

    def _find(self, commit: CommitId, text: str, name: TableName) -> NamedTable:
        snapshot = self.snapshot(commit)
        return self.catalogs.find(snapshot, text, schema=name.schema, preferred=name.preferred)

    def _renamed(self, commit: CommitId, table: NamedTable) -> NamedTable | None:
        """Finds a table under another name that it is declared to have had, or to have got."""
        former = former_name(table.locations[0].declaration.rules)
        if former is not None:
            with suppress(TableNotFound):
                return self._find(commit, former, TableName(former, preferred=table.schema))
        names = {fold(table.name), fold(table_name(table))}
        for other in self.snapshot(commit).tables:
            former = former_name(other.locations[0].declaration.rules)
            if former is not None and fold(former) in names:
                return other
        return None

    def _difference(
        self, old: NamedTable | None, new: NamedTable | None, kept: Kept | None = None
    ) -> Difference:
        return Difference(
            self._side(self.old, old),
            self._side(self.new, new),
            is_older=lambda: self._is_older,
            query=self.query,
            kept=kept,
        )

    @cached_property
    def _is_older(self) -> bool:
        """Whether `old` comes before `new`, so that `new` has the last word."""
        repository = self.catalogs.repository
        if repository.is_ancestor(self.old, self.new):
            return True
        if repository.is_ancestor(self.new, self.old):
            return False
        before, after = (repository.commit(c).committer.at for c in (self.old, self.new))
        return before <= after

    def _side(self, commit: CommitId, table: NamedTable | None) -> Side:
        known = commit not in PSEUDO_COMMITS
        moment = self.catalogs.repository.commit(commit).committer.at if known else None
        return Side(snapshot=self.snapshot(commit), table=table, commit=str(commit), moment=moment)


def diff_stat(differences: Sequence[Difference]) -> str:
    """Gives SQL that counts what differs; tables that do not differ are left out."""
    parts = [_counted(difference) for difference in differences]
    none = ", ".join(f"CAST(NULL AS BIGINT) AS {name}" for name in _COUNTS)
    parts.append(f"SELECT CAST(NULL AS VARCHAR) AS table_name, {none} WHERE false")
    return " UNION ALL ".join(parts)


def diff_summary(differences: Sequence[Difference]) -> str:
    """Gives SQL that says of each table that differs whether its records do, and its columns."""
    names = ("from_table_name", "to_table_name", "diff_type")
    none = ", ".join(f"'' AS {name}" for name in names)
    first = f"SELECT {none}, false AS data_change, false AS schema_change WHERE false"
    return " UNION ALL ".join([first, *map(_summed_up, differences)])


def _summed_up(difference: Difference) -> str:
    old, new = difference.names
    kind = "modified" if old == new else "renamed"
    if not old or not new:
        kind = "dropped" if old else "added"
    is_whole = kind in ("added", "dropped")
    data = str(is_whole).lower()
    if not is_whole:
        data = f"EXISTS (FROM ({difference.body()}))"
    schema = str(is_whole or _is_redefined(*_definitions(difference))).lower()
    shown = ", ".join(map(quote_literal, (old, new, kind)))
    wanted = "true" if kind != "modified" else "data_change OR schema_change"
    return (
        f"SELECT * FROM (SELECT {shown}, {data} AS data_change, {schema} AS schema_change)"
        f" WHERE {wanted}"
    )


def schema_diff(differences: Sequence[Difference]) -> str:
    """Gives SQL for the definitions of the tables whose columns, keys or names differ."""
    columns = (
        "from_table_name",
        "to_table_name",
        "from_create_statement",
        "to_create_statement",
    )
    none = ", ".join(f"'' AS {name}" for name in columns)
    cells = [(*difference.names, *_definitions(difference)) for difference in differences]
    rows = [", ".join(map(quote_literal, row)) for row in cells if _is_redefined(*row[2:])]
    return " UNION ALL SELECT ".join([f"SELECT {none} WHERE false", *rows])


def _definitions(difference: Difference) -> tuple[str, str]:
    old, new = (
        create_statement(side.table, side.relation) if side.table and side.relation else ""
        for side in difference.sides
    )
    return old, new


def _is_redefined(old: str, new: str) -> bool:
    """Tells whether two definitions differ in more than the order of their columns."""
    before, after = ({line.rstrip(",") for line in text.splitlines()} for text in (old, new))
    return before != after


def _counted(difference: Difference) -> str:
    old, new = difference.rows
    width, wide = difference.widths
    come, gone = difference.new_and_gone_columns
    return (
        f"SELECT {quote_literal(difference.name)} AS table_name,"
        f" {old} - r - m AS rows_unmodified, a AS rows_added, r AS rows_deleted,"
        f" m AS rows_modified, a * {wide} + ({old} - r) * {come} AS cells_added,"
        f" r * {width} + ({old} - r) * {gone} AS cells_deleted, c AS cells_modified,"
        f" CAST({old} AS BIGINT) AS old_row_count, CAST({new} AS BIGINT) AS new_row_count FROM ("
        "SELECT count(*) FILTER (diff_type = 'added') AS a,"
        " count(*) FILTER (diff_type = 'removed') AS r,"
        " count(*) FILTER (diff_type = 'modified') AS m,"
        " CAST(coalesce(sum(len(changed_columns)), 0) AS BIGINT) AS c"
        f" FROM ({difference.body()})) WHERE a + r + m + ({old} - r) * {come + gone} > 0"
    )


def _same(table: NamedTable, others: Sequence[NamedTable]) -> NamedTable | None:
    """Finds the table of the same name, at best the one whose records lie at the same place."""
    named = [
        other
        for other in others
        if (fold(other.schema), fold(other.name)) == (fold(table.schema), fold(table.name))
    ]
    storages = {where.storage for where in table.locations}
    for other in named:
        if storages & {where.storage for where in other.locations}:
            return other
    return named[0] if named else None


def split_range(text: str) -> tuple[str, str, bool] | None:
    """Reads `a..b` and `a...b`; the third part tells whether it begins at the merge base.

    Raises:
        StatementInvalid: There are more than two sides.

    Example:
        >>> split_range("v1.0...main")
        ('v1.0', 'main', True)
    """
    for dots in ("...", ".."):
        if dots in text:
            old, _, new = text.partition(dots)
            if ".." in new:
                raise StatementInvalid(f"{text!r} is no range.", hint="Write 'a..b' or 'a...b'.")
            return old or "HEAD", new or "HEAD", dots == "..."
    return None


def compared(
    first: str, second: str | None, points: Points, repository: Repository, tip: CommitId
) -> tuple[CommitId, CommitId]:
    """Gives the two commits that two refs or a range mean; one ref is compared with the tip.

    Raises:
        StatementInvalid: It is no range, or one of three dots without a merge base.
    """
    spread = split_range(first) if second is None else None
    old, new, is_merged = spread or (first, second, False)
    start = points.commit(Ref(old), repository, tip)
    end = points.commit(Ref(new), repository, tip) if new is not None else tip
    if not is_merged:
        return start, end
    base = repository.merge_base(start, end)
    if base is None:
        raise StatementInvalid(
            f"{old} and {new} have no common ancestor.", hint=f"Write '{old}..{new}'."
        )
    return base, end
