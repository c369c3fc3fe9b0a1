"""What the program tells of tables: plans, the information schema, time zones, their files."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.e2e.conftest import Program
from tests.support.northlight import Demo
from tests.support.repositories import RepoBuilder


@pytest.fixture
def ferries(northlight: Demo) -> Program:
    """The program in the demo repository."""
    return Program(northlight.home, northlight.path)


def rows(program: Program, sql: str, *more: str | Path, **around: str) -> list[list[str]]:
    """Gives the rows of an answer as text."""
    done = program("query", sql, *more, "--format", "csv", **around)
    assert (done.returncode, done.stderr) == (0, "")
    return list(csv.reader(io.StringIO(done.stdout)))[1:]


# --- Plans ----------------------------------------------------------------------------------


def test_explain(program: Program) -> None:
    asked = "SELECT name FROM people AS OF 'v1' WHERE age > 10"
    done = program("query", f"EXPLAIN {asked}", "--format", "table")
    assert done.returncode == 0, done.stderr
    assert "PARQUET" in done.stdout
    assert done.stdout.startswith("╭")
    ((kind, plan),) = rows(program, f"EXPLAIN {asked}")
    assert kind == "physical_plan"
    assert plan.strip() == done.stdout.strip()


def test_explain_analyze_runs_it(program: Program) -> None:
    done = program("query", "EXPLAIN ANALYZE SELECT * FROM people", "--format", "table")
    assert "Total Time" in done.stdout
    assert re.search(r"\b3 rows", done.stdout)


@pytest.mark.parametrize("what", ["EXPLAIN", "EXPLAIN ANALYZE"])
def test_explain_guards_as_the_statement_does(program: Program, what: str) -> None:
    assert program("query", f"{what} DELETE FROM people").returncode == 4
    assert program("query", f"{what} SELECT * FROM read_text('places.csv')").returncode == 4
    wrong = program("query", f"{what} SELECT * FROM peopl")
    assert wrong.returncode == 3
    assert "people" in wrong.stderr


# --- Views ----------------------------------------------------------------------------------


def test_views_among_tables(repo: RepoBuilder, program: Program) -> None:
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    made = program("query", "CREATE VIEW named AS SELECT name, 1.5::DECIMAL(3,1) AS n FROM people")
    assert made.returncode == 0, made.stderr
    listed = json.loads(program("tables", "--format", "json").stdout)
    assert next(table for table in listed if table["source"] == "view") == {
        "schema": "main",
        "name": "named",
        "rows": None,
        "columns": 2,
        "key": [],
        "format": "sql",
        "location": ".ingitdb/views/named.sql",
        "source": "view",
    }
    before = program("tables", "--at", "HEAD~1", "--format", "json")
    assert "named" not in {table["name"] for table in json.loads(before.stdout)}
    assert "named" in program("tables", "--format", "table").stdout
    described = json.loads(program("describe", "named", "--format", "json").stdout)
    assert [(column["name"], column["type"]) for column in described] == [
        ("name", "VARCHAR"),
        ("n", "DECIMAL(3,1)"),
    ]
    assert program("describe", "named", "--at", "HEAD~1").returncode == 3


# --- The information schema -----------------------------------------------------------------


TABLES = ["crossings", "disruptions_items", "fares", "ports", "routes", "vessels"]


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("HEAD", TABLES),
        ("v1.0", sorted({*TABLES, "lines"} - {"routes"})),
        ("v2.0~1", TABLES),
        ("WORKING", TABLES),
    ],
)
def test_tables_at(ferries: Program, ref: str, expected: list[str]) -> None:
    sql = "SELECT table_name FROM information_schema.tables"
    assert [name for (name,) in rows(ferries, f"{sql} ORDER BY 1", "--at", ref)] == expected
    assert [name for (name,) in rows(ferries, f"{sql} AS OF '{ref}' ORDER BY 1")] == expected


def test_columns_at(ferries: Program) -> None:
    sql = (
        "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
        " WHERE table_name = 'fares' ORDER BY ordinal_position"
    )
    before, after = rows(ferries, sql, "--at", "v1.0"), rows(ferries, sql)
    assert before[-1] == ["fare", "DECIMAL(18,2)", "YES"]
    assert after[-1][0] == "price_eur"
    assert ["route", "VARCHAR", "NO"] in after
    described = json.loads(ferries("describe", "fares", "--format", "json").stdout)
    assert [[c["name"], c["type"]] for c in described] == [row[:2] for row in after]


REFERENCES = """
    SELECT k.table_name, k.column_name, u.table_name
    FROM information_schema.referential_constraints r
    JOIN information_schema.key_column_usage k USING (constraint_name)
    JOIN information_schema.table_constraints u
        ON u.constraint_name = r.unique_constraint_name AND u.constraint_type = 'PRIMARY KEY'
    ORDER BY ALL
"""


def test_keys_and_references(ferries: Program) -> None:
    assert rows(ferries, REFERENCES) == [
        ["fares", "route", "routes"],
        ["routes", "from_port", "ports"],
        ["routes", "to_port", "ports"],
        ["routes", "vessel", "vessels"],
        ["vessels", "home_port", "ports"],
    ]
    assert rows(ferries, REFERENCES, "--at", "v2.0~1") == []
    keys = (
        "SELECT column_name FROM information_schema.key_column_usage"
        " WHERE constraint_name = 'fares_pkey' ORDER BY ordinal_position"
    )
    assert [name for (name,) in rows(ferries, keys)] == [
        "route", "category", "season", "ticket", "class",
    ]  # fmt: skip


@pytest.mark.parametrize("ref", ["HEAD", "v1.0", "v1.0~3"])
def test_table_stats(ferries: Program, ref: str) -> None:
    found = rows(ferries, "SELECT table_name, rows, columns FROM table_stats()", "--at", ref)
    listed = json.loads(ferries("tables", "--at", ref, "--format", "json").stdout)
    assert found == [[t["name"], str(t["rows"]), str(t["columns"])] for t in listed]
    counted = " UNION ALL ".join(f"SELECT count(*) FROM {name}" for name, *_ in found)
    assert [[n] for _, n, _ in found] == rows(ferries, counted, "--at", ref)


def test_unreadable_at(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"people/bad.yaml": "name: [\n", "worse.json": "{\n\n,}"})
    sql = "SELECT path, line, severity FROM unreadable() ORDER BY path"
    assert rows(program, sql) == [["people/bad.yaml", "2", "error"], ["worse.json", "3", "error"]]
    assert rows(program, sql, "--at", "v1") == []
    repo.write("people/bad.yaml", "name: good\n")
    assert [path for path, *_ in rows(program, sql, "--at", "WORKING")] == ["worse.json"]
    assert rows(program, "SELECT DISTINCT message <> '' FROM unreadable()") == [["true"]]


# --- Time zones -----------------------------------------------------------------------------

MOMENT = "SELECT m, m::VARCHAR AS text FROM (SELECT TIMESTAMPTZ '2020-10-10 22:30:00+00' AS m)"


@pytest.mark.parametrize(
    ("zone", "shown", "day"),
    [
        ("UTC", "2020-10-10 22:30:00Z", "2020-10-10"),
        ("Europe/Oslo", "2020-10-11 00:30:00+02:00", "2020-10-11"),
        ("Asia/Kolkata", "2020-10-11 04:00:00+05:30", "2020-10-11"),
        ("America/New_York", "2020-10-10 18:30:00-04:00", "2020-10-10"),
    ],
)
def test_time_zones(program: Program, zone: str, shown: str, day: str) -> None:
    ((moment, text),) = rows(program, MOMENT, INGITDB_TIME_ZONE=zone, TZ="Pacific/Auckland")
    assert moment == shown
    assert text[:19] == shown[:19]
    found = program("query", MOMENT, "--format", "json", INGITDB_TIME_ZONE=zone)
    assert json.loads(found.stdout)[0]["m"] == shown.replace(" ", "T")
    trunc = "SELECT date_trunc('day', TIMESTAMPTZ '2020-10-10 22:30:00+00')::DATE AS day"
    assert rows(program, trunc, INGITDB_TIME_ZONE=zone) == [[day]]


def test_the_zone_of_the_machine_does_not_count(program: Program) -> None:
    assert rows(program, MOMENT, TZ="Asia/Tokyo")[0][0] == "2020-10-10 22:30:00Z"
    assert program("query", "SELECT 1", INGITDB_TIME_ZONE="Mars/Olympus").returncode == 2


# --- Files of a commit ----------------------------------------------------------------------


def everything(folder: Path) -> dict[str, bytes]:
    """Gives path → content of a folder's files."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def read(path: Path) -> Any:
    """Reads a file that was materialized."""
    if path.suffix == ".parquet":
        return parquet.read_table(path)
    return pa.ipc.open_file(path).read_all()


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_materialize(program: Program, repo: RepoBuilder, tmp_path: Path, suffix: str) -> None:
    repo.commit({"moments.toml": "[a]\nat = 2024-01-05T10:00:00Z\nnested = {n = [1, 2]}\n[b]\n"})
    made = ("materialize", "--format", suffix, "--output")
    first, again, old = tmp_path / "first", tmp_path / "again", tmp_path / "old"
    done = program(*made, first)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert program("cache", "clear").returncode == 0
    around = {"INGITDB_TIME_ZONE": "Asia/Tokyo", "INGITDB_THREADS": "1"}
    assert program(*made, again, **around).returncode == 0
    assert everything(again) == everything(first)
    names = [f"main/{name}.{suffix}" for name in ("moments", "people", "places")]
    assert list(everything(first)) == [*names, "snapshot.json"]
    assert read(first / names[1]).to_pylist() == [
        {"_key": "anna", "name": "Anna", "city": "Oslo", "age": 41},
        {"_key": "bo", "name": "Bo", "city": "Bergen", "age": 7},
        {"_key": "cy", "name": "Cy", "city": "Oslo", "age": 30},
    ]
    assert program(*made, old, "--at", "v1").returncode == 0
    assert read(old / names[1]).num_rows == 2
    summary = json.loads((old / "snapshot.json").read_text("utf-8"))
    assert summary["commit"] == repo.tip("v1")
    assert summary["tree"] == repo.git("rev-parse", "v1^{tree}")
    assert [(t["name"], t["file"], t["rows"]) for t in summary["tables"]] == [
        ("people", names[1], 2),
        ("places", names[2], 2),
    ]
    assert summary["tables"][1]["columns"][0] == {"name": "name", "type": "VARCHAR"}


def test_materialize_takes_names_as_sql_does(program: Program, tmp_path: Path) -> None:
    one = tmp_path / "one"
    named = ("main.people", '"places.csv"')
    assert program("materialize", *named, "--output", one).returncode == 0
    assert {path.stem for path in one.rglob("*.parquet")} == {"people", "places"}


def test_materialize_some_tables_again(program: Program, tmp_path: Path) -> None:
    one = tmp_path / "one"
    assert program("materialize", "people", "--output", one).returncode == 0
    assert program("materialize", "places", "--output", one).returncode == 0
    summary = json.loads((one / "snapshot.json").read_text("utf-8"))
    assert [table["name"] for table in summary["tables"]] == ["places"]
    assert (one / "main" / "places.parquet").exists()


def test_materialize_refuses(program: Program, tmp_path: Path) -> None:
    one = tmp_path / "one"
    for arguments, status in (
        (["people"], 2),
        (["people", "--output", one, "--format", "csv"], 2),
        (["nobody", "--output", one], 3),
        (["--at", "nowhere", "--output", one], 3),
    ):
        assert program("materialize", *arguments).returncode == status, arguments
        assert not one.exists()
    (tmp_path / "file").write_text("mine")
    for folder in (Path("/proc/x"), tmp_path / "file" / "x", tmp_path / "a" / ("x" * 300)):
        done = program("materialize", "--output", folder)
        assert done.returncode == 7
        assert done.stderr.startswith(f"error: {folder} cannot be written: ")
        assert done.stderr.count("\n") == 1
    (taken := tmp_path / "taken" / "main" / "people.parquet").mkdir(parents=True)
    (tmp_path / "taken" / "snapshot.json").write_text("{}")
    done = program("materialize", "people", "--output", tmp_path / "taken")
    assert (done.returncode, done.stderr) == (
        7,
        f"error: {taken} cannot be written: Is a directory.\n",
    )
    one.mkdir()
    (one / "mine.txt").write_text("mine")
    assert program("materialize", "--output", one).returncode == 2
    assert everything(one) == {"mine.txt": b"mine"}


# --- The cache ------------------------------------------------------------------------------


def test_cache(program: Program) -> None:
    assert program("query", "SELECT * FROM people").returncode == 0
    found = json.loads(program("cache", "info", "--format", "json").stdout)[0]
    folder = Path(found["path"])
    assert folder.is_relative_to(program.home)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert 0 < sum(path.stat().st_size for path in files) <= found["bytes"]
    checked = program("cache", "verify")
    assert (checked.returncode, checked.stdout) == (0, "")
    assert re.fullmatch(r"[1-9]\d* files checked, 0 damaged\n", checked.stderr)
    assert program("cache", "limit", "big").returncode == 2
    assert "freed" in program("cache", "clear").stderr
    assert json.loads(program("cache", "info", "--format", "json").stdout)[0]["bytes"] == 0
    assert program("query", "SELECT count(*) AS n FROM people").stdout == "n\n3\n"


def test_a_damaged_cache_is_found_and_mended(program: Program) -> None:
    assert program("query", "SELECT * FROM people").returncode == 0
    file = max(program.home.rglob("*.parquet"), key=lambda path: path.stat().st_size)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    found = program("cache", "verify")
    assert found.returncode == 1
    assert file.name in found.stderr
    assert program("query", "SELECT count(*) AS n FROM people").stdout == "n\n3\n"
    assert program("cache", "verify").returncode == 0


def test_a_cache_is_shrunk(program: Program, repo: RepoBuilder) -> None:
    lines = "".join(f"{n},{n * n}\n" for n in range(20_000))
    repo.commit({"squares.csv": f"n,square\n{lines}"})
    assert program("query", "SELECT * FROM squares LIMIT 1").returncode == 0
    before = json.loads(program("cache", "info", "--format", "json").stdout)[0]["bytes"]
    assert program("cache", "limit", "1GB").returncode == 0
    assert json.loads(program("cache", "info", "--format", "json").stdout)[0]["bytes"] == before
    assert program("cache", "limit", "10kB").returncode == 0
    after = json.loads(program("cache", "info", "--format", "json").stdout)[0]["bytes"]
    assert after <= 10_000 < before
    assert program("query", "SELECT count(*) AS n FROM squares").stdout == "n\n20000\n"
