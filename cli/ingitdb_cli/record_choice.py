"""Which records a command is for, and what is said when it has written them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ingitdb_cli.app import App

if TYPE_CHECKING:
    from ingitdb.services.record_writes import RecordsWritten
    from ingitdb.services.write_targets import Which

_Made = TypeVar("_Made", bound=Callable[..., Any])
MESSAGE = click.option("--message", "-m", metavar="TEXT", help="What the commit says.")
_OPTIONS = (
    click.option("--id", "identifier", metavar="TABLE/KEY", help="The one record of that key."),
    click.option("--from", "table", metavar="TABLE", help="The table; --where or --all says more."),
    click.option(
        "--where",
        "-w",
        multiple=True,
        metavar="CONDITION",
        help="Records for which it holds; repeated, for which all do.",
    ),
    click.option("--all", "everything", is_flag=True, help="All records of the table."),
    click.option(
        "--min-affected",
        type=click.IntRange(min=1),
        metavar="N",
        help="Write nothing if there are fewer records.",
    ),
    MESSAGE,
)


def choice_options(command: _Made) -> _Made:
    """Gives a command the options that choose records."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChoice:
    """What was asked for by these options."""

    identifier: str | None
    table: str | None
    where: tuple[str, ...]
    everything: bool
    min_affected: int | None
    message: str | None

    def which(self) -> "Which":
        """Gives the records.

        Raises:
            UsageError: Options contradict each other, or one is missing.
        """
        from ingitdb.errors import UsageError
        from ingitdb.services.write_targets import OneRecord, Records
        from ingitdb_cli.where import condition

        if self.identifier is not None:
            others = {
                "--from": self.table is not None,
                "--where": bool(self.where),
                "--all": self.everything,
                "--min-affected": self.min_affected is not None,
            }
            for name, is_given in others.items():
                if is_given:
                    raise UsageError(f"--id is one record; {name} goes with several.")
            return OneRecord(identifier=self.identifier)
        if self.table is None:
            raise UsageError("No records are chosen.", hint="--id TABLE/KEY, or --from TABLE")
        if self.everything == bool(self.where):
            both = "Both --where and --all are given." if self.where else "Which records?"
            raise UsageError(both, hint="--where CONDITION for some, --all for every record")
        return Records(
            table=self.table,
            conditions=[condition(text) for text in self.where],
            at_least=self.min_affected or 0,
        )


def refuse_rows(app: App, command: str, *, has_format: bool = False) -> None:
    """Refuses the options that say how rows are written: there are none.

    Raises:
        UsageError: One of them was given.
    """
    given = {"--output": app.options.output, "--format": None if has_format else app.options.format}
    for name, value in given.items():
        if value is not None:
            from ingitdb.errors import UsageError

            raise UsageError(f"{command} prints no rows, so that {name} has no meaning.")


def say_written(app: App, written: "RecordsWritten", done: str) -> None:
    """Says what was done, such as `deleted from`."""
    from ingitdb.services.write_targets import counted

    app.progress.clear()
    if written.commit is not None:
        what = f"{counted(written.count)} {done} {written.table} ({written.commit[:12]})"
    elif written.count:
        what = f"{counted(written.count)} of {written.table} met, nothing to change"
    else:
        what = f"0 records {done} {written.table}"
    app.messages.line(what)
