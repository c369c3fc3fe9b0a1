"""Text to bytes again: in the encoding, and with the byte order mark, of the file it came from."""

import codecs
import sys
from typing import NamedTuple

from ingitdb.formats.text import decode
from ingitdb.model.edits import EditFault

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ENDIAN = "le" if sys.byteorder == "little" else "be"
_UNMARKED = {
    "utf-8-sig": "utf-8",
    "utf-16": f"utf-16-{_ENDIAN}",
    "utf-32": f"utf-32-{_ENDIAN}",
}


class Encoding(NamedTuple):
    """The byte order mark of a file (empty: it has none), and the codec of what follows it."""

    mark: bytes
    codec: str


def decoded(data: bytes, encoding: str | None = None, *, advice: str = "") -> tuple[str, Encoding]:
    """Gives the text of a file, and how it becomes the same bytes again.

    Raises:
        FormatFault: The bytes are not text in that encoding.
        EditFault: The text has other bytes when it is encoded again.
    """
    text = decode(data, encoding, advice=advice)
    found = next((Encoding(*each) for each in _MARKS if data.startswith(each[0])), None)
    if found is None:
        name = codecs.lookup(encoding or "utf-8").name
        found = Encoding(b"", _UNMARKED.get(name, name))
    if found.codec != "utf-8" and encoded(text, found) != data:
        raise EditFault(f"The file's bytes are not those that its text has as {found.codec}.")
    return text, found


def encoding_for(name: str | None) -> Encoding:
    """Gives the encoding of a new file.

    Raises:
        EditFault: There is no such encoding.
    """
    try:
        codec = codecs.lookup(name or "utf-8").name
    except LookupError:
        raise EditFault(f"There is no encoding {name!r}.") from None
    plain = _UNMARKED.get(codec, codec)
    mark = next((mark for mark, other in _MARKS if other == plain), b"") if plain != codec else b""
    return Encoding(mark, plain)


def encoding_like(like: bytes | None, name: str | None) -> Encoding:
    """Gives the encoding of a new file that is to be like another one, or is read by a name.

    Raises:
        FormatFault: The other file is not text in that encoding.
        EditFault: There is no such encoding.
    """
    return decoded(like, name)[1] if like else encoding_for(name)


def encoded(text: str, encoding: Encoding) -> bytes:
    """Gives the bytes of a text.

    Raises:
        EditFault: The encoding cannot say one of its characters.
    """
    try:
        return encoding.mark + text.encode(encoding.codec)
    except UnicodeError as fault:
        what = repr(text[fault.start]) if isinstance(fault, UnicodeEncodeError) else "its text"
        raise EditFault(f"The file's encoding {encoding.codec} cannot say {what}.") from None
