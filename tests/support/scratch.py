"""Small repositories made in one go, from bytes, with any name a path can have."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

Files = Mapping[str, bytes | None]
"""Paths and contents of a commit's changed files; None removes a file."""

AUTHOR = "Data Desk <data.desk@example.org>"
START = 1_700_000_000
LINK = b"\0link:"
"""A content that begins so makes a symbolic link to what follows."""


def quoted(path: str) -> bytes:
    """Quotes a path as fast-import wants it."""
    text = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + text.encode() + b'"'


def stream(commits: Iterable[Files], branch: str) -> Iterable[bytes]:
    """Gives the fast-import stream of a line of commits."""
    for number, files in enumerate(commits):
        yield f"commit refs/heads/{branch}\nmark :{number + 1}\n".encode()
        yield f"committer {AUTHOR} {START + number * 3600} +0000\n".encode()
        yield b"data 6\nchange\n"
        if number:
            yield f"from :{number}\n".encode()
        for path, data in files.items():
            if data is None:
                yield b"D " + quoted(path) + b"\n"
            else:
                mode, body = (
                    (b"120000", data[len(LINK) :]) if data.startswith(LINK) else (b"100644", data)
                )
                yield b"M " + mode + b" inline " + quoted(path) + b"\n"
                yield f"data {len(body)}\n".encode() + body + b"\n"


def repository(path: Path, commits: Iterable[Files], *, checkout: bool = False) -> Path:
    """Makes a repository whose branch `main` holds the commits."""
    git(path.parent, "init", "--quiet", "--initial-branch=main", str(path))
    feeding = subprocess.Popen(
        ["git", "-C", str(path), "fast-import", "--quiet"], stdin=subprocess.PIPE
    )
    assert feeding.stdin is not None
    feeding.stdin.writelines(stream(commits, "main"))
    feeding.stdin.close()
    assert feeding.wait() == 0
    if checkout:
        git(path, "reset", "--quiet", "--hard")
    return path


def git(path: Path, *arguments: str) -> str:
    """Runs git in a folder and gives what it prints."""
    command = ["git", "-C", str(path), *arguments]
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "surrogateescape")


def as_json(value: object) -> bytes:
    """Gives a JSON file."""
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"
