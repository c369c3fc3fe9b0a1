"""What git's configuration says about making commits: signatures and hooks."""

from dataclasses import dataclass

from ingitdb.errors import RepositoryError
from ingitdb.git.process import Git

_WANTED = (
    r"^(commit\.gpgsign|tag\.gpgsign|user\.signingkey|gpg\..*|ingitdb\.runhooks|core\.hookspath)$"
)
_YES = frozenset(["true", "yes", "on"])
_NO = frozenset(["false", "no", "off", ""])
_FORMATS = {"openpgp": "gpg", "x509": "gpgsm", "ssh": "ssh-keygen"}
"""The formats of signatures with the programs that make them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitSettings:
    """The settings that count when a commit is made.

    Attributes:
        signs_commits: Whether commits are signed.
        signs_tags: Whether annotated tags are signed.
        format: `openpgp`, `x509` or `ssh`.
        program: What makes signatures.
        key: With which key; None leaves it to the program or to `key_command`.
        key_command: What prints the key for a signature by ssh.
        runs_hooks: Whether hooks run; None if nothing is said.
        hooks_path: Where hooks lie, as it is written; None for git's own place.
    """

    signs_commits: bool
    signs_tags: bool
    format: str
    program: str
    key: str | None
    key_command: str | None
    runs_hooks: bool | None
    hooks_path: str | None


def commit_settings(git: Git) -> CommitSettings:
    """Reads the settings.

    Raises:
        RepositoryError: One has a value that it cannot have.
    """
    values = _values(git)
    kind = values.get("gpg.format") or "openpgp"
    if kind not in _FORMATS:
        raise RepositoryError(
            f"gpg.format cannot be {kind!r}.", hint="git config gpg.format openpgp|x509|ssh"
        )
    program = values.get(f"gpg.{kind}.program")
    if program is None and kind == "openpgp":
        program = values.get("gpg.program")
    return CommitSettings(
        signs_commits=_truth(values, "commit.gpgsign") or False,
        signs_tags=_truth(values, "tag.gpgsign") or False,
        format=kind,
        program=program or _FORMATS[kind],
        key=values.get("user.signingkey") or None,
        key_command=values.get("gpg.ssh.defaultkeycommand"),
        runs_hooks=_truth(values, "ingitdb.runhooks"),
        hooks_path=values.get("core.hookspath") or None,
    )


def _values(git: Git) -> dict[str, str | None]:
    """Gives the last value of each setting, None for one that stands without; names are folded."""
    output = git.settled("config", "-z", "--get-regexp", _WANTED, accept=(0, 1)).output
    found: dict[str, str | None] = {}
    hidden: dict[str, str | None] = {}
    for entry in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        name, line_end, value = entry.partition("\n")
        if name in found:
            hidden[name] = found[name]
        found[name] = value if line_end else None
    found.pop("core.hookspath", None)  # the last one is ours, of the command line
    if "core.hookspath" in hidden:
        found["core.hookspath"] = hidden["core.hookspath"]
    return found


def _truth(values: dict[str, str | None], name: str) -> bool | None:
    """Reads a boolean as git does; None where it is not set."""
    if name not in values:
        return None
    text = values[name]
    if text is None or text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    try:
        return int(text) != 0
    except ValueError:
        raise RepositoryError(
            f"{name} cannot be {text!r}.", hint=f"git config {name} true|false"
        ) from None
