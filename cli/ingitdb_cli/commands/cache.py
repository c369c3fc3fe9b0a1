"""`ingitdb cache`: looks at the cache of a repository, verifies, clears or limits it."""

from typing import Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command, Group
from ingitdb_cli.statuses import Status

HELP = """\b
ingitdb cache info
ingitdb cache clear
ingitdb cache limit 2GB

Look at the cache, verify, clear or limit it. Nothing is lost with it: it is made anew.
"""


@click.group(
    cls=Group,
    help=HELP,
    short_help="Look at the cache, verify, clear or limit it.",
    invoke_without_command=True,
)
@click.pass_context
def cache(context: click.Context) -> None:
    """Looks at the cache."""
    if context.invoked_subcommand is None:
        context.invoke(info)


@cache.command(cls=Command, short_help="Show where the cache is and what it takes.")
@click.pass_context
def info(context: click.Context) -> None:
    """Show where the cache is and what it takes."""
    app = app_of(context)
    import pyarrow as pa

    found = app.database.cache.info()
    columns: list[tuple[str, Any]] = [
        ("path", pa.string()),
        ("bytes", pa.int64()),
        ("limit", pa.int64()),
        ("files", pa.int64()),
    ]
    app.output.records(columns, [(str(found.path), found.bytes, found.limit, found.files)])


@cache.command(cls=Command, short_help="Compare every file with its checksum.")
@click.pass_context
def verify(context: click.Context) -> None:
    """Compare every file with its checksum; what is damaged is made anew when needed."""
    app = app_of(context)
    found = app.database.cache.verify()
    for name in found.bad:
        app.messages.warning(f"damaged: {name}")
    app.messages.line(f"{found.checked:,} files checked, {len(found.bad):,} damaged")
    if found.bad:
        context.exit(Status.FOUND)


@cache.command(cls=Command, short_help="Remove it.")
@click.pass_context
def clear(context: click.Context) -> None:
    """Remove what is cached of this repository."""
    app = app_of(context)
    app.messages.line(f"{size(app.database.cache.clear())} freed")


@cache.command(cls=Command, short_help="Shrink it to a size now.")
@click.argument("size", metavar="SIZE")
@click.pass_context
def limit(context: click.Context, size: str) -> None:
    """Shrink the cache to a size such as 2GB now; `cache_limit` keeps it there."""
    app = app_of(context)
    app.overrides["cache_limit"] = size
    app.database.cache.limit(app.configuration.settings.cache_limit)


def size(count: int) -> str:
    """Words a number of bytes."""
    amount, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"
