"""Who makes the commits of a repository, as git would say."""

import re
from datetime import datetime
from typing import Literal

from ingitdb.errors import AuthorUnknown
from ingitdb.git.process import Git
from ingitdb.model.history import Signature

_IDENTITY = re.compile(
    r"(?P<name>.*) <(?P<email>[^<>]*)> (?P<seconds>\d+) (?P<zone>[+-]\d{4})", re.DOTALL
)


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
