"""Which queries list the records of one table as they stand in its files.

Without ORDER BY one plain table is listed by path, then in file order. Only such a query pays for
that order; one that groups, joins or sorts does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ingitdb.model.ports import SqlParser
from ingitdb.sql.analysis import Analysis, analyze
from ingitdb.sql.functions import AGGREGATES
from ingitdb.sql.references import TableReference, reference_of
from ingitdb.sql.trees import Node, common_tables, path_of


@dataclass(frozen=True, slots=True)
class _Cte:
    query: Node
    scope: "_Scope"


_Scope: TypeAlias = Mapping[str, _Cte]


_REORDERING = ("group_expressions", "group_sets", "having", "sample")


def keeps_file_order(statement: str | Analysis, parser: SqlParser) -> bool:
    """Tells whether a query is a plain read of one table, whose order the reader will see."""
    return ordered_table(statement, parser) is not None


def ordered_table(statement: str | Analysis, parser: SqlParser) -> TableReference | None:
    """Gives the table that has to be read in file order; None where no order is promised."""
    analysis = statement if isinstance(statement, Analysis) else analyze(statement, parser)
    node = _plain_source(analysis.tree.root, {})
    if node is None or node.get("query_location") is None:
        return _only_table(analysis) if node is not None else None
    start = analysis.span_of(node)[0]
    base = next((b for b in analysis.tree.bases if b.start == start and not b.in_cte), None)
    return None if base is None else reference_of(analysis, base)


def _only_table(analysis: Analysis) -> TableReference | None:
    """Finds the table of `TABLE t`, whose place DuckDB does not tell."""
    bases = [base for base in analysis.tree.bases if not base.in_cte]
    return reference_of(analysis, bases[0]) if len(bases) == 1 else None


def _plain_source(node: Node, ctes: _Scope) -> Node | None:
    """Follows plain SELECTs inwards to the one table that they read."""
    if not _is_plain(node):
        return None
    inner: dict[str, _Cte] = dict(ctes)
    for name, cte in common_tables(node):
        inner[name.casefold()] = _Cte(cte.get("query_node", {}), dict(inner))
    source = node.get("from_table", {})
    match source.get("type"):
        case "SUBQUERY" if not source.get("sample"):
            return _plain_source(source.get("subquery", {}).get("node", {}), inner)
        case "BASE_TABLE" if not source.get("sample"):
            path = path_of(source)
            own = inner.get(path[0].casefold()) if len(path) == 1 else None
            return source if own is None else _plain_source(own.query, own.scope)
    return None


def _is_plain(node: Node) -> bool:
    if node.get("type") != "SELECT_NODE" or any(node.get(key) for key in _REORDERING):
        return False
    if node.get("aggregate_handling", "STANDARD_HANDLING") != "STANDARD_HANDLING":
        return False
    if any(m.get("type") != "LIMIT_MODIFIER" for m in node.get("modifiers", ())):
        return False
    return not (_reorders(node.get("select_list")) or _reorders(node.get("qualify")))


def _reorders(value: Any) -> bool:
    """Tells whether an expression aggregates or sorts in a window; its subqueries do not count."""
    if isinstance(value, list):
        return any(_reorders(item) for item in value)
    if not isinstance(value, dict) or value.get("class") == "SUBQUERY":
        return False
    if value.get("class") == "WINDOW":
        return bool(value.get("partitions") or value.get("orders"))
    if value.get("class") == "FUNCTION" and path_of(value)[-1].casefold() in AGGREGATES:
        return True
    return any(_reorders(v) for v in value.values() if isinstance(v, list | dict))
