"""The ways to say at which version a table is read, found in the token stream.

Known are `AS OF`, `AT (VERSION | TIMESTAMP => …)`, `FOR SYSTEM_TIME …` and `t@ref`. Whether such
words really follow a table is for DuckDB's parser to say, once they are blanked out: see
`references`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ingitdb.sql.texts import Text
from ingitdb.sql.tokens import NUMBER, STRING, Token, Tokens


@dataclass(frozen=True, slots=True)
class Ref:
    """What `git rev-parse` takes, or a pseudo-ref, or an ISO date where no ref has that name."""

    text: str


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An instant: the text of a literal, or of an SQL expression that is still to be computed."""

    text: str
    is_expression: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the statement that holds a ref, or an instant if `is_timestamp`.

    Attributes:
        name: `1`, `2` … for `?` and `$1`, else the name of `$name`.
    """

    name: str
    is_timestamp: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every state of every record."""


Point: TypeAlias = Ref | Timestamp | Parameter


@dataclass(frozen=True, slots=True)
class Between:
    """The states that stood at some instant of a range.

    Attributes:
        inclusive: Whether `until` belongs to the range (BETWEEN) or not (FROM … TO).
    """

    since: Point
    until: Point
    inclusive: bool


Version: TypeAlias = Ref | Timestamp | Parameter | All | Between


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that look like a version.

    Attributes:
        first: Index of the first token.
        stop: Index after the last token.
        is_at_sign: Whether it is `@ref`, which may turn out to be an operator.
    """

    first: int
    stop: int
    version: Version
    is_at_sign: bool = False


_TERMINATORS = frozenset([")", ",", ";", ""])


class VersionReader:
    """Reads version syntax out of the tokens of one statement."""

    def __init__(self, tokens: Tokens, text: Text, parameters: dict[int, str]) -> None:
        self._tokens = tokens
        self._text = text
        self._parameters = parameters

    def mentions(self) -> Iterator[Mention]:
        """Walks over all that looks like a version, from left to right.

        Raises:
            StatementInvalid: The beginning of a version is followed by something else.
        """
        at = 0
        while at < len(self._tokens):
            found = self._mention(at)
            if found is not None:
                yield found
            at = found.stop if found else at + 1

    def as_of(self, at: int) -> Mention | None:
        """Reads `AS OF` point; None where `of` may be an alias.

        DuckDB takes `t AS of ('v1')` for an alias whose column is named v1; whoever writes that
        means a version, so it is an error.
        """
        tokens = self._tokens
        if not tokens.words(at, "AS", "OF"):
            return None
        if tokens[at + 2].text == "(" and tokens[at + 3].kind == STRING:
            raise self._fault(tokens[at + 2], "A version stands without brackets.", "AS OF 'ref'")
        point = self._point(at + 2)
        return None if point is None else Mention(at, point[1], point[0])

    def _mention(self, at: int) -> Mention | None:
        token = self._tokens[at]
        if token.text == "@":
            return self._at_sign(at)
        match token.word:
            case "AS":
                return self.as_of(at)
            case "AT":
                return self._at_clause(at)
            case "FOR":
                return self._system_time(at)
        return None

    def _point(self, at: int) -> tuple[Point, int] | None:
        """Reads a string, a parameter, or TIMESTAMP and one of them; None where there is none."""
        token = self._tokens[at]
        if token.word == "TIMESTAMP":
            following = self._tokens[at + 1]
            if following.kind == STRING:
                return Timestamp(self._string(following)), at + 2
            if following.text == "(" and self._tokens[at + 3].text == ")":
                inner = self._tokens[at + 2]
                if inner.kind == STRING:
                    return Timestamp(self._string(inner)), at + 4
            named = self._parameter(at + 1)
            return (Parameter(named[0], is_timestamp=True), named[1]) if named else None
        if token.kind == STRING:
            return Ref(self._string(token)), at + 1
        named = self._parameter(at)
        return (Parameter(named[0]), named[1]) if named else None

    def _parameter(self, at: int) -> tuple[str, int] | None:
        token = self._tokens[at]
        name = self._parameters.get(token.start) if token.text in ("?", "$", ":") else None
        if name is None:
            return None
        following = self._tokens[at + 1]
        is_longer = following.start == token.end and following.text == name
        return name, at + 2 if is_longer else at + 1

    def _string(self, token: Token) -> str:
        value = token.value
        if value is None:
            raise self._text.invalid(
                "A version is a plain string.", token.start, token.end, "Write 'ref'."
            )
        return value

    def _at_clause(self, at: int) -> Mention | None:
        tokens = self._tokens
        unit = tokens[at + 2].word
        if not tokens.words(at + 1, "(") or unit not in ("VERSION", "TIMESTAMP"):
            return None
        if tokens[at + 3].text != "=>":
            return None
        close = tokens.closing(at + 1)
        if close is None:
            return None
        first, last = at + 4, close - 1
        if last < first:
            raise self._fault(tokens[close], "A version is missing.", "Write 'ref', ? or $name.")
        point = self._point(first)
        is_whole = point is not None and point[1] == close
        if unit == "VERSION":
            if point is None or not is_whole or tokens[first].word == "TIMESTAMP":
                raise self._fault(
                    tokens[first],
                    "After VERSION => stands a string or a parameter.",
                    "Write 'ref', ? or $name.",
                )
            return Mention(at, close + 1, point[0])
        if point is not None and is_whole:
            return Mention(at, close + 1, _as_instant(point[0]))
        if any(
            first <= i <= last and tokens[i].start in self._parameters
            for i in range(first, last + 1)
        ):
            raise self._fault(
                tokens[first],
                "A parameter stands alone after TIMESTAMP =>.",
                "Compute the instant before.",
            )
        expression = tokens.plain[tokens[first].start : tokens[last].end]
        return Mention(at, close + 1, Timestamp(expression, is_expression=True))

    def _system_time(self, at: int) -> Mention | None:
        tokens = self._tokens
        follows = tokens[at + 2]
        if tokens[at + 1].word != "SYSTEM_TIME" or follows.word == "IN":
            return None
        match follows.word:
            case "ALL":
                return Mention(at, at + 3, All())
            case "AS" if tokens[at + 3].word == "OF":
                point, stop = self._expect_point(at + 4, "FOR SYSTEM_TIME AS OF")
                return Mention(at, stop, point)
            case "FROM" | "BETWEEN":
                since, middle = self._expect_point(at + 3, f"FOR SYSTEM_TIME {follows.word}")
                joint = "TO" if follows.word == "FROM" else "AND"
                if tokens[middle].word != joint:
                    raise self._fault(
                        tokens[middle],
                        f"{joint} is missing.",
                        f"FOR SYSTEM_TIME {follows.word} a {joint} b",
                    )
                until, stop = self._expect_point(middle + 1, joint)
                return Mention(at, stop, Between(since, until, inclusive=joint == "AND"))
        raise self._fault(
            follows,
            "This is no period of system time.",
            "AS OF a, FROM a TO b, BETWEEN a AND b, or ALL.",
        )

    def _expect_point(self, at: int, after: str) -> tuple[Point, int]:
        point = self._point(at)
        if point is None:
            raise self._fault(
                self._tokens[at],
                f"After {after} stands a string, a parameter, or TIMESTAMP and one of these.",
                "Write 'ref', TIMESTAMP '2026-03-01', ? or $name.",
            )
        return point

    def _at_sign(self, at: int) -> Mention | None:
        tokens = self._tokens
        sign, before, ref = tokens[at], tokens[at - 1], tokens[at + 1]
        if at == 0 or not before.is_word or not ref.is_word:
            return None
        if before.end != sign.start or ref.start != sign.end:
            return None
        return Mention(at, at + 2, Ref(ref.name), is_at_sign=True)

    def _fault(self, token: Token, message: str, hint: str) -> Exception:
        return self._text.invalid(message, token.start, max(token.end, token.start + 1), hint)


def _as_instant(point: Point) -> Point:
    if isinstance(point, Ref):
        return Timestamp(point.text)
    if isinstance(point, Parameter):
        return Parameter(point.name, is_timestamp=True)
    return point


def split_version(name: str) -> tuple[str, Ref | None]:
    """Cuts a quoted name such as `t@v1.0` at its first `@`.

    Example:
        >>> split_version("t@HEAD~2")
        ('t', Ref(text='HEAD~2'))
    """
    table, sign, ref = name.partition("@")
    return (table, Ref(ref)) if sign and table and ref else (name, None)


def parameters(tokens: Tokens) -> dict[int, str]:
    """Gives for the offset of each parameter's sign its name, counting `?` as DuckDB does."""
    names: dict[int, str] = {}
    count = 0
    for at, token in enumerate(tokens):
        if token.text not in ("?", "$"):
            continue
        following = tokens[at + 1]
        adjacent = following.start == token.end
        if adjacent and (following.kind == NUMBER or (token.text == "$" and following.is_word)):
            names[token.start] = following.text
        elif token.text == "?":
            count += 1
            names[token.start] = str(count)
    return names
