"""HAProxy in front of several servers: one address, a connection stays with one of them."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

CONFIGURATION = """\
defaults
  mode tcp
  option redispatch
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen ingitdb
  bind 127.0.0.1:{front}
  balance leastconn
  default-server check inter 200ms fall 1
"""


@contextmanager
def balanced(folder: Path, ports: Sequence[int]) -> Iterator[int]:
    """Runs HAProxy while the block does; gives its port. Skips where there is none, not in CI."""
    program = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        assert "CI" not in os.environ, "haproxy is missing"
        pytest.skip("haproxy is missing")
    with socket.create_server(("127.0.0.1", 0)) as free:
        front = free.getsockname()[1]
    servers = [f"  server s{at} 127.0.0.1:{port}\n" for at, port in enumerate(ports)]
    file = folder / "haproxy.cfg"
    file.write_text(CONFIGURATION.format(front=front) + "".join(servers))
    running = subprocess.Popen([program, "-q", "-db", "-f", str(file)])
    try:
        _wait(front)
        yield front
    finally:
        running.terminate()
        running.wait(30)


def _wait(port: int) -> None:
    """Waits until somebody listens.

    Raises:
        TimeoutError: Nobody does within ten seconds.
    """
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")
