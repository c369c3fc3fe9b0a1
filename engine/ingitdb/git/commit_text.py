"""The bytes of a commit object."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from ingitdb.model.history import Signature
from ingitdb.model.identifiers import CommitId, TreeId

_CRUFT = ".,:;<>\"\\'" + "".join(map(chr, range(33)))
"""What git takes off both ends of names and addresses."""


def commit_text(
    tree: TreeId,
    parents: Sequence[CommitId],
    author: Signature,
    committer: Signature,
    message: str,
) -> bytes:
    r"""Gives a commit's bytes; the message ends with one line end.

    Example:
        >>> from datetime import UTC
        >>> by = Signature(name="Desk", email="d@example.org", at=datetime(2026, 1, 1, tzinfo=UTC))
        >>> commit_text(TreeId("4b82"), [], by, by, "First").splitlines()[1]
        b'author Desk <d@example.org> 1767225600 +0000'
    """
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {signed_by(author)}", f"committer {signed_by(committer)}", ""]
    lines.append(message.strip("\n").replace("\0", "\ufffd"))
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def with_signature(text: bytes, signature: bytes, object_format: str) -> bytes:
    r"""Gives a commit with a signature among its headers, as git puts it there.

    Example:
        >>> with_signature(b"tree 1\n\nSay\n", b"A\nB\n", "sha1")
        b'tree 1\ngpgsig A\n B\n\nSay\n'
    """
    header = b"gpgsig-sha256" if object_format == "sha256" else b"gpgsig"
    headers, _, message = text.partition(b"\n\n")
    lines = signature.rstrip(b"\n").replace(b"\n", b"\n ")
    return b"%b\n%b %b\n\n%b" % (headers, header, lines, message)


def signed_by(by: Signature) -> str:
    """Spells who made an object, and when."""
    name, email = (_clean(text) for text in (by.name, by.email))
    return f"{name} <{email}> {int(by.at.timestamp())} {_zone(by.at)}"


def _clean(text: str) -> str:
    return "".join(char for char in text.strip(_CRUFT) if char not in "<>\n\0")


def _zone(at: datetime) -> str:
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
