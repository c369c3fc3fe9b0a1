"""Records as JSON documents, and the spelling of bytes, in systems that are spoken to in JSON."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from ingitdb.migrations.stores.store import Field
from ingitdb.migrations.stores.values import json as json_sql
from ingitdb.model.types import quote_literal


def document(fields: Sequence[Field]) -> str:
    """Gives DuckDB's SQL for a record as JSON, as bytes; a column of NULL is not in it."""
    parts = ", ".join(
        f"{quote_literal(json.dumps(field.name, ensure_ascii=False) + ':')}"
        f" || {json_sql(field.sql, field.kind)}"
        for field in fields
    )
    return f"encode('{{' || concat_ws(',', {parts}) || '}}')"


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
