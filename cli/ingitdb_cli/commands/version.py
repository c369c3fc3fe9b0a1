"""`ingitdb version`: shows the version, and those of what it stands on."""

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command

_PARTS = ("duckdb", "pyarrow", "pygit2", "click", "rich")

HELP = """\b
ingitdb version
ingitdb version --verbose
ingitdb --version

Show the version.
"""


@click.command(cls=Command, help=HELP, short_help="Show the version.")
@click.option("--verbose", "-v", is_flag=True, help="Also Python, Git, DuckDB and the others.")
@click.pass_context
def version(context: click.Context, verbose: bool) -> None:
    """Shows the version."""
    app_of(context)
    click.echo(f"ingitdb {own_version()}")
    if verbose:
        for name, text in versions():
            click.echo(f"{name} {text}")


def own_version() -> str:
    """Gives the version of this program."""
    return _installed("ingitdb")


def versions() -> list[tuple[str, str]]:
    """Gives the versions of what the program stands on."""
    import platform

    found = [("python", f"{platform.python_version()} on {platform.platform()}")]
    found.append(("git", _git()))
    return found + [(name, _installed(name)) for name in _PARTS]


def _installed(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _git() -> str:
    import subprocess

    try:
        done = subprocess.run(["git", "--version"], capture_output=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return "not installed"
    return done.stdout.decode("utf-8", "replace").strip().removeprefix("git version ")
