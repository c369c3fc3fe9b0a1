"""`ingitdb validate`: what is printed in each form, and the exit status."""

import csv
import io
import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import PROGRAM, Program
from tests.support.repositories import RepoBuilder

ROOT = Path(__file__).parents[2]
TABLES = ".ingitdb/tables.yaml"
SAID = """
tables:
  people:
    columns: {age: {type: INTEGER, max_value: 40}}
    foreign_keys: [{columns: city, table: places, references: name}]
  places:
    key: name
"""


@pytest.fixture
def declared(repo: RepoBuilder) -> RepoBuilder:
    """The people and places with something declared that Anna's age offends against."""
    repo.commit({TABLES: SAID}, "Declare")
    return repo


def test_clean(program: Program) -> None:
    done = program("validate")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Nothing found in 2 tables with 5 records at ")


def test_text(program: Program, declared: RepoBuilder) -> None:
    done = program("validate")
    assert (done.returncode, done.stderr) == (1, "")
    first, last = done.stdout.splitlines()
    place = "people/anna.yaml:3:1: error: "
    assert first == f"{place}people 'anna': age must be at most 40, not 41. [max_value]"
    assert last == f"1 error found in 2 tables with 5 records at {declared.tip()[:12]}."


def test_base(program: Program, declared: RepoBuilder) -> None:
    base = declared.tip()
    declared.commit({"places.csv": "name,country\nOslo,NO\n"}, "Drop Bergen")
    done = program("validate", "--base", base)
    assert done.returncode == 1
    (first, last) = done.stdout.splitlines()
    assert first.startswith("people/bo.yaml:2:1: error: people 'bo': city refers to 'Bergen', ")
    assert f"since {base[:12]}" in last
    assert program("validate", "--base", "HEAD").returncode == 0


def test_work_tree(program: Program, declared: RepoBuilder) -> None:
    declared.write("people/anna.yaml", "name: Anna\ncity: Oslo\nage: 40\n")
    assert program("validate", "--at", "WORKING").returncode == 0
    assert program("validate").returncode == 1


def test_unreadable(program: Program, declared: RepoBuilder) -> None:
    declared.commit({"people/dan.yaml": "name: [\n"}, "Break")
    done = program("validate")
    assert done.returncode == 5
    assert "people/dan.yaml:2:1: error: " in done.stdout


def test_some_tables(program: Program, declared: RepoBuilder) -> None:
    assert program("validate", "places").returncode == 0
    done = program("validate", "towns")
    assert done.returncode == 3
    assert "Table 'towns' does not exist" in done.stderr


def test_json(program: Program, declared: RepoBuilder) -> None:
    done = program("validate", "--format", "json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["commit"], found["base"]) == (declared.tip(), None)
    assert (found["tables"], found["records"]) == (2, 5)
    (violation,) = found["violations"]
    assert violation == {
        "severity": "error",
        "type": "check",
        "rule": "max_value",
        "name": None,
        "table": "people",
        "key": "anna",
        "path": "people/anna.yaml",
        "line": 3,
        "column": 1,
        "field": "age",
        "value": 41,
        "message": "people 'anna': age must be at most 40, not 41.",
        "hint": None,
    }


def test_junit(program: Program, declared: RepoBuilder) -> None:
    declared.commit({"people/eve.yaml": 'name: "a\\u0001]]>&<"\nage: "\\u0002<x>"\n'}, "Odd")
    done = program("validate", "--format", "junit")
    assert done.returncode == 1
    root = ET.fromstring(done.stdout.encode())
    (suite,) = root
    assert (root.tag, suite.tag, suite.get("name")) == ("testsuites", "testsuite", "people")
    assert [root.get("tests"), root.get("failures")] == ["2", "2"]
    failures = [case.find("failure") for case in suite]
    assert [case.get("file") for case in suite] == ["people/anna.yaml", "people/eve.yaml"]
    assert failures[0] is not None
    assert failures[0].get("message") == "people 'anna': age must be at most 40, not 41."
    clean = ET.fromstring(program("validate", "places", "--format", "junit").stdout.encode())
    assert (clean.get("failures"), len(clean[0])) == ("0", 1)


def test_github(program: Program, declared: RepoBuilder) -> None:
    declared.commit({"people/a,b:c%.yaml": "name: F\nage: 50\n"}, "Odd name")
    done = program("validate", "--format", "github")
    assert done.returncode == 1
    first, second, _ = done.stdout.splitlines()
    assert first.startswith(
        "::error file=people/a%2Cb%3Ac%25.yaml,line=2,col=1,title=max_value::people 'a,b:c%25': "
    )
    assert second.startswith("::error file=people/anna.yaml,line=3,col=1,title=max_value::")


def test_sarif(program: Program, declared: RepoBuilder, tmp_path: Path) -> None:
    target = tmp_path / "found.sarif"
    done = program("validate", "--output", target)
    assert (done.returncode, done.stdout) == (1, "")
    found = json.loads(target.read_text())
    assert (found["version"], found["$schema"]) == (
        "2.1.0",
        "https://json.schemastore.org/sarif-2.1.0.json",
    )
    (run,) = found["runs"]
    assert set(run) == {"tool", "columnKind", "originalUriBaseIds", "results"}
    driver = run["tool"]["driver"]
    (rule,), (result,) = driver["rules"], run["results"]
    assert (driver["name"], rule["id"]) == ("ingitdb", "max_value")
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("max_value", 0, "error")
    assert result["message"]["text"] == "people 'anna': age must be at most 40, not 41."
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "people/anna.yaml", "uriBaseId": "ROOT"},
        "region": {"startLine": 3, "startColumn": 1},
    }
    before = result["partialFingerprints"]
    declared.write("people/anna.yaml", "\nname: Anna\ncity: Oslo\nage: 41\n")
    again = json.loads(program("validate", "--at", "WORKING", "--format", "sarif").stdout)
    assert again["runs"][0]["results"][0]["partialFingerprints"] == before


def test_markdown(program: Program, declared: RepoBuilder) -> None:
    done = program("validate", "--format", "markdown")
    assert done.returncode == 1
    assert done.stdout.splitlines()[2:] == [
        "| place | rule | message |",
        "|---|---|---|",
        "| people/anna.yaml:3:1 | max\\_value | people 'anna': age must be at most 40, not 41. |",
    ]


def test_paths_of_a_narrowed_database_are_those_of_the_repository(
    program: Program, repo: RepoBuilder
) -> None:
    said = "tables: {people: {columns: {age: {max_value: 40}}}}\n"
    repo.commit({f"sub/{TABLES}": said, "sub/people/anna.yaml": "age: 41\n"}, "Sub")
    done = program("-C", "sub", "validate", "--format", "github")
    assert done.stdout.startswith("::error file=sub/people/anna.yaml,line=1,col=1,")


def test_an_unknown_format_is_refused(program: Program) -> None:
    assert program("validate", "--format", "csv").returncode == 2


def test_violations_in_sql(program: Program, declared: RepoBuilder) -> None:
    def rows(sql: str) -> list[dict[str, str]]:
        done = program("query", sql, "--format", "csv")
        assert done.returncode == 0, done.stderr
        return list(csv.DictReader(io.StringIO(done.stdout)))

    counts = [{"table_name": "people", "num_violations": "1"}]
    assert rows("FROM constraint_violations") == counts
    assert rows("FROM constraint_violations()") == counts
    assert rows("FROM dolt_constraint_violations") == [{"table": "people", "num_violations": "1"}]
    for sql in ("constraint_violations('people')", "dolt_constraint_violations_people"):
        (row,) = rows(f"FROM {sql}")
        assert (row["violation_type"], row["_key"]) == ("check", "anna")
        info = json.loads(row["violation_info"])
        assert (info["rule"], info["columns"], info["value"]) == ("max_value", ["age"], 41)
        assert (info["path"], info["line"]) == ("people/anna.yaml", 3)
    assert rows("FROM constraint_violations('places')") == []
    assert program("query", "FROM constraint_violations('towns')").returncode == 3


# --- The action and the hook ------------------------------------------------------------------


def test_the_hook_runs_the_program() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["pass_filenames"]) == ("ingitdb-validate", False)
    assert hook["entry"].split()[:2] == ["ingitdb", "validate"]


def test_the_hook_looks_at_what_is_staged(program: Program, declared: RepoBuilder) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    arguments = hook["entry"].split()[1:]
    assert program(*arguments).returncode == 0
    declared.write("people/new.yaml", "name: New\nage: 90\n")
    assert program(*arguments).returncode == 0
    declared.git("add", "-A")
    done = program(*arguments)
    assert done.returncode == 1
    assert "people/new.yaml:2:1" in done.stdout
    assert "anna" not in done.stdout


def test_the_hook_works_before_the_first_commit(program: Program, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    fresh = RepoBuilder(tmp_path / "fresh")
    fresh.write(TABLES, SAID)
    fresh.write("people/anna.yaml", "age: 41\n")
    fresh.git("add", "-A")
    done = program(*hook["entry"].split()[1:], cwd=fresh.path)
    assert done.returncode == 1, done.stderr
    assert "people/anna.yaml:1:1" in done.stdout


def run_action(program: Program, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Runs the last step of the action as a runner would."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    step = action["runs"]["steps"][-1]
    given = {name: str(said["default"]) for name, said in action["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    variables = {
        variable: given[variable.removeprefix("INGITDB_ACTION_").lower().replace("_", "-")]
        for variable in step["env"]
    }
    summary = {"GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    around = program.environment(**variables, **summary)
    around["PATH"] = f"{PROGRAM.parent}:{around['PATH']}"
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(
        command, cwd=program.folder, env=around, capture_output=True, text=True, check=False
    )


def test_the_action(program: Program, declared: RepoBuilder, tmp_path: Path) -> None:
    done = run_action(program, tmp_path, sarif=str(tmp_path / "a.sarif"))
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error file=people/anna.yaml,line=3,col=1,")
    assert json.loads((tmp_path / "a.sarif").read_text())["version"] == "2.1.0"
    assert "| people/anna.yaml:3:1 |" in (tmp_path / "summary.md").read_text()
    done = run_action(program, tmp_path, base=declared.tip(), summary="false")
    assert (done.returncode, done.stdout.startswith("Nothing found")) == (0, True)
    assert run_action(program, tmp_path, base="nowhere").returncode == 3
    assert run_action(program, tmp_path, base="all").returncode == 1


def test_the_action_takes_its_inputs_by_environment_alone() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    steps = [step for step in action["runs"]["steps"] if "run" in step]
    assert all(step["shell"] == "bash" and "${{" not in step["run"] for step in steps)
