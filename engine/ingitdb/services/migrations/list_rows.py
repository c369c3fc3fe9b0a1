"""The items of a list that differ between two commits, as rows of a target's table."""

from collections.abc import Sequence

from ingitdb.execution.differences import Difference
from ingitdb.execution.instance import Instance
from ingitdb.execution.pairing import PATH, Pair
from ingitdb.migrations.model import TableChange, fold
from ingitdb.migrations.targets.target import Target
from ingitdb.model.types import quote_identifier
from ingitdb.services.migrations.held_rows import HeldRows
from ingitdb.services.migrations.lists import ListTable
from ingitdb.services.migrations.mapped import kept_columns
from ingitdb.services.migrations.rows import differs_unseen, keeps_key
from ingitdb.snapshots.internal import ORDER

_BOTH = quote_identifier("\u0001both")


class ListRows(HeldRows):
    """The items of a list that differ between two commits: those of records that differ.

    Args:
        difference: The table that has the list, at both commits.
        change: The definitions of the table of its items.
        sides: What the target has of it at both commits.
        target: For whom.
        instance: Runs SQL.
        name: What the rows are held under.
    """

    def __init__(
        self,
        difference: Difference,
        change: TableChange,
        sides: tuple[ListTable, ListTable],
        *,
        target: Target,
        instance: Instance,
        name: str,
    ) -> None:
        super().__init__(target, instance, name)
        self._difference = difference
        self._change = change
        self._old, self._new = sides
        self.columns = [(column.name, column.type) for column in self._new.relation.columns]
        assert change.new is not None
        self.address = change.new.key if keeps_key(change, change.new.key) else ()

    def hold(self) -> None:
        """Finds out what differs."""
        assert self._change.new is not None
        cells = [f"{side}{at}" for side in "on" for at in range(len(self.columns))]
        same = " AND ".join(f"o{at} = n{at}" for at in self.places())
        self.keep(
            f"WITH {_BOTH} AS MATERIALIZED ({self._difference.both(whole=self._is_whole)})"
            " SELECT coalesce(w.path, f.path) AS path, coalesce(w.place, f.place) AS place,"
            " f.path IS NOT NULL AS is_old, w.path IS NOT NULL AS is_new,"
            f" {', '.join(cells)} FROM ({self._before()}) AS f FULL JOIN ({self._after()}) AS w"
            f" ON {same or 'false'}",
            self._change.new,
        )

    def _before(self) -> str:
        """Gives SQL for the items before: `path`, `place`, and `o0` …, as changed definitions."""
        kinds = {column.name: column.type for column in self._old.relation.columns}
        shown = []
        for at, (name, kind) in enumerate(self.columns):
            former = self._change.names.get(name)
            if former is None:
                value: str | None = self.target.stored(kind).value(f"CAST(NULL AS {kind.sql})")
            else:
                stored = self.target.stored(kinds[former]).value(quote_identifier(former))
                value = self.target.moved(stored, kinds[former], kind)
            shown.append(f"{value} AS o{at}")
        return _items(self._old, "from", "added", shown)

    def _after(self) -> str:
        """Gives SQL for the items after: `path`, `place`, and `n0` …."""
        shown = [
            f"{self.target.stored(kind).value(quote_identifier(name))} AS n{at}"
            for at, (name, kind) in enumerate(self.columns)
        ]
        return _items(self._new, "to", "removed", shown)

    @property
    def _is_whole(self) -> bool:
        """Whether items may differ of records that are the same states at both commits."""
        if len(self._change.names) < len(self.columns):
            return True
        return differs_unseen(self._difference, self._old.expressions, self._new.expressions)


def _items(table: ListTable, prefix: str, other: str, shown: Sequence[str]) -> str:
    source = f"FROM {_BOTH} WHERE diff_type <> '{other}'"
    body = table.rows(source, lambda field: table.parent.value(field, prefix), PATH)
    return f"SELECT _path AS path, {ORDER} AS place, {', '.join(shown)} FROM ({body})"


def kept_items(pairs: Sequence[Pair], old: ListTable, new: ListTable) -> dict[str, str]:
    """Gives the old name of each column that a table of items has at both commits, by the new one.

    Args:
        pairs: Which column of the list's table is which, at the commits.
        old: The table before.
        new: The table after.
    """
    keys = {field.name for field in old.key}
    parents = kept_columns(pairs, old.parent, new.parent)
    names = {
        field.name: parents[field.name] for field in new.key if parents.get(field.name) in keys
    }
    former = {fold(item.source): item.name for item in old.items}
    names |= {
        item.name: former[fold(item.source)] for item in new.items if fold(item.source) in former
    }
    left = {column.name for column in old.relation.columns} - set(names.values())
    made = {column.name for column in new.relation.columns} - set(names)
    return names | {name: name for name in made & left}
