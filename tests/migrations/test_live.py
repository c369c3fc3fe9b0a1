"""Targets that are reached: compared, brought to a commit, kept there, and captured from."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingitdb_cli.program import run as started
from ingitdb_cli.statuses import Status
from tests.support.live_targets import KINDS as LIVE_KINDS
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


@pytest.fixture(params=LIVE_KINDS)
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
    rows = {(row["kind"], row["key"]["_key"]) for row in found["rows"]}
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


def test_rows_without_a_key_that_come_are_no_others(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    repo.commit({"log.csv": "what,n\na,1\nb,2\nc,3\n"})
    run("apply")
    repo.commit({"log.csv": "what,n\na,1\na,1\na,4\nb,5\nc,3\nd,6\n"})
    assert run("sync", "--verify") == Status.DONE
    rows = live.run("SELECT what, n FROM log ORDER BY what, n")
    assert rows == [("a", 1), ("a", 1), ("a", 4), ("b", 5), ("c", 3), ("d", 6)]
    assert run("rollback") == Status.DONE
    repo.commit({"log.csv": "what,n\na,1\nb,2\nd,7\n"})
    live.run("INSERT INTO log VALUES ('d', 8)")
    capfd.readouterr()
    assert run("sync") == Status.REFUSED
    assert "log what = d is there already" in capfd.readouterr().err


def test_a_table_that_becomes_another_is_compared(run: Run, live: Live, repo: RepoBuilder) -> None:
    repo.commit({"log.csv": "what\na\n", "q/1.json": json.dumps({'a"b': 1, "a`b": [2]}) + "\n"})
    run("apply", "--verify")
    repo.commit({"log.csv": "who\nx\ny\n"})
    assert run("sync", "--mode", "full", "--allow-destructive", "--verify") == Status.DONE
    assert live.run("SELECT who FROM log ORDER BY who") == [("x",), ("y",)]


def test_indexes_that_others_add_are_theirs(run: Run, live: Live, repo: RepoBuilder) -> None:
    repo.commit({"log.csv": "what,n\na,1\n"})
    run("apply")
    long = "name(9)" if live.kind == "mysql" else "name"
    live.run(f"CREATE INDEX theirs ON p ({long})")
    live.run("CREATE INDEX theirs_too ON log (n)")
    assert run("analyze") == Status.DONE
    repo.commit({**record(1, "x", more=1), "log.csv": "what,n\na,2\n"})
    assert run("sync", "--verify") == Status.DONE
    assert run("sync", "--mode", "full", "--verify") == Status.DONE


def test_a_ledgers_commit_that_was_replaced_is_told(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    run("apply")
    gone = "1234567890" * 4
    live.run(f"UPDATE ingitdb_migrations SET {_quoted(live, 'commit')} = '{gone}'")
    for command in (["sync"], ["rollback"], ["capture", "--branch", "theirs"], ["generate"]):
        capfd.readouterr()
        assert run(*command) == Status.NOT_FOUND
        said = capfd.readouterr().err
        assert f"ledger names {gone}, which the repository does not have" in said
        assert "sync --mode full" in said
    repo.commit(record(1, "x"))
    assert run("sync", "--mode", "full", "--on-conflict", "source", "--verify") == Status.DONE
    assert run("sync", "--verify") == Status.DONE


def test_somebody_elses_ledger_is_told(
    run: Run, live: Live, capfd: pytest.CaptureFixture[str]
) -> None:
    live.run("CREATE TABLE ingitdb_migrations (x INTEGER)")
    for command in ("status", "sync", "analyze", "rollback"):
        capfd.readouterr()
        assert run(command) == Status.TARGET
        said = capfd.readouterr().err
        assert "ledger, ingitdb_migrations, cannot be read" in said
        assert "another name" in said
    assert live.run("SELECT * FROM ingitdb_migrations") == []


def _quoted(live: Live, name: str) -> str:
    return f"`{name}`" if live.kind == "mysql" else f'"{name}"'


@pytest.mark.slow
@pytest.mark.parametrize("live", ["postgresql", "mysql"], indirect=True)
def test_rows_of_others_never_refer_to_nothing(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    kind = "VARCHAR(255)"
    if live.kind == "mysql":
        kind += " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
    run("apply", "--to", "HEAD~1")
    live.run(f"CREATE TABLE own (p {kind}, CONSTRAINT c FOREIGN KEY (p) REFERENCES p (_key))")
    live.run("INSERT INTO own VALUES ('1'), ('3'), (NULL)")
    assert run("sync") == Status.TARGET
    said = capfd.readouterr().err
    assert ("refer to nothing" if live.kind == "mysql" else "referenced from table") in said
    assert live.run(ROWS) == OLD
    assert run("rollback", "--allow-destructive") == Status.TARGET
    assert live.run(ROWS) == OLD
    live.run("DELETE FROM own WHERE p = '3'")
    assert run("sync", "--verify") == Status.DONE
    repo.commit({k: v for n in (1, 2, 4, 5) for k, v in record(n, f"{n}", more=n).items()})
    assert run("sync", "--verify") == Status.DONE
    assert len(live.run("SELECT * FROM own")) == 2
    assert run("rollback", "--to", "HEAD~1", "--allow-destructive") == Status.DONE
    assert live.run(ROWS) == NEW


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
def test_checks_are_told_as_they_were_made(
    run: Run, live: Live, repo: RepoBuilder, mode: str
) -> None:
    """However the system spells and names them."""
    checks = {"small": "id < 100 AND id IN (1, 2, 3)", "doubled": "id*2 > 0 -- always"}
    said = {"c": {"schema": "main", "key": "id", "glob": "c.jsonl", "checks": checks}}
    repo.commit({".ingitdb/tables.yaml": json.dumps({"tables": said}), "c.jsonl": '{"id": 1}\n'})
    assert run("apply", "--verify") == Status.DONE
    assert run("sync", "--mode", "full", "--verify") == Status.DONE
    said["c"]["checks"] = {"small": "id < 99"}
    repo.commit({".ingitdb/tables.yaml": json.dumps({"tables": said})})
    assert run("analyze") == Status.FOUND
    assert run("sync", "--mode", mode, "--verify") == Status.DONE
    live.run("INSERT INTO c (id) VALUES (98)")
    with pytest.raises(Exception, match=r"(?i)check|constraint"):
        live.run("INSERT INTO c (id) VALUES (99)")


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


def test_indexes_of_the_targets_own_are_no_difference(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    """Those that only the ledger's commit has go."""
    said = '{"tables": {"p": {"glob": "p/*.json", "indexes": INDEXES}}}'
    for indexes in ('["name"]', '[["name", "id"]]'):
        repo.commit({".ingitdb/tables.yaml": said.replace("INDEXES", indexes)})
    assert run("apply", "--to", "HEAD~1") == Status.DONE
    live.run("CREATE INDEX own ON p (id, name)")
    assert run("analyze", "--at", "HEAD~1") == Status.DONE
    assert run("sync", "--mode", "full", "--verify") == Status.DONE
    named = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "duckdb": "SELECT index_name FROM duckdb_indexes()",
    }
    if live.kind in named:
        assert {name for (name,) in live.run(named[live.kind])} == {"own", "p.name_id"}
    capfd.readouterr()
    assert run("analyze", "--at", "HEAD~1") == Status.FOUND
    assert ": change indexes" in capfd.readouterr().out


def test_a_changed_type_is_settled_by_comparing(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    repo.commit({"p/1.json": '{"id": "one", "name": "A"}\n'})
    for ref, others in (("HEAD~1", "HEAD"), ("HEAD", "HEAD~1")):
        assert run("sync", "--mode", "full", "--verify", "--to", ref) == Status.DONE
        assert run("analyze", "--at", others) == Status.FOUND
    capfd.readouterr()
    assert run("sync", "--mode", "full", "--to", "HEAD~1", "--rows", "upsert") == Status.REFUSED
    assert "can only be settled as a whole" in capfd.readouterr().err


def test_what_is_read_is_what_was_written(run: Run, repo: RepoBuilder) -> None:
    """The widest numbers; a table whose name looks like a schema's and a table's."""
    rows = (
        '{"id": 1, "f": 1.7976931348623157e308, "h": 170141183460469231731687303715884105727}\n'
        '{"id": 2, "f": -1.1545580616824966e232, "h": -170141183460469231731687303715884105728}\n'
    )
    said = '{"tables": {"w": {"glob": "w.jsonl", "columns": {"h": {"type": "HUGEINT"}}}}}'
    repo.commit({".ingitdb/tables.yaml": said, "w.jsonl": rows, "a.b.csv": "id\n1\n"})
    assert run("apply", "--verify") == Status.DONE
    assert run("sync", "--mode", "full", "--verify") == Status.DONE


def test_many_rows_that_nothing_finds_quickly_go_and_come(
    run: Run, live: Live, repo: RepoBuilder
) -> None:
    """A statement a row would read all rows a row; DuckDB takes long for each anyway."""
    for word in ("old", "new"):
        rows = "".join(f"{number},{word} {number}\n" for number in range(300))
        repo.commit({"q.csv": f"id,name\n{rows}"})
    for options in ((), ("--mode", "full")):
        assert run("sync", "--to", "HEAD~1", *options) == Status.DONE
        assert run("sync", "--verify", *options) == Status.DONE
        assert live.run("SELECT count(*) FROM q WHERE name LIKE 'new %'") == [(300,)]
    live.run("UPDATE q SET name = 'theirs'")
    assert run("capture", "--branch", "theirs") == Status.DONE
    found = repo.git("show", "theirs:q.csv").splitlines()
    assert found == ["id,name", *(f"{number},theirs" for number in range(300))]


def test_a_log_tells_each_step(run: Run, tmp_path: Path) -> None:
    assert run("apply", "--log", "log.txt", "--batch-size", "1") == Status.DONE
    lines = (tmp_path / "log.txt").read_text("utf-8").splitlines()
    events = [line.split()[2] for line in lines]
    assert events[:2] == ["step", "step"]
    assert events[-1] == "done"
    assert 'what="rows of p" done=4 of=4' in lines[-2]


@pytest.mark.slow
@pytest.mark.parametrize("live", ["postgresql", "mysql"], indirect=True)
def test_names_that_others_have_given_are_theirs(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    kinds = "_key VARCHAR(99) NOT NULL PRIMARY KEY, id BIGINT, name VARCHAR(99)"
    live.run(f"CREATE TABLE own ({kinds})")
    live.run("CREATE VIEW p AS SELECT * FROM own")
    common = ["migrate", "generate", "--source", str(repo.path), "--dialect", live.kind]
    assert started([*common, "--output", "up.sql"]) == Status.DONE
    given = [["apply"], ["apply", "--script", "up.sql"], ["sync", "--mode", "full"]]
    for command in given:
        assert run(*command) == Status.TARGET
        assert live.run("SELECT * FROM own") == []
    live.run("DROP VIEW p")
    repo.commit({"z.csv": "id\n1\n"})
    live.run("CREATE TABLE z (id BIGINT)")
    assert started([*common, "--output", "up.sql"]) == Status.DONE
    assert run("apply", "--script", "up.sql") == Status.TARGET
    assert live.run("SELECT * FROM z") == []
    live.run("DROP TABLE z")
    assert run("apply", "--verify") == Status.DONE
    assert live.run("SELECT * FROM own") == []


@pytest.mark.slow
@pytest.mark.parametrize("live", ["mysql"], indirect=True)
def test_a_server_that_ends_the_connection(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    live.run("CREATE TABLE own (place GEOMETRY, address INET6)")
    repo.commit(record(1, "x" * (3 << 20)))
    ((most,),) = live.run("SELECT @@GLOBAL.max_allowed_packet")
    live.run("SET GLOBAL max_allowed_packet = 1048576")
    try:
        for infile in ("ON", "OFF"):
            live.run(f"SET GLOBAL local_infile = {infile}")
            assert run("apply") == Status.TARGET
            assert "max_allowed_packet" in capfd.readouterr().err
    finally:
        live.run(f"SET GLOBAL max_allowed_packet = {most}")
        live.run("SET GLOBAL local_infile = ON")
    assert run("apply", "--verify") == Status.DONE
    assert run("analyze") == Status.DONE
    assert "arning" not in "".join(capfd.readouterr())


@pytest.mark.slow
@pytest.mark.parametrize("live", ["postgresql"], indirect=True)
def test_rows_change_without_the_right_to_make_tables(run: Run, live: Live, tmp_path: Path) -> None:
    run("apply", "--to", "HEAD~1")
    live.run("DROP ROLE IF EXISTS clerk")
    live.run("CREATE ROLE clerk LOGIN")
    live.run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO clerk")
    own = replace(live, url=live.url.replace("postgres@", "clerk@"))
    assert own.url != live.url
    source = ["--source", str(tmp_path / "repo"), "--target", own.url]
    try:
        assert started(["migrate", "sync", *source, "--verify"]) == Status.DONE
        assert live.run(ROWS) == NEW
        assert started(["migrate", "rollback", *source]) == Status.DONE
        assert live.run(ROWS) == OLD
    finally:
        live.run("DROP OWNED BY clerk")
        live.run("DROP ROLE clerk")


@pytest.mark.slow
@pytest.mark.parametrize("live", ["postgresql"], indirect=True)
def test_a_server_that_ends_the_connection_while_rows_come(
    run: Run, live: Live, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    run("apply", "--to", "HEAD~1")
    ended = "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN new"
    live.run(f"CREATE FUNCTION ends() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {ended}; END'")
    live.run("CREATE TRIGGER ends BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION ends()")
    repo.commit({k: v for n in range(10, 90) for k, v in record(n, "x" * 50_000).items()})
    capfd.readouterr()
    assert run("sync") == Status.TARGET
    assert "error: PostgreSQL refuses" in capfd.readouterr().err
    live.run("DROP TRIGGER ends ON p")
    assert live.run(ROWS) == OLD
    assert run("sync", "--verify") == Status.DONE
