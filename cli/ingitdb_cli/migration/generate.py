"""`ingitdb migrate generate`: writes the scripts that lead there and back."""

from collections.abc import Iterator
from typing import Any

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.migration.doing import told
from ingitdb_cli.migration.options import (
    AFTER,
    DESTRUCTIVE,
    MAPPING,
    SOURCE,
    access,
    check_installed,
    destination,
    mapping,
    point,
    tls_options,
)
from ingitdb_cli.own_formats import FormatCommand, screen
from ingitdb_cli.unreadable import name_unreadable

HELP = """\b
ingitdb migrate generate --dialect sqlite --output up.sql --rollback down.sql
ingitdb migrate generate --from v1.0 --to main --dialect duckdb --output up.sql
ingitdb migrate generate --to v1.0 --dialect sqlite | sqlite3 -bail app.db
ingitdb migrate generate --dialect mysql | mariadb app
ingitdb migrate generate --dialect postgresql | psql -v ON_ERROR_STOP=1 app
ingitdb migrate generate --dialect sqlserver --output up.sql
ingitdb migrate generate --dialect redis | redis-cli --pipe
ingitdb migrate generate --target sqlite:///app.db --output-dir migrations/
ingitdb migrate generate --dialect sqlite --mapping mapping.yaml --output up.sql

Write a script of plain SQL that leads a target from one commit to another, schema and rows, and one
that leads back. No target is needed.

\b
A script runs in one transaction, writes its row into the target's table ingitdb_migrations, and
may be run again: then it changes nothing. It stops where the target is at a third commit, or does
not hold as many rows as the commit does. The plan is told on stderr, and heads the script.

For Redis a script is what redis-cli --pipe takes, for etcd (/v3/kv/txn) and Consul (/v1/txn, not
executed here: no server has run it) the body of a request a line. Each part asks where the store
is, and is one transaction.

A script for SQL Server is generated, and not executed here: no server has run one.

A table or column that goes takes with it what the target holds: that is done only with
--allow-destructive. A column or table is renamed where .ingitdb/tables.yaml says so.

\b
--output-dir writes V7__3f2a91c.sql and U7__3f2a91c.sql, both or none: the version is the one that
the target's ledger gives next, without a target the next one of the folder; a file that is there
is not written over.

\b
--mapping says in a file what the target calls tables and columns, which of them it has, and what
is computed. The ledger does not keep it: give the same one each time.
"""
DIALECTS = ("duckdb", "mysql", "postgresql", "sqlite", "sqlserver", "consul", "etcd", "redis")
"""A test compares them with the engine's."""
_SQL = "sql"
_TLS = ("tls_ca", "tls_cert", "tls_key")


@click.command(
    cls=FormatCommand,
    formats=(_SQL,),
    help=HELP,
    short_help="Write the scripts that lead there and back.",
)
@SOURCE
@click.option(
    "--from", "before", metavar="A", help="The commit that a target is at; none if empty."
)
@AFTER
@click.option("--dialect", type=click.Choice(DIALECTS), help="For what system.")
@click.option("--target", metavar="URL", help="Whose dialect, and whose ledger says where it is.")
@tls_options
@click.option("--rollback", metavar="PATH", help="Write the script that leads back to this file.")
@click.option("--output-dir", metavar="DIR", help="Write both scripts there, named as Flyway does.")
@MAPPING
@DESTRUCTIVE
@click.pass_context
def generate(
    context: click.Context,
    /,
    dialect: str | None,
    allow_destructive: bool,
    format: str | None,
    **given: Any,
) -> None:
    """Writes scripts."""
    app = app_of(context)
    point(app, given["source"])
    if given["target"] is not None:
        check_installed()
    elif any(given[name] is not None for name in _TLS):
        raise click.UsageError("--tls-ca, --tls-cert and --tls-key are for --target.")
    from ingitdb.services.migrations.commits import ledger_commit
    from ingitdb.services.migrations.scripted import scripts
    from ingitdb.services.migrations.ways import check_destructive
    from ingitdb_cli.migration.files import place_of, written

    known = mapping(given["mapping"])
    place = place_of(dialect, {**given, "output": app.options.output}, access(given), known)
    after = destination(app, given["after"])
    if place.before is not None and given["target"] is not None:
        ledger_commit(app.database, place.before)
    name_unreadable(app, after)
    with scripts(app.database, place.dialect, after, place.before, known, place.keys) as found:
        for line in told(found.up):
            app.messages.line(line)
        if not allow_destructive:
            check_destructive(found.up)
        if place.folder is not None:
            scripts_of = _bytes(found.up_script()), _bytes(found.down_script())
            for path in written(place, str(found.after), *scripts_of):
                app.messages.line(f"wrote {path}")
            return
        output = app.options.output
        if given["rollback"] is not None:
            _write(app, given["rollback"], found.down_script())
        _write(app, output, found.up_script())


def _write(app: App, path: str | None, script: Iterator[str] | Iterator[bytes]) -> None:
    app.options.output = path
    screen(app, _SQL).written(_bytes(script))


def _bytes(script: Iterator[str] | Iterator[bytes]) -> Iterator[bytes]:
    return (piece.encode() if isinstance(piece, str) else piece for piece in script)
