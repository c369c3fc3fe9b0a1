"""`ingitdb config`: shows each setting and where it comes from."""

from typing import Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command

HELP = """\b
ingitdb config
ingitdb config --format json
INGITDB_THREADS=2 ingitdb config

Show each setting and where it comes from.

A flag beats INGITDB_<NAME>, which beats .ingitdb/config.yaml of the repository, which
beats config.yaml of the user, which beats the default.
"""


@click.command(cls=Command, help=HELP, short_help="Show each setting and where it comes from.")
@click.pass_context
def config(context: click.Context) -> None:
    """Shows the settings."""
    app = app_of(context)
    import pyarrow as pa

    text = pa.string()
    columns = [("name", text), ("value", text), ("origin", text)]
    values = app.configuration.values.values()
    app.output.records(columns, [(v.name, _shown(v.value), v.origin) for v in values])


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
