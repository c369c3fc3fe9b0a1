"""What there is: databases, schemas, tables, and the kinds of tables."""

from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb.errors import IngitdbError
from ingitdb.model.types import quote_identifier
from ingitdb_flight.column_fields import Owner, listed_field, owned_fields
from ingitdb_flight.places import commit_of, is_read_only, lanes, matcher, said
from ingitdb_flight.rows import table_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingitdb.catalog.naming import NamedTable
    from ingitdb.execution.views import View
    from ingitdb.services.listing import Listing
    from ingitdb_flight.lanes import Lane
    from ingitdb_flight.session import Session

TABLE, VIEW = "TABLE", "VIEW"

CATALOGS = pa.schema([pa.field("catalog_name", pa.string(), nullable=False)])
SCHEMAS = pa.schema(
    [
        pa.field("catalog_name", pa.string()),
        pa.field("db_schema_name", pa.string(), nullable=False),
    ]
)
TABLE_TYPES = pa.schema([pa.field("table_type", pa.string(), nullable=False)])
TABLES = pa.schema(
    [
        pa.field("catalog_name", pa.string()),
        pa.field("db_schema_name", pa.string()),
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("table_type", pa.string(), nullable=False),
    ]
)
TABLES_WITH_SCHEMAS = TABLES.append(pa.field("table_schema", pa.binary(), nullable=False))


def catalogs(_command: Any, session: "Session") -> pa.Table:
    """Lists the databases that the caller may read."""
    return table_of(CATALOGS, sorted((database.name,) for database in session.databases))


def schemas(command: Any, session: "Session") -> pa.Table:
    """Lists schemas, also those without tables."""
    is_wanted = matcher(said(command, "db_schema_filter_pattern"))
    rows: list[tuple[str, str]] = []
    with lanes(session, said(command, "catalog")) as found:
        for lane in found:
            names = lane.database.listed(commit_of(lane), lambda listing: listing.schemas)
            rows += [(lane.database.name, name) for name in names if is_wanted(name)]
    return table_of(SCHEMAS, sorted(rows))


def table_types(_command: Any, _session: "Session") -> pa.Table:
    """Lists the kinds of tables."""
    return table_of(TABLE_TYPES, [(TABLE,), (VIEW,)])


def tables_schema(command: Any) -> pa.Schema:
    """Gives the columns of a list of tables."""
    return TABLES_WITH_SCHEMAS if command.include_schema else TABLES


def tables(command: Any, session: "Session") -> pa.Table:
    """Lists tables and views, with their columns if these are asked for."""
    rows: list[tuple[Any, ...]] = []
    with lanes(session, said(command, "catalog")) as found:
        for lane in found:
            rows += _Listed(lane, command).rows()
    rows.sort(key=lambda row: row[:4])
    return table_of(tables_schema(command), rows)


class _Listed:
    """The tables of one database that a command asks for."""

    def __init__(self, lane: "Lane", command: Any) -> None:
        self._lane = lane
        self._schema = matcher(said(command, "db_schema_filter_pattern"))
        self._table = matcher(said(command, "table_name_filter_pattern"))
        self._types = frozenset(command.table_types) or {TABLE, VIEW}
        self._is_whole = command.include_schema
        self._is_read_only = self._is_whole and is_read_only(lane)

    def rows(self) -> list[tuple[Any, ...]]:
        """Gives a row for each; views are asked for last, as that runs statements."""
        found, views = self._lane.database.listed(commit_of(self._lane), self._listed)
        return found + [self._row(VIEW, view, partial(self._of_view, view)) for view in views]

    def _listed(self, listing: "Listing") -> tuple[list[tuple[Any, ...]], list["View"]]:
        tables = [
            self._row(TABLE, table, partial(self._of_table, listing, table))
            for table in listing.tables
            if self._is_wanted(table, TABLE)
        ]
        return tables, [view for view in listing.views if self._is_wanted(view, VIEW)]

    def _is_wanted(self, one: Any, kind: str) -> bool:
        return kind in self._types and self._schema(one.schema) and self._table(one.name)

    def _row(self, kind: str, one: Any, columns: "Callable[[], pa.Schema]") -> tuple[Any, ...]:
        place = (self._lane.database.name, one.schema, one.name, kind)
        return (*place, columns().serialize().to_pybytes()) if self._is_whole else place

    def _of_table(self, listing: "Listing", table: "NamedTable") -> pa.Schema:
        owner = self._owner(table, is_read_only=self._is_read_only)
        return pa.schema([listed_field(owner, column) for column in listing.columns(table)])

    def _of_view(self, view: "View") -> pa.Schema:
        """Gives the columns of a view; none where it no longer binds."""
        spelled = f"{quote_identifier(view.schema)}.{quote_identifier(view.name)}"
        try:
            with self._lane.run(f"FROM {spelled} LIMIT 0") as result:
                owner = self._owner(view, is_read_only=True)
                return owned_fields(owner, result.schema, result.columns)
        except IngitdbError:
            return pa.schema([])

    def _owner(self, one: Any, *, is_read_only: bool) -> Owner:
        return Owner(
            catalog=self._lane.database.name,
            schema=one.schema,
            table=one.name,
            is_read_only=is_read_only,
        )
