"""Servers that a test run starts for itself on loopback, and ends."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 60
PAUSE = 0.05


def program(name: str) -> str:
    """Finds a program; without it a test is skipped, but in CI it fails."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is missing"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def free_port() -> int:
    """Gives a port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def started(
    command: Sequence[str], log: Path, is_ready: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a server until it is ready, and ends it afterwards."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as it:
        try:
            until(is_ready, lambda: it.poll() is None, log)
            yield it
        finally:
            it.terminate()
            it.wait(PATIENCE)


def until(is_ready: Callable[[], bool], is_alive: Callable[[], bool], log: Path) -> None:
    """Waits for a server."""
    end = time.monotonic() + PATIENCE
    while not is_ready():
        assert is_alive(), log.read_text("utf-8", errors="replace")
        assert time.monotonic() < end, log.read_text("utf-8", errors="replace")
        time.sleep(PAUSE)


def listens(port: int) -> bool:
    """Whether somebody listens at a port."""
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0
