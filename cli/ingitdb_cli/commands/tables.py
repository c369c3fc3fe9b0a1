"""`ingitdb tables`: lists the tables of a commit."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.options import Command
from ingitdb_cli.unreadable import name_unreadable

_NONE = "no data files found; see ingitdb tables --explain"

HELP = """\b
ingitdb tables
ingitdb tables --at v1.0 --format json
ingitdb tables --explain

List the tables of a commit: HEAD, or what --at says.
"""


@click.command(cls=Command, help=HELP, short_help="List the tables of a commit.")
@click.option("--explain", is_flag=True, help="Say why each table exists, and what was left out.")
@click.pass_context
def tables(context: click.Context, explain: bool) -> None:
    """Lists the tables."""
    app = app_of(context)
    from ingitdb.errors import NoCommitsYet

    try:
        if explain:
            _explain(app)
        else:
            _list(app)
    except NoCommitsYet as error:
        app.messages.line(error.message)
        app.messages.line(f"hint: {error.hint}")


def _list(app: App) -> None:
    import pyarrow as pa

    found = app.database.tables(app.options.at)
    if not found:
        app.messages.line(_NONE)
    text, number, names = pa.string(), pa.int64(), pa.list_(pa.string())
    as_table = app.output.format == "table"
    columns = [
        ("schema", text),
        ("name", text),
        ("rows", number),
        ("columns", number),
        ("key", text if as_table else names),
        ("format", text),
        ("location", text),
        ("source", text),
    ]

    def records() -> Iterator[Sequence[Any]]:
        for t in found:
            key = ", ".join(t.key) if as_table else list(t.key)
            yield t.schema, t.name, t.rows, t.columns, key, t.format, t.location, t.source

    app.output.records(columns, records())
    name_unreadable(app, app.options.at)


def _explain(app: App) -> None:
    """Writes rows for programs, sentences for people."""
    found = app.database.explain(app.options.at)
    if app.output.format == "table":
        app.output.text(_sentences(found))
        return
    import pyarrow as pa

    text = pa.string()
    columns = [("kind", text), ("subject", text), ("reason", text), ("files", pa.int64())]
    records: list[Sequence[Any]] = [("table", name, why, None) for name, why in found.tables]
    records += [("left out", what, why, count) for what, why, count in found.left_out]
    records += [("suggestion", what, None, None) for what in found.suggestions]
    app.output.records(columns, records)


def _sentences(found: Any) -> Iterator[str]:
    from ingitdb_cli.output.display import clean, pad, width

    wide = max((width(clean(name)) for name, _ in found.tables), default=0)
    yield "Tables" if found.tables else "No tables"
    for name, why in found.tables:
        yield f"  {pad(clean(name), wide)}  {clean(why)}"
    if found.left_out:
        yield "Left out"
        for what, why, count in found.left_out:
            more = f" ({count:,} files)" if count != 1 else ""
            yield f"  {clean(what)}{more}: {clean(why)}"
    if found.suggestions:
        yield "Suggestions"
        yield from (f"  {clean(text)}" for text in found.suggestions)
