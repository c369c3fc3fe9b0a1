"""The global options, which stand before or after the command alike."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import click

from ingitdb_cli.output.formats import NAMES


@dataclass(slots=True)
class GlobalOptions:
    """What the user asked for; None where nothing was said."""

    database: str | None = None
    at: str | None = None
    format: str | None = None
    output: str | None = None
    cache: str | None = None
    quiet: bool | None = None
    strict: bool | None = None
    offline: bool | None = None
    refresh: bool | None = None
    no_pager: bool | None = None

    def narrowed(self) -> bool:
        """Whether the user chose a folder, to which the database is then narrowed."""
        return self.database is not None


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Stores a given value; one after the command beats one before it."""
    if value is not None and parameter.name is not None:
        setattr(context.ensure_object(GlobalOptions), parameter.name, value)


def _option(*names: str, **more: Any) -> Callable[[], click.Option]:
    return lambda: click.Option(names, expose_value=False, callback=_keep, **more)


def _flag(*names: str, help: str) -> Callable[[], click.Option]:
    return _option(*names, is_flag=True, default=None, help=help)


_MAKERS = (
    _option(
        "-C",
        "--database",
        metavar="PATH",
        help="The repository, or a folder of it, to which the database is then narrowed.",
    ),
    _option("--at", metavar="REF", help="A commit, branch, tag, date, or WORKING, STAGED, EMPTY."),
    _option(
        "--format",
        type=click.Choice(NAMES),
        help="How rows are written; a table on a terminal, else CSV.",
    ),
    _option("--output", metavar="PATH", help="Write to a file; its ending can name the format."),
    _flag("--quiet", help="Say nothing but errors on stderr."),
    _flag("--strict", help="Take an unreadable file for an error."),
    _flag("--offline", help="Reach no network."),
    _flag("--refresh", help="Make cached snapshots anew."),
    _flag("--no-pager", help="Write long tables straight to the terminal."),
    _option("--cache", metavar="PATH", help="The folder of all caches."),
)
NAMES_OF_FIELDS = tuple(field.name for field in fields(GlobalOptions))


def global_options() -> list[click.Parameter]:
    """Makes the options anew for one command."""
    return [make() for make in _MAKERS]


class Group(click.Group):
    """A command with commands of its own, which takes the global options too."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.params.extend(global_options())


class Command(click.Command):
    """A command that takes the global options too."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.params.extend(global_options())

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the help, which begins with examples, before usage and options."""
        self.format_help_text(ctx, formatter)
        formatter.write_paragraph()
        self.format_usage(ctx, formatter)
        self.format_options(ctx, formatter)
        self.format_epilog(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the command's own options first, then the global ones."""
        names = set(NAMES_OF_FIELDS)
        for title, wanted in (("Options", False), ("Global options", True)):
            records = [
                record
                for parameter in self.get_params(ctx)
                if isinstance(parameter, click.Option)
                and (parameter.name in names) is wanted
                and (record := parameter.get_help_record(ctx)) is not None
            ]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
