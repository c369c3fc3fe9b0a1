"""Row 10: how long the program takes to say something, beside Python alone.

Both run as after `pip install`, with the bytecode of every module at hand: the warm-up rounds write
it to a folder of their own, for a checkout under PYTHONDONTWRITEBYTECODE has none.
"""

import os
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


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Gives the environment of an installed program."""
    found = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    return found


@pytest.mark.parametrize("side", ["bound", "ours"])
@pytest.mark.parametrize("what", _GOALS)
def test_startup(
    benchmark: Any, ratio: Any, commands: Any, environment: Any, what: str, side: str
) -> None:
    command, said = commands[what]
    assert said in _run(command, environment)
    if side == "bound":
        command = [sys.executable, "-c", "pass"]
    label = f"row 10 {what}"
    benchmark.group = label
    arguments = (command, environment)
    benchmark.pedantic(_run, args=arguments, rounds=_ROUNDS, iterations=1, warmup_rounds=2)
    ratio.note(label, side, median(benchmark), _GOALS[what])


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout
