"""Prints a file as git is to compare it; git starts this for each file that differs."""

import re
import sys
from pathlib import Path

from ingitdb.services.record_text import reading, record_text

_MARK = re.compile(r"\A[A-Za-z0-9]{6}_")


def main(arguments: list[str]) -> None:
    """Converts a file; all arguments but the last one say how it is to be read."""
    *how, path = arguments
    file = Path(path)
    text = record_text(file.read_bytes(), _name(file), reading("".join(how)))
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def _name(file: Path) -> str:
    """Gives a file's own name: before 2.37 git put six characters before that of a copy."""
    is_marked = file.is_absolute() and not file.parent.name.startswith("git-blob-")
    return _MARK.sub("", file.name) if is_marked else file.name


if __name__ == "__main__":
    main(sys.argv[1:])
