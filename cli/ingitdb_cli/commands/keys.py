"""`ingitdb keys`: says which columns could be declared as keys."""

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Group
from ingitdb_cli.own_formats import (
    TEXT,
    TEXT_OR_ROWS,
    FormatCommand,
    chosen_format,
    nothing,
    screen,
)

HELP = """\b
ingitdb keys suggest
ingitdb keys suggest fares
ingitdb keys suggest --format yaml

Say which columns could be declared as keys.
"""
SUGGEST = """\b
ingitdb keys suggest
ingitdb keys suggest fares --at v1.0
ingitdb keys suggest --format yaml > .ingitdb/tables.yaml

Say what to declare so that the records of a table are known at every commit; of all
tables if none is named.

A candidate is a column, a field of a nested one, or a few together, that no record of the
commit lacks and no two have the same. Those that also held at every commit before come
first; of the others it is said when they did not. The eight best are shown.

What to declare follows as YAML for .ingitdb/tables.yaml; --format yaml is that alone. Where
there is such a file, what it has must be joined by hand: a comment says how. A key that is
declared counts for all commits that lead to the one that declares it.
"""
_YAML = "yaml"
_NONE = "no data files found; see ingitdb tables --explain"
_NOTHING = "nothing to declare"
FORMATS = (TEXT, _YAML, *(name for name in TEXT_OR_ROWS if name != TEXT))


@click.group(
    cls=Group,
    help=HELP,
    short_help="Say which columns could be declared as keys.",
    invoke_without_command=True,
)
@click.pass_context
def keys(context: click.Context) -> None:
    """Says what could be a key."""
    if context.invoked_subcommand is None:
        context.invoke(suggest)


@keys.command(
    cls=FormatCommand,
    formats=FORMATS,
    help=SUGGEST,
    short_help="Say what to declare, and whether it lasts.",
)
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.pass_context
def suggest(context: click.Context, tables: tuple[str, ...], format: str | None) -> None:
    """Says what to declare."""
    app = app_of(context)
    endings = {".yaml": _YAML, ".yml": _YAML}
    chosen = chosen_format(app, format, FORMATS, endings, what="A list of keys")
    from ingitdb.services.key_suggestions import suggest_keys
    from ingitdb_cli.key_texts import lines, rows, yaml

    found = suggest_keys(app.database, tables, app.options.at)
    output = screen(app, chosen)
    if not found.tables:
        app.messages.line(_NONE)
    elif chosen == _YAML and not any(table.candidates for table in found.tables):
        app.messages.line(_NOTHING)
    if chosen == TEXT:
        output.paged(lines(found, app.messages.warning) if found.tables else (), nothing)
    elif chosen == _YAML:
        output.paged(yaml(found), nothing)
    else:
        output.rows(rows(found, app.messages.warning))
