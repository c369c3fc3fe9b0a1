"""The lines of a file of Git attributes that are ours: between two comments, before all others.

There the user's own lines, which follow, win over ours, and what they hold stays byte for byte.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path

from ingitdb.errors import UsageError
from ingitdb_cli.output.target import TargetFailed, write_file

_BEGIN = b"# >>> ingitdb git-setup: until <<<, taken out by ingitdb git-setup --remove"
_NEW = b" (in a file of its own)"
_END = b"# <<< ingitdb git-setup"
_BLOCK = re.compile(
    rb"(?:^|(?<=%b))%b(?P<new>%b)?\r?\n.*?^%b\r?\n"
    % (BOM_UTF8, re.escape(_BEGIN), re.escape(_NEW), re.escape(_END)),
    re.MULTILINE | re.DOTALL,
)


def check(path: Path) -> None:
    """Refuses a file that lines cannot be put into.

    Raises:
        UsageError: It is no plain file, or our lines in it have lost their end.
        TargetFailed: It cannot be read.
    """
    _find(path, _read(path) or b"")


def write_lines(path: Path, lines: Sequence[str]) -> bool:
    """Puts lines into a file in place of ours that are there; tells whether it changed.

    Raises:
        UsageError: It is no plain file, or our lines in it have lost their end.
        TargetFailed: It cannot be read or written.
    """
    before = _read(path)
    held = before or b""
    found = _find(path, held)
    own = b"" if before is not None and not (found and found["new"]) else _NEW
    body = b"".join(line.encode("utf-8", "surrogateescape") + b"\n" for line in lines)
    block = _BEGIN + own + b"\n" + body + _END + b"\n"
    if found is None:
        start = end = len(BOM_UTF8) if held.startswith(BOM_UTF8) else 0
    else:
        start, end = found.span()
    return _replace(path, before, held[:start] + block + held[end:])


def remove_lines(path: Path) -> bool:
    """Takes our lines out of a file, and the file away if it was ours; tells whether it changed.

    Raises:
        UsageError: It is no plain file, or our lines in it have lost their end.
        TargetFailed: It cannot be read or written.
    """
    before = _read(path)
    found = _find(path, before or b"")
    if before is None or found is None:
        return False
    after = before[: found.start()] + before[found.end() :]
    if found["new"] and not after:
        try:
            path.unlink()
        except OSError as error:
            raise TargetFailed(f"{path} cannot be removed: {error.strerror}.") from error
        return True
    return _replace(path, before, after)


def _find(path: Path, held: bytes) -> re.Match[bytes] | None:
    found = _BLOCK.search(held)
    if found is None and _BEGIN in held:
        raise UsageError(
            f"The lines of ingitdb in {path} have no end.",
            hint=f"Put the line {_END.decode()!r} after the last of them, or take them out.",
        )
    return found


def _read(path: Path) -> bytes | None:
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(f"{path} is no plain file: git would not read it.")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TargetFailed(f"{path} cannot be read: {error.strerror}.") from error


def _replace(path: Path, before: bytes | None, after: bytes) -> bool:
    if after == before:
        return False
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise TargetFailed(f"{path.parent} cannot be made: {error.strerror}.") from error
    write_file(path, [after])
    return True
