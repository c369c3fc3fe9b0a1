"""The difference as SQL gives it: a row a table, the rows of one table's `diff`, statements."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb.services.differences import Counts, Differences
from ingitdb_cli.output.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingitdb_cli.output.output import Output

_COUNTS = tuple(field.name for field in fields(Counts))


def write_summary(output: "Output", found: Differences) -> None:
    """Writes what `diff_summary` and `diff_stat` say, a row a table."""
    text, flag = pa.string(), pa.bool_()
    columns = [("from_table_name", text), ("to_table_name", text), ("diff_type", text)]
    columns += [("data_change", flag), ("schema_change", flag)]
    columns += [(name, pa.int64()) for name in _COUNTS]

    def records() -> Iterator[Sequence[Any]]:
        for table in found.tables:
            counts = [getattr(table.counts, name) for name in _COUNTS]
            changes = (bool(table.counts.differing), table.has_other_schema)
            yield table.old, table.new, table.kind, *changes, *counts

    output.records(columns, records())


def write_rows(
    output: "Output", found: Differences, table: str, warn: "Callable[[str], None]"
) -> None:
    """Writes the rows of `diff`."""
    with found.rows(found.tables[0] if found.tables else table) as result:
        rows = Rows(
            columns=result.columns, schema=result.schema, batches=result.batches(), warn=warn
        )
        output.rows(rows, found.interrupt)


def statements(found: Differences, tables: Sequence[str]) -> Iterator[bytes]:
    """Writes the statements of `patch` for one table, or for all."""
    with found.statements(*tables) as result:
        for batch in result.batches():
            yield "".join(f"{text}\n" for text in batch.column(0).to_pylist()).encode()
