"""`ingitdb init`: makes a folder a database."""

from pathlib import Path

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.own_formats import FormatCommand
from ingitdb_cli.record_choice import refuse_rows

FORMATS = ("yaml", "json", "markdown", "toml", "csv", "jsonl", "ingr")

HELP = """\b
ingitdb init
ingitdb init ../timetables
ingitdb init --format json
ingitdb init --no-commit

Make a folder a database: a Git repository with .ingitdb, README.md and .gitignore.

DIR is the current folder if none is named. A repository that is there already is used; so
are all files that it has, which stay as they are. What is missing becomes one commit.
"""


@click.command(
    cls=FormatCommand,
    formats=FORMATS,
    format_help="The format of new tables that name none; yaml if nothing is said.",
    help=HELP,
    short_help="Make a folder a database.",
)
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--no-commit", is_flag=True, help="Write the files, and leave the commit to you.")
@click.pass_context
def init(
    context: click.Context, directory: Path | None, no_commit: bool, format: str | None
) -> None:
    """Makes the database.

    Raises:
        UsageError: The format is none of records.
    """
    app = app_of(context)
    refuse_rows(app, "init", has_format=True)
    chosen = format or app.options.format
    from ingitdb.errors import UsageError
    from ingitdb.services.initialization import initialize

    if chosen not in (None, *FORMATS):
        raise UsageError(
            f"Records are not kept as {chosen}.", hint=f"--format {', '.join(FORMATS)}"
        )
    folder = directory if directory is not None else app.place
    done = initialize(folder, record_format=chosen, commit=not no_commit)
    if done.made:
        app.messages.line(f"made a Git repository: {done.path}")
    if not done.files:
        app.messages.line(f"set up already: {done.path}")
        return
    how = f"committed as {done.commit[:12]}" if done.commit is not None else "written"
    app.messages.line(f"{how}: {', '.join(done.files)}")
    app.messages.line('next: ingitdb query "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR)"')
