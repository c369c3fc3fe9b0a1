"""Violations that a write would bring, as the error that refuses it."""

from collections.abc import Iterable, Mapping
from itertools import islice

from ingitdb.errors import (
    ConditionUnmet,
    ConstraintViolated,
    ReferenceBroken,
    RuleBroken,
    TypeMismatched,
    ValueMissing,
    ValueRepeated,
)
from ingitdb.model.violations import Family, Violation

_MOST = 1000
"""So many are counted, not more."""
_KINDS: Mapping[Family, type[ConstraintViolated]] = {
    "not null": ValueMissing,
    "unique": ValueRepeated,
    "foreign key": ReferenceBroken,
    "check": ConditionUnmet,
    "type": TypeMismatched,
}
_HINTS: Mapping[Family, str] = {
    "not null": "Give {field} a value.",
    "unique": "Choose another value for {field}, or UPDATE the record that has it.",
    "foreign key": "Let {field} refer to what is there: INSERT that first, DELETE it last.",
    "check": "Change the value of {field}, or what is declared of it.",
    "type": "Give {field} a value of its type, or declare another type.",
    "count": "Write in one statement what keeps the count.",
}


def refusal(violations: Iterable[Violation]) -> ConstraintViolated | None:
    """Gives the error of a write that would bring some violations; None if it brings none.

    The error is of the kind of the first, and tells how many there are.
    """
    found = [v for v in islice(violations, _MOST) if v.severity == "error"]
    if not found:
        return None
    first = found[0]
    hint = _HINTS.get(first.family)
    return _KINDS.get(first.family, RuleBroken)(
        first.message,
        place=first.place if first.path else "",
        more=len(found) - 1,
        hint=first.hint or (hint.format(field=first.field or "the record") if hint else None),
    )
