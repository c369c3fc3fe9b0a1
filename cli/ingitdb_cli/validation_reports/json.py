"""One JSON document with all that is known of each violation."""

from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any

from ingitdb.model.violations import Violation
from ingitdb.services.validation import Validation
from ingitdb_cli.validation_reports.wording import path_of


def report(found: Validation) -> Iterator[bytes]:
    """Writes the document."""
    made = {
        "commit": found.commit,
        "base": found.base,
        "tables": found.tables,
        "records": found.records,
        "violations": [_violation(found, violation) for violation in found.violations],
    }
    text = dumps(made, indent=2, ensure_ascii=False, default=str)
    yield f"{text}\n".encode("utf-8", "replace")


def _violation(found: Validation, violation: Violation) -> Mapping[str, Any]:
    return {
        "severity": violation.severity,
        "type": violation.family,
        "rule": violation.rule,
        "name": violation.name or None,
        "table": violation.full_table or None,
        "key": violation.key,
        "path": path_of(found, violation) or None,
        "line": violation.line or None,
        "column": violation.column or None,
        "field": violation.field or None,
        "value": violation.value,
        "message": violation.message,
        "hint": violation.hint,
    }
