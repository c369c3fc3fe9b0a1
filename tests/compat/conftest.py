"""Fixtures of the proofs on real repositories."""

from collections.abc import Callable
from pathlib import Path

import pytest

import ingitdb
from tests.support.once import once
from tests.support.shared_data import clone


@pytest.fixture(scope="session")
def shared(run_folder: Path) -> Callable[[str], Path]:
    """Gives the clone of a shared repository; nothing may write to it."""
    return lambda name: clone(name, run_folder / "shared")


@pytest.fixture(scope="session")
def shared_cache(run_folder: Path) -> Path:
    """A cache that all workers of this run share."""
    return run_folder / "cache"


@pytest.fixture(scope="session")
def indexed(
    shared: Callable[[str], Path], shared_cache: Path, run_folder: Path
) -> Callable[[str], Path]:
    """Gives the clone of a shared repository, which the shared cache knows by then."""

    def index(name: str) -> Path:
        path = shared(name)

        def ask(answer: Path) -> None:
            with ingitdb.connect(path, settings=ingitdb.Settings(cache=shared_cache)) as connection:
                answer.write_text(repr(connection.execute("SHOW TABLES").fetchall()), "utf-8")

        once(run_folder / "indexed" / name, ask)
        return path

    return index
