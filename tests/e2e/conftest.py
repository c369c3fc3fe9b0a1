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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Self

import pytest

from ingitdb_cli.demo.repository import SEED
from tests.support.northlight import BIN, Demo, demo, environment
from tests.support.repositories import RepoBuilder

PROGRAM = BIN / "ingitdb"
TIMEOUT = 600
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


BEFORE = {
    ".ingitdb/tables.yaml": "tables:\n  fares: {key: [route, class]}\n",
    "ships/aurora.md": "---\nname: Aurora\nbuilt: 1998\nhull: {length: 90, decks: [a, b]}\n---\n"
    "Built in Turku.\n\nOne.\nTwo.\nThree.\nFour.\nFive.\nSix.\nInspected in March.\n",
    "ships/polaris.md": "---\nname: Polaris\nbuilt: 2004\nnote: x\n---\nBuilt in Gdynia.\n",
    "fares.csv": "route,class,fare\nR1,car,10.50\nR2,car,9.00\n",
    "old.csv": "a\n1\n",
    "words.csv": "word,n\nsame,1\nsame,1\nsame,2\n",
}
AFTER = {
    ".ingitdb/tables.yaml": "tables:\n  fares:\n    key: [route, class]\n"
    "    columns: {price: {renamed_from: fare}}\n",
    "ships/aurora.md": "---\nname: Aurora\nbuilt: ca. 1998\nhull: {length: 91, decks: [a, b, c]}\n"
    "---\nBuilt in Turku.\n\nOne.\nTwo.\nThree.\nFour.\nFive.\nSix.\nInspected in May.\n",
    "ships/polaris.md": "---\nname: Polaris\nbuilt: 2004\nflag: PL\n---\nBuilt in Gdynia.\n",
    "fares.csv": "route,class,price\nR1,car,11.00\nR3,car,8.25\n",
    "old.csv": None,
    "new.csv": "id,b\n7,x\n",
    "words.csv": "word,n\nsame,1\nsame,3\nsame,2\n",
}


class Program:
    """Starts the program in a folder, with a home of its own."""

    def __init__(self, home: Path, folder: Path, *, prefix: Sequence[str] = ()) -> None:
        self.home = home
        self.folder = folder
        self._prefix = prefix
        self._started: list[subprocess.Popen[bytes]] = []

    def at(self, folder: Path) -> Self:
        """Starts it elsewhere."""
        return type(self)(self.home, folder, prefix=self._prefix)

    def bound_by_modes(self) -> Self:
        """Starts it so that the modes of files hold, for root as well."""
        drop = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
        return type(self)(self.home, self.folder, prefix=() if os.geteuid() else drop)

    def environment(self, **more: str) -> dict[str, str]:
        return environment(self.home, **more)

    def __call__(
        self, *arguments: str | Path, cwd: Path | None = None, data: bytes = b"", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs it to its end."""
        done = subprocess.run(
            [*self._prefix, PROGRAM, *arguments],
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
        running = subprocess.Popen(
            [*self._prefix, PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment(),
            preexec_fn=_hear_ctrl_c,
            **more,
        )
        self._started.append(running)
        return running

    def close(self) -> None:
        """Ends what a test that failed has left running."""
        for running in self._started:
            if running.poll() is None:
                running.kill()
                running.communicate()


class Terminal:
    """The program on a terminal of its own; `stdout` goes elsewhere if a file is given."""

    def __init__(
        self,
        program: Program,
        *arguments: str | Path,
        stdout: IO[bytes] | None = None,
        **more: str,
    ) -> None:
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
            stdout=stdout or slave,
            stderr=slave,
            preexec_fn=_own_terminal,
        )
        os.close(slave)
        self.raw = ""

    def read_until(self, text: str | None, timeout: float = 180) -> str:
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

    def wait(self, timeout: float = 180) -> int:
        """Waits for the end and gives the status."""
        return self.process.wait(timeout)

    def close(self) -> None:
        """Hangs up."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._master)


def _hear_ctrl_c() -> None:
    """Undoes what a shell does to what it runs in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _own_terminal() -> None:
    _hear_ctrl_c()
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture(scope="session")
def northlight(run_folder: Path) -> Demo:
    """The demo repository as everybody has it; nothing may write to it."""
    return demo(run_folder, SEED)


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
def program(tmp_path: Path, repo: RepoBuilder) -> Iterator[Program]:
    """The program, in that repository."""
    home = tmp_path / "home"
    home.mkdir()
    started = Program(home, repo.path)
    yield started
    started.close()


@pytest.fixture
def ferries(northlight: Demo) -> Program:
    """The program in the demo repository."""
    return Program(northlight.home, northlight.path)


@pytest.fixture
def story(tmp_path: Path, program: Program) -> Program:
    """The program in a repository in which everything changes that can."""
    builder = RepoBuilder(tmp_path / "story")
    builder.commit(BEFORE, "Before")
    builder.tag("before")
    builder.commit(AFTER, "After")
    return program.at(builder.path)


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
