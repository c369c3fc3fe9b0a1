"""What leads a target from what it holds to a commit: all of it is read and compared."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain, count

import pyarrow as pa

from ingitdb.errors import StatementRefused
from ingitdb.migrations.connections.connection import Connection
from ingitdb.migrations.mapping import NO_MAPPING, TargetMapping
from ingitdb.migrations.model import Check, Place, Reference, Table, TableChange, fold, folded
from ingitdb.migrations.plan import Counts, Plan, Rows, Work, plan
from ingitdb.migrations.targets.target import Target
from ingitdb.model.identifiers import CommitId
from ingitdb.services.database import Database
from ingitdb.services.migrations.compared_rows import ComparedRows, Pulled, held
from ingitdb.services.migrations.holding import Holding
from ingitdb.services.migrations.lists import check_lists
from ingitdb.services.migrations.mapped import check_known
from ingitdb.services.migrations.models import CommitModel, commit_model
from ingitdb.services.migrations.row_modes import mode_of
from ingitdb.services.migrations.rows import AllRows
from ingitdb.services.migrations.ways import RowsMode
from ingitdb.snapshots.relation import Relation

_NUMBERS = count()


@dataclass(frozen=True)
class Reader:
    """Reads what a target holds into DuckDB.

    Attributes:
        connection: Asks the target.
        target: Its words.
        database: In whose DuckDB it is held.
        mapping: What the target calls things.
    """

    connection: Connection
    target: Target
    database: Database
    mapping: TargetMapping = NO_MAPPING

    def model(self, commit: CommitId) -> CommitModel:
        """Gives what the target has when it holds a commit."""
        return commit_model(self.database, self.target, commit, self.mapping)

    def tables(self, known: Iterable[Place]) -> dict[Place, Table]:
        """Gives the tables that are there, by folded places.

        Args:
            known: Places of models: what the target calls the same is at them. Where a schema is a
                part of the name, `a.b` may be a name in `main`.
        """
        called = {fold(self.target.name_of(place)): place for place in known}

        def at(place: Place) -> Place:
            return called.get(fold(self.target.name_of(place)), place)

        found: dict[Place, Table] = {}
        for table in self.connection.tables(self.target):
            references = (replace(one, target=at(one.target)) for one in table.references)
            place = at(table.place)
            found[folded(place)] = replace(table, place=place, references=tuple(references))
        return found

    def pull(self, found: Table, model: Table, conditions: Iterable[str] | None = None) -> Pulled:
        """Holds the rows of a table, in the columns that a model has too.

        Args:
            found: The table as the target has it.
            model: The table as it is known.
            conditions: Each holds for some of the rows that are wanted; all are if None.

        Raises:
            TargetError: The target refuses to tell.
        """
        there = {fold(column.name): column for column in found.columns}
        wanted = [column for column in model.columns if fold(column.name) in there]
        columns = {column.name: at for at, column in enumerate(wanted)}
        shown = [
            f"{self.target.shown(replace(column, name=there[fold(column.name)].name))} AS c{at}"
            for at, column in enumerate(wanted)
        ]
        name = f"pulled_{next(_NUMBERS)}"
        said = ", ".join(shown) or "'' AS c0"
        sql = f"SELECT {said} FROM {self.target.name_of(found.place)}"
        instance = self.database._instance
        queries = [sql] if conditions is None else (f"{sql} WHERE {one}" for one in conditions)
        batches = chain.from_iterable(map(self.connection.stream, queries))
        instance.hold(name, _reader(batches, max(len(shown), 1)))
        ((rows,),) = instance.query(f"SELECT count(*) FROM {held(name)}")
        return Pulled(name=name, columns=columns, rows=rows)

    def drop(self, pulled: Pulled) -> None:
        """Lets go of rows."""
        self.database._instance.drop(pulled.name)


def _reader(batches: Iterator[pa.RecordBatch], width: int) -> pa.RecordBatchReader:
    first = next(batches, None)
    if first is None:
        schema = pa.schema([(f"c{at}", pa.string()) for at in range(width)])
        return pa.RecordBatchReader.from_batches(schema, iter(()))

    def each() -> Iterator[pa.RecordBatch]:
        yield first
        yield from batches

    return pa.RecordBatchReader.from_batches(first.schema, each())


class TargetComparison(Holding):
    """What leads a target from what it holds to a commit; a context manager, for it holds rows.

    Args:
        reader: Reads the target.
        commit: The commit.
        former: The commit that the ledger names: its tables may go. None if there is none.
        rows: Which differences of rows are settled.
        only: The tables that are compared, by folded places; all if None.

    Attributes:
        plan: What is to be done.
        others: Tables of the target's own.
        lists: The tables of the items of lists.
    """

    def __init__(
        self,
        reader: Reader,
        commit: CommitId,
        former: CommitId | None,
        rows: RowsMode,
        only: Collection[Place] | None = None,
    ) -> None:
        super().__init__()
        self._reader = reader
        self._rows = rows
        self._only = only
        self.lists: frozenset[Place] = frozenset()
        self._checks: dict[Place, dict[str, Check]] = defaultdict(dict)
        with ExitStack() as stack:
            stack.callback(self.close)
            commits = (commit,) if former is None else (former, commit)
            catalogs = reader.database.catalogs
            self.plan, self.others = catalogs.recovering(
                commits, lambda: self._compared(commit, former)
            )
            stack.pop_all()

    def _compared(self, commit: CommitId, former: CommitId | None) -> tuple[Plan, list[str]]:
        reader, target = self._reader, self._reader.target
        model = reader.model(commit)
        earlier = model if former in (None, commit) else reader.model(former)
        if former != commit:  # else the mapping has led there
            models = [model] if former is None else [earlier, model]
            check_known(reader.mapping, [one.listing for one in models])
            check_lists(reader.mapping, [table for one in models for table in one.mapped_tables()])
        self.lists = frozenset(model.lists)
        for one in (model, earlier):  # of one name at both commits, the target has the earlier one
            for place, checks in reader.connection.check_names(list(one.tables.values())).items():
                self._checks[place].update(checks)
        found = reader.tables([*earlier.tables, *model.tables])
        former_tables = {} if former is None else earlier.tables
        before = {folded(place): table for place, table in former_tables.items()}
        works = [
            self._work(
                model, table, before.get(folded(table.place)), found.get(folded(table.place))
            )
            for table in model.tables.values()
            if self._only is None or folded(table.place) in self._only
        ]
        modes = [self._mode(work.new) for work in works]
        works = [
            replace(work, is_counted=mode is RowsMode.SYNC)
            for work, mode in zip(works, modes, strict=True)
        ]
        after = {folded(place) for place in model.tables}
        gone = [place for place in found if place in before and place not in after]
        others = [
            table.title for place, table in found.items() if place not in after | before.keys()
        ]
        known = [work.change.old for work in works if work.change.old is not None]
        known += [found[place] for place in gone if self._rows is RowsMode.SYNC]
        made = plan(works, known, model.notes, alters=target.alters, is_atomic=target.is_atomic)
        return made, others

    def _work(
        self, model: CommitModel, new: Table, former: Table | None, found: Table | None
    ) -> Work:
        reader = self._reader
        relation = model.relation_of(new.place)
        all_rows = AllRows(relation, reader.target, reader.database._instance)
        if found is None:
            change = TableChange(old=None, new=new, names={})
            return _work(change, Counts(inserted=new.rows), all_rows, is_whole=True)
        pulled = reader.pull(found, new)
        old = _comparable(
            replace(found, rows=pulled.rows), new, former or new, self._checks[folded(new.place)]
        )
        there = {fold(column.name): column.name for column in old.columns}
        names = {name: there[fold(name)] for name in pulled.columns}
        change = TableChange(old=old, new=new, names=names)
        try:
            rows = self._differing(pulled, new, relation)
            return self._settled(change, rows, all_rows)
        finally:
            reader.drop(pulled)

    def _mode(self, table: Table | None) -> RowsMode:
        mapping = self._reader.mapping
        return mode_of(table.place, mapping, self._rows) if table is not None else self._rows

    def _differing(self, pulled: Pulled, new: Table, relation: Relation) -> ComparedRows:
        reader = self._reader
        rows = ComparedRows(
            pulled,
            new,
            relation,
            target=reader.target,
            instance=reader.database._instance,
            name=f"compared_{next(_NUMBERS)}",
        )
        self._closing.callback(rows.drop)
        return rows

    def _settled(self, change: TableChange, rows: ComparedRows, all_rows: AllRows) -> Work:
        """Gives the work on a table that is there already."""
        old, new = change.old, change.new
        assert old is not None
        assert new is not None
        if change.retyped:  # values of two types are not compared
            pass
        elif rows.address:
            rows.hold()
            rows.only(self._mode(new))
            is_kept = not change.differences() or change.is_of_indexes
            if self._reader.target.alters or is_kept or rows.counted() == Counts():
                return _work(change, rows.counted(), rows, address=rows.address)
        elif rows.is_same():
            return _work(change, Counts(), all_rows)
        if self._mode(new) is not RowsMode.SYNC and old.rows:
            raise StatementRefused(
                f"{new.title} can only be settled as a whole: what is there would go.",
                hint="Use --rows sync, or change its definition first.",
            )
        counts = Counts(deleted=old.rows, inserted=new.rows)
        return _work(change, counts, all_rows, is_whole=True)


def _work(
    change: TableChange,
    counts: Counts,
    rows: Rows,
    *,
    address: tuple[str, ...] = (),
    is_whole: bool = False,
) -> Work:
    return Work(change=change, address=address, counts=counts, rows=rows, is_whole=is_whole)


def _comparable(found: Table, model: Table, former: Table, checks: Mapping[str, Check]) -> Table:
    """Gives a table in a model's words where what they say is no difference.

    Systems spell conditions and defaults in their own way, and may give indexes other names. An
    index or a check that neither the model nor the ledger's commit has is the target's own.

    Args:
        found: The table as the target has it.
        model: The table as it is to be.
        former: The table as the ledger's commit has it.
        checks: What the target may have of either, by the names by which it tells them.
    """
    names = {fold(column.name): column for column in model.columns}
    columns = []
    for column in found.columns:
        like = names.get(fold(column.name))
        both = like is not None and like.default is not None and column.default is not None
        columns.append(replace(column, default=like.default) if both and like else column)
    indexes = {index.columns: index for index in (*former.indexes, *model.indexes)}
    there = dict.fromkeys(index.columns for index in found.indexes)
    references = {_ends(one): one for one in model.references}
    return replace(
        found,
        columns=tuple(columns),
        checks=tuple(checks[check.name] for check in found.checks if check.name in checks),
        indexes=tuple(indexes[columns] for columns in there if columns in indexes),
        references=tuple(references.get(_ends(one), one) for one in found.references),
        key=model.key if _folded(found.key) == _folded(model.key) else found.key,
    )


def _ends(one: Reference) -> tuple[object, ...]:
    return _folded(one.columns), folded(one.target), _folded(one.references), one.on_delete


def _folded(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(fold, names))
