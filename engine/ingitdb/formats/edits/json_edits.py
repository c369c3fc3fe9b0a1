"""Edits JSON files: another text for what an edit is about, all other bytes as they are."""

from collections.abc import Sequence

from ingitdb.formats.edits.json_changes import ValueChanges, new_map
from ingitdb.formats.edits.json_nodes import container
from ingitdb.formats.edits.json_spelling import Speller
from ingitdb.formats.edits.splices import spliced
from ingitdb.formats.edits.text_bytes import decoded, encoded, encoding_for
from ingitdb.formats.json_values import read_value
from ingitdb.model.edits import Edit, EditFault, Put
from ingitdb.model.records import DEFAULT_OPTIONS, ReadOptions, Value

BLANKS = b" \t\r\n"
"""What may stand around values."""


class JsonEditor:
    """Edits JSON files.

    New entries come last in their map; a new map takes the order of the keys of maps near it. What
    goes takes its own lines along; a blank line before it stays unless it was the last. A container
    whose members all go is `{}` or `[]`.
    """

    def edit(
        self, data: bytes, edits: Sequence[Edit], options: ReadOptions = DEFAULT_OPTIONS
    ) -> bytes:
        """Gives a file with some edits.

        Raises:
            FormatFault: The file cannot be read.
            EditFault: An edit cannot be made.
        """
        if not edits:
            return data
        text, encoding = decoded(data, options.encoding)
        raw = text.encode()
        speller = Speller(raw, encoding)
        start, end = span(raw)
        if start == end:
            return encoded(_begun(speller, edits), encoding)
        if not all(edit.place for edit in edits):
            read_value(raw)
        try:
            changes = [*ValueChanges(raw, speller).of(start, end, edits)]
        except EditFault:
            read_value(raw)
            raise
        return encoded(spliced(raw, changes).decode(), encoding)

    def write(
        self,
        value: Value,
        options: ReadOptions = DEFAULT_OPTIONS,
        *,
        like: bytes | None = None,
        table: str = "",
    ) -> bytes:
        """Gives a new file that holds a value.

        Raises:
            FormatFault: The file whose style is to be taken cannot be read.
            EditFault: JSON cannot say the value.
        """
        text, encoding = "", encoding_for(options.encoding)
        if like is not None:
            text, encoding = decoded(like, options.encoding)
        raw = text.encode()
        speller = Speller(raw, encoding)
        start, end = span(raw)
        if start == end:
            return encoded(speller.value(value, depth=0) + speller.style.newline, encoding)
        read_value(raw)
        model = container(raw, start, end)
        made = speller.value(value, depth=0, models=[model] if model else ()).encode()
        return encoded((raw[:start] + made + raw[end:]).decode(), encoding)


def span(raw: bytes) -> tuple[int, int]:
    """Gives where the value of a text begins and ends, without the blanks around it."""
    end = len(raw.rstrip(BLANKS))
    return min(len(raw) - len(raw.lstrip(BLANKS)), end), end


def _begun(speller: Speller, edits: Sequence[Edit]) -> str:
    """Gives the text of a file that held nothing."""
    (edit, *others) = edits
    value: Value = None
    if isinstance(edit, Put) and not edit.place and not others:
        value = edit.value
    elif not all(edit.place for edit in edits) or (value := new_map(edits, 0)) is None:
        raise EditFault("The file is empty: there is nothing to change in it.")
    return speller.value(value, depth=0) + speller.style.newline
