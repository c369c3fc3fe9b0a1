"""Small trees for the catalog's tests: texts by path, read without the engine's formats."""

import csv
import io
import json
from collections.abc import Mapping
from itertools import chain

import yaml

from ingitdb.catalog.content import Content, summarize
from ingitdb.catalog.layout import Layout
from ingitdb.catalog.naming import NamedTable, name_tables
from ingitdb.catalog.records import records
from ingitdb.formats.registry import extension_of
from ingitdb.model.records import Document, Record
from ingitdb.model.tables import Location


def document(path: str, text: str) -> Document:
    suffix = extension_of(path)
    if suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        return Document(kind="rows", value=rows, lines=range(2, 2 + len(rows)))
    if suffix == ".md":
        front = text.startswith("---\n")
        head, _, body = text[4:].partition("\n---\n") if front else ("", "", text)
        value = {**(yaml.safe_load(head) or {}), "_content": body}
        return Document(kind="map", value=value, front_matter=front)
    value = json.loads(text) if suffix == ".json" else yaml.safe_load(text)
    if value is None:
        return Document(kind="empty", value=None)
    kinds = {dict: "map", list: "list"}
    return Document(kind=kinds.get(type(value), "other"), value=value)


def content(path: str, text: str) -> Content:
    return summarize(document(path, text))


def layout(files: Mapping[str, str]) -> Layout:
    return Layout.read(list(files), lambda path: files[path].encode())


def locations(files: Mapping[str, str]) -> dict[str, tuple[Location, ...]]:
    found = layout(files)
    return {
        path: found.locate(path, content(path, text))
        for path, text in files.items()
        if found.claim(path).excluded is None
    }


def tables(files: Mapping[str, str]) -> dict[str, NamedTable]:
    found = {*layout(files).empty_locations(), *chain.from_iterable(locations(files).values())}
    return {f"{t.schema}.{t.name}": t for t in name_tables(found)}


def file_counts(files: Mapping[str, str]) -> dict[str, int]:
    """Counts the files of each table."""
    found = list(chain.from_iterable(locations(files).values()))
    return {
        name: sum(where in table.locations for where in found)
        for name, table in tables(files).items()
    }


def rows(files: Mapping[str, str], table: str) -> list[Record]:
    storages = {where.storage for where in tables(files)[table].locations}
    return [
        record
        for path, found in locations(files).items()
        for where in found
        if where.storage in storages
        for record in records(document(path, files[path]), where, path)
    ]
