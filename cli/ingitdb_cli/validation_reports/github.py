"""Annotations as GitHub's runners read them from the output of a step."""

from collections.abc import Iterator

from ingitdb.services.validation import Validation
from ingitdb_cli.validation_reports.wording import path_of, rule_of, summary

_IN_MESSAGES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_MESSAGES, ":": "%3A", ",": "%2C"}


def report(found: Validation) -> Iterator[bytes]:
    """Writes a command for each violation, and the summary as a line of the log."""
    for violation in found.violations:
        places = {
            "file": path_of(found, violation),
            "line": violation.line or "",
            "col": violation.column or "",
            "title": rule_of(violation),
        }
        properties = ",".join(
            f"{name}={_escaped(str(value), _IN_PROPERTIES)}"
            for name, value in places.items()
            if value
        )
        message = _escaped(violation.message, _IN_MESSAGES)
        yield f"::{violation.severity} {properties}::{message}\n".encode("utf-8", "replace")
    yield f"{summary(found)}\n".encode()


def _escaped(text: str, marks: dict[str, str]) -> str:
    return "".join(marks.get(mark, mark) for mark in text)
