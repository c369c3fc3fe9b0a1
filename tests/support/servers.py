"""Servers of Debian's packages that a test run starts on loopback and stops in the end."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE = 60
USER = "nobody"
_RUNNING: list["Server"] = []


@dataclass
class Server:
    """A program that serves until the tests are done.

    Attributes:
        folder: Where it keeps its data; goes with it.
        end: The signal that ends it at once and well.
    """

    process: subprocess.Popen[bytes]
    folder: Path
    end: signal.Signals = signal.SIGTERM

    def stop(self) -> None:
        """Ends it, and takes its data away."""
        self.process.send_signal(self.end)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def program(name: str, package: str, folders: Sequence[str] = ()) -> str:
    """Finds a program; without it a test is skipped, but in CI it fails.

    Args:
        name: What the program is called.
        package: The Debian package that has it.
        folders: Patterns of folders where it may lie beside those of PATH.
    """
    found = [path for one in folders for path in sorted(Path("/").glob(f"{one[1:]}/{name}"))]
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        assert "CI" not in os.environ, f"{name} is missing: install {package}"
        pytest.skip(f"{name} is missing: install {package}")
    return path


def folder(where: Path | None = None) -> Path:
    """Makes a folder for data, of the user whom servers run as.

    Args:
        where: The folder that it lies in, if that is there.
    """
    there = where if where is not None and where.is_dir() else None
    made = Path(tempfile.mkdtemp(prefix="ingitdb-server-", dir=there))
    hand_over(made)
    return made


def hand_over(path: Path) -> None:
    """Makes a file or folder belong to the user whom servers run as."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(USER)
        os.chown(path, user.pw_uid, user.pw_gid)


def unprivileged(command: Sequence[str], end: str = "INT") -> list[str]:
    """Gives a command that does not run as root; it ends with the test run, by a signal."""
    prefix = ["setpriv", "--pdeathsig", end]
    if os.geteuid() == 0:
        user = pwd.getpwnam(USER)
        prefix += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*prefix, *command]


def certified(folder: Path) -> tuple[Path, Path]:
    """Makes a certificate that is its own authority, and its key, in a folder."""
    cert, key = folder / "own.pem", folder / "own.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    for path in (cert, key):
        hand_over(path)
    return cert, key


def free_port() -> int:
    """Gives a port of loopback that nothing listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def started(
    command: Sequence[str],
    data: Path,
    is_ready: Callable[[], bool],
    end: signal.Signals = signal.SIGTERM,
) -> Server:
    """Starts a server and waits until it answers.

    Args:
        command: What is run.
        data: Its folder, where its log goes too.
        is_ready: Whether it answers.
        end: The signal that ends it at once and well.
    """
    log = data / "server.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, cwd=data)
    server = Server(process=process, folder=data, end=end)
    _RUNNING.append(server)
    last = time.monotonic() + PATIENCE
    while not is_ready():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < last, log.read_text()
        time.sleep(0.05)
    return server


def stop_all() -> None:
    """Stops all servers that were started."""
    while _RUNNING:
        _RUNNING.pop().stop()


@contextmanager
def serving(command: Sequence[str], data: Path, is_ready: Callable[[], bool]) -> Iterator[None]:
    """Runs a server while the block does; its arguments are those of `started`."""
    server = started(command, data, is_ready)
    try:
        yield
    finally:
        _RUNNING.remove(server)
        server.stop()


def listens(port: int) -> bool:
    """Whether somebody listens at a port of loopback."""
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0
