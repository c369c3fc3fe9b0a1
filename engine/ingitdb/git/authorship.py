"""Who makes the commits of a repository, as git would say."""

import re

from ingitdb.errors import AuthorUnknown
from ingitdb.git.process import Git

_IDENTITY = re.compile(r"(?P<name>.*) <(?P<email>[^<>]*)> \d+ [+-]\d{4}", re.DOTALL)


def author(git: Git) -> tuple[str, str]:
    """Gives name and email: from GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL, else from git's settings.

    Git's own guess, the name of the user and the machine, does not count.

    Raises:
        AuthorUnknown: Neither says.
    """
    answer = git.run("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT", accept=(0, 1, 128))
    found = _IDENTITY.fullmatch(answer.text)
    if answer.status or found is None or not found["name"] or not found["email"]:
        raise AuthorUnknown
    return found["name"], found["email"]
