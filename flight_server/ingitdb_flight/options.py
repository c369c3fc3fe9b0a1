"""The options of a session, by their names on the wire, and `SET` as text."""

import re
from dataclasses import dataclass, fields
from typing import Self

from ingitdb_flight.refusals import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where a session stands.

    Attributes:
        catalog: The database.
        schema: Where names without a schema are looked up first; empty for none of them.
        ref: What it reads and writes; empty for the branch that HEAD names.
        author: Who its commits name; empty for the caller.
        commit_message: What the next commit says; empty for what is made of its statements.
        timezone: Where times with a zone are shown; that of the database, and no other.
        autocommit: `false` where the first statement that writes opens a transaction; else each of
            them is a commit.
    """

    catalog: str
    schema: str = ""
    ref: str = ""
    author: str = ""
    commit_message: str = ""
    timezone: str = ""
    autocommit: str = ""

    @property
    def is_autocommit(self) -> bool:
        """Whether a statement that writes is a commit of its own.

        Raises:
            InvalidRequest: It is said in words that are not understood.
        """
        word = self.autocommit.casefold() or "true"
        if word not in ("true", "false"):
            raise InvalidRequest(
                f"autocommit is true or false, not {self.autocommit!r}. (IGD-1001, SQLSTATE 22023)"
            )
        return word == "true"

    @classmethod
    def names(cls) -> frozenset[str]:
        """Gives the names of all options."""
        return frozenset(field.name for field in fields(cls))

    def items(self) -> list[tuple[str, str]]:
        """Gives names and values."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    def but(self, name: str, value: str) -> Self:
        """Gives the same with another value for one of them."""
        return type(self)(**{**dict(self.items()), name: value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(Options):
    """Where a session stands, and what cannot be set.

    Attributes:
        transaction: The session's name while it has a transaction; empty without one. A client that
            finds another name has lost what it wrote.
    """

    transaction: str = ""


_SET = re.compile(
    r"\s*SET\s+(?:SESSION\s+)?(?P<name>\w+)\s*(?:=|\s+TO\s+|\s)\s*"
    r"(?:'(?P<text>(?:[^']|'')*)'|\"(?P<quoted>(?:[^\"]|\"\")*)\"|(?P<word>[\w./~^@-]+))\s*;?\s*",
    re.IGNORECASE,
)


def setting(sql: str) -> tuple[str, str] | None:
    """Reads `SET name = value`, where DEFAULT is empty; None for other statements.

    Example:
        >>> setting("SET ref = 'v1.0'"), setting("SELECT 1")
        (('ref', 'v1.0'), None)

    Raises:
        InvalidRequest: There is no such option.
    """
    found = _SET.fullmatch(sql)
    if found is None:
        return None
    name = found["name"].lower()
    if name not in Options.names():
        raise InvalidRequest(
            f"There is no setting {name!r} here.\n"
            f"A session has {', '.join(sorted(Options.names()))}. (IGD-5003, SQLSTATE 0A000)"
        )
    if found["text"] is not None:
        return name, found["text"].replace("''", "'")
    if found["quoted"] is not None:
        return name, found["quoted"].replace('""', '"')
    return name, "" if found["word"].upper() == "DEFAULT" else found["word"]


_USE = re.compile(
    r"\s*USE\s+(?:\"(?P<quoted>(?:[^\"]|\"\")+)\"|(?P<word>[\w-]+))\s*;?\s*", re.IGNORECASE
)


def used(sql: str) -> str | None:
    """Gives the one name that `USE name` has; None for other statements.

    Example:
        >>> used('USE "my data"'), used("USE a.b")
        ('my data', None)
    """
    found = _USE.fullmatch(sql)
    if found is None:
        return None
    return found["word"] or found["quoted"].replace('""', '"')
