"""Finds the format of a file by its extension or by name; a format is imported when first needed.

What the engine brings needs no scan of the installed packages. Others register a class under the
entry point group `ingitdb.formats`; they are looked for once an extension or name is not built in.
"""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from ingitdb.model.ports import Format

GROUP = "ingitdb.formats"


class BuiltIn(NamedTuple):
    """Where a format of the engine lies, and what files it reads."""

    place: str
    extensions: tuple[str, ...]


BUILT_IN: Mapping[str, BuiltIn] = MappingProxyType(
    {
        "yaml": BuiltIn("ingitdb.formats.yaml:Yaml", (".yaml", ".yml")),
        "json": BuiltIn("ingitdb.formats.json:Json", (".json",)),
        "jsonl": BuiltIn("ingitdb.formats.jsonlines:JsonLines", (".jsonl", ".ndjson")),
        "csv": BuiltIn("ingitdb.formats.delimited:Csv", (".csv",)),
        "tsv": BuiltIn("ingitdb.formats.delimited:Tsv", (".tsv",)),
        "toml": BuiltIn("ingitdb.formats.toml:Toml", (".toml",)),
        "markdown": BuiltIn("ingitdb.formats.markdown:Markdown", (".md", ".markdown")),
        "parquet": BuiltIn("ingitdb.formats.parquet:Parquet", (".parquet",)),
        "ingr": BuiltIn("ingitdb.formats.ingr:Ingr", (".ingr",)),
    }
)
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in BUILT_IN},
        **{e.removeprefix("."): name for name, known in BUILT_IN.items() for e in known.extensions},
        "jsonlines": "jsonl",
    }
)
_EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {extension: name for name, known in BUILT_IN.items() for extension in known.extensions}
)


def by_path(path: str) -> Format | None:
    """Gives the format of a file by its extension, whatever its case; None for an unknown one."""
    extension = extension_of(path)
    name = _EXTENSIONS.get(extension)
    if name is not None:
        return _built_in(name)
    return _others_by_extension().get(extension) if extension else None


def by_name(name: str) -> Format | None:
    """Gives a format by its name or by an extension without the dot; None for an unknown one.

    Example:
        >>> by_name("yml").name
        'yaml'
    """
    folded = name.lower()
    known = _NAMES.get(folded)
    if known is not None:
        return _built_in(known)
    others = _others()
    return others.get(folded) or _others_by_extension().get(f".{folded}")


def is_known(path: str) -> bool:
    """Tells whether a file has a format, without importing one of the engine's."""
    extension = extension_of(path)
    return extension in _EXTENSIONS or (bool(extension) and extension in _others_by_extension())


def name_of(path: str) -> str | None:
    """Gives the name of a file's format, without importing one of the engine's."""
    extension = extension_of(path)
    name = _EXTENSIONS.get(extension)
    if name is None and extension and (other := _others_by_extension().get(extension)):
        name = other.name
    return name


def extension_of(path: str) -> str:
    """Gives the last extension of a path in lower case with its dot; empty without one.

    Example:
        >>> extension_of("a.b/People.CSV"), extension_of(".json")
        ('.csv', '')
    """
    base = path[path.rfind("/") + 1 :]
    dot = base.rfind(".")
    return base[dot:].lower() if dot > 0 else ""


@cache
def _built_in(name: str) -> Format:
    module, _, attribute = BUILT_IN[name].place.partition(":")
    made: Format = getattr(importlib.import_module(module), attribute)()
    return made


@cache
def _others() -> Mapping[str, Format]:
    """Loads the formats that other packages bring; the engine's own names stay the engine's."""
    return {made.name: made for made in _load_others() if made.name not in BUILT_IN}


@cache
def _others_by_extension() -> Mapping[str, Format]:
    return {
        extension: made
        for made in _others().values()
        for extension in made.extensions
        if extension not in _EXTENSIONS
    }


def _load_others() -> Iterator[Format]:
    metadata = importlib.import_module("importlib.metadata")
    for point in metadata.entry_points(group=GROUP):
        if point.name not in BUILT_IN:
            yield point.load()()
