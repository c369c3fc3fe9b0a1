"""Records as JSON documents, and the spelling of bytes, in systems that are spoken to in JSON."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ingitdb.migrations.stores.store import Content, ContentFault, Field, check_known
from ingitdb.migrations.stores.values import is_blob
from ingitdb.migrations.stores.values import json as json_sql
from ingitdb.model.types import JSON, ColumnType, Scalar, quote_literal


def document(fields: Sequence[Field]) -> str:
    """Gives DuckDB's SQL for a record as JSON, as bytes; a column of NULL is not in it."""
    parts = ", ".join(
        f"{quote_literal(json.dumps(field.name, ensure_ascii=False) + ':')}"
        f" || {json_sql(field.sql, field.kind)}"
        for field in fields
    )
    return f"encode('{{' || concat_ws(',', {parts}) || '}}')"


def read(content: bytes, kinds: Mapping[str, ColumnType]) -> Content:
    """Gives the columns of a record that is a JSON document.

    Raises:
        ContentFault: It is no JSON object, or no record of the table.
    """
    try:
        found = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ContentFault("is no JSON object") from None
    check_known(found, kinds)
    return {name: _value(bytes(raw).strip(), kinds[name]) for name, raw in found.items()}


def _value(raw: bytes, kind: ColumnType) -> str | bytes | None:
    if raw == b"null":
        return None
    if kind == JSON or not isinstance(kind, Scalar):
        return raw.decode()
    said = json.loads(raw) if raw.startswith(b'"') else raw.decode()
    if not is_blob(kind):
        return str(said)
    try:
        return base64.b64decode(said, validate=True)
    except ValueError:
        raise ContentFault("has bytes that are not in base64") from None


def in_base64(data: str | bytes) -> str:
    """Spells bytes in base64.

    Example:
        >>> in_base64("t/1")
        'dC8x'
    """
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def body(said: Any) -> bytes:
    """Gives a line of a script: JSON that is sent as it is."""
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"
