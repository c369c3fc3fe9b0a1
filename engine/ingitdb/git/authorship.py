"""Who makes the commits of a repository, as git would say."""

import re
from datetime import datetime
from typing import Literal

from ingitdb.errors import AuthorUnknown, UsageError
from ingitdb.git.process import Git
from ingitdb.model.history import Signature

_IDENTITY = re.compile(
    r"(?P<name>.*) <(?P<email>[^<>]*)> (?P<seconds>\d+) (?P<zone>[+-]\d{4})", re.DOTALL
)

_NAMED = re.compile(r"(?P<name>[^<>\n]*[^<>\s][^<>\n]*)<(?P<email>[^<>\s]+)>")


def named(text: str, at: datetime) -> Signature:
    """Reads `Name <address>`.

    Raises:
        UsageError: It is not written so.

    Example:
        >>> named("Ports Desk <ports@example.org>", datetime(2026, 1, 1)).email
        'ports@example.org'
    """
    found = _NAMED.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"The author {text!r} is not written as Name <address>.")
    return Signature(name=found["name"].strip(), email=found["email"].strip(), at=at)


def signature(git: Git, role: Literal["AUTHOR", "COMMITTER"]) -> Signature:
    """Gives who makes a commit now, in the zone of the machine.

    GIT_AUTHOR_NAME and its like come first, then git's settings. Git's own guess, the name of the
    user and the machine, does not count.

    Raises:
        AuthorUnknown: Neither says.
    """
    asked = ("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT")
    answer = git.run(*asked, accept=(0, 1, 128))
    found = _IDENTITY.fullmatch(answer.text)
    if answer.status or found is None or not found["name"] or not found["email"]:
        raise AuthorUnknown
    zone = datetime.strptime(found["zone"], "%z").tzinfo
    moment = datetime.fromtimestamp(int(found["seconds"]), zone)
    return Signature(name=found["name"], email=found["email"], at=moment)
