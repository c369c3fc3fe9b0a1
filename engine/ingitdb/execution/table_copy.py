"""A copy of a table for DuckDB to write in, and what a statement has made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from ingitdb.errors import ColumnNotFound, WriteError, nearest_names
from ingitdb.execution.record_changes import added, changed, removed
from ingitdb.execution.relations import key_columns
from ingitdb.execution.renamed_keys import referenced, renaming
from ingitdb.execution.renamings import Renaming
from ingitdb.execution.targets import Target
from ingitdb.model.types import quote_identifier
from ingitdb.sql.complaints import without_internal_names
from ingitdb.sql.names import spell
from ingitdb.sql.write_queries import NUMBER_COLUMN, PATH_COLUMN, old_column
from ingitdb.writes.table_texts import Change, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_COLUMN = "\u0001at"
"""The column of ours behind the others: which record a row is; NULL for a new one."""
_AT = quote_identifier(AT_COLUMN)
_PLACE = [quote_identifier(PATH_COLUMN), quote_identifier(NUMBER_COLUMN)]
_TYPES = {_AT: "BIGINT", quote_identifier("_line"): "BIGINT"}
_ROWS = quote_identifier("\u0001rows")
_NTH = quote_identifier("\u0001nth")
_TURN = quote_identifier("\u0001turn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What has become of a table.

    Attributes:
        count: How many records differ.
        renamed: What has become of its keys.
    """

    files: Texts
    count: int
    renamed: Renaming


@dataclass(slots=True, kw_only=True)
class TableCopy:
    """A copy of a table in a catalog of its own.

    Attributes:
        target: The table.
        name: Its name as the statement spells it, which DuckDB's complaints then show.
        catalog: The catalog.
        places: Columns that tell where a record lies and that the statement names.
        by_position: Whether the statement counts columns, so that there may be none of ours.
    """

    target: Target
    name: str
    catalog: str
    places: Sequence[str] = ()
    by_position: bool = False

    @property
    def relation(self) -> str:
        """The copy, for SQL."""
        return self._called(self.name)

    @property
    def view(self) -> str:
        """The copy without what tells records apart, for SQL."""
        return self._called(f"\u0001view {self.name}")

    @property
    def shape(self) -> str:
        """An empty table in which ours do not count among the columns, for SQL."""
        return f"{self._shapes}.{quote_identifier(self.name)}"

    @property
    def names(self) -> list[str]:
        """All columns of the table, quoted."""
        return [name for name, _ in self._named()]

    @property
    def ours(self) -> list[str]:
        """The columns of the copy that `*` is not to show."""
        return [] if self.by_position else [*self.places, AT_COLUMN]

    def fill(self, cursor: "duckdb.DuckDBPyConnection", rows: pa.Table) -> None:
        """Makes the copy.

        Args:
            cursor: What it is made with.
            rows: All records with their places.

        Raises:
            WriteError: What is declared about the table does not hold, or is not understood.
        """
        rows = rows.append_column(AT_COLUMN, pa.array(range(rows.num_rows), pa.int64()))
        names = ", ".join(self.names)
        own = [f"{name} {kind} DEFAULT NULL" for name, kind in self._own]
        described = ", ".join([*self.target.described, *own, *self._keys])
        taken = ", ".join([*self.names, *(name for name, _ in self._own)])
        placed = ", ".join([*_PLACE, *map(quote_identifier, self.places), _AT])
        schema = f'"{self.catalog}".{quote_identifier(self.target.table.schema)}'
        cursor.register("\u0001rows", rows)
        try:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            cursor.execute(f"CREATE TABLE {self.relation} ({described})")
            cursor.execute(f"INSERT INTO {self.relation} ({taken}) SELECT {taken} FROM {_ROWS}")
            cursor.execute(
                f"CREATE TABLE {self._before} AS SELECT t.*, {placed}"
                f" FROM (SELECT {names} FROM {self.relation} ORDER BY rowid) t"
                f" POSITIONAL JOIN (SELECT {placed} FROM {_ROWS})"
            )
            shown = ", ".join([*self.names, *(name for name, _ in self._own if name != _AT)])
            cursor.execute(f"CREATE VIEW {self.view} AS SELECT {shown} FROM {self.relation}")
        except duckdb.ConstraintException as error:
            raise WriteError(
                f"Records of {spell(self.target.table.name)} break its key already:"
                f" {without_internal_names(str(error))}",
                hint="UPDATE or DELETE these first.",
            ) from None
        except duckdb.Error as error:
            raise WriteError(without_internal_names(str(error))) from None
        finally:
            cursor.unregister("\u0001rows")

    def make_shape(self, cursor: "duckdb.DuckDBPyConnection") -> None:
        """Makes that empty table: DuckDB counts no columns that are worked out."""
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {self._shapes}")
        own = [f"{name} {kind} AS (CAST(NULL AS {kind}))" for name, kind in self._own]
        described = ", ".join([*self.target.described, *own, *self._keys])
        cursor.execute(f"CREATE TABLE {self.shape} ({described})")

    def made(self, cursor: "duckdb.DuckDBPyConnection") -> Made:
        """Gives what has become of the table.

        Raises:
            WriteError: The change cannot be made.
        """
        target = self.target
        self._check_places(cursor)
        after = self._paired if self.by_position else self.relation
        met = cursor.sql(self._met(after)).to_arrow_table()
        gone = cursor.sql(
            f"SELECT {', '.join(_PLACE)} FROM {self._before} ANTI JOIN {after} USING ({_AT})"
            f" ORDER BY {_AT}"
        ).to_arrow_table()
        new = cursor.sql(
            f"SELECT {', '.join(self.names)} FROM {after} WHERE {_AT} IS NULL"
            f" ORDER BY {_TURN if self.by_position else 'rowid'}"
        ).to_arrow_table()
        if self.by_position and gone.num_rows and new.num_rows and referenced(target):
            raise WriteError(
                f"Others refer to {spell(target.table.name)}, and it cannot be told"
                " which of its records has another key and which is another one.",
                hint="Name the columns that are wanted, instead of COLUMNS or the whole record.",
            )
        changes: list[Change] = [
            *changed(met, list(target.kinds), target.kinds, target.fields),
            *removed(gone),
        ]
        come = list(added(new, target.kinds, target.fields))
        return Made(
            files=target.written(changes, come),
            count=len(changes) + len(come),
            renamed=renaming(cursor, target, met, list(target.kinds), has_new=bool(come)),
        )

    @property
    def _own(self) -> list[tuple[str, str]]:
        """Ours, quoted, with their types."""
        names = map(quote_identifier, self.ours)
        return [(name, _TYPES.get(name, "VARCHAR")) for name in names]

    @property
    def _keys(self) -> list[str]:
        """The keys as CREATE TABLE has them."""
        key = key_columns(self.target.table)
        return [
            f"{'PRIMARY KEY' if group == key else 'UNIQUE'}"
            f" ({', '.join(map(quote_identifier, group))})"
            for group in self.target.keys
        ]

    def _check_places(self, cursor: "duckdb.DuckDBPyConnection") -> None:
        """Returns if the statement has left alone where records lie.

        Raises:
            ColumnNotFound: It has not.
        """
        for place in () if self.by_position else self.places:
            name = quote_identifier(place)
            found = cursor.execute(
                f"SELECT 1 FROM {self.relation} a LEFT JOIN {self._before} b USING ({_AT})"
                f" WHERE a.{name} IS DISTINCT FROM b.{name} LIMIT 1"
            ).fetchall()
            if found:
                raise ColumnNotFound(
                    f"There is no column {place!r} to write.",
                    hint=nearest_names(place, self.target.kinds),
                )

    def _met(self, after: str) -> str:
        """Gives the query for the rows that may differ, with what they were."""
        names = self.names
        olds = [f"b.{n} AS {quote_identifier(old_column(raw))}" for n, raw in self._named()]
        differ = " OR ".join(
            f"a.{n} IS DISTINCT FROM b.{n} OR a.{n}::VARCHAR <> b.{n}::VARCHAR" for n in names
        )
        shown = [*(f"b.{place}" for place in _PLACE), *(f"a.{n}" for n in names), *olds]
        return (
            f"SELECT {', '.join(shown)} FROM {after} a JOIN {self._before} b USING ({_AT})"
            f" WHERE {differ} ORDER BY {_AT}"
        )

    @property
    def _paired(self) -> str:
        """The copy without a column of ours, with the records that its rows are."""
        keys = self.target.keys
        by = list(map(quote_identifier, keys[0])) if keys else self.names

        def counted(relation: str) -> str:
            nth = f"row_number() OVER (PARTITION BY {', '.join(by)} ORDER BY rowid) AS {_NTH}"
            return f"(SELECT *, {nth}, rowid AS {_TURN} FROM {relation})"

        same = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in [*by, _NTH])
        shown = ", ".join(f"a.{name}" for name in [*self.names, _TURN])
        return (
            f"(SELECT {shown}, b.{_AT} FROM {counted(self.relation)} a"
            f" LEFT JOIN {counted(self._before)} b ON {same})"
        )

    def _named(self) -> "Iterator[tuple[str, str]]":
        return ((quote_identifier(name), name) for name in self.target.kinds)

    @property
    def _shapes(self) -> str:
        schema = f"\u0001shapes {self.target.table.schema}"
        return f'"{self.catalog}".{quote_identifier(schema)}'

    @property
    def _before(self) -> str:
        return self._called(f"\u0001before {self.name}")

    def _called(self, name: str) -> str:
        schema = quote_identifier(self.target.table.schema)
        return f'"{self.catalog}".{schema}.{quote_identifier(name)}'


def one_file_of_several(copies: "Sequence[TableCopy]", texts: Sequence[Texts]) -> None:
    """Returns if no file gets texts from two tables.

    Raises:
        WriteError: One does.
    """
    met: set[str] = set()
    for found in texts:
        twice = sorted(met & found.keys())
        if twice:
            names = " and ".join(spell(copy.target.table.name) for copy in copies)
            raise WriteError(
                f"{twice[0]} holds records of {names}.", hint="Write them in two statements."
            )
        met |= found.keys()
