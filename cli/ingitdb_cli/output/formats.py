"""The output formats by name, and which one a file name asks for; each is loaded when used."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ingitdb_cli.output.rows import Rows

TABLE = "table"
DEFAULT = "csv"
BINARY = frozenset({"arrow", "parquet"})
Writer: TypeAlias = "Callable[[Rows], Iterator[bytes]]"

_WRITERS: Mapping[str, tuple[str, str]] = {
    "csv": ("delimited", "csv"),
    "tsv": ("delimited", "tsv"),
    "json": ("json_rows", "json_array"),
    "jsonl": ("json_rows", "json_lines"),
    "markdown": ("markdown", "markdown"),
    "arrow": ("columnar", "arrow"),
    "parquet": ("columnar", "parquet"),
}
NAMES = (TABLE, *_WRITERS)
_EXTENSIONS = {
    ".txt": TABLE,
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".parquet": "parquet",
}


def writer(name: str) -> Writer:
    """Gives the function that writes a format other than the table."""
    module, function = _WRITERS[name]
    found: Writer = getattr(import_module(f"ingitdb_cli.output.{module}"), function)
    return found


def format_of(path: Path) -> str:
    """Gives the format that a file name asks for; one without an ending asks for CSV.

    Raises:
        UsageError: No format has the ending.
    """
    ending = path.suffix.lower()
    if ending and ending not in _EXTENSIONS:
        from ingitdb.errors import UsageError  # the options need the names alone

        raise UsageError(
            f"The ending {path.suffix} of {path.name} names no format.",
            hint=f"Add --format, or end the name in one of: {' '.join(_EXTENSIONS)}",
        )
    return _EXTENSIONS.get(ending, DEFAULT)
