"""Builds a `Settings` from flags, environment and configuration files, and says whence.

A flag beats `INGITDB_*`, which beats `.ingitdb/config.yaml` of the repository, which beats the
user's own `config.yaml`, which beats the default. A repository that somebody else wrote does not
choose where files are written, nor in whose name: `cache` and `author` in its configuration are
passed over with a note.
"""

import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import platformdirs

from ingitdb.errors import SettingInvalid, UsageError
from ingitdb.model.people import Person
from ingitdb.settings import Settings

DEFAULT = "default"
PREFIX = "INGITDB_"
FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown", "arrow", "parquet")

_FILE = "config.yaml"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE | re.ASCII)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?", re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SECONDS = {None: 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_WORDS = {"true": True, "yes": True, "on": True, "1": True}
_WORDS |= {"false": False, "no": False, "off": False, "0": False}
_NO_LIMIT = frozenset({"", "none", "null", "unlimited"})


class _Unfit(Exception):
    """A value cannot be what the setting needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A setting with the place that it comes from: `default`, a variable, a flag or a file."""

    name: str
    value: Any
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All settings, ready for use.

    Attributes:
        settings: What the engine is told.
        values: Every setting by name, those of outer programs (`format`) among them.
        notes: What the user should know: a cache folder that could not be used, a name misspelt.
    """

    settings: Settings
    values: Mapping[str, Value]
    notes: tuple[str, ...] = ()


class _Setting(NamedTuple):
    parse: Callable[[Any], Any]
    expected: str
    default: Any


def configure(
    database: str | Path | None = None, flags: Mapping[str, Any] | None = None
) -> Configuration:
    """Collects the settings for one repository.

    Args:
        database: A path in the repository whose configuration counts; None for none.
        flags: Values by name of setting; None stands for a flag that was not given.

    Raises:
        SettingInvalid: A value cannot be used, or a configuration file cannot be read.
    """
    notes: list[str] = []
    sources = [
        _from_flags(flags or {}),
        _from_environment(),
        _from_repository(database, notes),
        _from_file(user_file(), notes),
    ]
    values: dict[str, Value] = {}
    for name, setting in _SETTINGS.items():
        found = next((source[name] for source in sources if name in source), None)
        values[name] = _parsed(found, setting) if found else _default(name, setting, notes)
    fields = {n: v.value for n, v in values.items() if n in Settings.__dataclass_fields__}
    return Configuration(settings=Settings(**fields), values=values, notes=tuple(notes))


def user_file() -> Path:
    """Gives the user's own configuration file, which need not exist."""
    return platformdirs.user_config_path("ingitdb") / _FILE


def repository_file(database: str | Path) -> Path | None:
    """Gives the configuration file of the repository at or above a path, None without one."""
    start = Path(database).absolute()
    for folder in (start, *start.parents):
        if (folder / ".git").exists():
            return folder / ".ingitdb" / _FILE
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
            return None  # a bare repository has no work tree to read it from
    return None


def _from_flags(flags: Mapping[str, Any]) -> dict[str, Value]:
    return {
        name: Value(name=name, value=value, origin=f"--{name.replace('_', '-')}")
        for name, value in flags.items()
        if value is not None
    }


def _from_environment() -> dict[str, Value]:
    found = {}
    for name in _SETTINGS:
        variable = PREFIX + name.upper()
        text = os.environ.get(variable)
        if text:
            found[name] = Value(name=name, value=text, origin=variable)
    return found


def _from_repository(database: str | Path | None, notes: list[str]) -> dict[str, Value]:
    path = None if database is None else repository_file(database)
    if path is None:
        return {}
    found = _from_file(path, notes)
    for name in ("cache", "author"):
        if found.pop(name, None) is not None:
            instead = f"set {PREFIX}{name.upper()} or --{name} instead"
            notes.append(f"{path}: {name} is passed over; {instead}.")
    return found


def _from_file(path: Path, notes: list[str]) -> dict[str, Value]:
    content = _content(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingInvalid(_FILE, content, str(path), "a file of `name: value` lines")
    names = {str(name).replace("-", "_"): value for name, value in content.items()}
    notes.extend(
        f"{path}: there is no setting {name!r}." for name in names if name not in _SETTINGS
    )
    return {
        name: Value(name=name, value=value, origin=str(path))
        for name, value in names.items()
        if name in _SETTINGS
    }


def _content(path: Path) -> Any:
    """Reads a configuration file; None where there is none, or nothing in it."""
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except (OSError, UnicodeError) as error:
        raise _unreadable(path, error) from error
    import yaml  # slow to load: only where there is a file

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> SettingInvalid:
    reason = " ".join(str(error).split())
    return SettingInvalid(_FILE, str(path), reason, "a file of `name: value` lines")


def _parsed(found: Value, setting: _Setting) -> Value:
    try:
        value = setting.parse(found.value)
    except (_Unfit, ValueError, TypeError, OverflowError):
        raise SettingInvalid(found.name, found.value, found.origin, setting.expected) from None
    return Value(name=found.name, value=value, origin=found.origin)


def _default(name: str, setting: _Setting, notes: list[str]) -> Value:
    if name != "cache":
        return Value(name=name, value=setting.default, origin=DEFAULT)
    reason = None
    for folder in _cache_folders():
        if folder.is_absolute() and _writable(folder):
            return Value(name=name, value=folder, origin=DEFAULT)
        reason = f"{folder} cannot be written"
    chosen = _temporary_folder()
    notes.append(f"{reason or 'There is no home folder'}; the cache is in {chosen} for now.")
    return Value(name=name, value=chosen, origin="temporary folder")


def _cache_folders() -> Iterator[Path]:
    """Gives the user's cache folder, if there is a user with a home."""
    if os.environ.get("HOME") or os.environ.get("XDG_CACHE_HOME") or os.name == "nt":
        yield platformdirs.user_cache_path("ingitdb")


def _writable(folder: Path) -> bool:
    existing = next((p for p in (folder, *folder.parents) if p.exists()), None)
    return existing is not None and existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def _temporary_folder() -> Path:
    """Gives a folder for temporary files that is this user's alone."""
    user = os.getuid() if hasattr(os, "getuid") else "cache"
    folder = Path(tempfile.gettempdir()) / f"ingitdb-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="ingitdb-"))
    ours = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    if ours and (not hasattr(os, "getuid") or found.st_uid == os.getuid()):
        return folder
    return Path(tempfile.mkdtemp(prefix="ingitdb-"))


def _path(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise _Unfit
    return Path(os.path.abspath(Path(value).expanduser()))  # noqa: PTH100 - resolves no links


def _size(value: Any) -> int:
    """Reads bytes: a number, or one with a unit such as `2 GB` or `512MiB`."""
    if isinstance(value, bool):
        raise _Unfit
    found = _SIZE.fullmatch(str(value).strip())
    if found is None:
        raise _Unfit
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** _POWERS[found[2].lower()])


def _seconds(value: Any) -> float:
    if isinstance(value, bool):
        raise _Unfit
    found = _DURATION.fullmatch(str(value).strip())
    if found is None:
        raise _Unfit
    return float(found[1]) * _SECONDS[found[2]]


def _count(value: Any) -> int:
    if isinstance(value, bool | float):
        raise _Unfit
    number = int(str(value))
    if number < 1:
        raise _Unfit
    return number


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    found = _WORDS.get(str(value).strip().lower())
    if found is None:
        raise _Unfit
    return found


def _limit(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Adds `none`, which takes a limit away."""

    def parse_limit(value: Any) -> Any:
        none = value is None or str(value).strip().lower() in _NO_LIMIT
        return None if none else parse(value)

    return parse_limit


def _zone(value: Any) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (OSError, ValueError, KeyError):
        raise _Unfit from None


def _author(value: Any) -> str:
    try:
        person = Person.parse(str(value))
    except UsageError:
        raise _Unfit from None
    return f"{person.name} <{person.email}>"


def _format(value: Any) -> str:
    if value not in FORMATS:
        raise _Unfit
    return str(value)


def _field(name: str) -> Any:
    return Settings.__dataclass_fields__[name].default


_SETTINGS: Mapping[str, _Setting] = {
    "cache": _Setting(_path, "a folder", None),
    "cache_limit": _Setting(_size, "a size such as 10GB", _field("cache_limit")),
    "max_rows": _Setting(_limit(_count), "a number of rows, or none", _field("max_rows")),
    "timeout": _Setting(_limit(_seconds), "a time such as 30s, or none", _field("timeout")),
    "memory_limit": _Setting(_limit(_size), "a size such as 2GB, or none", _field("memory_limit")),
    "threads": _Setting(_limit(_count), "a number, or none", _field("threads")),
    "workers": _Setting(_limit(_count), "a number, or none", _field("workers")),
    "strict": _Setting(_flag, "true or false", _field("strict")),
    "refresh": _Setting(_flag, "true or false", _field("refresh")),
    "time_zone": _Setting(_zone, "a time zone such as Europe/Oslo", _field("time_zone")),
    "author": _Setting(_author, "Name <address>, as Fares Desk <fares@example.org>", None),
    "format": _Setting(_limit(_format), f"one of {', '.join(FORMATS)}", None),
}
