"""Cuts a script into statements and says of what kind each is; unknown ones are refused.

What a query does inside is not looked at here: that is for `fence` to judge.
"""

from dataclasses import dataclass

from ingitdb.errors import IngitdbError, ReadOnly
from ingitdb.model.ports import SqlParser
from ingitdb.sql.classification import classify
from ingitdb.sql.kinds import (
    Attach,
    Describe,
    Detach,
    Detail,
    Explain,
    ShowTables,
    StatementKind,
    Use,
)
from ingitdb.sql.refusals import Refusal
from ingitdb.sql.texts import Text
from ingitdb.sql.tokens import Tokens
from ingitdb.sql.version_control import Call, CreateRef, DropRef

__all__ = [
    "EQUIVALENT",
    "Attach",
    "Call",
    "CreateRef",
    "Describe",
    "Detach",
    "DropRef",
    "Explain",
    "Refusal",
    "ShowTables",
    "Statement",
    "StatementKind",
    "Use",
    "split",
]

EQUIVALENT = {
    StatementKind.SHOW_BRANCHES: "FROM git_branches()",
    StatementKind.SHOW_LOG: "FROM git_log()",
}
"""The queries that stand for the statements of Nessie's SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a script.

    Attributes:
        text: The statement as typed, without the semicolon.
        start: Where it begins in `script`, as an index of the string.
        script: All that was typed.
        verb: Its first word or words in upper case, such as `CREATE TABLE`.
        detail: What else there is to know; None for kinds without.
    """

    text: str
    start: int
    script: str
    kind: StatementKind
    verb: str
    detail: Detail | None = None

    @property
    def source(self) -> Text:
        """The statement with its script, for errors that point at a place."""
        return Text(self.text, self.script, self.start)

    @property
    def query_start(self) -> int:
        """Where the query begins: behind EXPLAIN, else at the first character."""
        return self.detail.query_start if isinstance(self.detail, Explain) else 0

    def refusal(self) -> IngitdbError:
        """Makes the error for a statement that is not run."""
        end = len(self.verb)
        if isinstance(self.detail, Refusal):
            return self.source.refused(
                self.detail.reason, *self._first_words(end), self.detail.hint
            )
        message = self.source.describe(f"{self.verb} would write.", *self._first_words(end))
        return ReadOnly(message, hint="Only reading is possible here; the repository is unchanged.")

    def _first_words(self, length: int) -> tuple[int, int]:
        upper = self.text.upper()
        first = self.verb.split(" ", 1)[0]
        at = max(0, upper.find(first))
        return at, at + min(length, len(first))


def split(sql: str, parser: SqlParser) -> list[Statement]:
    """Cuts a script at its semicolons and classifies each statement; empty ones are left out.

    Raises:
        StatementInvalid: A statement begins with no word of SQL, or an own statement is wrong.
    """
    tokens = Tokens(sql, parser)
    statements, first = [], 0
    for at in range(len(tokens) + 1):
        if at < len(tokens) and tokens[at].text != ";":
            continue
        if at > first:
            start, end = _extent(sql, tokens, first, at)
            statements.append(_statement(sql, start, end, parser))
        first = at + 1
    return statements


def _extent(sql: str, tokens: Tokens, first: int, stop: int) -> tuple[int, int]:
    """Gives a statement's place, with the comments around it."""
    begin = tokens[first - 1].end if first else 0
    limit = tokens[stop].start if stop < len(tokens) else len(sql)
    text = sql[begin:limit]
    return begin + len(text) - len(text.lstrip()), begin + len(text.rstrip())


def _statement(script: str, start: int, end: int, parser: SqlParser) -> Statement:
    source = Text(script[start:end], script, start)
    kind, verb, detail = classify(source, parser)
    return Statement(
        text=source.text, start=start, script=script, kind=kind, verb=verb, detail=detail
    )
