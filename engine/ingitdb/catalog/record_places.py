"""Where in a document's value the records of a table lie, in the order in which they are read."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ingitdb.catalog.records import WHOLE, as_items, follow
from ingitdb.model.edits import Place
from ingitdb.model.records import Document
from ingitdb.model.tables import Form, Location


def record_places(document: Document, location: Location) -> Iterator[Place]:
    """Gives the place of each record that `records` gives of the same document, one by one.

    A record that is no map, the one field `value`, lies at its place itself.
    """
    if document.kind == "empty":
        if location.form == Form.RECORD:
            yield ()
        return
    yield from _BY_FORM[location.form](document, location)


def _record(_document: Document, _location: Location) -> Iterator[Place]:
    yield ()


def _rows(document: Document, _location: Location) -> Iterator[Place]:
    yield from ((at,) for at in range(len(document.value)))


def _entries(document: Document, _location: Location) -> Iterator[Place]:
    keys = range(len(document.value)) if document.kind in ("list", "rows") else document.value
    yield from ((key,) for key in keys)


def _entry_items(document: Document, _location: Location) -> Iterator[Place]:
    yield from _items_of_entries(document.value, ())


def _items_of_entries(value: Mapping[str, Any], way: Place) -> Iterator[Place]:
    for key, entry in value.items():
        yield from _items(entry, (*way, key))


def _items(value: Any, way: Place) -> Iterator[Place]:
    """Gives the places of a list's items; a value that is no list is its own only item."""
    for at, _ in enumerate(as_items(value)):
        yield (*way, at) if isinstance(value, list) else way


def _field_items(document: Document, location: Location) -> Iterator[Place]:
    pointer = location.pointer or WHOLE
    if pointer == WHOLE:
        yield from (_entries if document.kind == "map" else _rows)(document, location)
        return
    found = follow(document.value, pointer)
    if found is None:
        return
    value, way = found
    if isinstance(value, dict) and value and all(isinstance(v, list) for v in value.values()):
        yield from _items_of_entries(value, way)
    elif isinstance(value, dict):
        yield from ((*way, key) for key in value)
    else:
        yield from _items(value, way)


_BY_FORM: Mapping[Form, Callable[[Document, Location], Iterator[Place]]] = {
    Form.RECORD: _record,
    Form.ROWS: _rows,
    Form.ENTRIES: _entries,
    Form.ENTRY_ITEMS: _entry_items,
    Form.FIELD_ITEMS: _field_items,
}
