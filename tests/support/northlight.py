"""The demo repository, its story, and the environment in which documents are tried."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from tests.support.once import once

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demo repository that has been made, shown and indexed.

    Attributes:
        path: The repository.
        home: A home folder whose cache holds it; only `cache clear` may change that.
        screen: What `ingitdb demo` printed.
        outside: What it left behind beside the repository.
    """

    path: Path
    home: Path
    screen: str
    outside: str


def demo(base: Path, seed: int) -> Demo:
    """Gives the demo repository that all workers of a run share.

    Raises:
        AssertionError: `ingitdb demo` failed.
    """
    folder = base / f"demo-{seed}"
    path, home = folder / "northlight", folder / "home"

    def make(screen: Path) -> None:
        for old in (path, home):
            rmtree(old, ignore_errors=True)
        home.mkdir(parents=True)
        before = set(folder.rglob("*"))
        told = _run(["demo", "northlight", "--seed", str(seed)], folder, home)
        beside = {p for p in set(folder.rglob("*")) - before if not p.is_relative_to(path)}
        (folder / "outside").write_text("\n".join(map(str, sorted(beside))))
        _run(["tables"], path, home)  # so that nobody waits for the index again
        screen.write_text(told, "utf-8")

    screen = once(folder / "screen", make).read_text("utf-8")
    return Demo(path=path, home=home, screen=screen, outside=(folder / "outside").read_text())


def _run(arguments: list[str], folder: Path, home: Path) -> str:
    done = subprocess.run(
        [BIN / "ingitdb", *arguments],
        env=environment(home),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
