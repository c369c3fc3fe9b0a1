"""Branches and tags that SQL makes, renames and drops; git says what came of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from ingitdb.errors import AccessDenied, RefNotFound, StatementInvalid, WriteError
from ingitdb.execution.hooks_note import hooks_note
from ingitdb.execution.parser import DuckdbParser
from ingitdb.execution.points import Points
from ingitdb.execution.procedure_arguments import Arguments
from ingitdb.execution.results import Result, table_result
from ingitdb.execution.version_control import CommitCall, VersionControl, commit_call
from ingitdb.git.repository import Repository
from ingitdb.model.access import Action, Principal, Resource
from ingitdb.services.database import Database
from ingitdb.sql.statements import split
from tests.compat.git.test_hooks import hook
from tests.support.opening import Opened, opener, rows
from tests.support.repositories import RepoBuilder


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens repositories."""
    with opener(tmp_path) as function:
        yield function


def branches(repo: RepoBuilder) -> dict[str, str]:
    lines = repo.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads")
    return dict(line.split() for line in lines.splitlines())


def refused(connection: Any, sql: str, parameters: Any = None) -> str:
    """Gives the error of a statement, which points at a place."""
    with pytest.raises(ingitdb.Error) as caught:
        connection.execute(sql, parameters)
    assert "^" in str(caught.value)
    return str(caught.value)


def test_branches(built: RepoBuilder, opened: Opened) -> None:
    connection = opened(built)
    first = built.tip("main~2")
    connection.execute("CREATE BRANCH b")
    connection.execute("CREATE BRANCH \"spring/tariff\" FROM 'main~2'")
    connection.execute("CREATE BRANCH IF NOT EXISTS b FROM 'main~2'")
    connection.execute("CREATE BRANCH given FROM ?", ["HEAD"])
    assert branches(built) == {
        "b": built.tip(),
        "given": built.tip(),
        "main": built.tip(),
        "side": built.tip("side"),
        "spring/tariff": first,
    }
    assert built.git("reflog", "-1", "--format=%gs", "b") == "branch: Created from main"
    told = built.git("reflog", "-1", "--format=%gs", "spring/tariff")
    assert told == "branch: Created from main~2"
    connection.execute("USE BRANCH 'spring/tariff'")
    assert connection.commit_id == first
    connection.execute("CREATE BRANCH later")
    assert branches(built)["later"] == first
    connection.execute("DROP BRANCH b; DROP BRANCH IF EXISTS b")
    connection.execute("CALL branch('-d', 'given')")
    assert set(branches(built)) == {"later", "main", "side", "spring/tariff"}
    built.git("fsck", "--strict")


def test_a_branch_of_a_moment(built: RepoBuilder, opened: Opened) -> None:
    connection = opened(built)
    for name, moment in (
        ("a", "2026-01-02T13:00:00"),
        ("b", date(2026, 1, 3)),
        ("c", datetime(2026, 1, 2, 13, tzinfo=UTC)),
    ):
        connection.execute("CREATE BRANCH ? FROM ?", [name, moment])
        assert branches(built)[name] == built.tip("main~2")


BAD_NAMES = ["a..b", "a b", ".a", "a.lock", "a/", "/a", "a//b", "-d", "@", "@{-1}", "HEAD", "a~1",
             "a^", "a:b", "a\\b", "a*", "", "a\x00b", "a\nb", "WORKING", "a.", "@{u}"]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_are_held_to_gits_rules(built: RepoBuilder, opened: Opened, name: str) -> None:
    connection = opened(built)
    built.git("checkout", "--quiet", "side")
    built.git("checkout", "--quiet", "main")  # so that @{-1} means something
    before = built.git("for-each-ref")
    assert "cannot be named" in refused(connection, "CREATE BRANCH ?", [name])
    if not name.startswith("-"):
        assert "cannot be named" in refused(connection, "CALL branch('-m', 'side', ?)", [name])
    assert "cannot be named" in refused(connection, "CREATE TAG ?", [name]) or name in ("@{u}",)
    assert built.git("for-each-ref") == before
    if "\x00" not in name and name not in ("WORKING", "@"):
        assert built.run("check-ref-format", "--branch", name, check=False).stdout != f"{name}\n"


@pytest.mark.parametrize("name", ["a", "ø/å", "a@b", "1", "a-b_c.d", "refs/heads/x", "main2", "日"])
def test_names_that_git_knows(built: RepoBuilder, opened: Opened, name: str) -> None:
    connection = opened(built)
    connection.execute("CREATE BRANCH ?", [name])
    connection.execute("CREATE TAG ?", [name])
    refs = built.git("for-each-ref", "--format=%(refname)").splitlines()
    assert {f"refs/heads/{name}", f"refs/tags/{name}"} < set(refs)
    connection.execute("DROP BRANCH ?", [name])
    connection.execute("DROP TAG ?", [name])


def test_names_that_are_taken(built: RepoBuilder, opened: Opened) -> None:
    connection = opened(built)
    connection.execute("CREATE BRANCH 'a/b'; CREATE TAG 'a/b'")
    for kind in ("BRANCH", "TAG"):
        said = refused(connection, f"CREATE {kind} 'a/b'")
        assert "already" in said
        assert f"DROP {kind}" in said
        for name in ("a", "a/b/c"):
            assert "lie in folders" in refused(connection, f"CREATE {kind} '{name}'")
    assert "already" in refused(connection, "CALL branch('-c', 'side', 'main')")
    assert "already" in refused(connection, "CALL branch('-m', 'side', 'main')")
    assert "already" in refused(connection, "CALL checkout('-b', 'side')")


def test_no_commit_is_lost_with_a_branch(built: RepoBuilder, opened: Opened) -> None:
    connection = opened(built)
    built.branch("own")
    tip = built.commit({"people/own.yaml": "age: 9\n"})
    built.commit({"people/own.yaml": "age: 10\n"})
    built.checkout("main")
    said = refused(connection, "DROP BRANCH own")
    assert "2 commits" in said
    assert 'DROP BRANCH "own" FORCE' in said
    refused(connection, "CALL dolt_branch('-d', 'own')")
    built.tag("kept", "own")
    connection.execute("DROP BRANCH own")
    built.git("branch", "own", tip)
    built.git("tag", "--delete", "kept")
    assert "1 commit," in refused(connection, "DROP BRANCH own")
    connection.execute("DROP BRANCH own FORCE")
    for force in ("'-D'", "'-d', '-f'", "'-df'"):
        built.git("branch", "own", tip)
        connection.execute(f"CALL dolt_branch({force}, 'own')")
    assert set(branches(built)) == {"main", "side"}


def test_a_branch_in_use_stays(built: RepoBuilder, opened: Opened, tmp_path: Path) -> None:
    connection = opened(built)
    assert str(built.path) in refused(connection, "DROP BRANCH main FORCE")
    built.git("worktree", "add", "--quiet", tmp_path / "other", "side")
    assert str(tmp_path / "other") in refused(connection, "DROP BRANCH side FORCE")
    connection.execute("CREATE BRANCH b; USE BRANCH b")
    assert "read here" in refused(connection, "DROP BRANCH b")
    connection.execute("USE BRANCH 'refs/heads/b'")
    assert "read here" in refused(connection, "DROP BRANCH b")
    connection.execute("USE BRANCH main; DROP BRANCH b")
    built.branch("moved", "main~2")
    built.commit({"people/ann.yaml": "age: 77\n"})
    built.run("rebase", "main~1", check=False)
    built.write("people/ann.yaml", "age: 78\n")
    assert built.run("rebase", "main", check=False).returncode
    assert built.git("symbolic-ref", "--short", "HEAD") == "moved"
    built.git("checkout", "--quiet", "--force", "moved")
    assert "checked out" in refused(connection, "DROP BRANCH moved FORCE")


def test_a_branch_amid_a_rebase_stays(built: RepoBuilder, opened: Opened) -> None:
    built.branch("moved", "main~3")
    built.commit({"people/ann.yaml": "age: 77\n"})
    assert built.run("rebase", "main", check=False).returncode
    assert built.run("symbolic-ref", "HEAD", check=False).returncode
    connection = opened(built, "main")
    assert "checked out" in refused(connection, "DROP BRANCH moved FORCE")
    built.git("rebase", "--abort")


def test_the_branch_of_a_bare_repository_stays(
    built: RepoBuilder, opened: Opened, tmp_path: Path
) -> None:
    bare = built.clone(tmp_path / "bare.git", "--bare")
    connection = opened(bare)
    assert "checked out" in refused(connection, "DROP BRANCH main")
    connection.execute("DROP BRANCH side")
    assert set(branches(bare)) == {"main"}


def test_renames_and_copies(built: RepoBuilder, opened: Opened) -> None:
    connection = opened(built, "side")
    built.config(branch__side__description="aside")
    tip = built.tip("side")
    assert rows(connection, "CALL dolt_branch('-m', 'side', 'other')") == [(0,)]
    assert connection.commit_id == tip
    assert "read here" in refused(connection, "DROP BRANCH other")
    assert built.git("config", "branch.other.description") == "aside"
    assert rows(connection, "CALL branch('--copy', 'other', 'third')") == [(0,)]
    assert rows(connection, "CALL branch('-m', 'main', 'trunk')") == [(0,)]
    assert branches(built) == {"other": tip, "third": tip, "trunk": built.tip()}
    assert built.git("symbolic-ref", "HEAD") == "refs/heads/trunk"
    refused(connection, "CALL branch('-m', 'main', 'x')")
    refused(connection, "CALL branch('-c', 'main', 'x')")
    refused(connection, "CALL branch('-c', 'trunk')")
    connection.execute("CALL checkout('trunk'); DROP BRANCH other")
    assert built.run("config", "branch.other.description", check=False).returncode == 1


def test_checkout(built: RepoBuilder, opened: Opened) -> None:
    connection = opened(built)
    built.tag("v1")
    done = connection.execute("CALL dolt_checkout('side')")
    assert [column[0] for column in done.description] == ["status", "message"]
    assert done.fetchall() == [(0, "Switched to branch 'side'")]
    assert connection.commit_id == built.tip("side")
    assert built.git("symbolic-ref", "--short", "HEAD") == "main"
    assert built.git("status", "--porcelain") == ""
    connection.execute("CALL dolt_checkout('-b', 'new')")
    assert branches(built)["new"] == connection.commit_id == built.tip("side")
    connection.execute("CALL checkout('-b', ?, ?)", ["newer", "main~1"])
    assert branches(built)["newer"] == connection.commit_id == built.tip("main~1")
    assert 'USE "data/v1"' in refused(connection, "CALL checkout('v1')")
    assert "side" in refused(connection, "CALL checkout('sid')")
    assert "There is no flag -B" in refused(connection, "CALL checkout('-B', 'x')")
    assert connection.commit_id == built.tip("newer")


def test_tags(built: RepoBuilder, opened: Opened) -> None:
    built.config(user__name="Ports Desk", user__email="ports@example.org")
    connection = opened(built)
    connection.execute("CREATE TAG v1; CREATE TAG \"v2\" AT 'side'")
    connection.execute("CALL tag('v3', 'main~1'); CREATE TAG IF NOT EXISTS v3")
    assert rows(connection, "CALL dolt_tag('-m', ?, 'v4', 'side')", ["Say\n\nit"]) == [(0,)]
    author = "Fares Desk <fares@example.org>"
    connection.execute("CALL tag('v5', message => 'Five', author => ?)", [author])
    shown = built.git(
        "for-each-ref", "refs/tags", "--format=%(refname:short)|%(objecttype)|%(taggername)"
        "|%(contents:subject)"
    ).splitlines()  # fmt: skip
    assert shown[3:] == ["v4|tag|Ports Desk|Say", "v5|tag|Fares Desk|Five"]
    assert [line.split("|")[1] for line in shown[:3]] == ["commit"] * 3
    targets = [built.tip(f"v{n}") for n in (1, 2, 3, 4, 5)]
    main, side, before = built.tip(), built.tip("side"), built.tip("main~1")
    assert targets == [main, side, before, side, main]
    built.git("fsck", "--strict")
    connection.execute("DROP TAG v1; CALL dolt_tag('-d', 'v5'); DROP TAG IF EXISTS v1")
    assert built.git("tag", "--list").split() == ["v2", "v3", "v4"]
    assert "v4" in refused(connection, "DROP TAG v44")
    assert "meaning" in refused(connection, "CALL tag('x', author => 'A <a@example.org>')")


def test_what_is_no_commit_gets_no_name(built: RepoBuilder, opened: Opened) -> None:
    for ref in ("WORKING", "EMPTY"):
        assert "no commit" in refused(opened(built, ref), "CREATE BRANCH b")
        assert "no commit" in refused(opened(built), f"CREATE BRANCH b FROM '{ref}'")
    assert "nowhere" in refused(opened(built), "CREATE TAG b AT 'nowhere'")
    assert "'nowhere'" in refused(opened(built), "CALL branch('x', 'nowhere')")


ARGUMENTS = [
    "CALL branch()",
    "CALL branch(1)",
    "CALL branch(NULL)",
    "CALL branch('a', 'main', 'c')",
    "CALL branch('-d', 'a', 'b')",
    "CALL branch('-d', '-m', 'side', 'b')",
    "CALL branch('-x', 'a')",
    "CALL branch('-f', 'a')",
    "CALL branch('a', force => 1)",
    "CALL branch('a', start => 'main')",
    "CALL branch('-m', 'side')",
    "CALL tag('-m')",
    "CALL tag('x', message => 3)",
    "CALL merge('side')",
    "CALL dolt_pull()",
    "CALL reset('HEAD~1')",
]


@pytest.mark.parametrize("sql", ARGUMENTS)
def test_arguments_that_are_wrong(built: RepoBuilder, opened: Opened, sql: str) -> None:
    before = built.git("for-each-ref")
    refused(opened(built), sql)
    assert built.git("for-each-ref") == before


def test_a_branch_that_begins_in_a_transaction_holds_what_is_committed(
    built: RepoBuilder, opened: Opened
) -> None:
    built.config(user__name="Ports Desk", user__email="ports@example.org")
    connection = opened(built)
    tip = built.tip()
    connection.execute("BEGIN; UPDATE people SET age = 50 WHERE _key = 'ann'")
    connection.execute("CREATE BRANCH b; CREATE TAG v")
    assert (built.tip("b"), built.tip("v"), built.tip()) == (tip, tip, tip)
    with pytest.raises(ingitdb.Error, match="COMMIT or ROLLBACK"):
        connection.execute("CALL checkout('b')")
    connection.execute("ROLLBACK; CALL checkout('b')")
    built.git("fsck", "--strict", "--no-dangling")


COMMITS = [
    ("CALL commit('m')", None, ("m", None, False)),
    ("CALL commit('m', author => 'A <a@x>')", None, ("m", "A <a@x>", False)),
    ("CALL commit(?, author => $2)", ["m", "A <a@x>"], ("m", "A <a@x>", False)),
    ("CALL dolt_commit('-A', '-m', 'm')", None, ("m", None, False)),
    ("CALL dolt_commit('-Am', 'm', '--allow-empty')", None, ("m", None, True)),
    (
        "CALL dolt_commit('-a', '--message=m=n', '--author=A <a@x>')",
        None,
        ("m=n", "A <a@x>", False),
    ),
    ("CALL commit('-m', '-x')", None, ("-x", None, False)),
    ("CALL commit('m', allow_empty => true)", None, ("m", None, True)),
    ("CALL commit()", None, (None, None, False)),
    ("CALL set_commit_message('m', author => 'A <a@x>')", None, ("m", "A <a@x>", False)),
]


@pytest.mark.parametrize(("sql", "values", "told"), COMMITS)
def test_what_a_commit_is_told(
    repository: Repository, sql: str, values: Any, told: tuple[object, ...]
) -> None:
    found = called(repository, sql, values)
    assert (found.message, found.author, found.allow_empty) == told


@pytest.mark.parametrize(
    "sql",
    [
        "CALL commit('m', 'n')",
        "CALL commit('m', message => 'n')",
        "CALL commit(1)",
        "CALL dolt_commit('-m')",
        "CALL dolt_commit('--amend')",
        "CALL dolt_commit('-mA', 'x')",
        "CALL set_commit_message('--allow-empty', 'm')",
    ],
)
def test_what_a_commit_cannot_be_told(repository: Repository, sql: str) -> None:
    with pytest.raises(StatementInvalid, match=r"\^"):
        called(repository, sql, None)


def called(repository: Repository, sql: str, values: Any) -> CommitCall:
    """Gives what a call of commit, or of its like, comes to."""
    told: list[CommitCall] = []

    def procedure(arguments: Arguments) -> Result:
        told.append(commit_call(arguments))
        return table_result([], [], repository.resolve_default())

    parser = DuckdbParser()
    try:
        [statement] = split(sql, parser)
    finally:
        parser.close()
    control = VersionControl(
        repository=repository,
        ref=None,
        tip=repository.resolve_default,
        use=lambda _: None,
        allow=lambda _: None,
        points=Points(values, lambda _: []),
        procedures={"commit": procedure, "set_commit_message": procedure},
    )
    control.run(statement).close()
    return told[0]


class Guarded:
    """Lets nobody touch what is named so."""

    def __init__(self, name: str) -> None:
        self.name = name

    def check(self, principal: Principal, action: Action, resource: Resource) -> None:
        if action is Action.WRITE and resource.branch == self.name:
            raise AccessDenied(str(resource))


@pytest.mark.parametrize(
    ("guarded", "sql"),
    [
        ("b", "CREATE BRANCH b"),
        ("b", "CALL checkout('-b', 'b')"),
        ("b", "CALL branch('-m', 'side', 'b')"),
        ("b", "CALL branch('-c', 'side', 'b')"),
        ("side", "CALL branch('-m', 'side', 'b')"),
        ("side", "DROP BRANCH side"),
        ("side", "CALL branch('-D', 'side')"),
        ("refs/tags/v", "CREATE TAG v"),
        ("refs/tags/v", "CALL tag('v', message => 'x')"),
        ("refs/tags/old", "DROP TAG old"),
    ],
)
def test_the_policy_is_asked(built: RepoBuilder, tmp_path: Path, guarded: str, sql: str) -> None:
    built.config(user__name="Ports Desk", user__email="ports@example.org")
    built.tag("old")
    before = built.git("for-each-ref")
    settings = ingitdb.Settings(cache=tmp_path / "cache", workers=1)
    with Database.open(built.path, settings, policy=Guarded(guarded)) as database:
        session = database.session()
        with pytest.raises(AccessDenied):
            session.execute(sql)
        assert built.git("for-each-ref") == before
    with Database.open(built.path, settings, policy=Guarded("other")) as database:
        database.session().execute(sql).close()
    assert built.git("for-each-ref") != before


def test_a_ref_that_moves_meanwhile(built: RepoBuilder) -> None:
    built.config(ingitdb__runHooks="true")
    hook(built, "reference-transaction", '[ "$1" = prepared ] && echo frozen && exit 1; exit 0')
    with Repository.open(built.path) as repository:
        names = repository.branch_names()
        with pytest.raises(WriteError, match="frozen"):
            names.create("b", repository.resolve_default(), start="main")
        with pytest.raises(WriteError, match="frozen"):
            repository.tag_names().create("v", repository.resolve_default())
        with pytest.raises(RefNotFound, match="nothing"):
            names.drop("nothing")
    assert set(branches(built)) == {"main", "side"}


def test_hooks_that_do_not_run_are_told_once(built: RepoBuilder, tmp_path: Path) -> None:
    settings = ingitdb.Settings(cache=tmp_path / "cache", workers=1)

    def note() -> str | None:
        with Database.open(built.path, settings) as database:
            return hooks_note(database.repository, database.cache)

    assert note() is None
    hook(built, "commit-msg", "exit 0")
    built.config(ingitdb__runHooks="false")
    assert note() is None
    built.git("config", "--unset", "ingitdb.runHooks")
    said = note()
    assert said is not None
    assert "commit-msg" in said
    assert "git config ingitdb.runHooks true" in said
    assert note() is None
