"""Makes trees of the index and the work tree in a private folder, with git's own rules.

Git itself stages a copy of the index: ignore rules, clean filters, line ends, file modes, symlinks
and submodules come out as `git add -A` would have them. Index, objects and refs of the repository
are left as they are; new objects lie in a temporary folder until the repository is closed.
"""

import os
import re
import shutil
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock

from ingitdb.git.failures import failure
from ingitdb.git.layout import Layout
from ingitdb.git.process import Git
from ingitdb.model.identifiers import STAGED, WORKING, CommitId, TreeId

_PRIVATE_INDEX = (
    "-c", "core.splitIndex=false",
    "-c", "core.safecrlf=false",
    "-c", "core.looseCompression=0",
    "-c", "advice.addEmbeddedRepo=false",
)  # fmt: skip
_EMBEDDED_WITHOUT_COMMIT = re.compile(r"^error: .* does not have a commit checked out$")


class Uncommitted:
    """The states of one repository that no commit holds."""

    def __init__(
        self, git: Git, layout: Layout, *, prefix: bytes, on_start: Callable[[Path], None]
    ) -> None:
        self._git = git
        self._on_start = on_start
        self._layout = layout
        self._only = (prefix.decode("utf-8", "surrogateescape"),) if prefix else ()
        self._lock = Lock()
        self._folder: Path | None = None
        self._remove: weakref.finalize[[str], Uncommitted] | None = None

    @property
    def objects(self) -> Path | None:
        """The object folder of uncommitted files; None until one was asked for."""
        return self._folder and self._folder / "objects"

    def environment(self, *commits: CommitId) -> Mapping[str, str]:
        """Gives what lets git see the private objects, if one of the states needs them."""
        if self.objects is None or not {WORKING, STAGED}.intersection(commits):
            return {}
        return {"GIT_OBJECT_DIRECTORY": str(self.objects)}

    def tree(self, commit: CommitId) -> TreeId:
        """Gives the tree of the work tree or of the index as it is now."""
        with self._lock:
            folder = self._prepared()
            index = folder / "index"
            index.unlink(missing_ok=True)
            with suppress(FileNotFoundError):  # nothing was ever staged
                # with its time: git compares it with those of the files
                shutil.copy2(self._layout.git_dir / "index", index)
            environment = {
                "GIT_INDEX_FILE": str(index),
                "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
            }
            if commit == WORKING:
                self._stage_all(environment)
            else:
                self._settle_conflicts(environment)
            written = self._git.run(
                *_PRIVATE_INDEX, "write-tree", "--missing-ok", environment=environment
            )
        return TreeId(written.text)

    def close(self) -> None:
        """Removes the private folder."""
        if self._remove is not None:
            self._remove()
        self._folder = None

    def folder(self) -> Path:
        """Gives the object folder of what no commit of the repository holds."""
        with self._lock:
            return self._prepared() / "objects"

    def _prepared(self) -> Path:
        if self._folder is None:
            folder = Path(mkdtemp(prefix="ingitdb-"))
            self._remove = weakref.finalize(self, shutil.rmtree, str(folder), ignore_errors=True)
            information = folder / "objects" / "info"
            information.mkdir(parents=True)
            objects = self._layout.common_dir / "objects"
            (information / "alternates").write_bytes(os.fsencode(objects) + b"\n")
            self._folder = folder
            self._on_start(folder / "objects")
        return self._folder

    def _stage_all(self, environment: Mapping[str, str]) -> None:
        answer = self._git.run(
            *_PRIVATE_INDEX,
            "add",
            "--all",
            "--ignore-errors",
            "--",
            *self._only,
            accept=(0, 1, 128),
            environment=environment,
        )
        if answer.status == 0 or (self._only and "did not match any files" in answer.errors):
            return
        told = [line for line in answer.errors.splitlines() if line.startswith(("error", "fatal"))]
        if all(_EMBEDDED_WITHOUT_COMMIT.match(line) for line in told):
            return  # an empty repository inside this one holds no files of this one
        raise failure(answer.errors, ("add",), self._layout.work_tree or self._layout.git_dir)

    def _settle_conflicts(self, environment: Mapping[str, str]) -> None:
        """Takes our side of each path in conflict; no tree can hold all sides."""
        listed = self._git.run("ls-files", "--unmerged", "-z", environment=environment).output
        settled: dict[bytes, bytes] = {}
        for line in listed.split(b"\0")[:-1]:
            meta, _, path = line.partition(b"\t")
            mode, blob, stage = meta.split()
            settled.setdefault(path, b"")
            if stage == b"2":
                settled[path] = b"%b %b 0\t%b\0" % (mode, blob, path)
        if not settled:
            return
        gone = b"0" * (64 if self._layout.object_format == "sha256" else 40)
        commands = b"".join(b"0 %b\t%b\0%b" % (gone, path, ours) for path, ours in settled.items())
        arguments = (*_PRIVATE_INDEX, "update-index", "-z", "--index-info")
        self._git.run(*arguments, data=commands, environment=environment)


def count_modified(git: Git, prefix: bytes) -> int:
    """Counts the files of the work tree that differ from HEAD, new ones included."""
    only = (prefix.decode("utf-8", "surrogateescape"),) if prefix else ()
    listed = git.run(
        "status",
        "--porcelain=v1",
        "-z",
        "--no-renames",
        "--untracked-files=all",
        "--ignore-submodules=dirty",
        "--",
        *only,
    )
    return listed.output.count(b"\0")
