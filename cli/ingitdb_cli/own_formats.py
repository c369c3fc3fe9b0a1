"""Commands that write other formats than rows, and which one is meant."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingitdb_cli.app import App
from ingitdb_cli.options import Command
from ingitdb_cli.output.formats import NAMES, TABLE, format_of

if TYPE_CHECKING:
    from ingitdb_cli.comparison.screen import Screen

TEXT = "text"
TEXT_OR_ROWS = (TEXT, *(name for name in NAMES if name != TABLE))


class FormatCommand(Command):
    """Has formats of its own, the first of which is the usual one.

    Args:
        formats: The formats; those of the class where none are given.
        format_help: What --format says; how it is written where nothing is given.
    """

    formats: Sequence[str] = ()

    def __init__(
        self,
        *arguments: Any,
        formats: Sequence[str] = (),
        format_help: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(*arguments, **more)
        known = formats or self.formats
        text = format_help or f"How it is written; {known[0]} if nothing is said."
        own = click.Option(("--format",), type=click.Choice(known), help=text)
        self.params = [own if param.name == own.name else param for param in self.params]


def chosen_format(
    app: App, given: str | None, known: Sequence[str], endings: Mapping[str, str], *, what: str
) -> str:
    """Gives the format: as said, as the file's ending has it, or the first one.

    Args:
        app: The run.
        given: What stands after the command.
        known: The formats.
        endings: Formats by the endings of files.
        what: What is written, for the error.

    Raises:
        UsageError: It is not written so.
    """
    said = given or app.options.format
    path = app.options.output
    if said is None and path and path != "-":
        ending = Path(path).suffix.lower()
        said = endings.get(ending) or (None if ending in ("", ".txt") else format_of(Path(path)))
    said = said or known[0]
    if said not in known:
        from ingitdb.errors import UsageError

        raise UsageError(f"{what} is not written as {said}.", hint=f"--format {', '.join(known)}")
    return said


def screen(app: App, chosen: str) -> "Screen":
    """Gives the way out for a format."""
    from ingitdb_cli.comparison.screen import Screen

    _ = app.configuration  # the settings know no format but those of rows
    app.options.format = chosen
    return Screen(app, chosen=chosen)


def nothing() -> None:
    """Stands for a way to stop what has ended."""
