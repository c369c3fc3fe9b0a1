"""Two ways to ask for a commit: of a repository that knows more, and of one that ends there."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ingitdb
from tests.support.scratch import Files, git, stream

Tables = dict[str, tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]]
"""For each table its columns with their types, and its rows as they come."""


def line(path: Path) -> list[str]:
    """Gives the first-parent commits of HEAD, the oldest first."""
    return git(path, "rev-list", "--first-parent", "--reverse", "HEAD").split()


def twin(source: Path, target: Path, commit: str) -> Path:
    """Makes a bare repository, without a process, whose HEAD is a commit of another one."""
    (target / "objects" / "info").mkdir(parents=True)
    (target / "refs" / "heads").mkdir(parents=True)
    (target / "HEAD").write_text("ref: refs/heads/main\n")
    (target / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    objects = source / ".git" / "objects" if (source / ".git").exists() else source / "objects"
    (target / "objects" / "info" / "alternates").write_text(f"{objects}\n")
    move(target, commit)
    return target


def move(path: Path, commit: str) -> None:
    """Makes a twin's branch name another commit."""
    (path / "refs" / "heads" / "main").write_text(f"{commit}\n")


def branch(source: Path, name: str, parent: str, commits: Sequence[Files]) -> str:
    """Adds a branch to a repository, from a commit on; gives its tip."""
    head, *rest = b"".join(stream(commits, name)).split(b"data 6\nchange\n")
    first = head + b"data 6\nchange\n" + f"from {parent}\n".encode()
    text = b"data 6\nchange\n".join([first + rest[0], *rest[1:]])
    command = ["git", "-C", str(source), "fast-import", "--quiet", "--force"]
    subprocess.run(command, input=text, check=True)
    return git(source, "rev-parse", name).strip()


def settings(cache: Path, **more: Any) -> ingitdb.Settings:
    """Gives settings for small repositories."""
    return ingitdb.Settings(cache=cache, workers=1, threads=1, **more)


def tables(connection: Any, ref: str | None = None) -> Tables:
    """Reads every table, at a ref if one is given."""
    at = f" AS OF '{ref}'" if ref else ""
    found: Tables = {}
    for schema, name, *_ in connection.execute(f"SHOW TABLES{at}").fetchall():
        place = f'"{schema}"."{name}"'
        columns = connection.execute(f"DESCRIBE {place}{at}").fetchall()
        cursor = connection.execute(f"SELECT _path, _key, * FROM {place}{at}")
        assert cursor.description is not None
        described = [(c[0], c[1]) for c in cursor.description]
        rows = [tuple(map(repr, row)) for row in cursor.fetchall()]
        found[place] = ([*columns, *described], rows)
    return found


def alone(source: Path, folder: Path, commits: Sequence[str]) -> dict[str, Tables]:
    """Reads each commit from a twin of its own."""
    found = {}
    for commit in commits:
        path = twin(source, folder / f"{commit}.git", commit)
        with ingitdb.connect(path, settings=settings(folder / f"{commit}.cache")) as connection:
            found[commit] = tables(connection)
    return found
