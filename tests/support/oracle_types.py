"""The rules of types, a second time: from the values of a commit to columns, types and cells.

A type is a tuple: `("BIGINT",)`, `("LIST", item)`, `("STRUCT", ((name, type), …))`,
`("MAP", key, value)` or `("JSON",)`.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from tests.support.oracle_reading import Leaf

Type = tuple[Any, ...]
INT53, INT64, INT128 = 2**53, 2**63, 2**127
MOST_KEYS = 256
TEXT: Type = ("VARCHAR",)
JSON: Type = ("JSON",)


class JsonValue:
    """A value of a JSON column: equal if its parts are, kinds told apart."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonValue) and same(self.value, other.value)

    def __hash__(self) -> int:
        return hash(repr(self.value))

    def __repr__(self) -> str:
        return f"json:{self.value!r}"


def same(a: Any, b: Any) -> bool:
    """Compares two values with kinds told apart; NaN equals itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return repr(a) == repr(b)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return bool(a == b)


# --- From values to types -------------------------------------------------------------------


def int_kind(value: int) -> str:
    """Tells how wide an integer is."""
    if -INT53 <= value <= INT53:
        return "int53"
    if -INT64 <= value < INT64:
        return "int64"
    return "int128" if -INT128 <= value < INT128 else "intbig"


LETTERS = {"int53": "i", "int64": "l", "int128": "h", "intbig": "H", "bool": "b"}


def shape(value: Any) -> str:
    """Spells the structure of a value: kinds, key order, the different items of lists."""
    if value is None:
        return "n"
    if isinstance(value, dict):
        inner = (f"{json.dumps(k, ensure_ascii=False)}:{shape(v)}" for k, v in value.items())
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list):
        return f"[{'|'.join(sorted({shape(item) for item in value}))}]"
    return letter(value) + ("" if value.text == canonical(value) else "'")


def letter(leaf: Leaf) -> str:
    """Gives the letter of a scalar's kind."""
    if leaf.kind == "float":
        return "f" if isfinite(leaf.value) else "F"
    return LETTERS.get(int_kind(leaf.value) if leaf.kind == "int" else leaf.kind, "s")


def canonical(leaf: Leaf) -> str:
    """Gives the one spelling of a number or boolean that needs no remark."""
    if leaf.kind == "bool":
        return str(leaf.value).lower()
    return repr(leaf.value) if leaf.kind in {"int", "float"} else leaf.text


class Place:
    """What stands at one place of all records: kinds, and what lies below."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.items: Place | None = None
        self.fields: dict[str, Place] = {}

    def add(self, value: Any) -> None:
        """Takes note of one value."""
        if value is None:
            return
        if isinstance(value, Leaf):
            self.kinds.add(int_kind(value.value) if value.kind == "int" else value.kind)
        elif isinstance(value, list):
            self.kinds.add("list")
            self.add_items(value)
        else:
            self.kinds.add("map")
            for name, child in value.items():
                self.fields.setdefault(name, Place()).add(child)

    def add_items(self, items: list[Any]) -> None:
        """Takes note of the items of a list, in the order of their shapes."""
        self.items = self.items or Place()
        for item in sorted(items, key=shape):
            self.items.add(item)

    def type(self) -> Type:
        """Gives the narrowest type that holds everything that was seen."""
        kinds = self.kinds
        if not kinds:
            return TEXT
        if kinds == {"list"}:
            assert self.items is not None
            return ("LIST", self.items.type())
        if kinds == {"map"}:
            return self._struct()
        if kinds & {"list", "map"}:
            return JSON
        return scalar_type(kinds)

    def _struct(self) -> Type:
        names = list(self.fields)
        folded = {name.lower() for name in names}
        if not names or len(folded) < len(names) or len(names) > MOST_KEYS:
            return JSON
        return ("STRUCT", tuple((name, place.type()) for name, place in self.fields.items()))


def scalar_type(kinds: set[str]) -> Type:
    """Widens scalar kinds to one type."""
    ints = kinds & {"int53", "int64", "int128", "intbig"}
    if kinds == {"bool"}:
        return ("BOOLEAN",)
    if kinds == ints:
        if "intbig" in kinds:
            return TEXT
        return ("HUGEINT",) if "int128" in kinds else ("BIGINT",)
    if "float" in kinds and kinds <= {"float", "int53"}:
        return ("DOUBLE",)
    return TEXT


def union(records: Iterable[dict[str, Any]]) -> dict[str, Type]:
    """Gives the columns of records: names, types and orders.

    The commonest shape comes first, ties by its spelling, then what further shapes add.
    """
    counts: Counter[str] = Counter()
    example: dict[str, dict[str, Any]] = {}
    for record in records:
        spelled = shape(record)
        counts[spelled] += 1
        example.setdefault(spelled, record)
    root = Place()
    for spelled, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        root.add(example[spelled])
    return {name: place.type() for name, place in root.fields.items()}


# --- CSV columns and declared types ---------------------------------------------------------

CANONICAL_INT = re.compile(r"0|-?[1-9][0-9]*")
WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
DECIMALS = re.compile(r"-?(?:0|[1-9][0-9]*)\.([0-9]+)")


def is_double(text: str) -> bool:
    """Tells whether a cell is the canonical spelling of a float or integer."""
    if CANONICAL_INT.fullmatch(text):
        return abs(int(text)) <= INT53
    return bool(DECIMALS.fullmatch(text)) and repr(float(text)) == text


def is_date(text: str) -> bool:
    """Tells whether a cell is an ISO date."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_timestamp(text: str) -> bool:
    """Tells whether a cell is an ISO date and time without zone."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?", text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def cell_type(cells: Sequence[str]) -> Type:
    """Types a CSV column by its non-empty cells."""
    if not cells:
        return TEXT
    if all(CANONICAL_INT.fullmatch(c) for c in cells):
        return scalar_type({int_kind(int(c)) for c in cells})
    if all(c in {"true", "false"} for c in cells):
        return ("BOOLEAN",)
    places = {len(m[1]) if (m := DECIMALS.fullmatch(c)) else 0 for c in cells}
    if len(places) == 1 and all(DECIMALS.fullmatch(c) for c in cells):
        scale = places.pop()
        width = max(len(c.lstrip("-").replace(".", "")) for c in cells)
        return ("DECIMAL", 18 if width <= 18 else 38, scale) if width <= 38 else TEXT
    if all(is_double(c) for c in cells):
        return ("DOUBLE",)
    if all(is_date(c) for c in cells):
        return ("DATE",)
    return ("TIMESTAMP",) if all(is_timestamp(c) for c in cells) else TEXT


def declared(name: str) -> Type | None:
    """Translates a type of a definition or a data package; None where it says nothing."""
    if found := re.fullmatch(r"map\[(\w+)\](\w+)", name):
        return ("MAP", declared(found[1]) or TEXT, declared(found[2]) or TEXT)
    if name.startswith("[]"):
        return ("LIST", declared(name[2:]) or TEXT)
    return {
        "string": TEXT,
        "locale": TEXT,
        "int": ("BIGINT",),
        "integer": ("BIGINT",),
        "float": ("DOUBLE",),
        "number": ("DOUBLE",),
        "bool": ("BOOLEAN",),
        "boolean": ("BOOLEAN",),
        "date": ("DATE",),
        "datetime": ("TIMESTAMP",),
    }.get(name)


def fit(wanted: Type, values: Sequence[Any]) -> Type:
    """Gives the type that a declared column has at a commit: the declared one or text."""
    present = [value for value in values if value is not None]
    if wanted == ("TIMESTAMP",):
        zones = {bool(re.search(r"(Z|[+-]\d\d:?\d\d)$", value.text)) for value in present}
        if zones == {True}:
            wanted = ("TIMESTAMP WITH TIME ZONE",)
        elif len(zones) > 1:
            return TEXT
    try:
        for value in present:
            convert(value, wanted)
    except (ValueError, TypeError, AttributeError):
        return TEXT
    return wanted


# --- From values to cells -------------------------------------------------------------------


def convert(value: Any, wanted: Type) -> Any:
    """Gives what a cell of a type holds.

    Raises:
        ValueError: The value does not conform.
    """
    if wanted == JSON:
        return None if value is None else JsonValue(plain(value))
    if value is None:
        return None
    kind = wanted[0]
    if kind == "LIST":
        return [convert(item, wanted[1]) for item in value]
    if kind == "STRUCT":
        return {name: convert(value.get(name), below) for name, below in wanted[1]}
    if kind == "MAP":
        return [(name, convert(child, wanted[2])) for name, child in value.items()]
    if not isinstance(value, Leaf):
        raise TypeError(f"no scalar: {value!r}")
    return scalar(value, wanted)


def scalar(value: Leaf, wanted: Type) -> Any:
    """Gives what a cell of a scalar type holds."""
    kind = wanted[0]
    if kind == "VARCHAR":
        return value.text
    if kind in {"BIGINT", "HUGEINT"}:
        return whole(value)
    if kind == "DOUBLE":
        if value.kind == "cell" and NUMBER.fullmatch(value.text):
            return float(value.text)
        if value.kind not in {"int", "float"}:
            raise ValueError(value.text)
        return float(value.value)
    if kind == "DECIMAL":
        return Decimal(value.text)
    if kind == "BOOLEAN":
        if value.kind not in {"bool", "cell"} or value.text.lower() not in {"true", "false"}:
            raise ValueError(value.text)
        return value.text.lower() == "true"
    if kind == "DATE":
        return date.fromisoformat(value.text)
    moment = datetime.fromisoformat(value.text)
    return moment.astimezone(UTC) if moment.tzinfo else moment


def whole(value: Leaf) -> int:
    """Reads an integer."""
    if value.kind == "cell" and WHOLE.fullmatch(value.text):
        return int(value.text)
    if value.kind not in {"int", "float"} or value.value != int(value.value):
        raise ValueError(value.text)
    return int(value.value)


def plain(value: Any) -> Any:
    """Gives the JSON value of a value."""
    if isinstance(value, Leaf):
        return value.value if value.kind in {"bool", "int", "float"} else value.text
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(child) for name, child in value.items()}
    return value


def sql(wanted: Type) -> str:
    """Spells a type for DuckDB."""
    kind = wanted[0]
    if kind == "LIST":
        return f"{sql(wanted[1])}[]"
    if kind == "STRUCT":
        fields = (f'"{name.replace(chr(34), chr(34) * 2)}" {sql(t)}' for name, t in wanted[1])
        return f"STRUCT({', '.join(fields)})"
    if kind == "MAP":
        return f"MAP({sql(wanted[1])}, {sql(wanted[2])})"
    if kind == "DECIMAL":
        return f"DECIMAL({wanted[1]},{wanted[2]})"
    return str(kind)
