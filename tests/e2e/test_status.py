"""Every row of docs/status.md tells the truth: its command runs in the demo repository."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.northlight import ROOT, Demo, environment
from tests.support.transcripts import run

STATUS = ROOT / "docs" / "status.md"
STATES = {"works", "partial", "not"}
CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One promise."""

    line: int
    capability: str
    state: str
    command: str


def rows() -> list[Row]:
    """Reads the tables of the page."""
    found = []
    for number, line in enumerate(STATUS.read_text("utf-8").splitlines(), 1):
        cells = [cell.strip() for cell in CELL.split(line)][1:-1]
        if len(cells) != 3 or cells[1] == "state" or set(cells[1]) <= set("-"):
            continue
        command = re.search(r"`(.+)`", cells[2])
        assert command, f"docs/status.md:{number}: no command"
        text = command[1].replace("\\|", "|")
        found.append(Row(line=number, capability=cells[0], state=cells[1], command=text))
    return found


def test_states_are_known() -> None:
    assert len(rows()) > 50
    assert {row.state for row in rows()} <= STATES


def test_partial_says_what_is_missing() -> None:
    for row in rows():
        if row.state == "partial":
            assert ":" in row.capability or "(" in row.capability, f"status.md:{row.line}"


@pytest.mark.parametrize("row", rows(), ids=lambda row: re.sub(r"\W+", "-", row.capability)[:60])
def test_row(row: Row, northlight: Demo, tmp_path: Path) -> None:
    home = northlight.home
    if "cache clear" in row.command:
        home = shutil.copytree(home, tmp_path / "home")
    status, output = run(row.command, northlight.path, environment(home, TMPDIR=str(tmp_path)))
    assert "Traceback" not in output or row.state == "not", output
    if row.state == "not":
        assert status != 0, f"docs/status.md:{row.line} says 'not', but it works:\n{output}"
    else:
        assert status == 0, f"docs/status.md:{row.line} says {row.state!r}:\n{output}"
