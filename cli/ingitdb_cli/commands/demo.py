"""`ingitdb demo`: makes a sample repository and shows what the program is for."""

from collections.abc import Sequence
from pathlib import Path

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command

_FOLDER = "northlight"

HELP = """\b
ingitdb demo
ingitdb demo /tmp/ferries
ingitdb demo --quiet

Make a sample repository and show what this is for.

The repository is that of a small ferry line, with three years of history and a mistake
in it. Nothing outside DIR is touched. With --quiet it is made and nothing is shown.
"""


@click.command(
    cls=Command, help=HELP, short_help="Make a sample repository and show what this is for."
)
@click.argument(
    "directory", metavar="[DIR]", default=_FOLDER, type=click.Path(file_okay=True, path_type=Path)
)
@click.option("--seed", type=click.IntRange(min=0), help="Tell it with other figures.")
@click.pass_context
def demo(context: click.Context, directory: Path, seed: int | None) -> None:
    """Makes the repository and tells the story."""
    app = app_of(context)
    from ingitdb_cli.demo.repository import SEED, make_repository

    made = make_repository(directory, SEED if seed is None else seed)
    if app.options.quiet:
        return
    from ingitdb_cli import program
    from ingitdb_cli.demo.story import Story

    def run(arguments: Sequence[str]) -> int:
        return program.run(arguments, interrupts=app.interrupts)

    context.exit(Story(made, run).tell())
