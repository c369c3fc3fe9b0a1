"""People as commits name them: a name and an address."""

import re
from dataclasses import dataclass
from typing import Self

from ingitdb.errors import UsageError

_PERSON = re.compile(r"(?P<name>[^<>\n\0]*)<(?P<email>[^<>\s\0]+)>")
_CRUFT = ".,:;\"\\'" + "".join(map(chr, range(33)))
"""Of this alone git makes no name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who makes changes."""

    name: str
    email: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `Name <mail@example.org>`.

        Raises:
            UsageError: It has another form, or no name.
        """
        found = _PERSON.fullmatch(text.strip())
        if found is None or not found["name"].strip(_CRUFT):
            raise UsageError(
                f"{text!r} does not name a person.",
                hint="Write a name and an address: Fares Desk <fares@example.org>",
            )
        return cls(name=found["name"].strip(), email=found["email"])
