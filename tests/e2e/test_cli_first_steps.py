"""What a newcomer tries first: bare calls, folders of all kinds, names, quoting."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingitdb_cli.group import COMMANDS
from tests.e2e.conftest import Program
from tests.support.repositories import RepoBuilder


def test_alone_it_shows_examples(program: Program) -> None:
    done = program()
    assert done.returncode == 0
    assert done.stderr == ""
    assert len(re.findall(r"^  ingitdb ", done.stdout, re.MULTILINE)) == 6
    assert "try: ingitdb tables" in done.stdout


def test_help_of_query_begins_with_examples(program: Program) -> None:
    done = program("query", "--help")
    assert done.returncode == 0
    assert all(line.strip().startswith("ingitdb query") for line in done.stdout.splitlines()[:3])
    for option in ("--param", "--file", "--timing", "--at", "--format", "--output"):
        assert option in done.stdout


def test_every_example_runs(program: Program, repo: RepoBuilder, tmp_path: Path) -> None:
    key = "[route, category, season, ticket, class]"
    tables = (
        "discover: true\ntables:\n  geo.countries: {glob: geo/countries.csv}\n"
        f"  fares: {{glob: fares.csv, key: {key}}}\n"
    )
    repo.commit(
        {
            "geo/countries.csv": "code\nNO\n",
            ".ingitdb/tables.yaml": tables,
            "fares.csv": "route,category,season,ticket,class,fare\n"
            "R07,adult,low,single,standard,9\n"
            "R07,adult,low,single,first,12\n",
        },
        when=datetime(2024, 2, 1, tzinfo=UTC),
    )
    repo.tag("v1.0")
    repo.commit({"people/anna.yaml": "name: Anna\ncity: Oslo\nage: 42\n"})
    repo.tag("v2.0")
    repo.git("branch", "feature")
    roles = ("AUTHOR", "COMMITTER")
    desk = {f"GIT_{role}_NAME": "People Desk" for role in roles}
    desk |= {f"GIT_{role}_EMAIL": "people@example.org" for role in roles}
    (program.home / ".config" / "fish" / "completions").mkdir(parents=True)
    examples = []
    writing = {"init", "insert", "update", "delete"}  # tests of their own run them
    for name in sorted(set(COMMANDS) - {"demo", "serve", *writing}):
        shown = program(name, "--help").stdout
        examples += re.findall(r"^  ((?:\w+=\d )?ingitdb .*)$", shown, re.MULTILINE)
    assert len(examples) >= 24
    script = "\n".join(["set -ex", *examples])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=repo.path,
        env={**program.environment(), **desk},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (repo.path / "oslo.parquet").exists()


def test_versions(program: Program) -> None:
    short = program("--version").stdout
    assert re.fullmatch(r"ingitdb \d+\.\d+\.\d+\S*\n", short)
    assert program("version").stdout == short
    long = program("version", "--verbose").stdout
    assert long.startswith(short)
    assert all(name in long for name in ("python 3", "duckdb ", "pyarrow ", "git 2"))


def test_in_an_empty_folder(program: Program, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = program.at(tmp_path / "empty")("tables")
    assert done.returncode == 3
    assert done.stdout == ""
    assert f"error: not a Git repository: {tmp_path / 'empty'}" in done.stderr
    assert all(way in done.stderr for way in ("-C", "init", "demo"))


def test_at_a_folder_that_does_not_exist(program: Program) -> None:
    done = program("tables", "-C", "nowhere")
    assert done.returncode == 3
    assert "nowhere" in done.stderr


def names(text: str) -> set[str]:
    return {table["name"] for table in json.loads(text)}


def test_in_a_sub_folder_the_root_is_found(program: Program) -> None:
    below = program.at(program.folder / "people")
    assert names(below("tables", "--format", "json").stdout) == {"people", "places"}


def test_a_chosen_folder_narrows(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"deep/cars/a.yaml": "n: 1\n", "deep/bikes.csv": "n\n1\n"})
    everything = {"people", "places", "deep", "deep_rows"}
    assert names(program("tables", "-C", ".", "--format", "json").stdout) == everything
    narrowed = program("-C", "deep", "tables", "--format", "json")
    assert names(narrowed.stdout) == {"cars", "bikes"}


def test_a_repository_of_code(program: Program, tmp_path: Path) -> None:
    code = RepoBuilder(tmp_path / "code")
    code.commit({"main.py": "print(1)\n", "README.md": "# Code\n", "package.json": "{}\n"})
    done = program("-C", code.path, "tables", "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == []
    assert "no data files found; see ingitdb tables --explain" in done.stderr
    explained = program("-C", code.path, "tables", "--explain")
    assert explained.returncode == 0
    assert "well-known name in the root" in explained.stdout


def test_a_repository_without_commits(program: Program, tmp_path: Path) -> None:
    young = RepoBuilder(tmp_path / "young")
    young.write("things.csv", "n\n1\n2\n")
    done = program("-C", young.path, "tables")
    assert done.returncode == 0
    assert "no commits yet" in done.stderr
    assert "WORKING" in done.stderr
    assert program("-C", young.path, "log").returncode == 0
    found = program("-C", young.path, "query", "SELECT sum(n) FROM things", "--at", "WORKING")
    assert (found.returncode, found.stdout.splitlines()[1:]) == (0, ["3"])
    assert program("-C", young.path, "query", "SELECT 1 FROM things").returncode == 3


def test_tables_say_what_they_are(program: Program) -> None:
    found = {t["name"]: t for t in json.loads(program("tables", "--format", "json").stdout)}
    keys = {"schema", "name", "rows", "columns", "key", "format", "location", "source"}
    assert set(found["people"]) == keys
    assert (found["people"]["rows"], found["places"]["rows"]) == (3, 2)
    assert found["people"]["source"] == "discovery"
    before = {
        t["name"]: t for t in json.loads(program("--at", "v1", "tables", "--format", "json").stdout)
    }
    assert before["people"]["rows"] == 2


def test_options_stand_before_or_after_the_command(program: Program) -> None:
    before = program("--at", "v1", "--format", "json", "query", "SELECT count(*) AS n FROM people")
    after = program("query", "SELECT count(*) AS n FROM people", "--at", "v1", "--format", "json")
    assert before.stdout == after.stdout
    assert json.loads(after.stdout) == [{"n": 2}]
    mixed = program("--at", "v1", "query", "SELECT count(*) AS n FROM people", "--at", "main")
    assert mixed.stdout == "n\n3\n"


def test_unquoted_sql_is_shown_quoted(program: Program) -> None:
    done = program("query", "SELECT", "people", "places.csv", "FROM", "people")
    assert done.returncode == 2
    assert 'ingitdb query "SELECT * FROM people"' in done.stderr


@pytest.mark.parametrize(
    ("sql", "status", "wanted"),
    [
        ('SELECT * FROM people WHERE name = "Oslo"', 3, ["Oslo", "single quotes", "^"]),
        ("SELEC 1", 4, ["^"]),
        ("SELECT * FROM peopl", 3, ["people"]),
        ("SELECT nam FROM people", 3, ["name", "^"]),
        ("SELECT * FROM zzz", 3, ["The nearest names are", "people", "places"]),
        ("SELECT zzz FROM people", 3, ["The nearest names are", "age"]),
        ("SELECT * FROM people AS OF 'v11'", 3, ["v1"]),
        ("SELECT * FROM people AS OF 'abc'", 3, ["abc", "branch, tag or date", "main"]),
        ("SELECT * FROM people AS OF '2019-01-01'", 3, ["2026-01-01"]),
        ("", 2, ["no SQL"]),
    ],
)
def test_mistakes_are_explained(program: Program, sql: str, status: int, wanted: list[str]) -> None:
    done = program("query", sql)
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert all(text in done.stderr for text in wanted), done.stderr


def test_unknown_refs_name_the_nearest(program: Program) -> None:
    done = program("tables", "--at", "mian")
    assert done.returncode == 3
    assert "main" in done.stderr
    assert "Did you mean HEAD" in program("query", "SELECT 1", "--at", "hed").stderr


def test_tables_of_the_same_name_are_told_apart(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"same.csv": "n\n1\n", "same.jsonl": '{"n": 2}\n', "people.csv": "n\n3\n"})
    for name, numbers in (("same", ["1", "2"]), ("people", ["3", "Anna"])):
        done = program("query", f"SELECT * FROM {name}")
        assert done.returncode == 3
        assert program("describe", name).stderr == done.stderr
        found = re.search(r"Write one of: (.*)\.\n", done.stderr)
        assert found is not None
        spellings = found[1].split(", ")
        texts = [program("query", f"SELECT * FROM {spelling}").stdout for spelling in spellings]
        assert all(any(number in text for text in texts) for number in numbers), texts
        assert len(set(texts)) == len(spellings) == 2
        for spelling in spellings:
            assert program("describe", spelling).returncode == 0


def test_sql_that_begins_with_a_comment(program: Program) -> None:
    for sql in ("-- only a comment", "-- n = 1\nSELECT 1 AS n", "--n\nSELECT 1 AS n"):
        done = program("query", sql)
        assert (done.returncode, done.stdout) == (2, "")
        assert all(way in done.stderr for way in ("query -- ", "--file", "stdin")), done.stderr
    assert program("query", "--", sql).stdout == program("query", "-", data=sql.encode()).stdout
    assert program("query", "--", sql).stdout == "n\n1\n"
    mistyped = program("query", "--tmieout", "1s", "SELECT 1")
    assert mistyped.returncode == 2
    assert "--tmieout" in mistyped.stderr


def test_names_with_a_hyphen(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"country-codes.csv": "code\nNO\n"})
    assert program("query", "SELECT * FROM country_codes").stdout == "code\nNO\n"
    assert program("query", 'SELECT * FROM "country-codes"').stdout == "code\nNO\n"


def test_a_name_with_a_hyphen_typed_bare(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"country-codes.csv": "code\nNO\n"})
    done = program("query", "SELECT * FROM country-codes")
    assert done.returncode == 0 or '"country-codes"' in done.stderr


@pytest.mark.parametrize("ref", ["v1", "main~1", "2026-01-02", "HEAD~1"])
def test_refs_of_all_kinds(program: Program, ref: str) -> None:
    inside = program("query", f"SELECT count(*) AS n FROM people AS OF '{ref}'")
    assert inside.stdout == "n\n2\n", inside.stderr
    assert program("query", "SELECT count(*) AS n FROM people", "--at", ref).stdout == "n\n2\n"


def test_a_ref_named_like_a_date_wins(program: Program, repo: RepoBuilder) -> None:
    count = ("query", "SELECT count(*) AS n FROM people", "--at", "2026-01-02")
    dated = program(*count)
    assert dated.stdout == "n\n2\n"
    assert dated.stderr == f"note: Reading {repo.tip('v1')[:12]}, the commit for '2026-01-02'.\n"
    repo.tag("2026-01-02")
    named = program(*count)
    assert named.stdout == "n\n3\n"
    wins = f"note: Reading {repo.tip()[:12]}: the ref '2026-01-02' wins over the date.\n"
    assert named.stderr == wins
    assert (
        program("query", "SELECT count(*) AS n FROM people AS OF '2026-01-02'").stdout == "n\n3\n"
    )


def test_yesterday_is_a_date_or_named(program: Program, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    repo = RepoBuilder(tmp_path / "young")
    repo.commit({"people/di.yaml": "name: Di\n"}, when=now - timedelta(days=3))
    repo.commit({"people/eva.yaml": "name: Eva\n"}, when=now)
    done = program.at(repo.path)("query", "SELECT count(*) AS n FROM people AS OF 'yesterday'")
    if done.returncode:
        assert (done.returncode, done.stdout) == (3, "")
        assert "'yesterday'" in done.stderr
    else:
        assert done.stdout == "n\n1\n"


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE people",
        "INSERT INTO people (name) VALUES ('x')",
        "INSERT INTO people AS OF 'v1' (name) VALUES ('x')",
        "COPY people TO 'out.csv'",
        "COPY (SELECT 1) TO '/tmp/ingitdb-out.csv'",
        "DELETE FROM people",
        "SELECT * FROM read_csv('places.csv')",
    ],
)
def test_what_writes_or_reaches_out_is_refused(
    program: Program, repo: RepoBuilder, sql: str
) -> None:
    before = (repo.tip(), repo.git("status", "--porcelain"))
    done = program("query", sql)
    assert done.returncode == 4, done.stderr
    assert done.stderr.startswith("error: ")
    if sql.startswith("COPY"):
        assert "--output" in done.stderr
    assert (repo.tip(), repo.git("status", "--porcelain")) == before
    assert not (repo.path / "out.csv").exists()


def test_places_that_this_version_cannot_open(program: Program, repo: RepoBuilder) -> None:
    for place in ("https://example.org/data.git", "git@example.org:data.git"):
        done = program("-C", place, "tables")
        assert done.returncode == 2
        assert "git clone" in done.stderr
    repo.git("bundle", "create", "--quiet", "all.bundle", "main")
    assert program("-C", "all.bundle", "tables").returncode == 2


def test_help_of_serve_begins_with_examples(program: Program) -> None:
    done = program("serve", "--help")
    assert done.returncode == 0
    assert all(line.startswith("  ingitdb serve") for line in done.stdout.splitlines()[:3])
    for option in ("--users", "--tls-cert", "--port", "--drain"):
        assert option in done.stdout


def test_the_next_statement_sees_a_new_commit(program: Program, repo: RepoBuilder) -> None:
    count = ("query", "SELECT count(*) AS n FROM people")
    assert program(*count).stdout == "n\n3\n"
    repo.commit({"people/di.yaml": "name: Di\n"})
    assert program(*count).stdout == "n\n4\n"
    assert program(*count, "--at", "v1").stdout == "n\n2\n"


def test_describe(program: Program) -> None:
    done = program("describe", "people", "--format", "json")
    columns = {c["name"]: c for c in json.loads(done.stdout)}
    assert list(columns) == ["_key", "name", "city", "age"]
    assert (columns["age"]["type"], columns["_key"]["key"]) == ("BIGINT", True)
    wrong = program("describe", "peple")
    assert wrong.returncode == 3
    assert "people" in wrong.stderr


def test_describe_at_a_ref(program: Program, repo: RepoBuilder) -> None:
    old = program("describe", "people", "--at", "v1").stdout
    repo.commit({"people/bo.yaml": "name: Bo\ncity: Bergen\nage: seven\n"})
    assert program("describe", "people").stdout != old
    for name in (
        "people@v1",
        "people@2026-01-02",
        '"people@v1"',
        "main.people@v1",
        "People@HEAD~2",
    ):
        assert program("describe", name).stdout == old, name
    both = program("describe", "people@v1", "--at", "HEAD")
    assert (both.returncode, both.stdout) == (2, "")
    assert "--at" in both.stderr
    for name, near in (("people@v11", "v1"), ("peple@v1", "people")):
        wrong = program("describe", name)
        assert wrong.returncode == 3
        assert near in wrong.stderr
    repo.commit({"me@home.csv": "n\n1\n"})
    for arguments in (["me@home"], ["me@home", "--at", "HEAD"], ["me@home.csv"]):
        assert "n,BIGINT" in program("describe", *arguments).stdout


def test_log(program: Program, repo: RepoBuilder) -> None:
    lines = [json.loads(line) for line in program("log", "--format", "jsonl").stdout.splitlines()]
    assert [line["message"] for line in lines] == ["Second", "First"]
    assert lines[0]["commit"] == repo.tip()
    assert lines[1]["date"] == "2026-01-01T12:00:00Z"
    assert len(program("log", "--limit", "1").stdout.splitlines()) == 2
    assert len(program("log", "--at", "v1").stdout.splitlines()) == 2


def test_config_names_the_origins(program: Program, repo: RepoBuilder) -> None:
    repo.write(".ingitdb/config.yaml", "threads: 1\nworkers: 1\n")
    done = program("config", "--format", "json", "--strict", INGITDB_THREADS="2")
    found = {line["name"]: line for line in json.loads(done.stdout)}
    assert found["threads"] == {"name": "threads", "value": "2", "origin": "INGITDB_THREADS"}
    assert found["workers"]["origin"].endswith(".ingitdb/config.yaml")
    assert found["strict"] == {"name": "strict", "value": "true", "origin": "--strict"}
    wrong = program("config", INGITDB_THREADS="many")
    assert wrong.returncode == 2
    assert "INGITDB_THREADS" in wrong.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(program: Program, tmp_path: Path, shell: str) -> None:
    script = tmp_path / "script"
    script.write_text(program("completion", shell).stdout)
    assert "_INGITDB_COMPLETE" in script.read_text()
    assert program("completion", "tcsh").returncode == 2
    if shutil.which(shell):
        subprocess.run([shell, "-n", script], check=True)


def test_completion_in_bash(program: Program, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(program("completion", "bash").stdout)
    lines = f"""
        source {tmp_path}/script
        COMP_WORDS=(ingitdb ta) COMP_CWORD=1
        $(complete -p ingitdb | sed -E 's/.*-F ([^ ]+).*/\\1/') ingitdb
        echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-c", lines], env=program.environment(), capture_output=True, text=True
    )
    assert done.stdout.split() == ["tables", "tag"], done.stderr
