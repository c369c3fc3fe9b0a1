"""Declarations that a commit's files leave without effect: a missing file, a key of no column."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ingitdb.catalog.naming import NamedTable
from ingitdb.model.records import Problem
from ingitdb.model.shapes import Place
from ingitdb.snapshots.placements import Placements
from ingitdb.snapshots.relation import reaches

Expected = Sequence[tuple[str, Problem]]
"""Paths, each with the problem that there is where it has no file."""


def missing_files(
    expected: Expected, files: Placements, found: Sequence[Problem]
) -> Iterator[Problem]:
    """Gives the problems of paths without a file; a file with a problem is there."""
    wanted = {path for path, _ in expected} - {problem.path for problem in found}
    there = files.standing_among(wanted) if wanted else set()
    yield from (problem for path, problem in expected if path in wanted - there)


def unknown_keys(
    tables: Sequence[NamedTable], fields: Callable[[NamedTable], Mapping[str, Place]]
) -> Iterator[Problem]:
    """Gives a problem for each key of tables.yaml that names no column of its table.

    Args:
        tables: The tables.
        fields: Gives what stands in the columns of a table.
    """
    for table in tables:
        declared = table.locations[0].declaration
        natural = fields(table) if declared.key_place is not None else {}
        if declared.key_place is None or not natural:
            continue
        known = {"_key", *(column.name for column in declared.columns)}
        unknown = [n for n in declared.primary_key if n not in known and not reaches(n, natural)]
        path, line, column = declared.key_place
        for name in unknown:
            text = f"The key of {table.name} names {name!r}, which is no column of its records."
            yield Problem(path=path, message=text, line=line, column=column, severity="warning")
