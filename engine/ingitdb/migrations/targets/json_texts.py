"""JSON that systems take which know no NaN."""

from ingitdb.model.types import quote_literal

_TOKENS = r"""(?s)"(?:[^"\\]|\\.)*"|NaN|-?Infinity|[^"NI-]+|."""


def strict_json(sql: str) -> str:
    """Gives DuckDB's SQL for the text of JSON, in which what is no JSON number is a string."""
    text = f"CAST({sql} AS VARCHAR)"
    shown = "CASE WHEN t IN ('NaN', 'Infinity', '-Infinity') THEN '\"' || t || '\"' ELSE t END"
    parts = (
        f"list_transform(regexp_extract_all({text}, {quote_literal(_TOKENS)}), lambda t: {shown})"
    )
    is_other = f"contains({text}, 'NaN') OR contains({text}, 'Infinity')"
    return f"CASE WHEN {is_other} THEN array_to_string({parts}, '') ELSE {text} END"
