"""Statements of transactions: what they ask for."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ingitdb.model.ports import SqlParser
from ingitdb.sql.texts import Text
from ingitdb.sql.tokens import Tokens

Step: TypeAlias = Literal["begin", "commit", "rollback", "savepoint", "release", "rollback to"]
_FIRST: dict[str, Step] = {
    "BEGIN": "begin",
    "START": "begin",
    "COMMIT": "commit",
    "END": "commit",
    "ROLLBACK": "rollback",
    "ABORT": "rollback",
    "SAVEPOINT": "savepoint",
    "RELEASE": "release",
}
_NOISE = ("TRANSACTION", "WORK")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStep:
    """One such statement.

    Attributes:
        savepoint: The name of the savepoint, for the steps that have one.
        read_only: Whether BEGIN says that nothing will be written.
    """

    step: Step
    savepoint: str | None = None
    read_only: bool = False


def transaction_step(statement: Text, parser: SqlParser) -> TransactionStep:
    """Reads a statement of transactions.

    Raises:
        StatementInvalid: It has words that are not understood.

    Example:
        `ROLLBACK TO SAVEPOINT s` is the step `rollback to` with the savepoint `s`.
    """
    tokens = Tokens(statement.text, parser)
    step = _FIRST[tokens[0].word]
    at = 1 + (tokens[1].word in _NOISE)
    name, read_only = None, False
    if step == "rollback" and tokens[at].word == "TO":
        step, at = "rollback to", at + 1
    if (
        step in ("rollback to", "release")
        and tokens[at].word == "SAVEPOINT"
        and at + 1 < len(tokens)
    ):
        at += 1
    if step in ("savepoint", "release", "rollback to"):
        if at >= len(tokens) or not tokens[at].is_word:
            raise statement.invalid("The name of a savepoint is wanted here.", *_place(tokens, at))
        name, at = tokens[at].name, at + 1
    elif step == "begin" and tokens[at].word == "READ":
        read_only = tokens[at + 1].word == "ONLY"
        at += 2 if read_only or tokens[at + 1].word == "WRITE" else 0
    if at < len(tokens):
        raise statement.invalid(f"{tokens[at].text} is not understood here.", *_place(tokens, at))
    return TransactionStep(step=step, savepoint=name, read_only=read_only)


def _place(tokens: Tokens, at: int) -> tuple[int, int]:
    token = tokens[min(at, len(tokens) - 1)]
    return (token.start, token.end) if at < len(tokens) else (token.end, token.end + 1)
