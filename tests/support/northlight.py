"""The demo repository and the environment in which documents are tried."""

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def environment(home: Path, **more: str) -> dict[str, str]:
    """Gives a small environment of its own: no user configuration, a cache of its own."""
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


@cache
def demo() -> Path:
    """Builds the demo repository once a process and gives its path.

    Raises:
        AssertionError: `ingitdb demo` failed.
    """
    base = Path(mkdtemp(prefix="northlight-"))
    atexit.register(rmtree, base, ignore_errors=True)
    path = base / "northlight"
    done = subprocess.run(
        [BIN / "ingitdb", "demo", "--quiet", str(path)],
        env=environment(base),
        cwd=base,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return path
