"""`ingitdb migrate sync`: keeps a target at a commit."""

from typing import Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.migration.doing import do, told_from_nothing, verify
from ingitdb_cli.migration.options import (
    AFTER,
    MAPPING,
    SOURCE,
    access,
    check_installed,
    destination,
    manner,
    manner_options,
    mapping,
    point,
    target_options,
)
from ingitdb_cli.options import Command
from ingitdb_cli.unreadable import name_unreadable

HELP = """\b
ingitdb migrate sync --target sqlite:///app.db
ingitdb migrate sync --target sqlite:///app.db --mode full --on-conflict source
ingitdb migrate sync --target duckdb:///app.duckdb --rows upsert --batch-size 500

Keep a target at a commit. Run it after each commit, or by a timer.

\b
incremental  what differs between the ledger's commit and the new one; costs what changed
full         what differs between the target and the commit; reads all of the target

Rows that others changed in the target are found: among those that are to change, or with
--mode full among all. With --on-conflict fail nothing is done then.
"""


@click.command(cls=Command, help=HELP, short_help="Keep a target at a commit.")
@SOURCE
@target_options
@MAPPING
@AFTER
@click.option(
    "--mode",
    type=click.Choice(("incremental", "full")),
    default="incremental",
    show_default=True,
    help="Compare two commits, or the target with the commit.",
)
@manner_options
@click.pass_context
def sync(
    context: click.Context,
    /,
    source: str | None,
    after: str | None,
    mode: str,
    **given: Any,
) -> None:
    """Brings a target up to date."""
    app = app_of(context)
    point(app, source)
    check_installed()
    from ingitdb.services.migrations.targets import opened

    ref = destination(app, after)
    name_unreadable(app, ref)
    if told_from_nothing(app, ref, given):
        return
    where = opened(
        given["target"],
        access(given),
        mapping=mapping(given["mapping"]),
    )
    with where as target:
        with target.forward(app.database, ref, manner(given, mode=mode)) as way:
            do(app, way, given)
        if given["verify"] and not given["dry_run"]:
            verify(app, target, ref)
