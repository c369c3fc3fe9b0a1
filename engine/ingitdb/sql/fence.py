"""The fence around queries: what is not on its lists does not run.

It judges DuckDB's own tree, so what a statement says and what is judged are the same thing. The
tables that a query reads are judged elsewhere: each must be found in the catalog.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from ingitdb.errors import IngitdbError, ReadOnly, did_you_mean
from ingitdb.model.ports import SqlParser
from ingitdb.sql.analysis import Analysis, analyze
from ingitdb.sql.functions import (
    AGGREGATES,
    SCALARS,
    TABLE_FUNCTIONS,
    is_allowed_scalar,
    refusal_of,
)
from ingitdb.sql.texts import Text
from ingitdb.sql.trees import READING_NODES, Base, common_tables, path_of, walk
from ingitdb.sql.versions import Between, Timestamp, Version, split_version

_EXPRESSIONS: Final = frozenset(
    [
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "DEFAULT",
        "FUNCTION",
        "LAMBDA",
        "LAMBDA_REF",
        "OPERATOR",
        "PARAMETER",
        "POSITIONAL_REFERENCE",
        "STAR",
        "SUBQUERY",
        "TYPE",
        "WINDOW",
    ]
)
_SOURCES: Final = frozenset(
    [
        "BASE_TABLE",
        "SUBQUERY",
        "JOIN",
        "TABLE_FUNCTION",
        "EXPRESSION_LIST",
        "EMPTY",
        "PIVOT",
        "SHOW_REF",
    ]
)
_MODIFIERS: Final = frozenset(
    ["ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER"]
)
_ORDERS: Final = frozenset(["ORDER_DEFAULT", "ASCENDING", "DESCENDING"])
_KNOWN: Final = READING_NODES | _SOURCES | _MODIFIERS | _ORDERS
_READ_ONLY = "Only reading is possible here; the repository is unchanged."
_FILE_PATH: Final = re.compile(r"^[/~.]|://|\.\./")
"""Unlike these, `orders/order_details` may be a table; if it is none, the catalog says so."""
_FILE_NAME: Final = re.compile(
    r"[/\\:*?]|\.(csv|tsv|parquet|json|jsonl|ndjson|db|duckdb|arrow|txt|gz)$", re.IGNORECASE
)


def check(
    statement: str | Text | Analysis, parser: SqlParser, *, our_functions: Collection[str] = ()
) -> None:
    """Returns if a query does nothing that queries may not do.

    Args:
        statement: A query; for EXPLAIN its analysis.
        parser: DuckDB's parser.
        our_functions: Names of functions that are replaced before the query runs.

    Raises:
        StatementRefused: Something is not on the lists.
        ReadOnly: The query writes, as `WITH x AS (INSERT …)` does.
        StatementInvalid: The statement does not parse.
    """
    analysis = statement if isinstance(statement, Analysis) else analyze(statement, parser)
    ours = frozenset(name.casefold() for name in our_functions)
    guard = _Guard(analysis, ours)
    guard.judge_writes()
    guard.judge(analysis.tree.root)
    for base in analysis.tree.bases:
        guard.judge_base(base)
    for mention in analysis.versions.values():
        check_version(mention.version, analysis.text, parser)


def check_version(version: Version, text: Text, parser: SqlParser) -> None:
    """Returns if a version says an instant without reading any table.

    Raises:
        StatementRefused: The expression holds a subquery or a function that is not allowed.
    """
    points = (version.since, version.until) if isinstance(version, Between) else (version,)
    for point in points:
        if isinstance(point, Timestamp) and point.is_expression:
            _judge_instant(point.text, text, parser)


def _judge_instant(expression: str, text: Text, parser: SqlParser) -> None:
    word = "SELECT "
    start = max(len(word), text.text.find(expression))
    place = (start, start + len(expression))
    select = " " * (start - len(word)) + word + expression
    tree = parser.serialize(select) or {"error": True}
    statements = tree.get("statements", ())
    if tree.get("error") or len(statements) != 1:
        raise text.invalid("This is no expression for an instant.", *place)
    root = statements[0].get("node", {})
    is_plain = (
        len(root.get("select_list", ())) == 1 and root.get("from_table", {}).get("type") == "EMPTY"
    )
    if not is_plain or any(n.get("class") in ("SUBQUERY", "STAR", "WINDOW") for n in walk(root)):
        raise text.refused("An instant is computed without reading tables.", *place)
    _Guard(analyze(Text(select, text.script, text.offset), parser), frozenset()).judge(root)


class _Guard:
    """Judges the parts of one statement."""

    def __init__(self, analysis: Analysis, ours: frozenset[str]) -> None:
        self._analysis = analysis
        self._ours = ours

    def judge(self, root: Mapping[str, Any]) -> None:
        for node in walk(root):
            kind = node.get("type")
            if "class" in node:
                self._expression(node)
            elif isinstance(kind, str):
                self._part(node, kind)
            if "cte_map" in node:
                self._names(node)

    def judge_writes(self) -> None:
        for kind in self._analysis.tree.writes:
            if kind.startswith(("INSERT", "UPDATE", "DELETE", "MERGE")):
                message = "This query would write."
                raise ReadOnly(
                    self._analysis.text.describe(message, *self._whole()), hint=_READ_ONLY
                )
            raise self._refused(
                {}, "This query does more than read.", "Files are written with --output FILE."
            )

    def judge_base(self, base: Base) -> None:
        chain = self._analysis.chains[base]
        first = self._analysis.tokens[chain.start]
        if not first.is_word:
            raise self._analysis.text.refused(
                f"{first.text} in single quotes would be a file, and queries read no files.",
                first.start,
                first.end,
                "Tables are named without quotes or in double quotes.",
            )

        name, _ = split_version(base.path[-1])
        if _FILE_PATH.search(name):
            last = self._analysis.tokens[chain.stop - 1]
            raise self._analysis.text.refused(
                f"{name!r} would be a file, and queries read no files.", last.start, last.end
            )

    def _expression(self, node: Mapping[str, Any]) -> None:
        if node["class"] not in _EXPRESSIONS:
            raise self._refused(node, f"{node['class']} is not known.")
        if node["class"] in ("FUNCTION", "WINDOW"):
            self._function(node, is_table=False)

    def _part(self, node: Mapping[str, Any], kind: str) -> None:
        if kind not in _KNOWN:
            raise self._refused(node, f"{kind} is not known.")
        if kind == "TABLE_FUNCTION":
            self._function(node.get("function", {}), is_table=True, place=node)
        elif kind == "SHOW_REF" and (
            not node.get("query") or node.get("show_type") not in ("DESCRIBE", "SUMMARY")
        ):
            raise self._refused(
                node, "This SHOW is not available.", "Use SHOW TABLES or DESCRIBE t."
            )

    def _function(
        self, node: Mapping[str, Any], *, is_table: bool, place: Mapping[str, Any] | None = None
    ) -> None:
        name = path_of(node)[-1].casefold()
        if name in self._ours:
            return
        # A table function is judged where it stands in FROM; its own node comes by again.
        if is_table:
            if name not in TABLE_FUNCTIONS:
                raise self._unknown(name, place or node, is_table=True)
        elif not is_allowed_scalar(name) and name not in TABLE_FUNCTIONS:
            raise self._unknown(name, node, is_table=False)

    def _unknown(self, name: str, node: Mapping[str, Any], *, is_table: bool) -> IngitdbError:
        reason = refusal_of(name, is_table=is_table) or refusal_of(name, is_table=not is_table)
        if reason is not None:
            return self._refused(node, f"{name} {reason}")
        known = (TABLE_FUNCTIONS if is_table else SCALARS | AGGREGATES) | self._ours
        text, place = self._analysis.text, self._place(node)
        return text.refused(
            f"There is no function {name} for queries.", *place, did_you_mean(name, known)
        )

    def _names(self, node: Mapping[str, Any]) -> None:
        for name, _ in common_tables(node):
            if _FILE_NAME.search(name):
                raise self._refused(
                    node, f"{name!r} looks like a file and cannot name an expression."
                )

    def _refused(
        self, node: Mapping[str, Any], message: str, hint: str | None = None
    ) -> IngitdbError:
        return self._analysis.text.refused(message, *self._place(node), hint)

    def _place(self, node: Mapping[str, Any]) -> tuple[int, int]:
        if node.get("query_location") is None:
            return self._whole()
        return self._analysis.span_of(node)

    def _whole(self) -> tuple[int, int]:
        tokens = self._analysis.tokens
        return tokens[0].start, tokens[0].end
