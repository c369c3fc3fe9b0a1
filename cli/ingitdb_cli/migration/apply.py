"""`ingitdb migrate apply`: brings a target to a commit, or runs a script on it."""

from itertools import takewhile
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ingitdb_cli.app import App, app_of
from ingitdb_cli.migration.doing import do, told_from_nothing, verify
from ingitdb_cli.migration.options import (
    AFTER,
    MAPPING,
    SOURCE,
    access,
    check_installed,
    destination,
    manner,
    manner_options,
    mapping,
    point,
    target_options,
)
from ingitdb_cli.options import Command
from ingitdb_cli.unreadable import name_unreadable

HELP = """\b
ingitdb migrate apply --target sqlite:///app.db
ingitdb migrate apply --target duckdb:////var/lib/app.duckdb --to v2.0 --allow-destructive
ingitdb migrate apply --target postgresql://app@localhost/app --verify
ingitdb migrate apply --target redis://localhost:6379/0
ingitdb migrate apply --target sqlite:///app.db --script up.sql
ingitdb migrate apply --target sqlite:///app.db --dry-run

Bring a target from the commit that its ledger names to another one: what `generate` writes is run.
A file that is not there is made. Where anything fails the target is as it was, with exit status 7;
one that cannot take everything back says that it is on its way, and the next run goes on.

Rows that are to change are looked at first: where others changed them, nothing is done, and they
are named. --on-conflict says otherwise.

The password of a target stands in INGITDB_TARGET_PASSWORD, or in the keyring under `ingitdb` and
the target's URL.
"""


_OF_PLANS = ("rows", "on_conflict", "batch_size", "allow_destructive", "log")
"""What is said of a plan that is made, not of a script that is there."""


@click.command(cls=Command, help=HELP, short_help="Bring a target to a commit.")
@SOURCE
@target_options
@MAPPING
@AFTER
@click.option(
    "--script",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="PATH",
    help="Run what `generate` has written.",
)
@manner_options
@click.pass_context
def apply(
    context: click.Context,
    /,
    source: str | None,
    after: str | None,
    script: Path | None,
    **given: Any,
) -> None:
    """Applies a migration."""
    app = app_of(context)
    point(app, source)
    check_installed()
    from ingitdb.services.migrations.targets import opened

    ref = destination(app, after)
    if script is not None:
        _check_alone(context)
    else:
        name_unreadable(app, ref)
    if given["dry_run"] and script is not None:
        _tell(app, script)
        return
    if told_from_nothing(app, ref, given):
        return
    where = opened(given["target"], access(given), mapping=mapping(given["mapping"]))
    with where as target:
        if script is not None:
            target.run_script(_text(script))
            ref = ref or next((row.commit for row in reversed(target.ledger())), None)
        else:
            with target.forward(app.database, ref, manner(given)) as way:
                do(app, way, given)
        if given["verify"] and not given["dry_run"]:
            verify(app, target, ref)


def _check_alone(context: click.Context) -> None:
    """Returns if nothing is said of how that a script says itself."""
    for name in _OF_PLANS:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            from ingitdb.errors import UsageError

            said = name.replace("_", "-")
            raise UsageError(f"--{said} is not for --script, which says what is done.")


def _text(script: Path) -> str:
    try:
        return script.read_text("utf-8")
    except UnicodeDecodeError:
        from ingitdb.errors import UsageError

        raise UsageError(f"{script} is no script: it is not UTF-8.") from None


def _tell(app: App, script: Path) -> None:
    """Tells what stands at the head of a script."""
    with script.open(encoding="utf-8", errors="replace") as lines:
        for line in takewhile(lambda line: line.startswith("-- "), lines):
            app.messages.line(line[3:].rstrip("\n"))
