"""Reads HEAD and refs: from their files where no process is needed, else through git."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingitdb.errors import RepositoryError
from ingitdb.git.moments import instant
from ingitdb.git.process import Git
from ingitdb.model.history import Head, Signature
from ingitdb.model.identifiers import CommitId

_HEADS = "refs/heads/"
_REMOTES = "refs/remotes/"
_TAGS = "refs/tags/"
_SMALL = 1 << 16
_FIELDS = (
    "refname",
    "symref",
    "objecttype",
    "objectname",
    "*objecttype",
    "*objectname",
    "HEAD",
    "upstream:short",
    "taggername",
    "taggeremail:trim",
    "taggerdate:unix",
    "contents",
    "contents:signature",
)
_FORMAT = "".join(f"%({field})%00" for field in _FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A local or remote-tracking branch; a remote one is named `remote/branch`."""

    name: str
    commit: CommitId
    is_current: bool
    is_remote: bool
    upstream: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag; `commit` is None where it leads to something else than a commit.

    Attributes:
        kind: `annotated` or `lightweight`.
        tagger: Who made an annotated tag; old ones have none.
        message: The text of an annotated tag without its signature.
    """

    name: str
    commit: CommitId | None
    kind: str
    tagger: Signature | None
    message: str | None


class Refs:
    """HEAD, branches and tags of one repository."""

    def __init__(self, git: Git, git_dir: Path, common_dir: Path) -> None:
        self._git = git
        self._git_dir = git_dir
        self._common_dir = common_dir
        self._in_files = not (common_dir / "reftable").is_dir()

    def head(self) -> Head:
        """Says which branch and commit HEAD names."""
        if not self._in_files:
            return self._head_by_git()
        file = self._git_dir / "HEAD"
        target = os.fspath(file.readlink()) if file.is_symlink() else _symbolic(file)
        if target is None:
            return Head(branch=None, commit=CommitId(_text(file)))
        return Head(branch=target.removeprefix(_HEADS), commit=self._read(target))

    def token(self) -> str:
        """Gives a text that changes whenever HEAD or a ref does; starts no process."""
        state = hashlib.blake2b(digest_size=16)
        for file in self._ref_files():
            state.update(os.fsencode(file) + b"\0")
            state.update(_state(file) + b"\0")
        return state.hexdigest()

    def listing(self) -> tuple[list[Branch], list[Tag]]:
        """Gives all branches and tags, each sorted by name."""
        branches: list[Branch] = []
        tags: list[Tag] = []
        for ref in self._for_each(_HEADS, _REMOTES, _TAGS):
            name = ref["refname"]
            if name.startswith(_TAGS):
                tags.append(self._tag(ref))
            elif not ref["symref"]:  # `origin/HEAD` only repeats another one
                branches.append(_branch(ref))
        return branches, tags

    def by_commit(self) -> dict[CommitId, list[str]]:
        """Gives the short names of branches and tags at each commit that has one."""
        branches, tags = self.listing()
        names: dict[CommitId, list[str]] = {}
        refs: list[Branch | Tag] = [*branches, *tags]
        for ref in refs:
            if ref.commit is not None:
                names.setdefault(ref.commit, []).append(ref.name)
        return names

    def boundary(self) -> frozenset[str]:
        """Gives the commits at which a shallow history begins; none where it is whole."""
        try:
            return frozenset(_text(self._common_dir / "shallow").split())
        except OSError:  # there is no such file: nothing is cut
            return frozenset()

    def names(self) -> list[str]:
        """Gives the short names of all branches and tags."""
        pattern = "--format=%(refname:lstrip=2)"
        output = self._git.run("for-each-ref", pattern, _HEADS, _REMOTES, _TAGS).output
        return output.decode("utf-8", "backslashreplace").splitlines()

    def _head_by_git(self) -> Head:
        symbolic = self._git.run("symbolic-ref", "--quiet", "HEAD", accept=(0, 1))
        commit = self._git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", accept=(0, 1))
        return Head(
            branch=symbolic.text.removeprefix(_HEADS) or None,
            commit=CommitId(commit.text) if commit.text else None,
        )

    def _read(self, name: str) -> CommitId | None:
        """Follows a ref through its files; None where it does not exist yet."""
        for _ in range(5):  # git's own bound for symbolic refs
            file = self._common_dir / name
            if not file.is_file():
                return self._packed(name)
            target = _symbolic(file)
            if target is None:
                return CommitId(_text(file))
            name = target
        raise RepositoryError(f"The symbolic ref {name} leads in a circle.")

    def _packed(self, name: str) -> CommitId | None:
        file = self._common_dir / "packed-refs"
        wanted = b" " + os.fsencode(name) + b"\n"
        if not file.is_file():
            return None
        with file.open("rb") as lines:
            for line in lines:
                if line.endswith(wanted):
                    return CommitId(line.split(b" ", 1)[0].decode("ascii"))
        return None

    def _ref_files(self) -> Iterator[str]:
        yield f"{self._git_dir}/HEAD"
        for name in ("packed-refs", "shallow", "reftable/tables.list"):
            yield f"{self._common_dir}/{name}"
        yield from _files_below(f"{self._common_dir}/refs")
        if self._git_dir != self._common_dir:
            yield from _files_below(f"{self._git_dir}/refs")

    def _for_each(self, *prefixes: str) -> Iterator[dict[str, str]]:
        output = self._git.run("for-each-ref", f"--format={_FORMAT}", *prefixes).output
        values = output.decode("utf-8", "replace").split("\0")
        for start in range(0, len(values) - len(_FIELDS), len(_FIELDS)):
            ref = dict(zip(_FIELDS, values[start : start + len(_FIELDS)], strict=True))
            ref["refname"] = ref["refname"].lstrip("\n")
            yield ref

    def _tag(self, ref: dict[str, str]) -> Tag:
        annotated = ref["objecttype"] == "tag"
        kind, target = (
            (ref["*objecttype"], ref["*objectname"])
            if annotated
            else (ref["objecttype"], ref["objectname"])
        )
        if kind == "tag":  # a tag of a tag: git before 2.45 peels once
            peeled = self._git.run(
                "rev-parse", "--verify", "--quiet", f"{target}^{{commit}}", accept=(0, 1, 128)
            ).text
            kind, target = ("commit", peeled) if peeled else ("", "")
        message = ref["contents"].removesuffix(ref["contents:signature"]).rstrip("\n")
        return Tag(
            name=ref["refname"].removeprefix(_TAGS),
            commit=CommitId(target) if kind == "commit" else None,
            kind="annotated" if annotated else "lightweight",
            tagger=_tagger(ref) if annotated else None,
            message=message if annotated else None,
        )


def _branch(ref: dict[str, str]) -> Branch:
    remote = ref["refname"].startswith(_REMOTES)
    return Branch(
        name=ref["refname"].removeprefix(_REMOTES if remote else _HEADS),
        commit=CommitId(ref["objectname"]),
        is_current=ref["HEAD"] == "*",
        is_remote=remote,
        upstream=ref["upstream:short"] or None,
    )


def _tagger(ref: dict[str, str]) -> Signature | None:
    name, email = ref["taggername"], ref["taggeremail:trim"]
    if not name and not email:
        return None
    return Signature(name=name, email=email, at=instant(ref["taggerdate:unix"]))


def _text(file: Path) -> str:
    return os.fsdecode(file.read_bytes()).strip()


def _symbolic(file: Path) -> str | None:
    """Gives the name in a symbolic ref's file; None where it holds an object id."""
    text = _text(file)
    return text.removeprefix("ref:").strip() if text.startswith("ref:") else None


def _files_below(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError:  # none, or git has just removed it
        return
    for name, is_folder in found:
        path = f"{folder}/{name}"
        if is_folder:
            yield from _files_below(path)
        else:
            yield path


def _state(file: str) -> bytes:
    """Gives a small file's contents, a large one's size, times and number."""
    try:
        opened = os.open(file, os.O_RDONLY)
    except OSError:  # it is not there, or git has just packed it
        return b"-"
    try:
        content = os.read(opened, _SMALL)
        if len(content) < _SMALL:
            return content
        stat = os.fstat(opened)
    finally:
        os.close(opened)
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}".encode()
