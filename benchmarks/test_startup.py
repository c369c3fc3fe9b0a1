"""Row 10: how long the program takes to say something, beside Python alone."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.conftest import median
from benchmarks.ratios import Goal

_ROUNDS = 15
_GOALS = {"--help": Goal(over=0.060), "first query": Goal(over=0.300)}
_PROGRAM = Path(sys.executable).with_name("ingitdb")
_QUERY = ("query", "SELECT count(*) FROM vulns", "--format", "csv")


@pytest.fixture
def commands(shared: Any, connected: Any, settings: Any) -> dict[str, tuple[list[str], str]]:
    """Gives what is run, with words of its answer; the repository is indexed."""
    path = shared("pypa-advisories")
    ((count,),) = connected(path).execute("SELECT count(*) FROM vulns").fetchall()
    return {
        "--help": ([str(_PROGRAM), "--help"], "Usage"),
        "first query": (
            [str(_PROGRAM), *_QUERY, "-C", str(path), "--cache", str(settings.cache)],
            f"\n{count}\n",
        ),
    }


@pytest.mark.parametrize("side", ["bound", "ours"])
@pytest.mark.parametrize("what", _GOALS)
def test_startup(benchmark: Any, ratio: Any, commands: Any, what: str, side: str) -> None:
    command, said = commands[what]
    assert said in _run(command)
    if side == "bound":
        command = [sys.executable, "-c", "pass"]
    label = f"row 10 {what}"
    benchmark.group = label
    benchmark.pedantic(_run, args=(command,), rounds=_ROUNDS, iterations=1, warmup_rounds=2)
    ratio.note(label, side, median(benchmark), _GOALS[what])


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
