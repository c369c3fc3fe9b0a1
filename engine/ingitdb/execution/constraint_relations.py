"""`constraint_violations`: what offends at a commit, as rows for queries."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.constraints import Constraints
from ingitdb.execution.relations import Rows, key_columns
from ingitdb.model.types import BIGINT, VARCHAR, quote_identifier
from ingitdb.model.violations import Violation
from ingitdb.snapshots.internal import PLACE
from ingitdb.sql.hidden import NUMBER

if TYPE_CHECKING:
    from ingitdb.model.identifiers import CommitId

_TYPES = {"count": "check", "rule": "check", "naming": "check"}
"""The word of SQL for what has none of its own."""


class ConstraintRelations:
    """Gives the rows of one statement.

    Args:
        catalogs: The repository's commits.
        run: Runs SQL of the repository's own at the commit that the statement reads.
        register: Makes an Arrow table known to the statement, and gives its name.
    """

    def __init__(
        self,
        catalogs: Catalogs,
        run: Callable[[str], pa.Table],
        register: Callable[[pa.Table], str],
    ) -> None:
        self._catalogs = catalogs
        self._constraints = Constraints(catalogs, lambda sql, _: run(sql))
        self._register = register

    def counts(self, commit: "CommitId", first: str = "table_name") -> Rows:
        """Gives for each table that offends how often; columns as asked for."""
        counts = Counter(
            (violation.schema, violation.full_table)
            for violation in self._constraints.violations(None, commit)
            if violation.table and violation.severity == "error"
        )
        rows = [(table, counts[schema, table]) for schema, table in sorted(counts)]
        return ((first, VARCHAR), ("num_violations", BIGINT)), rows

    def of_table(self, commit: "CommitId", table: NamedTable) -> str:
        """Gives SQL for what offends in one table: its key stands between type and details."""
        found = self._constraints.violations(None, commit, [(table.schema, table.name)])
        name = self._register(_placed(v for v in found if v.severity == "error"))
        relation = self._catalogs.snapshot(commit).relation(table)
        known = {column.name for column in relation.columns} | {"_key"}
        key = [column for column in key_columns(table) if column in known]
        columns = "".join(f", t.{quote_identifier(column)}" for column in key)
        rows = relation.sql(hidden=["_path", "_key", NUMBER])
        return (
            f"(SELECT v.violation_type{columns}, CAST(v.violation_info AS JSON) AS violation_info"
            f" FROM {name} AS v LEFT JOIN ({rows}) AS t"
            f" ON t._path = v.path AND t.{PLACE} = v.number ORDER BY v.path, v.number, v.at)"
        )


def _placed(violations: Iterator[Violation]) -> pa.Table:
    rows = list(violations)
    return pa.table(
        {
            "violation_type": pa.array([_TYPES.get(v.family, v.family) for v in rows], pa.string()),
            "violation_info": pa.array([_info(v) for v in rows], pa.string()),
            "path": pa.array([v.path for v in rows], pa.string()),
            "number": pa.array([v.details.get("number") for v in rows], pa.int64()),
            "at": pa.array(range(len(rows)), pa.int64()),
        }
    )


def _info(violation: Violation) -> str:
    made = {
        "rule": violation.rule,
        "name": violation.name or None,
        "columns": violation.field.split(", ") if violation.field else [],
        "value": violation.value,
        "path": violation.path or None,
        "line": violation.line or None,
        "column": violation.column or None,
        "message": violation.message,
        **{name: value for name, value in violation.details.items() if name != "number"},
    }
    return json.dumps(made, ensure_ascii=False, default=str)


def verify(catalogs: Catalogs, run: Callable[[str], pa.Table], commit: "CommitId") -> int:
    """Counts the violations of a commit, as `CALL verify_constraints()` gives them."""
    constraints = Constraints(catalogs, lambda sql, _: run(sql))
    return sum(v.severity == "error" for v in constraints.violations(None, commit))
