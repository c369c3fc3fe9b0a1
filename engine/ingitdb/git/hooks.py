"""Git's hooks around a commit, run on what is to be committed: never in a user's work tree.

A hook runs where the branch is checked out for it alone: in a temporary folder with the files that
change, with an index of the whole new tree and a HEAD that names the branch. What it writes there
is lost. Hooks run only if `ingitdb.runHooks` says so.
"""

import errno
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ingitdb.errors import WriteError
from ingitdb.git.commit_settings import CommitSettings, commit_settings
from ingitdb.git.layout import Layout
from ingitdb.git.new_objects import NewObjects
from ingitdb.git.process import INHERITED, Git
from ingitdb.model.history import Signature
from ingitdb.model.identifiers import CommitId, TreeId

_AROUND = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")
_ALL = (*_AROUND, "reference-transaction")
_WAY_OUT = "git config ingitdb.runHooks false writes without hooks."


class Hooks:
    """The hooks of one repository."""

    def __init__(self, layout: Layout, settings: CommitSettings) -> None:
        self._layout = layout
        self._runs = settings.runs_hooks or False
        path = os.path.expanduser(settings.hooks_path or "hooks")  # noqa: PTH111 - joined below
        base = self._top if settings.hooks_path else layout.common_dir
        self._folder = base / path

    @property
    def options(self) -> Sequence[str]:
        """What git is told so that it runs the hooks that are its own affair."""
        return ("-c", f"core.hooksPath={self._folder}") if self._runs else ()

    def found(self, names: Sequence[str] = _ALL) -> list[str]:
        """Gives those hooks that are there and may run."""
        return [name for name in names if os.access(self._folder / name, os.X_OK)]

    @contextmanager
    def scene(
        self, branch: str, base: CommitId | None, tree: TreeId, new: NewObjects
    ) -> Iterator["Scene | None"]:
        """Gives a place where the hooks of one commit run; None if none is to run.

        Args:
            branch: The branch's short name.
            base: What it names before.
            tree: What it will hold.
            new: The objects that are not in the repository yet.
        """
        if not self._runs or not self.found(_AROUND):
            yield None
            return
        with TemporaryDirectory(prefix="ingitdb-hooks-") as name:
            scene = Scene(Path(name), self._folder, self.found(_AROUND))
            scene.prepare(self._layout, branch)
            new.store(scene.objects)
            scene.fill(base, tree)
            yield scene

    @property
    def _top(self) -> Path:
        return self._layout.work_tree or self._layout.git_dir


class Scene:
    """A temporary work tree for the hooks of one commit.

    Args:
        folder: An empty folder for it.
        hooks: The folder of the hooks.
        names: The hooks that are there.
    """

    def __init__(self, folder: Path, hooks: Path, names: Sequence[str]) -> None:
        self._hooks = hooks
        self._names = names
        self._tree = folder / "tree"
        self._git_dir = folder / "git"
        self.objects = folder / "objects"
        options = (f"--git-dir={self._git_dir}", f"--work-tree={self._tree}")
        self._git = Git(place=folder, options=options)
        self._new = {"GIT_OBJECT_DIRECTORY": str(self.objects)}

    def prepare(self, layout: Layout, branch: str) -> None:
        """Makes what git takes for a linked work tree of the repository."""
        for folder in (self._tree, self._git_dir, self.objects / "info"):
            folder.mkdir(parents=True)
        (self._git_dir / "HEAD").write_text(f"ref: refs/heads/{branch}\n", "utf-8")
        (self._git_dir / "commondir").write_bytes(os.fsencode(layout.common_dir) + b"\n")
        borrowed = os.fsencode(layout.common_dir / "objects")
        (self.objects / "info" / "alternates").write_bytes(borrowed + b"\n")

    def fill(self, base: CommitId | None, tree: TreeId) -> None:
        """Fills the index with a tree, and the folder with those of its files that are new."""
        self._ask("read-tree", tree)
        before = base or self._ask("hash-object", "-t", "tree", "--stdin").decode().strip()
        options = ("--cached", "--name-only", "-z", "--diff-filter=d")
        changed = self._ask("diff-index", *options, before)
        others = set(self._ask("ls-files", "-z").split(b"\0")) - set(changed.split(b"\0"))
        left = b"".join(path + b"\0" for path in others)
        self._ask("update-index", "--skip-worktree", "-z", "--stdin", data=left)
        self._ask("checkout-index", "-u", "-z", "--stdin", data=changed)

    def message(self, message: str, tree: TreeId, author: Signature) -> str:
        """Runs what runs before a commit; gives the message, which hooks may change.

        Raises:
            WriteError: A hook refuses the commit, takes its message away or changes its files.
        """
        around = _author(author)
        self._run("pre-commit", (), around)
        if self._ask("write-tree").decode().strip() != tree:
            raise WriteError(
                "The hook pre-commit changes the files; a write commits what was said, no more.",
                hint=f"Let the hook only check. {_WAY_OUT}",
            )
        file = self._git_dir / "COMMIT_EDITMSG"
        given = (message.strip("\n") + "\n").encode("utf-8", "replace")
        file.write_bytes(given)
        self._run("prepare-commit-msg", (str(file), "message"), around)
        self._run("commit-msg", (str(file),), around)
        found = file.read_bytes()
        if found == given:
            return message
        changed = self._git.run("stripspace", data=found).output.decode("utf-8", "replace")
        if not changed:
            raise WriteError("A hook leaves no message for the commit.", hint=_WAY_OUT)
        return changed

    def after(self) -> None:
        """Runs what runs after a commit; as with git, nothing follows if it fails."""
        if "post-commit" in self._names:
            self._started("post-commit", (), {})

    def _run(self, name: str, arguments: Sequence[str], around: Mapping[str, str]) -> None:
        if name not in self._names:
            return
        done = self._started(name, arguments, {**self._new, **around})
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace").strip()
            told = f":\n{said}" if said else f" with status {done.returncode}."
            raise WriteError(f"The hook {name} refuses the commit{told}", hint=_WAY_OUT)

    def _started(
        self, name: str, arguments: Sequence[str], around: Mapping[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {k: v for k, v in os.environ.items() if k not in INHERITED}
        environment |= {
            "GIT_DIR": str(self._git_dir),
            "GIT_WORK_TREE": str(self._tree),
            "GIT_INDEX_FILE": str(self._git_dir / "index"),
            "GIT_EDITOR": ":",
            **around,
        }
        words = [str(self._hooks / name), *arguments]
        try:
            return self._finished(words, environment)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise WriteError(
                    f"The hook {name} cannot be started: {error.strerror or error}.", hint=_WAY_OUT
                ) from error
            return self._finished(["sh", *words], environment)  # it has no #! line

    def _finished(
        self, words: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            words,
            cwd=self._tree,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    def _ask(self, *arguments: str, data: bytes = b"") -> bytes:
        return self._git.run(*arguments, data=data, environment=self._new).output


def hooks_left_out(layout: Layout, git: Git) -> list[str]:
    """Gives the hooks that do not run because nobody has said whether they may."""
    settings = commit_settings(git)
    return Hooks(layout, settings).found() if settings.runs_hooks is None else []


def _author(by: Signature) -> dict[str, str]:
    return {
        "GIT_AUTHOR_NAME": by.name,
        "GIT_AUTHOR_EMAIL": by.email,
        "GIT_AUTHOR_DATE": f"@{int(by.at.timestamp())} {by.at:%z}",
    }
