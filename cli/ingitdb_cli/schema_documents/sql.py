"""The tables as statements that make them."""

from collections.abc import Iterator

from ingitdb.model.types import quote_identifier
from ingitdb.services.schemas import Schemas


def sql(found: Schemas) -> Iterator[str]:
    """Gives CREATE statements in an order in which they run."""
    tables = found.referenced_first()
    names = dict.fromkeys(table.schema for table in tables if table.schema != "main")
    yield from (f"CREATE SCHEMA {quote_identifier(name)};" for name in names)
    for table in tables:
        yield from table.create.split("\n")
