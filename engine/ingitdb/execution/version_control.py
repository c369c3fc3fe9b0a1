"""Branches and tags by statements and procedures; the other procedures are their owners' affair."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ingitdb.errors import AccessDenied, IngitdbError, RefNotFound, StatementInvalid, WriteError
from ingitdb.execution.points import Points
from ingitdb.execution.procedure_arguments import (
    Arguments,
    Flag,
    Flags,
    Passed,
    passed,
    read_arguments,
)
from ingitdb.execution.results import Result, table_result
from ingitdb.git.branch_names import unknown_branch
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.model.types import BIGINT, VARCHAR, ColumnType
from ingitdb.sql.statements import Statement
from ingitdb.sql.version_control import Call, CreateRef, DropRef, Kind
from ingitdb.sql.versions import Parameter

Procedure: TypeAlias = Callable[[Arguments], Result]

_NOT_YET: Mapping[str, str] = {
    "merge": "git switch TARGET, git merge BRANCH",
    "revert": "git revert COMMIT",
    "cherry_pick": "git cherry-pick COMMIT",
    "reset": "git reset COMMIT",
    "conflicts_resolve": "git mergetool",
    "pull": "git pull",
    "push": "git push",
    "remote_fetch": "git fetch",
}
"""The procedures that are not there yet, and how git does it."""

_COMMIT_FLAGS: Flags = {
    **dict.fromkeys(["-m", "--message"], Flag("message", takes_value=True)),
    "--author": Flag("author", takes_value=True),
    **dict.fromkeys(["-a", "-A", "--all", "--ALL"], Flag("all")),
    "--allow-empty": Flag("allow_empty"),
}
_BRANCH_FLAGS: Flags = {
    **dict.fromkeys(["-d", "--delete"], Flag("delete")),
    "-D": Flag("delete_force"),
    **dict.fromkeys(["-m", "--move"], Flag("move")),
    **dict.fromkeys(["-c", "--copy"], Flag("copy")),
    **dict.fromkeys(["-f", "--force"], Flag("force")),
}
_CHECKOUT_FLAGS: Flags = {"-b": Flag("create")}
_TAG_FLAGS: Flags = {
    **dict.fromkeys(["-d", "--delete"], Flag("delete")),
    **dict.fromkeys(["-m", "--message"], Flag("message", takes_value=True)),
    "--author": Flag("author", takes_value=True),
}
_FLAGS: Mapping[str, Flags] = {
    "branch": _BRANCH_FLAGS,
    "checkout": _CHECKOUT_FLAGS,
    "tag": _TAG_FLAGS,
    "commit": _COMMIT_FLAGS,
    "set_commit_message": {
        option: flag for option, flag in _COMMIT_FLAGS.items() if flag.takes_value
    },
    "verify_constraints": {},
}
_STATUS = [("status", BIGINT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitCall:
    """What `commit` and `set_commit_message` are told.

    Attributes:
        message: What the commit is to say; None if nothing is said.
        author: Who made the change, as `Name <address>`; None for whoever it is anyway.
        allow_empty: Whether there is a commit without a change.
    """

    message: str | None
    author: str | None
    allow_empty: bool


def commit_call(arguments: Arguments) -> CommitCall:
    """Reads the arguments of `commit` and `set_commit_message`.

    Raises:
        StatementInvalid: The message is given twice, or is no text.
    """
    message = arguments.option("message")
    arguments.expect(0 if message is not None else 1)
    if message is None and arguments.texts:
        message = arguments.text(0, "The message")
    return CommitCall(
        message=message,
        author=arguments.option("author"),
        allow_empty=arguments.has("allow_empty"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionControl:
    """What a session lends to its statements of version control.

    Attributes:
        repository: The repository.
        ref: What the session reads, as it was written; None for the branch that HEAD names.
        tip: Gives the commit in the repository that is read, whatever is not committed yet.
        use: Lets the session read another branch; refuses where changes would be lost.
        allow: Is asked before something is written.
        points: Finds the commits of refs.
        procedures: The procedures that others bring, by our own names.
        names_others: Whether statements may name another author.
    """

    repository: Repository
    ref: str | None
    tip: Callable[[], CommitId]
    use: Callable[[str], None]
    allow: Callable[[str], None]
    points: Points
    procedures: Mapping[str, Procedure]
    names_others: bool = True

    def run(self, statement: Statement) -> Result:
        """Runs a statement.

        Raises:
            StatementInvalid: An argument is not understood.
            StatementRefused: The procedure is not there yet.
            RefNotFound: A branch, tag or ref is not there.
            WriteError: It cannot be done; the message says why.
        """
        detail = statement.detail
        if isinstance(detail, CreateRef):
            return self._create(statement, detail)
        if isinstance(detail, DropRef):
            return self._drop(statement, detail)
        assert isinstance(detail, Call)
        return self._call(statement, detail)

    def _create(self, statement: Statement, detail: CreateRef) -> Result:
        name = self._text(statement, passed(detail.name, self.points.parameters))
        if detail.if_not_exists and name in self._known(detail.kind):
            return self._done()
        commit, start = self._start(statement, detail)
        with _placed(statement, detail.name.start, detail.name.end):
            self._make(detail.kind, name, commit, start)
        return self._done()

    def _drop(self, statement: Statement, detail: DropRef) -> Result:
        name = self._text(statement, passed(detail.name, self.points.parameters))
        if detail.if_exists and name not in self._known(detail.kind):
            return self._done()
        with _placed(statement, detail.name.start, detail.name.end):
            self._take(detail.kind, name, force=detail.force)
        return self._done()

    def _call(self, statement: Statement, call: Call) -> Result:
        own: Mapping[str, Procedure] = {
            "branch": self._branch,
            "checkout": self._checkout,
            "tag": self._tag,
        }
        procedure = own.get(call.procedure) or self.procedures.get(call.procedure)
        if procedure is None:
            way_out = _NOT_YET.get(call.procedure)
            raise statement.source.refused(
                f"The procedure {call.spelled} is not there yet.",
                *call.place,
                f"With git: {way_out}." if way_out else None,
            )
        flags = _FLAGS[call.procedure]
        return procedure(read_arguments(call, statement.source, self.points.parameters, flags))

    def _branch(self, arguments: Arguments) -> Result:
        """Makes, drops, renames or copies a branch."""
        name = arguments.text(0, "The name of a branch")
        if arguments.has("delete") or arguments.has("delete_force"):
            arguments.expect_options("delete", "delete_force", "force")
            arguments.expect(1)
            force = arguments.has("force") or arguments.has("delete_force")
            with _argument(arguments, 0):
                self._take("branch", name, force=force)
        elif arguments.has("move"):
            arguments.expect_options("move")
            arguments.expect(2)
            self._rename(arguments, name, arguments.text(1, "The new name"))
        elif arguments.has("copy"):
            arguments.expect_options("copy")
            arguments.expect(2)
            self._copy(arguments, name, arguments.text(1, "The new name"))
        else:
            arguments.expect_options()
            self._make_called("branch", arguments)
        return self._status()

    def _checkout(self, arguments: Arguments) -> Result:
        """Reads another branch from now on, perhaps a new one."""
        name = arguments.text(0, "The name of a branch")
        if arguments.has("create"):
            self._make_called("branch", arguments)
        else:
            arguments.expect(1)
            with _argument(arguments, 0):
                self._branch_commit(name)
        self.use(name)
        columns: list[tuple[str, ColumnType]] = [*_STATUS, ("message", VARCHAR)]
        return table_result(columns, [(0, f"Switched to branch '{name}'")], self.tip())

    def _tag(self, arguments: Arguments) -> Result:
        """Makes or drops a tag."""
        name = arguments.text(0, "The name of a tag")
        if arguments.has("delete"):
            arguments.expect_options("delete")
            arguments.expect(1)
            with _argument(arguments, 0):
                self._take("tag", name)
            return self._status()
        message = arguments.option("message")
        if message is None:
            arguments.expect_options("delete")
            self._make_called("tag", arguments)
            return self._status()
        arguments.expect(2)
        commit, _ = self._start_called(arguments)
        author = arguments.option("author")
        if author and not self.names_others:
            raise AccessDenied("Only an admin tags for others.", hint="Leave --author out.")
        tagger = self.repository.author_named(author) if author else self.repository.committer()
        with _argument(arguments, 0):
            self.allow(f"refs/tags/{name}")
            self.repository.tag_names().annotate(name, commit, message, tagger)
        return self._status()

    def _make_called(self, kind: Kind, arguments: Arguments) -> None:
        arguments.expect(2)
        commit, start = self._start_called(arguments)
        with _argument(arguments, 0):
            self._make(kind, arguments.text(0, "The name"), commit, start)

    def _make(self, kind: Kind, name: str, commit: CommitId, start: str) -> None:
        if kind == "branch":
            self.allow(name)
            self.repository.branch_names().create(name, commit, start=start)
        else:
            self.allow(f"refs/tags/{name}")
            self.repository.tag_names().create(name, commit)

    def _take(self, kind: Kind, name: str, *, force: bool = False) -> None:
        if kind == "tag":
            self.allow(f"refs/tags/{name}")
            self.repository.tag_names().drop(name)
            return
        if self._reads(name):
            raise WriteError(
                f"The branch {name!r} is the one that is read here.",
                hint="USE BRANCH another one first.",
            )
        self.allow(name)
        self.repository.branch_names().drop(name, force=force)

    def _copy(self, arguments: Arguments, name: str, new: str) -> None:
        with _argument(arguments, 0):
            commit = self._branch_commit(name)
        with _argument(arguments, 1):
            self._make("branch", new, commit, name)

    def _rename(self, arguments: Arguments, name: str, new: str) -> None:
        with _argument(arguments, 0):
            self._branch_commit(name)
        is_read = self._reads(name)
        if is_read:
            self.use(name)  # refuses where changes would be lost
        with _argument(arguments, 1):
            self.allow(name)
            self.allow(new)
            self.repository.branch_names().rename(name, new)
        if is_read:
            self.use(new)

    def _reads(self, name: str) -> bool:
        return self.ref in (name, f"heads/{name}", f"refs/heads/{name}")

    def _branch_commit(self, name: str) -> CommitId:
        known = self._known("branch")
        if name in known:
            return CommitId(known[name])
        if self.repository.named(name) is None:
            raise unknown_branch(name, {known_name: CommitId("") for known_name in known})
        raise RefNotFound(
            name,
            message=f"{name!r} is no branch.",
            hint=f"CREATE BRANCH name FROM '{name}', or read from it: "
            f'USE "{self.repository.name}/{name}"',
        )

    def _start(self, statement: Statement, detail: CreateRef) -> tuple[CommitId, str]:
        """Gives the commit that a new ref names, and what the user calls it."""
        if detail.at is None:
            return self._here(statement.source.invalid, detail.name.start, detail.name.end)
        found = passed(detail.at, self.points.parameters)
        with _placed(statement, detail.at.start, detail.at.end):
            return self._commit(found.value), str(found.value)

    def _start_called(self, arguments: Arguments) -> tuple[CommitId, str]:
        if len(arguments.texts) < 2:
            first = arguments.texts[0]
            return self._here(arguments.source.invalid, first.start, first.end)
        start = arguments.texts[1]
        with _argument(arguments, 1):
            return self._commit(start.value), str(start.value)

    def _here(
        self, invalid: Callable[..., IngitdbError], start: int, end: int
    ) -> tuple[CommitId, str]:
        commit = self.tip()
        if commit in PSEUDO_COMMITS:
            raise invalid(f"{commit} is no commit that it could name.", start, end, "Say FROM ref.")
        return commit, self.ref or self.repository.head().branch or commit

    def _commit(self, value: Any) -> CommitId:
        points = replace(self.points, parameters={"ref": value})
        commit = points.commit(Parameter("ref"), self.repository, self.tip())
        if commit in PSEUDO_COMMITS:
            raise StatementInvalid(f"{commit} is no commit that it could name.")
        return commit

    def _known(self, kind: Kind) -> Mapping[str, str]:
        if kind == "branch":
            return self.repository.branch_names().all()
        return self.repository.tag_names().all()

    def _text(self, statement: Statement, name: Passed) -> str:
        if not isinstance(name.value, str):
            raise statement.source.invalid("A name is a text.", name.start, name.end)
        return name.value

    def _status(self) -> Result:
        return table_result(list(_STATUS), [(0,)], self.tip())

    def _done(self) -> Result:
        return table_result([], [], self.tip())


@contextmanager
def _placed(statement: Statement, start: int, end: int) -> Iterator[None]:
    """Lets errors point at a place of the statement."""
    try:
        yield
    except (WriteError, RefNotFound, StatementInvalid) as error:
        error.message = statement.source.describe(error.message, start, end)
        raise


@contextmanager
def _argument(arguments: Arguments, at: int) -> Iterator[None]:
    """Lets errors point at an argument."""
    try:
        yield
    except (WriteError, RefNotFound, StatementInvalid) as error:
        raise arguments.placed(error, at) from None
