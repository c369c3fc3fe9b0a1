"""Finds a repository and says where its parts lie."""

import os
from dataclasses import dataclass
from pathlib import Path

from ingitdb.errors import RepositoryError, RepositoryNotFound, RepositoryRefused
from ingitdb.git.process import Git

_QUESTIONS = (
    "--git-dir",
    "--git-common-dir",
    "--is-bare-repository",
    "--is-shallow-repository",
    "--show-object-format",
    "--show-prefix",
    "--show-toplevel",  # last: it fails without a work tree, after the others have answered
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the parts of a repository lie.

    Attributes:
        git_dir: The folder of HEAD and the index; a linked work tree has its own.
        common_dir: The folder of objects and refs, shared by linked work trees.
        work_tree: The checked out files, or None.
        inside: Where the opened path lies in the work tree: `''` or `sub/folder/`.
        object_format: `sha1` or `sha256`.
    """

    git_dir: Path
    common_dir: Path
    work_tree: Path | None
    inside: str
    bare: bool
    shallow: bool
    object_format: str


def find_layout(path: Path) -> Layout:
    """Finds the repository at or above a path, by git's own rules.

    Raises:
        RepositoryNotFound: There is none.
        RepositoryRefused: git refuses it, or this version of git cannot read it.
    """
    path = path.absolute()
    if not path.is_dir():
        raise RepositoryNotFound(str(path))
    answer = Git(place=path).run(
        "rev-parse", "--path-format=absolute", *_QUESTIONS, accept=(0, 128)
    )
    lines = answer.text.split("\n") if answer.status == 0 else _without_work_tree(path, answer.text)
    if lines[0].startswith("--"):
        raise RepositoryError("The installed git is too old.", hint="Install Git 2.31 or later.")
    if len(lines) != len(_QUESTIONS):
        raise RepositoryRefused(f"The path of {path} holds a line break.", hint="Rename a folder.")
    git_dir, common_dir = Path(lines[0]), Path(lines[1])
    bare = lines[2] == "true"
    work_tree = Path(lines[6]) if lines[6] else None
    if work_tree is None and not bare and git_dir.name == ".git" and git_dir == common_dir:
        work_tree = git_dir.parent  # opened by its .git folder
    return Layout(
        git_dir=git_dir,
        common_dir=common_dir,
        work_tree=work_tree,
        inside=lines[5],
        bare=bare,
        shallow=lines[3] == "true",
        object_format=lines[4],
    )


def _without_work_tree(path: Path, text: str) -> list[str]:
    """Takes the answers given before `--show-toplevel` failed; asks again for a true failure."""
    lines = text.split("\n")
    if len(lines) < len(_QUESTIONS) - 2:
        Git(place=path).run("rev-parse", "--git-dir")
        raise RepositoryError(f"git cannot describe the repository at {path}.")
    return [*lines[:5], "", ""]


def common_of(git_dir: Path) -> Path:
    """Gives the folder of objects and refs that belongs to a git folder."""
    pointer = git_dir / "commondir"
    if not pointer.is_file():
        return git_dir
    return Path(os.path.normpath(git_dir / os.fsdecode(pointer.read_bytes()).rstrip("\n")))
