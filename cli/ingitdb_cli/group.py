"""The root command: knows its commands by name and loads one when it is called."""

from importlib import import_module
from typing import NamedTuple

import click

from ingitdb_cli.options import Group


class Entry(NamedTuple):
    """A command that is not loaded yet."""

    help: str
    hidden: bool = False


COMMANDS: dict[str, Entry] = {
    "query": Entry("Answer a SQL statement."),
    "tables": Entry("List the tables of a commit."),
    "describe": Entry("Show the columns of a table, and why they are so."),
    "schema": Entry("Show what the tables are, and how that changed."),
    "log": Entry("List commits, newest first."),
    "diff": Entry("Show what differs between two commits."),
    "history": Entry("Show what happened to one record, newest change first."),
    "blame": Entry("Say who last changed each record."),
    "keys": Entry("Say which columns could be declared as keys."),
    "validate": Entry("Say what offends against what is declared."),
    "insert": Entry("Add records to a table."),
    "update": Entry("Give fields of records other values."),
    "delete": Entry("Delete records."),
    "branch": Entry("List, make or delete branches."),
    "tag": Entry("List, make or delete tags."),
    "materialize": Entry("Write whole tables of a commit to files."),
    "migrate": Entry("Bring another system from one commit to another."),
    "cache": Entry("Look at the cache, verify, clear or limit it."),
    "config": Entry("Show each setting and where it comes from."),
    "git-setup": Entry("Make git diff, git log -p and git show speak of records."),
    "init": Entry("Make a folder a database."),
    "demo": Entry("Make a sample repository and show what this is for."),
    "version": Entry("Show the version."),
    "completion": Entry("Print a shell's completion script."),
    "serve": Entry("Serve databases over Arrow Flight SQL."),
}
"""A test compares the texts with the commands' own."""


class LazyGroup(Group):
    """Loads a command's module when the command is called, not when it is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Gives the names of the commands that are shown."""
        return [name for name, entry in COMMANDS.items() if not entry.hidden]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Loads one command."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = import_module(f"ingitdb_cli.commands.{name}")
        found: click.Command = getattr(module, name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command, or names the nearest ones.

        Raises:
            UsageError: There is no such command.
        """
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from ingitdb.errors import UsageError, did_you_mean

            hint = did_you_mean(name, self.list_commands(ctx))
            if " " in name.strip():
                hint = f'SQL goes to `query`: ingitdb query "{name}"'
            raise UsageError(f"There is no command {name!r}.", hint=hint or "ingitdb --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])
