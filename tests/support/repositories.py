"""Builds real Git repositories for tests, with fixed dates and no user configuration."""

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

AUTHOR = ("Data Desk", "data@example.org")
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class RepoBuilder:
    """A repository on branch `main`; each commit is a day later than the one before."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        self.when = START
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", *options)

    @classmethod
    def adopt(cls, path: Path) -> Self:
        """Takes over a repository that is there already: a clone, a linked work tree."""
        builder = cls.__new__(cls)
        builder.path = path
        builder.when = START + timedelta(days=1000)
        return builder

    @property
    def environment(self) -> dict[str, str]:
        name, email = AUTHOR
        date = self.when.isoformat()
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email,
            "GIT_COMMITTER_DATE": date,
        }

    def run(
        self, *arguments: str | bytes | Path, data: bytes | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs git and gives the finished process."""
        given = {"stdin": subprocess.DEVNULL} if data is None else {"input": data}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            check=False,
            **given,
        )
        assert not check or done.returncode == 0, done.stderr.decode()
        return done

    def git(self, *arguments: str | bytes | Path, data: bytes | None = None) -> str:
        """Runs git and gives its output without the line end."""
        return self.run(*arguments, data=data).stdout.decode("utf-8", "replace").rstrip("\n")

    def write(self, path: str | bytes, content: str | bytes) -> None:
        """Writes a file of the work tree."""
        file = self.path / os.fsdecode(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def remove(self, path: str) -> None:
        """Removes a file of the work tree."""
        (self.path / path).unlink()

    def commit(
        self,
        files: Mapping[str, str | bytes | None] | None = None,
        message: str = "Change",
        *,
        when: datetime | None = None,
    ) -> str:
        """Writes files (None removes one), commits everything and gives the commit's id."""
        for path, content in (files or {}).items():
            if content is None:
                self.remove(path)
            else:
                self.write(path, content)
        self.git("add", "--all")
        return self.commit_index(message, when=when)

    def commit_index(self, message: str = "Change", *, when: datetime | None = None) -> str:
        """Commits what is staged and gives the commit's id."""
        self.when = when or self.when
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        self.when += timedelta(days=1)
        return self.tip()

    def tip(self, ref: str = "HEAD") -> str:
        """Gives the commit of a ref."""
        return self.git("rev-parse", "--verify", f"{ref}^{{commit}}")

    def branch(self, name: str, at: str = "HEAD") -> None:
        """Makes a branch and checks it out."""
        self.git("checkout", "--quiet", "-b", name, at)

    def checkout(self, ref: str) -> None:
        """Checks out a branch or commit."""
        self.git("checkout", "--quiet", ref)

    def merge(self, name: str, message: str = "Merge") -> str:
        """Merges a branch with a merge commit and gives its id."""
        self.git("merge", "--quiet", "--no-ff", "--message", message, name)
        self.when += timedelta(days=1)
        return self.tip()

    def tag(self, name: str, at: str = "HEAD", message: str | None = None) -> None:
        """Makes a tag, an annotated one if it has a message."""
        annotated = ("--annotate", "--message", message) if message is not None else ()
        self.git("tag", *annotated, name, at)

    def config(self, **settings: str) -> None:
        """Sets configuration; `log__showRoot` stands for `log.showRoot`."""
        for name, value in settings.items():
            self.git("config", name.replace("__", "."), value)

    def clone(self, path: Path, *options: str) -> "RepoBuilder":
        """Clones the repository by its URL, so that depth and filters hold."""
        self.git("clone", "--quiet", *options, f"file://{self.path}", str(path))
        return RepoBuilder.adopt(path)
