"""A new record as a file for the user's editor: a line for each column."""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingitdb_cli.app import App

if TYPE_CHECKING:
    from ingitdb.services.database import TableDescription

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def template(found: "TableDescription", key: str | None) -> str:
    """Gives the text: YAML whose comments say what belongs where."""
    lines = [
        f"# A new record of {found.name}. A field without a value is left out.",
        "# Leave the file as it is, and nothing is written.",
    ]
    for column in found.columns:
        notes = [column.type]
        if column.key:
            notes.append("the key")
        elif not column.nullable:
            notes.append("required")
        if column.description:
            notes.append(" ".join(column.description.split()))
        is_key = key is not None and column.name == "_key"
        value = f" {json.dumps(key, ensure_ascii=False)}" if is_key else ""
        lines.append(f"{_quoted(column.name)}:{value}  # {', '.join(notes)}")
    return "\n".join(lines) + "\n"


@contextmanager
def edited(app: App, text: str) -> Iterator[bytes]:
    """Opens a text in the user's editor and gives what was saved.

    It is kept if what is done with it fails.

    Raises:
        Interrupted: The user has left it as it was.
    """
    from ingitdb.errors import IngitdbError, Interrupted

    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8", delete=False) as file:
        file.write(text)
    path = Path(file.name)
    is_kept = False
    try:
        click.edit(filename=str(path))
        data = path.read_bytes()
        if data.decode("utf-8", "replace") == text:
            raise Interrupted("The record was left as it was; nothing was written.")
        try:
            yield data
        except IngitdbError:
            is_kept = True
            app.messages.note(f"what you wrote is kept in {path}")
            raise
    finally:
        if not is_kept:
            path.unlink(missing_ok=True)


def _quoted(name: str) -> str:
    if _PLAIN.fullmatch(name) and name.lower() not in _WORDS:
        return name
    return json.dumps(name, ensure_ascii=False)
