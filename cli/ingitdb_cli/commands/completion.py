"""`ingitdb completion`: prints the completion script of a shell."""

import click
from click.shell_completion import ShellComplete, get_completion_class

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command

HELP = """\b
ingitdb completion bash >> ~/.bashrc
ingitdb completion zsh >> ~/.zshrc
ingitdb completion fish > ~/.config/fish/completions/ingitdb.fish

Print a shell's completion script.
"""


@click.command(cls=Command, help=HELP, short_help="Print a shell's completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Prints the script."""
    app_of(context)
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(context.find_root().command, {}, "ingitdb", "_INGITDB_COMPLETE")
    click.echo(ShellComplete.source(script))  # bash's own asks the bash at hand for its version
