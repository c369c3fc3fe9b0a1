"""YAML with the values of YAML 1.2's core schema, and the lines where they stand."""

import re
from collections.abc import Mapping
from typing import Any

from yaml import MarkedYAMLError, YAMLError
from yaml.events import ScalarEvent
from yaml.reader import ReaderError

from ingitdb.formats.text import decode, moved, place
from ingitdb.formats.yaml_nodes import Nodes
from ingitdb.formats.yaml_split import split_text
from ingitdb.model.records import (
    DEFAULT_OPTIONS,
    Chunk,
    Chunks,
    Document,
    DocumentKind,
    FormatFault,
    ReadOptions,
)

_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OLD_BREAKS = "\x85\u2028\u2029"
"""Characters at which YAML 1.1 breaks lines, and with it the parser, but YAML 1.2 does not."""


class Yaml:
    """YAML files; a stream of several documents is a list of them."""

    name = "yaml"
    extensions = (".yaml", ".yml")

    def read(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Reads a whole file.

        Raises:
            FormatFault: The file is not YAML, or names a key twice.
        """
        return read_text(decode(data, options.encoding))

    def split(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Chunks | None:
        """Cuts a list or map that begins in the first column, in block style; else None."""
        return split_text(data, options.encoding)

    def read_chunk(
        self, chunk: Chunk, chunks: Chunks, options: ReadOptions = DEFAULT_OPTIONS
    ) -> Document:
        """Reads one item of a list or one entry of a map."""
        del chunks, options
        return read_text(chunk.data.decode(), chunk.line - 1)


def read_text(text: str, lines_before: int = 0) -> Document:
    """Reads YAML that begins `lines_before` below the first line of its file.

    Raises:
        FormatFault: The text is not YAML.
    """
    try:
        document = _read(text)
    except FormatFault as fault:
        raise moved(fault, lines_before) from None
    except YAMLError as error:
        raise moved(_fault(error, text), lines_before) from None
    if not lines_before:
        return document
    lines = [line + lines_before for line in document.lines]
    return Document(kind=document.kind, value=document.value, lines=lines)


def _read(text: str) -> Document:
    if not text.isascii() and any(mark in text for mark in _OLD_BREAKS):
        return _read_with_old_breaks(text)
    nodes = Nodes(text)
    found: list[tuple[Any, list[int], Any]] = []
    while (root := nodes.next_root()) is not None:
        if not _is_nothing(root):
            found.append((nodes.read_document(root), nodes.lines, root))
    if not found:
        return Document(kind="empty", value=None)
    if len(found) > 1:
        starts = [root.start_mark.line + 1 for _, _, root in found]
        return Document(kind="list", value=[value for value, _, _ in found], lines=starts)
    value, lines, _ = found[0]
    kind: DocumentKind = "other"
    if isinstance(value, dict):
        kind = "map"
    elif isinstance(value, list):
        kind = "list"
    return Document(kind=kind, value=value, lines=lines)


def _is_nothing(root: Any) -> bool:
    """Tells whether a document has no node, as after a last `---`."""
    return (
        isinstance(root, ScalarEvent)
        and not root.value
        and not root.style
        and root.tag is None
        and root.anchor is None
    )


def _read_with_old_breaks(text: str) -> Document:
    """Hides the old line breaks from the parser behind characters that the text does not use."""
    unused = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in text)
    stand_ins = dict(zip(_OLD_BREAKS, unused, strict=False))
    if len(stand_ins) < len(_OLD_BREAKS):
        raise FormatFault("The file uses all private characters of Unicode and line separators.")
    document = _read(text.translate({ord(mark): unused for mark, unused in stand_ins.items()}))
    back = {ord(stand_in): mark for mark, stand_in in stand_ins.items()}
    value = _translated(document.value, back, {})
    return Document(kind=document.kind, value=value, lines=document.lines)


def _translated(value: Any, table: Mapping[int, str], done: dict[int, Any]) -> Any:
    """Translates all texts of a value; what is shared stays shared."""
    if isinstance(value, str):
        return value.translate(table)
    if not isinstance(value, dict | list):
        return value
    if id(value) not in done:
        if isinstance(value, dict):
            done[id(value)] = {
                key.translate(table): _translated(item, table, done) for key, item in value.items()
            }
        else:
            done[id(value)] = [_translated(item, table, done) for item in value]
    return done[id(value)]


def _fault(error: YAMLError, text: str) -> FormatFault:
    if isinstance(error, ReaderError):
        found = _UNPRINTABLE.search(text)
        if found is None:
            return FormatFault("The file holds characters that YAML does not allow.")
        message = f"The file holds the control character U+{ord(found[0]):04X}."
        line, column = place(text, found.start())
        return FormatFault(message, line=line, column=column)
    if isinstance(error, MarkedYAMLError):
        what = " ".join(part for part in (error.problem, error.context) if part)
        mark = error.problem_mark or error.context_mark
        message = f"This is not YAML: {what}."
        if mark is not None:
            return FormatFault(message, line=mark.line + 1, column=mark.column + 1)
        return FormatFault(message)
    return FormatFault("This is not YAML.")
