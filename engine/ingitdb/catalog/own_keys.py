"""Keys that records carry among their fields, though a file's name or a map's key says them too."""

import re
from collections.abc import Mapping

from ingitdb.catalog.globs import is_literal
from ingitdb.catalog.spelled_cells import text_of
from ingitdb.model.records import Value
from ingitdb.model.tables import Form, Location

KEY_SEPARATOR = "__"
"""Stands between the parts of a composite key's text."""
_KEY = "{key}"
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|%]|^\.|[. ]$|^ ')
"""What some system does not take in a file's name, or takes for something else."""
_ENCODED = re.compile(r"%([01][0-9A-F]|2[0-25AEF]|3[ACEF]|5C|7[CF])")
"""All of these are ASCII."""
_DECLARED = ("definition", "tables.yaml")


def has_own_key(location: Location) -> bool:
    """Tells whether each record has its key among its fields, so that `_key` need not be shown.

    That is where a primary key of columns is declared and none of them may be missing.
    """
    declared = location.declaration
    if location.captures or location.source not in _DECLARED or not declared.primary_key:
        return False
    required = {column.name for column in declared.columns if column.required}
    return required.issuperset(declared.primary_key)


def own_key(fields: Mapping[str, Value], location: Location) -> str | None:
    """Gives the text of the key that a record's fields say; None where a part of it is missing."""
    parts = [text_of(fields.get(name)) for name in location.declaration.primary_key]
    texts = [part for part in parts if part is not None]
    return KEY_SEPARATOR.join(texts) if len(texts) == len(parts) else None


def encodes_names(location: Location) -> bool:
    """Tells whether names of files spell what is unsafe in a key as `%XX`."""
    return location.source in _DECLARED and not location.captures


def encoded_name(key: str) -> str:
    """Spells a key so that every system takes it for one file's name.

    Example:
        >>> encoded_name("a/b: 50%"), decoded_name("a%2Fb%3A 50%25")
        ('a%2Fb%3A 50%25', 'a/b: 50%')
    """
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", key)


def decoded_name(name: str) -> str:
    """Reads such a name; what no key is spelled as stays."""
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), name) if "%" in name else name


def declared_path(location: Location, name: str) -> str | None:
    """Gives the path of the record of a name; None where the declaration leaves it open."""
    if location.form != Form.RECORD or location.captures:
        return None
    template = location.path
    if location.key_from_name is not None:
        template = f"{location.path}/{location.key_from_name}"
    if _KEY not in template or not is_literal(template.replace(_KEY, "")):
        return None
    return template.replace(_KEY, name)
