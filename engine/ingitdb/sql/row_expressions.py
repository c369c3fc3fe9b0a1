"""Expressions that are computed from one row: no tables, no other rows, no clock, no chance."""

from collections.abc import Mapping
from typing import Any, Final

from ingitdb.errors import StatementRefused
from ingitdb.model.ports import SqlParser
from ingitdb.sql.fence import check
from ingitdb.sql.functions import AGGREGATES
from ingitdb.sql.trees import path_of, walk

_PARTS: Final = frozenset(["type", "cte_map", "select_list", "from_table", "aggregate_handling"])
_FOREIGN: Final = frozenset(["SUBQUERY", "STAR", "WINDOW", "PARAMETER", "DEFAULT"])
_CHANGING: Final = frozenset(
    [
        "current_date",
        "current_time",
        "current_timestamp",
        "gen_random_uuid",
        "get_current_time",
        "get_current_timestamp",
        "localtime",
        "localtimestamp",
        "now",
        "random",
        "setseed",
        "today",
        "transaction_timestamp",
        "uuid",
        "uuidv4",
        "uuidv7",
    ]
)
_ROWS: Final = frozenset(["unnest", "unlist", "generate_subscripts", "read_csv", "grouping"])


def check_row_expression(expression: str, parser: SqlParser) -> None:
    """Returns if a text is one expression that gives a value for a row, and always the same one.

    Args:
        expression: The text.
        parser: DuckDB's parser.

    Raises:
        StatementRefused: It is not, or does what queries may not do.
        StatementInvalid: It does not parse.
    """
    select = f"SELECT (\n{expression}\n)"
    check(select, parser)
    statements = (parser.serialize(select) or {}).get("statements", ())
    root: Mapping[str, Any] = statements[0].get("node", {}) if len(statements) == 1 else {}
    is_plain = (
        set(root) <= _PARTS
        and len(root.get("select_list", ())) == 1
        and root.get("from_table", {}).get("type") == "EMPTY"
        and not root.get("cte_map")
    )
    if not is_plain:
        raise StatementRefused("This is no single expression.")
    for node in walk(root):
        _judge(node)


def _judge(node: Mapping[str, Any]) -> None:
    kind = node.get("class")
    if kind in _FOREIGN:
        raise StatementRefused("It may only name columns of its own row.")
    if kind == "COLUMN_REF":
        names = node.get("column_names", ())
        if len(names) == 1 and names[0].casefold() in _CHANGING:
            raise StatementRefused(f"{names[0]} is another one each time.")
    if kind == "FUNCTION":
        path = path_of(node)
        name = path[-1].casefold() if path else ""
        if name in AGGREGATES or name in _ROWS:
            raise StatementRefused(f"{name} looks at more than one row, or gives more than one.")
        is_of_now = name == "age" and len(node.get("arguments", ())) == 1
        if name in _CHANGING or is_of_now:
            raise StatementRefused(f"{name} is another one each time.")
