"""docs/drivers/status.md: its rows, and what a run has to say about them."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "drivers" / "status.md"
REWRITE = os.environ.get("INGITDB_TEST_GOLDEN") == "rewrite"
_LINK = re.compile(r"\[.+\]\((?P<target>.+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What happened with a tool."""

    tool: str
    version: str
    date: str
    result: str
    recipe: str

    @property
    def target(self) -> str:
        """The file that the recipe is, from the page."""
        found = _LINK.fullmatch(self.recipe)
        assert found, self.recipe
        return found["target"]

    @property
    def programs(self) -> str:
        """The versions with every number left open."""
        return re.sub(r"\d[\w.]*", "0", self.version)

    def __str__(self) -> str:
        cells = (self.tool, self.version, self.date, self.result, self.recipe)
        return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


def rows() -> dict[str, Row]:
    """Reads the page."""
    found = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")][1:-1]
        if len(cells) == 5 and cells[0] != "tool" and not set(cells[0]) <= set("-"):
            tool, version, date, result, recipe = cells
            found[tool] = Row(tool=tool, version=version, date=date, result=result, recipe=recipe)
    return found


@contextmanager
def told(tool: str, version: str) -> Iterator[None]:
    """Compares what happens in the block with the page, or writes it there."""
    known = rows()[tool]
    result = "fails"
    try:
        yield
        result = "works"
    finally:
        if REWRITE:
            today = datetime.now(UTC).date().isoformat()
            happened = Row(
                tool=tool, version=version, date=today, result=result, recipe=known.recipe
            )
            _rewrite(happened)
    now = rows()[tool]
    assert now.result == result
    assert now.programs == re.sub(r"\d[\w.]*", "0", version)


def _rewrite(row: Row) -> None:
    """Puts a row in the place of the tool's; workers take turns."""
    lock = ROOT / ".make" / "recipes" / "status.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        old = str(rows()[row.tool])
        text = PAGE.read_text("utf-8")
        assert old in text
        new = PAGE.with_name(f".{PAGE.name}")
        new.write_text(text.replace(old, str(row)), "utf-8")
        new.rename(PAGE)
