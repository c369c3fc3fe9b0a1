"""Runs the `console` and `pycon` blocks of a Markdown file and compares what they print."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TIMEOUT = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command of a console block, with the place of its expected output in the file."""

    line: int
    command: str
    expected: str
    start: int
    end: int


def blocks(text: str, language: str) -> Iterator[tuple[int, str]]:
    """Gives (offset, body) of each fenced block of one language."""
    for found in FENCE.finditer(text):
        if found[1] == language:
            yield found.start(2), found[2]


def steps(text: str) -> Iterator[Step]:
    """Gives every `$ command` of the console blocks; a line that begins with `> ` continues it."""
    for offset, body in blocks(text, "console"):
        starts = [m.start() for m in re.finditer(r"^\$ ", body, re.MULTILINE)] + [len(body)]
        for begin, end in pairwise(starts):
            lines = body[begin:end].splitlines(keepends=True)
            count = 1
            while count < len(lines) and lines[count].startswith("> "):
                count += 1
            command = "".join(line[2:] for line in lines[:count]).strip()
            shown = offset + begin + sum(len(line) for line in lines[:count])
            yield Step(
                line=text.count("\n", 0, offset + begin) + 1,
                command=command,
                expected="".join(lines[count:]),
                start=shown,
                end=offset + end,
            )


def matches(expected: str, actual: str) -> bool:
    """Compares exactly; `...` as a line stands for any lines, inside a line for any text."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n"
        for line in tidy(expected).splitlines()
    )
    return re.fullmatch(pattern, tidy(actual)) is not None


def tidy(text: str) -> str:
    """Drops blanks at line ends and empty lines at the end."""
    lines = [line.rstrip() for line in text.rstrip().split("\n")]
    return "\n".join(lines) + "\n" if lines != [""] else ""


def run(command: str, cwd: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Runs one command as a terminal would: both outputs in one text."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8")
