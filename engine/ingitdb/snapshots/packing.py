"""The fields of a record as bytes that give them back unchanged: what is hashed, sent and kept.

Fields of nothing but JSON's own values are plain JSON, which other readers may open too. All
others are JSON after a mark, in which a value that JSON lacks is a map with one entry, its tag.
"""

import base64
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

from ingitdb.model.records import Spelled

_MARK = b"\x01"
_TAG = "\x01"
_NAME = re.compile(r'"(?:[^"\\]|\\.)*"')
_PLAIN = frozenset("{}[]|:,nbilfs")
"""What the shapes of plain JSON are made of; nan and infinity orjson would write as null."""
_STRICT = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
"""Nothing becomes text by itself."""


def pack(fields: Mapping[str, Any], shape: str) -> bytes:
    """Packs fields; other values, types or orders give other bytes.

    Example:
        >>> pack({"id": 7, "at": 1.0}, '{"id":i,"at":f}')
        b'{"id":7,"at":1.0}'
    """
    fields = fields if type(fields) is dict else dict(fields)
    if is_plain_shape(shape):
        try:
            return orjson.dumps(fields, option=_STRICT)
        except TypeError:  # text that is no Unicode
            pass
    return _MARK + json.dumps(_tagged(fields), separators=(",", ":")).encode()


def unpack(payload: bytes) -> Mapping[str, Any]:
    """Gives the fields that were packed."""
    plain: Mapping[str, Any]
    plain = orjson.loads(payload) if is_plain(payload) else _untagged(json.loads(payload[1:]))
    return plain


def digest_of(payload: bytes) -> bytes:
    """Gives the hash by which equal fields are known."""
    return blake2b(payload, digest_size=16).digest()


def is_plain(payload: bytes) -> bool:
    """Tells whether packed fields are plain JSON."""
    return not payload.startswith(_MARK)


@lru_cache(maxsize=65_536)
def is_plain_shape(shape: str) -> bool:
    """Tells whether JSON holds every value of a shape."""
    return _PLAIN.issuperset(_NAME.sub("", shape))


def _tagged(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        made = {name: _tagged(inner) for name, inner in value.items()}
        return {_TAG: ["{", made]} if _TAG in made else made
    if kind is list:
        return [_tagged(item) for item in value]
    if kind is Spelled:
        return {_TAG: ["'", _tagged(value.value), value.text]}
    if kind is float and not math.isfinite(value):
        return {_TAG: ["f", repr(value)]}
    found = _TEXTS.get(kind)
    return value if found is None else {_TAG: [found[0], found[1](value)]}


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _TAG not in value:
        return {name: _untagged(inner) for name, inner in value.items()}
    letter, *parts = value[_TAG]
    if letter == "{":
        return {name: _untagged(inner) for name, inner in parts[0].items()}
    if letter == "'":
        return Spelled(_untagged(parts[0]), parts[1])
    return _VALUES[letter](parts[0])


_TEXTS: Mapping[type, tuple[str, Callable[[Any], str]]] = {
    bytes: ("x", lambda value: base64.b64encode(value).decode()),
    Decimal: ("m", str),
    date: ("d", date.isoformat),
    time: ("t", time.isoformat),
    datetime: ("T", datetime.isoformat),
}
_VALUES: Mapping[str, Callable[[str], Any]] = {
    "f": float,
    "x": base64.b64decode,
    "m": Decimal,
    "d": date.fromisoformat,
    "t": time.fromisoformat,
    "T": datetime.fromisoformat,
}
