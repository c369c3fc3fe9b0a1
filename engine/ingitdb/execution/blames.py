"""Which commit last changed each record, or each of its fields."""

from dataclasses import dataclass

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import StatementRefused
from ingitdb.execution.identity import AT, key_field, lasting_key
from ingitdb.execution.lines import Line
from ingitdb.execution.pairing import named
from ingitdb.execution.relations import key_columns
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.snapshots.internal import BEGUN, ENDED
from ingitdb.snapshots.relation import Relation


@dataclass(frozen=True, slots=True)
class Blame:
    """The last changes of the records that stand at the end of a line.

    Attributes:
        line: The line.
        table: The table there.
    """

    line: Line
    table: NamedTable

    def sql(self, commits: str, *, cells: bool = False) -> str:
        """Gives SQL for each record's, or each field's, last change.

        Args:
            commits: A relation with what `Line.commits` gives.
            cells: Whether each field is asked for.

        Raises:
            StatementRefused: Nothing tells the table's records apart throughout.
        """
        states, forms = self.line.states(self.table)
        key = lasting_key(self.table, states)
        if key is None:
            raise StatementRefused(
                f"{self.table.name} has no key by which a record is known at every commit.",
                hint=f"Declare one: ingitdb keys suggest {self.table.name}",
            )
        last = self.line.base().ordinal
        changes = self.line.changes(self.table, states, forms)
        to_names = ", ".join(
            f"{named('to', column)} AS {quote_identifier(column.name)}" for column in states.columns
        )
        shown = "".join(f"{name}, " for name in self._key(states))
        column = "s.column_name, " if cells else ""
        names = f"[{', '.join(quote_literal(name) for name in self._fields())}]"
        fields = f", unnest({names}) AS column_name" if cells else ""
        changed = (
            f", unnest(CASE diff_type WHEN 'added' THEN {names} ELSE changed_columns END)"
            " AS column_name"
        )
        same = "l.k = s.k AND l.column_name = s.column_name" if cells else "l.k = s.k"
        return (
            f"WITH d AS (SELECT {key} AS k, {AT}{changed * cells} FROM"
            f" (SELECT {to_names}, {AT}, diff_type, changed_columns FROM ({changes})"
            " WHERE diff_type <> 'removed')),"
            f" l AS (SELECT * EXCLUDE ({AT}), max({AT}) AS at FROM d GROUP BY ALL),"
            f" s AS (SELECT *, {key} AS k{fields} FROM ({states.body})"
            f" WHERE {BEGUN} <= {last} AND {ENDED} > {last})"
            f" SELECT {shown}{column}c.hash AS commit, c.moment AS commit_date, c.committer,"
            f" c.email, c.message FROM s LEFT JOIN l ON {same}"
            f" JOIN {commits} c ON c.ordinal = coalesce(l.at, s.{BEGUN})"
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
