"""The functions and methods that Starlark's expressions may call, each with bounded results."""

import math
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

_MOST_ITEMS = 1_000_000


class StarlarkFault(Exception):
    """Raised for an expression that cannot be read or fails; says why without a full stop."""


def size_of(value: Any, times: int = 1) -> Any:
    """Gives a value unless it, so many times, is too large.

    Raises:
        StarlarkFault: It is.
    """
    if isinstance(value, str | list | tuple | dict | range) and len(value) * times > _MOST_ITEMS:
        raise StarlarkFault("a value becomes too large")
    return value


def equal(one: Any, other: Any) -> bool:
    """Tells whether two values are equal; a boolean is no number.

    Example:
        >>> equal(1, 1.0), equal(1, True)
        (True, False)
    """
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def _str(value: Any = "") -> str:
    return value if isinstance(value, str) else repr(value)


def _round(value: Any) -> int:
    return int(Decimal(repr(value)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _length(value: Any) -> int:
    if not isinstance(value, str | list | tuple | dict | range):
        raise StarlarkFault(f"{type(value).__name__} has no length")
    return len(value)


def _int(value: Any) -> int:
    return math.trunc(value) if isinstance(value, float) else int(value)


def _sorted(items: Iterable[Any], *, reverse: bool = False) -> list[Any]:
    return sorted(items, reverse=reverse)


def _listed(make: Callable[..., Iterable[Any]]) -> Callable[..., list[Any]]:
    def made(*arguments: Any) -> list[Any]:
        for argument in arguments:
            if isinstance(argument, str):
                raise StarlarkFault("a text is nothing to go through")
        return list(make(*arguments))

    return made


def _zip(*lists: Iterable[Any]) -> Iterable[Any]:
    return zip(*lists, strict=False)


def _range(*ends: int) -> range:
    made: range = size_of(range(*ends))
    return made


def _replaced(text: str, old: str, new: str, count: int = -1) -> str:
    size_of(text, len(new) + 1)
    return text.replace(old, new, count)


def _joined(text: str, items: Iterable[str]) -> str:
    items = list(items)
    if sum(map(len, items)) + len(text) * len(items) > _MOST_ITEMS:
        raise StarlarkFault("a value becomes too large")
    return text.join(items)


BUILTINS: Mapping[str, Any] = {
    "True": True,
    "False": False,
    "None": None,
    "abs": abs,
    "all": all,
    "any": any,
    "bool": bool,
    "ceil": math.ceil,
    "dict": dict,
    "enumerate": _listed(enumerate),
    "float": float,
    "floor": math.floor,
    "int": _int,
    "len": _length,
    "list": _listed(list),
    "max": max,
    "min": min,
    "range": _range,
    "repr": repr,
    "reversed": _listed(reversed),
    "round": _round,
    "sorted": _sorted,
    "str": _str,
    "tuple": tuple,
    "type": lambda value: "NoneType" if value is None else _kinds(value),
    "zip": _listed(_zip),
}
_TEXT_METHODS = (
    *("capitalize", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdigit"),
    *("islower", "isspace", "istitle", "isupper", "lower", "lstrip", "partition"),
    *("removeprefix", "removesuffix", "rfind", "rindex", "rpartition", "rsplit", "rstrip"),
    *("split", "splitlines", "startswith", "strip", "title", "upper"),
)
METHODS: Mapping[type, Mapping[str, Callable[..., Any]]] = {
    str: {
        **{name: getattr(str, name) for name in _TEXT_METHODS},
        "replace": _replaced,
        "join": _joined,
    },
    dict: {
        "get": dict.get,
        "keys": lambda value: list(value.keys()),
        "values": lambda value: list(value.values()),
        "items": lambda value: list(value.items()),
    },
    list: {"index": list.index},
}


def _kinds(value: Any) -> str:
    return {"str": "string"}.get(type(value).__name__, type(value).__name__)
