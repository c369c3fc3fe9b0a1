"""`ingitdb migrate`: brings another system from one commit to another."""

import click

from ingitdb_cli.migration.analyze import analyze
from ingitdb_cli.migration.apply import apply
from ingitdb_cli.migration.capture import capture
from ingitdb_cli.migration.generate import generate
from ingitdb_cli.migration.rollback import rollback
from ingitdb_cli.migration.status import status
from ingitdb_cli.migration.sync import sync
from ingitdb_cli.options import Group

HELP = """\b
ingitdb migrate generate --dialect sqlite --output up.sql --rollback down.sql
ingitdb migrate apply --target sqlite:///app.db
ingitdb migrate analyze --target sqlite:///app.db
ingitdb migrate sync --target sqlite:///app.db --mode full --on-conflict source
ingitdb migrate status --target sqlite:///app.db
ingitdb migrate capture --target sqlite:///app.db --branch from-app
ingitdb migrate rollback --target sqlite:///app.db --allow-destructive

Bring another system from one commit to another, keep it there, and bring back what changed in it.
"""


@click.group(cls=Group, help=HELP, short_help="Bring another system from one commit to another.")
def migrate() -> None:
    """Brings another system to a commit."""


for command in (analyze, apply, capture, generate, rollback, status, sync):
    migrate.add_command(command)
