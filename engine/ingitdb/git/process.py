"""Runs the git executable: one environment for all calls, streams, and errors in our words.

Every call is read-only for the repository, never asks, never fetches, obeys neither replace refs
nor grafts (libgit2's object database knows neither, so both ways of reading agree), and takes the
caller's texts only where git cannot read them as options.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TypeAlias

from ingitdb.errors import RepositoryError, RepositoryNotFound
from ingitdb.git.failures import failure

_CHUNK = 1 << 16
_Question: TypeAlias = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]

INHERITED = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_ATTR_SOURCE",
        "GIT_COMMON_DIR",
        "GIT_DIFF_OPTS",
        "GIT_DIR",
        "GIT_EXTERNAL_DIFF",
        "GIT_GLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
"""What a calling git (a hook, an alias) leaves in the environment about *its* repository."""

_FIXED = {
    "GIT_ALLOW_PROTOCOL": "",  # a promisor remote is not asked for missing objects: git < 2.45 …
    "GIT_NO_LAZY_FETCH": "1",  # … and since
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}

_CONFIG = (
    "core.quotePath=false",
    "core.fsmonitor=false",
    "core.hooksPath=" + os.devnull,
    "log.follow=false",
    "advice.graftFileDeprecated=false",
    "diff.orderFile=" + os.devnull,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a finished git process said."""

    status: int
    output: bytes
    errors: str

    @property
    def text(self) -> str:
        """The output without its line end."""
        return os.fsdecode(self.output).rstrip("\n")


class Git:
    """The git executable, aimed at a directory or at one repository."""

    def __init__(self, *, place: Path, options: Sequence[str | Path] = ()) -> None:
        self._place = place
        config = [part for setting in _CONFIG for part in ("-c", setting)]
        self._start: list[bytes] = [encode(a) for a in ("git", "--no-pager", *config, *options)]
        inherited = {k: v for k, v in os.environ.items() if k not in INHERITED}
        self._environment = {**inherited, **_FIXED}
        self._settled: dict[_Question, Answer] = {}
        self._seen: dict[Path, tuple[int, int, int] | None] | None = None

    def settled(
        self,
        *arguments: str,
        accept: Sequence[int] = (0,),
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        """Gives what git says from its configuration alone; asked anew once a file of that changes.

        Raises:
            RepositoryError: It ended with a status that is not accepted.
        """
        if self._seen is None or self._seen != self._looked(list(self._seen)):
            self._settled.clear()
            self._seen = self._looked(self._configuration())
        key = (arguments, tuple(sorted((environment or {}).items())))
        if key not in self._settled:
            self._settled[key] = self.run(*arguments, accept=accept, environment=environment)
        return self._settled[key]

    def _configuration(self) -> list[Path]:
        """Gives the files that git reads its configuration from, or would if they were there."""
        listed = self.run("config", "--list", "--show-origin", "-z", "--name-only").output
        names = listed.split(b"\0")[::2]
        files = {os.fsdecode(name.removeprefix(b"file:")) for name in names if name[:5] == b"file:"}
        home = self._environment.get("HOME", os.sep)
        files |= {
            self._environment.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig"),
            self._environment.get("GIT_CONFIG_GLOBAL", f"{home}/.gitconfig"),
            f"{self._environment.get('XDG_CONFIG_HOME') or f'{home}/.config'}/git/config",
        }
        return sorted({self._place / file for file in files})

    @staticmethod
    def _looked(files: Sequence[Path]) -> dict[Path, tuple[int, int, int] | None]:
        found: dict[Path, tuple[int, int, int] | None] = {}
        for file in files:
            try:
                at = file.stat()
            except OSError:
                found[file] = None
            else:
                found[file] = at.st_ino, at.st_mtime_ns, at.st_size
        return found

    def also_read(self, objects: Path) -> None:
        """Lets git find objects in a further folder."""
        self._environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.fspath(objects)

    @property
    def environment(self) -> Mapping[str, str]:
        """What git finds in its environment."""
        return self._environment

    def run(
        self,
        *arguments: str | Path,
        data: bytes = b"",
        accept: Sequence[int] = (0,),
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        """Runs git to its end.

        Raises:
            RepositoryError: It ended with a status that is not accepted.
        """
        with self._started(arguments, subprocess.PIPE, environment) as process:
            output, errors = process.communicate(data)
        answer = Answer(
            status=process.returncode, output=output, errors=errors.decode("utf-8", "replace")
        )
        if answer.status not in accept:
            raise failure(answer.errors, arguments, self._place)
        return answer

    @contextmanager
    def stream(
        self,
        *arguments: str | Path,
        data: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[IO[bytes]]:
        """Gives the output while git still runs; a block that is left early ends the process.

        Raises:
            RepositoryError: On leaving the block, if all was read and git failed.
        """
        with TemporaryFile() as given, TemporaryFile() as errors:
            given.write(data)
            given.seek(0)
            process = self._started(arguments, errors, environment, given)
            assert process.stdout is not None
            finished = False
            try:
                yield process.stdout
                finished = not process.stdout.read(1)
            finally:
                if not finished:
                    process.kill()
                process.stdout.close()
                process.wait()
            if finished and process.returncode:
                errors.seek(0)
                text = errors.read(_CHUNK).decode("utf-8", "replace")
                raise failure(text, arguments, self._place)

    def _started(
        self,
        arguments: Sequence[str | Path],
        errors: int | IO[bytes],
        environment: Mapping[str, str] | None,
        given: int | IO[bytes] = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [*self._start, *(encode(a) for a in arguments)],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self._place,
                env={**self._environment, **(environment or {})},
            )
        except OSError as error:
            if not self._place.is_dir():
                raise RepositoryNotFound(str(self._place)) from error
            raise RepositoryError(
                f"The git executable cannot be started: {error.strerror or error}.",
                hint="Install Git 2.31 or later and see that `git` is on the PATH.",
            ) from error


def encode(argument: str | Path) -> bytes:
    """Gives an argument's bytes, whatever the locale.

    Raises:
        UnicodeEncodeError: The text holds half a surrogate pair.
    """
    if isinstance(argument, Path):
        return os.fsencode(argument)
    return argument.encode("utf-8", "surrogateescape")


def pieces(stream: IO[bytes], separator: bytes = b"\0") -> Iterator[bytes]:
    """Cuts a stream at each separator; an end without one counts if it is not empty."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        parts = (rest + chunk).split(separator)
        rest = parts.pop()
        yield from parts
    if rest:
        yield rest


def path_text(path: bytes) -> str:
    r"""Decodes a path; bytes that are not UTF-8 are spelled `\xNN`."""
    return path.decode("utf-8", "backslashreplace")
