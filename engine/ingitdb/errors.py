"""Every error a user can meet, with a stable code and a hint; edges translate codes, never classes.

IngitdbError
├── UsageError            IGD-1xxx  the call itself is wrong
│   └── SettingInvalid
├── RepositoryError       IGD-2xxx  the repository cannot be used
│   ├── RepositoryNotFound
│   ├── RepositoryRefused
│   ├── RefNotFound
│   └── NoCommitsYet
├── DataError             IGD-3xxx  a file cannot be read
│   ├── DefinitionInvalid
│   └── DataUnreadable
├── CatalogError          IGD-4xxx  a name does not lead anywhere
│   ├── TableNotFound
│   ├── TableAmbiguous
│   └── ColumnNotFound
├── StatementError        IGD-5xxx  a statement cannot run
│   ├── StatementInvalid
│   ├── StatementRefused
│   ├── ReadOnly
│   ├── LimitExceeded
│   ├── Interrupted
│   ├── AccessDenied
│   └── TransactionInvalid
├── WriteError            IGD-6xxx  a change cannot be made
│   ├── BranchMoved
│   ├── Conflict
│   ├── AuthorUnknown
│   ├── WorkTreeInTheWay
│   ├── SeveralMatches
│   ├── DuplicateKey
│   └── ConstraintViolated      IGD-61xx  what would be there contradicts what is declared
│       ├── ValueMissing
│       ├── ValueRepeated
│       ├── ReferenceBroken
│       ├── ConditionUnmet
│       ├── TypeMismatched
│       └── RuleBroken
├── TargetError           IGD-7xxx  a system that data go to refuses them
├── CacheError            IGD-8xxx  the cache cannot be used
│   └── CacheCorrupt
└── MissingDependency     IGD-9001
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import ClassVar

_NEAR = 0.5
"""From so much likeness on a name may be what was meant."""


def nearest(
    name: str, known: Iterable[str], count: int = 3, *, likeness: float = _NEAR
) -> list[str]:
    """Gives the known names most like `name`, best first."""
    by_fold = {k.casefold(): k for k in known}
    found = difflib.get_close_matches(name.casefold(), by_fold, n=count, cutoff=likeness)
    return [by_fold[f] for f in found]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Words the hint for an unknown name; None when nothing is near."""
    names = nearest(name, known)
    return f"Did you mean {_listed(names, 'or')}?" if names else None


def nearest_names(name: str, known: Iterable[str]) -> str | None:
    """Words the hint with the three nearest names, however near; None when there are none.

    Example:
        >>> nearest_names("hed", ["main", "HEAD"]), nearest_names("abc", ["main", "v1"])
        ('Did you mean HEAD or main?', 'The nearest names are main and v1.')
    """
    known = list(known)
    names = nearest(name, known, likeness=0)
    if not names:
        return None
    if nearest(name, names, 1):
        return f"Did you mean {_listed(names, 'or')}?"
    return f"The nearest names are {_listed(names, 'and')}."


def _listed(names: Sequence[str], joint: str) -> str:
    *first, last = names
    return f"{', '.join(first)} {joint} {last}" if first else last


class IngitdbError(Exception):
    """The root of all our errors.

    Attributes:
        code: Stable, documented in docs/errors.md.
        sqlstate: The five characters that SQL has for it, or None.
        message: One or two sentences for the user.
        hint: The way out, or None.
    """

    code: ClassVar[str] = "IGD-0001"
    sqlstate: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Gives the message, and the hint on a line of its own."""
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(IngitdbError):
    """The call itself is wrong: an option, an argument, a mode that does not exist."""

    code = "IGD-1001"


class SettingInvalid(UsageError):
    """A setting has a value that it cannot have."""

    code = "IGD-1002"

    def __init__(self, name: str, value: object, origin: str, expected: str) -> None:
        super().__init__(
            f"Setting {name} cannot be {value!r} ({origin}).", hint=f"Expected {expected}."
        )


class RepositoryError(IngitdbError):
    """The repository cannot be used as it is."""

    code = "IGD-2001"


class RepositoryNotFound(RepositoryError):
    """There is no Git repository at a path."""

    code = "IGD-2002"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"not a Git repository: {path}",
            hint="Point at one with -C PATH, make one with `git init`, or try `ingitdb demo`.",
        )


class RepositoryRefused(RepositoryError):
    """Git refuses the repository, or it uses a feature that cannot be read."""

    code = "IGD-2003"


class RefNotFound(RepositoryError):
    """A ref leads to no commit."""

    code = "IGD-2004"

    def __init__(
        self,
        ref: str,
        known: Sequence[str] = (),
        *,
        message: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(
            message or f"{ref!r} is no commit, branch, tag or date.",
            hint=hint or nearest_names(ref, known),
        )
        self.ref = ref


class NoCommitsYet(RepositoryError):
    """The branch exists but has no commit."""

    code = "IGD-2005"

    def __init__(self, branch: str) -> None:
        super().__init__(
            f"no commits yet on {branch}",
            hint="Commit something, or read the files as they are with --at WORKING.",
        )


class DataError(IngitdbError):
    """A file of the repository cannot be read as what it claims to be."""

    code = "IGD-3001"


class DefinitionInvalid(DataError):
    """A definition, data package or tables.yaml does not follow its schema."""

    code = "IGD-3002"


class DataUnreadable(DataError):
    """Files could not be read: all of a table, or any for a caller who asked to be strict."""

    code = "IGD-3003"


class CatalogError(IngitdbError):
    """A name does not lead to exactly one thing."""

    code = "IGD-4001"


class TableNotFound(CatalogError):
    """No table of that name exists at a commit."""

    code = "IGD-4101"
    sqlstate = "42P01"

    def __init__(self, table: str, at: str, known: Sequence[str]) -> None:
        near = nearest_names(table, known)
        hint = (
            f"{near} `ingitdb tables` lists what there is."
            if near
            else "No data files found; see `ingitdb tables --explain`."
        )
        super().__init__(f"Table {table!r} does not exist at {at[:12]}.", hint=hint)
        self.table = table


class TableAmbiguous(CatalogError):
    """A name fits several tables."""

    code = "IGD-4102"
    sqlstate = "42702"

    def __init__(self, table: str, candidates: Sequence[str], *, is_whole: bool = True) -> None:
        """Takes spellings that work; `is_whole` says whether each table has one among them."""
        hints = [f"Write one of: {', '.join(candidates)}."] if candidates else []
        if not is_whole:
            hints.append("`ingitdb tables` lists them all; .ingitdb/tables.yaml can name them.")
        super().__init__(f"Table name {table!r} is ambiguous.", hint=" ".join(hints))
        self.candidates = tuple(candidates)


class ColumnNotFound(CatalogError):
    """No column of that name exists."""

    code = "IGD-4103"
    sqlstate = "42703"


class StatementError(IngitdbError):
    """A statement cannot run."""

    code = "IGD-5001"

    def __init__(
        self, message: str, *, hint: str | None = None, sqlstate: str | None = None
    ) -> None:
        """Takes what is wrong, and what SQL has for it where that is more than for the class."""
        super().__init__(message, hint=hint)
        self.sqlstate = sqlstate or self.sqlstate


class StatementInvalid(StatementError):
    """A statement is not SQL as DuckDB and we understand it."""

    code = "IGD-5002"
    sqlstate = "42601"


class StatementRefused(StatementError):
    """A statement asks for something that queries may not do."""

    code = "IGD-5003"
    sqlstate = "0A000"


class ReadOnly(StatementRefused):
    """A statement would write where only reading is possible."""

    code = "IGD-5004"
    sqlstate = "25006"


class LimitExceeded(StatementError):
    """A statement met a limit on rows, time or memory."""

    code = "IGD-5005"
    sqlstate = "54000"


class Interrupted(StatementError):
    """The user or a time limit stopped a statement."""

    code = "IGD-5006"
    sqlstate = "57014"


class AccessDenied(StatementError):
    """The policy does not allow the action."""

    code = "IGD-5007"
    sqlstate = "42501"


class TransactionInvalid(StatementError):
    """A statement of transactions does not fit where the session stands."""

    code = "IGD-5008"
    sqlstate = "25000"


class WriteError(IngitdbError):
    """A change cannot be made; nothing was written."""

    code = "IGD-6001"


class BranchMoved(WriteError):
    """Someone else has moved the branch meanwhile; the change can be tried again on what is new."""

    code = "IGD-6002"
    sqlstate = "40001"

    def __init__(self, branch: str) -> None:
        super().__init__(
            f"The branch {branch} has moved meanwhile.", hint="Try again on what it holds now."
        )


class Conflict(WriteError):
    """Someone else has changed the same records meanwhile; the transaction can be tried again."""

    code = "IGD-6007"
    sqlstate = "40001"

    def __init__(self, what: str, *, offence: str | None = None) -> None:
        """Takes what has changed; or, if that is all that is wrong, the offence that it brings."""
        message = f"{what} has changed meanwhile; nothing was written."
        if offence is not None:
            message = f"After what {what} has become this may not stand: {offence}"
        super().__init__(message, hint="Try the transaction again from its BEGIN.")


class AuthorUnknown(WriteError):
    """Nothing says who makes a commit."""

    code = "IGD-6003"

    def __init__(self) -> None:
        super().__init__(
            "Nothing says who makes the commit.",
            hint='git config --global user.name "Your Name"\n'
            "git config --global user.email you@example.org",
        )


class WorkTreeInTheWay(WriteError):
    """A work tree has the branch checked out and cannot follow."""

    code = "IGD-6004"

    def __init__(self, path: str, why: str, hint: str) -> None:
        super().__init__(f"The work tree {path} {why}.", hint=hint)


class SeveralMatches(WriteError):
    """A statement meets one record several times, so that it is open what it becomes."""

    code = "IGD-6005"
    sqlstate = "21000"

    def __init__(self, where: str, verb: str = "UPDATE", clause: str = "FROM") -> None:
        """Takes where the record lies, and which clause of which statement meets it."""
        super().__init__(
            f"{verb} … {clause} meets a record of {where} more than once.",
            hint=f"Let {clause} give one row for each record, as with GROUP BY.",
        )


class DuplicateKey(WriteError):
    """There is a record of that key already."""

    code = "IGD-6006"
    sqlstate = "23505"

    def __init__(self, table: str, key: str) -> None:
        super().__init__(
            f"{table} has a record {key!r} already.", hint="UPDATE it, or choose another key."
        )


class ConstraintViolated(WriteError):
    """What would be there contradicts what is declared; nothing was written."""

    code = "IGD-6101"
    sqlstate = "23000"

    def __init__(
        self, message: str, *, place: str = "", more: int = 0, hint: str | None = None
    ) -> None:
        """Takes what is said of the first offence, where it stands, and how many more there are."""
        where = f"{place}: " if place else ""
        rest = f" ({more:,} more)" if more else ""
        super().__init__(f"{where}{message}{rest}", hint=hint)
        self.place = place
        self.more = more


class ValueMissing(ConstraintViolated):
    """A column that needs a value would have none."""

    code = "IGD-6102"
    sqlstate = "23502"


class ValueRepeated(ConstraintViolated):
    """Two records would have the same value where each needs its own."""

    code = "IGD-6103"
    sqlstate = "23505"


class ReferenceBroken(ConstraintViolated):
    """A record would refer to one that is not there."""

    code = "IGD-6104"
    sqlstate = "23503"


class ConditionUnmet(ConstraintViolated):
    """A value would be outside of what is declared: a list, a range, a length, a check."""

    code = "IGD-6105"
    sqlstate = "23514"


class TypeMismatched(ConstraintViolated):
    """A value would not have its column's type."""

    code = "IGD-6106"
    sqlstate = "22005"


class RuleBroken(ConstraintViolated):
    """A custom rule, a naming convention or a count of records would not hold."""

    code = "IGD-6107"
    sqlstate = "23514"


class TargetError(IngitdbError):
    """A system that data go to cannot be reached, or refuses a statement."""

    code = "IGD-7001"


class CacheError(IngitdbError):
    """The cache cannot be used."""

    code = "IGD-8001"


class CacheCorrupt(CacheError):
    """A cache file is not what the manifest says; it is rebuilt."""

    code = "IGD-8002"


class MissingDependency(IngitdbError):
    """A part of the product needs a package that is not installed."""

    code = "IGD-9001"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed.", hint=f"pip install 'ingitdb[{extra}]'")
