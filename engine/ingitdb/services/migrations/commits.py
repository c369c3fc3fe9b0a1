"""The commits that migrations lead from and to, by their refs."""

from ingitdb.errors import RefNotFound, UsageError
from ingitdb.model.identifiers import EMPTY, PSEUDO_COMMITS, CommitId
from ingitdb.services.database import Database


def commits_of(
    database: Database, before: str | None, after: str | None
) -> tuple[CommitId, CommitId]:
    """Gives the commits that a migration leads from and to, and reads the repository anew.

    Args:
        database: Whose commits.
        before: The older one's ref; nothing is there when None.
        after: The newer commit's ref; HEAD when None.

    Raises:
        UsageError: A ref means what is not committed.
        RefNotFound: A ref leads nowhere.
    """
    first = EMPTY if before is None else committed(database, before)
    last = committed(database, after)
    database.catalogs.begin()
    return first, last


def committed(database: Database, ref: str | None) -> CommitId:
    """Gives the commit of a ref; HEAD's when None.

    Raises:
        UsageError: The ref means what is not committed.
        RefNotFound: It leads nowhere.
    """
    commit = database._allowed(ref or "HEAD")
    if commit in PSEUDO_COMMITS and commit != EMPTY:
        raise UsageError(f"{commit} is no commit: a target could not say where it is.")
    return commit


def ledger_commit(database: Database, name: str) -> CommitId:
    """Gives the commit that a target's ledger names.

    Raises:
        RefNotFound: The repository does not have it.
    """
    try:
        return committed(database, name)
    except RefNotFound:
        raise RefNotFound(
            name,
            message=f"The target's ledger names {name}, which the repository does not have.",
            hint="Fetch it; or, if it was replaced, compare the target itself:"
            " `ingitdb migrate sync --mode full --on-conflict source`.",
        ) from None
