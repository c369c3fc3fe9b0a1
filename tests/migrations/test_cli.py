"""`ingitdb migrate` as its users type it."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import duckdb
import pytest

from ingitdb.services.migrations.scripted import DIALECTS
from ingitdb_cli.migration.generate import generate
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
    status, plan = asked("apply", "--dry-run")
    assert (status, plan) == (
        Status.DONE,
        ["create table data.t, 0 rows", "insert rows data.t, 2 rows"],
    )
    assert not Path("app.db").exists()
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


def test_a_database_that_others_use(
    repo: RepoBuilder, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    """What SQLAlchemy cannot describe is left alone in silence."""
    with closing(sqlite3.connect("app.db")) as target:
        target.executescript(
            "CREATE TABLE own (a, b GENERATED ALWAYS AS (a || 'x'));"
            "CREATE INDEX lowered ON own (lower(a)); CREATE UNIQUE INDEX once ON own (lower(b));"
            'CREATE VIEW seen AS SELECT * FROM "data.t";'
        )
    given = ["--source", str(repo.path), "--target", "sqlite:///app.db"]
    assert started(["migrate", "apply", *given, "--to", "HEAD~1", "--verify"]) == Status.DONE
    lines = capfd.readouterr().err.splitlines()
    assert lines[-1] == "verified: the target holds what the commit does"
    assert len(lines) == 4
    assert started(["migrate", "apply", *given, "--allow-destructive"]) == Status.DONE
    with closing(sqlite3.connect("app.db")) as target:
        assert target.execute("SELECT * FROM seen").fetchall() == [(1,), (2,)]


def test_a_duckdb_file_that_others_read(run: Run, repo: RepoBuilder) -> None:
    given = ["--source", str(repo.path), "--target", "duckdb:///app.duckdb"]
    assert started(["migrate", "apply", *given]) == Status.DONE
    command = (
        "import duckdb, sys; target = duckdb.connect('app.duckdb', read_only=True);"
        " print(target.execute('SELECT 1').fetchone(), flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", command], **pipes) as reading:  # type: ignore[call-overload]
        assert reading.stdout.readline()
        for what in (["analyze"], ["capture", "--branch", "theirs"], ["generate"]):
            assert started(["migrate", *what, *given]) == Status.DONE
        assert started(["migrate", "status", *given[2:]]) == Status.DONE
        assert started(["migrate", "sync", *given]) == Status.TARGET
        reading.stdin.close()


def test_a_type_that_others_changed(
    repo: RepoBuilder, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    given = ["--source", str(repo.path), "--target", "duckdb:///app.duckdb"]
    for last in (2, 3):
        repo.commit({"data/t.csv": f"id,v\n1,1\n2,{last}\n"})
    assert started(["migrate", "apply", *given, "--to", "HEAD~1"]) == Status.DONE
    with closing(duckdb.connect("app.duckdb")) as target:
        target.execute("ALTER TABLE data.t ALTER v TYPE VARCHAR; UPDATE data.t SET v = 'one'")
    assert started(["migrate", "apply", *given]) == Status.REFUSED
    assert "The target was changed since the ledger's commit" in capfd.readouterr().err
    assert started(["migrate", "capture", *given, "--branch", "theirs"]) == Status.REFUSED
    assert "data.t has v of another type" in capfd.readouterr().err
    assert started(["migrate", "analyze", *given]) == Status.FOUND
    full = ["--mode", "full", "--on-conflict", "source", "--verify"]
    assert started(["migrate", "sync", *given, *full]) == Status.DONE


def test_a_file_of_another_system(
    run: Run, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    given = ["migrate", "apply", "--source", str(repo.path), "--target"]
    assert started([*given, "sqlite:///app.db"]) == Status.DONE
    assert started([*given, "duckdb:///app.duckdb"]) == Status.DONE
    assert started([*given, "sqlite:///app.duckdb"]) == Status.TARGET
    capfd.readouterr()
    assert started([*given, "duckdb:///app.db"]) == Status.TARGET
    assert "app.db is a database of SQLite." in capfd.readouterr().err


def test_a_ledger_of_a_commit_that_is_gone(
    repo: RepoBuilder, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    given = ["--source", str(repo.path), "--target", "sqlite:///app.db"]
    gone = repo.commit({"more.csv": "id\n1\n"})
    assert started(["migrate", "apply", *given]) == Status.DONE
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")
    for command in (["apply"], ["rollback"], ["generate"], ["capture", "--branch", "x"]):
        capfd.readouterr()
        assert started(["migrate", *command, *given]) == Status.NOT_FOUND
        assert f"The target's ledger names {gone}" in capfd.readouterr().err
    assert started(["migrate", "sync", *given, "--mode", "full"]) == Status.DONE
    assert started(["migrate", "apply", *given, "--verify"]) == Status.DONE


def test_files_that_cannot_be_read_are_named(
    repo: RepoBuilder, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    """Their records go from the target."""
    files = {f"p/{number}.json": f'{{"id": {number}}}\n' for number in (1, 2)}
    repo.commit(files)
    given = ["--source", str(repo.path), "--target", "sqlite:///app.db"]
    assert started(["migrate", "apply", *given]) == Status.DONE
    repo.commit({"p/2.json": '{"id":'})
    for command in (["analyze"], ["apply"], ["sync"], ["generate"]):
        capfd.readouterr()
        assert started(["migrate", *command, *given, "--strict"]) == Status.UNREADABLE
        started(["migrate", *command, *given, *(["--dry-run"] if command == ["apply"] else [])])
        assert "warning: not read: p/2.json:1:" in capfd.readouterr().err


def test_a_script_says_itself_what_is_done(run: Run) -> None:
    given = ["migrate", "apply", "--target", "sqlite:///app.db", "--script", "up.sql"]
    Path("up.sql").write_bytes(b"SELECT '\xff'")
    assert started(given) == Status.USAGE
    assert run("--dialect", "sqlite", "--output", "up.sql") == Status.DONE
    for option in (["--rows", "sync"], ["--on-conflict", "fail"], ["--log", "log.txt"]):
        assert started([*given, *option]) == Status.USAGE
    assert started(given) == Status.DONE


def test_a_log_that_cannot_be_written(
    run: Run, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    given = ["--source", str(repo.path), "--target", "sqlite:///app.db", "--log", "no/log.txt"]
    assert started(["migrate", "apply", *given]) == Status.TARGET
    assert "no/log.txt cannot be written" in capfd.readouterr().err
    with closing(sqlite3.connect("app.db")) as target:
        assert target.execute("SELECT * FROM sqlite_master").fetchall() == []


@pytest.mark.parametrize(
    "url",
    [
        "app.db",
        "oracle://u@localhost/app",
        "sqlite://app.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "duckdb:///:memory:",
        "sqlite:///app.db?mode=ro",
    ],
)
def test_targets_that_there_are_not(run: Run, url: str) -> None:
    assert started(["migrate", "status", "--target", url]) == Status.USAGE


def files(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def test_scripts_go_into_a_folder(
    repo: RepoBuilder, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    commits = [repo.git("rev-parse", f"HEAD~{back}").strip() for back in (2, 1, 0)]
    given = ("--dialect", "sqlite", "--output-dir", "made/scripts")
    assert run(*given, "--to", "HEAD~2") == Status.DONE
    first = f"1__{commits[0][:7]}.sql"
    assert files("made/scripts") == [f"U{first}", f"V{first}"]
    out, err = capfd.readouterr()
    assert out == ""
    assert f"wrote made/scripts/V{first}\nwrote made/scripts/U{first}\n" in err
    assert run(*given, "--from", "HEAD~2", "--to", "HEAD~1") == Status.DONE
    second = f"2__{commits[1][:7]}.sql"
    assert files("made/scripts") == [f"U{first}", f"U{second}", f"V{first}", f"V{second}"]
    with closing(sqlite3.connect("t.db", isolation_level=None)) as target:
        for name, rows in (
            (f"V{first}", 2),
            (f"V{second}", 2),
            (f"U{second}", 2),
            (f"U{first}", 0),
        ):
            target.executescript(Path("made/scripts", name).read_text("utf-8"))
            count = "SELECT count(*) FROM sqlite_master WHERE name = 'data.t'"
            assert target.execute(count).fetchone() == (int(rows > 0),)


def test_a_target_says_from_where_and_which_version(
    repo: RepoBuilder, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    source = ("--source", str(repo.path), "--target", "sqlite:///app.db")
    for ref in ("HEAD~2", "HEAD~1"):
        assert started(["migrate", "apply", *source, "--to", ref]) == Status.DONE
    given = ("--target", "sqlite:///app.db", "--output-dir", "scripts")
    assert run(*given) == Status.REFUSED
    assert not Path("scripts").exists()
    assert run(*given, "--allow-destructive") == Status.DONE
    name = f"3__{repo.git('rev-parse', 'HEAD')[:7]}.sql"
    assert files("scripts") == [f"U{name}", f"V{name}"]
    text = Path("scripts", f"V{name}").read_text("utf-8")
    assert text.startswith(f"-- Leads {repo.git('rev-parse', 'HEAD~1').strip()} .. ")
    capfd.readouterr()
    assert run(*given, "--allow-destructive") == Status.USAGE
    assert "scripts has a script of version 3 already." in capfd.readouterr().err
    assert Path("scripts", f"V{name}").read_text("utf-8") == text
    Path("scripts", f"V{name}").rename("scripts/V3.1__other.sql")
    Path("scripts", f"U{name}").unlink()
    assert run(*given, "--allow-destructive") == Status.USAGE
    assert files("scripts") == ["V3.1__other.sql"]


def test_both_scripts_are_written_or_none(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    Path("scripts").write_text("a file")
    given = ("--to", "HEAD~2", "--dialect", "sqlite", "--output-dir", "scripts")
    assert run(*given) == Status.TARGET
    assert "cannot be written" in capfd.readouterr().err
    assert Path("scripts").read_text() == "a file"


@pytest.mark.parametrize(
    "more",
    [
        ("--dialect", "sqlite", "--output-dir", "x", "--output", "up.sql"),
        ("--dialect", "sqlite", "--output-dir", "x", "--rollback", "down.sql"),
        ("--target", "sqlite:///app.db", "--from", "HEAD~1"),
        ("--target", "sqlite:///app.db", "--dialect", "duckdb"),
        ("--target", "app.db"),
        ("--dialect", "sqlite", "--mapping", "nowhere.yaml"),
        ("--dialect", "sqlite", "--to", "HEAD~1", "--at", "HEAD"),
        ("--dialect", "sqlite", "--output", "x", "--rollback", "x"),
    ],
)
def test_what_excludes_each_other(run: Run, more: tuple[str, ...]) -> None:
    assert run(*more) == Status.USAGE
    assert not Path("x").exists()


def test_a_target_that_is_not_there(run: Run) -> None:
    assert run("--target", "sqlite:///app.db", "--output-dir", "x") == Status.TARGET


def test_a_mapping_is_given_each_time(
    repo: RepoBuilder, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("m.yaml").write_text("tables:\n  data.t: {name: things, schema: main}\n")
    given = ["--source", str(repo.path), "--target", "sqlite:///app.db", "--mapping", "m.yaml"]
    for ref in ("HEAD~2", "HEAD~1"):
        assert started(["migrate", "apply", *given, "--to", ref]) == Status.DONE

    def names() -> list[tuple[str]]:
        with closing(sqlite3.connect("app.db")) as target:
            return target.execute("SELECT name FROM things ORDER BY id").fetchall()

    assert names() == [("a",), ("c",)]
    assert started(["migrate", "rollback", *given]) == Status.DONE
    assert names() == [("a",), ("b",)]
    script = ("--dialect", "sqlite", "--from", "HEAD~2", "--to", "HEAD~1", "--mapping", "m.yaml")
    capfd.readouterr()
    assert run(*script) == Status.DONE
    assert 'UPDATE "main"."things" SET' in capfd.readouterr().out
    Path("m.yaml").write_text("tables:\n  data.u: {name: things}\n")
    assert run(*script) == Status.USAGE
    said = "m.yaml:2:3: There is no table 'data.u'."
    assert said in capfd.readouterr().err


@pytest.mark.parametrize("how", ["full", "incremental"])
def test_rows_of_the_targets_own_stay_where_the_mapping_says_so(
    repo: RepoBuilder, run: Run, capfd: pytest.CaptureFixture[str], how: str
) -> None:
    Path("m.yaml").write_text("tables:\n  data.t: {schema: main, mode: upsert}\n")
    keyed = '{"tables": {"data.t": {"glob": "data/t.csv", "key": "id"}}}'
    for text in ("1,a\n2,b\n", "1,x\n3,c\n"):
        repo.commit({".ingitdb/tables.yaml": keyed, "data/t.csv": f"id,name\n{text}"})
    given = ["--source", str(repo.path), "--target", "sqlite:///app.db", "--mapping", "m.yaml"]
    assert started(["migrate", "sync", *given, "--to", "HEAD~1"]) == Status.DONE
    with closing(sqlite3.connect("app.db")) as target, target:
        target.execute("INSERT INTO t VALUES (9, 'mine')")
    assert started(["migrate", "analyze", *given, "--at", "HEAD~1"]) == Status.DONE
    assert started(["migrate", "sync", *given, "--mode", how]) == Status.DONE, capfd.readouterr()
    with closing(sqlite3.connect("app.db")) as target:
        rows = target.execute("SELECT * FROM t ORDER BY 1").fetchall()
    assert rows == [(1, "x"), (2, "b"), (3, "c"), (9, "mine")]
    assert started(["migrate", "analyze", *given]) == Status.DONE
