"""`ingitdb materialize`: writes whole tables of a commit to files."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.options import Command

if TYPE_CHECKING:
    from ingitdb.services.materialization import MaterializeReport

HELP = """\b
ingitdb materialize --output snapshot
ingitdb materialize people places --at v1.0 --output snapshot
ingitdb materialize people --output snapshot --format arrow

Write whole tables of a commit to files, one a table; all tables if none is named.
"""


@click.command(cls=Command, help=HELP, short_help="Write whole tables of a commit to files.")
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.pass_context
def materialize(context: click.Context, tables: tuple[str, ...]) -> None:
    """Writes tables to files."""
    app = app_of(context)
    from ingitdb.errors import UsageError

    if not app.options.output or app.options.output == "-":
        raise UsageError(
            "There is no folder to write to.", hint="ingitdb materialize --output FOLDER"
        )
    began = time.monotonic()
    report = _written(app, Path(app.options.output), tables)
    app.progress.clear()
    files = len(report.files)
    what = "1 file" if files == 1 else f"{files:,} files"
    spent = time.monotonic() - began
    app.messages.line(f"{what}, {report.rows:,} rows at {report.commit[:12]} in {spent:.1f} s")


def _written(app: App, folder: Path, tables: Sequence[str]) -> "MaterializeReport":
    database = app.database
    from ingitdb.services.materialization import TargetRefused
    from ingitdb_cli.output.target import TargetFailed

    try:
        return database.materialize(
            folder, tables=tables, ref=app.options.at, format=app.options.format or "parquet"
        )
    except TargetRefused as error:
        raise TargetFailed(str(error)) from error
