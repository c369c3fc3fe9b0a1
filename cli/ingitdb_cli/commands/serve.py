"""`ingitdb serve`: a place for the server, which is not part of this version."""

from importlib.util import find_spec

import click

from ingitdb_cli.app import app_of

_SERVER = "ingitdb_flight.server"


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    add_help_option=False,
    short_help="Serve databases over Arrow Flight SQL.",
)
@click.pass_context
def serve(context: click.Context) -> None:
    """Starts the server, as soon as there is one.

    Raises:
        MissingDependency: This version has no server.
    """
    app_of(context)
    from ingitdb.errors import MissingDependency

    if not available():
        raise MissingDependency(
            "The server, which is not part of this version of ingitdb,", "server"
        )


def available() -> bool:
    """Tells whether the server component is there."""
    try:
        return find_spec(_SERVER) is not None
    except ModuleNotFoundError:
        return False
