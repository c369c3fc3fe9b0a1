"""The rows of a table that differ between what a target holds and a commit."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingitdb.execution.instance import Instance
from ingitdb.migrations.model import Table
from ingitdb.migrations.targets.target import Target
from ingitdb.model.types import quote_identifier
from ingitdb.services.migrations.held_rows import HeldRows
from ingitdb.services.migrations.rows import tells
from ingitdb.snapshots.internal import ORDER
from ingitdb.snapshots.relation import Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """The rows of a target's table, held in DuckDB.

    Attributes:
        name: What they are held under; as `Target.shown` says, in columns `c0` ….
        columns: The number of the column of each column of the model that the target has.
        rows: How many there are.
    """

    name: str
    columns: dict[str, int]
    rows: int


class ComparedRows(HeldRows):
    """The rows of a table that differ between what a target holds and a commit.

    Args:
        pulled: What the target holds.
        model: The table as it is to be.
        relation: The table at the commit.
        target: For whom.
        instance: Runs SQL.
        name: What the rows are held under.
    """

    def __init__(
        self,
        pulled: Pulled,
        model: Table,
        relation: Relation,
        *,
        target: Target,
        instance: Instance,
        name: str,
    ) -> None:
        super().__init__(target, instance, name)
        self._pulled = pulled
        self._model = model
        self._relation = relation
        self.columns = [(column.name, column.kind) for column in model.columns]
        self.address = self._address()

    def hold(self) -> None:
        """Finds out what differs."""
        cells = [f"{side}{at}" for side in "on" for at in range(len(self.columns))]
        same = " AND ".join(f"o{at} = n{at}" for at in self.places())
        self.keep(
            "SELECT path, place, is_found IS NOT NULL AS is_old, is_wanted IS NOT NULL AS is_new,"
            f" {', '.join(cells)} FROM ({self.found()}) AS f FULL JOIN ({self.wanted()}) AS w"
            f" ON {same or 'false'}",
            self._model,
        )

    def is_same(self) -> bool:
        """Whether both sides hold the same rows, as often; asked where nothing tells them apart."""
        cells = {side: [f"{side}{at}" for at in range(len(self.columns))] for side in "on"}
        old = f"SELECT {', '.join(cells['o'])} FROM ({self.found()})"
        new = f"SELECT {', '.join(cells['n'])} FROM ({self.wanted()})"
        ((found,),) = self.instance.query(
            f"SELECT count(*) FROM ((({old}) EXCEPT ALL ({new}))"
            f" UNION ALL (({new}) EXCEPT ALL ({old})))"
        )
        return not found and self._pulled.rows == self._relation.rows

    def found(self) -> str:
        """Gives SQL for what the target holds: `is_found`, and `o0` …."""
        shown = ["true AS is_found"]
        for at, (name, kind) in enumerate(self.columns):
            place = self._pulled.columns.get(name)
            null = self.target.stored(kind).value(f"CAST(NULL AS {kind.sql})")
            value = null if place is None else self.target.restored(f"c{place}", kind)
            shown.append(f"{value} AS o{at}")
        return f"SELECT {', '.join(shown)} FROM {held(self._pulled.name)}"

    def wanted(self) -> str:
        """Gives SQL for what the commit holds: `is_wanted`, `path`, `place`, and `n0` …."""
        stored = ", ".join(
            f"{self.target.stored(kind).value(quote_identifier(name))} AS n{at}"
            for at, (name, kind) in enumerate(self.columns)
        )
        return (
            f"SELECT true AS is_wanted, _path AS path, {ORDER} AS place, {stored}"
            f" FROM ({self._relation.body})"
        )

    def _address(self) -> tuple[str, ...]:
        """Chooses columns that tell the rows of both sides apart; none if nothing does."""
        model, kinds = self._model, dict(self.columns)
        candidates = [group for group in (model.key, *model.unique) if group]
        candidates += [(name,) for name, kind in kinds.items() if tells(kind)]
        numbers = {name: at for at, name in enumerate(kinds)}
        for names in candidates:
            if all(name in self._pulled.columns for name in names) and all(
                self._is_key(sql, [f"{side}{numbers[name]}" for name in names])
                for side, sql in (("o", self.found()), ("n", self.wanted()))
            ):
                return names
        return ()

    def _is_key(self, sql: str, cells: Sequence[str]) -> bool:
        given = " AND ".join(f"{cell} IS NOT NULL" for cell in cells)
        ((is_key,),) = self.instance.query(
            f"SELECT count(*) = count(DISTINCT row({', '.join(cells)}))"
            f" AND bool_and({given}) IS NOT FALSE FROM ({sql})"
        )
        return bool(is_key)


def held(name: str) -> str:
    """Gives the name of rows that are held, in SQL."""
    return f"memory.main.{quote_identifier(name)}"
