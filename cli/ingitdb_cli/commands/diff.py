"""`ingitdb diff`: shows what differs between two commits."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.comparison.depths import Depth
from ingitdb_cli.options import Command
from ingitdb_cli.output.formats import NAMES, TABLE, format_of
from ingitdb_cli.statuses import Status

if TYPE_CHECKING:
    from ingitdb.services.differences import Differences

HELP = """\b
ingitdb diff
ingitdb diff v1.0..v2.0 people
ingitdb diff main...feature --format html --output review.html

Show what differs between two commits, table by table and record by record.

\b
A..B      from A to B; a side left out is HEAD
A...B     from where B left A to B, as in Git
A B       the same as A..B
A         from A to HEAD, or to what --at says
(none)    from HEAD to the files of the work tree

\b
A side is what git takes for a commit, a date, or WORKING, STAGED, EMPTY. What follows is a
table; where a word could be both, -- stands before the tables. --depth says how much is shown:

\b
summary   how many records differ in each table, and what of its columns and keys
record    a line for each record: + added, - removed, ~ changed, with its key
fields    old and new of each field that changed
full      whole records, old and new

--format text is for people, html is a page for a review, json one document; sql has the
statements that lead from A to B, those of patch('a', 'b'). The formats of rows (csv, jsonl,
parquet …) give diff('t', 'a', 'b') of one table; of all, or with --depth summary, a row a table.
"""
_TEXT, _HTML, _JSON, _SQL = "text", "html", "json", "sql"
_DEEP = (_TEXT, _JSON, _HTML)
"""The formats that know depths."""
FORMATS = (*_DEEP, _SQL, *(name for name in NAMES if name not in _DEEP))
_ENDINGS = {"": _TEXT, ".txt": _TEXT, ".html": _HTML, ".htm": _HTML, ".sql": _SQL}
_UNREAD = "not read: "


class DiffCommand(Command):
    """Has formats of its own, and keeps what stands behind `--` apart."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        own = click.Option(
            ("--format",),
            type=click.Choice(FORMATS),
            help="How it is written; text if nothing is said.",
        )
        self.params = [own if param.name == own.name else param for param in self.params]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the arguments before `--`, and takes those behind it for tables."""
        cut = args.index("--") if "--" in args else len(args)
        rest = super().parse_args(ctx, args[:cut])
        ctx.params["after"] = tuple(args[cut + 1 :]) if cut < len(args) else None
        return rest


@click.command(cls=DiffCommand, help=HELP, short_help="Show what differs between two commits.")
@click.argument("words", nargs=-1, metavar="[A[..B]] [TABLE]...")
@click.option("--base", metavar="A", help="From which commit to look; HEAD if only B is named.")
@click.option("--compare", metavar="B", help="At which commit to look.")
@click.option(
    "--depth",
    type=click.Choice([depth.value for depth in Depth]),
    help="How much is shown; fields if nothing is said, in HTML full.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if something differs.")
@click.pass_context
def diff(
    context: click.Context,
    /,
    words: tuple[str, ...],
    after: tuple[str, ...] | None,
    depth: str | None,
    exit_code: bool,
    format: str | None,
    **sides: str | None,
) -> None:
    """Shows what differs."""
    app = app_of(context)
    chosen = _format(app, format)
    found, tables = _compared(app, words, after, (sides["base"], sides["compare"]))
    wanted = Depth(depth) if depth else None
    _check(chosen, wanted, tables)
    forget = app.interrupts.on_interrupt(found.interrupt) if app.interrupts else None
    _write(app, found, chosen, wanted, tables)
    if forget:
        forget()
    shows_records = chosen in _DEEP and wanted is not Depth.SUMMARY
    for note in (*found.notes, *(_unkeyed(found) if shows_records else ())):
        (app.messages.warning if note.startswith(_UNREAD) else app.messages.note)(note)
    if exit_code and found.tables:
        context.exit(Status.FOUND)


def _unkeyed(found: "Differences") -> Iterator[str]:
    """Says of which tables changed records cannot be told from new ones."""
    for table in found.tables:
        if not table.key and table.counts.rows_added and table.counts.rows_deleted:
            yield (
                f"Nothing tells the records of {table.name} apart: one that changed shows as"
                " removed and added, unless a key is declared."
            )


def _format(app: App, given: str | None) -> str:
    """Gives the format: as said, as the file's ending or the settings have it, or text."""
    said = given or app.options.format
    if said:
        return said
    path = app.options.output
    if path and path != "-":
        ending = Path(path).suffix.lower()
        return _ENDINGS[ending] if ending in _ENDINGS else format_of(Path(path))
    configured = app.configuration.values["format"].value
    return _TEXT if configured in (None, TABLE) else str(configured)


def _compared(
    app: App,
    words: Sequence[str],
    after: Sequence[str] | None,
    sides: tuple[str | None, str | None],
) -> "tuple[Differences, tuple[str, ...]]":
    database = app.database
    from ingitdb.errors import TableNotFound
    from ingitdb.services.differences import differences
    from ingitdb_cli.comparison.asked import asked

    call = asked(database, words, after, sides)
    at = app.options.at
    _check_at(at, call.first, call.second)
    try:
        found = differences(database, call.first, call.second, tables=call.tables, at=at)
    except TableNotFound as error:
        raise call.missing(error, database) from None
    return found, call.tables


def _check_at(at: str | None, first: str | None, second: str | None) -> None:
    if at is None:
        return
    from ingitdb.errors import UsageError

    if first is None:
        raise UsageError(
            f"There is nothing to compare {at} with.", hint=f"ingitdb diff REF --at {at}"
        )
    if second is not None or ".." in first:
        raise UsageError(
            "Two commits are named, and a third by --at.", hint="Leave --at out, or name one."
        )


def _check(chosen: str, depth: Depth | None, tables: Sequence[str]) -> None:
    """Refuses what makes no sense together."""
    if chosen in _DEEP or (depth is Depth.SUMMARY and chosen != _SQL):
        return
    from ingitdb.errors import UsageError

    if depth is not None:
        raise UsageError(
            f"--depth {depth} is for {', '.join(_DEEP)}, not for {chosen}.",
            hint="Leave --depth out, or choose another --format.",
        )
    if len(tables) > 1:
        raise UsageError(
            f"Several tables do not fit into one {chosen}.", hint="Name one table, or none."
        )


def _write(
    app: App, found: "Differences", chosen: str, depth: Depth | None, tables: Sequence[str]
) -> None:
    from ingitdb_cli.comparison.screen import Screen

    _ = app.configuration  # the settings know no format but those of rows
    app.options.format = chosen
    output = Screen(app, chosen=chosen)
    if chosen == _TEXT:
        from ingitdb_cli.comparison.text import Text

        text = Text(depth or Depth.FIELDS, is_styled=output.is_styled)
        output.paged(text.lines(found), found.interrupt)
    elif chosen in (*_DEEP, _SQL):
        output.written(_document(found, chosen, depth, tables))
    elif tables and depth is not Depth.SUMMARY:
        from ingitdb_cli.comparison.rows import write_rows

        write_rows(output, found, tables[0], app.messages.warning)
    else:
        from ingitdb_cli.comparison.rows import write_summary

        write_summary(output, found)


def _document(
    found: "Differences", chosen: str, depth: Depth | None, tables: Sequence[str]
) -> Iterable[bytes]:
    if chosen == _SQL:
        from ingitdb_cli.comparison.rows import statements

        return statements(found, tables)
    if chosen == _HTML:
        from ingitdb_cli.comparison.page import page

        return page(found, depth or Depth.FULL)
    from ingitdb_cli.comparison.document import document

    return document(found, depth or Depth.FIELDS)
