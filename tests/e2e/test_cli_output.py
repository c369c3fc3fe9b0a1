"""What leaves the program: formats, files, pipes, warnings, statuses."""

import csv
import io
import json
import re
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.e2e.conftest import PROGRAM, Program
from tests.support.repositories import RepoBuilder

EVERYTHING = (
    "SELECT 1 AS a, 2 AS a, 9007199254740993::BIGINT AS big, 12345678901234567890123::HUGEINT AS h,"
    " 1.50::DECIMAL(9,2) AS d, 'nan'::DOUBLE AS x, 'abc'::BLOB AS b, [1, 2] AS l,"
    " TIMESTAMP '2024-01-01 10:00:00' AS t, '{\"k\": [1.10]}'::JSON AS j, NULL AS n, 'ø' AS s"
)


def test_json_rules(program: Program) -> None:
    done = program("query", EVERYTHING, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        {
            "a": 1,
            "a_2": 2,
            "big": 9007199254740993,
            "h": "12345678901234567890123",
            "d": "1.50",
            "x": None,
            "b": "YWJj",
            "l": [1, 2],
            "t": "2024-01-01T10:00:00",
            "j": {"k": [1.1]},
            "n": None,
            "s": "ø",
        }
    ]
    assert "warning: x: NaN" in done.stderr


@pytest.mark.parametrize("name", ["csv", "tsv", "json", "jsonl", "markdown", "table"])
def test_text_formats(program: Program, name: str) -> None:
    done = program("query", "SELECT name, age FROM people ORDER BY age", "--format", name)
    assert done.returncode == 0
    assert done.stderr == ""
    assert all(text in done.stdout for text in ("name", "Anna", "41"))
    assert program("query", "SELECT 1 WHERE false", "--format", name).returncode == 0


def test_csv_is_the_usual_format_of_a_pipe(program: Program) -> None:
    done = program("query", "SELECT name, age FROM people ORDER BY age")
    assert done.stdout == "name,age\nBo,7\nCy,30\nAnna,41\n"


def test_nested_values_are_json_in_csv(program: Program) -> None:
    done = program("query", "SELECT {'a': [1, NULL]} AS s")
    assert list(csv.reader(io.StringIO(done.stdout))) == [["s"], ['{"a":[1,null]}']]


@pytest.mark.parametrize("name", ["out.json", "out.csv", "out.parquet", "out.arrow", "out.md"])
def test_files_get_the_format_of_their_name(program: Program, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    done = program("query", "SELECT name FROM people ORDER BY name", "--output", target)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    readers = {
        ".json": lambda: [row["name"] for row in json.loads(target.read_text("utf-8"))],
        ".csv": lambda: target.read_text("utf-8").split()[1:],
        ".parquet": lambda: parquet.read_table(target).column("name").to_pylist(),
        ".arrow": lambda: pa.ipc.open_stream(target.read_bytes()).read_all()["name"].to_pylist(),
        ".md": lambda: [line.strip("| ") for line in target.read_text("utf-8").split("\n")[2:-1]],
    }
    assert readers[target.suffix]() == ["Anna", "Bo", "Cy"]


def test_a_format_said_beats_the_name_of_the_file(program: Program, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    program("query", "SELECT 1 AS a", "--output", target, "--format", "jsonl")
    assert json.loads(target.read_text()) == {"a": 1}


def test_an_ending_that_names_no_format_is_refused(program: Program, tmp_path: Path) -> None:
    target, bare = tmp_path / "out.xyz", tmp_path / "out"
    done = program("query", "SELECT 1 AS a", "--output", target)
    assert (done.returncode, done.stdout) == (2, "")
    assert all(word in done.stderr for word in (".xyz", "--format", ".csv", ".parquet"))
    assert not target.exists()
    assert program("tables", "--output", target).returncode == 2
    for path, more in ((target, ["--format", "csv"]), (bare, [])):
        assert program("query", "SELECT 1 AS a", "--output", path, *more).returncode == 0
        assert path.read_text() == "a\n1\n"


def test_intervals_go_to_parquet_as_text(program: Program, tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    done = program("query", "SELECT INTERVAL '1 day' AS x", "--output", target)
    assert done.returncode == 2
    assert "CAST(x AS VARCHAR)" in done.stderr
    assert not target.exists()
    cast = "SELECT CAST(x AS VARCHAR) AS x FROM (SELECT INTERVAL '1 day' AS x)"
    assert program("query", cast, "--output", target).returncode == 0
    assert parquet.read_table(target)["x"].to_pylist() == ["1 day"]


def test_a_failure_leaves_the_old_file(program: Program, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    sql = "SELECT CASE WHEN i > 900000 THEN error('late') ELSE i END FROM range(1000000) t(i)"
    done = program("query", sql, "--output", target)
    assert done.returncode != 0
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.glob("*out*")] == ["out.csv"]
    missing = program("query", "SELECT 1", "--output", tmp_path / "no" / "out.csv")
    assert missing.returncode == 7


def test_a_reader_that_leaves_is_no_error(program: Program) -> None:
    script = f"set -o pipefail; {PROGRAM} query 'SELECT * FROM range(3000000)' | head -1"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=program.folder,
        env=program.environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.stdout == "range\n"
    assert done.stderr == ""
    assert done.returncode == 0


def test_only_json_on_stdout_while_indexing(program: Program, repo: RepoBuilder) -> None:
    for number in range(30):
        repo.commit({f"things/{number}.yaml": f"n: {number}\n"})
    done = program("query", "SELECT n FROM things ORDER BY n", "--format", "json")
    assert json.loads(done.stdout) == [{"n": n} for n in range(30)]
    assert done.stderr == ""


def test_parameters_and_sources_of_sql(program: Program, tmp_path: Path) -> None:
    sql = "SELECT name FROM people WHERE city = $c AND age > $n ORDER BY name"
    named = program("query", sql, "--param", "c=Oslo", "-p", "n=35")
    assert named.stdout == "name\nAnna\n", named.stderr
    placed = program("query", "SELECT name FROM people WHERE age = ?", "-p", "7")
    assert placed.stdout == "name\nBo\n", placed.stderr
    file = tmp_path / "q.sql"
    file.write_text("-- all of them\nSELECT count(*) AS n FROM people")
    assert program("query", "--file", file).stdout == "n\n3\n"
    assert program("query", "-", data=b"SELECT 1 AS a").stdout == "a\n1\n"
    assert program("query").returncode == 2


def test_timing(program: Program, repo: RepoBuilder) -> None:
    done = program("query", "SELECT * FROM people", "--timing")
    assert re.fullmatch(rf"3 rows in \d+\.\d+ s at {repo.tip()[:12]}\n", done.stderr)
    assert program("query", "SELECT * FROM people", "--timing", "--quiet").stderr == ""


def test_a_broken_file_costs_nobody_else(program: Program, repo: RepoBuilder) -> None:
    repo.commit({f"things/{n}.yaml": f"n: {n}\n" for n in range(50)})
    repo.commit({"things/7.yaml": "n: 7\nbad: [1,\n"})
    done = program("query", "SELECT count(*) AS n FROM things")
    assert (done.returncode, done.stdout) == (0, "n\n49\n")
    assert done.stderr.count("warning") == 1
    assert re.search(r"things/7\.yaml:[23]\b", done.stderr)
    listed = program("query", "SELECT * FROM unreadable()", "--format", "json")
    assert [row["path"] for row in json.loads(listed.stdout)] == ["things/7.yaml"]
    assert program("query", "SELECT 1 FROM things", "--strict").returncode == 5
    listing = program("tables")
    assert listing.returncode == 0
    assert listing.stderr.count("things/7.yaml:") == 1
    assert program("tables", "--strict").returncode == 5
    assert program("query", "SELECT count(*) FROM things", "--quiet").stderr == ""


def test_names_in_many_scripts(program: Program, repo: RepoBuilder) -> None:
    composed, decomposed = "\u00e5", "a\u030a"
    files = {
        f"steder/{composed}lesund.yaml": "navn: Ålesund\n",
        f"steder/{decomposed}rdal.yaml": "navn: Årdal\n",
        "steder/東京.yaml": "navn: 東京\n",
        "steder/🚢.yaml": "navn: 🚢\n",
    }
    repo.commit(files)
    done = program("query", "SELECT _key, navn FROM steder", "--format", "json")
    assert {row["_key"] for row in json.loads(done.stdout)} == {
        f"{composed}lesund", f"{decomposed}rdal", "東京", "🚢",
    }  # fmt: skip
    table = program("query", "SELECT navn, 1 AS n FROM steder", "--format", "table").stdout
    from rich.cells import cell_len

    assert len({cell_len(line) for line in table.splitlines()[1:]}) == 1


def test_line_ends_marks_and_encodings(program: Program, repo: RepoBuilder) -> None:
    text = "name,n\nÅse,1\nBo,2\n"
    repo.commit(
        {
            "lf.csv": text,
            "crlf.csv": text.replace("\n", "\r\n"),
            "bom.csv": "\ufeff" + text,
            "wide.csv": text.encode("utf-16"),
            "wider.csv": text.encode("utf-16-le"),
        }
    )
    for name in ("lf", "crlf", "bom", "wide"):
        assert program("query", f"SELECT * FROM {name}").stdout == text, name
    told = program("query", "SELECT path, line FROM unreadable()")
    assert re.fullmatch(r"path,line\nwider.csv,\d\n", told.stdout)
    assert "wider.csv:" in program("tables").stderr


def test_limits_hold(program: Program) -> None:
    done = program("query", "SELECT * FROM range(1000)", "--max-rows", "10")
    assert done.returncode == 4
    assert "10" in done.stderr
    slow = "SELECT count(*) FROM range(100000000000)"
    stopped = program("query", slow, "--timeout", "200ms")
    assert stopped.returncode in (4, 130)
    assert stopped.stderr.startswith("error: ")
    assert program("query", "SELECT 1", "--threads", "none at all").returncode == 2


def test_debugging_shows_where(program: Program) -> None:
    done = subprocess.run(
        [PROGRAM, "query", "SELECT * FROM nothing"],
        cwd=program.folder,
        env=program.environment(INGITDB_DEBUG="1"),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 3
    assert "Traceback" in done.stderr
