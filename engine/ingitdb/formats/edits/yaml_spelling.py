"""Spells scalars as YAML, so that readers of YAML 1.1 and of YAML 1.2 get the same values."""

import base64
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from yaml import SafeLoader, YAMLError, load

from ingitdb.formats.yaml_scalars import PLAIN
from ingitdb.model.edits import EditFault
from ingitdb.model.records import Spelled, Value

_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[-. /][A-Za-z0-9_]+)*\Z")
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_CORE = (
    ("null", re.compile(r"(?:~|null|Null|NULL|)\Z")),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")),
    ("int", re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")),
    ("float", re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN)\Z")),
)
_LETTERS = frozenset("yYnN")
_CASES = (str.lower, str.capitalize, str.upper)
_ESCAPES = {
    "\0": "\\0",
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    "\x1b": "\\e",
    '"': '\\"',
    "\\": "\\\\",
    "\x85": "\\N",
    "\u2028": "\\L",
    "\u2029": "\\P",
}
_LONGEST_KEY = 1_000
"""Characters of a key in front of its colon; readers look no further than 1,024."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """What stands behind a key or dash: on its line, and on whole lines below."""

    head: str
    lines: tuple[str, ...] = ()


@lru_cache(maxsize=10_000)
def kinds(text: str) -> tuple[str, str]:
    """Gives what a plain scalar is under YAML 1.1 and under the core schema of YAML 1.2.

    Example:
        >>> kinds("no"), kinds("010")
        (('bool', 'str'), ('int', 'int'))
    """
    core = next((kind for kind, pattern in _CORE if pattern.match(text)), "str")
    if text in _LETTERS:
        return "letter", core
    resolvers = SafeLoader.yaml_implicit_resolvers
    for tag, pattern in resolvers.get(text[:1], []) + resolvers.get(None, []):
        if pattern.match(text):
            return tag.rpartition(":")[2], core
    return "str", core


@lru_cache(maxsize=10_000)
def can_be_plain(text: str, *, flow: bool, like: str | None = None, key: bool = False) -> bool:
    """Tells whether a text can stand without quotes.

    Args:
        text: The text.
        flow: Whether it stands in a list or map in flow style.
        like: A plain scalar whose kinds the text may share: a date may follow a date.
        key: Whether it is a key, whose kind does not matter unless it is null.
    """
    found = kinds(text)
    if found == ("str", "str"):
        like = None
    elif like is None or kinds(like) != found:
        return False
    if not text or found[0] in {"null", "merge", "value"} or found[1] == "null":
        return False
    if not key and not (type(PLAIN[text]) is type(PLAIN[like or text]) is str):
        return False
    if found == ("str", "str") and _SAFE.match(text):
        return True
    if _UNSAFE.search(text) or text != text.strip() or text.startswith(("---", "...")):
        return False
    if text[0] in ",[]{}#&*!|>'\"%@`" or (text[0] in "-?:" and not text[1:2].isalnum()):
        return False
    if flow and (re.search(r"[,\[\]{}?]", text) or text.endswith(":")):
        return False
    return _is_read_as(text, flow=flow, kind=found[0])


def _is_read_as(text: str, *, flow: bool, kind: str) -> bool:
    """Tells whether a plain scalar is read back; one that is no text need only be read."""
    try:
        found = load(f"[{text}, 0]" if flow else f"k: {text}\n", SafeLoader)
    except (YAMLError, ValueError):
        return False
    value = found[0] if flow else found["k"]
    has_shape = isinstance(found, list) and len(found) == 2 if flow else len(found) == 1
    return has_shape and (value == text if kind == "str" else not isinstance(value, list | dict))


def is_single_line(text: str) -> bool:
    """Tells whether single quotes can hold a text."""
    return not _UNSAFE.search(text)


def quoted(text: str, quote: str) -> str:
    r"""Spells a text in quotes; in double ones where single ones cannot hold it.

    Example:
        >>> quoted("it's", "'"), quoted("a\n", "'")
        ("'it''s'", '"a\\n"')
    """
    if quote == "'" and is_single_line(text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if not _UNSAFE.match(char):
        return char
    return f"\\x{ord(char):02X}" if ord(char) < 256 else f"\\u{ord(char):04X}"


def can_be_block(text: str) -> bool:
    """Tells whether a literal block can hold a text that says more than blanks."""
    if not text.strip(" \t\n") or re.search(r"\n[ \t]+\n*\Z", text):
        return False
    return not _UNSAFE.search(text.replace("\n", "").replace("\t", ""))


def can_be_folded(text: str) -> bool:
    """Tells whether a folded block can hold a text whose lines stay as long as they are."""
    return can_be_block(text) and not re.search(r"(?:\A|\n)[ \t]|\A\n", text)


def block(
    text: str, style: str, column: int, parent: int, *, keep: bool = False, bare: bool = False
) -> Spelling:
    """Spells a text as a literal or folded block.

    Args:
        text: The text, which `can_be_block` or `can_be_folded`.
        style: `|` or `>`.
        column: The indentation of its lines.
        parent: The column of the list or map around it; negative without one.
        keep: Whether a plus may stand even where it is not needed.
        bare: Whether blank lines in front of the text go without the indentation in the header.
    """
    body, ends = text.removesuffix("\n"), text.endswith("\n")
    lines = body.split("\n")
    if style == ">":
        body = re.sub("\n+", lambda run: run[0] + "\n", body.rstrip("\n")) + _tail(body)
        lines = body.split("\n")
    digit = ""
    if re.match(r"\n*[ \t]" if bare else r"[\n \t]", text):
        digit = str(column - max(parent, 0))
    chomping = "-" if not ends else "+" if keep or body.endswith("\n") else ""
    pad = " " * column
    return Spelling(
        head=style + digit + chomping, lines=tuple(pad + line if line else "" for line in lines)
    )


def _tail(body: str) -> str:
    return "\n" * (len(body) - len(body.rstrip("\n")))


def number(value: Value, like: str = "") -> str | None:
    """Spells what is no text and no container; None for a text.

    Args:
        value: The value; null is spelled `null`.
        like: The old scalar, whose letters' case true and false take.
    """
    if isinstance(value, Spelled):
        found = PLAIN[value.text]
        bare = found.value if isinstance(found, Spelled) else found
        if type(bare) is type(value.value):
            return value.text
        value = value.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        word = "true" if value else "false"
        is_word = like.lower() in {"true", "false"}
        return next((case(word) for case in _CASES if is_word and case(like) == like), word)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _real(value)
    if isinstance(value, bytes):
        return f'!!binary "{base64.b64encode(value).decode()}"'
    if isinstance(value, str):
        return None
    raise EditFault(f"YAML has no {type(value).__name__} here; write it as a text.")


def _real(value: float | Decimal) -> str:
    """Spells a number with a point and a signed exponent: YAML 1.1 wants both."""
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = str(value) if isinstance(value, Decimal) else repr(value)
    if isinstance(value, Decimal) and "." not in text and value == int(value):
        return str(int(value))
    mantissa, letter, exponent = text.replace("E", "e").partition("e")
    if not letter:
        return text
    sign = "" if exponent[0] in "+-" else "+"
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{sign}{exponent}"


def key_text(key: str, *, flow: bool, quote: str, style: str, like: str | None) -> str:
    """Spells the key of a map.

    Args:
        key: The key.
        flow: Whether the map is in flow style.
        quote: The quotes that are used where they are needed.
        style: The quotes that its siblings have; empty if they have none.
        like: A key without quotes that readers take for the same as this one.

    Raises:
        EditFault: The key is too long.
    """
    if not style and can_be_plain(key, flow=flow, like=like, key=True):
        found = key
    else:
        found = quoted(key, style or quote)
    if len(found) > _LONGEST_KEY:
        raise EditFault(f"A key of more than {_LONGEST_KEY:,} characters cannot be written.")
    return found
