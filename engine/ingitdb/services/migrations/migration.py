"""What leads a target from one commit to another, as a plan and as scripts; no target is needed."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from typing import TypeAlias

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import CacheCorrupt, UsageError
from ingitdb.execution.comparisons import Comparison
from ingitdb.execution.differences import Difference, Side
from ingitdb.execution.literals import literal
from ingitdb.migrations.mapping import NO_MAPPING, TargetMapping
from ingitdb.migrations.model import Place, Table, TableChange, folded
from ingitdb.migrations.plan import Counts, Plan, Rows, Work, plan
from ingitdb.migrations.scripts import script
from ingitdb.migrations.targets.duckdb import Duckdb
from ingitdb.migrations.targets.mysql import Mysql
from ingitdb.migrations.targets.postgresql import Postgresql
from ingitdb.migrations.targets.sqlite import Sqlite
from ingitdb.migrations.targets.sqlserver import SqlServer
from ingitdb.migrations.targets.target import Ends, Target
from ingitdb.model.identifiers import CommitId
from ingitdb.services.database import Database
from ingitdb.services.migrations.commits import commits_of
from ingitdb.services.migrations.held_rows import HeldRows
from ingitdb.services.migrations.hindrances import is_at_odds, is_outgrown, is_remade
from ingitdb.services.migrations.holding import Holding
from ingitdb.services.migrations.limits import check_held, check_values
from ingitdb.services.migrations.list_rows import ListRows, kept_items
from ingitdb.services.migrations.lists import ListTable, check_lists
from ingitdb.services.migrations.mapped import check_known, kept_columns
from ingitdb.services.migrations.mapped_commits import place_of
from ingitdb.services.migrations.models import CommitModel, commit_model
from ingitdb.services.migrations.row_modes import in_modes, mode_of
from ingitdb.services.migrations.rows import AllRows, DifferingRows
from ingitdb.snapshots.relation import Relation

DIALECTS = ("duckdb", "mysql", "postgresql", "sqlite", "sqlserver")
_NUMBERS = count()
References: TypeAlias = Callable[[], Iterable[tuple[Place, Place]]]
"""Gives tables, each with one that it refers to."""


def target_of(dialect: str) -> Target:
    """Gives the target of a dialect.

    Raises:
        UsageError: There is none of that name.
    """
    if dialect == Sqlite.name:
        return Sqlite()
    if dialect == Duckdb.name:
        return Duckdb(literal)
    if dialect == Mysql.name:
        return Mysql()
    if dialect == Postgresql.name:
        return Postgresql()
    if dialect == SqlServer.name:
        return SqlServer()
    raise UsageError(f"There is no dialect {dialect!r}.", hint=f"There are: {', '.join(DIALECTS)}.")


class Migration(Holding):
    """The way from one commit to another and back; a context manager, for it holds rows.

    Attributes:
        before: The commit that the target is at.
        after: The commit that it is to be at.
        target: For whom.
        up: What leads there.

    Args:
        database: Whose commits.
        before: The commit that the target is at.
        after: The commit that it is to be at.
        target: For whom.
        mapping: What the target calls things.
        references: Asked which tables of the target refer to which, and hinder them from being
            emptied.
    """

    def __init__(
        self,
        database: Database,
        before: CommitId,
        after: CommitId,
        target: Target,
        mapping: TargetMapping = NO_MAPPING,
        references: References = tuple,
    ) -> None:
        super().__init__()
        self._references = references
        self.before, self.after, self.target = before, after, target
        self._mapping = mapping
        self._database = database
        self._models: tuple[CommitModel, CommitModel] | None = None
        with ExitStack() as stack:
            stack.callback(self.close)
            self.up = self._in_modes(self._recovering(self._plan))
            stack.pop_all()

    @cached_property
    def down(self) -> Plan:
        """What leads back."""
        found = self._recovering(lambda old, new: self._plan(new, old))
        return self._in_modes(found, is_back=True)

    def _in_modes(self, plan: Plan, *, is_back: bool = False) -> Plan:
        mode = partial(mode_of, mapping=self._mapping)
        way_out = "Let the mapping say mode: sync of it."
        return in_modes(plan, mode, is_back=is_back, way_out=way_out)

    @property
    def ends(self) -> Ends:
        """From where to where the way leads."""
        return Ends(before=str(self.before), after=str(self.after))

    @property
    def ends_back(self) -> Ends:
        """From where to where the way back leads."""
        return Ends(before=str(self.after), after=str(self.before), is_undo=True)

    def up_script(self) -> Iterator[str]:
        """Gives the script that leads to the newer commit, piece by piece."""
        return script(self.up, self.target, self.ends)

    def down_script(self) -> Iterator[str]:
        """Gives the script that leads back, schema and rows."""
        return script(self.down, self.target, self.ends_back)

    def _recovering(self, found: Callable[[CommitModel, CommitModel], Plan]) -> Plan:
        """Makes a plan from both models, again where a cache file was lost meanwhile."""
        commits = self.before, self.after

        def made() -> Plan:
            if self._models is None:
                models = {
                    one: commit_model(
                        self._database, self.target, one, self._mapping, is_checked=False
                    )
                    for one in commits
                }
                old, new = (models[one] for one in commits)
                check_known(self._mapping, [old.listing, new.listing])
                check_lists(self._mapping, [*old.mapped_tables(), *new.mapped_tables()])
                self._models = old, new
            try:
                return found(*self._models)
            except CacheCorrupt:
                self._models = None
                raise

        return self._database.catalogs.recovering(commits, made)

    def _plan(self, old: CommitModel, new: CommitModel) -> Plan:
        catalogs = self._database.catalogs
        comparison = Comparison(
            catalogs, old.listing.commit, new.listing.commit, old.query, catalogs.snapshot
        )
        works: list[Work] = []
        for difference in comparison.tables():
            work = self._work(difference, old, new)
            if work is not None:
                self._check(work, difference.sides[1].table, new)
                works += [work, *self._list_works(difference, old, new)]
        return plan(
            works,
            list(old.tables.values()),
            new.notes,
            alters=self.target.alters,
            is_atomic=self.target.is_atomic,
        )

    def _check(self, work: Work, table: NamedTable | None, model: CommitModel) -> None:
        """Returns if the target can store the values of all rows that come or change.

        Raises:
            UsageError: It cannot; the first such record is named.
        """
        title = work.change.title
        if isinstance(work.rows, HeldRows):
            check_held(self.target, work.rows, title)
        elif table is not None and work.is_whole:
            mapped = model.mapped(table)
            is_mapped = not mapped.is_as_it_was
            check_values(self.target, mapped.relation, title, model.query, is_mapped=is_mapped)

    def _work(self, difference: Difference, old: CommitModel, new: CommitModel) -> Work | None:
        before, after = (
            _known(side, model) for side, model in zip(difference.sides, (old, new), strict=True)
        )
        table, former = difference.sides[1].table, difference.sides[0].table
        if after is None or table is None:
            return None
        all_rows = AllRows(new.relation(table), self.target, self._database._instance)
        names = _Names(old, new)
        if before is None or former is None:
            change = TableChange(old=None, new=after, names={})
            return _whole(change, all_rows, is_taken=names.is_there(after))
        sides = old.mapped(former), new.mapped(table)
        change = TableChange(old=before, new=after, names=kept_columns(difference.pairs, *sides))
        is_other = folded(before.place) != folded(after.place)
        is_moved = is_other or (self.target.alters and before.place != after.place)
        is_taken = is_other and (names.is_there(after) or names.stays(before))
        if is_taken:
            return _whole(
                TableChange(old=None, new=after, names={}),
                all_rows,
                is_taken=names.is_there(after),
            )
        make = partial(DifferingRows, difference, change, sides)
        return self._changed(change, sides[0].relation, make, all_rows, is_moved=is_moved)

    def _list_works(
        self, difference: Difference, old: CommitModel, new: CommitModel
    ) -> Iterator[Work]:
        """Gives the work on the tables of the items of a table's lists."""
        before, after = (side.table for side in difference.sides)
        assert after is not None
        former = old.lists_of(before) if before is not None else []
        by_fold = {folded(one.place): one for one in former}
        for one in new.lists_of(after):
            table = new.tables[one.place]
            all_rows = AllRows(one.relation, self.target, self._database._instance)
            known = by_fold.get(folded(one.place))
            if known is None:
                change = TableChange(old=None, new=table, names={})
                is_taken = _Names(old, new).is_there(table)
                yield _whole(change, all_rows, is_taken=is_taken)
            else:
                sides = known, one
                names = kept_items(difference.pairs, *sides)
                change = TableChange(old=old.tables[known.place], new=table, names=names)
                yield self._changed_list(difference, change, sides, all_rows)

    def _changed_list(
        self,
        difference: Difference,
        change: TableChange,
        sides: tuple[ListTable, ListTable],
        all_rows: AllRows,
    ) -> Work:
        is_moved = self.target.alters and sides[0].place != sides[1].place
        make = partial(ListRows, difference, change, sides)
        return self._changed(change, sides[0].relation, make, all_rows, is_moved=is_moved)

    def _changed(
        self,
        change: TableChange,
        former: Relation,
        make: Callable[..., HeldRows],
        all_rows: AllRows,
        *,
        is_moved: bool,
    ) -> Work:
        """Gives the work on a table that is there at both commits and may keep its rows."""
        assert change.old is not None
        assert change.new is not None
        whole = partial(_whole, change, all_rows, is_moved=is_moved)
        query = self._database._instance.query
        if is_remade(self.target, change) or is_outgrown(self.target, former, change, query):
            return whole()
        if change.is_none and _is_same(former, all_rows.relation):
            return Work(change=change, address=(), counts=Counts(), rows=all_rows)
        rows = make(
            target=self.target,
            instance=self._database._instance,
            name=f"migrating_{next(_NUMBERS)}",
        )
        self._closing.callback(rows.drop)
        counts = rows.counts
        if counts != Counts() and (
            not rows.address
            or self._is_cheaper(change, counts)
            or (not self.target.alters and is_at_odds(former, change, rows.address, query))
        ):
            rows.drop()
            return whole()
        return Work(
            change=change, address=rows.address, counts=counts, rows=rows, is_moved=is_moved
        )

    def _is_cheaper(self, change: TableChange, counts: Counts) -> bool:
        """Whether a table that is made anew anyway had better get all of its rows anew.

        Not one that tables of others refer to, where that hinders it from being emptied.
        """
        assert change.old is not None
        assert change.new is not None
        is_anew = bool(change.differences()) and not change.is_of_indexes
        is_all = counts.updated + counts.inserted >= change.new.rows
        return is_anew and is_all and folded(change.old.place) not in self._referred

    @cached_property
    def _referred(self) -> set[Place]:
        """The tables that the target's own tables refer to."""
        assert self._models is not None
        ours = {folded(place) for model in self._models for place in model.tables}
        return {folded(to) for of, to in self._references() if folded(of) not in ours}


@dataclass(frozen=True, slots=True)
class _Names:
    """Which names are borne by tables of both commits."""

    old: CommitModel
    new: CommitModel

    def is_there(self, table: Table) -> bool:
        """Whether the old commit has a table of the name."""
        return folded(table.place) in map(folded, self.old.tables)

    def stays(self, table: Table) -> bool:
        """Whether the new commit has a table of the name."""
        return folded(table.place) in map(folded, self.new.tables)


def _known(side: Side, model: CommitModel) -> Table | None:
    if side.table is None:
        return None
    place = model.place(side.table)
    includes = model.mapper.mapping.includes(place_of(side.table))
    return model.tables.get(place) if includes else None


def _is_same(old: Relation, new: Relation) -> bool:
    """Whether two tables have the very same rows: SQL names files that never change."""
    return (old.columns, old.body) == (new.columns, new.body)


def _whole(
    change: TableChange, rows: Rows, *, is_moved: bool = False, is_taken: bool = False
) -> Work:
    """Gives the work on a table all of whose rows go and come."""
    new, old = change.new, change.old
    counts = Counts(deleted=old.rows if old else 0, inserted=new.rows if new else 0)
    return Work(
        change=change,
        address=(),
        counts=counts,
        rows=rows,
        is_whole=True,
        is_moved=is_moved,
        is_taken=is_taken,
    )


def migration(
    database: Database,
    dialect: str,
    after: str | None = None,
    before: str | None = None,
    *,
    mapping: TargetMapping = NO_MAPPING,
) -> Migration:
    """Finds out what leads a target from one commit to another.

    Args:
        database: Whose commits.
        dialect: For what kind of target.
        after: The newer commit's ref; HEAD when None.
        before: The older one's; nothing is there when None.
        mapping: What the target calls things; it must be the same each time.

    Raises:
        UsageError: The dialect is unknown, a ref means what is not committed, a table has a name
            that the target keeps for itself, or the mapping names what is not there.
        RefNotFound: A ref leads nowhere.
    """
    target = target_of(dialect)
    first, last = commits_of(database, before, after)
    return Migration(database, first, last, target, mapping)
