"""`ingitdb history`: shows what happened to one record."""

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command

_UNREAD = "not read: "
_LONGEST = 500
"""Columns that a value may take on a terminal."""

HELP = """\b
ingitdb history people anna
ingitdb history fares route=R07 category=adult season=low ticket=single class=standard
ingitdb history people anna --at v1.0 --format json

Show what happened to one record: who changed which fields, and when, newest first.

A key of several columns is given as so many KEYs in their order, or as column=value.
SQL sees all records: diff('people').
"""


@click.command(
    cls=Command, help=HELP, short_help="Show what happened to one record, newest change first."
)
@click.argument("table")
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@click.pass_context
def history(context: click.Context, table: str, key: tuple[str, ...]) -> None:
    """Shows the changes of a record."""
    app = app_of(context)
    database = app.database
    from ingitdb.services.record_history import record_history
    from ingitdb.services.record_keys import no_such_record
    from ingitdb_cli.comparison.screen import Screen
    from ingitdb_cli.record_changes import Lines, changes, former_key, rows

    found = record_history(database, table, key, app.options.at)
    interrupt = found.session.interrupt
    forget = app.interrupts.on_interrupt(interrupt) if app.interrupts else None
    listed = list(changes(found))
    if not listed:
        raise no_such_record(found.session, found.table, found.key)
    output = Screen(app, chosen=app.configuration.values["format"].value)
    if output.format == "table":
        longest = _LONGEST if output.on_terminal else None
        writer = Lines(is_styled=output.is_styled, longest=longest)
        output.paged(writer.lines(listed), interrupt)
        if writer.cut:
            app.messages.note("long values are cut (all of it: --format csv)")
    else:
        output.rows(rows(listed, app.messages.warning))
    former = former_key(found, listed[-1])
    if former is not None:
        app.messages.note(f"before, its key was {former}: ingitdb history {table} {former}")
    if forget:
        forget()
    for note in found.result.notes:
        (app.messages.warning if note.startswith(_UNREAD) else app.messages.note)(note)
