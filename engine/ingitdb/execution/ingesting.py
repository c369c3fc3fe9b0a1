"""Rows of Arrow on their way into a table, which may have to be made first."""

import re
from contextlib import closing
from typing import Any, Literal, TypeAlias, get_args

import pyarrow as pa

from ingitdb.errors import UsageError
from ingitdb.execution.instance import Instance
from ingitdb.execution.results import column_type
from ingitdb.model.types import quote_identifier
from ingitdb.sql.names import name_parts, spell

_NOT_STORED = re.compile(r"ENUM\(|\"NULL\"\Z")
IngestMode: TypeAlias = Literal["append", "create", "replace", "create_append"]


def held(data: Any) -> pa.Table:
    """Gives rows as a table, so that they can be given again where the branch has moved.

    Raises:
        UsageError: They are not rows of Arrow.
    """
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    elif isinstance(data, pa.RecordBatchReader):
        data = data.read_all()
    elif not isinstance(data, pa.Table) and hasattr(data, "__arrow_c_stream__"):
        data = pa.RecordBatchReader.from_stream(data).read_all()
    if not isinstance(data, pa.Table):
        raise UsageError(f"{type(data).__name__} is not Arrow: a table, a batch or a stream.")
    return data


def preparation(table: str, rows: pa.Table, mode: str, instance: Instance) -> list[str]:
    """Gives the statements that run before rows are appended to a table.

    Args:
        table: Its name, perhaps with its schema and in double quotes.
        rows: The rows, for their columns.
        mode: `append` to a table that is there, `create` one that is not, `replace` it, or
            `create_append` to create it if need be.
        instance: Says what DuckDB makes of the columns.

    Raises:
        UsageError: There is no such mode.

    Example:
        For `create` of rows with a text `k` there is one: `CREATE TABLE t ("k" VARCHAR)`.
    """
    if mode not in get_args(IngestMode):
        raise UsageError(
            f"There is no mode {mode!r}.", hint=f"Modes: {', '.join(get_args(IngestMode))}."
        )
    if mode == "append":
        return []
    name = spell(*name_parts(table))
    described = f"{name} ({', '.join(_described(rows, instance))})"
    if mode == "create_append":
        return [f"CREATE TABLE IF NOT EXISTS {described}"]
    drop = [f"DROP TABLE IF EXISTS {name}"] if mode == "replace" else []
    return [*drop, f"CREATE TABLE {described}"]


def _described(rows: pa.Table, instance: Instance) -> list[str]:
    """Gives the columns as CREATE TABLE has them, as texts those whose types no file has."""
    with closing(instance.cursor()) as cursor:
        found = cursor.from_arrow(rows.schema.empty_table())
        kinds = [column_type(kind).sql for kind in found.types]
        return [
            f"{quote_identifier(name)} {'VARCHAR' if _NOT_STORED.match(kind) else kind}"
            for name, kind in zip(found.columns, kinds, strict=True)
        ]
