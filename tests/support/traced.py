"""Watches a writer with strace and reads what it asked of the system."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.acknowledged import Job, shut, start

PATIENCE = 120
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


def strace(output: Path, *options: str) -> list[str]:
    """Gives the command that traces; skips the test where there is no strace, but not in CI."""
    if shutil.which("strace") is None:
        assert "CI" not in os.environ, "strace is missing"
        pytest.skip("strace is missing")
    return ["strace", "-f", "-y", "-s", "400", "-o", str(output), *options]


def traced(job: Job, output: Path, *options: str) -> None:
    """Lets a writer do its job under strace, from the moment at which it is ready to write.

    Args:
        job: What it does; it has a gate.
        output: Where the trace goes.
        options: What strace is told.
    """
    with shut(Path(job.gate)):
        writer = start(job)
        _wait(lambda: Path(job.log).exists())
        tracer = subprocess.Popen(
            [*strace(output, *options), "-p", str(writer.pid)], stderr=subprocess.PIPE
        )
        tasks = Path(f"/proc/{writer.pid}/task")
        _wait(lambda: tracer.poll() is not None or all(map(_is_traced, tasks.iterdir())))
    try:
        writer.wait(PATIENCE)
    finally:
        writer.kill()
        _, said = tracer.communicate(timeout=PATIENCE)
    if b"not permitted" in said:
        assert "CI" not in os.environ, said.decode()
        pytest.skip("strace may not look at processes here")


def _is_traced(task: Path) -> bool:
    return "TracerPid:\t0\n" not in (task / "status").read_text()


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
