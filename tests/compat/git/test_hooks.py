"""Hooks run if the user says so, on the new tree, and may refuse a commit; never otherwise."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ingitdb.errors import RepositoryError, WriteError
from ingitdb.git.repository import Repository
from tests.compat.git.test_branch_writer import DESK, sound, wanted
from tests.support.repositories import RepoBuilder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What hooks write."""
    return tmp_path / "log"


def hook(repo: RepoBuilder, name: str, script: str, folder: Path | None = None) -> None:
    place = folder or repo.path / ".git" / "hooks"
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(f"#!/bin/sh\n{script}\n")
    (place / name).chmod(0o755)


def write(
    repo: RepoBuilder, files: Mapping[str, bytes | None] | None = None, branch: str = "main"
) -> str:
    with Repository.open(repo.path) as opened:
        given = wanted(repo.tip(branch), files or {"people/ann.yaml": b"age: 5\n"})
        made = opened.writer().commit(replace(given, branch=branch))
    assert made is not None
    assert repo.tip(branch) == made
    return made


def test_hooks_do_not_run_unasked(built: RepoBuilder, log: Path) -> None:
    for name in ("pre-commit", "commit-msg", "post-commit", "reference-transaction"):
        hook(built, name, f"echo {name} >> {log}; exit 1")
    write(built)
    built.config(ingitdb__runHooks="false")
    write(built, {"people/ann.yaml": b"age: 6\n"})
    assert not log.exists()


def test_what_a_hook_sees(built: RepoBuilder, log: Path) -> None:
    built.config(ingitdb__runHooks="true")
    built.write("people/own.yaml", "of: the user\n")
    hook(
        built,
        "pre-commit",
        f"""exec > {log}
git symbolic-ref HEAD
git diff --cached --name-status
git diff --name-status
git show :people/new.yaml
cat people/new.yaml
ls -A . people
git ls-files
echo "$GIT_AUTHOR_NAME $GIT_AUTHOR_EMAIL $GIT_AUTHOR_DATE"
""",
    )
    write(built, {"people/new.yaml": b"age: 9\n", "people/bob.yaml": None, "x y/[z].txt": b"-"})
    assert log.read_text().splitlines() == [
        "refs/heads/main",
        "D\tpeople/bob.yaml",
        "A\tpeople/new.yaml",
        "A\tx y/[z].txt",
        "age: 9",
        "age: 9",
        ".:",
        "people",
        "x y",
        "",
        "people:",
        "new.yaml",
        "people/ann.yaml",
        "people/cid.yaml",
        "people/new.yaml",
        "x y/[z].txt",
        f"Data Desk data@example.org @{int(DESK.at.timestamp())} -0330",
    ]
    assert built.git("status", "--porcelain") == "?? people/own.yaml"
    sound(built)


@pytest.mark.parametrize("name", ["pre-commit", "prepare-commit-msg", "commit-msg"])
def test_a_hook_that_refuses(built: RepoBuilder, name: str) -> None:
    built.config(ingitdb__runHooks="true")
    hook(built, name, "echo not on Sundays; echo never >&2; exit 3")
    before = built.git("for-each-ref")
    with pytest.raises(WriteError) as caught:
        write(built)
    assert str(caught.value.message) == (
        f"The hook {name} refuses the commit:\nnot on Sundays\nnever"
    )
    assert "ingitdb.runHooks false" in str(caught.value.hint)
    assert built.git("for-each-ref") == before
    assert built.git("status", "--porcelain") == ""
    assert not list((built.path / ".git" / "objects" / "pack").iterdir())


def test_a_hook_that_refuses_to_move_refs(built: RepoBuilder) -> None:
    built.config(ingitdb__runHooks="true")
    hook(built, "reference-transaction", '[ "$1" = prepared ] && echo "not now" && exit 1; exit 0')
    before = built.tip()
    with pytest.raises(WriteError, match="reference-transaction refuses") as caught:
        write(built)
    assert "not now" in caught.value.message
    assert built.tip() == before


def test_hooks_change_the_message(built: RepoBuilder) -> None:
    built.config(ingitdb__runHooks="true")
    hook(built, "prepare-commit-msg", 'echo "$2" >> "$1"')
    hook(built, "commit-msg", 'printf "\\nTicket: 7  \\n\\n\\n" >> "$1"')
    made = write(built)
    assert built.git("log", "-1", "--format=%B", made) == "Change\nmessage\n\nTicket: 7"
    assert built.git("log", "-1", "--format=%(trailers)", made).strip() == "Ticket: 7"


def test_a_hook_that_takes_the_message_away(built: RepoBuilder) -> None:
    built.config(ingitdb__runHooks="true")
    hook(built, "commit-msg", 'echo > "$1"')
    with pytest.raises(WriteError, match="no message"):
        write(built)


def test_a_hook_that_changes_files(built: RepoBuilder) -> None:
    built.config(ingitdb__runHooks="true")
    hook(built, "pre-commit", "echo more >> people/ann.yaml; git add people/ann.yaml")
    before = built.tip()
    with pytest.raises(WriteError, match="changes the files"):
        write(built)
    assert built.tip() == before
    assert built.git("status", "--porcelain") == ""


def test_after_a_commit(built: RepoBuilder, log: Path) -> None:
    built.config(ingitdb__runHooks="true")
    hook(built, "post-commit", f"git rev-parse HEAD main > {log}; git status --porcelain; exit 1")
    made = write(built)
    assert log.read_text().split() == [made, made]


def test_a_branch_that_is_not_checked_out(built: RepoBuilder, log: Path) -> None:
    built.config(ingitdb__runHooks="true")
    hook(built, "pre-commit", f"git symbolic-ref HEAD > {log}; git diff --cached --stat >> {log}")
    write(built, branch="side")
    assert log.read_text().startswith("refs/heads/side\n people/ann.yaml | 2 +-\n 1 file changed")


def test_a_bare_repository(built: RepoBuilder, tmp_path: Path, log: Path) -> None:
    bare = built.clone(tmp_path / "bare.git", "--bare")
    bare.config(ingitdb__runHooks="true")
    hook(bare, "pre-commit", f"cat people/ann.yaml > {log}", tmp_path / "bare.git" / "hooks")
    write(bare)
    assert log.read_text() == "age: 5\n"


@pytest.mark.parametrize("path", ["own hooks", "~/hooks", "{}/hooks"])
def test_hooks_that_lie_elsewhere(built: RepoBuilder, tmp_path: Path, log: Path, path: str) -> None:
    setting = path.format(tmp_path)
    built.config(ingitdb__runHooks="true", core__hooksPath=setting)
    hook(built, "pre-commit", "exit 1")
    folder = built.path / setting if path == "own hooks" else tmp_path / "hooks"
    hook(built, "commit-msg", f"echo here > {log}", folder)
    write(built)
    assert log.read_text() == "here\n"


def test_hooks_that_cannot_run(built: RepoBuilder, log: Path) -> None:
    built.config(ingitdb__runHooks="true")
    hooks = built.path / ".git" / "hooks"
    hook(built, "pre-commit", "exit 1")
    (hooks / "pre-commit").chmod(0o644)
    write(built)
    (hooks / "commit-msg").write_text(f"echo no shebang > {log}\n")
    (hooks / "commit-msg").chmod(0o755)
    write(built, {"people/ann.yaml": b"age: 6\n"})
    assert log.read_text() == "no shebang\n"
    (hooks / "commit-msg").write_text("#!/nowhere/sh\n")
    with pytest.raises(WriteError, match="commit-msg cannot be started"):
        write(built, {"people/ann.yaml": b"age: 7\n"})


def test_a_setting_that_is_wrong(built: RepoBuilder) -> None:
    built.config(ingitdb__runHooks="sometimes")
    with pytest.raises(RepositoryError, match=r"ingitdb\.runhooks cannot be 'sometimes'"):
        write(built)


def test_other_object_names(tmp_path: Path, log: Path) -> None:
    repo = RepoBuilder(tmp_path / "data", "--object-format=sha256")
    repo.commit({"people/ann.yaml": "age: 1\n"})
    repo.config(ingitdb__runHooks="true")
    hook(repo, "pre-commit", f"git diff --cached --name-only > {log}")
    write(repo)
    assert log.read_text() == "people/ann.yaml\n"
