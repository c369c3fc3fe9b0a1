"""Each scalar of real and torture files changes alone: git and other readers are asked about it.

Some hundreds of each repository in the full suite; `make sweep-texts` changes thousands.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ingitdb.formats.registry import name_of
from tests.support import torture_texts
from tests.support.shared_data import NAMES
from tests.support.text_sweep import File, Sweep

COUNT = int(os.environ.get("INGITDB_TEST_TEXTS", "150"))
FORMATS = frozenset({"yaml", "json", "jsonl", "csv", "toml", "markdown"})
NO_RECORDS = ("/.ingitdb/", "/.collection/", "/README.md")
STYLES = {
    "demo-ingitdb": {"body", "json quoted", "yaml double quoted", "yaml plain"},
    "country-codes": {"csv empty", "csv plain", "csv quoted"},
    "congress-legislators": {"yaml plain", "yaml plain list item", "yaml single quoted"},
    "pypa-advisories": {"yaml literal block", "yaml plain", "yaml single quoted list item"},
    "torture": {
        *(
            "body",
            "toml literal",
            "csv quoted over lines",
            "json quoted list item",
            "toml quoted over lines",
        ),
        *("yaml folded block", "yaml literal block list item", "yaml plain in flow"),
        *("yaml anchored literal block", "yaml anchored plain, repeated", "jsonl plain"),
    },
}
"""Styles of which there must be some."""
FOLDED = {"yaml double quoted over lines", "yaml single quoted over lines", "yaml plain over lines"}
LOST = {
    "demo-ingitdb": {"yaml double quoted"},
    "country-codes": FOLDED,
    "congress-legislators": {*FOLDED, "yaml single quoted", "yaml plain list item"},
    "pypa-advisories": {*FOLDED, "yaml single quoted", "yaml double quoted"},
}
"""Styles whose spelling may follow from nothing around, so that it is lost with the value."""


def files_of(repository: Path) -> list[File]:
    """Gives the files of records of a work tree."""
    command = ["git", "ls-files", "-z"]
    told = subprocess.run(command, cwd=repository, capture_output=True, check=True).stdout
    found = []
    for path in told.decode().split("\0"):
        name = name_of(path) if path else None
        if name in FORMATS and not any(part in f"/{path}" for part in NO_RECORDS):
            found.append(File(path, name, (repository / path).read_bytes()))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, "torture"])
def test_each_scalar_changes_alone(
    name: str, shared: Callable[[str], Path], tmp_path: Path, seed: int
) -> None:
    if name == "torture":
        files = [File(path, *held) for path, held in torture_texts.FILES.items()]
    else:
        files = files_of(shared(name))
    pieces = [piece for file in files for piece in file.pieces()]
    sweep = Sweep(seed)
    sweep.run(pieces, COUNT, tmp_path)
    longs = [file for file in files if len(file.pieces()) > 1]
    if longs:
        sweep.run(longs, max(COUNT // 20, 1), tmp_path, note=" of a long file")
    for piece in pieces[:COUNT]:
        sweep.inserts(piece)
    print(sweep.table(name))  # noqa: T201 - shown with -rP and by `make sweep-texts`
    assert sweep.failures == []
    assert set(sweep.counts) >= STYLES[name]
    lost = {style for style, _ in sweep.lost}
    assert name == "torture" or lost <= LOST[name]
