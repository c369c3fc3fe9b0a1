"""Edits Markdown files: the fields of the front matter by its own format, the body as it stands."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingitdb.formats.edits.changed_values import leaf_edits
from ingitdb.formats.edits.text_bytes import encoded, encoding_like
from ingitdb.formats.edits.toml_edits import TomlEditor
from ingitdb.formats.edits.yaml_edits import YamlEditor
from ingitdb.formats.markdown import Markdown
from ingitdb.formats.text import decode
from ingitdb.model.edits import Edit, EditFault, Editor, Place, Put, Remove
from ingitdb.model.records import DEFAULT_OPTIONS, ReadOptions, Value

_EDITORS: Mapping[str, Editor] = {"---": YamlEditor(), "+++": TomlEditor()}
_MISREAD = re.compile(r"(?:---|\+\+\+)\r?(?:\n|\Z)|\ufeff")
"""How a body begins that cannot begin a file: it would be front matter, or a byte order mark."""
_NOTHING = re.compile(r"^\{\}[ \t]*\r?\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """A file cut where its front matter and its body meet.

    Attributes:
        mark: The fence of the front matter; nothing without front matter.
        opening: The first fence with its line end.
        matter: What stands between the fences.
        closing: The second fence with its line end, if it has one.
        body: The body.
        value: All fields, the body among them.
    """

    mark: str
    opening: str
    matter: str
    closing: str
    body: str
    value: dict[str, Any]

    @property
    def line_break(self) -> str:
        """The line end of the fences, else of the body."""
        text = self.opening or self.body
        return "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"


class MarkdownEditor:
    """Edits Markdown files.

    A file that gets its first field gets YAML between fences above its body; one that loses its
    last field keeps the fences. A body that a file cannot begin with, since it would be
    read as front matter or a byte order mark, is put below fences.
    """

    def edit(
        self, data: bytes, edits: Sequence[Edit], options: ReadOptions = DEFAULT_OPTIONS
    ) -> bytes:
        """Gives the file with some edits.

        Raises:
            FormatFault: The file cannot be read.
            EditFault: An edit cannot be made.
        """
        if not edits:
            return data
        parts = _parts(data, options)
        made = _edited(parts, edits, options.content_field)
        if made == parts:
            return data
        return encoded(_joined(made), encoding_like(data, options.encoding))

    def write(
        self,
        value: Value,
        options: ReadOptions = DEFAULT_OPTIONS,
        *,
        like: bytes | None = None,
        table: str = "",
    ) -> bytes:
        """Gives a new file that holds a map, one of whose fields is the body.

        Raises:
            FormatFault: The other file cannot be read.
            EditFault: The value is no map with a body, or a field of it cannot be said.
        """
        if not isinstance(value, dict):
            raise EditFault("A Markdown file holds a map.")
        field = options.content_field
        sample = _parts(like or b"", options)
        fields = _ordered({name: v for name, v in value.items() if name != field}, sample.value)
        body = _text(value.get(field), field)
        mark = sample.mark or ("---" if fields else "")
        matter = ""
        if fields:
            pattern = sample.matter.encode() or None
            matter = _EDITORS[mark].write(fields, like=pattern).decode()
        made = _joined(replace(_fenced(sample, mark, matter), body=body))
        return encoded(made, encoding_like(like, options.encoding))


def _parts(data: bytes, options: ReadOptions) -> _Parts:
    text = decode(data, options.encoding)
    document = Markdown().read(data, options)
    body = document.value[options.content_field]
    head = text[: len(text) - len(body)]
    if not document.front_matter:
        return _Parts(mark="", opening="", matter="", closing="", body=body, value=document.value)
    start = head.find("\n") + 1
    end = head.rstrip("\r\n").rfind("\n") + 1
    return _Parts(
        mark=head[:3],
        opening=head[:start],
        matter=head[start:end],
        closing=head[end:],
        body=body,
        value=document.value,
    )


def _joined(parts: _Parts) -> str:
    if not parts.mark:
        if _MISREAD.match(parts.body) is None:
            return parts.body
        parts = _fenced(parts, "---", "")
    is_open = parts.body and not parts.closing.endswith("\n")
    closing = parts.closing + parts.line_break * bool(is_open)
    return f"{parts.opening}{parts.matter}{closing}{parts.body}"


def _fenced(parts: _Parts, mark: str, matter: str) -> _Parts:
    """Gives a file with other front matter; the line ends of an outer one are those of its own.

    Raises:
        EditFault: A line of the front matter would close it.
    """
    if not mark:
        return parts
    if re.search(rf"^{re.escape(mark)}\r?$", matter, re.MULTILINE):
        raise EditFault(f"A line of the front matter would be {mark}, which closes it.")
    if "\n" not in parts.matter:
        matter = re.sub(r"\r?\n", parts.line_break, matter)
    if matter and not matter.endswith("\n"):
        matter += parts.line_break
    opening = parts.opening or mark + parts.line_break
    return replace(
        parts, mark=mark, opening=opening, matter=matter, closing=parts.closing or opening
    )


def _edited(parts: _Parts, edits: Sequence[Edit], field: str) -> _Parts:
    whole = next((edit for edit in edits if not edit.place), None)
    if whole is not None:
        if not isinstance(whole, Put) or not isinstance(whole.value, dict):
            raise EditFault("A Markdown file holds a map.")
        edits = list(leaf_edits(parts.value, whole.value))
    for edit in edits:
        if edit.place == (field,):
            if isinstance(edit, Remove):
                raise EditFault("The body of a Markdown file can be empty, but not removed.")
            parts = replace(parts, body=_text(edit.value, field))
    rest = [edit for edit in edits if edit.place != (field,)]
    return _matter_edited(parts, rest, field) if rest else parts


def _matter_edited(parts: _Parts, edits: Sequence[Edit], field: str) -> _Parts:
    mark = parts.mark or "---"
    fields = {name: value for name, value in parts.value.items() if name != field}
    gone = {edit.place for edit in edits if isinstance(edit, Remove)}
    try:
        made = _EDITORS[mark].edit(parts.matter.encode(), edits).decode()
    except EditFault as fault:
        raise EditFault(fault.message, line=fault.line and fault.line + 1) from None
    names: set[Place] = {(name,) for name in fields}
    if len(edits) == len(gone) and gone == names:
        made = _NOTHING.sub("", made)
    return _fenced(parts, mark, made)


def _text(value: Value, field: str) -> str:
    if not isinstance(value, str):
        raise EditFault(f"The body of a Markdown file, the field {field!r}, must be a text.")
    return value


def _ordered(fields: dict[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """Gives fields in the order of another file's, new ones last."""
    names = [*(name for name in like if name in fields), *(n for n in fields if n not in like)]
    return {name: fields[name] for name in names}
