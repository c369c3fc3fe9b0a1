"""`ingitdb schema`: shows what the tables are, and how that changed."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.options import Group
from ingitdb_cli.own_formats import (
    TEXT,
    TEXT_OR_ROWS,
    FormatCommand,
    chosen_format,
    nothing,
    screen,
)
from ingitdb_cli.statuses import Status

if TYPE_CHECKING:
    from ingitdb.services.schemas import SchemaChange

HELP = """\b
ingitdb schema show
ingitdb schema show people --format markdown --output people.md
ingitdb schema diff v1.0..v2.0
ingitdb schema history people

Show what the tables are, and how that changed.
"""
SHOW = """\b
ingitdb schema show
ingitdb schema show people places --at v1.0
ingitdb schema show --format mermaid --output tables.mmd

Show columns, keys and references of the tables of a commit; of all if none is named.

\b
sql       CREATE statements, those that others refer to first
markdown  a document to publish
mermaid   a diagram of the tables and what they refer to
json      the same for programs
"""
DIFF = """\b
ingitdb schema diff
ingitdb schema diff v1.0..v2.0
ingitdb schema diff v1.0...main people --format json

Show how the definitions of tables differ between two commits.

\b
A..B      from A to B; a side left out is HEAD
A...B     from where B left A to B, as in Git
A B       the same as A..B
A         from A to HEAD, or to what --at says
(none)    from HEAD to the files of the work tree

What follows is a table; all if none is named. SQL sees the same as schema_diff('A', 'B').
"""
HISTORY = """\b
ingitdb schema history people
ingitdb schema history people --at v1.0
ingitdb schema history people --format json

Show when the definition of a table changed, newest first: which commit added, dropped,
renamed or retyped columns, changed the key, or made or removed the table.

A table that is gone is told of, too. A column is renamed where .ingitdb/tables.yaml says so.
"""
_NONE = "no data files found; see ingitdb tables --explain"
_SQL = "sql"
_WHAT = "A schema"
_DOCUMENTS = (_SQL, "markdown", "mermaid", "json")
_ENDINGS = {".sql": _SQL, ".md": "markdown", ".mmd": "mermaid", ".json": "json"}
_COLUMNS = ("from_table_name", "to_table_name", "from_create_statement", "to_create_statement")
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.group(
    cls=Group,
    help=HELP,
    short_help="Show what the tables are, and how that changed.",
    invoke_without_command=True,
)
@click.pass_context
def schema(context: click.Context) -> None:
    """Shows what the tables are."""
    if context.invoked_subcommand is None:
        context.invoke(show)


@schema.command(
    cls=FormatCommand,
    formats=_DOCUMENTS,
    help=SHOW,
    short_help="Show columns, keys and references.",
)
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.pass_context
def show(context: click.Context, tables: tuple[str, ...], format: str | None) -> None:
    """Shows the tables of a commit."""
    app = app_of(context)
    chosen = chosen_format(app, format, _DOCUMENTS, _ENDINGS, what=_WHAT)
    from ingitdb.services.schemas import schemas

    found = schemas(app.database, tables, app.options.at)
    if not found.tables:
        app.messages.line(_NONE)
    write = getattr(import_module(f"ingitdb_cli.schema_documents.{chosen}"), chosen)
    output = screen(app, chosen)
    output.paged(write(found), nothing)


@schema.command(
    cls=FormatCommand,
    formats=TEXT_OR_ROWS,
    help=DIFF,
    short_help="Show how the definitions differ.",
)
@click.argument("words", nargs=-1, metavar="[A[..B]] [TABLE]...")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if something differs.")
@click.pass_context
def diff(
    context: click.Context, words: tuple[str, ...], exit_code: bool, format: str | None
) -> None:
    """Shows how the definitions of tables differ."""
    app = app_of(context)
    chosen = chosen_format(app, format, TEXT_OR_ROWS, {}, what=_WHAT)
    from ingitdb.services.schemas import schema_changes

    old, new, tables = _sides(app, words)
    found = schema_changes(app.database, old, new, tables=tables)
    output = screen(app, chosen)
    if chosen == TEXT:
        output.paged(_lines(found, is_styled=output.is_styled), nothing)
    else:
        import pyarrow as pa

        columns = [(name, pa.string()) for name in _COLUMNS]
        output.records(columns, [(one.old, one.new, one.before, one.after) for one in found])
    if exit_code and found:
        context.exit(Status.FOUND)


@schema.command(
    cls=FormatCommand,
    formats=TEXT_OR_ROWS,
    help=HISTORY,
    short_help="Show when a definition changed.",
)
@click.argument("table")
@click.pass_context
def history(context: click.Context, table: str, format: str | None) -> None:
    """Shows when the definition of a table changed."""
    app = app_of(context)
    chosen = chosen_format(app, format, TEXT_OR_ROWS, {}, what=_WHAT)
    from ingitdb.services.schema_history import schema_history
    from ingitdb_cli.schema_events import lines, rows

    found = schema_history(app.database, table, app.options.at)
    output = screen(app, chosen)
    if chosen == TEXT:
        output.paged(lines(found, is_styled=output.is_styled), nothing)
    else:
        output.rows(rows(found, app.messages.warning))


def _sides(app: App, words: Sequence[str]) -> tuple[str, str | None, Sequence[str]]:
    """Gives the two sides, or a range, and the tables."""
    database, at = app.database, app.options.at
    from ingitdb.errors import UsageError
    from ingitdb_cli.comparison.asked import asked

    call = asked(database, words, None, (None, None))
    first, second = call.first, call.second
    if at is not None and (first is None or second is not None or ".." in first):
        raise UsageError(
            "--at is the newer side, where one commit is named.",
            hint="ingitdb schema diff REF --at REF",
        )
    if first is None:
        if database.repository.work_tree is None:
            raise UsageError(
                "There is no work tree to compare with.", hint="ingitdb schema diff REF..REF"
            )
        return "HEAD", "WORKING", call.tables
    if second is None and ".." not in first:
        second = at or "HEAD"
    return first, second, call.tables


def _lines(found: "Sequence[SchemaChange]", *, is_styled: bool) -> Iterator[str]:
    import difflib

    from ingitdb_cli.output.display import clean

    for change in found:
        names = [f"{side} {clean(name) or '/dev/null'}" for side, name in _named(change)]
        before, after = change.before.splitlines(), change.after.splitlines()
        lines = list(difflib.unified_diff(before, after, lineterm=""))[2:]
        if is_styled:
            names = [click.style(name, bold=True) for name in names]
            lines = [click.style(clean(line), fg=_COLOURS.get(line[0])) for line in lines]
        else:
            lines = [clean(line) for line in lines]
        yield from (*names, *lines)


def _named(change: "SchemaChange") -> Iterator[tuple[str, str]]:
    yield "---", change.old
    yield "+++", change.new
