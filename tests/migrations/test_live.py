"""Targets that are reached: compared, brought to a commit, kept there, and captured from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingitdb_cli.program import run as started
from ingitdb_cli.statuses import Status
from tests.support.live_targets import MAKERS, Live
from tests.support.repositories import RepoBuilder

Run = Callable[..., int]
ROWS = "SELECT id, name FROM p ORDER BY id"


def record(number: int, name: str, **more: Any) -> dict[str, str | None]:
    return {f"p/{number}.json": json.dumps({"id": number, "name": name, **more}) + "\n"}


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """A repository of two commits: rows 1 and 2 differ, 3 goes, 4 comes, 5 stays."""
    repo = RepoBuilder(tmp_path / "repo")
    first = {**record(1, "a"), **record(2, "b"), **record(3, "c"), **record(5, "e")}
    repo.commit(first)
    repo.commit({**record(1, "A"), **record(2, "B"), "p/3.json": None, **record(4, "d")})
    return repo


@pytest.fixture(params=MAKERS)
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Live:
    return MAKERS[request.param](tmp_path)


@pytest.fixture
def run(repo: RepoBuilder, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(command: str, *arguments: str) -> int:
        source = () if command == "status" else ("--source", str(repo.path))
        return started(["migrate", command, *source, "--target", live.url, *arguments])

    return run


OLD = [(1, "a"), (2, "b"), (3, "c"), (5, "e")]
NEW = [(1, "A"), (2, "B"), (4, "d"), (5, "e")]


def test_a_target_follows_the_commits(run: Run, live: Live) -> None:
    assert run("apply", "--to", "HEAD~1", "--verify") == Status.DONE
    assert live.run(ROWS) == OLD
    assert run("sync", "--verify") == Status.DONE
    assert live.run(ROWS) == NEW
    assert run("sync", "--verify") == Status.DONE
    assert run("rollback") == Status.DONE
    assert live.run(ROWS) == OLD


def test_analyze_names_what_differs(
    run: Run, live: Live, capfd: pytest.CaptureFixture[str]
) -> None:
    run("apply", "--to", "HEAD~1")
    capfd.readouterr()
    assert run("analyze", "--at", "HEAD~1") == Status.DONE
    assert "the target holds what" in capfd.readouterr().out
    assert run("analyze", "--format", "json") == Status.FOUND
    found = json.loads(capfd.readouterr().out)
    assert found["differs"]
    rows = {(row["kind"], row["key"]["_key"].strip("'")) for row in found["rows"]}
    assert rows == {("update", "1"), ("update", "2"), ("delete", "3"), ("insert", "4")}
    steps = {(step["kind"], step["table"], step["rows"]) for step in found["steps"]}
    assert steps == {("delete rows", "p", 1), ("update rows", "p", 2), ("insert rows", "p", 1)}
    assert live.run(ROWS) == OLD


def test_analyze_names_what_differs_in_definitions(
    run: Run, live: Live, capfd: pytest.CaptureFixture[str]
) -> None:
    run("apply")
    live.run("ALTER TABLE p ADD COLUMN more INTEGER")
    live.run("CREATE TABLE own (x INTEGER)")
    capfd.readouterr()
    assert run("analyze", "--format", "json") == Status.FOUND
    found = json.loads(capfd.readouterr().out)
    assert [step["detail"] for step in found["steps"]] == ["drop column more"]
    assert found["others"] == ["own"]
    assert run("sync", "--mode", "full", "--on-conflict", "source") == Status.REFUSED
    options = ("--mode", "full", "--on-conflict", "source", "--allow-destructive", "--verify")
    assert run("sync", *options) == Status.DONE
    assert live.run("SELECT * FROM own") == []
    assert run("analyze") == Status.DONE


def test_rows_that_others_changed_are_not_written_over(
    run: Run, live: Live, capfd: pytest.CaptureFixture[str]
) -> None:
    run("apply", "--to", "HEAD~1")
    live.run("UPDATE p SET name = 'theirs' WHERE id = 1")
    live.run("INSERT INTO p (_key, id, name) VALUES ('4', 4, 'theirs')")
    live.run("DELETE FROM p WHERE id = 2")
    theirs = live.run(ROWS)
    for command in (["sync"], ["sync", "--mode", "full"], ["apply"]):
        capfd.readouterr()
        assert run(*command) == Status.REFUSED
        said = capfd.readouterr().err
        assert "1" in said
        assert "was changed" in said
        assert live.run(ROWS) == theirs
    assert run("sync", "--on-conflict", "target") == Status.DONE
    assert live.run(ROWS) == [(1, "theirs"), (4, "theirs"), (5, "e")]
    assert run("sync", "--mode", "full", "--on-conflict", "source", "--verify") == Status.DONE
    assert live.run(ROWS) == NEW


def test_the_commits_values_stand_where_that_is_asked_for(run: Run, live: Live) -> None:
    run("apply", "--to", "HEAD~1")
    live.run("UPDATE p SET name = 'theirs' WHERE id = 1")
    live.run("INSERT INTO p (_key, id, name) VALUES ('4', 4, 'theirs')")
    live.run("DELETE FROM p WHERE id IN (2, 3)")
    assert run("sync", "--on-conflict", "source", "--verify") == Status.DONE
    assert live.run(ROWS) == NEW


def test_rows_that_others_changed_are_not_taken_back(
    run: Run, live: Live, capfd: pytest.CaptureFixture[str]
) -> None:
    run("apply", "--to", "HEAD~1")
    run("apply")
    live.run("UPDATE p SET name = 'theirs' WHERE id = 1")
    theirs = live.run(ROWS)
    capfd.readouterr()
    assert run("rollback") == Status.REFUSED
    assert "p _key = " in capfd.readouterr().err
    assert live.run(ROWS) == theirs
    assert run("rollback", "--on-conflict", "source") == Status.DONE
    assert live.run(ROWS) == OLD


def test_a_table_without_a_key_that_others_changed(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    repo.commit({"log.csv": "what\na\na\n"})
    run("apply")
    repo.commit({"log.csv": "what\na\nb\na\n"})
    live.run("INSERT INTO log VALUES ('theirs')")
    capfd.readouterr()
    assert run("sync") == Status.REFUSED
    assert "log has other rows" in capfd.readouterr().err
    assert live.run("SELECT count(*) FROM log") == [(3,)]
    assert run("sync", "--on-conflict", "source", "--verify") == Status.DONE
    assert live.run("SELECT what, count(*) FROM log GROUP BY what ORDER BY what") == [
        ("a", 2),
        ("b", 1),
    ]


def test_what_is_right_already_is_no_conflict(run: Run, live: Live) -> None:
    run("apply", "--to", "HEAD~1")
    live.run("UPDATE p SET name = 'A' WHERE id = 1")
    live.run("INSERT INTO p (_key, id, name) VALUES ('4', 4, 'd')")
    live.run("DELETE FROM p WHERE id = 3")
    assert run("sync", "--verify") == Status.DONE
    assert live.run(ROWS) == NEW


def test_a_row_comes_to_the_place_of_one_that_goes(run: Run, live: Live, repo: RepoBuilder) -> None:
    """Rows without a key are known by `n`, in which none is missing, and addressed by `id`."""
    repo.commit({"q.csv": "id,n\na,1\nb,2\n"})
    repo.commit({"q.csv": "id,n\na,9\n,7\nb,2\n"})
    rows = "SELECT id, n FROM q WHERE n > 1 ORDER BY n"
    assert run("apply", "--to", "HEAD~1") == Status.DONE
    live.run("UPDATE q SET n = 3 WHERE id = 'a'")
    assert run("sync") == Status.REFUSED
    live.run("UPDATE q SET n = 1 WHERE id = 'a'")
    assert run("sync", "--verify") == Status.DONE
    assert live.run(rows) == [("b", 2), (None, 7), ("a", 9)]


@pytest.mark.parametrize("mode", ["incremental", "full"])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("insert", [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]),
        ("upsert", [(1, "A"), (2, "B"), (3, "c"), (4, "d"), (5, "e")]),
        ("sync", NEW),
    ],
)
def test_only_some_differences_of_rows_are_settled(
    run: Run, live: Live, mode: str, rows: str, expected: list[tuple[int, str]]
) -> None:
    run("apply", "--to", "HEAD~1")
    assert run("sync", "--mode", mode, "--rows", rows) == Status.DONE
    assert live.run(ROWS) == expected


def test_tables_that_are_there_already_are_compared_when_told_so(
    run: Run, live: Live, capfd: pytest.CaptureFixture[str]
) -> None:
    live.run("CREATE TABLE p (_key VARCHAR(9) NOT NULL PRIMARY KEY, id BIGINT, name VARCHAR(9))")
    live.run("INSERT INTO p VALUES ('1', 1, 'theirs'), ('9', 9, 'theirs')")
    assert run("apply") == Status.REFUSED
    assert "already: p" in capfd.readouterr().err
    assert live.run(ROWS) == [(1, "theirs"), (9, "theirs")]
    assert run("sync", "--mode", "full") == Status.REFUSED
    assert run("sync", "--on-conflict", "source", "--verify", "--allow-destructive") == Status.DONE
    assert live.run(ROWS) == NEW


def test_changes_of_a_target_come_back_as_a_commit(run: Run, live: Live, repo: RepoBuilder) -> None:
    run("apply")
    live.run("UPDATE p SET name = 'it''s theirs' WHERE id = 1")
    live.run("INSERT INTO p (_key, id, name) VALUES ('7', 7, 'new')")
    live.run("DELETE FROM p WHERE id = 4")
    assert run("capture", "--branch", "theirs", "-m", "From the desk") == Status.DONE
    assert repo.git("log", "-1", "--format=%s", "theirs") == "From the desk"
    assert repo.git("rev-parse", "theirs~1") == repo.git("rev-parse", "main")
    changed = repo.git("diff", "--name-status", "main", "theirs").split()
    assert changed == ["M", "p/1.json", "D", "p/4.json", "A", "p/7.json"]
    assert repo.git("show", "theirs:p/1.json") == '{"id": 1, "name": "it\'s theirs"}'
    assert run("sync", "--to", "theirs", "--verify") == Status.DONE
    assert run("capture", "--branch", "none") == Status.DONE
    assert "none" not in repo.git("branch")


def test_what_a_target_calls_otherwise_is_not_captured(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("names.yaml").write_text("tables: {p: {columns: {name: {name: title}}}}", "utf-8")
    given = ("--mapping", "names.yaml")
    assert run("apply", *given, "--verify") == Status.DONE
    live.run("UPDATE p SET title = 'theirs' WHERE id = 1")
    for mapping in (given, ()):
        capfd.readouterr()
        assert run("capture", "--branch", "theirs", *mapping) == Status.REFUSED
        assert "captured" in capfd.readouterr().err
        assert "theirs" not in repo.git("branch")
    assert run("sync", *given, "--mode", "full", "--on-conflict", "source") == Status.DONE
    assert live.run("SELECT title FROM p WHERE id = 1") == [("A",)]


def test_a_branch_elsewhere_is_not_captured_to(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    run("apply")
    repo.git("branch", "elsewhere", "HEAD~1")
    live.run("DELETE FROM p WHERE id = 4")
    assert run("capture", "--branch", "elsewhere") == Status.REFUSED
    assert "elsewhere is not at" in capfd.readouterr().err
    assert repo.git("rev-parse", "elsewhere") == repo.git("rev-parse", "main~1")


def test_a_target_goes_back_to_any_commit_it_was_at(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    repo.commit(record(6, "f"))
    for ref in ("HEAD~2", "HEAD~1", "HEAD"):
        assert run("apply", "--to", ref) == Status.DONE
    repo.git("branch", "never", repo.git("commit-tree", "-m", "x", "HEAD^{tree}"))
    assert run("rollback", "--to", "never") == Status.USAGE
    assert run("rollback", "--to", "HEAD~2") == Status.DONE
    assert live.run(ROWS) == OLD
    states = live.run("SELECT version, state FROM ingitdb_migrations ORDER BY version")
    assert states == [(1, "applied"), (2, "undone"), (3, "undone")]
    capfd.readouterr()
    assert run("status", "--format", "json") == Status.DONE
    ledger = json.loads(capfd.readouterr().out)
    assert [row["state"] for row in ledger] == ["applied", "undone", "undone"]


def test_a_script_is_run_on_a_target(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    common = ["migrate", "generate", "--source", str(repo.path), "--dialect", live.kind]
    assert started([*common, "--output", "up.sql", "--rollback", "down.sql"]) == Status.DONE
    assert run("apply", "--script", "up.sql", "--verify") == Status.DONE
    assert run("apply", "--script", "up.sql") == Status.DONE
    assert live.run(ROWS) == NEW
    capfd.readouterr()
    assert run("apply", "--script", "up.sql", "--dry-run") == Status.DONE
    assert "create table p, 0 rows" in capfd.readouterr().err
    Path("wrong.sql").write_text("BEGIN; DELETE FROM p; SELECT nothing FROM nowhere;", "utf-8")
    assert run("apply", "--script", "wrong.sql") == Status.TARGET
    assert live.run(ROWS) == NEW


def test_a_log_tells_each_step(run: Run, tmp_path: Path) -> None:
    assert run("apply", "--log", "log.txt", "--batch-size", "1") == Status.DONE
    lines = (tmp_path / "log.txt").read_text("utf-8").splitlines()
    events = [line.split()[2] for line in lines]
    assert events[:2] == ["step", "step"]
    assert events[-1] == "done"
    assert 'what="rows of p" done=4 of=4' in lines[-2]
