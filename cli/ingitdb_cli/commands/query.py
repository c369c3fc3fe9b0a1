"""`ingitdb query`: answers a SQL statement."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.options import Command

_MISSING = "not read: "

HELP = """\b
ingitdb query "SELECT * FROM people LIMIT 10"
ingitdb query "SELECT count(*) FROM people AS OF '2024-03-01'" --format json
ingitdb query 'SELECT * FROM people WHERE city = $c' -p c=Oslo --output oslo.parquet

Answer a SQL statement.

SQL is DuckDB's, over the tables of one commit: HEAD, or what --at says. Quote the
statement, so that the shell leaves it alone. `-` reads it from stdin.
"""


class QueryCommand(Command):
    """Knows SQL that begins with a comment from an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the arguments.

        Raises:
            UsageError: A statement begins with `--`.
        """
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            comments = (word for word in given if word.startswith("--") and len(word.split()) > 1)
            if not any(word.startswith(error.option_name) for word in comments):
                raise
            from ingitdb.errors import UsageError

            raise UsageError(
                "SQL that begins with -- is taken for an option.",
                hint='Put -- before it: ingitdb query -- "-- …"; or give it by --file FILE, or'
                " by `-` from stdin.",
            ) from error


@click.command(cls=QueryCommand, help=HELP, short_help="Answer a SQL statement.")
@click.argument("sql", nargs=-1, metavar="SQL")
@click.option(
    "--file", "-f", type=click.Path(dir_okay=False, path_type=Path), help="Read SQL from a file."
)
@click.option(
    "--param",
    "-p",
    "parameters",
    multiple=True,
    metavar="[NAME=]VALUE",
    help="A value for $NAME, or for the next `?`. It is text unless it is spelled as a number,"
    " true, false or null; in single quotes it is always text.",
)
@click.option("--author", metavar="NAME <ADDRESS>", help="Who makes the changes; as git says else.")
@click.option("--timing", is_flag=True, help="Say how long it took, and at which commit.")
@click.option("--max-rows", metavar="N", help="Refuse to give more rows.")
@click.option("--timeout", metavar="TIME", help="Stop after a time such as 30s.")
@click.option("--memory-limit", metavar="SIZE", help="Use no more memory, such as 2GB.")
@click.option("--threads", metavar="N", help="Use so many threads.")
@click.pass_context
def query(
    context: click.Context,
    /,
    sql: tuple[str, ...],
    file: Path | None,
    parameters: tuple[str, ...],
    timing: bool,
    **settings: str | None,
) -> None:
    """Answers a SQL statement."""
    app = app_of(context)
    app.overrides.update(settings)
    from ingitdb_cli.statement import parameter_values, statement

    text = statement(sql, file)
    _answer(app, text, parameter_values(parameters, text), timing=timing)


def _answer(app: App, sql: str, parameters: Any, *, timing: bool) -> None:
    from ingitdb_cli.changed_files import ChangedFiles
    from ingitdb_cli.output.rows import Rows

    began = time.monotonic()
    output = app.output
    database = app.database
    watch = ChangedFiles(app)
    session = database.session(app.options.at)
    forget = app.interrupts.on_interrupt(session.interrupt) if app.interrupts else None
    with session.execute(sql, parameters) as result:
        _say(app, result.notes)
        warn = app.messages.warning
        rows = Rows(
            columns=result.columns, schema=result.schema, batches=result.batches(), warn=warn
        )
        if output.format == "table" and rows.names == ["explain_key", "explain_value"]:
            output.text(_plan(rows))
        else:
            output.rows(rows, session.interrupt)
        _say(app, result.notes)
        commit = result.commit
    if forget:
        forget()
    if session.writer.has_written:
        app.messages.warning("The transaction is rolled back: there was no COMMIT.")
    if timing:
        spent = time.monotonic() - began
        app.messages.line(f"{_rows(output.count)} in {spent:.3f} s at {commit[:12]}")
    elif output.on_terminal and output.format == "table":
        app.messages.line(f"({_rows(output.count)})")
    watch.say()


def _say(app: App, notes: Iterable[str]) -> None:
    for note in notes:
        say = app.messages.warning if note.startswith(_MISSING) else app.messages.note
        say(note)


def _plan(rows: Any) -> Iterator[str]:
    for batch in rows.batches:
        for text in batch.column(1).to_pylist():
            yield from str(text).splitlines()


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
