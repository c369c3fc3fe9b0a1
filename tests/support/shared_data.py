"""The real repositories that lie beside a checkout, cloned once a test run."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("demo-ingitdb", "country-codes", "congress-legislators", "pypa-advisories")


def bundles() -> Path:
    """Gives the folder of the bundles; skips the test without it, fails under CI."""
    folder = Path(os.environ.get("INGITDB_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        reason = f"no shared data in {folder}; set INGITDB_TEST_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def clone(name: str, base: Path) -> Path:
    """Clones a bundle below a folder that the workers of a run share, unless one has done so."""
    bundle = bundles() / f"{name}.bundle"
    target = base / name
    base.mkdir(parents=True, exist_ok=True)
    with (base / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            making = base / f".{name}.making"
            command = ["git", "clone", "--quiet", "--branch", "main", str(bundle), str(making)]
            subprocess.run(command, check=True, capture_output=True)
            making.rename(target)
    return target
