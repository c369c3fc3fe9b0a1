"""`ingitdb delete`: deletes records."""

from typing import Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command
from ingitdb_cli.record_choice import RecordChoice, choice_options, refuse_rows, say_written

HELP = """\b
ingitdb delete --id people/anna
ingitdb delete --from people --where 'city == Oslo' --where 'age > 40' -m "Moved away"
ingitdb delete --from fares --where "valid_to < '2024-01-01'" --min-affected 10

Delete records, as one commit.

What --where takes is told by ingitdb update --help. Of a key of several columns, --id
has the parts with __ between them.
"""


@click.command(cls=Command, help=HELP, short_help="Delete records.")
@choice_options
@click.pass_context
def delete(context: click.Context, /, **options: Any) -> None:
    """Deletes records."""
    app = app_of(context)
    refuse_rows(app, "delete")
    choice = RecordChoice(**options)
    which = choice.which()
    from ingitdb.services.record_writes import delete_records

    done = delete_records(app.database, which, app.options.at, message=choice.message)
    say_written(app, done, "deleted from")
