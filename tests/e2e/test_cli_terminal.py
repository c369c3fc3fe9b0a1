"""The program on a terminal: tables, pager, progress, Ctrl-C."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Program, Terminal
from tests.support.repositories import RepoBuilder

Start = Callable[..., Terminal]
LONG = "SELECT i, repeat('x', 50) AS text FROM range(1000000) t(i)"
ENDLESS = "SELECT count(*) FROM range(100000000000) a, range(100000) b"


def test_a_table_cut_to_the_width(terminal: Start) -> None:
    shown = terminal("query", f"SELECT name, city, '{'x' * 200}' AS long FROM people ORDER BY 1")
    text = shown.read_until(None)
    assert shown.wait() == 0
    lines = text.splitlines()
    assert lines[0].split() == ["name", "city", "long"]
    assert "…" in lines[2]
    assert all(len(line) <= 80 for line in lines[:5])
    assert "cut: long" in text
    assert "(3 rows)" in text


def test_data_never_commands_the_terminal(terminal: Start, repo: RepoBuilder) -> None:
    repo.commit({"people/eve.yaml": 'name: "Eve\\e]0;title\\a\\e[2J"\n'})
    shown = terminal("query", "SELECT name FROM people WHERE name LIKE 'Eve%'")
    shown.read_until(None)
    assert "\x1b]" not in shown.raw
    assert "\x1b[2J" not in shown.raw


def test_binary_is_not_for_a_terminal(terminal: Start) -> None:
    shown = terminal("query", "SELECT 1", "--format", "parquet")
    assert "--output" in shown.read_until(None)
    assert shown.wait() == 2


def test_changed_files_are_noted(terminal: Start, repo: RepoBuilder) -> None:
    repo.write("people/anna.yaml", "name: Anne\n")
    repo.write("people/new.yaml", "name: New\n")
    shown = terminal("query", "SELECT name FROM people ORDER BY name")
    text = shown.read_until(None)
    assert "Anna" in text
    assert "2 files differ from HEAD; --at WORKING" in text
    pinned = terminal("query", "SELECT name FROM people ORDER BY name", "--at", "WORKING")
    text = pinned.read_until(None)
    assert "Anne" in text
    assert "differ" not in text


def test_a_long_table_goes_to_the_pager_at_once(terminal: Start, program: Program) -> None:
    fake = program.home / "pager"
    fake.write_text("#!/bin/sh\nhead -3\necho END OF PAGE\n")
    fake.chmod(0o755)
    began = time.monotonic()
    shown = terminal("query", LONG, PAGER=str(fake))
    shown.read_until("END OF PAGE")
    shown.read_until(None, timeout=10)
    assert shown.wait(10) == 0
    assert time.monotonic() - began < 30
    assert "Traceback" not in shown.raw


@pytest.mark.skipif(not Path("/usr/bin/less").exists(), reason="less is not installed")
def test_q_ends_less_at_once(terminal: Start) -> None:
    shown = terminal("query", LONG)
    shown.read_until(":")
    began = time.monotonic()
    shown.type("q")
    assert shown.wait(10) == 0
    assert time.monotonic() - began < 5


def test_without_a_pager_on_request(terminal: Start) -> None:
    shown = terminal("query", "SELECT * FROM range(500)", "--no-pager", PAGER="false")
    assert "(500 rows)" in shown.read_until(None)
    assert shown.wait() == 0


def test_memory_stays_flat(program: Program) -> None:
    def peak(rows: int) -> int:
        sql = f"SELECT i, repeat('x', 200) AS text FROM range({rows}) t(i)"
        running = program.start("query", sql, "--format", "jsonl", stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        assert running.returncode == 0
        return int(usage.ru_maxrss)

    assert peak(2_000_000) < peak(200_000) + 150_000


def interrupt(
    running: subprocess.Popen[bytes], program: Program, after: float
) -> tuple[float, bytes]:
    """Sends Ctrl-C a while after the start; gives the seconds until the end, and what was said."""
    cache = program.home / ".cache" / "ingitdb"
    while not cache.exists() and running.poll() is None:
        time.sleep(0.02)
    time.sleep(after)
    if running.poll() is not None:
        raise AssertionError(running.communicate())  # it has ended too early
    began = time.monotonic()
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    return time.monotonic() - began, errors


def test_ctrl_c_while_querying(program: Program) -> None:
    running = program.start("query", ENDLESS, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    spent, errors = interrupt(running, program, 1.5)
    assert running.returncode == 130
    assert spent < 1.5
    assert errors.decode().splitlines() == ["interrupted"]


def test_ctrl_c_on_a_terminal(terminal: Start) -> None:
    shown = terminal("query", ENDLESS)
    time.sleep(2.5)
    shown.type("\x03")
    assert shown.wait(5) == 130
    assert shown.read_until(None).strip().splitlines()[-1].endswith("interrupted")


def much_to_read(repo: RepoBuilder) -> None:
    """Adds a branch `big` with 5,000 records of 60 fields."""
    stream = [b"commit refs/heads/big\ncommitter D <d@example.org> 1700000000 +0000\ndata 1\nx\n"]
    for number in range(5000):
        data = "".join(f"field_{n}: [{number}, {n}]\n" for n in range(60)).encode()
        stream.append(b"M 100644 inline big/%d.yaml\ndata %d\n%b\n" % (number, len(data), data))
    repo.git("fast-import", "--quiet", data=b"".join(stream))


COUNT = ("query", "SELECT count(*) AS n FROM big", "--at", "big")


@pytest.mark.slow
def test_ctrl_c_while_indexing(program: Program, repo: RepoBuilder) -> None:
    much_to_read(repo)
    for after in (0.0, 0.1, 0.3, 0.6, 1.0):
        shutil.rmtree(program.home / ".cache", ignore_errors=True)
        running = program.start(*COUNT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        spent, errors = interrupt(running, program, after)
        assert running.returncode == 130, errors
        assert spent < 1.5
        assert errors.decode().splitlines() == ["interrupted"]
    assert program(*COUNT).returncode == 0


@pytest.mark.slow
def test_progress_is_for_terminals(terminal: Start, program: Program, repo: RepoBuilder) -> None:
    much_to_read(repo)
    assert program(*COUNT).stderr == ""
    assert program("cache", "clear", "--at", "big").returncode == 0
    shown = terminal(*COUNT)
    text = shown.read_until(None)
    assert shown.wait() == 0, text
    assert " of " in text
    again = terminal(*COUNT)
    assert " of " not in again.read_until(None)
    assert again.wait() == 0
