"""`ingitdb log`: lists commits."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command

HELP = """\b
ingitdb log --limit 5
ingitdb log --at v1.0 --format jsonl
ingitdb query "SELECT * FROM git_log() WHERE message ILIKE '%tariff%'"

List commits, newest first. SQL sees them as git_log().
"""


@click.command(cls=Command, help=HELP, short_help="List commits, newest first.")
@click.option("--limit", "-n", type=click.IntRange(min=0), help="List so many at most.")
@click.pass_context
def log(context: click.Context, limit: int | None) -> None:
    """Lists commits."""
    app = app_of(context)
    import pyarrow as pa

    from ingitdb.errors import NoCommitsYet

    text, moment = pa.string(), pa.timestamp("us", tz="UTC")
    short = 12 if app.output.format == "table" else None
    columns = [("commit", text), ("date", moment), ("author", text), ("message", text)]

    def records() -> Iterator[Sequence[Any]]:
        for commit in app.database.log(app.options.at, limit=limit):
            message = commit.message.strip()
            subject = message.split("\n", 1)[0] if short else message
            author = commit.author.name
            yield commit.identifier[:short], commit.committer.at, author, subject

    try:
        app.output.records(columns, records())
    except NoCommitsYet as error:
        app.messages.line(error.message)
