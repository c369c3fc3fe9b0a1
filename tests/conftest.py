"""What holds for all tests: one seed and one folder a run, shared by its workers."""

import os
import random
from pathlib import Path

import pytest

SEED = "INGITDB_TEST_SEED"


def pytest_configure() -> None:
    """Chooses the seed before workers start, so that all of them share it.

    In CI it is fixed: a change is judged by what it does, and other seeds are looked for by hand
    and by the sweeps.
    """
    os.environ.setdefault(SEED, "1" if os.environ.get("CI") else str(random.randrange(2**32)))


def pytest_report_header() -> str:
    """Says how to repeat the run."""
    return f"random choices: {SEED}={os.environ[SEED]}"


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of this run."""
    return int(os.environ[SEED])


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if own.name.startswith("popen-") else own
