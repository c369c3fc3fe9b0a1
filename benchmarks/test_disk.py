"""Row 6: the bytes of the cache with all history indexed, beside those of the Git pack."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.conftest import git
from benchmarks.ratios import Goal

_GOAL = Goal(times=0.5)
REPOSITORIES = (
    "pypa-advisories",
    "congress-legislators",
    "country-codes",
    "demo-ingitdb",
    "sharded",
)


@pytest.fixture
def place(shared: Any, made: Any) -> Callable[[str], Path]:
    """Gives the path of a repository by its name."""
    return lambda name: made(name).path if name == "sharded" else shared(name)


@pytest.mark.parametrize("name", REPOSITORIES)
def test_disk(benchmark: Any, ratio: Any, place: Any, connected: Any, name: str) -> None:
    path = place(name)

    def index() -> None:
        assert connected(path).database.tables()

    label = f"row 6 disk {name}"
    benchmark.group = "row 6 disk"
    benchmark.pedantic(index, rounds=1, iterations=1)
    info = connected(path).database.cache.info()
    packs = Path(git(path, "rev-parse", "--absolute-git-dir")) / "objects" / "pack"
    taken = {"ours": info.bytes, "bound": _bytes(packs, "*.pack")}
    benchmark.extra_info.update(taken)
    for side, size in taken.items():
        ratio.note(label, side, size, _GOAL, unit="bytes")


def _bytes(folder: Path, pattern: str) -> int:
    return sum(file.stat().st_size for file in folder.rglob(pattern) if file.is_file())
