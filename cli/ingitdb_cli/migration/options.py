"""Options that the commands of `migrate` share, and what is made of them."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ingitdb_cli.app import App

if TYPE_CHECKING:
    from ingitdb.migrations.connections.connection import Access
    from ingitdb.migrations.mapping import TargetMapping
    from ingitdb.services.migrations.ways import Options

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
TARGETS = (
    "sqlite:///FILE, duckdb:///FILE, mysql://USER@HOST/DATABASE, postgresql://USER@HOST/DATABASE,"
    " redis://HOST:PORT/NUMBER, etcd://HOST:PORT"
)
PASSWORD = "INGITDB_TARGET_PASSWORD"  # noqa: S105 - the name of a variable
_KEYRING = "ingitdb"
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
SOURCE = click.option("--source", metavar="PATH", help="The repository, as with -C.")
AFTER = click.option(
    "--to", "after", metavar="B", help="The commit to lead to; HEAD, or what --at says."
)
DESTRUCTIVE = click.option("--allow-destructive", is_flag=True, help="Let tables and columns go.")
DRY = click.option("--dry-run", is_flag=True, help="Only tell the plan.")
MAPPING = click.option(
    "--mapping", metavar="FILE", help="What the target calls things, as YAML or JSON."
)
LOG = click.option(
    "--log", metavar="PATH", help="Add a line to this file for each step, as name=value."
)
_TARGET = click.option("--target", metavar="URL", required=True, help=f"{TARGETS}.")
_TLS = (
    click.option(
        "--tls-ca", type=_FILE, metavar="PATH", help="Whose certificates the target's may be from."
    ),
    click.option("--tls-cert", type=_FILE, metavar="PATH", help="A certificate to show it."),
    click.option("--tls-key", type=_FILE, metavar="PATH", help="The key of --tls-cert."),
)
CONFLICT = click.option(
    "--on-conflict",
    type=click.Choice(("fail", "source", "target")),
    default="fail",
    show_default=True,
    help="Whose values stand where others changed the target.",
)
_MANNER = (
    click.option(
        "--rows",
        type=click.Choice(("insert", "upsert", "sync")),
        default="sync",
        show_default=True,
        help="Add rows that are missing; change others too; take away what the commit lacks too.",
    ),
    CONFLICT,
    click.option(
        "--batch-size",
        type=click.IntRange(1),
        default=1000,
        show_default=True,
        metavar="N",
        help="So many rows go to the target at once, where it does not take a stream.",
    ),
)
_VERIFY = click.option(
    "--verify", is_flag=True, help="Read the target afterwards and compare it with the commit."
)


def target_options(command: Decorated) -> Decorated:
    """Adds the target and how to get into it."""
    return _TARGET(tls_options(command))


def tls_options(command: Decorated) -> Decorated:
    """Adds how a target is known, and how one is known to it."""
    for option in reversed(_TLS):
        command = option(command)
    return command


def manner_options(command: Decorated) -> Decorated:
    """Adds how a target is brought to a commit."""
    for option in reversed((*_MANNER, _VERIFY, DESTRUCTIVE, DRY, LOG)):
        command = option(command)
    return command


def access(given: Mapping[str, Any]) -> "Access":
    """Gives how to get into a target: certificates from options, the password from elsewhere."""
    from ingitdb.migrations.connections.connection import Access

    return Access(
        password=password,
        authority=given["tls_ca"],
        certificate=given["tls_cert"],
        key=given["tls_key"],
    )


def password(url: str) -> str | None:
    """Gives the password of a target: from the environment, else the keyring's for its URL."""
    found = os.environ.get(PASSWORD)
    if found is not None:
        return found
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        return keyring.get_password(_KEYRING, url)
    except KeyringError:
        return None


def manner(given: Mapping[str, Any], *, mode: str = "incremental") -> "Options":
    """Gives how a target is brought to a commit."""
    from ingitdb.services.migrations.ways import Mode, OnConflict, Options, RowsMode

    return Options(
        mode=Mode(mode),
        rows=RowsMode(given["rows"]),
        on_conflict=OnConflict(given["on_conflict"]),
        batch_size=given["batch_size"],
    )


def mapping(path: str | None) -> "TargetMapping":
    """Reads the file of --mapping.

    Raises:
        UsageError: It is not there, or does not follow its schema.
    """
    from ingitdb.errors import UsageError
    from ingitdb.migrations.mapping import NO_MAPPING, read_mapping

    if path is None:
        return NO_MAPPING
    try:
        return read_mapping(path, Path(path).read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None


def destination(app: App, after: str | None) -> str | None:
    """Gives the commit to lead to, which --to or --at names; HEAD if None.

    Raises:
        UsageError: They name two.
    """
    if after is not None and app.options.at not in (None, after):
        from ingitdb.errors import UsageError

        raise UsageError("--to and --at name two commits.", hint="Leave one of them out.")
    return after or app.options.at


def point(app: App, source: str | None) -> None:
    """Takes the repository from --source.

    Raises:
        UsageError: -C names another one.
    """
    if source is None:
        return
    if app.options.database not in (None, source):
        from ingitdb.errors import UsageError

        raise UsageError("--source and -C name two repositories.", hint="Leave one of them out.")
    app.options.database = source


def check_installed() -> None:
    """Returns if targets can be reached.

    Raises:
        MissingDependency: The packages for it are not installed.
    """
    from importlib.util import find_spec

    if find_spec("sqlalchemy") is None:
        from ingitdb.errors import MissingDependency

        raise MissingDependency("A target", "migrate")
