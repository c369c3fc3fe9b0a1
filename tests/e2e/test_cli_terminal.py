"""The program on a terminal: tables, pager, progress, Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import Program, Terminal
from tests.support.repositories import RepoBuilder

Start = Callable[..., Terminal]
LONG = "SELECT i, repeat('x', 50) AS text FROM range(1000000) t(i)"
ENDLESS = "SELECT count(*) FROM range(100000000000) a, range(100000) b"
GUARD = 180
ENDLESS_ROWS = "SELECT i FROM range(1000000000000) t(i)"


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
    shown = terminal("query", ENDLESS_ROWS, PAGER=str(fake))  # at its end there is no beginning
    shown.read_until("END OF PAGE")
    shown.read_until(None)
    assert shown.wait() == 0
    assert "Traceback" not in shown.raw


@pytest.mark.skipif(not Path("/usr/bin/less").exists(), reason="less is not installed")
@pytest.mark.parametrize("sql", [ENDLESS_ROWS, f"{ENDLESS_ROWS} WHERE i < 1000000"])
def test_q_ends_less_at_once(terminal: Start, sql: str) -> None:
    shown = terminal("query", sql)
    shown.read_until(":")
    shown.type("q")
    assert shown.wait() == 0


def peak(running: "subprocess.Popen[bytes]") -> int:
    """Waits for the end and gives the most memory that a process had, in kB."""
    _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0
    return int(usage.ru_maxrss)


@pytest.mark.slow
def test_a_million_records(terminal: Start, program: Program, repo: RepoBuilder) -> None:
    lines = "".join(f"{n},name {n},{n % 1000}.50\n" for n in range(1_000_000))
    repo.commit({"sales.csv": f"id,name,price\n{lines}"})
    assert program("query", "SELECT count(*) AS n FROM sales").stdout == "n\n1000000\n"
    few = terminal("query", "SELECT * FROM sales LIMIT 100", PAGER="tail -1")
    assert "99  name 99" in few.read_until(None)
    more = terminal("query", "SELECT * FROM sales", PAGER="tail -1")
    assert "999999  name 999999" in more.read_until(None, timeout=600)
    assert peak(more.process) < peak(few.process) + 150_000
    shown = terminal("query", "SELECT * FROM sales", PAGER="less")
    shown.read_until(":")
    shown.type("q")
    assert shown.wait() == 0


def test_without_a_pager_on_request(terminal: Start) -> None:
    shown = terminal("query", "SELECT * FROM range(500)", "--no-pager", PAGER="false")
    assert "(500 rows)" in shown.read_until(None)
    assert shown.wait() == 0


def test_memory_stays_flat(program: Program) -> None:
    def most(rows: int) -> int:
        sql = f"SELECT i, repeat('x', 200) AS text FROM range({rows}) t(i)"
        return peak(program.start("query", sql, "--format", "jsonl", stdout=subprocess.DEVNULL))

    assert most(2_000_000) < most(200_000) + 150_000


def at_work(running: "subprocess.Popen[bytes]", program: Program, after: float) -> None:
    """Waits until the program has opened its cache, and a while longer."""
    cache = program.home / ".cache" / "ingitdb"
    while not cache.exists() and running.poll() is None:
        time.sleep(0.02)
    time.sleep(after)
    assert running.poll() is None, "it has ended too early"


def children(parent: int) -> list[int]:
    """Gives the processes that a process has started, without those that are gone already."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def alive(process: int) -> bool:
    """Tells whether a process still runs."""
    with suppress(OSError):
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2][1] != "Z"
    return False


def interrupt(running: "subprocess.Popen[bytes]") -> None:
    """Sends Ctrl-C; the program ends with one line and leaves no process behind."""
    helpers = children(running.pid)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=GUARD)
    assert running.returncode == 130, errors
    assert errors.decode().splitlines() == ["interrupted"]
    end = time.monotonic() + GUARD
    while any(map(alive, helpers)):
        assert time.monotonic() < end, "its helpers outlive it"
        time.sleep(0.02)


def test_ctrl_c_while_querying(program: Program) -> None:
    running = program.start("query", ENDLESS, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    at_work(running, program, 1.0)
    interrupt(running)


def test_ctrl_c_on_a_terminal(terminal: Start, program: Program) -> None:
    shown = terminal("query", ENDLESS)
    at_work(shown.process, program, 1.0)
    shown.type("\x03")
    assert shown.wait() == 130
    assert shown.read_until(None).strip().splitlines()[-1].endswith("interrupted")


def test_ctrl_c_in_the_pager(terminal: Start) -> None:
    shown = terminal("query", ENDLESS_ROWS, PAGER="cat -u")
    shown.read_until("1000")
    shown.type("\x03")
    assert shown.wait() == 130
    assert "interrupted" in shown.read_until(None)


def much_to_read(repo: RepoBuilder, records: int, commits: int) -> None:
    """Adds a branch `big` with records of 60 fields, and commits that change some."""
    stream = []
    for turn in range(commits):
        stream.append(b"commit refs/heads/big\ncommitter D <d@example.org> %d +0000\n" % turn)
        stream.append(b"data 1\nx\n")
        for number in range(0 if turn == 0 else records - 1, records):
            data = "".join(f"field_{n}: [{number}, {n}, {turn}]\n" for n in range(60)).encode()
            stream.append(b"M 100644 inline big/%d.yaml\ndata %d\n%b\n" % (number, len(data), data))
    repo.git("fast-import", "--quiet", data=b"".join(stream))


COUNT = ("query", "SELECT count(*) AS n FROM big", "--at", "big")


@pytest.mark.parametrize(
    "after", [0.3, *(pytest.param(x, marks=pytest.mark.slow) for x in (0.0, 0.1, 0.6, 1.0))]
)
def test_ctrl_c_while_indexing(program: Program, repo: RepoBuilder, after: float) -> None:
    much_to_read(repo, 5000, 1)
    running = program.start(*COUNT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    at_work(running, program, after)
    interrupt(running)
    assert program("cache", "verify").returncode == 0
    assert program(*COUNT).stdout == "n\n5000\n"


@pytest.mark.slow
def test_the_next_run_goes_on_from_there(terminal: Start, repo: RepoBuilder) -> None:
    much_to_read(repo, 24_000, 1)
    repo.git("symbolic-ref", "HEAD", "refs/heads/big")
    shown = terminal(*COUNT)
    shown.read_until(" left")
    shown.type("\x03")
    first = shown.read_until(None)
    assert shown.wait() == 130, first
    text = terminal(*COUNT).read_until(None)
    before, after = (
        [int(n.replace(",", "")) for n in re.findall(r"records: ([\d,]+) of", screen)]
        for screen in (first, text)
    )
    assert min(after, default=0) >= max(before) > 0, (first, text)
    assert "24000" in text


@pytest.mark.slow
def test_progress_is_for_terminals(
    terminal: Start, program: Program, repo: RepoBuilder, tmp_path: Path
) -> None:
    much_to_read(repo, 4000, 100)
    target = tmp_path / "out.json"
    with target.open("wb") as out:
        shown = terminal(*COUNT, "--format", "json", stdout=out)
        text = shown.read_until(None)
    assert shown.wait() == 0, text
    assert json.loads(target.read_bytes()) == [{"n": 4000}]
    assert re.search(r"records: [\d,]+ of [\d,]+ · \d+ (s|min) left", text), text
    again = terminal(*COUNT)
    assert again.read_until(None).split() == ["n", "────", "4000", "(1", "row)"]
    assert program("cache", "clear").returncode == 0
    assert program(*COUNT).stderr == ""
