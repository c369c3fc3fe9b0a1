"""`ingitdb migrate rollback`: takes back what was applied."""

from typing import Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.migration.doing import do
from ingitdb_cli.migration.options import (
    CONFLICT,
    DESTRUCTIVE,
    DRY,
    LOG,
    MAPPING,
    SOURCE,
    access,
    check_installed,
    mapping,
    point,
    target_options,
)
from ingitdb_cli.options import Command

HELP = """\b
ingitdb migrate rollback --target sqlite:///app.db --allow-destructive
ingitdb migrate rollback --target sqlite:///app.db --to v1.0 --allow-destructive
ingitdb migrate rollback --target sqlite:///app.db --dry-run

Take back what was applied to a target last, schema and rows; or all since it was at a commit.
What others changed meanwhile is found, and --on-conflict says what becomes of it.
"""


@click.command(cls=Command, help=HELP, short_help="Take back what was applied.")
@SOURCE
@target_options
@MAPPING
@click.option("--to", "ref", metavar="REF", help="A commit that the target was at.")
@CONFLICT
@DESTRUCTIVE
@DRY
@LOG
@click.pass_context
def rollback(context: click.Context, /, source: str | None, ref: str | None, **given: Any) -> None:
    """Takes a migration back."""
    app = app_of(context)
    point(app, source)
    check_installed()
    from ingitdb.services.migrations.targets import opened
    from ingitdb.services.migrations.ways import OnConflict

    with (
        opened(
            given["target"],
            access(given),
            must_exist=True,
            mapping=mapping(given["mapping"]),
        ) as target,
        target.backward(app.database, ref, OnConflict(given["on_conflict"])) as way,
    ):
        do(app, way, given)
