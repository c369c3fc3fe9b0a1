"""etcd: a JSON document a record.

The document has a member a column; one of NULL is not in it. Integers of at most 64 bits, doubles
and booleans are JSON's own, lists, structures, maps and JSON lie in it as they are, BLOBs are in
base64 and all else is text: decimals and wider integers their digits, moments ISO 8601 in UTC.

The key `ingitdb_migrations` says where the store is; each transaction asks it. A key below it is a
row of the ledger.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ingitdb.migrations.stores.documents import body, document, in_base64, read
from ingitdb.migrations.stores.ledger import Entry, on_the_way
from ingitdb.migrations.stores.store import Change, Content, Field, Limits, Store
from ingitdb.migrations.targets.target import Ends
from ingitdb.model.identifiers import EMPTY
from ingitdb.model.types import ColumnType

_OVERHEAD = 256
"""So many bytes a transaction needs beside its keys and values, and each of its operations."""
_REQUEST = 1_572_864
_OPERATIONS = 128


class Etcd(Store):
    """etcd of version 3."""

    name = "etcd"
    title = "etcd"
    template = "{table}/{key}"
    limits = Limits(operations=_OPERATIONS, size=_REQUEST - _OPERATIONS * _OVERHEAD)

    def content(self, key: str, fields: Sequence[Field]) -> str:
        """Gives DuckDB's SQL for a record as JSON."""
        return document(fields)

    def fields(self, content: bytes, kinds: Mapping[str, ColumnType]) -> Content:
        """Gives the columns of a record.

        Raises:
            ContentFault: It is no record of the table.
        """
        return read(content, kinds)

    def opening(self, ends: Ends) -> bytes:
        """Gives the transaction that says that the store is on its way."""
        way = str(on_the_way(ends))
        return body(transaction([self.is_at(ends.before)], [put(self.layout.ledger, way)]))

    def part(self, changes: Sequence[Change], ends: Ends) -> bytes:
        """Gives the transaction that changes some records if the store is on its way."""
        way = str(on_the_way(ends))
        return body(transaction([self.is_at(way)], [operation(change) for change in changes]))

    def closing(self, ends: Ends, checksum: str) -> bytes:
        """Gives the transaction that says that the store is there."""
        entry = Entry(version=None, before=ends.before, commit=ends.after, checksum=checksum)
        name = str(on_the_way(ends))
        if ends.is_undo:
            entry = Entry(
                version=None, before=ends.after, commit=ends.before, checksum=checksum
            ).undone()
            name = f"{ends.after}..{ends.before}"
        row = put(self.layout.entry(name), entry.text())
        return body(transaction([self.is_at(str(on_the_way(ends)))], [self.at(ends.after), row]))

    def is_at(self, state: str) -> dict[str, Any]:
        """Gives the condition that the store is at a commit, or on a way."""
        key = in_base64(self.layout.ledger)
        if state == EMPTY:
            return {"key": key, "target": "CREATE", "result": "EQUAL", "create_revision": "0"}
        return {"key": key, "target": "VALUE", "result": "EQUAL", "value": in_base64(state)}

    def at(self, state: str) -> dict[str, Any]:
        """Gives the operation that says that the store is at a commit, or on a way."""
        return delete(self.layout.ledger) if state == EMPTY else put(self.layout.ledger, state)


def transaction(
    conditions: Sequence[dict[str, Any]], operations: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Gives what is sent to `/v3/kv/txn`: operations that are done if all conditions hold."""
    return {"compare": list(conditions), "success": list(operations), "failure": []}


def operation(change: Change) -> dict[str, Any]:
    """Gives the operation of a change."""
    return delete(change.key) if change.value is None else put(change.key, change.value)


def put(key: str, value: str | bytes) -> dict[str, Any]:
    """Gives the operation that stores a value."""
    return {"request_put": {"key": in_base64(key), "value": in_base64(value)}}


def delete(key: str) -> dict[str, Any]:
    """Gives the operation that takes a key away, if it is there."""
    return {"request_delete_range": {"key": in_base64(key)}}
