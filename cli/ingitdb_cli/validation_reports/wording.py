"""Words and places that all forms have in common."""

from ingitdb.model.violations import Violation
from ingitdb.services.validation import Validation


def path_of(found: Validation, violation: Violation) -> str:
    """Gives the path of a violation from the root of the repository; empty where it has none."""
    return f"{found.folder}{violation.path}" if violation.path else ""


def rule_of(violation: Violation) -> str:
    """Names the rule, with its own name where it has one."""
    return f"{violation.rule} {violation.name}" if violation.name else violation.rule


def place_of(found: Validation, violation: Violation) -> str:
    """Gives `path:line:column` as far as it is known."""
    numbers = (str(n) for n in (violation.line, violation.column) if n)
    return ":".join([path_of(found, violation), *numbers])


def summary(found: Validation) -> str:
    """Says in one line what was looked at and how much was found.

    Example:
        >>> from ingitdb.model.identifiers import CommitId
        >>> commit = CommitId("5d1ab")
        >>> summary(Validation(commit=commit, base=None, tables=2, records=5, violations=()))
        'Nothing found in 2 tables with 5 records at 5d1ab.'
    """
    errors = sum(violation.severity == "error" for violation in found.violations)
    warnings = len(found.violations) - errors
    counts = [counted(errors, "error")] if errors else []
    counts += [counted(warnings, "warning")] if warnings else []
    where = f"in {counted(found.tables, 'table')} with {counted(found.records, 'record')}"
    since = "" if found.base is None else f" since {found.base[:12]}"
    return f"{' and '.join(counts) or 'Nothing'} found {where} at {found.commit[:12]}{since}."


def counted(count: int, what: str) -> str:
    """Gives a number with its noun."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
