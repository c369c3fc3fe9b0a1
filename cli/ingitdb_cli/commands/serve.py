"""`ingitdb serve`: serves databases over Arrow Flight SQL."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.options import Command
from ingitdb_cli.quantities import DURATION, SIZE

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_NEEDED = ("ingitdb_flight.server", "google.protobuf", "itsdangerous", "argon2")
_PATH = click.Path(dir_okay=False, path_type=Path)
_VARIABLE = "INGITDB_SERVE_"

HELP = """\b
ingitdb serve
ingitdb serve --port 8815 --users users.yaml
ingitdb serve ferries=~/northlight hr=../hr.git --port 0
ingitdb serve --hash-password

Serve databases over Arrow Flight SQL, to ADBC, JDBC, DB-API and SQLAlchemy.

Without PATHs it is the database of -C, or of this folder. Each PATH is a database; what
stands before `=` is its name, else the folder's. A session begins in the first one.

It listens on this machine alone, without a password, unless told otherwise; elsewhere
it wants --users and --tls-cert, or to be told twice. Ctrl-C or SIGTERM ends it: calls in
progress end, what is not committed is rolled back. stdout says how to connect, stderr has
the log.
"""


def _option(*names: str, **more: Any) -> Callable[[Decorated], Decorated]:
    """Makes an option that a variable of the environment can give, too."""
    variable = _VARIABLE + names[-1].lstrip("-").replace("-", "_").upper()
    return click.option(*names, envvar=variable, **more)


@click.command(cls=Command, help=HELP, short_help="Serve databases over Arrow Flight SQL.")
@click.argument("paths", nargs=-1, metavar="[[NAME=]PATH]...")
@_option("--host", default="127.0.0.1", metavar="ADDRESS", help="Listen there; 127.0.0.1 else.")
@_option(
    "--port",
    default=8815,
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Listen there; 8815 else. 0 takes any that is free.",
)
@_option("--users", type=_PATH, metavar="FILE", help="Let in only whom this file names.")
@_option("--tls-cert", type=_PATH, metavar="FILE", help="The certificate, as PEM.")
@_option("--tls-key", type=_PATH, metavar="FILE", help="Its key, as PEM.")
@_option(
    "--key",
    type=_PATH,
    metavar="FILE",
    help="The key that signs tokens; it is made if it is not there.",
)
@_option(
    "--token-lifetime",
    type=DURATION,
    default="24h",
    metavar="TIME",
    help="Ask for the password again after so long; 24h else.",
)
@_option(
    "--session-timeout",
    type=DURATION,
    default="1h",
    metavar="TIME",
    help="End sessions that ask nothing for so long; 1h else.",
)
@_option(
    "--transaction-timeout",
    type=DURATION,
    default="10min",
    metavar="TIME",
    help="Roll back transactions in which nothing happens for so long; 10min else.",
)
@_option(
    "--drain",
    type=DURATION,
    default="30s",
    metavar="TIME",
    help="At the end interrupt calls that take longer; 30s else.",
)
@_option(
    "--ingest-limit",
    type=SIZE,
    default="2GiB",
    metavar="SIZE",
    help="Refuse larger uploads; 2GiB else.",
)
@click.option("--max-rows", metavar="N", help="Refuse to give more rows.")
@click.option("--timeout", metavar="TIME", help="Stop a statement after a time such as 30s.")
@click.option("--memory-limit", metavar="SIZE", help="Use no more memory, such as 2GB.")
@click.option("--threads", metavar="N", help="Use so many threads.")
@click.option(
    "--insecure-no-tls",
    is_flag=True,
    help="Listen off this machine although anybody on the way can read along.",
)
@click.option(
    "--insecure-no-auth",
    is_flag=True,
    help="Listen off this machine although anybody may read and write.",
)
@click.option(
    "--hash-password",
    is_flag=True,
    help="Ask for a password, print its hash for the users file, and end.",
)
@click.pass_context
def serve(context: click.Context, /, **given: Any) -> None:
    """Serves databases.

    Raises:
        MissingDependency: The server's packages are not installed.
        UsageError: What is asked for cannot be, or not without being told twice.
    """
    app = app_of(context)
    if not available():
        from ingitdb.errors import MissingDependency

        raise MissingDependency("The server", "server")
    if given.pop("hash_password"):
        from ingitdb_cli.hashing import print_hash

        print_hash()
        return
    limits = ("max_rows", "timeout", "memory_limit", "threads")
    app.overrides.update({name: given.pop(name) for name in limits})
    _serve(app, given)


def _serve(app: App, given: dict[str, Any]) -> None:
    from ingitdb.errors import UsageError
    from ingitdb_cli.serving import Asked, serve_databases

    if app.options.at is not None:
        raise UsageError(
            "A server offers all refs; a session chooses.",
            hint="Clients give ref=REF in the address, or say SET ref = 'REF'.",
        )
    serve_databases(app, Asked(**given))


def available() -> bool:
    """Tells whether the server and the packages that it needs are there."""
    try:
        return all(find_spec(name) is not None for name in _NEEDED)
    except ModuleNotFoundError:
        return False
