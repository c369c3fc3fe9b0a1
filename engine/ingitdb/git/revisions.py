"""Resolves refs, pseudo-refs and dates to commits."""

import re
from collections.abc import Container
from datetime import datetime

from ingitdb.errors import NoCommitsYet, RefNotFound, RepositoryError, nearest_names
from ingitdb.git.moments import as_utc, instant, looks_like_moment, parse_moment
from ingitdb.git.process import Git
from ingitdb.git.refs import Refs
from ingitdb.model.identifiers import PSEUDO_COMMITS, STAGED, WORKING, CommitId

_FULL = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REMEMBERED = 1024
_STEPS = re.compile(r"(?P<start>[^~^].*?)(?P<steps>(?:[~^]\d*)+)", re.DOTALL)
"""A commit and the way back from it, such as `main~2^2`."""
_UNSHALLOW = "git fetch --unshallow"


class Revisions:
    """Turns what users write for a commit into commit ids."""

    def __init__(self, git: Git, refs: Refs, *, bare: bool) -> None:
        self._git = git
        self._refs = refs
        self._bare = bare
        self._token = ""
        self._known: dict[str, CommitId] = {}
        self._named: dict[str, CommitId | None] = {}

    def resolve(self, ref: str) -> CommitId:
        """Finds the commit, pseudo-commit or moment that a text means; refs come before dates.

        Raises:
            RefNotFound: It means none of them.
            NoCommitsYet: It means the branch of HEAD, which has no commit.
        """
        if ref in PSEUDO_COMMITS:
            return self._pseudo(CommitId(ref))
        if "@{" in ref:  # reflogs and upstreams change without a sign in the refs
            return self._find(ref)
        self._look()
        known = self._known
        if ref not in known:
            known[ref] = self._find(ref)
        return known[ref]

    def named(self, ref: str) -> CommitId | None:
        """Gives the commit that git finds by a text; None where it finds none, dates included."""
        self._look()
        known = self._named
        if ref not in known:
            known[ref] = self._asked(ref)[0]
        return known[ref]

    def default(self) -> CommitId:
        """Gives HEAD's commit.

        Raises:
            NoCommitsYet: HEAD's branch has none.
        """
        head = self._refs.head()
        if head.commit is None:
            raise NoCommitsYet(head.branch or "HEAD")
        return head.commit

    def committed(self, commit: CommitId) -> CommitId:
        """Gives the commit on which a pseudo-commit stands; other commits stand for themselves."""
        return self.default() if commit in (WORKING, STAGED) else commit

    def at_time(self, when: datetime, tip: CommitId, *, text: str | None = None) -> CommitId:
        """Gives the first commit from the tip along first parents that is not later than `when`.

        Raises:
            RefNotFound: All are later.
        """
        when = as_utc(when)
        seconds = int(when.timestamp() // 1)
        if seconds >= 0:  # git knows no commits before 1970
            found = self._git.run("rev-list", "-1", "--first-parent", f"--min-age={seconds}", tip)
            if found.text:
                return CommitId(found.text)
        root, committed_at = self._root(tip)
        ref, begins = text or when.isoformat(), f"{committed_at:%Y-%m-%dT%H:%M:%SZ}"
        if root in self._refs.boundary():
            raise RefNotFound(
                ref,
                message=f"{ref} lies before the history here,"
                f" which is shallow and begins at {root[:12]} of {begins}.",
                hint=_UNSHALLOW,
            )
        raise RefNotFound(
            ref,
            message=f"{ref} lies before the first commit.",
            hint=f"The first commit, {root[:12]}, is of {begins}.",
        )

    def _look(self) -> None:
        """Forgets what is known once a ref has moved."""
        token = self._refs.token()
        if token != self._token or max(len(self._known), len(self._named)) >= _REMEMBERED:
            self._known, self._named = {}, {}
            self._token = token

    def _pseudo(self, commit: CommitId) -> CommitId:
        if self._bare and commit in (WORKING, STAGED):
            raise RefNotFound(
                commit,
                message=f"A bare repository has no {commit} state.",
                hint="It has no work tree and no index; name a branch, tag or commit.",
            )
        return commit

    def _find(self, ref: str) -> CommitId:
        commit, errors = self._asked(ref)
        return self._find_by_date(ref, errors) if commit is None else commit

    def _asked(self, ref: str) -> tuple[CommitId | None, str]:
        """Asks git for the commit of a text; gives also what it complains of."""
        if not _can_be_said(ref):
            return None, ""
        # `:/text` takes all that follows as text, and finds commits only
        commit = ref if ref.startswith(":/") else f"{ref}^{{commit}}"
        answer = self._git.run(
            "rev-parse", "--verify", "--end-of-options", commit, accept=(0, 1, 128)
        )
        is_found = answer.status == 0 and _FULL.fullmatch(answer.text)
        return (CommitId(answer.text) if is_found else None), answer.errors

    def _find_by_date(self, ref: str, errors: str) -> CommitId:
        head = self._refs.head()
        moment = parse_moment(ref)
        if head.commit is None and (moment or ref in ("HEAD", "@", head.branch)):
            raise NoCommitsYet(head.branch or "HEAD")
        if moment and head.commit:
            return self.at_time(moment, head.commit, text=ref)
        raise self._not_found(ref, errors)

    def _not_found(self, ref: str, errors: str) -> RepositoryError:
        if "is ambiguous" in errors and "short object ID" in errors:
            return RefNotFound(ref, hint="Several objects begin so: write more of the hash.")
        if looks_like_moment(ref):
            return RefNotFound(ref, hint="The calendar and the clock do not have this time.")
        boundary = self._refs.boundary()
        if boundary and (cut := self._cut(ref, boundary)):
            return RefNotFound(
                ref,
                message=f"{ref!r} is no commit here: the history is shallow"
                f" and begins at {cut[:12]}.",
                hint=_UNSHALLOW,
            )
        known = ("HEAD", *self._refs.names(), *sorted(PSEUDO_COMMITS))
        hint = nearest_names(ref, known)
        if boundary:
            hint = f"{hint}\nThe history here is shallow; `{_UNSHALLOW}` brings the rest."
        return RefNotFound(ref, hint=hint)

    def _cut(self, ref: str, boundary: Container[str]) -> str | None:
        """Gives the commit of the boundary behind which the commit of `HEAD~3` must lie."""
        found = None if ref.startswith(":/") else _STEPS.fullmatch(ref)
        at = self._asked(found["start"])[0] if found else None
        if found is None or at is None:
            return None
        for step in re.findall(r"[~^]\d*", found["steps"]):
            behind = self._asked(f"{at}{step}")[0]
            if behind is None:
                end = self._root(at)[0] if step.startswith("~") else at
                return end if end in boundary else None
            at = behind
        return None

    def _root(self, tip: CommitId) -> tuple[str, datetime]:
        """Gives the first commit of a first-parent line and its committer time."""
        answer = self._git.run(
            "rev-list", "-1", "--first-parent", "--max-parents=0", "--timestamp", tip
        )
        seconds, _, root = answer.text.partition(" ")
        return root, instant(seconds)


def _can_be_said(ref: str) -> bool:
    """Says whether a text can be an argument of a process."""
    return bool(ref) and "\0" not in ref and not any("\ud800" <= c <= "\udfff" for c in ref)
