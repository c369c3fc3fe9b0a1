"""A data file as plain lines, a line a field, so that line-based tools speak of records."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from functools import lru_cache
from itertools import islice
from json.encoder import encode_basestring as _quoted
from typing import Any

from ingitdb.catalog.content import summarize
from ingitdb.formats.registry import by_name, by_path
from ingitdb.model.records import (
    DEFAULT_OPTIONS,
    Document,
    FormatFault,
    ReadOptions,
    Spelled,
)

_LARGEST = 4_000_000
"""Bytes of a file that is read: about a second. What is larger is left to git."""
_MOST_LINES = 10_000
"""Lines beside one for each byte."""
_SEEN_BY_GIT = 8000
"""Bytes in which git looks for a NUL to tell that a file is no text."""

_LIKELY = ("id", "_id", "$ID", "$id", "key", "code", "uuid", "slug", "name")
_PLAIN_NAME = re.compile(r"[^\W\d][\w$-]*|\$[A-Za-z]+")
_WORDS = {None: "null", True: "true", False: "false"}
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ODD_IN_BLOCK = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the records of a file are found in it.

    Attributes:
        single: Whether a map is one record, whatever it holds.
        key: The fields of the key; a dotted name leads into a nested field. Where there are none
            the name of a map's entry or of the file is the key, for the items of a list a field
            that is likely to be.
        pointer: The field, or the dotted path, of the list or map of records in a map.
        format: The format; None where the file's extension decides.
    """

    single: bool = False
    key: tuple[str, ...] = ()
    pointer: str | None = None
    format: str | None = None
    options: ReadOptions = DEFAULT_OPTIONS

    def spelled(self) -> str:
        """Gives what differs from the usual as JSON; empty where nothing does."""
        usual = asdict(Reading())
        parts = {name: value for name, value in asdict(self).items() if value != usual[name]}
        if "options" in parts:
            options = parts["options"].items()
            parts["options"] = {k: v for k, v in options if v != usual["options"][k]}
        return json.dumps(parts) if parts else ""


def reading(text: str) -> Reading:
    """Reads what `Reading.spelled` gives.

    Example:
        >>> reading(Reading(single=True, key=("id",)).spelled()).key
        ('id',)
    """
    parts: dict[str, Any] = _frozen(json.loads(text)) if text else {}
    options = ReadOptions(**parts.pop("options", {}))
    return Reading(**parts, options=options)


def record_text(data: bytes, path: str, how: Reading) -> bytes:
    """Writes a file's records as lines; a file that cannot be read so stays as it is.

    Of what is no text there is only a line with its size and checksum.
    """
    form = by_name(how.format) if how.format else by_path(path)
    if form is not None and len(data) <= _LARGEST:
        with suppress(FormatFault, RecursionError, _TooLong):
            document = form.read(data, how.options)
            if form.name == "markdown" and not document.front_matter:
                return data
            return _joined(_lines(document, path, how), _MOST_LINES + len(data))
    if b"\0" in data[:_SEEN_BY_GIT]:
        import hashlib  # slow to load: only for this

        return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}\n".encode()
    return data


class _TooLong(Exception):
    """A file says more than it holds, such as by YAML's aliases of aliases."""


def _joined(lines: Iterator[str], most: int) -> bytes:
    found = list(islice(lines, most + 1))
    if len(found) > most:
        raise _TooLong
    return "".join(f"{line}\n" for line in found).encode("utf-8", "surrogatepass")


def _lines(document: Document, path: str, how: Reading) -> Iterator[str]:
    if document.kind == "map":
        yield from _map(document, path, how)
    elif document.kind in ("list", "rows"):
        yield from _items(document.value, (), how.key)
    elif document.kind != "empty":
        yield from _field("value", document.value)


def _map(document: Document, path: str, how: Reading) -> Iterator[str]:
    fields: dict[str, Any] = document.value
    stem = path.rpartition("/")[2].rpartition(".")[0]
    if how.single:
        yield from _record(_declared(fields, how.key) or stem, fields)
        return
    if how.pointer and (found := _taken(fields, how.pointer)) is not None:
        records, rest = found
        yield from _record(stem, rest) if rest else ()
        yield from _part(records, how)
        return
    outline = summarize(document)
    if outline.entries == "maps":
        yield from _entries(fields, how)
    elif outline.entries == "lists":
        for name, items in fields.items():
            yield from _items(items, (name,), how.key)
    else:
        lists = outline.list_fields
        rest = {name: value for name, value in fields.items() if name not in lists or not value}
        yield from _record(stem, rest) if rest else ()
        for name in lists:
            yield from _items(fields[name], (name,), how.key) if fields[name] else ()


def _part(records: Any, how: Reading) -> Iterator[str]:
    """Writes what a pointer leads to."""
    if isinstance(records, dict):
        yield from _entries(records, how)
    elif isinstance(records, list):
        yield from _items(records, (), how.key)
    else:
        yield from _field("value", records)


def _entries(entries: Mapping[str, Any], how: Reading) -> Iterator[str]:
    for name, entry in entries.items():
        if isinstance(entry, list):
            yield from _items(entry, (name,), how.key)
        else:
            yield from _record(name, entry)


def _items(items: Sequence[Any], above: tuple[str, ...], key: Sequence[str]) -> Iterator[str]:
    """Writes the items of a list; each is known by its key, below what the list belongs to."""
    names = key if _has(items, key) else _likely_key(items)
    if not items and above:
        yield from _record(", ".join(above), [])
    for item in items:
        own = _declared(item, names) if isinstance(item, dict) else None
        yield from _record(", ".join([*above, *([own] if own else [])]), item)


def _has(items: Sequence[Any], key: Sequence[str]) -> bool:
    """Tells whether a declared key is that of the items; it was declared for other commits too."""
    first = items[0] if items else None
    return isinstance(first, dict) and _declared(first, key) is not None


def _likely_key(items: Sequence[Any]) -> tuple[str, ...]:
    """Chooses what tells the items of a list apart: a likely name, else the first field."""
    maps = [item for item in items if isinstance(item, dict)]
    if not maps or len(maps) < len(items):
        return ()
    first = maps[0]
    nested = [f"id.{name}" for name in first["id"]] if isinstance(first.get("id"), dict) else []
    for name in (*_LIKELY, *nested):
        texts = [_declared(item, (name,)) for item in maps]
        if None not in texts and len(set(texts)) == len(texts):
            return (name,)
    return next(((name,) for name, v in first.items() if not isinstance(v, dict | list)), ())


def _declared(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Gives the text of a key; None where a part of it is missing."""
    texts = []
    for name in names:
        value = _at(fields, name)
        if value is None or isinstance(value, dict | list):
            return None
        texts.append(value if isinstance(value, str) else _scalar(value))
    return ", ".join(texts) if texts else None


def _at(fields: Mapping[str, Any], name: str) -> Any:
    if name in fields:
        return fields[name]
    head, dot, rest = name.partition(".")
    inner = fields.get(head)
    return _at(inner, rest) if dot and isinstance(inner, dict) else None


def _taken(fields: Mapping[str, Any], pointer: str) -> tuple[Any, dict[str, Any]] | None:
    """Gives what a pointer leads to, and the map without it; None where it leads to nothing."""
    if pointer in fields:
        return fields[pointer], {k: v for k, v in fields.items() if k != pointer}
    steps = pointer[1:].split("/", 1) if pointer.startswith("/") else pointer.split(".", 1)
    inner = fields.get(steps[0])
    if pointer.startswith("/") and len(steps) == 1:
        return _taken(fields, steps[0]) if steps[0] in fields else None
    if len(steps) == 1 or not isinstance(inner, dict):
        return None
    below = _taken(inner, "/" + steps[1] if pointer.startswith("/") else steps[1])
    if below is None:
        return None
    return below[0], {k: below[1] if k == steps[0] else v for k, v in fields.items()}


def _record(key: str, value: Any) -> Iterator[str]:
    """Writes a record: a line with its key, then a line a field."""
    yield f"record {_quoted(key) if _ODD.search(key) else key}".rstrip()
    if not isinstance(value, dict):
        yield from _field("value", value)
        return
    for name, inner in value.items():
        yield from _field(_name(name), inner)


def _field(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _text(path, value)
    elif isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _field(f"{path}.{_name(name)}", inner)
    elif isinstance(value, list) and value:
        for item in value:
            if isinstance(item, dict | list) and item:
                yield f"{path}[]"
            yield from _field(f"{path}[]", item)
    else:
        yield f"{path}: {_scalar(value)}"


def _text(path: str, text: str) -> Iterator[str]:
    """Writes a text: in quotes, or as a block of lines; `|-` says that no line end follows."""
    if "\n" not in text or _ODD_IN_BLOCK.search(text):
        yield f"{path}: {_quoted(text)}"
        return
    yield f"{path}: {'|' if text.endswith(chr(10)) else '|-'}"
    for line in text.removesuffix("\n").split("\n"):
        yield f"  {line}" if line else ""


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, Spelled):
        return value.text
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value)


@lru_cache(maxsize=4096)
def _name(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else _quoted(name)


def _frozen(value: Any) -> Any:
    """Turns the lists of a JSON value into tuples."""
    if isinstance(value, dict):
        return {name: _frozen(item) for name, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
