"""DuckDB's complaints about names, told in the user's terms and pointing into the user's text."""

import re
from collections.abc import Sequence

from ingitdb.errors import ColumnNotFound, IngitdbError, StatementInvalid, nearest_names
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.sql.texts import Text, as_text

_COLUMN = re.compile(
    r'(?:Referenced column|Table "(?P<table>.+?)" does not have a column named|Column)'
    r' "(?P<name>.+?)"(?= not found| in \w+ list| does not exist| was not found|\n|$)'
    r'|does not have a column (?:named|with name) "(?P<late>.+?)"'
)
_INTERNAL = re.compile(r'(?P<open>"?)\b[a-z]_[0-9a-f]{6,64}(?P<close>"?)\.(?:"?main"?\.)?')
_EXCERPT = re.compile(r"\n+LINE \d+: .*\Z", re.DOTALL)
_KIND = re.compile(r"\A(?:[A-Z]\w+ )+Error: ")
_OF_VALUES = re.compile(
    r"\A(?P<kind>Conversion Error|Out of Range Error|Invalid Input Error: (?:Division by zero|CSV))"
)
_STATES = {
    "22012": re.compile(r"Invalid Input Error: Division by zero"),
    "22008": re.compile(r"field value out of range|Date out of range|[Tt]imestamp out of range"),
    "22003": re.compile(r"Out of Range Error|out of range"),
    "22018": re.compile(r"Could not convert|invalid \w+ field|can't be cast|Malformed|Invalid hex"),
}
"""By SQL's state what DuckDB says of a value; the first that fits counts."""
_SPREAD = re.compile(r"\n\s*\n+")


def explain_binder_error(
    message: str, statement: str | Text, columns: Sequence[str] = ()
) -> IngitdbError:
    """Turns DuckDB's Binder or Catalog error into one of ours.

    Args:
        message: What DuckDB said, possibly about the spliced text.
        statement: The statement as the user wrote it.
        columns: The columns of the tables that it reads.
    """
    text = as_text(statement)
    plain = without_internal_names(message)
    found = _COLUMN.search(plain)
    if found is None:
        return StatementInvalid(plain)
    name = found["name"] or found["late"]
    place = _find(text.text, name)
    hint = nearest_names(name, columns)
    said = f"There is no column {name!r}."
    if place is None:
        return ColumnNotFound(said, hint=hint)
    start, end = place
    if text.text[start] == '"':
        quotes = f"Text takes single quotes: {quote_literal(name)}"
        hint = f"{quotes}\n{hint}" if hint else quotes
    return ColumnNotFound(text.describe(said, start, end), hint=hint)


def state_of_value(message: str) -> str | None:
    """Gives SQL's state for what DuckDB says of a value that does not fit; None for all else.

    Example:
        >>> state_of_value("Conversion Error: Could not convert string 'x' to INT32")
        '22018'
    """
    if _OF_VALUES.match(message) is None:
        return None
    return next((state for state, found in _STATES.items() if found.search(message)), None)


def unquoted_name(sql: str, tables: Sequence[str]) -> str | None:
    """Finds a table that needs double quotes and was typed without; gives the hint.

    Example:
        >>> unquoted_name("SELECT * FROM country-codes", ["country-codes"])
        'Quote the name: "country-codes"'
    """
    folded = sql.casefold()
    for name in tables:
        bare = re.compile(rf"(?<![\w\"'.-]){re.escape(name.casefold())}(?![\w\"'-])")
        if re.fullmatch(r"\w+", name) is None and bare.search(folded):
            return f"Quote the name: {quote_identifier(name)}"
    return None


def without_internal_names(message: str) -> str:
    r"""Takes out what users have never written: our catalogs, the excerpt of the spliced text.

    Example:
        >>> without_internal_names('Catalog Error: no x in "c_1a2b3c4d".main.t\n\nLINE 1: …')
        'no x in t'
    """
    plain = _KIND.sub("", _EXCERPT.sub("", message))
    return _SPREAD.sub("\n", without_catalogs(plain)).strip()


def without_catalogs(text: str) -> str:
    """Takes our catalogs out of a text, such as the name that DuckDB gives to a subquery's column.

    Example:
        >>> without_catalogs("(SELECT max(x) FROM c_1a2b3c4d.main.t)")
        '(SELECT max(x) FROM t)'
    """
    return _INTERNAL.sub(_opening_quote, text)


def _opening_quote(found: re.Match[str]) -> str:
    """Keeps a quote that opens before our catalog and closes after the user's table."""
    return found["open"] if found["open"] and not found["close"] else ""


def _find(statement: str, name: str) -> tuple[int, int] | None:
    """Finds a name in the text: in double quotes, else as a whole word outside of strings."""
    quoted = '"' + name.replace('"', '""') + '"'
    for pattern in (re.escape(quoted), rf"(?<![\w\"']){re.escape(name)}(?![\w\"'])"):
        found = re.search(pattern, statement, re.IGNORECASE)
        if found is not None:
            return found.span()
    return None
