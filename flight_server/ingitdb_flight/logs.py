"""The server's log: a line an event, its fields as `name=value`; no secrets, no values of data."""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

LOG = logging.getLogger("ingitdb.flight")
_FIELDS = "ingitdb_fields"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@+*,")
_MOST = 200


def told(level: int, event: str, **fields: Any) -> None:
    """Logs an event with its fields."""
    LOG.log(level, event, extra={_FIELDS: fields})


@contextmanager
def logging_to(stream: TextIO | None, level: int = logging.INFO) -> Iterator[None]:
    """Writes the log to a stream, stderr when None, while the block runs."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines())
    before = LOG.level, LOG.propagate
    LOG.addHandler(handler)
    LOG.setLevel(level)
    LOG.propagate = False
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.level, LOG.propagate = before


class Lines(logging.Formatter):
    """Spells `2026-01-31T12:00:00Z info event name=value`.

    Of a fault it tells the kind and the places in the code, never the text: that may quote values.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Spells a record as a line; a fault has its places on lines of their own."""
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        fields = getattr(record, _FIELDS, {})
        parts = [moment, record.levelname.lower(), _flat(record.getMessage())]
        parts += [f"{name}={_spelled(value)}" for name, value in fields.items()]
        if record.exc_info and record.exc_info[1] is not None:
            return "\n".join([" ".join(parts), *_places(record.exc_info[1])])
        return " ".join(parts)


def _places(error: BaseException) -> list[str]:
    lines: list[str] = []
    found: BaseException | None = error
    while found is not None:
        lines.append(f"  {type(found).__module__}.{type(found).__qualname__}")
        frames = traceback.extract_tb(found.__traceback__)
        lines += [f"    {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        found = found.__cause__ or found.__context__
    return lines


def _spelled(value: Any) -> str:
    text = str(value)
    text = text if len(text) <= _MOST else f"{text[:_MOST]}…"
    return text if text and set(text) <= _PLAIN else json.dumps(text, ensure_ascii=True)


def _flat(text: str) -> str:
    return " ".join(text.split())
