"""Who makes the commits of a repository, as git would say."""

import re
from datetime import UTC, datetime
from typing import Literal

from ingitdb.errors import AuthorUnknown
from ingitdb.git.process import Git
from ingitdb.model.history import Signature
from ingitdb.model.people import Person

_IDENTITY = re.compile(
    r"(?P<name>.*) <(?P<email>[^<>]*)> (?P<seconds>\d+) (?P<zone>[+-]\d{4})", re.DOTALL
)


def author(git: Git, person: Person | None = None) -> Signature:
    """Gives who makes a change now, in the zone of the machine.

    The person comes first, then GIT_AUTHOR_NAME and its like, then git's settings. Git's own
    guess, the name of the user and the machine, does not count.

    Raises:
        AuthorUnknown: None of them says.
    """
    found = _said(git, "AUTHOR", person)
    if found is None:
        raise AuthorUnknown
    return found


def committer(git: Git, person: Person | None = None) -> Signature:
    """Gives who makes a commit now; the person is only asked for where git knows nobody.

    Raises:
        AuthorUnknown: Nothing says.
    """
    found = _said(git, "COMMITTER")
    if found is None and person is not None:
        found = _said(git, "COMMITTER", person)
    if found is None:
        raise AuthorUnknown
    return found


def _said(
    git: Git, role: Literal["AUTHOR", "COMMITTER"], person: Person | None = None
) -> Signature | None:
    """Asks git; None if it knows nobody."""
    around = {}
    if person is not None:
        around = {f"GIT_{role}_NAME": person.name, f"GIT_{role}_EMAIL": person.email}
    asked = ("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT")
    answer = git.settled(*asked, accept=(0, 1, 128), environment=around)
    found = _IDENTITY.fullmatch(answer.text)
    if answer.status or found is None or not found["name"] or not found["email"]:
        return None
    zone = datetime.strptime(found["zone"], "%z").tzinfo
    moment = datetime.now(UTC).astimezone().replace(microsecond=0)
    if git.environment.get(f"GIT_{role}_DATE"):
        moment = datetime.fromtimestamp(int(found["seconds"]), zone)
    return Signature(name=found["name"], email=found["email"], at=moment)
