"""Row 6: the bytes of the cache with all history indexed, beside those of the Git pack."""

from pathlib import Path
from typing import Any

import pytest

import ingitdb
from benchmarks.conftest import git
from benchmarks.ratios import Goal
from ingitdb.settings import Settings

_GOAL = Goal(times=0.5)
REPOSITORIES = (
    "pypa-advisories",
    "congress-legislators",
    "country-codes",
    "demo-ingitdb",
    "sharded",
)


@pytest.mark.parametrize("name", REPOSITORIES)
def test_disk(
    benchmark: Any, ratio: Any, shared: Any, made: Any, tmp_path: Path, name: str
) -> None:
    path = made(name).path if name == "sharded" else shared(name)
    cache = tmp_path / "cache"

    def index() -> None:
        with ingitdb.connect(path, settings=Settings(cache=cache, workers=2)) as connection:
            connection.execute("SELECT 1").fetchall()
            assert connection.database.tables()

    label = f"row 6 disk {name}"
    benchmark.group = "row 6 disk"
    benchmark.pedantic(index, rounds=1, iterations=1)
    packs = Path(git(path, "rev-parse", "--absolute-git-dir")) / "objects" / "pack"
    taken = {"ours": _bytes(cache, "*"), "bound": _bytes(packs, "*.pack")}
    benchmark.extra_info.update(taken)
    for side, size in taken.items():
        ratio.note(label, side, size, _GOAL, unit="bytes")


def _bytes(folder: Path, pattern: str) -> int:
    return sum(file.stat().st_size for file in folder.rglob(pattern) if file.is_file())
