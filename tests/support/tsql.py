"""Scripts for SQL Server taken apart: no server is asked, only a parser that knows its words."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_RUN = re.compile(r"EXEC sys\.sp_executesql (N'(?:[^']|'')*')(?=;|\Z)")
_GUARD = "IF EXISTS (SELECT 1 FROM [#ingitdb_state] WHERE [done] = 0) "
_IF = re.compile(r"IF (.+?) ((?:EXEC|THROW|CREATE) .*)", re.DOTALL)
"""A condition and what follows from it, which sqlglot reads apart."""
UNREAD = (
    re.compile(r"THROW 51000, N'(?:[^']|'')+', 1"),
    re.compile(r"ALTER SCHEMA \[.+\] TRANSFER \[.+\]\.\[.+\]"),
    re.compile(r"ALTER TABLE \[.+\]\.\[.+\] ADD DEFAULT \(.+\) FOR \[.+\]"),
)
"""What sqlglot does not read: it is compared with its form as the documentation has it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A statement of a script.

    Attributes:
        outer: The statement.
        inner: What it runs by its text; empty where it does not.
        is_guarded: Whether it is run unless the script has run before.
    """

    outer: str
    inner: str
    is_guarded: bool


def statements(script: str) -> list[Run]:
    """Gives the statements of a script."""
    return [_run(text) for text in split(script)]


def split(script: str) -> list[str]:
    """Cuts a script at the semicolons outside of texts, names and comments."""
    found, start = [], 0
    for token in re.finditer(r"--[^\n]*|'(?:[^']|'')*'|\[(?:[^\]]|\]\])*\]|;", script):
        if token[0] == ";":
            found.append(script[start : token.start()])
            start = token.end()
    assert not script[start:].strip()
    return [re.sub(r"^(\s*--[^\n]*\n)*", "", text).strip() for text in found]


def unread(run: Run) -> Iterator[str]:
    """Gives what of a statement neither sqlglot reads nor is known not to be read."""
    parts = split(f"{run.inner};") if run.inner else []
    for text in (run.outer, *parts):
        if not is_read(text):
            yield text


def is_read(text: str) -> bool:
    """Whether a statement is one of T-SQL as far as a parser can tell."""
    found = _IF.fullmatch(text)
    if found:
        return is_read(f"SELECT 1 WHERE {found[1]}") and is_read(found[2])
    if any(known.fullmatch(text) for known in UNREAD):
        return True
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        trees = sqlglot.parse(text, dialect="tsql")
    except SqlglotError:
        return False
    return all(tree is not None and not list(tree.find_all(exp.Command)) for tree in trees)


def _run(text: str) -> Run:
    found = _RUN.search(text)
    inner = found[1][2:-1].replace("''", "'") if found else ""
    return Run(text, inner, text.startswith(_GUARD))
