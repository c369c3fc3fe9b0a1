"""Trailers of commit messages: lines of `key: value` at the end, as git itself sets them."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from ingitdb.errors import WriteError
from ingitdb.git.process import Git

Trailers: TypeAlias = Sequence[tuple[str, str]]
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


def with_trailers(git: Git, message: str, trailers: Trailers) -> str:
    """Gives a message with trailers added; git decides which stand there already.

    Raises:
        WriteError: A key has other signs than letters, digits and hyphens.
    """
    if not trailers:
        return message
    words: list[str] = []
    for key, value in trailers:
        if _KEY.fullmatch(key) is None:
            raise WriteError(
                f"A trailer cannot be named {key!r}.",
                hint="Use letters, digits and hyphens, as in Reviewed-by.",
            )
        lines = "\n ".join(line for line in value.replace("\0", "").splitlines() if line.strip())
        words += ["--trailer", f"{key}: {lines}"]
    given = message.strip("\n") + "\n"
    answer = git.run(
        "interpret-trailers", "--no-divider", *words, data=given.encode("utf-8", "replace")
    )
    return answer.output.decode("utf-8", "replace")
