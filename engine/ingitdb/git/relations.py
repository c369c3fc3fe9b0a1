"""The `git_*` relations of SQL: their columns, and functions that give their rows as tuples."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ingitdb.git.repository import Repository
from ingitdb.model.history import GITLINK, SYMLINK, Commit
from ingitdb.model.types import BIGINT, BLOB, BOOLEAN, TIMESTAMPTZ, VARCHAR, ColumnType, ListOf

Row: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """The name and the columns of a relation."""

    name: str
    columns: tuple[tuple[str, ColumnType], ...]


GIT_LOG = Relation(
    name="git_log",
    columns=(
        ("commit_hash", VARCHAR),
        ("author_name", VARCHAR),
        ("author_email", VARCHAR),
        ("author_date", TIMESTAMPTZ),
        ("committer_name", VARCHAR),
        ("committer_email", VARCHAR),
        ("commit_date", TIMESTAMPTZ),
        ("message", VARCHAR),
        ("parent_count", BIGINT),
        ("parents", ListOf(VARCHAR)),
        ("tree_hash", VARCHAR),
        ("refs", ListOf(VARCHAR)),
    ),
)
GIT_BRANCHES = Relation(
    name="git_branches",
    columns=(
        ("branch_name", VARCHAR),
        ("commit_hash", VARCHAR),
        ("is_current", BOOLEAN),
        ("is_remote", BOOLEAN),
        ("upstream", VARCHAR),
    ),
)
GIT_TAGS = Relation(
    name="git_tags",
    columns=(
        ("tag_name", VARCHAR),
        ("commit_hash", VARCHAR),
        ("tag_type", VARCHAR),
        ("tagger_name", VARCHAR),
        ("tagger_date", TIMESTAMPTZ),
        ("message", VARCHAR),
    ),
)
GIT_TREE = Relation(
    name="git_tree",
    columns=(
        ("path", VARCHAR),
        ("mode", VARCHAR),
        ("kind", VARCHAR),
        ("blob_hash", VARCHAR),
        ("size_bytes", BIGINT),
        ("file_ext", VARCHAR),
    ),
)
GIT_READ = Relation(
    name="git_read",
    columns=(
        ("path", VARCHAR),
        ("size_bytes", BIGINT),
        ("text", VARCHAR),
        ("blob", BLOB),
    ),
)
GIT_PARENTS = Relation(
    name="git_parents",
    columns=(
        ("commit_hash", VARCHAR),
        ("parent_hash", VARCHAR),
        ("parent_index", BIGINT),
    ),
)
GIT_BLAME = Relation(
    name="git_blame",
    columns=(
        ("line_number", BIGINT),
        ("line", VARCHAR),
        ("commit_hash", VARCHAR),
        ("author_name", VARCHAR),
        ("author_email", VARCHAR),
        ("author_date", TIMESTAMPTZ),
    ),
)
RELATIONS = {
    relation.name: relation
    for relation in (
        GIT_LOG,
        GIT_BRANCHES,
        GIT_TAGS,
        GIT_TREE,
        GIT_READ,
        GIT_PARENTS,
        GIT_BLAME,
    )
}


def git_log(repository: Repository, revision_range: str | None = None) -> Iterator[Row]:
    """Gives the commits that HEAD or a range reaches; `refs` are short names, tags after branches.

    On a branch without commits there are none.
    """
    if revision_range is None and repository.head().commit is None:
        return
    refs = repository.refs_by_commit()
    for commit in repository.log(revision_range=revision_range):
        yield (
            commit.identifier,
            commit.author.name,
            commit.author.email,
            commit.author.at,
            commit.committer.name,
            commit.committer.email,
            commit.committer.at,
            commit.message,
            len(commit.parents),
            list(commit.parents),
            commit.tree,
            refs.get(commit.identifier, []),
        )


def git_branches(repository: Repository) -> Iterator[Row]:
    """Gives local and remote-tracking branches; a remote one is named `remote/branch`."""
    for branch in repository.branches():
        yield branch.name, branch.commit, branch.is_current, branch.is_remote, branch.upstream


def git_tags(repository: Repository) -> Iterator[Row]:
    """Gives the tags; `tag_type` is `annotated` or `lightweight`."""
    for tag in repository.tags():
        tagger = tag.tagger
        yield (
            tag.name,
            tag.commit,
            tag.kind,
            tagger and tagger.name,
            tagger and tagger.at,
            tag.message,
        )


def git_tree(repository: Repository, ref: str) -> Iterator[Row]:
    """Gives the files of a state; `kind` is `file`, `symlink` or `submodule`.

    `mode` is in octal digits as git prints it; `file_ext` has its dot and is empty without one.
    """
    for entry in repository.tree_entries(repository.resolve(ref)):
        kind = {SYMLINK: "symlink", GITLINK: "submodule"}.get(entry.mode, "file")
        yield (
            entry.path,
            f"{entry.mode:06o}",
            kind,
            entry.blob,
            entry.size,
            _extension(entry.path),
        )


def git_read(repository: Repository, ref: str, path: str) -> Iterator[Row]:
    """Gives one file; `text` is NULL where the bytes are not UTF-8."""
    data = repository.read_file(repository.resolve(ref), path)
    try:
        text: str | None = data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    yield path, len(data), text, data


def git_parents(repository: Repository, ref: str) -> Iterator[Row]:
    """Gives the parents of a commit, counted from 1 as in `commit^1`."""
    commit = repository.resolve(ref)
    for index, parent in enumerate(repository.parents(commit), 1):
        yield commit, parent, index


def git_blame(repository: Repository, ref: str, path: str) -> Iterator[Row]:
    """Gives the lines of a file, each with the commit that made it so; NULL if none did yet."""
    for line in repository.blame(repository.resolve(ref), path):
        commit: Commit | None = line.commit
        author = commit and commit.author
        yield (
            line.number,
            line.text,
            commit and commit.identifier,
            author and author.name,
            author and author.email,
            author and author.at,
        )


def _extension(path: str) -> str:
    """Gives what follows the last dot of a file's name, with it; dot-files have none."""
    name = path.rsplit("/", 1)[-1]
    stem, dot, extension = name.rpartition(".")
    return f".{extension}" if stem.strip(".") and dot else ""
