"""`ingitdb tag`: lists, makes and deletes tags."""

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.options import Command

_SHOWN = 12

HELP = """\b
ingitdb tag
ingitdb tag v3.0 main -m "The spring tariff"
ingitdb tag -d v3.0

List the tags, or make one: at HEAD, or at another commit, branch, tag or date.

With a message the tag says who made it and when; it is signed if git's tag.gpgSign says
so. A tag of a name that is taken is not moved: delete it first.
"""


@click.command(cls=Command, help=HELP, short_help="List, make or delete tags.")
@click.argument("name", required=False)
@click.argument("ref", required=False)
@click.option("--list", "listing", is_flag=True, help="List the tags.")
@click.option("-d", "--delete", "gone", metavar="NAME", help="Delete a tag.")
@click.option("-m", "--message", help="What the tag says.")
@click.pass_context
def tag(
    context: click.Context,
    /,
    name: str | None,
    ref: str | None,
    listing: bool,
    gone: str | None,
    message: str | None,
) -> None:
    """Lists, makes or deletes tags.

    Raises:
        UsageError: Several of these are asked for at once.
    """
    app = app_of(context)
    from ingitdb.errors import UsageError

    if sum((name is not None, listing, gone is not None)) > 1:
        raise UsageError("List, make or delete: one at a time.", hint="ingitdb tag --help")
    if message is not None and name is None:
        raise UsageError("-m belongs to a new tag.", hint="ingitdb tag NAME -m MESSAGE")
    if name is not None:
        _create(app, name, ref or app.options.at, message)
    elif gone is not None:
        _delete(app, gone)
    else:
        _list(app)


def _create(app: App, name: str, ref: str | None, message: str | None) -> None:
    from ingitdb.services.ref_names import create_tag

    commit = create_tag(app.database, name, ref, message)
    app.messages.line(f"created tag {name} at {commit[:_SHOWN]}")


def _delete(app: App, name: str) -> None:
    from ingitdb.services.ref_names import drop_tag

    found = drop_tag(app.database, name)
    app.messages.line(f"deleted tag {name}, which was {found[:_SHOWN]}")


def _list(app: App) -> None:
    import pyarrow as pa

    text, moment = pa.string(), pa.timestamp("us", tz="UTC")
    short = _SHOWN if app.output.format == "table" else None
    columns = [("tag", text), ("commit", text), ("kind", text), ("tagger", text), ("date", moment),
               ("message", text)]  # fmt: skip
    rows = []
    for found in app.database.repository.tags():
        by, commit = found.tagger, found.commit
        message = found.message.split("\n", 1)[0] if found.message and short else found.message
        shown = commit[:short] if commit else None
        who, when = (by.name, by.at) if by else (None, None)
        rows.append((found.name, shown, found.kind, who, when, message))
    app.output.records(columns, rows)
