"""Columns that carry what users never see, under names that no field of theirs has."""

from ingitdb.model.types import quote_identifier
from ingitdb.sql.hidden import NUMBER

ORDER = quote_identifier("\u0001order")
"""The place of a record among those of its file, as a label that only orders."""
PLACE = quote_identifier(NUMBER)
"""The number of a record in its file, counted from 1."""
BEGUN = quote_identifier("\u0001from")
"""The ordinal of the commit from which a state stood."""
ENDED = quote_identifier("\u0001to")
"""The ordinal of the commit from which it stood no more."""
ROW = "file_row_number"
"""The number of a row in its cache file, counted from 0, as DuckDB names it."""
SOURCE = quote_identifier("\u0001source")
"""Which of several lines a state is of, counted from 0."""
DIGEST = quote_identifier("\u0001digest")
"""The hash of a state's values."""
KEPT = quote_identifier("\u0001kept")
"""Whether another commit has not just this state."""

OUTER = quote_identifier("\u0001outer")
"""A table that a query inside of another one speaks of: a column of the inner tables that had its
name would be found first."""


def kinds_of(column: str) -> str:
    """Names the column that tells of which kinds the values of another one are."""
    return quote_identifier(f"\u0001kinds of {column}")


def numbered(body: str) -> str:
    """Adds `PLACE` to SQL that gives `_path` and `ORDER`."""
    return (
        f"SELECT *, row_number() OVER (PARTITION BY _path ORDER BY {ORDER}) AS {PLACE}"
        f" FROM ({body})"
    )
