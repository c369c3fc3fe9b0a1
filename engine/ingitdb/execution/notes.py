"""Remarks on an answer: which commit a date means, and what could not be read."""

from collections.abc import Iterator, Sequence

from ingitdb.errors import DataUnreadable
from ingitdb.git.moments import looks_like_moment
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.model.records import Problem


def note_of_moment(repository: Repository, ref: str | None, commit: CommitId) -> Iterator[str]:
    """Says which commit is read where the ref looks like a date."""
    if ref and ref not in PSEUDO_COMMITS and looks_like_moment(ref):
        if repository.named(ref) is not None:
            yield f"Reading {commit[:12]}: the ref {ref!r} wins over the date."
        else:
            yield f"Reading {commit[:12]}, the commit for {ref!r}."


def note_of_problems(problems: Sequence[Problem], *, strict: bool) -> Iterator[str]:
    """Says what could not be read.

    Raises:
        DataUnreadable: There is such a thing, and the caller asked to be strict.
    """
    problems = [problem for problem in problems if problem.severity == "error"]
    if problems and strict:
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise DataUnreadable(
            f"{problems[0]}{more}",
            hint="SELECT * FROM unreadable() lists what could not be read.",
        )
    for problem in problems[:1]:
        more = f" ({len(problems) - 1} more in unreadable())" if len(problems) > 1 else ""
        yield f"not read: {problem}{more}"
