"""The words of the SQL that a database speaks, as the DuckDB below it lists them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from ingitdb.execution.relations import SCALAR_FUNCTIONS
from ingitdb.sql.functions import SCALARS

Query: TypeAlias = Callable[[str], list[tuple[Any, ...]]]

_MOMENTS = re.compile(r"DATE|INTERVAL|TIME(STAMP)?\b.*|TIME(STAMP)?(TZ)?_.*")
_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*|BIGNUM")
_FUNCTIONS = (
    "SELECT function_name, coalesce(parameters, []), coalesce(parameter_types, []), return_type,"
    " varargs, coalesce(categories, []) FROM duckdb_functions()"
    " WHERE function_type IN ('scalar', 'macro') ORDER BY 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a database knows.

    Attributes:
        version: DuckDB's own, such as `v2.0.0`.
        keywords: In capitals, by name.
        numeric: The functions of numbers.
        text: Those of texts.
        system: Those that take nothing, and ours that tell about the repository.
        moments: Those of dates and times.
    """

    version: str
    keywords: tuple[str, ...]
    numeric: tuple[str, ...]
    text: tuple[str, ...]
    system: tuple[str, ...]
    moments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to call a function; a macro has no types."""

    name: str
    parameters: list[str]
    takes: list[str]
    gives: str | None
    more: str | None
    filed: list[str]

    @property
    def is_of_moments(self) -> bool:
        return any(kind and _MOMENTS.fullmatch(kind) for kind in (*self.takes, self.gives))

    @property
    def is_of_numbers(self) -> bool:
        if not self.parameters:
            return self.gives == "DOUBLE"
        return all(kind and _NUMBERS.fullmatch(kind) for kind in (*self.takes, self.gives))

    @property
    def is_of_texts(self) -> bool:
        is_of_lists = "list" in self.filed and "string" not in self.filed
        return self.takes[:1] == ["VARCHAR"] and not is_of_lists

    @property
    def takes_nothing(self) -> bool:
        return not self.parameters and self.more is None


def dialect(query: Query) -> Dialect:
    """Asks DuckDB for its words; functions that no statement may call are left out."""
    ((version,),) = query("SELECT version()")
    words = query("SELECT keyword_name FROM duckdb_keywords() ORDER BY 1")
    groups: dict[str, list[str]] = {"numeric": [], "text": [], "moments": [], "system": []}
    for name, rows in groupby(query(_FUNCTIONS), key=itemgetter(0)):
        group = _group([_Form(*row) for row in rows])
        if group is not None and name in SCALARS:
            groups[group].append(name)
    groups["system"] = sorted({*groups["system"], *SCALAR_FUNCTIONS})
    return Dialect(
        version=version,
        keywords=tuple(dict.fromkeys(word.upper() for (word,) in words)),
        **{group: tuple(names) for group, names in groups.items()},
    )


def _group(forms: Sequence[_Form]) -> str | None:
    """Says what a function is about; None where it is nothing of these alone."""
    if all(form.is_of_moments for form in forms):
        return "moments"
    if all(form.is_of_numbers for form in forms):
        return "numeric"
    if any(form.is_of_texts for form in forms):
        return "text"
    return "system" if all(form.takes_nothing for form in forms) else None
