"""The program as its users start it: by name, in a pipe or on a terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.northlight import BIN, environment
from tests.support.repositories import RepoBuilder

PROGRAM = BIN / "ingitdb"
TIMEOUT = 120
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


class Program:
    """Starts the program in a folder, with a home of its own."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder

    def environment(self, **more: str) -> dict[str, str]:
        return environment(self.home, **more)

    def __call__(
        self, *arguments: str | Path, cwd: Path | None = None, data: bytes = b"", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs it to its end."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            cwd=cwd or self.folder,
            env=self.environment(**more),
            input=data,
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
        )
        texts = (stream.decode("utf-8") for stream in (done.stdout, done.stderr))
        found = subprocess.CompletedProcess(done.args, done.returncode, *texts)
        assert "Traceback" not in found.stderr, found.stderr
        return found

    def start(self, *arguments: str | Path, **more: Any) -> subprocess.Popen[bytes]:
        """Starts it and goes on."""
        return subprocess.Popen(
            [PROGRAM, *arguments], cwd=self.folder, env=self.environment(), **more
        )


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, program: Program, *arguments: str | Path, **more: str) -> None:
        self._master, slave = pty.openpty()
        columns = int(more.pop("columns", "80"))
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        around = program.environment(TERM="xterm", **more)
        del around["COLUMNS"]
        self.process = subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=program.folder,
            env=around,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            preexec_fn=_own_terminal,
        )
        os.close(slave)
        self.raw = ""

    def read_until(self, text: str | None, timeout: float = 60) -> str:
        """Reads until a text appears, or the program has ended."""
        end = time.monotonic() + timeout
        while text is None or text not in self.raw:
            assert time.monotonic() < end, self.raw
            ready, _, _ = select.select([self._master], [], [], 0.1)
            if not ready:
                if self.process.poll() is not None:
                    break
                continue
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                break  # the program has closed the terminal
            if not data:
                break
            self.raw += data.decode("utf-8", "replace")
        return _STYLE.sub("", self.raw).replace("\r\n", "\n").replace("\r", "")

    def type(self, text: str) -> None:
        """Types on the keyboard."""
        os.write(self._master, text.encode())

    def wait(self, timeout: float = 60) -> int:
        """Waits for the end and gives the status."""
        return self.process.wait(timeout)

    def close(self) -> None:
        """Hangs up."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._master)


def _own_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """A repository with people and places, of two commits."""
    builder = RepoBuilder(tmp_path / "repo")
    people = {
        "people/anna.yaml": "name: Anna\ncity: Oslo\nage: 41\n",
        "people/bo.yaml": "name: Bo\ncity: Bergen\nage: 7\n",
    }
    builder.commit({**people, "places.csv": "name,country\nOslo,NO\nBergen,NO\n"}, "First")
    builder.tag("v1")
    builder.commit({"people/cy.yaml": "name: Cy\ncity: Oslo\nage: 30\n"}, "Second")
    return builder


@pytest.fixture
def program(tmp_path: Path, repo: RepoBuilder) -> Program:
    """The program, in that repository."""
    home = tmp_path / "home"
    home.mkdir()
    return Program(home, repo.path)


@pytest.fixture
def terminal(program: Program) -> Iterator[Callable[..., Terminal]]:
    """Starts the program on a terminal."""
    opened: list[Terminal] = []

    def start(*arguments: str | Path, **more: str) -> Terminal:
        opened.append(Terminal(program, *arguments, **more))
        return opened[-1]

    yield start
    for one in opened:
        one.close()
