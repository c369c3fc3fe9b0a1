"""Markdown: the fields of its front matter, and the body as it stands."""

import re
from typing import Any

from ingitdb.formats import toml, yaml
from ingitdb.formats.text import decode
from ingitdb.formats.whole import Whole
from ingitdb.model.records import DEFAULT_OPTIONS, Document, FormatFault, ReadOptions

_OPENING = re.compile(r"(---|\+\+\+)\r?(?:\n|\Z)")
_CLOSING = {
    "---": re.compile(r"^---\r?(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+\r?(?:\n|\Z)", re.MULTILINE),
}


class Markdown(Whole):
    """Markdown files; front matter is YAML between `---` or TOML between `+++`."""

    name = "markdown"
    extensions = (".md", ".markdown")

    def read(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Reads a whole file.

        Raises:
            FormatFault: The front matter is not closed, no map, or has the field of the body.
        """
        text = decode(data, options.encoding)
        field = options.content_field
        opening = _OPENING.match(text)
        if opening is None:
            return Document(kind="map", value={field: text}, lines=[1])
        closing = _CLOSING[opening[1]].search(text, opening.end())
        if closing is None:
            raise FormatFault(f"The front matter is never closed with {opening[1]}.", line=1)
        matter = text[opening.end() : closing.start()]
        fields, lines = _fields(matter, opening[1])
        if field in fields:
            line = lines[list(fields).index(field)] if lines else 0
            message = f"The front matter has the field {field!r}, which holds the body."
            raise FormatFault(message, line=line)
        fields[field] = text[closing.end() :]
        below = text.count("\n", 0, closing.end()) + 1
        return Document(kind="map", value=fields, lines=[*lines, below], front_matter=True)


def _fields(matter: str, mark: str) -> tuple[dict[str, Any], list[int]]:
    """Reads front matter that begins in the second line of its file."""
    reader = toml.read_text if mark == "+++" else yaml.read_text
    document = reader(matter, 1)
    if document.kind == "empty":
        return {}, []
    if document.kind != "map":
        raise FormatFault("The front matter must be a map.", line=2)
    return document.value, list(document.lines)
