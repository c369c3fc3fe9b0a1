"""SARIF 2.1.0, which code hosts show beside the lines that it speaks of."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from json import dumps
from typing import Any
from urllib.parse import quote

from ingitdb.model.violations import Violation
from ingitdb.services.validation import Validation
from ingitdb_cli.commands.version import own_version
from ingitdb_cli.validation_reports.wording import path_of

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def report(found: Validation) -> Iterator[bytes]:
    """Writes the document."""
    rules = sorted({violation.rule for violation in found.violations})
    numbers = {rule: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "ingitdb",
                "version": own_version(),
                "rules": [
                    {
                        "id": rule,
                        "shortDescription": {"text": f"Breaks the rule {rule}."},
                        "defaultConfiguration": {"level": "error"},
                    }
                    for rule in rules
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The root of the repository."}}},
        "results": [
            _result(found, violation, numbers[violation.rule]) for violation in found.violations
        ],
    }
    made = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    text = dumps(made, indent=2, ensure_ascii=False, default=str)
    yield f"{text}\n".encode("utf-8", "replace")


def _result(found: Validation, violation: Violation, rule: int) -> Mapping[str, Any]:
    made: dict[str, Any] = {
        "ruleId": violation.rule,
        "ruleIndex": rule,
        "level": violation.severity,
        "message": {"text": violation.message},
        "partialFingerprints": {"violation/v1": _fingerprint(violation)},
    }
    path = path_of(found, violation)
    if path:
        place: dict[str, Any] = {
            "artifactLocation": {"uri": quote(path, errors="surrogateescape"), "uriBaseId": "ROOT"}
        }
        if violation.line:
            place["region"] = {"startLine": violation.line}
            if violation.column:
                place["region"]["startColumn"] = violation.column
        made["locations"] = [{"physicalLocation": place}]
    return made


def _fingerprint(violation: Violation) -> str:
    """Names a violation whatever line it stands in."""
    parts = (violation.rule, violation.name, violation.full_table, violation.path)
    text = "\0".join((*parts, violation.key or "", violation.field, violation.message))
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
