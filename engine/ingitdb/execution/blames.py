"""Which commit last changed each record, or each of its fields."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import StatementRefused
from ingitdb.execution.descent import IS_NEW, Descent
from ingitdb.execution.identity import AT, Identity, key_field, key_identity
from ingitdb.execution.lines import Line
from ingitdb.execution.pairing import of_side
from ingitdb.execution.relations import key_columns
from ingitdb.execution.standing import described
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.snapshots.internal import BEGUN, ENDED
from ingitdb.snapshots.relation import Relation

_KEY = quote_identifier("\u0001key")
_LAST = quote_identifier("\u0001last")
_FIELD = quote_identifier("\u0001field")


@dataclass(frozen=True, slots=True)
class Blame:
    """The last changes of the records that stand at the end of a line.

    Attributes:
        line: The line.
        table: The table there.
    """

    line: Line
    table: NamedTable

    def sql(self, commits: str, register: Callable[[pa.Table], str], *, cells: bool = False) -> str:
        """Gives SQL for each record's, or each field's, last change.

        Args:
            commits: A relation with what `Line.commits` gives.
            register: Keeps rows and gives the name by which SQL reads them.
            cells: Whether each field is asked for.

        Raises:
            StatementRefused: Nothing tells the table's records apart throughout.
        """
        states, _ = self.line.states(self.table)
        identity = key_identity(self.table, states)
        if identity is None:
            raise StatementRefused(
                f"{self.table.name} has no key by which a record is known at every commit.",
                hint=f"Declare one: ingitdb keys suggest {self.table.name}",
            )
        blamed = self._blamed(identity, cells=cells)
        shown = "".join(f"{name}, " for name in self._key(states))
        column = f"s.{_FIELD} AS column_name, " if cells else ""
        found = "c.hash AS commit, c.moment AS commit_date, c.committer, c.email, c.message"
        joined = f"JOIN {commits} c ON c.ordinal = s.{_LAST}"
        origins = self._origins(identity, blamed, cells=cells)
        if origins is not None:
            names = ("commit", "commit_date", "committer", "email", "message")
            own = ("hash", "moment", "committer", "email", "message")
            both = zip(names, own, strict=True)
            found = ", ".join(f"coalesce(o.{name}, c.{name}) AS {shown}" for shown, name in both)
            same = f" AND o.column_name = s.{_FIELD}" if cells else ""
            joined += f" LEFT JOIN {register(origins)} o ON o.key = s.{_KEY}{same}"
        return f"{blamed} SELECT {shown}{column}{found} FROM s {joined}"

    def _blamed(self, identity: Identity, *, cells: bool) -> str:
        """Gives the start of a query: `s` is each record or field with the ordinal `_LAST`."""
        states, forms = self.line.states(self.table)
        key, end = identity.new, self.line.base().ordinal
        standing = f"FROM ({states.body}) WHERE {BEGUN} <= {end} AND {ENDED} > {end}"
        if not cells and self.line.has_steady_states(states, identity):
            return f"WITH s AS (SELECT *, {key} AS {_KEY}, {BEGUN} AS {_LAST} {standing})"
        changes = self.line.changes(self.table, states, forms)
        names = f"[{', '.join(quote_literal(name) for name in self._fields())}]"
        fields = f", unnest({names}) AS {_FIELD}" if cells else ""
        changed = f", unnest(CASE WHEN {IS_NEW} THEN {names} ELSE changed_columns END) AS {_FIELD}"
        same = f" AND l.{_FIELD} = r.{_FIELD}" if cells else ""
        own = of_side("to", states.columns)
        return (
            f"WITH d AS (SELECT {key} AS {_KEY}, {AT}{changed * cells} FROM"
            f" (SELECT {own}, {AT}, diff_type, changed_columns FROM ({changes})"
            " WHERE diff_type <> 'removed')),"
            f" l AS (SELECT * EXCLUDE ({AT}), max({AT}) AS {_LAST} FROM d GROUP BY ALL),"
            f" r AS (SELECT *, {key} AS {_KEY}{fields} {standing}),"
            f" s AS (SELECT r.*, coalesce(l.{_LAST}, r.{BEGUN}) AS {_LAST} FROM r"
            f" LEFT JOIN l ON l.{_KEY} = r.{_KEY}{same})"
        )

    def _origins(self, identity: Identity, blamed: str, *, cells: bool) -> pa.Table | None:
        """Gives the commits that made what came in by merges; None where nothing did."""
        log = self.line.log()
        merges = [str(at) for at, commit in enumerate(log) if len(commit.parents) > 1]
        if not merges:
            return None
        column = _FIELD if cells else "NULL"
        rows = self.line.query(
            f"{blamed} SELECT DISTINCT {_KEY}, {column}, {_LAST} FROM s"
            f" WHERE {_KEY} IS NOT NULL AND {_LAST} IN ({', '.join(merges)})"
        )
        if not rows:
            return None
        pending = {(key, name): at for key, name, at in rows}
        found = Descent(self.line, self.table, identity).origins(pending)
        texts = pa.string()
        return (
            described(list(found.values()))
            .append_column("key", pa.array([key for key, _ in found], texts))
            .append_column("column_name", pa.array([name for _, name in found], texts))
        )

    def _key(self, states: Relation) -> list[str]:
        """Gives SQL for the columns of the key, in the types that they have at the commit."""
        own = self.line.relation(self.table)
        found = []
        for name in key_columns(self.table):
            field, shown = key_field(name, states), key_field(name, own)
            if field is None or shown is None:
                continue
            sql = field[0] if field[1] == shown[1] else f"CAST({field[0]} AS {shown[1].sql})"
            found.append(f"{sql} AS {quote_identifier(name)}")
        return found

    def _fields(self) -> list[str]:
        """Names the columns that are not of the key."""
        key = {name.casefold() for name in key_columns(self.table)}
        columns = self.line.relation(self.table).columns
        return [c.name for c in columns if c.name.casefold() not in key and c.name != "_key"]
