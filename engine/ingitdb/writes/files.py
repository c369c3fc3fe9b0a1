"""A file of a table as it is written: what it holds, and what its format takes for a value."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any

from ingitdb.catalog.record_places import record_places
from ingitdb.catalog.records import INDEX_COLUMN, PARENT_COLUMN
from ingitdb.catalog.spelled_cells import text_of
from ingitdb.errors import WriteError
from ingitdb.formats.edits.editing import edited, read_document
from ingitdb.formats.edits.long_files import Unread
from ingitdb.formats.edits.parquet_edits import fitted
from ingitdb.formats.edits.parquet_files import opened
from ingitdb.formats.registry import by_name, by_path
from ingitdb.model.edits import Edit, EditFault, Place
from ingitdb.model.ports import Format
from ingitdb.model.records import Document, FormatFault, Spelled, Value
from ingitdb.model.tables import Location

_DELIMITED = ("csv", "tsv")
_WITH_BYTES = ("parquet", "yaml")


@dataclass
class TableFile:
    """One file of a table.

    Attributes:
        path: Where it lies.
        data: Its bytes.
        location: How its records belong to the table.
    """

    path: str
    data: bytes
    location: Location
    _document: Document | None = field(default=None, init=False)

    @property
    def format(self) -> str:
        """The name of its format."""
        return self._reader().name

    @property
    def document(self) -> Document:
        """What it holds, cells of delimited files as texts.

        Items that cannot be read are `Unread` where the reader of the table leaves them out, too.

        Raises:
            WriteError: It cannot be read.
        """
        if self._document is None:
            in_part = self.location.source == "discovery"
            options = self.location.options
            try:
                self._document = read_document(self.format, self.data, options, in_part=in_part)
            except FormatFault as fault:
                raise self._refused(fault) from fault
        return self._document

    @property
    def places(self) -> Sequence[Place]:
        """Where the records of the table lie in it, in their order.

        Raises:
            WriteError: It cannot be read.
        """
        found = record_places(self.document, self.location)
        if self.document.kind not in ("list", "rows"):
            return list(found)
        items = self.document.value
        return [place for place in found if not isinstance(items[place[0]], Unread)]

    def edited(self, edits: list[Edit]) -> bytes:
        """Gives its bytes after some edits.

        Raises:
            WriteError: They cannot be made.
        """
        try:
            options = self.location.options
            return edited(self.format, self.data, edits, options, document=self.document)
        except (EditFault, FormatFault) as fault:
            raise self._refused(fault) from fault

    def raw_name(self, name: str) -> str:
        """Gives the name that a field has in the file itself.

        Raises:
            WriteError: It is not in the file but follows from where the record lies.
        """
        if name in (*self.location.captures, INDEX_COLUMN, PARENT_COLUMN):
            raise WriteError(
                f"{name} follows from where a record lies and cannot be set.",
                hint="Delete the record and insert it where it belongs.",
            )
        if any(name.casefold() == rule.casefold() for rule, _, _ in self.location.options.cells):
            raise WriteError(
                f"{name} is spelled in its own way, as a data package says: it is read only.",
                hint="Change the file by hand.",
            )
        names = self.location.options.names
        return f"column{names.index(name)}" if name in names else name

    def fit(self, name: str, value: Value) -> Value:
        """Gives a value as the format takes it: as text, or in the type of a column.

        Args:
            name: The name that the field has in the file.
            value: The field's value.

        Raises:
            WriteError: It would be read as something else.
        """
        if self.format not in _WITH_BYTES and _holds_bytes(value):
            raise WriteError(
                "Text files have no place for a BLOB.", hint="Store it as text: to_base64(x)."
            )
        if self._schema is not None:
            try:
                return fitted(self._schema, name, value)
            except EditFault as fault:
                raise self._refused(fault) from fault
        if value is not None and text_of(value) in self.location.options.missing_values:
            raise WriteError(f"{self.path}: {text_of(value)!r} stands for NULL there.")
        if self.format not in _DELIMITED or value is None or isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, Spelled):
            return value.text
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(value, int | float | Decimal):
            return str(value)
        raise WriteError(f"{self.path}: a cell cannot hold a list or a map.")

    @cached_property
    def _schema(self) -> Any:
        """The schema of a Parquet file; None for another one, or one that is not there yet."""
        if self.format != "parquet" or not self.data:
            return None
        try:
            return opened(self.data).schema_arrow
        except FormatFault as fault:
            raise self._refused(fault) from fault

    def _refused(self, fault: EditFault | FormatFault) -> WriteError:
        line = f":{fault.line}" if fault.line else ""
        return WriteError(f"{self.path}{line}: {fault.message}")

    def _reader(self) -> Format:
        name = self.location.format
        reader = by_name(name) if name else by_path(self.path)
        if reader is None:
            raise WriteError(f"{self.path}: no format is known for it.")
        return reader


def _holds_bytes(value: Value) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_bytes, value.values() if isinstance(value, dict) else value))
    return isinstance(value, bytes)
