"""`ingitdb init` makes a folder a database and overwrites nothing."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Program
from tests.support.repositories import RepoBuilder

FILES = [".gitignore", ".ingitdb/root-collections.yaml", ".ingitdb/settings.yaml", "README.md"]


def test_a_new_folder_becomes_a_database(program: Program, tmp_path: Path) -> None:
    place = tmp_path / "new" / "timetables"
    repo = RepoBuilder(tmp_path / "who")
    done = program("init", str(place))
    assert done.returncode == 4, done.stderr  # nobody is known to git yet
    assert "user.name" in done.stderr
    git = ["git", "-C", str(place), "config"]
    subprocess.run([*git, "user.name", "Data Desk"], check=True, env=repo.environment)
    subprocess.run([*git, "user.email", "data@example.org"], check=True, env=repo.environment)
    done = program("init", str(place), "--format", "json")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    made = RepoBuilder.adopt(place)
    assert made.git("ls-files").splitlines() == FILES
    assert made.git("status", "--porcelain") == ""
    assert made.git("rev-list", "--count", "HEAD") == "1"
    made.git("fsck", "--strict")
    assert (place / ".ingitdb/settings.yaml").read_text() == "default_record_format: json\n"
    at = program.at(place)
    done = at("query", "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (7); FROM t")
    assert (done.returncode, done.stdout) == (0, "id\n7\n"), done.stderr
    assert (place / "t/$records/7.json").exists()
    before = made.tip()
    done = at("init")
    assert (done.returncode, made.tip()) == (0, before)
    assert "set up already" in done.stderr


def test_what_is_there_stays(program: Program, repo: RepoBuilder) -> None:
    repo.git("config", "user.name", "Data Desk")
    repo.git("config", "user.email", "data@example.org")
    repo.commit({"readme.md": "mine\n"})
    repo.write(".gitignore", "*.tmp\n")
    tables = program("tables").stdout
    done = program("init")
    assert done.returncode == 0, done.stderr
    assert (repo.path / "readme.md").read_text() == "mine\n"
    assert (repo.path / ".gitignore").read_text() == "*.tmp\n"
    assert repo.git("show", "--name-only", "--format=%s").splitlines() == [
        "Make this repository an inGitDB database",
        "",
        ".ingitdb/root-collections.yaml",
        ".ingitdb/settings.yaml",
    ]
    assert repo.git("status", "--porcelain") == "?? .gitignore"
    assert program("tables").stdout == tables
    done = program("init", "--format", "json")
    assert done.returncode == 2
    assert "default_record_format" in done.stderr


def test_the_commit_can_be_left_to_the_user(program: Program, repo: RepoBuilder) -> None:
    before = repo.tip()
    done = program("init", "--no-commit")
    assert done.returncode == 0, done.stderr
    assert repo.tip() == before
    changed = repo.git("status", "--porcelain", "--untracked-files=all").splitlines()
    assert changed == [f"?? {path}" for path in FILES]


@pytest.mark.parametrize("options", [("--format", "parquet"), ("--output", "x")])
def test_options_that_mean_nothing_here(program: Program, options: tuple[str, ...]) -> None:
    done = program("init", *options)
    assert done.returncode == 2, done.stderr
