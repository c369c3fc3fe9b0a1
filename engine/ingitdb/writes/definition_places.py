"""Where the records of a new table will lie, and in which format."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingitdb.catalog.collection import LIST_TYPE, MAP_TYPE, RECORD_TYPE
from ingitdb.catalog.discovery import MAIN
from ingitdb.catalog.globs import literal
from ingitdb.catalog.rules import inside
from ingitdb.errors import StatementRefused
from ingitdb.formats.registry import by_name, name_of

RECORDS = "file per record"
ONE_FILE = "one file"
FORMATS = ("yaml", "json", "toml", "markdown", "csv", "tsv", "jsonl", "ingr", "parquet")
_EXTENSIONS = {"markdown": "md"}
_ONLY_RECORDS = ("markdown",)
_ONLY_LISTS = ("csv", "tsv", "jsonl", "parquet")
_ONLY_MAPS = ("toml", "ingr")
_NOT_UPSTREAM = ("tsv", "parquet")
_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._]*[A-Za-z0-9])?")
_KEY = "{key}"
_USUAL_CONTENT = "_content"


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlace:
    """Where a table will lie.

    Attributes:
        id: What root-collections.yaml calls it.
        folder: What it says there; None where upstream cannot declare such a table.
        definition: The path of its definition.
        record_file: How records are stored, as the definition says it.
        glob: The path of its files, for tables.yaml where upstream cannot declare it.
    """

    id: str
    folder: str | None
    definition: str = ""
    record_file: Mapping[str, Any] = field(default_factory=dict)
    glob: str = ""


def table_place(
    schema: str,
    name: str,
    options: Mapping[str, str],
    *,
    key: tuple[str, ...],
    texts: Collection[str],
    usual_format: str,
) -> TablePlace:
    """Works out where a table lies.

    Args:
        schema: Its schema.
        name: Its name.
        options: What WITH has.
        key: Its primary key.
        texts: Its columns of texts.
        usual_format: The format of tables that name none.

    Raises:
        StatementRefused: There is no such place, or the format has no room for such a table.
    """
    path = _path(options.get("path"))
    form = _format(options.get("format"), path, usual_format)
    layout = _layout(options.get("layout"), form, path, has_key=bool(key))
    _check(form, layout, key)
    if "content" in options and form != "markdown":
        raise StatementRefused("Only Markdown files have content beside their fields.")
    content = options.get("content", _USUAL_CONTENT)
    if form == "markdown" and content not in texts:
        raise StatementRefused(
            f"A Markdown file has a text below its fields, but there is no column {content}.",
            hint="WITH (content = 'body') says which VARCHAR it is.",
        )
    if "." in name:
        raise StatementRefused(f"A table's name has no dot, as {name!r} has.")
    full = name if schema == MAIN else f"{schema}.{name}"
    ending = _EXTENSIONS.get(form, form)
    file = f"{name}.{ending}" if layout == ONE_FILE else f"{_KEY}.{ending}"
    folder, below, is_shared = "/".join(full.split(".")), None, False
    if path is not None:
        folder, file, below, is_shared = _at(path, file)
    record_file: dict[str, Any] = {"name": file, "format": form, "type": _type(form, layout, key)}
    if form == "markdown":
        record_file["content_field"] = content
    if below is not None:
        record_file["records_dir"] = below
    if form in _NOT_UPSTREAM or not _ID.fullmatch(full):
        if "content_field" in record_file:
            raise StatementRefused(f"{full!r} needs letters, digits, dots and _ for such files.")
        sub = "" if layout == ONE_FILE or below else "$records/"
        head = f"{literal(folder)}/" if folder else ""
        glob = _KEY.join(literal(part) for part in file.split(_KEY))
        return TablePlace(id=full, folder=None, glob=f"{head}{sub}{glob}")
    if is_shared:
        own = f"{folder}/.collections/{full}" if folder else f".collections/{full}"
        definition = f"{own}/definition.yaml"
        return TablePlace(id=full, folder=own, definition=definition, record_file=record_file)
    definition = f"{folder}/.collection/definition.yaml"
    return TablePlace(id=full, folder=folder, definition=definition, record_file=record_file)


def is_schema(name: str) -> bool:
    """Tells whether upstream's collections can have names in a schema."""
    return _ID.fullmatch(name) is not None


def _path(text: str | None) -> str | None:
    if text is None:
        return None
    found = inside("", text)
    if not found or any(mark in text for mark in "*?[]"):
        raise StatementRefused(f"The path {text!r} leads to no place in the repository.")
    if any(part.startswith(".") for part in found.split("/")):
        raise StatementRefused(f"The path {text!r} is hidden: no table is read from there.")
    return found


def _format(given: str | None, path: str | None, usual: str) -> str:
    by_path = name_of(path) if path is not None else None
    name = (given or by_path or usual).lower()
    name = {"yml": "yaml", "md": "markdown"}.get(name, name)
    if name not in FORMATS or by_name(name) is None:
        raise StatementRefused(f"There is no format {name!r}.", hint=f"There are {_or(FORMATS)}.")
    if given is not None and by_path is not None and by_path != name:
        raise StatementRefused(f"The path {path!r} is not that of a file of the format {name}.")
    return name


def _layout(given: str | None, form: str, path: str | None, *, has_key: bool) -> str:
    if given is not None and given.lower() not in (RECORDS, ONE_FILE):
        raise StatementRefused(
            f"There is no layout {given!r}.", hint=f"There are '{RECORDS}' and '{ONE_FILE}'."
        )
    if path is not None:
        shown = RECORDS if _KEY in path else ONE_FILE if name_of(path) is not None else None
        if shown is not None and given is not None and given.lower() != shown:
            raise StatementRefused(f"The path {path!r} is for the layout '{shown}'.")
        given = given or shown
    if given is not None:
        return given.lower()
    if form in _ONLY_RECORDS:
        return RECORDS
    return ONE_FILE if form in (*_ONLY_LISTS, "ingr") or not has_key else RECORDS


def _check(form: str, layout: str, key: tuple[str, ...]) -> None:
    if layout == RECORDS and form in (*_ONLY_LISTS, "ingr"):
        raise StatementRefused(f"A file of the format {form} holds many records.")
    if layout == ONE_FILE and form in _ONLY_RECORDS:
        raise StatementRefused(f"A file of the format {form} is one record.")
    if not key and (layout == RECORDS or form in _ONLY_MAPS):
        raise StatementRefused(
            "Each record is kept by its key here: the table needs a PRIMARY KEY.",
            hint="Without one, WITH (layout = 'one file', format = 'yaml') keeps a list.",
        )
    if key == ("_key",) and form in _ONLY_LISTS:
        raise StatementRefused(
            f"Files of the format {form} keep the key among the fields.", hint="Call it id."
        )


def _type(form: str, layout: str, key: tuple[str, ...]) -> str:
    if layout == RECORDS:
        return RECORD_TYPE
    return MAP_TYPE if form in _ONLY_MAPS or key == ("_key",) else LIST_TYPE


def _at(path: str, usual: str) -> tuple[str, str, str | None, bool]:
    """Cuts a path in folder and file; says also where records lie, and if others may be beside."""
    if _KEY in path:
        head = path[: path.index(_KEY)].rpartition("/")[0]
        if not head:
            raise StatementRefused(f"The path {path!r} begins with a folder.")
        return head, path[len(head) + 1 :], ".", False
    if name_of(path) is not None:
        head, _, file = path.rpartition("/")
        return head, file, None, True
    return path, usual, None, False


def _or(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
