"""`ingitdb branch`, `ingitdb tag` and `--author`: git says what came of them."""

import csv
import io
import json

import pytest

from tests.e2e.conftest import Program
from tests.support.repositories import RepoBuilder


def said(program: Program, *arguments: str) -> str:
    """Runs the program, which has nothing to show; gives what it says."""
    done = program(*arguments)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return done.stderr


def refused(program: Program, status: int, *arguments: str) -> str:
    done = program(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    return done.stderr


def test_branches(program: Program, repo: RepoBuilder) -> None:
    tip, first = repo.tip(), repo.tip("v1")
    assert said(program, "branch", "spring/tariff") == (
        f"created branch spring/tariff at {tip[:12]}\n"
    )
    assert first[:12] in said(program, "branch", "old", "v1")
    assert first[:12] in said(program, "branch", "older", "--at", "v1")
    assert said(program, "branch", "quiet", "HEAD", "--quiet") == ""
    branches = repo.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads")
    assert branches.splitlines() == [
        f"main {tip}",
        f"old {first}",
        f"older {first}",
        f"quiet {tip}",
        f"spring/tariff {tip}",
    ]
    for listing in (["branch"], ["branch", "--list"]):
        rows = list(csv.DictReader(io.StringIO(program(*listing).stdout)))
        assert [row["branch"] for row in rows] == [
            line.split()[0] for line in branches.splitlines()
        ]
        assert [row["is_current"] for row in rows] == ["true", *["false"] * 4]
    found = json.loads(program("branch", "--format", "json").stdout)
    assert found[0] == {
        "branch": "main",
        "commit": tip,
        "is_current": True,
        "is_remote": False,
        "upstream": None,
    }
    assert "deleted branch old," in said(program, "branch", "-d", "old")
    assert "old" not in repo.git("branch", "--list").split()
    assert "main" in program("branch", "--format", "table").stdout


def test_branches_that_cannot_be(program: Program, repo: RepoBuilder) -> None:
    assert "already" in refused(program, 4, "branch", "main")
    assert "cannot be named" in refused(program, 4, "branch", "a..b")
    assert "checked out" in refused(program, 4, "branch", "-d", "main")
    assert "main" in refused(program, 3, "branch", "-d", "mein")
    assert "nowhere" in refused(program, 3, "branch", "b", "nowhere")
    assert "no commit" in refused(program, 2, "branch", "b", "WORKING")
    for arguments in (("a", "-d", "b"), ("--list", "a"), ("--force",), ("a", "--force")):
        assert "--help" in refused(program, 2, "branch", *arguments) or "-d NAME" in (
            refused(program, 2, "branch", *arguments)
        )
    repo.branch("own")
    repo.commit({"places.csv": "a\n"})
    repo.checkout("main")
    assert "FORCE" in refused(program, 4, "branch", "-d", "own")
    said(program, "branch", "-d", "own", "--force")
    assert repo.git("branch", "--list", "own") == ""


def test_tags(program: Program, repo: RepoBuilder) -> None:
    tip, first = repo.tip(), repo.tip("v1")
    assert "user.name" in refused(program, 4, "tag", "v3", "-m", "Third")
    repo.config(user__name="Ports Desk", user__email="ports@example.org")
    assert said(program, "tag", "v2") == f"created tag v2 at {tip[:12]}\n"
    assert first[:12] in said(program, "tag", "v3", "v1", "-m", "Third\n\nof all")
    shown = "%(objecttype) %(taggername) %(contents:subject)"
    assert repo.git("for-each-ref", f"--format={shown}", "refs/tags/v3") == "tag Ports Desk Third"
    assert repo.tip("v3") == first
    rows = {row["tag"]: row for row in csv.DictReader(io.StringIO(program("tag").stdout))}
    assert rows["v2"]["kind"] == "lightweight"
    assert rows["v3"]["commit"] == first
    assert rows["v3"]["tagger"] == "Ports Desk"
    assert rows["v3"]["message"] == "Third\n\nof all"
    assert "Third" in program("tag", "--list", "--format", "table").stdout
    assert "deleted tag v2" in said(program, "tag", "-d", "v2")
    assert "v2" not in repo.git("tag", "--list").split()
    assert "already" in refused(program, 4, "tag", "v3")
    assert "v3" in refused(program, 3, "tag", "-d", "v2")
    assert "-m MESSAGE" in refused(program, 2, "tag", "-m", "x")
    assert "--help" in refused(program, 2, "tag", "a", "--list")


@pytest.mark.parametrize("by", ["option", "variable"])
def test_the_author_of_a_change(program: Program, repo: RepoBuilder, by: str) -> None:
    author = "Fares Desk <fares@example.org>"
    given = ("--author", author) if by == "option" else ()
    around = {"INGITDB_AUTHOR": author} if by == "variable" else {}
    statement = "UPDATE people SET age = 99"
    done = program("query", statement)
    assert done.returncode == 4
    assert "user.name" in done.stderr
    done = program("query", statement, *given, **around)
    assert done.returncode == 0, done.stderr
    assert repo.git("log", "-1", "--format=%an <%ae>|%cn <%ce>") == f"{author}|{author}"
    repo.config(user__name="Ports Desk", user__email="ports@example.org")
    assert program("query", "UPDATE people SET age = 98", *given, **around).returncode == 0
    desk = "Ports Desk <ports@example.org>"
    assert repo.git("log", "-1", "--format=%an <%ae>|%cn <%ce>") == f"{author}|{desk}"
    wrong = program("query", statement, "--author", "Fares Desk")
    assert wrong.returncode == 2
    assert "Fares Desk <fares@example.org>" in wrong.stderr
