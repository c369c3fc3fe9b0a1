"""Every command and every snippet of the README runs in a fresh demo repository as shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.northlight import ROOT, Demo, environment
from tests.support.transcripts import blocks, matches, run, steps, tidy

README = ROOT / "README.md"
REWRITE = os.environ.get("INGITDB_TEST_GOLDEN") == "rewrite"


@pytest.mark.parametrize(
    ("expected", "actual", "equal"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\n", "a\n", True),
        ("took ... ms\n", "took 3 ms\n", True),
        ("took ... ms\n", "took\n3 ms\n", False),
        ("(x)\n", "(x)   \n\n", True),
        ("", "a\n", False),
    ],
)
def test_comparison(expected: str, actual: str, equal: bool) -> None:
    assert matches(expected, actual) is equal


def test_tour_prints_what_it_shows(northlight: Demo) -> None:
    text = README.read_text("utf-8")
    around = environment(northlight.home, INGITDB_FORMAT="table")
    wrong = []
    found = list(steps(text))
    assert found, "the README has no tour"
    for step in reversed(found) if REWRITE else found:
        _, actual = run(step.command, northlight.path, around)
        if matches(step.expected, actual):
            continue
        wrong.append(f"README.md:{step.line}: $ {step.command}\n{actual}")
        if REWRITE:
            text = text[: step.start] + tidy(actual) + text[step.end :]
    if REWRITE:
        README.write_text(text, "utf-8")
        return
    assert not wrong, "\n".join(wrong)


def test_snippets_print_what_they_show(northlight: Demo, tmp_path: Path) -> None:
    text = README.read_text("utf-8")
    found = list(blocks(text, "pycon"))
    assert found, "the README shows no Python"
    for offset, body in found:
        script = tmp_path / f"snippet{offset}.txt"
        script.write_text(body, "utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "doctest", "-o", "ELLIPSIS", str(script)],
            cwd=northlight.path,
            env=environment(northlight.home),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_names_its_two_commands() -> None:
    text = README.read_text("utf-8")
    shell = "".join(body for _, body in blocks(text, "sh"))
    assert "make demo" in shell
    assert "make test" in shell
