"""Runs a program under strace and reads what it asked of the system."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CALLS = "fsync,fdatasync,rename,renameat,renameat2,link,linkat,write,pwrite64"
_LINE = re.compile(r"(?P<process>\d+) +(?P<rest>.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<given>.*)\) += (?P<result>-?\d+).*")
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(?P<rest>.*)")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PLACE = re.compile(r"\d+<([^>]*)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One finished call of the system.

    Attributes:
        began: The place of its begin among all begins and ends.
        ended: The place of its end.
        name: What was called.
        places: The open files that it was given, by path.
        texts: The texts that it was given: paths, or what is written.
    """

    began: int
    ended: int
    name: str
    places: tuple[str, ...]
    texts: tuple[str, ...]


def traced(
    command: Sequence[str], output: Path, *options: str, **more: Any
) -> "subprocess.CompletedProcess[bytes]":
    """Runs a program under strace; skips the test where there is none, but not in CI."""
    if shutil.which("strace") is None:
        assert "CI" not in os.environ, "strace is missing"
        pytest.skip("strace is missing")
    quick = () if "-P" in options else ("--seccomp-bpf",)  # they do not go together
    traces = ("strace", "-f", *quick, "-y", "-s", "400", "-o", str(output), *options)
    done = subprocess.run([*traces, *command], capture_output=True, check=False, **more)
    if b"ptrace" in done.stderr and not output.stat().st_size:
        assert "CI" not in os.environ, done.stderr.decode()
        pytest.skip("strace may not look at processes here")
    return done


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """Reads the calls that succeeded, in the order of their ends."""
    begun: dict[str, tuple[int, str]] = {}
    for at, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None:
            continue
        process, text, began = found["process"], found["rest"], at
        if text.endswith(_UNFINISHED):
            begun[process] = at, text.removesuffix(_UNFINISHED)
            continue
        resumed = _RESUMED.match(text)
        if resumed is not None and process in begun:
            began, start = begun.pop(process)
            text = start + resumed["rest"]
        call = _CALL.match(text)
        if call is not None and int(call["result"]) >= 0:
            given = call["given"]
            texts = tuple(_TEXT.findall(given))
            places = tuple(_PLACE.findall(_TEXT.sub("", given)))
            yield Call(began=began, ended=at, name=call["name"], places=places, texts=texts)
