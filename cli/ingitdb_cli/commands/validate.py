"""`ingitdb validate`: says what offends against what is declared."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.own_formats import FormatCommand, chosen_format, nothing, screen
from ingitdb_cli.statuses import Status

if TYPE_CHECKING:
    from ingitdb.services.validation import Validation

HELP = """\b
ingitdb validate
ingitdb validate fares people
ingitdb validate --base main --format github

Say what offends against what is declared: types, required values, lists of values, ranges,
lengths, patterns, JSON Schemas, keys, uniqueness, checks, foreign keys, counts, custom rules,
names, and declarations that contradict each other. What is declared stands in definitions,
data packages, .ingitdb/tables.yaml and .collection/schema.json.

With --base only what has changed since is looked at, and what that breaks: a record that is gone
and is still referred to, a key that another record has already. What a branch did since it left
the base counts. --at WORKING looks at the files of the work tree, STAGED at the index.

It ends with 0 if nothing is wrong, with 1 if something is, with 5 if a file cannot be read.
"""
FORMATS = ("text", "json", "junit", "github", "sarif", "markdown")
_ENDINGS = {".json": "json", ".xml": "junit", ".sarif": "sarif", ".md": "markdown"}


class ValidateCommand(FormatCommand):
    """Writes reports."""

    formats = FORMATS


@click.command(
    cls=ValidateCommand, help=HELP, short_help="Say what offends against what is declared."
)
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("--base", metavar="REF", help="Look only at what has changed since a commit.")
@click.pass_context
def validate(
    context: click.Context, tables: tuple[str, ...], base: str | None, format: str | None
) -> None:
    """Says what is wrong."""
    app = app_of(context)
    chosen = chosen_format(app, format, FORMATS, _ENDINGS, what="A validation")
    found = app.database.validate(app.options.at, base=base, tables=tables)
    output = screen(app, chosen)
    if chosen == "text":
        from ingitdb_cli.validation_reports.text import lines

        output.paged(lines(found), nothing)
    else:
        output.written(_document(found, chosen))
    if found.is_unreadable:
        context.exit(Status.UNREADABLE)
    if not found.is_clean:
        context.exit(Status.FOUND)


def _document(found: "Validation", chosen: str) -> Iterable[bytes]:
    from importlib import import_module

    module = import_module(f"ingitdb_cli.validation_reports.{chosen}")
    document: Iterable[bytes] = module.report(found)
    return document
