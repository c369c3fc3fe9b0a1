"""`ingitdb migrate capture`: brings changes made in a target back as a commit."""

from typing import Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.migration.options import (
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
ingitdb migrate capture --target sqlite:///app.db --branch from-app
ingitdb migrate capture --target duckdb:///app.duckdb --branch from-app -m "Prices of the desk"

Bring what others changed in a target back as a commit on a branch, which starts at the commit that
the target's ledger names. Review it, merge it, and sync: the target then holds what it has already.

Of tables that a mapping file names or computes otherwise nothing is captured; give the file all the
same, so that it is known.

Rows are told by their keys; text in the repository changes as little as with any other write.
"""


@click.command(cls=Command, help=HELP, short_help="Bring changes of a target back as a commit.")
@SOURCE
@target_options
@MAPPING
@click.option("--branch", required=True, metavar="NAME", help="The branch for the commit.")
@click.option("-m", "--message", metavar="TEXT", help="What the commit says.")
@click.pass_context
def capture(
    context: click.Context,
    /,
    source: str | None,
    branch: str,
    message: str | None,
    **given: Any,
) -> None:
    """Captures changes."""
    app = app_of(context)
    point(app, source)
    check_installed()
    from ingitdb.services.migrations.targets import opened

    with opened(
        given["target"],
        access(given),
        is_only_read=True,
        mapping=mapping(given["mapping"]),
    ) as target:
        found = target.capture(app.database, branch, message)
    for note in found.notes:
        app.messages.note(note)
    if found.commit is None:
        app.messages.line("the target holds what its ledger's commit does: nothing to capture")
    else:
        app.messages.line(f"{found.rows:,} rows captured in {found.commit[:12]} on {branch}")
