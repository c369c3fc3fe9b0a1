"""Makes and drops branches and tags; the policy is asked first."""

from ingitdb.errors import UsageError
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.services.database import Database


def create_branch(database: Database, name: str, start: str | None = None) -> CommitId:
    """Makes a branch at a ref, HEAD when None; gives the commit.

    Raises:
        RefNotFound: The ref leads nowhere.
        WriteError: The name is taken, or git does not allow it.
    """
    commit, said = _start(database, start)
    database.allow_write(name)
    database.repository.branch_names().create(name, commit, start=said)
    return commit


def drop_branch(database: Database, name: str, *, force: bool = False) -> CommitId:
    """Removes a branch; gives the commit that it named.

    Raises:
        RefNotFound: There is none of that name.
        WriteError: It is checked out, or commits would be lost without `force`.
    """
    database.allow_write(name)
    return database.repository.branch_names().drop(name, force=force)


def create_tag(
    database: Database, name: str, at: str | None = None, message: str | None = None
) -> CommitId:
    """Makes a tag at a ref, HEAD when None, with a message if one is given; gives the commit.

    Raises:
        RefNotFound: The ref leads nowhere.
        WriteError: The name is taken, or git does not allow it.
        AuthorUnknown: There is a message, and nothing says whose.
    """
    commit, _ = _start(database, at)
    database.allow_write(f"refs/tags/{name}")
    repository = database.repository
    if message is None:
        repository.tag_names().create(name, commit)
    else:
        repository.tag_names().annotate(name, commit, message, repository.committer())
    return commit


def drop_tag(database: Database, name: str) -> str:
    """Removes a tag; gives the object that it named.

    Raises:
        RefNotFound: There is none of that name.
    """
    database.allow_write(f"refs/tags/{name}")
    return database.repository.tag_names().drop(name)


def _start(database: Database, ref: str | None) -> tuple[CommitId, str]:
    commit = database.resolve(ref)
    if commit in PSEUDO_COMMITS:
        raise UsageError(f"{commit} is no commit that could get a name.", hint="Name a commit.")
    return commit, ref or database.repository.head().branch or commit
