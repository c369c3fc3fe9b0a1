"""Queries in DuckDB's SQL without any syntax of ours, and the small tables they run on.

A rewrite must leave each of them as it is, and each runs on plain DuckDB after `SETUP`.
"""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def _statements(name: str) -> list[str]:
    """Cuts a file at semicolons that end a line."""
    text = (_HERE / name).read_text("utf-8")
    return [part.strip("\n") for part in text.split(";\n") if part.strip()]


SETUP = _statements("duckdb_tables.sql")
QUERIES = _statements("duckdb_queries.sql")
