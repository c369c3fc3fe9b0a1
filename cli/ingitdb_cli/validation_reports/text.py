"""Lines for people and for editors that jump to `path:line:column`."""

from collections.abc import Iterator

from ingitdb.services.validation import Validation
from ingitdb_cli.validation_reports.wording import place_of, rule_of, summary


def report(found: Validation) -> Iterator[bytes]:
    """Writes a line for each violation and one that sums them up."""
    return (f"{line}\n".encode("utf-8", "replace") for line in lines(found))


def lines(found: Validation) -> Iterator[str]:
    """Gives the lines."""
    for violation in found.violations:
        place = place_of(found, violation)
        lead = f"{place}: " if place else ""
        message = " ".join(violation.message.split())
        yield f"{lead}{violation.severity}: {message} [{rule_of(violation)}]"
        if violation.hint:
            yield f"  hint: {violation.hint}"
    yield summary(found)
