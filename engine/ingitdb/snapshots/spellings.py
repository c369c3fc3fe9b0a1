"""SQL that tells which values conform to a declared type: by the text of cells, else by kind."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ingitdb.model.tables import DeclaredColumn
from ingitdb.model.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    JSON,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    ColumnType,
    Scalar,
    quote_literal,
)

_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_OFFSET = r"(Z|z|[+-]\d{2}(:?\d{2})?)"
_LOCAL = rf"{_DATE}([Tt ]{_CLOCK})?"
_WHOLE = r"[+-]?[0-9]+"
_NOT_FINITE = "(?i:nan|[+-]?inf)"
_TEMPORAL: Mapping[ColumnType, str] = {
    DATE: _DATE,
    TIME: _CLOCK,
    TIMESTAMPTZ: f"{_LOCAL}{_OFFSET}",
    TIMESTAMP: _LOCAL,
}
_TRUE = ("true", "True", "TRUE", "1")
_FALSE = ("false", "False", "FALSE", "0")
_NUMBER_RULES = frozenset({"decimalChar", "groupChar", "bareNumber"})
IN_CELLS = (BIGINT, DOUBLE, BOOLEAN)
"""Types that a cell's text may spell in more ways than undeclared columns take for a value."""
_EXACT = "BETWEEN -9007199254740992 AND 9007199254740992"


Rules = Mapping[str, Any]
_NONE: Rules = {}


def tried(text: str, want: ColumnType, rules: Rules = _NONE) -> str:
    """Gives SQL for the value that a text spells; NULL where it spells none.

    Args:
        text: SQL for the text.
        want: The type.
        rules: How values are spelled, as a data package says it.
    """
    if want == BOOLEAN:
        yes, no = _words(rules)
        return f"CASE WHEN {_is_one(text, yes)} THEN true WHEN {_is_one(text, no)} THEN false END"
    if want in (BIGINT, DOUBLE):
        text = _number(text, want, rules)
    return f"TRY_CAST({text} AS {want.sql})"


def misspelled(text: str, want: ColumnType, rules: Rules = _NONE) -> str:
    """Gives SQL that holds for a text that does not spell a value of a type."""
    if want == BOOLEAN:
        yes, no = _words(rules)
        return f"(NOT {_is_one(text, (*yes, *no))})"
    pattern = _TEMPORAL.get(want) or _pattern(want, rules)
    bad = f"NOT {_matches(text, pattern)} OR {tried(text, want, rules)} IS NULL"
    if want == DOUBLE:
        number = _number(text, want, rules)
        is_too_large = f"isinf({tried(text, want, rules)}) AND NOT {_matches(text, _NOT_FINITE)}"
        bad += f" OR ({_inexact(number)}) OR ({is_too_large})"
    return f"({bad})"


def _words(rules: Rules) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Gives the texts for true and those for false; what is declared comes before the usual."""
    yes, no = rules.get("trueValues", _TRUE), rules.get("falseValues", _FALSE)
    if "falseValues" in rules:
        return tuple(text for text in yes if text not in no), no
    return yes, tuple(text for text in no if text not in yes)


def _number(text: str, want: ColumnType, rules: Rules) -> str:
    """Gives SQL for a number as SQL spells it; for other texts, SQL for any text."""
    if _NUMBER_RULES.isdisjoint(rules):
        return text
    pattern = quote_literal(f"^(?:{_pattern(want, rules)})$")
    found = f"regexp_extract({text}, {pattern}, 1)"
    if not rules.get("bareNumber", True):
        found = f"({found} || regexp_extract({text}, {pattern}, 2))"
    if "groupChar" in rules:
        found = f"replace({found}, {quote_literal(rules['groupChar'])}, '')"
    return f"replace({found}, {quote_literal(rules.get('decimalChar', '.'))}, '.')"


def _pattern(want: ColumnType, rules: Rules) -> str:
    """Gives a pattern of numbers: its groups hold the number without what may stand beside it.

    What begins with a zero, as `007`, is an identifier and no number.
    """
    point = re.escape(rules.get("decimalChar", "."))
    whole = "(?:0|[1-9][0-9]*)"
    if "groupChar" in rules:
        group = re.escape(rules["groupChar"])
        whole = f"(?:[1-9][0-9]{{0,2}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}|{whole})"
    if want == BIGINT:
        begun = number = rf"[+-]?{whole}(?:{point}0+)?"
    else:
        power = "(?:[eE][+-]?[0-9]+)?"
        begun = rf"[+-]?{whole}(?:{point}[0-9]*)?{power}"
        number = rf"{begun}|[+-]?{point}[0-9]+{power}|{_NOT_FINITE}"
    if rules.get("bareNumber", True):
        return f"({number})"
    return rf"(?:[^0-9+\-{point}]+({begun})|({number}))[^0-9+\-]*"


def in_the_way(
    value: str, shown: ColumnType, kinds: str, declared: DeclaredColumn
) -> Sequence[str]:
    """Gives SQL for the values that keep a column from its declared type.

    Where what it gives first holds for no value, the next counts.

    Args:
        value: SQL for the column's values.
        shown: Their type.
        kinds: SQL for their kinds, as `model.shapes.kinds_at` spells them.
        declared: The column.
    """
    want = declared.type
    if not isinstance(want, Scalar) or want == JSON:
        sql = "VARCHAR" if want is None else want.sql
        fails = f"TRY_CAST(CAST({value} AS VARCHAR) AS {sql}) IS NULL"
        return (fails, f"contains({kinds}, 's')")
    text = f"({value} ->> '$')" if shown == JSON else f"CAST({value} AS VARCHAR)"
    nested = f"left({kinds}, 1) IN ('[', '{{')"
    if want in (TIMESTAMP, TIMESTAMPTZ):
        bad = [misspelled(text, kind) for kind in (TIMESTAMP, TIMESTAMPTZ)]
        return (f"{nested} OR ({' AND '.join(bad)})", bad[0])
    if want in (DATE, TIME) or (declared.in_cells and want in IN_CELLS):
        return (f"{nested} OR {misspelled(text, want, dict(declared.rules))}",)
    if want not in IN_CELLS:
        return (nested,)
    return (f"{nested} OR {_of_other_kind(text, kinds, want)}",)


def _of_other_kind(text: str, kinds: str, want: ColumnType) -> str:
    """Gives SQL for values whose kind, which the file tells, is not that of a type."""
    if want == BOOLEAN:
        return f"{kinds} <> 'b'"
    number = tried(text, DOUBLE)
    bad = _inexact(text)
    if want == BIGINT:
        is_too_large = f"{_matches(text, _WHOLE)} AND {tried(text, want)} IS NULL"
        bad = f"coalesce({number} <> trunc({number}), false) OR {is_too_large}"
    return f"({kinds} NOT IN ('i', 'f', 'm') OR {bad})"


def _inexact(text: str) -> str:
    """Gives SQL that holds for integers that a double would round."""
    is_exact = f"coalesce(TRY_CAST({text} AS HUGEINT) {_EXACT}, false)"
    return f"{_matches(text, _WHOLE)} AND NOT {is_exact}"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {quote_literal(pattern)})"


def _is_one(text: str, texts: Sequence[str]) -> str:
    return f"{text} IN ({', '.join(map(quote_literal, texts))})" if texts else "false"
