"""`ingitdb migrate` as its users type it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import pytest

from ingitdb.services.migrations.scripted import DIALECTS
from ingitdb_cli.commands.migrate import generate
from ingitdb_cli.program import run as started
from ingitdb_cli.statuses import Status
from tests.support.repositories import RepoBuilder

Run = Callable[..., int]


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    repo = RepoBuilder(tmp_path / "repo")
    repo.commit({"data/t.csv": "id,name\n1,a\n2,b\n"})
    repo.commit({"data/t.csv": "id,name\n1,a\n2,c\n"})
    repo.commit({"data/t.csv": "id\n1\n2\n"})
    return repo


@pytest.fixture
def run(repo: RepoBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        return started(["migrate", "generate", "--source", str(repo.path), *arguments])

    return run


def test_scripts_lead_there_and_back(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    files = ("--output", "up.sql", "--rollback", "down.sql")
    assert run("--from", "HEAD~2", "--to", "HEAD~1", "--dialect", "sqlite", *files) == Status.DONE
    out, err = capfd.readouterr()
    assert out == ""
    assert "update rows data.t, 1 rows" in err
    with closing(sqlite3.connect("t.db", isolation_level=None)) as target:
        target.execute('CREATE TABLE "data.t" (id BIGINT, name TEXT)')
        target.executemany('INSERT INTO "data.t" VALUES (?, ?)', [(1, "a"), (2, "b")])
        for file, name in (("up.sql", "c"), ("up.sql", "c"), ("down.sql", "b")):
            target.executescript(Path(file).read_text("utf-8"))
            assert target.execute('SELECT name FROM "data.t" WHERE id = 2').fetchall() == [(name,)]


def test_a_script_goes_to_stdout_and_its_plan_to_stderr(
    run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("--at", "HEAD~1", "--dialect", "duckdb") == Status.DONE
    out, err = capfd.readouterr()
    assert out.startswith("-- Leads EMPTY .. ")
    assert err.splitlines() == ["create table data.t, 0 rows", "insert rows data.t, 2 rows"]


def test_what_is_lost_is_asked_for(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    asked = ("--from", "HEAD~1", "--dialect", "sqlite", "--output", "up.sql")
    assert run(*asked) == Status.REFUSED
    assert "hint: Add --allow-destructive." in capfd.readouterr().err
    assert not Path("up.sql").exists()
    assert run(*asked, "--allow-destructive") == Status.DONE
    assert Path("up.sql").exists()


@pytest.mark.parametrize(
    ("more", "status"),
    [
        (("--dialect", "oracle"), Status.USAGE),
        ((), Status.USAGE),
        (("--dialect", "sqlite", "--from", "nowhere"), Status.NOT_FOUND),
        (("--dialect", "sqlite", "--to", "WORKING"), Status.USAGE),
        (("--dialect", "sqlite", "-C", "elsewhere"), Status.USAGE),
    ],
)
def test_faults(run: Run, more: tuple[str, ...], status: Status) -> None:
    assert run(*more) == status


def test_the_dialects_are_those_of_the_engine() -> None:
    (dialect,) = (p for p in generate.params if p.name == "dialect")
    assert isinstance(dialect.type, click.Choice)
    assert tuple(dialect.type.choices) == DIALECTS


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_applied_and_taken_back(
    repo: RepoBuilder, run: Run, capfd: pytest.CaptureFixture[str], scheme: str
) -> None:
    target = ("--target", f"{scheme}:///app.db")

    def asked(command: str, *more: str) -> tuple[int, list[str]]:
        source = () if command == "status" else ("--source", str(repo.path))
        status = started(["migrate", command, *source, *target, *more])
        out, err = capfd.readouterr()
        return status, (out or err).splitlines()

    def states() -> list[str]:
        status, lines = asked("status", "--format", "csv")
        assert status == Status.DONE
        return [line.split(",")[2] for line in lines[1:]]

    assert asked("status")[0] == Status.TARGET
    assert asked("apply", "--dry-run")[0] == Status.TARGET
    assert asked("apply", "--to", "HEAD~2")[0] == Status.DONE
    assert asked("apply", "--at", "HEAD~1") == (Status.DONE, ["update rows data.t, 1 rows"])
    assert asked("apply", "--to", "HEAD~1") == (Status.DONE, [])
    assert states() == ["applied", "applied"]
    assert asked("apply")[0] == Status.REFUSED
    status, plan = asked("apply", "--dry-run")
    assert (status, len(plan)) == (Status.DONE, 1)
    assert "[destructive, rewrites, locks]: drop column name" in plan[0]
    assert states() == ["applied", "applied"]
    assert asked("apply", "--allow-destructive")[0] == Status.DONE
    assert asked("rollback")[0] == Status.DONE
    assert states() == ["applied", "applied", "undone"]
    assert asked("rollback")[0] == Status.DONE
    assert asked("rollback")[0] == Status.REFUSED
    assert asked("rollback", "--allow-destructive")[0] == Status.DONE
    assert states() == ["undone"] * 3
    assert asked("rollback")[0] == Status.USAGE


def test_a_target_that_refuses_is_as_it_was(
    repo: RepoBuilder, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    given = ["migrate", "apply", "--source", str(repo.path), "--target", "sqlite:///app.db"]
    assert started([*given, "--to", "HEAD~2"]) == Status.DONE
    with closing(sqlite3.connect("app.db")) as target, target:
        target.execute("""INSERT INTO "data.t" VALUES (9, 'mine')""")
    assert started([*given, "--to", "HEAD~1"]) == Status.TARGET
    assert "the target does not hold what the commit does" in capfd.readouterr().err
    with closing(sqlite3.connect("app.db")) as target:
        rows = target.execute('SELECT * FROM "data.t" ORDER BY 1').fetchall()
        assert rows == [(1, "a"), (2, "b"), (9, "mine")]


@pytest.mark.parametrize(
    "url", ["app.db", "mysql://u@localhost/app", "sqlite://app.db", "sqlite:///"]
)
def test_targets_that_there_are_not(run: Run, url: str) -> None:
    assert started(["migrate", "status", "--target", url]) == Status.USAGE
