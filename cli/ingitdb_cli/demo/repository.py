"""Makes the demo repository in a folder, once; later runs find it there."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ingitdb.errors import RepositoryError, UsageError
from ingitdb_cli.demo.fast_import import fast_import_stream
from ingitdb_cli.demo.history import History

SEED = 7
VERSION = 1
"""Of the story; a repository of another one is not reused."""

_STATE = "northlight.state"
_BUILDING = "building"
_IMPORTED = "imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRepository:
    """Where the repository lies, and whether this call made it."""

    path: Path
    made: bool
    commits: int


def make_repository(path: Path, seed: int = SEED) -> DemoRepository:
    """Makes the repository, or finds it made; what an interrupted run left is made anew.

    Raises:
        UsageError: The folder holds something else.
    """
    complete = f"complete {VERSION} {seed}"
    state = _state(path)
    if state == _BUILDING and [entry.name for entry in path.iterdir()] == [".git"]:
        shutil.rmtree(path / ".git")
        state = None
    made = state != complete
    if made and state != f"{_IMPORTED} {complete}":
        _refuse_foreign(path, state)
        _import(path, seed)
        _git(path, "config", _STATE, f"{_IMPORTED} {complete}")
    if made:
        _git(path, "reset", "--quiet", "--hard", "main")
        _git(path, "config", _STATE, complete)
    commits = int(_git(path, "rev-list", "--count", "main", "--"))
    return DemoRepository(path=path, made=made, commits=commits)


def _refuse_foreign(path: Path, state: str | None) -> None:
    if state is not None:
        raise UsageError(
            f"{path} holds the demo in another version or with another seed.",
            hint=f"Delete it (rm -rf {path}), or choose another folder: ingitdb demo DIR",
        )
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(
            f"{path} exists and is not empty.",
            hint="Choose another folder: ingitdb demo DIR",
        )


def _import(path: Path, seed: int) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be made: {error.strerror}.") from error
    options = ("--quiet", "--template=", "--object-format=sha1", "--initial-branch=main")
    _git(path, "init", *options)
    _git(path, "config", _STATE, _BUILDING)
    _git(path, "config", "core.autocrlf", "false")
    _git(
        path,
        "fast-import",
        "--quiet",
        "--done",
        "--date-format=raw",
        stream=fast_import_stream(History(seed).changes()),
    )


def _state(path: Path) -> str | None:
    """Reads our mark in the folder's own repository; None where there is none."""
    config = path / ".git" / "config"
    if not config.is_file():
        return None
    read = _git(path, "config", "--file", ".git/config", "--default", "", "--get", _STATE)
    return read.strip() or None


def _git(path: Path, *arguments: str, stream: Iterable[bytes] = ()) -> str:
    """Runs git as if nobody had configured it: the ids must be the same everywhere."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment = {
        **inherited,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CEILING_DIRECTORIES": str(path.absolute().parent),
        "LC_ALL": "C",
    }
    try:
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            ["git", *arguments],  # noqa: S607 - the git on the user's PATH is the one to use
            cwd=path,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise RepositoryError("git is not installed.", hint="sudo apt-get install git") from error
    with process:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # git has ended; what it says follows
            process.stdin.writelines(stream)
        output, errors = process.communicate()
    if process.returncode:
        raise RepositoryError(f"git {arguments[0]} failed: {errors.decode('utf-8', 'replace')}")
    return output.decode("utf-8", "replace")
