"""A commit as cells of a row for programs, and as the heading of a paragraph for people."""

from typing import Any

import click
import pyarrow as pa

from ingitdb.model.history import Commit
from ingitdb_cli.output.display import clean

_TEXT = pa.string()
FIELDS = (
    ("commit", _TEXT),
    ("date", pa.timestamp("us", tz="UTC")),
    ("author", _TEXT),
    ("email", _TEXT),
    ("message", _TEXT),
)
_SHORT = 12


def cells(commit: Commit) -> tuple[Any, ...]:
    """Gives the values of `FIELDS`; of what is not committed there are but the first and third."""
    by, moment = commit.author, commit.moment
    if moment is None:
        return commit.identifier, None, by.name, None, None
    return commit.identifier, moment, by.name, by.email, commit.message.strip()


def heading(commit: Commit, kind: str, colour: str, *, is_styled: bool) -> list[str]:
    """Gives the lines that say which commit it was, when, whose and what it did."""
    name, subject = commit.identifier[:_SHORT], commit.message.strip().partition("\n")[0]
    if is_styled:
        name, kind = click.style(name, fg="yellow", bold=True), click.style(kind, fg=colour)
    if commit.moment is None:
        return [f"{name}  {clean(commit.author.name)}  {kind}"]
    moment = f"{commit.moment:%Y-%m-%d %H:%M:%S}Z"
    return [f"{name}  {moment}  {clean(commit.author.name)}  {kind}", f"    {clean(subject)}"]


def day(commit: Commit) -> str:
    """Gives the day of a commit, or the name of what is not committed."""
    return f"{commit.moment:%Y-%m-%d}" if commit.moment is not None else commit.identifier
