"""Times and sizes as options take them: `30s`, `12h`, `2GB`."""

import re
from collections.abc import Mapping
from typing import Any

import click

_QUANTITY = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]*)", re.ASCII | re.IGNORECASE)
_SECONDS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1, "b": 1} | {
    f"{prefix}{i}b": (1024 if i else 1000) ** power
    for power, prefix in enumerate("kmgt", 1)
    for i in ("", "i")
}


class Quantity(click.ParamType[float]):
    """A number with a unit.

    Args:
        name: What it is called in the help.
        units: What one of each unit is worth.
        example: One that is right.
    """

    def __init__(self, name: str, units: Mapping[str, float], example: str) -> None:
        self.name = name
        self._units = units
        self._example = example

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Reads a text; a number is taken as it is."""
        if isinstance(value, int | float):
            return float(value)
        found = _QUANTITY.fullmatch(str(value).strip())
        worth = self._units.get(found["unit"].lower()) if found else None
        if found is None or worth is None:
            self.fail(f"{value!r} is no {self.name}; {self._example} is one.", param, ctx)
        return float(found["number"]) * worth


DURATION = Quantity("time", _SECONDS, "30s or 12h")
SIZE = Quantity("size", _BYTES, "512MB or 2GB")
