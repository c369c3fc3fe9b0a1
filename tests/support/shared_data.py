"""The real repositories that lie beside a checkout, cloned once a test run."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.once import once

ROOT = Path(__file__).resolve().parents[2]
LOCK = """#!/bin/sh
while read -r _ _ ref; do
    case $ref in
        refs/heads/*)
            echo 'all tests share this clone: move the branches of a copy' >&2
            exit 1
            ;;
    esac
done
"""
"""A hook that git asks before it moves a ref."""
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
    """Clones a bundle below a folder that the workers of a run share, unless one has done so.

    Its branches cannot be moved.
    """
    bundle = bundles() / f"{name}.bundle"

    def make(path: Path) -> None:
        command = ["git", "clone", "--quiet", "--branch", "main", str(bundle), str(path)]
        subprocess.run(command, check=True, capture_output=True)
        hook = path / ".git" / "hooks" / "reference-transaction"
        hook.write_text(LOCK, "utf-8")
        hook.chmod(0o755)

    return once(base / name, make)
