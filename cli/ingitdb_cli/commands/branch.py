"""`ingitdb branch`: lists, makes and deletes branches."""

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.options import Command

_SHOWN = 12

HELP = """\b
ingitdb branch
ingitdb branch spring-tariff v1.0
ingitdb branch -d spring-tariff

List the branches, or make one: at HEAD, or at another commit, branch, tag or date.

No work tree changes; to read or write another branch, name it: --at, or USE BRANCH in
SQL. A branch is not deleted while a work tree has it checked out, nor, without --force,
while nothing else leads to its commits.
"""


@click.command(cls=Command, help=HELP, short_help="List, make or delete branches.")
@click.argument("name", required=False)
@click.argument("start", required=False)
@click.option("--list", "listing", is_flag=True, help="List the branches.")
@click.option("-d", "--delete", "gone", metavar="NAME", help="Delete a branch.")
@click.option("--force", is_flag=True, help="Delete it even if commits are lost with it.")
@click.pass_context
def branch(
    context: click.Context,
    /,
    name: str | None,
    start: str | None,
    listing: bool,
    gone: str | None,
    force: bool,
) -> None:
    """Lists, makes or deletes branches.

    Raises:
        UsageError: Several of these are asked for at once.
    """
    app = app_of(context)
    from ingitdb.errors import UsageError

    if sum((name is not None, listing, gone is not None)) > 1:
        raise UsageError("List, make or delete: one at a time.", hint="ingitdb branch --help")
    if force and gone is None:
        raise UsageError("--force belongs to -d.", hint="ingitdb branch -d NAME --force")
    if name is not None:
        _create(app, name, start or app.options.at)
    elif gone is not None:
        _delete(app, gone, force=force)
    else:
        _list(app)


def _create(app: App, name: str, start: str | None) -> None:
    from ingitdb.services.ref_names import create_branch

    commit = create_branch(app.database, name, start)
    app.messages.line(f"created branch {name} at {commit[:_SHOWN]}")


def _delete(app: App, name: str, *, force: bool) -> None:
    from ingitdb.services.ref_names import drop_branch

    commit = drop_branch(app.database, name, force=force)
    app.messages.line(f"deleted branch {name}, which was at {commit[:_SHOWN]}")


def _list(app: App) -> None:
    import pyarrow as pa

    text, truth = pa.string(), pa.bool_()
    short = _SHOWN if app.output.format == "table" else None
    columns = [("branch", text), ("commit", text), ("is_current", truth), ("is_remote", truth),
               ("upstream", text)]  # fmt: skip
    found = app.database.repository.branches()
    rows = [(b.name, b.commit[:short], b.is_current, b.is_remote, b.upstream) for b in found]
    app.output.records(columns, rows)
