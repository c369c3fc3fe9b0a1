"""In what a script differs here from DuckDB by intent: S3, S4 … of docs/duckdb.md."""

import re

from tests.support.duckdb_twin import Outcome, Twin
from tests.support.sql_scripts import Statement

THERE = {
    "S4": "Dependency Error: Cannot alter entry|involved in the foreign key constraint"
    "|an index depends on|type of a column that has a FOREIGN KEY",
}
"""What DuckDB alone refuses, by its words."""
_LOST = re.compile("Table with name (?P<name>\\w+) does not exist")
"""DuckDB looks for a table under its old name for the sake of a foreign key."""
HERE = {
    "S5": "The default of .* is no ",
    "S6": "is needed by the view|is read by",
}
"""What is refused here alone, by the words."""


def refused_there(statement: Statement, expected: Outcome, twin: Twin) -> str | None:
    """Names the deviation by which DuckDB refuses what may be done here."""
    for name, words in THERE.items():
        if re.search(words, expected.said):
            return name
    lost = _LOST.search(expected.said)
    if lost is not None and lost["name"] not in re.findall(r"\w+", statement.sql):
        return "S4"
    is_open = twin.open is not None
    if expected.kind == "IntegrityError" and is_open and twin.accepts_once_committed(statement):
        return "S10"
    if expected.kind == "DataError" and twin.converts_what_is_gone(statement):
        return "S10"
    return None


def refused_here(statement: Statement, expected: Outcome, found: Outcome, twin: Twin) -> str | None:
    """Names the deviation by which a statement is refused here that DuckDB runs."""
    if found.state == "21000":
        return "S3"
    if found.kind == "DataError" and (expected.count == 0 or twin.needs_a_plan(statement)):
        return "S9"
    return next((name for name, words in HERE.items() if re.search(words, found.said)), None)


def otherwise(expected: Outcome, found: Outcome) -> str | None:
    """Names the deviation by which DuckDB refuses a statement for another reason, or alone."""
    if expected.is_refused and found.state == "21000":
        return "S3"
    if expected.kind == found.kind == "IntegrityError":
        return "S7"
    if expected.is_refused and "There is no function" in found.said:
        return "S8"
    if expected.kind == "DataError" and found.count == 0:
        return "S9"
    return None
