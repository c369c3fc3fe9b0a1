"""`ingitdb describe`: shows the columns of a table."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command

HELP = """\b
ingitdb describe people
ingitdb describe people --at v1.0
ingitdb describe geo.countries --format json

Show the columns of a table, and why they are so.
"""


@click.command(
    cls=Command, help=HELP, short_help="Show the columns of a table, and why they are so."
)
@click.argument("table")
@click.pass_context
def describe(context: click.Context, table: str) -> None:
    """Shows the columns."""
    app = app_of(context)
    import pyarrow as pa

    found = app.database.describe(table, app.options.at)
    text, flag, names = pa.string(), pa.bool_(), pa.list_(pa.string())
    as_table = app.output.format == "table"
    columns = [
        ("name", text),
        ("type", text),
        ("nullable", flag),
        ("key", flag),
        ("references", text),
        ("description", text),
        ("widened_by", text if as_table else names),
    ]

    def records() -> Iterator[Sequence[Any]]:
        for c in found.columns:
            widened = ", ".join(c.widened_by) or None if as_table else list(c.widened_by)
            yield c.name, c.type, c.nullable, c.key, c.references, c.description, widened

    app.output.records(columns, records())
