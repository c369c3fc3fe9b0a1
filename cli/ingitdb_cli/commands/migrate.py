"""`ingitdb migrate`: scripts that bring another system from one commit to another."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.options import Command, Group
from ingitdb_cli.own_formats import FormatCommand, screen

if TYPE_CHECKING:
    from ingitdb.migrations.plan import Outline
    from ingitdb.services.migrations.ways import Way

HELP = """\b
ingitdb migrate generate --dialect sqlite --output up.sql --rollback down.sql
ingitdb migrate apply --target sqlite:///app.db
ingitdb migrate status --target sqlite:///app.db
ingitdb migrate rollback --target sqlite:///app.db --allow-destructive

Bring another system from one commit to another. There are SQLite, DuckDB, Redis and etcd; for
Consul there are scripts, not executed here: no server has run them.
"""
GENERATE = """\b
ingitdb migrate generate --dialect sqlite --output up.sql --rollback down.sql
ingitdb migrate generate --from v1.0 --to main --dialect duckdb --output up.sql
ingitdb migrate generate --to v1.0 --dialect sqlite | sqlite3 -bail app.db
ingitdb migrate generate --to v1.0 --dialect redis | redis-cli --pipe

Write a script of plain SQL that leads a target from one commit to another, schema and rows, and one
that leads back. No target is needed.

\b
A script runs in one transaction, writes its row into the target's table ingitdb_migrations, and
may be run again: then it changes nothing. It stops where the target is at a third commit, or does
not hold as many rows as the commit does. The plan is told on stderr, and heads the script.

For Redis a script is what redis-cli --pipe takes, for etcd (/v3/kv/txn) and Consul (/v1/txn, not
executed here) the body of a request a line. Each part asks where the store is, and is one
transaction.

A table or column that goes takes with it what the target holds: that is done only with
--allow-destructive. A column or table is renamed where .ingitdb/tables.yaml says so.
"""
APPLY = """\b
ingitdb migrate apply --target sqlite:///app.db
ingitdb migrate apply --target duckdb:////var/lib/app.duckdb --to v2.0 --allow-destructive
ingitdb migrate apply --target sqlite:///app.db --dry-run
ingitdb migrate apply --target redis://localhost:6379/0

Bring a target from the commit that its ledger names to another one: what `generate` writes is run.
A file that is not there is made. Where anything fails the target is as it was, with exit status 7;
a key-value store says that it is on its way, and the next run goes on.
"""
ROLLBACK = """\b
ingitdb migrate rollback --target sqlite:///app.db --allow-destructive
ingitdb migrate rollback --target sqlite:///app.db --dry-run

Take back what was applied to a target last, schema and rows.
"""
STATUS = """\b
ingitdb migrate status --target sqlite:///app.db
ingitdb migrate status --target duckdb:///app.duckdb --format json

Show a target's ledger: what was applied to it and taken back, the oldest first.
"""
_DIALECTS = ("duckdb", "sqlite", "consul", "etcd", "redis")
"""A test compares them with the engine's."""
_SQL = "sql"
_SOURCE = click.option("--source", metavar="PATH", help="The repository, as with -C.")
_TARGET = click.option(
    "--target",
    metavar="URL",
    required=True,
    help="sqlite:///FILE, duckdb:///FILE, redis://HOST:PORT/NUMBER, etcd://HOST:PORT.",
)
_DESTRUCTIVE = click.option("--allow-destructive", is_flag=True, help="Let tables and columns go.")
_DRY = click.option("--dry-run", is_flag=True, help="Only tell the plan.")


@click.group(cls=Group, help=HELP, short_help="Bring another system from one commit to another.")
def migrate() -> None:
    """Brings another system to a commit."""


@migrate.command(
    cls=FormatCommand,
    formats=(_SQL,),
    help=GENERATE,
    short_help="Write the scripts that lead there and back.",
)
@_SOURCE
@click.option(
    "--from", "before", metavar="A", help="The commit that a target is at; none if empty."
)
@click.option("--to", "after", metavar="B", help="The commit to lead to; HEAD, or what --at says.")
@click.option("--dialect", type=click.Choice(_DIALECTS), required=True, help="For what system.")
@click.option("--rollback", metavar="PATH", help="Write the script that leads back to this file.")
@_DESTRUCTIVE
@click.pass_context
def generate(
    context: click.Context,
    /,
    dialect: str,
    rollback: str | None,
    allow_destructive: bool,
    format: str | None,
    **places: str | None,
) -> None:
    """Writes scripts."""
    app = app_of(context)
    _point(app, places["source"])
    from ingitdb.services.migrations.scripted import scripts
    from ingitdb.services.migrations.ways import check_destructive

    with scripts(
        app.database, dialect, places["after"] or app.options.at, places["before"]
    ) as found:
        for line in _told(found.up):
            app.messages.line(line)
        if not allow_destructive:
            check_destructive(found.up)
        output = app.options.output
        if rollback is not None:
            _write(app, rollback, found.down_script())
        _write(app, output, found.up_script())


@migrate.command(cls=Command, help=APPLY, short_help="Bring a target to a commit.")
@_SOURCE
@_TARGET
@click.option("--to", "after", metavar="B", help="The commit to lead to; HEAD, or what --at says.")
@_DESTRUCTIVE
@_DRY
@click.pass_context
def apply(
    context: click.Context,
    /,
    source: str | None,
    target: str,
    after: str | None,
    **flags: bool,
) -> None:
    """Applies a migration."""
    app = app_of(context)
    _point(app, source)
    from ingitdb.services.migrations.targets import opened
    from ingitdb.services.migrations.ways import DEFAULTS

    with (
        opened(target, must_exist=flags["dry_run"]) as there,
        there.forward(app.database, after or app.options.at, DEFAULTS) as way,
    ):
        _done(app, way, flags)


@migrate.command(cls=Command, help=ROLLBACK, short_help="Take back what was applied last.")
@_SOURCE
@_TARGET
@_DESTRUCTIVE
@_DRY
@click.pass_context
def rollback(context: click.Context, /, source: str | None, target: str, **flags: bool) -> None:
    """Takes a migration back."""
    app = app_of(context)
    _point(app, source)
    from ingitdb.services.migrations.targets import opened

    with opened(target, must_exist=True) as there, there.backward(app.database, None) as way:
        _done(app, way, flags)


@migrate.command(cls=Command, help=STATUS, short_help="Show what was applied to a target.")
@_TARGET
@click.pass_context
def status(context: click.Context, target: str) -> None:
    """Shows a ledger."""
    app = app_of(context)
    import pyarrow as pa

    from ingitdb.services.migrations.targets import opened

    with opened(target, must_exist=True) as there:
        rows = there.ledger()
    text = pa.string()
    columns = [("version", pa.int64()), ("commit", text), ("state", text), ("applied_at", text),
               ("duration", pa.float64()), ("checksum", text)]  # fmt: skip
    app.output.records(
        columns,
        [(r.version, r.commit, r.state, r.applied_at, r.duration, r.checksum) for r in rows],
    )


def _done(app: App, way: "Way", flags: Mapping[str, bool]) -> None:
    """Tells a plan and does it, unless only the plan is wanted.

    Raises:
        StatementRefused: It takes something from the target, and nobody has allowed it.
    """
    from ingitdb.services.migrations.ways import check_destructive

    for line in _told(way.plan):
        app.messages.line(line)
    if flags["dry_run"]:
        return
    if not flags["allow_destructive"]:
        check_destructive(way.plan)
    way.run(lambda what, done, of: None)


def _point(app: App, source: str | None) -> None:
    """Takes the repository from --source.

    Raises:
        UsageError: -C names another one.
    """
    if source is None:
        return
    if app.options.database not in (None, source):
        from ingitdb.errors import UsageError

        raise UsageError("--source and -C name two repositories.", hint="Leave one of them out.")
    app.options.database = source


def _told(plan: "Outline") -> Iterator[str]:
    for step in plan.steps:
        marks = f" [{', '.join(step.marks)}]" if step.marks else ""
        detail = f": {step.detail}" if step.detail else ""
        yield f"{step.kind} {step.table}, {step.rows:,} rows{marks}{detail}"
    yield from (f"note: {note}" for note in plan.notes)


def _write(app: App, path: str | None, script: Iterator[str] | Iterator[bytes]) -> None:
    app.options.output = path
    pieces = (piece.encode() if isinstance(piece, str) else piece for piece in script)
    screen(app, _SQL).written(pieces)
