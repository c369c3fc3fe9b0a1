"""Environments of their own, for tools whose versions do not go with ours."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from tests.support.once import once

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".make" / "recipes"


def python(name: str, *projects: Path) -> Path:
    """Gives the Python of an environment, made once of the versions in `<name>.txt`.

    Args:
        name: The tool.
        projects: What is installed by its path, without what it wants: that would clash.
    """
    wanted = Path(__file__).with_name(f"{name}.txt")
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]
    folder = FOLDER / name
    program = folder / "bin" / "python"

    def make(marker: Path) -> None:
        venv.create(folder, clear=True, with_pip=True)
        _install(program, "--requirement", wanted)
        for project in projects:
            _install(program, "--no-deps", "--editable", project)
        marker.touch()

    once(FOLDER / f"{name}-{digest}", make)
    return program


def version(program: Path | str, package: str) -> str:
    """Gives the version of a package in an environment."""
    asked = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([program, "-c", asked], capture_output=True, text=True, check=True)
    return f"{package} {done.stdout.strip()}"


def own_version(package: str) -> str:
    """Gives the version of a package in the environment of the tests."""
    return version(sys.executable, package)


def _install(program: Path, *arguments: Path | str) -> None:
    given = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [program, *given, *arguments], capture_output=True, text=True, check=False, timeout=1200
    )
    assert done.returncode == 0, done.stderr[-2000:]
