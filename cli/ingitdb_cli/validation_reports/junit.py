"""JUnit's XML: a suite a table, a case a violation; a table without any is a case that passed."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ingitdb.model.violations import Violation
from ingitdb.services.validation import Validation
from ingitdb_cli.validation_reports.wording import place_of, rule_of

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_TABLE = "repository"


def report(found: Validation) -> Iterator[bytes]:
    """Writes the document."""
    suites: dict[str, list[Violation]] = {}
    for violation in found.violations:
        suites.setdefault(violation.full_table or _NO_TABLE, []).append(violation)
    root = Element("testsuites", name="ingitdb validate")
    if not suites:
        suite = _suite(root, _NO_TABLE, [])
        SubElement(suite, "testcase", classname=_NO_TABLE, name="all constraints")
    for table, violations in suites.items():
        suite = _suite(root, table, violations)
        for violation in violations:
            _case(suite, found, table, violation)
    total = max(len(found.violations), 1)
    failures = sum(violation.severity == "error" for violation in found.violations)
    root.attrib |= {"tests": str(total), "failures": str(failures), "errors": "0"}
    indent(root)
    yield b"<?xml version='1.0' encoding='UTF-8'?>\n"
    yield tostring(root, encoding="utf-8")
    yield b"\n"


def _suite(root: Element, name: str, violations: list[Violation]) -> Element:
    failures = sum(violation.severity == "error" for violation in violations)
    return SubElement(
        root,
        "testsuite",
        name=_clean(name),
        tests=str(max(len(violations), 1)),
        failures=str(failures),
        errors="0",
    )


def _case(suite: Element, found: Validation, table: str, violation: Violation) -> None:
    place = place_of(found, violation)
    name = " ".join(filter(None, (rule_of(violation), violation.field, place)))
    case = SubElement(suite, "testcase", classname=_clean(table), name=_clean(name))
    if violation.path:
        case.set("file", _clean(f"{found.folder}{violation.path}"))
        if violation.line:
            case.set("line", str(violation.line))
    if violation.severity == "error":
        failure = SubElement(case, "failure", type=violation.family)
        failure.set("message", _clean(violation.message))
        failure.text = _clean(f"{place}: {violation.message}" if place else violation.message)
    else:
        SubElement(case, "system-out").text = _clean(violation.message)


def _clean(text: str) -> str:
    """Leaves out what XML cannot hold."""
    return _NOT_IN_XML.sub("\ufffd", text)
