"""Statements that make and drop branches and tags, and CALL of our procedures: what they ask for.

Names and refs are words, texts in quotes or parameters; arguments of procedures are literals and
parameters. Anything else is refused at its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from ingitdb.errors import IngitdbError, nearest_names
from ingitdb.sql.texts import Text
from ingitdb.sql.tokens import NUMBER, STRING, Tokens
from ingitdb.sql.versions import Parameter, parameters

Kind: TypeAlias = Literal["branch", "tag"]
Literally: TypeAlias = str | int | Decimal | bool | Parameter | None
"""A value as it stands in a statement."""

PROCEDURES = frozenset(
    [
        "branch",
        "checkout",
        "merge",
        "tag",
        "commit",
        "set_commit_message",
        "revert",
        "cherry_pick",
        "reset",
        "conflicts_resolve",
        "verify_constraints",
        "pull",
        "push",
        "remote_fetch",
    ]
)
"""The procedures of CALL that are ours."""

_DOLT: Mapping[str, str] = {
    "dolt_fetch": "remote_fetch",
    **{f"dolt_{name}": name for name in PROCEDURES - {"set_commit_message", "remote_fetch"}},
}
"""The names that Dolt has for them."""

_WORDS: Mapping[str, bool | None] = {"TRUE": True, "FALSE": False, "NULL": None}
_CREATE_HINT = {
    "branch": "CREATE BRANCH name FROM 'ref'",
    "tag": "CREATE TAG name AT 'ref'",
}
_QUOTE_HINT = "A name with other signs than letters, digits and _ stands in double quotes."


@dataclass(frozen=True, slots=True)
class Given:
    """A name, ref or argument, with its place in the statement."""

    value: Literally
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRef:
    """CREATE BRANCH or CREATE TAG; without `at` it names the commit that is read."""

    kind: Kind
    name: Given
    at: Given | None
    if_not_exists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRef:
    """DROP BRANCH or DROP TAG.

    Attributes:
        force: Whether commits may be lost with a branch.
    """

    kind: Kind
    name: Given
    if_exists: bool
    force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """CALL of a procedure.

    Attributes:
        procedure: The procedure under our own name.
        spelled: Its name as it was written.
        place: Where that stands.
        positional: The arguments without a name.
        named: Those with one, by the folded name.
    """

    procedure: str
    spelled: str
    place: tuple[int, int]
    positional: tuple[Given, ...]
    named: Mapping[str, Given]


VersionControl: TypeAlias = CreateRef | DropRef | Call


def create_ref(tokens: Tokens, source: Text, first: int) -> CreateRef:
    """Reads `CREATE BRANCH [IF NOT EXISTS] b [FROM ref]` and `CREATE TAG … [AT ref]`.

    Raises:
        StatementInvalid: It has another form.
    """
    reader = _Reader(tokens, source)
    kind, at = reader.kind(first + 1)
    if_not_exists = tokens.words(at, "IF", "NOT", "EXISTS")
    name, at = reader.name(at + 3 if if_not_exists else at)
    start = None
    if tokens[at].word in ("FROM", "AT"):
        start, at = reader.name(at + 1, what="A ref")
    reader.expect_end(at, _CREATE_HINT[kind])
    return CreateRef(kind=kind, name=name, at=start, if_not_exists=if_not_exists)


def drop_ref(tokens: Tokens, source: Text, first: int) -> DropRef:
    """Reads `DROP BRANCH [IF EXISTS] b [FORCE]` and `DROP TAG [IF EXISTS] v`.

    Raises:
        StatementInvalid: It has another form.
    """
    reader = _Reader(tokens, source)
    kind, at = reader.kind(first + 1)
    if_exists = tokens.words(at, "IF", "EXISTS")
    name, at = reader.name(at + 2 if if_exists else at)
    force = kind == "branch" and tokens[at].word == "FORCE"
    reader.expect_end(at + 1 if force else at, f"DROP {kind.upper()} name")
    return DropRef(kind=kind, name=name, if_exists=if_exists, force=force)


def use_branch(tokens: Tokens, source: Text, first: int) -> str:
    """Reads `USE BRANCH b`; the name may stand in quotes of either kind.

    Raises:
        StatementInvalid: It has another form.
    """
    reader = _Reader(tokens, source)
    name, at = reader.name(first + 2)
    reader.expect_end(at, "USE BRANCH name")
    if not isinstance(name.value, str):
        raise source.invalid("A name is expected here.", name.start, name.end, _QUOTE_HINT)
    return name.value


def call(tokens: Tokens, source: Text, first: int) -> Call:
    """Reads `CALL name('literal', name => 'literal', …)`.

    Raises:
        StatementInvalid: It has another form.
        StatementRefused: There is no procedure of that name.
    """
    reader = _Reader(tokens, source)
    token = tokens[first + 1]
    spelled = token.name.casefold()
    place = (token.start, max(token.end, token.start + 1))
    procedure = _DOLT.get(spelled, spelled)
    if procedure not in PROCEDURES:
        if spelled == "dolt_add":
            message = "There is nothing to add: a commit takes all that was written."
            raise source.refused(message, *place, "CALL dolt_commit('-m', 'message')")
        near = nearest_names(spelled, [*PROCEDURES, *_DOLT])
        hint = f"{near} A function of tables is queried: FROM name(…)."
        raise source.refused(f"There is no procedure {token.name!r}.", *place, hint)
    if tokens[first + 2].text != "(":
        raise reader.fault(first + 2, "Arguments in brackets are expected here.")
    close = tokens.closing(first + 2)
    if close is None:
        raise reader.fault(len(tokens), "The bracket is not closed.")
    positional, named = reader.arguments(first + 3, close)
    reader.expect_end(close + 1, f"CALL {spelled}(…)")
    return Call(
        procedure=procedure, spelled=spelled, place=place, positional=positional, named=named
    )


class _Reader:
    """Reads the parts of one statement."""

    def __init__(self, tokens: Tokens, source: Text) -> None:
        self._tokens = tokens
        self._source = source
        self._parameters = parameters(tokens)

    def kind(self, at: int) -> tuple[Kind, int]:
        """Reads BRANCH or TAG."""
        word = self._tokens[at].word
        if word == "BRANCH":
            return "branch", at + 1
        if word == "TAG":
            return "tag", at + 1
        hint = "DROP it first." if word == "OR" else None
        raise self.fault(at, f"{self._tokens[at].text} is not understood here.", hint)

    def name(self, at: int, *, what: str = "A name") -> tuple[Given, int]:
        """Reads a name or ref."""
        token = self._tokens[at]
        if token.is_word and not token.is_quoted:
            self._whole(at)
        if token.is_word:
            return Given(token.name, token.start, token.end), at + 1
        if token.kind == STRING:
            return self._value(at)
        if token.start in self._parameters:
            return self._value(at)
        raise self.fault(at, f"{what} is expected here.", _QUOTE_HINT)

    def arguments(self, at: int, close: int) -> tuple[tuple[Given, ...], dict[str, Given]]:
        """Reads what stands between brackets."""
        positional: list[Given] = []
        named: dict[str, Given] = {}
        while at < close:
            name = None
            if self._tokens[at + 1].text in ("=>", ":="):
                name = self._tokens[at].name.casefold()
                if name in named:
                    raise self.fault(at, f"{name} is given twice.")
                at += 2
            elif named:
                raise self.fault(at, "Arguments without a name come first.")
            found, at = self._value(at)
            if name is None:
                positional.append(found)
            else:
                named[name] = found
            if at < close and self._tokens[at].text != ",":
                raise self.fault(at, "An argument is one literal or parameter.")
            at += 1
            if at == close and self._tokens[at - 1].text == ",":
                raise self.fault(at, "An argument is expected here.")
        return tuple(positional), named

    def expect_end(self, at: int, hint: str) -> None:
        """Returns if the statement ends."""
        if at < len(self._tokens):
            raise self.fault(at, f"{self._tokens[at].text} is not understood here.", hint)

    def fault(self, at: int, message: str, hint: str | None = None) -> IngitdbError:
        """Makes the error for a token."""
        token = self._tokens[at]
        return self._source.invalid(message, token.start, max(token.end, token.start + 1), hint)

    def _whole(self, at: int) -> None:
        """Returns if a name without quotes ends where its token does."""
        token, after = self._tokens[at], self._tokens[at + 1]
        if after.text not in ("", ",", ")") and after.start == token.end:
            end = after.end
            while (following := self._tokens.starting_at(end)) is not None:
                end = self._tokens[following].end
            written = self._source.text[token.start : end]
            hint = f"Write it in quotes: '{written}'"
            raise self._source.invalid("This is no plain name.", token.start, end, hint)

    def _value(self, at: int) -> tuple[Given, int]:
        """Reads a literal or parameter."""
        token = self._tokens[at]
        if token.start in self._parameters:
            name = self._parameters[token.start]
            following = self._tokens[at + 1]
            is_long = following.start == token.end and following.text == name
            end = following.end if is_long else token.end
            return Given(Parameter(name), token.start, end), at + 1 + is_long
        if token.kind == STRING and token.value is not None:
            return Given(token.value, token.start, token.end), at + 1
        if token.word in _WORDS:
            return Given(_WORDS[token.word], token.start, token.end), at + 1
        sign = token.text in ("-", "+")
        number = self._tokens[at + sign]
        if number.kind == NUMBER:
            return Given(self._number(at, at + sign), token.start, number.end), at + 1 + sign
        raise self.fault(
            at, "A literal or parameter is expected here.", "Write text in single quotes."
        )

    def _number(self, first: int, last: int) -> int | Decimal:
        tokens = self._tokens
        text = f"{tokens[first].text if first < last else ''}{tokens[last].text}".replace("_", "")
        try:
            return int(text) if text.lstrip("+-").isdecimal() else Decimal(text)
        except ArithmeticError:
            raise self.fault(last, "This is no number.") from None
