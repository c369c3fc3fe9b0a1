"""`ingitdb blame`: says who last changed each record."""

from itertools import chain

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command

_UNREAD = "not read: "

HELP = """\b
ingitdb blame people
ingitdb blame people anna --cells
ingitdb blame fares category=adult class=first --format json

Say who last changed each record, and in which commit.

KEY narrows it to one record, or, of a key of several columns, to those whose
column=value. SQL sees the same as blame('people') and blame('people', cells => true).
"""


@click.command(cls=Command, help=HELP, short_help="Say who last changed each record.")
@click.argument("table")
@click.argument("key", nargs=-1, metavar="[KEY]...")
@click.option("--cells", is_flag=True, help="Say it of each field.")
@click.pass_context
def blame(context: click.Context, table: str, key: tuple[str, ...], cells: bool) -> None:
    """Says who last changed what."""
    app = app_of(context)
    database, output = app.database, app.output
    from ingitdb.services.record_blame import record_blame
    from ingitdb.services.record_keys import no_such_record
    from ingitdb_cli.output.rows import Rows

    brief = output.format == "table"
    found = record_blame(database, table, key, app.options.at, cells=cells, brief=brief)
    interrupt = found.session.interrupt
    forget = app.interrupts.on_interrupt(interrupt) if app.interrupts else None
    with found.result as result:
        warn = app.messages.warning
        batches = result.batches()
        first = next(batches, None)
        if found.key and (first is None or not first.num_rows):
            raise no_such_record(found.session, found.table, found.key)
        rest = chain([] if first is None else [first], batches)
        rows = Rows(columns=result.columns, schema=result.schema, batches=rest, warn=warn)
        output.rows(rows, interrupt)
    if forget:
        forget()
    for note in found.result.notes:
        (app.messages.warning if note.startswith(_UNREAD) else app.messages.note)(note)
