"""Consul's key-value store: a JSON document a record, as in etcd. Not executed on a server here.

A transaction of Consul's cannot compare a value, but fails where a key that it gets is not there:
below `ingitdb_migrations/at/` lies one key, called as the commit that the store is at or the way
that it is on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ingitdb.migrations.stores.documents import body, document, in_base64, read
from ingitdb.migrations.stores.ledger import Entry, on_the_way
from ingitdb.migrations.stores.store import Change, Content, Field, Limits, Store
from ingitdb.migrations.targets.target import Ends
from ingitdb.model.identifiers import EMPTY
from ingitdb.model.types import ColumnType

_REQUEST = 512 * 1024
_OVERHEAD = 64
_OPERATIONS = 64
_CONDITIONS = 1


class Consul(Store):
    """Consul, over HTTP."""

    name = "consul"
    title = "Consul"
    template = "{table}/{key}"
    limits = Limits(operations=_OPERATIONS - _CONDITIONS, size=_REQUEST - _OPERATIONS * _OVERHEAD)

    def content(self, key: str, fields: Sequence[Field]) -> str:
        """Gives DuckDB's SQL for a record as JSON."""
        return document(fields)

    def fields(self, content: bytes, kinds: Mapping[str, ColumnType]) -> Content:
        """Gives the columns of a record.

        Raises:
            ContentFault: It is no record of the table.
        """
        return read(content, kinds)

    def value_size(self, size: int) -> int:
        """Gives how many bytes of a request so many of keys and values take, in base64."""
        return (size + 2) // 3 * 4

    def opening(self, ends: Ends) -> bytes:
        """Gives the transaction that says that the store is on its way."""
        way = str(on_the_way(ends))
        if ends.before == EMPTY:
            leaving = [_said("check-not-exists", self.layout.ledger)]
        else:
            leaving = self._leaving(ends.before)
        return body([*leaving, *self._arriving(way)])

    def part(self, changes: Sequence[Change], ends: Ends) -> bytes:
        """Gives the transaction that changes some records if the store is on its way."""
        condition = _said("get", self._at(str(on_the_way(ends))))
        return body([condition, *map(_operation, changes)])

    def closing(self, ends: Ends, checksum: str) -> bytes:
        """Gives the transaction that says that the store is there."""
        entry = Entry(version=None, before=ends.before, commit=ends.after, checksum=checksum)
        name = str(on_the_way(ends))
        if ends.is_undo:
            entry = Entry(
                version=None, before=ends.after, commit=ends.before, checksum=checksum
            ).undone()
            name = f"{ends.after}..{ends.before}"
        leaving = self._leaving(str(on_the_way(ends)))
        if ends.after == EMPTY:
            arriving = [_said("delete", self.layout.ledger)]
        else:
            arriving = self._arriving(ends.after)
        row = _said("set", self.layout.entry(name), entry.text())
        return body([*leaving, *arriving, row])

    def _at(self, state: str) -> str:
        return self.layout.entry(f"at/{state}")

    def _leaving(self, state: str) -> list[dict[str, Any]]:
        return [_said("get", self._at(state)), _said("delete", self._at(state))]

    def _arriving(self, state: str) -> list[dict[str, Any]]:
        return [_said("set", self.layout.ledger, state), _said("set", self._at(state), state)]


def _operation(change: Change) -> dict[str, Any]:
    if change.value is None:
        return _said("delete", change.key)
    return _said("set", change.key, change.value)


def _said(verb: str, key: str, value: str | bytes | None = None) -> dict[str, Any]:
    said = {"Verb": verb, "Key": key}
    if value is not None:
        said["Value"] = in_base64(value)
    return {"KV": said}
