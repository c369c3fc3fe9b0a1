"""A folder becomes a database: a Git repository with the few files that say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingitdb.catalog.files import INGITDB, ROOT_COLLECTIONS, SETTINGS
from ingitdb.errors import RepositoryError, RepositoryNotFound, UsageError
from ingitdb.execution.landing import branch_of
from ingitdb.git.branch_writer import NewCommit
from ingitdb.git.process import Git
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import CommitId

FORMATS = ("yaml", "json", "markdown", "toml", "csv", "jsonl", "ingr")
"""Upstream's; the first is what a table has whose definition names none."""
_MESSAGE = "Make this repository an inGitDB database"
_README = """\
# {name}

The tables of this repository are its files; every commit is a snapshot of them.

```sh
ingitdb tables                                  # what there is
ingitdb query "SELECT * FROM t AS OF 'v1.0'"    # any SQL, at any commit, tag, branch or date
ingitdb query "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR)"
ingitdb query "INSERT INTO t VALUES (1, 'one')" # a commit of its own
```
"""
_GITIGNORE = """\
# what systems and editors leave behind
.DS_Store
Thumbs.db
*~
*.swp
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialized:
    """What was done.

    Attributes:
        path: The folder of the repository's files.
        made: Whether the repository was made.
        files: The files that were written.
        commit: The commit that holds them; None if there is none.
    """

    path: Path
    made: bool
    files: tuple[str, ...]
    commit: CommitId | None


def initialize(folder: Path, *, record_format: str | None, commit: bool) -> Initialized:
    """Makes a folder a database; what is there already stays as it is.

    Args:
        folder: The folder, which is made if it is not there.
        record_format: The format of new tables that name none; upstream's if it is None.
        commit: Whether the files are committed, or only written.

    Raises:
        UsageError: The folder cannot be made, or there is nothing to write files to.
        RepositoryRefused: Git refuses the repository.
        WriteError: The files cannot be committed.
    """
    made = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}.") from error
    try:
        opened = Repository.open(folder)
    except RepositoryNotFound:
        _make(folder)
        made = True
        opened = Repository.open(folder)
    with opened as repository:
        if repository.work_tree is None and not commit:
            raise UsageError("A bare repository has no files that are not committed.")
        place = repository.work_tree or repository.common_dir
        files = _missing(repository, _files(repository.name, record_format))
        if record_format is not None and f"{INGITDB}{SETTINGS}" not in files:
            raise UsageError(
                f"{INGITDB}{SETTINGS} is there already.",
                hint="Change its default_record_format by hand.",
            )
        done = _commit(repository, files) if commit and files else None
        if not commit:
            _write(place, files)
        return Initialized(path=place, made=made, files=tuple(files), commit=done)


def _make(folder: Path) -> None:
    git = Git(place=folder)
    chosen = git.run("config", "--get", "init.defaultBranch", accept=(0, 1)).text
    git.run("init", "--quiet", f"--initial-branch={chosen or 'main'}")


def _files(name: str, record_format: str | None) -> dict[str, bytes]:
    texts = {
        f"{INGITDB}{SETTINGS}": f"default_record_format: {record_format or FORMATS[0]}\n",
        f"{INGITDB}{ROOT_COLLECTIONS}": "",
        "README.md": _README.format(name=name),
        ".gitignore": _GITIGNORE,
    }
    return {path: text.encode() for path, text in texts.items()}


def _missing(repository: Repository, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Gives the files that neither the branch nor the work tree has."""
    head = repository.head().commit
    known = {path.casefold() for path in repository.tree(head)} if head is not None else set()
    tree = repository.work_tree
    found = {path: data for path, data in files.items() if path.casefold() not in known}
    if tree is not None:
        found = {path: data for path, data in found.items() if not _is_there(tree, path)}
    return found


def _is_there(tree: Path, path: str) -> bool:
    folder = (tree / path).parent
    name = path.rpartition("/")[2].casefold()
    return folder.is_dir() and any(entry.name.casefold() == name for entry in folder.iterdir())


def _commit(repository: Repository, files: Mapping[str, bytes]) -> CommitId | None:
    wanted = NewCommit(
        branch=branch_of(repository, None),
        base=repository.head().commit,
        files=files,
        message=_MESSAGE,
        author=repository.author(),
        committer=repository.committer(),
    )
    return repository.writer().commit(wanted)


def _write(place: Path, files: Mapping[str, bytes]) -> None:
    try:
        for path, data in files.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(data)
    except OSError as error:
        raise RepositoryError(f"{place} cannot be written: {error.strerror}.") from error
