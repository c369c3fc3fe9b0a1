"""A Markdown table, as for the summary of a job or a comment on a review."""

from collections.abc import Iterator

from ingitdb.services.validation import Validation
from ingitdb_cli.validation_reports.wording import place_of, rule_of, summary

_MARKS = str.maketrans({"|": "\\|", "\n": " ", "\r": " ", "<": "&lt;", ">": "&gt;", "*": "\\*",
                        "_": "\\_", "`": "\\`", "[": "\\[", "\\": "\\\\"})  # fmt: skip


def report(found: Validation) -> Iterator[bytes]:
    """Writes the summary and, where something was found, the table."""
    return (f"{line}\n".encode("utf-8", "replace") for line in _lines(found))


def _lines(found: Validation) -> Iterator[str]:
    yield summary(found)
    if not found.violations:
        return
    yield ""
    yield "| place | rule | message |"
    yield "|---|---|---|"
    for violation in found.violations:
        cells = (place_of(found, violation), rule_of(violation), violation.message)
        yield f"| {' | '.join(cell.translate(_MARKS) for cell in cells)} |"
