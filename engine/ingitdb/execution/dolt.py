"""Dolt's names for our relations, with its arguments, its flags and its columns."""

import argparse
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

from ingitdb.errors import StatementInvalid
from ingitdb.execution.comparisons import split_range
from ingitdb.execution.relations import Rows
from ingitdb.git.repository import Repository
from ingitdb.model.history import Commit
from ingitdb.model.types import BIGINT, BOOLEAN, TIMESTAMPTZ, VARCHAR

COMPARING = {
    "dolt_diff": "diff",
    "dolt_diff_stat": "diff_stat",
    "dolt_diff_summary": "diff_summary",
    "dolt_schema_diff": "schema_diff",
    "dolt_patch": "patch",
}
"""Dolt's names for functions that compare two commits."""
SCALARS = {"dolt_hashof": "hash_of", "dolt_merge_base": "merge_base"}
"""Dolt's names for scalar functions."""
FUNCTIONS = frozenset([*COMPARING, *SCALARS, "dolt_log", "dolt_query_diff"])
OF_TABLE = {"dolt_diff_": "diff", "dolt_history_": "history", "dolt_blame_": "blame"}
"""How the names of Dolt's tables about a table begin, and what answers for them."""
SYSTEM_TABLES = ("dolt_log", "dolt_branches", "dolt_remote_branches", "dolt_tags", "dolt_diff")
_COMMIT = (("committer", VARCHAR), ("email", VARCHAR), ("date", TIMESTAMPTZ), ("message", VARCHAR))
_LATEST = (
    ("latest_committer", VARCHAR),
    ("latest_committer_email", VARCHAR),
    ("latest_commit_date", TIMESTAMPTZ),
    ("latest_commit_message", VARCHAR),
)
_DECORATIONS = ("short", "full", "auto", "no")
Changed: TypeAlias = tuple[Commit, str, bool, bool]
"""A commit, a table that it changed, and whether it changed records and columns of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a call of `dolt_diff` and its like asks for.

    Attributes:
        given: The arguments of our function, by its parameters' names.
        is_skinny: Whether only columns of the key and those that differ are wanted.
        columns: Further columns that are.
    """

    given: dict[str, str]
    is_skinny: bool = False
    columns: frozenset[str] = field(default_factory=frozenset)


class _Arguments(argparse.ArgumentParser):
    """Reads what Dolt's functions are given: texts, some of them flags."""

    def __init__(self, name: str) -> None:
        super().__init__(prog=name, add_help=False, allow_abbrev=False, exit_on_error=False)

    def read(self, texts: Sequence[str]) -> argparse.Namespace:
        try:
            return self.parse_intermixed_args(texts)
        except argparse.ArgumentError as error:
            self.error(str(error))

    def error(self, message: str) -> NoReturn:
        raise StatementInvalid(f"{self.prog}: {message}.", hint="Its flags are those of Dolt.")


def compared(name: str, texts: Sequence[str]) -> Compared:
    """Reads the arguments of a function that compares two commits.

    Raises:
        StatementInvalid: They are not those of Dolt's function.
    """
    arguments = _Arguments(name)
    arguments.add_argument("places", nargs="*")
    if name == "dolt_diff":
        arguments.add_argument("--skinny", action="store_true")
        arguments.add_argument("--include-cols", default="")
    read = arguments.read(texts)
    places = list(read.places)
    names = ["from_ref", "to_ref", "table_name"]
    if places and split_range(places[0]) is not None:
        names.remove("to_ref")
    if len(places) > len(names) or (name == "dolt_diff" and len(places) < len(names)):
        raise StatementInvalid(
            f"{name} takes two commits or a range, and a table, not {len(places)} texts."
        )
    columns = getattr(read, "include_cols", "").split(",")
    return Compared(
        given=dict(zip(names, places, strict=False)),
        is_skinny=getattr(read, "skinny", False),
        columns=frozenset(column.strip().casefold() for column in columns if column.strip()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """What a call of `dolt_log` asks for.

    Attributes:
        revisions: Refs and ranges whose commits are wanted; none are HEAD's.
        without: Refs whose commits are not.
        least_parents: How many parents a commit must have.
        has_parents: Whether a column names the parents.
        decoration: How a column names the refs; `no` leaves it out.
        tables: Only commits that touched a file of these tables are wanted.
    """

    revisions: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    least_parents: int = 0
    has_parents: bool = False
    decoration: str = "no"
    tables: tuple[str, ...] = ()


def logged(texts: Sequence[str]) -> Logged:
    """Reads the arguments of `dolt_log`.

    Raises:
        StatementInvalid: They are not those of Dolt's function.
    """
    arguments = _Arguments("dolt_log")
    arguments.add_argument("revisions", nargs="*")
    arguments.add_argument("--not", nargs="+", default=[], dest="without")
    arguments.add_argument("--min-parents", type=int, default=0)
    arguments.add_argument("--merges", action="store_true")
    arguments.add_argument("--parents", action="store_true")
    arguments.add_argument("--decorate", choices=_DECORATIONS, default="no")
    arguments.add_argument("--tables", default="")
    read = arguments.read(texts)
    return Logged(
        revisions=tuple(read.revisions),
        without=tuple(read.without),
        least_parents=max(read.min_parents, 2 * read.merges),
        has_parents=read.parents,
        decoration=read.decorate,
        tables=tuple(name.strip() for name in read.tables.split(",") if name.strip()),
    )


def log_rows(repository: Repository, asked: Logged, paths: Collection[str] = ()) -> Rows:
    """Gives the rows of `dolt_log`, the newest commit first.

    Args:
        repository: The repository.
        asked: What is asked for.
        paths: Only commits that touched something there are wanted; none are all.
    """
    commits = list(repository.reached(asked.revisions, asked.without, paths))
    columns = [("commit_hash", VARCHAR), *_COMMIT, ("commit_order", BIGINT)]
    refs = repository.refs_by_commit() if asked.decoration in ("short", "full") else None
    if asked.has_parents:
        columns.append(("parents", VARCHAR))
    if refs is not None:
        columns.append(("refs", VARCHAR))
    rows: list[tuple[Any, ...]] = []
    for order, commit in zip(range(len(commits), 0, -1), commits, strict=True):
        if len(commit.parents) < asked.least_parents:
            continue
        row: list[Any] = [commit.identifier, *commit.shown, order]
        if asked.has_parents:
            row.append(", ".join(commit.parents))
        if refs is not None:
            row.append(", ".join(refs.get(commit.identifier, [])))
        rows.append(tuple(row))
    return columns, rows


def branch_rows(repository: Repository, *, remote: bool) -> Rows:
    """Gives the rows of `dolt_branches`, or of `dolt_remote_branches`."""
    columns = [("name", VARCHAR), ("hash", VARCHAR), *_LATEST]
    if not remote:
        columns += [("remote", VARCHAR), ("branch", VARCHAR), ("dirty", BOOLEAN)]
    rows: list[tuple[Any, ...]] = []
    for branch in repository.branches():
        if branch.is_remote != remote:
            continue
        latest = repository.commit(branch.commit).shown
        name = f"remotes/{branch.name}" if remote else branch.name
        row = (name, branch.commit, *latest)
        upstream, _, followed = (branch.upstream or "").partition("/")
        is_dirty = branch.is_current and repository.modified_count() > 0
        rows.append(row if remote else (*row, upstream, followed, is_dirty))
    return columns, rows


def tag_rows(repository: Repository) -> Rows:
    """Gives the rows of `dolt_tags`."""
    columns = [
        ("tag_name", VARCHAR),
        ("tag_hash", VARCHAR),
        ("tagger", VARCHAR),
        ("email", VARCHAR),
        ("date", TIMESTAMPTZ),
        ("message", VARCHAR),
    ]
    rows: list[tuple[Any, ...]] = []
    for tag in repository.tags():
        by = tag.tagger
        who = (by.name, by.email, by.at) if by is not None else (None, None, None)
        rows.append((tag.name, tag.commit, *who, tag.message))
    return columns, rows


def diff_rows(changes: Iterator[Changed]) -> Rows:
    """Gives the rows of `dolt_diff` without arguments: what each commit changed."""
    columns = [
        ("commit_hash", VARCHAR),
        ("table_name", VARCHAR),
        *_COMMIT,
        ("data_change", BOOLEAN),
        ("schema_change", BOOLEAN),
    ]
    rows: list[tuple[Any, ...]] = []
    for commit, table, is_data, is_schema in changes:
        rows.append((commit.identifier, table, *commit.shown, is_data, is_schema))
    return columns, rows
