"""Fixtures of the proofs on real repositories."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.shared_data import clone


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if own.name.startswith("popen-") else own


@pytest.fixture(scope="session")
def shared(run_folder: Path) -> Callable[[str], Path]:
    """Gives the clone of a shared repository; nothing may write to it."""
    return lambda name: clone(name, run_folder / "shared")


@pytest.fixture(scope="session")
def shared_cache(run_folder: Path) -> Path:
    """A cache that all workers of this run share."""
    return run_folder / "cache"
