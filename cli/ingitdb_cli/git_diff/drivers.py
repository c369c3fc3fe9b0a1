"""Diff drivers in a repository's own configuration, one for each way of reading a file."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from itertools import chain, count
from pathlib import Path

from ingitdb.git.repository import Repository
from ingitdb.services.data_files import DataFile
from ingitdb.services.record_text import Reading
from ingitdb_cli.output.target import TargetFailed

NAME = "ingitdb"
_OWN = re.compile(rf"{NAME}(-[\w-]+)?", re.ASCII)
_COMMON = {Reading(): NAME, Reading(single=True): f"{NAME}-record"}
_SPECIAL = re.compile(r"[^A-Za-z0-9_]+")
_CONVERTS, _HEADS = "textconv", "xfuncname"
_MODULE = "ingitdb_cli.git_diff"
_HEADER = "^record .*$"


def named(files: Iterable[DataFile]) -> dict[str, tuple[str, Reading]]:
    """Gives for each file its driver's name, and how it reads.

    There is a driver for all files that say enough themselves, one for those that are single
    records, and one for each table about which more is declared.
    """
    names: dict[tuple[Reading, str], str] = {}
    found: dict[str, tuple[str, Reading]] = {}
    for file in files:
        reading, table = file.reading, file.table
        if reading in _COMMON:
            name = _COMMON[reading]
        elif (reading, table) in names:
            name = names[reading, table]
        else:
            name = _unused(f"{NAME}-{_SPECIAL.sub('-', table).strip('-') or 'table'}", names)
            names[reading, table] = name
        found[file.path] = (name, reading)
    return found


def _unused(wanted: str, names: Mapping[tuple[Reading, str], str]) -> str:
    taken = {*names.values(), *_COMMON.values()}
    numbered = (f"{wanted}-{number}" for number in count(2))
    return next(name for name in chain([wanted], numbered) if name not in taken)


def is_own(driver: str) -> bool:
    """Tells whether a driver is one of ours."""
    return _OWN.fullmatch(driver) is not None


def set_drivers(repository: Repository, drivers: Mapping[str, Reading]) -> bool:
    """Sets the drivers, and takes out those of ours that are no longer there.

    Returns:
        Whether the configuration changed.

    Raises:
        TargetFailed: git cannot write it.
    """
    there = _settings(repository)
    wanted = {}
    for driver, reading in drivers.items():
        wanted[f"diff.{driver}.{_CONVERTS}"] = conversion(reading)
        wanted[f"diff.{driver}.{_HEADS}"] = _HEADER
    for name in there.keys() - wanted.keys():
        _git(repository, "config", "--local", "--unset-all", name)
    for name, value in wanted.items():
        if there.get(name) != value:
            _git(repository, "config", "--local", "--replace-all", name, value)
    return there != wanted


def conversion(reading: Reading) -> str:
    """Gives the shell command that converts a file; without us it leaves the file as it is.

    `-P` keeps Python from importing what lies in the repository.

    What the files are called matters, so that git is not told to remember texts by content.
    """
    words = [sys.executable, "-P", "-m", _MODULE]
    if reading.spelled():
        words.append(reading.spelled())
    return f'f() {{ {shlex.join(words)} "$1" 2>/dev/null || cat "$1"; }}; f'


def chosen_by_others(repository: Repository, paths: Iterable[str]) -> set[str]:
    """Gives the files for which somebody else has said how git is to compare them."""
    data = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
    answer = _git(repository, "check-attr", "-z", "--stdin", "diff", data=data)
    parts = answer.decode("utf-8", "surrogateescape").split("\0")
    return {
        path
        for path, value in zip(parts[0::3], parts[2::3], strict=False)
        if value != "unspecified" and not is_own(value)
    }


def attributes_file(repository: Repository, *, local: bool) -> Path:
    """Gives the file for attributes: that of the work tree, or that of this clone alone."""
    assert repository.work_tree is not None
    if local:
        return repository.common_dir / "info" / "attributes"
    return repository.work_tree / ".gitattributes"


def _settings(repository: Repository) -> dict[str, str]:
    """Gives the settings that are ours: those of drivers that call us."""
    listed = _git(repository, "config", "--local", "--null", "--list")
    entries = listed.decode("utf-8", "surrogateescape").split("\0")
    found = {name: value for name, _, value in (entry.partition("\n") for entry in entries)}
    own: dict[str, str] = {}
    for name, value in found.items():
        section, _, key = name.rpartition(".")
        if key == _CONVERTS and f"-m {_MODULE}" in value and is_own(section.removeprefix("diff.")):
            own[name] = value
            header = f"{section}.{_HEADS}"
            if found.get(header) == _HEADER:
                own[header] = _HEADER
    return own


def _git(repository: Repository, *arguments: str, data: bytes = b"") -> bytes:
    assert repository.work_tree is not None
    places = (f"--git-dir={repository.git_dir}", f"--work-tree={repository.work_tree}")
    try:
        done = subprocess.run(  # noqa: S603 - an argument list, no shell
            ["git", *places, *arguments],  # noqa: S607 - the user's own git
            cwd=repository.work_tree,
            input=data,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise TargetFailed(f"git cannot be started: {error.strerror}.") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise TargetFailed(f"git {arguments[0]} failed: {said}")
    return done.stdout
