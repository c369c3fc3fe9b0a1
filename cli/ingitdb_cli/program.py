"""Runs a command, and turns whatever happens into words and a status."""

import os
import select
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ingitdb_cli.app import App, bind
from ingitdb_cli.group import LazyGroup
from ingitdb_cli.messages import Messages
from ingitdb_cli.options import GlobalOptions
from ingitdb_cli.statuses import STATUS_BY_CODE, Status

if TYPE_CHECKING:
    from ingitdb_cli.interrupts import Interrupts


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from ingitdb_cli.commands.version import own_version

        click.echo(f"ingitdb {own_version()}")
        context.exit()


@click.group(
    "ingitdb",
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version.",
)
@click.pass_context
def ingitdb(context: click.Context) -> None:
    """Make any Git repository of records a SQL database.

    Every commit is a set of tables. `ingitdb` alone shows examples.
    """
    if context.invoked_subcommand is None:
        from ingitdb_cli.welcome import WELCOME

        click.echo(WELCOME, nl=False)


def run(
    arguments: Sequence[str],
    *,
    messages: Messages | None = None,
    interrupts: "Interrupts | None" = None,
) -> int:
    """Runs the program in this process and gives its exit status."""
    messages = messages or Messages()
    app = App(GlobalOptions(), messages)
    app.interrupts = interrupts
    try:
        status = _invoke(app, list(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        app.close()
        messages.interrupted()
        return Status.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the edge: nobody is to see a traceback
        app.close()
        if interrupts and interrupts.happened:  # whatever came of it
            messages.interrupted()
            return Status.INTERRUPTED
        if isinstance(error, BrokenPipeError) and _reader_has_gone():
            _drop_stdout()
            return Status.DONE
        return _explain(error, messages)
    return status


def _invoke(app: App, arguments: list[str]) -> int:
    try:
        with ingitdb.make_context("ingitdb", arguments, obj=app.options) as context:
            bind(context, app)
            ingitdb.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    finally:
        app.close()
    return Status.DONE


def _explain(error: Exception, messages: Messages) -> int:
    """Says what happened; a traceback only to those who ask for it."""
    if os.environ.get("INGITDB_DEBUG"):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, click.ClickException):
        return _explain_click(error, messages)
    from ingitdb.errors import IngitdbError
    from ingitdb_cli.output.target import TargetFailed

    if isinstance(error, IngitdbError):
        messages.error(error.message, error.hint)
        return STATUS_BY_CODE.get(error.code, Status.FAULT)
    if isinstance(error, TargetFailed):
        messages.error(str(error))
        return Status.TARGET
    messages.error(
        f"{type(error).__name__}: {error}",
        "This is a fault of ingitdb. INGITDB_DEBUG=1 shows where it is; please report it.",
    )
    return Status.FAULT


def _explain_click(error: click.ClickException, messages: Messages) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "ingitdb"
    messages.error(error.format_message(), f"{path} --help")
    return Status.USAGE


def _reader_has_gone() -> bool:
    """Tells whether it is our stdout that has broken, and not some other pipe."""
    watch = select.poll()
    try:
        watch.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in watch.poll(0))


def _drop_stdout() -> None:
    """Points stdout at nothing, so that Python's last flush cannot fail."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
    except (OSError, ValueError):
        return
