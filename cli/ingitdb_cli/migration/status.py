"""`ingitdb migrate status`: shows a target's ledger."""

from typing import Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.migration.options import access, check_installed, target_options
from ingitdb_cli.options import Command

HELP = """\b
ingitdb migrate status --target sqlite:///app.db
ingitdb migrate status --target duckdb:///app.duckdb --format json

Show a target's ledger: what was applied to it and taken back, the oldest first.
"""


@click.command(cls=Command, help=HELP, short_help="Show what was applied to a target.")
@target_options
@click.pass_context
def status(context: click.Context, /, **given: Any) -> None:
    """Shows a ledger."""
    app = app_of(context)
    check_installed()
    import pyarrow as pa

    from ingitdb.services.migrations.targets import opened

    with opened(given["target"], access(given), is_only_read=True) as target:
        rows = target.ledger()
    text = pa.string()
    columns = [("version", pa.int64()), ("commit", text), ("state", text), ("applied_at", text),
               ("duration", pa.float64()), ("checksum", text)]  # fmt: skip
    app.output.records(
        columns,
        [(r.version, r.commit, r.state, r.applied_at, r.duration, r.checksum) for r in rows],
    )
