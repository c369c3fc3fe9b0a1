"""Keys of tables, and which foreign keys refer to which."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb_flight.places import commit_of, lanes, said
from ingitdb_flight.rows import table_of

if TYPE_CHECKING:
    from ingitdb.catalog.naming import NamedTable
    from ingitdb.services.listing import ListedReference, Listing
    from ingitdb_flight.session import Session

PRIMARY_KEYS = pa.schema(
    [
        pa.field("catalog_name", pa.string()),
        pa.field("db_schema_name", pa.string()),
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("column_name", pa.string(), nullable=False),
        pa.field("key_sequence", pa.int32(), nullable=False),
        pa.field("key_name", pa.string()),
    ]
)
REFERENCES = pa.schema(
    [
        pa.field("pk_catalog_name", pa.string()),
        pa.field("pk_db_schema_name", pa.string()),
        pa.field("pk_table_name", pa.string(), nullable=False),
        pa.field("pk_column_name", pa.string(), nullable=False),
        pa.field("fk_catalog_name", pa.string()),
        pa.field("fk_db_schema_name", pa.string()),
        pa.field("fk_table_name", pa.string(), nullable=False),
        pa.field("fk_column_name", pa.string(), nullable=False),
        pa.field("key_sequence", pa.int32(), nullable=False),
        pa.field("fk_key_name", pa.string()),
        pa.field("pk_key_name", pa.string()),
        pa.field("update_rule", pa.uint8(), nullable=False),
        pa.field("delete_rule", pa.uint8(), nullable=False),
    ]
)
_RULES = {"cascade": 0, "restrict": 1, "set null": 2}


def primary_keys(command: Any, session: "Session") -> pa.Table:
    """Lists the columns of a table's primary key."""

    def ask(listing: "Listing") -> list[tuple[Any, ...]]:
        return [
            (table.schema, table.name, column, number, key.name)
            for table in _named(listing, said(command, "db_schema"), command.table)
            for key in (listing.primary_key(table),)
            if key is not None
            for number, column in enumerate(key.columns, 1)
        ]

    rows: list[tuple[Any, ...]] = []
    with lanes(session, said(command, "catalog")) as found:
        for lane in found:
            listed = lane.database.listed(commit_of(lane), ask)
            rows += [(lane.database.name, *row) for row in listed]
    # catalog, schema, table, name of the key, place in it
    return table_of(PRIMARY_KEYS, sorted(rows, key=lambda row: (*row[:3], row[5], row[4])))


def imported_keys(command: Any, session: "Session") -> pa.Table:
    """Lists the foreign keys of a table."""
    schema = said(command, "db_schema")

    def ask(listing: "Listing") -> "Iterable[tuple[NamedTable, ListedReference]]":
        for table in _named(listing, schema, command.table):
            for reference in listing.references(table):
                yield table, reference

    rows = _references(session, said(command, "catalog"), ask)
    # catalog, schema and table referred to, name of the key there, then the key that refers
    return table_of(
        REFERENCES,
        sorted(rows, key=lambda row: (*row[:3], row[10] or "", *row[5:7], row[9], row[8])),
    )


def exported_keys(command: Any, session: "Session") -> pa.Table:
    """Lists the foreign keys that refer to a table."""
    schema = said(command, "db_schema")

    def ask(listing: "Listing") -> "Iterable[tuple[NamedTable, ListedReference]]":
        for table in _named(listing, schema, command.table):
            yield from listing.referring(table)

    return _by_referring(_references(session, said(command, "catalog"), ask))


def cross_reference(command: Any, session: "Session") -> pa.Table:
    """Lists the foreign keys of one table that refer to another."""
    catalog, other_catalog = said(command, "pk_catalog"), said(command, "fk_catalog")
    if catalog is None:
        catalog = other_catalog
    elif other_catalog is not None and catalog.casefold() != other_catalog.casefold():
        return table_of(REFERENCES, [])  # no key leads out of its database
    schema = said(command, "fk_db_schema")

    def ask(listing: "Listing") -> "Iterable[tuple[NamedTable, ListedReference]]":
        for table in _named(listing, said(command, "pk_db_schema"), command.pk_table):
            for other, reference in listing.referring(table):
                if other.name == command.fk_table and schema in (None, other.schema):
                    yield other, reference

    return _by_referring(_references(session, catalog, ask))


def _by_referring(rows: list[tuple[Any, ...]]) -> pa.Table:
    # catalog, schema and table that refers, name of its key, place in it
    return table_of(REFERENCES, sorted(rows, key=lambda row: (*row[4:7], row[9], row[8])))


def _references(session: "Session", catalog: str | None, ask: Any) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    with lanes(session, catalog) as found:
        for lane in found:
            listed = lane.database.listed(commit_of(lane), lambda listing: list(ask(listing)))
            for table, reference in listed:
                rows += _rows(lane.database.name, table, reference)
    return rows


def _rows(
    catalog: str, table: "NamedTable", reference: "ListedReference"
) -> Iterator[tuple[Any, ...]]:
    pairs = zip(reference.columns, reference.references, strict=True)
    for number, (column, target) in enumerate(pairs, 1):
        yield (
            catalog,
            reference.schema,
            reference.table,
            target,
            catalog,
            table.schema,
            table.name,
            column,
            number,
            reference.name,
            reference.key,
            _RULES[reference.on_update],
            _RULES[reference.on_delete],
        )


def _named(listing: "Listing", schema: str | None, name: str) -> Iterator["NamedTable"]:
    for table in listing.tables:
        if table.name == name and schema in (None, table.schema):
            yield table
