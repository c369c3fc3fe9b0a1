"""One Git repository as the engine reads it: refs, commits, trees, blobs.

Nothing is written to it but what its `writer` is told.
"""

import hashlib
import os
import re
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Self

from ingitdb.errors import RepositoryError, did_you_mean
from ingitdb.git.authorship import author, committer
from ingitdb.git.blame import BlamedLine, blame_commit, blame_contents, unblamed
from ingitdb.git.branch_names import BranchNames
from ingitdb.git.branch_writer import BranchWriter
from ingitdb.git.comparison import compare, first_parents
from ingitdb.git.history import History
from ingitdb.git.hooks import hooks_left_out
from ingitdb.git.layout import Layout, find_layout
from ingitdb.git.objects import ObjectStore
from ingitdb.git.pending import Pending
from ingitdb.git.process import Git
from ingitdb.git.refs import Branch, Refs, Tag
from ingitdb.git.revisions import Revisions
from ingitdb.git.spliced_trees import SplicedTrees
from ingitdb.git.tag_names import TagNames
from ingitdb.git.trees import Trees
from ingitdb.git.uncommitted import Uncommitted, count_modified
from ingitdb.model.history import GITLINK, Commit, FileChange, Head, Signature, TreeEntry
from ingitdb.model.identifiers import EMPTY, PSEUDO_COMMITS, CommitId
from ingitdb.model.people import Person

_FEW_PARENTS = 100
"""So many commits libgit2 reads one by one before git is asked for the whole line."""
_RANGE = re.compile(r"(?P<old>.*?)(?P<dots>\.{2,3})(?P<new>.*)", re.DOTALL)
_FOR_GIT_ALONE = re.compile(r"^[:^]|\{|\^[@!]$|\^-\d*$")
"""Dots in a search text are no range, and some short forms stand for several commits."""


class Repository:
    r"""One Git repository, or a sub-folder of it, opened for reading.

    Attributes:
        git_dir: The folder of HEAD and the index.
        common_dir: The folder of objects and refs; linked work trees share it.
        work_tree: The checked out files, or None.
        prefix: The folder to which the database is narrowed, as `sub/dir/`, or empty. All paths
            are relative to it. Bytes of a path that are not UTF-8 are spelled `\xNN`.
        name: The name of the folder, without `.git`.
        bare: Whether there is no work tree by configuration.
        shallow: Whether history was cut when it was cloned.
        identity: A stable hexadecimal name for the repository's cache folder.
        person: Who makes changes through this object; as git says where it is None.
    """

    def __init__(self, layout: Layout, *, narrow: bool = False) -> None:
        self._layout = layout
        self.git_dir = layout.git_dir
        self.common_dir = layout.common_dir
        self.work_tree = layout.work_tree
        self.bare = layout.bare
        self.shallow = layout.shallow
        self.person: Person | None = None
        self.prefix = layout.inside if narrow else ""
        self.name = _name(layout, self.prefix)
        prefix = os.fsencode(self.prefix)
        place = os.fsencode(layout.common_dir.resolve()) + b"\0" + prefix
        self.identity = hashlib.sha256(place).hexdigest()[:32]
        self._prefix = prefix
        self._git = Git(place=layout.git_dir, options=(f"--git-dir={layout.git_dir}",))
        self._work_git = self._git
        if layout.work_tree is not None:
            options = (f"--git-dir={layout.git_dir}", f"--work-tree={layout.work_tree}")
            self._work_git = Git(place=layout.work_tree, options=options)
        self._store = ObjectStore(layout.git_dir, object_format=layout.object_format)
        self._refs = Refs(self._git, layout.git_dir, layout.common_dir)
        self._revisions = Revisions(self._git, self._refs, bare=layout.work_tree is None)
        self._history = History(self._git, prefix)
        gits = (self._git, self._work_git)
        self._uncommitted = Uncommitted(
            self._work_git, layout, prefix=prefix, on_start=partial(_attach, self._store, gits)
        )
        self._trees = Trees(
            self._git, self._uncommitted, prefix=prefix, object_format=layout.object_format
        )
        self._commit = lru_cache(maxsize=1024)(self._history.commit)
        self._spliced = SplicedTrees(self._git, layout, self._store, prefix)
        self._pending = Pending(self._spliced, layout.object_format, self._uncommitted.folder)

    @classmethod
    def open(cls, path: Path, *, narrow: bool = False) -> Self:
        """Opens the repository at or above a path.

        Args:
            path: A folder of the repository, or its git folder.
            narrow: Whether only the files below `path` belong to the database.

        Raises:
            RepositoryNotFound: There is no repository.
            RepositoryRefused: Git refuses it, or cannot read it.
        """
        return cls(find_layout(path), narrow=narrow)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes what was kept of uncommitted states; happens at the latest with the process."""
        self._uncommitted.close()

    def head(self) -> Head:
        """Says which branch and commit HEAD names; starts no process."""
        return self._refs.head()

    def cache_token(self) -> str:
        """Gives a text that changes whenever HEAD or a ref does; starts no process."""
        return self._refs.token()

    def resolve(self, ref: str) -> CommitId:
        """Finds what a text means: whatever `git rev-parse` takes, a pseudo-ref, an ISO date.

        Raises:
            RefNotFound: It means nothing here; the hint has the nearest names.
            NoCommitsYet: It means HEAD's branch, which has no commit.
        """
        return self._revisions.resolve(ref)

    def named(self, ref: str) -> CommitId | None:
        """Gives the commit that git finds by a text; None where it finds none, dates included."""
        return self._revisions.named(ref)

    def resolve_default(self) -> CommitId:
        """Gives HEAD's commit.

        Raises:
            NoCommitsYet: HEAD's branch has none.
        """
        return self._revisions.default()

    def at_time(self, when: datetime, tip: CommitId | None = None) -> CommitId:
        """Gives the first commit from the tip along first parents that is not later than `when`.

        Raises:
            RefNotFound: All are later; the hint names the first.
        """
        return self._revisions.at_time(when, self._committed(tip or self.resolve_default()))

    def commit(self, commit: CommitId) -> Commit:
        """Gives one commit; for WORKING and STAGED the one they stand on."""
        return self._commit(self._committed(commit))

    def parents(self, commit: CommitId) -> tuple[CommitId, ...]:
        """Gives a commit's parents; WORKING and STAGED have HEAD's commit, EMPTY has none."""
        if commit == EMPTY:
            return ()
        if commit in PSEUDO_COMMITS:
            head = self.head().commit
            return (head,) if head else ()
        return self.commit(commit).parents

    def log(
        self,
        tip: str | None = None,
        *,
        limit: int | None = None,
        first_parent: bool = False,
        revision_range: str | None = None,
    ) -> Iterator[Commit]:
        """Streams the commits that a tip (HEAD's by default) or a range reaches, newest first.

        Raises:
            RefNotFound: The tip or a part of the range leads nowhere.
        """
        if revision_range is not None:
            revisions = self._range(revision_range)
        else:
            revisions = self._tips(self.resolve(tip) if tip else self.resolve_default())
        options = ("--first-parent",) if first_parent else ()
        if limit is not None:
            options = (*options, f"--max-count={limit}")
        return self._history.log(*revisions, options=options) if revisions else iter(())

    def reached(
        self, revisions: Sequence[str], without: Sequence[str], paths: Collection[str] = ()
    ) -> Iterator[Commit]:
        """Streams the commits that some refs or ranges reach and others do not, newest first.

        Args:
            revisions: What is wanted; HEAD's where there is none.
            without: Refs whose commits are left out.
            paths: Only commits that touched something there are given; all where there is none.

        Raises:
            RefNotFound: One leads nowhere.
        """
        wanted = [part for text in revisions or ("HEAD",) for part in self._range(text)]
        left = [f"^{part}" for text in without for part in self._tips(self.resolve(text))]
        return self._history.log(*wanted, *left, paths=paths) if wanted else iter(())

    def first_parents(self, tip: CommitId) -> list[CommitId]:
        """Gives the first-parent line, the tip first, its root or shallow boundary last."""
        return self._history.first_parents(self._committed(tip))

    def nearest(self, tip: CommitId, known: Container[CommitId]) -> tuple[CommitId, int] | None:
        """Gives the first commit from the tip along first parents that is known, and how far."""
        for line in (self._few_parents, self.first_parents):
            for ahead, commit in enumerate(line(tip)):
                if commit in known:
                    return commit, ahead
        return None

    def line_changes(
        self, tip: CommitId, since: CommitId | None = None
    ) -> Iterator[tuple[CommitId, list[FileChange]]]:
        """Streams what each commit of the first-parent line changed, the oldest first.

        Every commit of the line is given, also one without changes; what is not committed comes
        last. A change of mode alone has equal blobs.

        Args:
            tip: The last commit of the line.
            since: A commit of that line after which to begin; None begins with the root.
        """
        since = None if since == EMPTY else since
        head = self.head().commit if tip in PSEUDO_COMMITS else tip
        if head is not None and head != since:
            yield from self._history.line_changes(head, since)
        if tip in PSEUDO_COMMITS:
            yield tip, self.changes(head or EMPTY, tip)

    def changes_of(self, commits: list[CommitId]) -> Iterator[tuple[CommitId, list[FileChange]]]:
        """Streams what each of some commits changed against its first parent.

        One that changed nothing may be left out.
        """
        return self._history.changes_of(commits) if commits else iter(())

    def changes(self, old: CommitId, new: CommitId) -> list[FileChange]:
        """Compares two states, each a commit, WORKING, STAGED or EMPTY."""
        if PSEUDO_COMMITS.isdisjoint((old, new)):
            found = compare(self._store.raw, old, new, self._prefix)
            if found is not None:
                return found
        return self._trees.changes(old, new)

    def tree(self, commit: CommitId) -> dict[str, TreeEntry]:
        """Gives all files of a state by path, symlinks and gitlinks among them, without sizes."""
        return self._trees.tree(commit)

    def tree_entries(self, commit: CommitId) -> Iterator[TreeEntry]:
        """Streams all files of a state with their sizes; None for gitlinks and missing blobs."""
        if not self._store.partial:
            return self._trees.entries(commit, sizes=True)
        entries = self._trees.entries(commit)  # git would stop at the first missing blob
        return (replace(entry, size=self._size(entry)) for entry in entries)

    def read_file(self, commit: CommitId, path: str) -> bytes:
        """Gives the bytes of one file of a state.

        Raises:
            RepositoryError: There is no such file, or its blob is missing.
        """
        return self._read(self._file(commit, path), path)

    def find_file(self, commit: CommitId, path: str) -> bytes | None:
        """Gives the bytes of one file of a state; None if there is none.

        Raises:
            RepositoryError: It is a submodule, or its blob is missing.
        """
        return None if self._trees.entry(commit, path) is None else self.read_file(commit, path)

    def objects(self) -> ObjectStore:
        """Gives the store of all blobs, uncommitted ones included once their state was listed."""
        return self._store

    def writer(self) -> BranchWriter:
        """Gives what adds commits to branches."""
        return BranchWriter(self._git, self._layout, self._spliced)

    def branch_names(self) -> BranchNames:
        """Gives what makes, renames and drops branches."""
        return BranchNames(self._git, self._layout)

    def tag_names(self) -> TagNames:
        """Gives what makes and drops tags."""
        return TagNames(self._git, self._layout)

    def hooks_left_out(self) -> list[str]:
        """Gives the hooks that do not run because nobody has said whether they may."""
        return hooks_left_out(self._layout, self._git)

    def pending(
        self, now: CommitId, files: Mapping[str, bytes | None], parent: CommitId
    ) -> CommitId:
        """Gives a commit that no ref names, for as long as the repository is open.

        Args:
            now: The commit whose other files it has, or EMPTY.
            files: By path the new contents, or None for a file that goes.
            parent: The commit that it stands on, or EMPTY.

        Raises:
            RepositoryError: A path leads through a file, or to a folder, link or submodule.
        """
        return self._pending.commit(now, files, parent)

    def has_same_files(self, one: CommitId, other: CommitId) -> bool:
        """Tells whether two commits have the same tree."""
        return self._spliced.tree_of(one) == self._spliced.tree_of(other)

    def author(self, person: Person | None = None) -> Signature:
        """Gives who makes a change here now: a person, else as the environment and git say.

        Raises:
            AuthorUnknown: Neither says.
        """
        return author(self._git, person or self.person)

    def author_named(self, text: str) -> Signature:
        """Gives who makes a change here now, from `Name <address>`.

        Raises:
            UsageError: It is not written so.
        """
        return author(self._git, Person.parse(text))

    def committer(self) -> Signature:
        """Gives who makes a commit here now.

        Raises:
            AuthorUnknown: Neither the environment nor git says.
        """
        return committer(self._git, self.person)

    def branches(self) -> list[Branch]:
        """Gives local and remote-tracking branches, sorted by name."""
        return self._refs.listing()[0]

    def tags(self) -> list[Tag]:
        """Gives the tags, sorted by name."""
        return self._refs.listing()[1]

    def refs_by_commit(self) -> dict[CommitId, list[str]]:
        """Gives the short names of branches and tags at each commit that has one."""
        return self._refs.by_commit()

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        """Gives the best common ancestor; None if the histories have nothing in common."""
        if EMPTY in (one, other):
            return None
        return self._history.merge_base(self._committed(one), self._committed(other))

    def is_ancestor(self, ancestor: CommitId, descendant: CommitId) -> bool:
        """Says whether a commit is another one or one of those before it."""
        if ancestor in (descendant, EMPTY):
            return True
        if ancestor in PSEUDO_COMMITS or descendant == EMPTY:
            return False
        return self._history.is_ancestor(ancestor, self._committed(descendant))

    def blame(self, commit: CommitId, path: str) -> list[BlamedLine]:
        """Says for each line of a file which commit made it so; None: not committed.

        Raises:
            RepositoryError: There is no such file at the commit.
        """
        entry = self._file(commit, path)
        if commit not in PSEUDO_COMMITS:
            return blame_commit(self._git, self._history, commit, self.prefix + path)
        data = self._read(entry, path)
        head = self.head().commit
        if head is None or self._trees.entry(head, path) is None:
            return unblamed(data)
        return blame_contents(self._work_git, self._history, data, self.prefix + path)

    def modified_count(self) -> int:
        """Counts the files of the work tree that differ from HEAD, new ones included."""
        return 0 if self.work_tree is None else count_modified(self._work_git, self._prefix)

    def _few_parents(self, tip: CommitId) -> Iterator[CommitId]:
        return first_parents(self._store.raw, tip, _FEW_PARENTS)

    def _committed(self, commit: CommitId) -> CommitId:
        return self._revisions.committed(commit)

    def _tips(self, commit: CommitId) -> tuple[str, ...]:
        return () if commit == EMPTY else (self._committed(commit),)

    def _range(self, text: str) -> tuple[str, ...]:
        """Resolves both sides of `a..b` or `a...b`, so that dates may stand there too."""
        if _FOR_GIT_ALONE.search(text):
            return (text,)
        sides = _RANGE.fullmatch(text)
        if sides is None:
            return self._tips(self.resolve(text))
        old = self._tips(self.resolve(sides["old"] or "HEAD"))
        new = self._tips(self.resolve(sides["new"] or "HEAD"))
        if not old or not new:
            return (*old, *new) if sides["dots"] == "..." else new
        return (f"{old[0]}{sides['dots']}{new[0]}",)

    def _file(self, commit: CommitId, path: str) -> TreeEntry:
        entry = self._trees.entry(commit, path)
        if entry is None:
            hint = did_you_mean(path, self._trees.tree(commit))
            raise RepositoryError(f"There is no file {path!r} at {commit[:12]}.", hint=hint)
        if entry.mode == GITLINK:
            raise RepositoryError(f"{path!r} is a submodule: its files lie in another repository.")
        return entry

    def _size(self, entry: TreeEntry) -> int | None:
        try:
            return self._store.size(entry.blob)
        except KeyError:
            return None

    def _read(self, entry: TreeEntry, path: str) -> bytes:
        try:
            return self._store.read(entry.blob)
        except KeyError:
            raise RepositoryError(
                f"The contents of {path!r} ({entry.blob[:12]}) are missing from the repository.",
                hint="In a partial clone, `git fetch --refetch --no-filter` brings them.",
            ) from None


def _name(layout: Layout, prefix: str) -> str:
    if prefix:
        return Path(prefix).name
    if layout.work_tree is not None:
        return layout.work_tree.name
    return layout.common_dir.name.removesuffix(".git")


def _attach(store: ObjectStore, gits: Sequence[Git], objects: Path) -> None:
    """Lets everyone read the objects that no commit of the repository holds."""
    store.attach(objects)
    for git in gits:
        git.also_read(objects)
