"""Rows of an answer as a table of Arrow, in exactly the schema that clients compare it with."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa


def table_of(schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Puts rows into a table."""
    arrays = [pa.array([row[at] for row in rows], field.type) for at, field in enumerate(schema)]
    return pa.Table.from_arrays(arrays, schema=schema)
