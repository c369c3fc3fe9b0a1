"""What the fields of a Frictionless resource say about how their cells are spelled."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ingitdb.catalog.spelled_cells import CellRules

Warn: TypeAlias = Callable[..., None]
"""Takes a message, and the keys that lead to its place below the schema."""
_BOOLEAN = frozenset({"boolean"})
_NUMBERS = frozenset({"integer", "number"})
_KINDS: Mapping[str, frozenset[str]] = {
    "trueValues": _BOOLEAN,
    "falseValues": _BOOLEAN,
    "decimalChar": _NUMBERS,
    "groupChar": _NUMBERS,
    "bareNumber": _NUMBERS,
}
_PLAIN: Mapping[str, Any] = {"decimalChar": ".", "bareNumber": True}
_FORBIDDEN = frozenset("0123456789+-eE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """How the cells of a resource are spelled.

    Attributes:
        delimited: Whether the resource is made of cells at all.
        reading: What readers of the file must know.
        spellings: By field `trueValues`, `decimalChar` and the like, those that can be obeyed.
    """

    delimited: bool
    reading: CellRules
    spellings: Mapping[str, tuple[tuple[str, Any], ...]]


def read_cells(schema: Mapping[str, Any], warn: Warn, *, delimited: bool) -> Cells:
    """Reads how cells are spelled.

    Args:
        schema: The table schema.
        warn: Is told what cannot be obeyed.
        delimited: Whether the resource is made of cells.
    """
    fields = schema.get("fields", [])
    reading: list[tuple[str, tuple[str, ...], bool]] = []
    spellings: dict[str, tuple[tuple[str, Any], ...]] = {}
    for position, value in enumerate(fields if isinstance(fields, list) else []):
        name = value.get("name", value.get("id")) if isinstance(value, dict) else None
        if not isinstance(name, str):
            continue
        field = _Field(value, name, position, warn)
        found, missing = field.spellings(), field.missing_values()
        if not delimited and (found or missing is not None):
            text = f"What the field {name!r} says of cells has no effect on this file."
            warn(text, "fields", position)
        elif found or missing is not None:
            missing = missing_values(schema) if missing is None else missing
            reading.append((name, missing, bool(found)))
            spellings[name] = tuple(found.items())
    return Cells(delimited=delimited, reading=tuple(reading), spellings=spellings)


def missing_values(described: Mapping[str, Any]) -> tuple[str, ...]:
    """Gives the texts that a schema or a field counts as missing, beside the empty one."""
    found: list[str] = []
    values = described.get("missingValues", [])
    for value in values if isinstance(values, list) else []:
        text = value.get("value") if isinstance(value, dict) else value
        if isinstance(text, str) and text and text not in found:
            found.append(text)
    return tuple(found)


class _Field:
    """Reads one field."""

    def __init__(self, field: Mapping[str, Any], name: str, position: int, warn: Warn) -> None:
        self._field = field
        self._name = name
        self._position = position
        self._tell = warn

    def spellings(self) -> dict[str, Any]:
        """Gives how values are spelled; what cannot be obeyed is left out."""
        found = dict(self._usable())
        if not set(found.get("trueValues", ())).isdisjoint(found.get("falseValues", ())):
            self._warn("falseValues", "shares a text with trueValues")
            del found["trueValues"], found["falseValues"]
        if found.get("groupChar") == found.get("decimalChar", "."):
            self._warn("groupChar", "is the decimalChar, too")
            del found["groupChar"]
        return found

    def missing_values(self) -> tuple[str, ...] | None:
        """Gives the field's own missing values; None where it has none."""
        if "missingValues" not in self._field:
            return None
        if not isinstance(self._field["missingValues"], list):
            self._warn("missingValues", "is no list")
            return None
        return missing_values(self._field)

    def _usable(self) -> Iterator[tuple[str, Any]]:
        kind = self._field.get("type", "any")
        for name, kinds in _KINDS.items():
            value = self._field.get(name, _PLAIN.get(name))
            if value is None or value == _PLAIN.get(name):
                continue
            if not isinstance(kind, str) or kind not in kinds:
                self._warn(name, "is not for fields of this type")
            elif (fault := _fault(name, value)) is not None:
                self._warn(name, fault)
            else:
                yield name, tuple(value) if isinstance(value, list) else value

    def _warn(self, name: str, fault: str) -> None:
        text = f"{name} of the field {self._name!r} has no effect: {self._field[name]!r} {fault}."
        self._tell(text, "fields", self._position, name)


def _fault(name: str, value: Any) -> str | None:
    if name in ("trueValues", "falseValues"):
        is_fine = isinstance(value, list) and all(isinstance(text, str) for text in value)
        return None if is_fine else "is no list of texts"
    if name == "bareNumber":
        return None if isinstance(value, bool) else "is neither true nor false"
    is_fine = isinstance(value, str) and len(value) == 1 and value not in _FORBIDDEN
    return None if is_fine else "is no single character that can stand there"
