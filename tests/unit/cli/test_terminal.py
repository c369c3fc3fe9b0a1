"""Pager, progress and messages, as far as they need no terminal."""

import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingitdb_cli.messages import Messages
from ingitdb_cli.output.pager import Pager, pager_command
from ingitdb_cli.output.target import TargetFailed, write_file
from ingitdb_cli.progress import TerminalProgress


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({}, ["less"]),
        ({"PAGER": "more -s"}, ["more", "-s"]),
        ({"PAGER": ""}, None),
        ({"PAGER": "cat"}, None),
        ({"PAGER": "less", "INGITDB_PAGER": "most"}, ["most"]),
        ({"PAGER": "less '"}, None),
    ],
)
def test_the_pager_is_the_users(environment: dict[str, str], command: list[str] | None) -> None:
    assert pager_command(environment) == command


def test_a_pager_is_fed(tmp_path: Path) -> None:
    target = tmp_path / "out"
    pager = Pager(["tee", str(target)], {"PATH": "/usr/bin:/bin"})
    pager.feed(["ø", "b"])
    assert target.read_text("utf-8") == "ø\nb\n"


def test_a_pager_that_ends_takes_no_more_lines() -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "x" * 1000

    pager = Pager(["head", "-1"], {"PATH": "/usr/bin:/bin"})
    pager.feed(endless())
    assert taken < 10_000
    assert pager.ended


def test_the_end_of_a_pager_is_told_at_once() -> None:
    told: list[bool] = []
    pager = Pager(["true"], {"PATH": "/usr/bin:/bin"})
    pager.on_end(lambda: told.append(True))
    for _ in range(3000):
        if told:
            break
        time.sleep(0.02)
    assert told
    pager.close()


def test_short_work_passes_in_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    progress = TerminalProgress(enabled=True)
    progress.advance("commits", 1, 1400)
    assert capsys.readouterr().err == ""
    now[0] += 2
    progress.advance("commits", 700, 1400)
    assert "commits: 700 of 1,400 · 2 s left" in capsys.readouterr().err
    progress.advance("commits", 701, 1400)
    assert capsys.readouterr().err == ""
    progress.clear()
    assert capsys.readouterr().err == "\r\x1b[K"
    progress.advance("commits", 1400, 1400)
    assert capsys.readouterr().err == ""


def test_no_progress_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    progress = TerminalProgress(enabled=False)
    now[0] += 5
    progress.advance("commits", 1, 2)
    progress.clear()
    assert capsys.readouterr().err == ""


def test_messages(capsys: pytest.CaptureFixture[str]) -> None:
    messages = Messages()
    messages.error("bad \x1b[31mname\n  ^", "do this")
    messages.note("a")
    messages.note("a")
    messages.quiet = True
    messages.warning("b")
    messages.line("c")
    assert capsys.readouterr().err == "error: bad �[31mname\n  ^\nhint: do this\nnote: a\n"


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    Messages().error("x")


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")

    def failing() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_file(target, failing())
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]
    write_file(target, [b"new", b"er"])
    assert target.read_text() == "newer"


def test_a_target_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(TargetFailed, match="cannot be written"):
        write_file(tmp_path / "missing" / "out.csv", [b"x"])
    with pytest.raises(TargetFailed):
        write_file(tmp_path, [b"x"])
