"""What a DuckDB syntax tree says: tables, calls, selects and stars, names resolved by scope."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Node: TypeAlias = Mapping[str, Any]
Place: TypeAlias = Callable[[int], int]


@dataclass(slots=True, eq=False)
class Base:
    """A table by name in FROM.

    Attributes:
        start: Where its name begins; None where DuckDB does not say.
        path: The parts of its name.
        in_cte: Whether the name is that of a common table expression in scope.
        has_at: Whether DuckDB has read an AT clause here.
        has_place: Whether DuckDB tells its place; it does not after TABLE, DESCRIBE, SUMMARIZE.
    """

    start: int | None
    path: tuple[str, ...]
    alias: str
    in_cte: bool
    has_at: bool
    has_columns: bool
    has_place: bool


@dataclass(slots=True, eq=False)
class Call:
    """A function call; `node` is its tree.

    Attributes:
        is_column: Whether it makes a column of a result by itself, without an alias.
    """

    start: int | None
    path: tuple[str, ...]
    node: Node
    is_table: bool
    alias: str = ""
    is_column: bool = False


@dataclass(slots=True, eq=False)
class Star:
    """A `*` that shows columns."""

    start: int | None
    end: int | None
    node: Node


@dataclass(slots=True, eq=False)
class Select:
    """One SELECT with what stands directly in it, not in its subqueries."""

    node: Node
    bases: list[Base] = field(default_factory=list)
    stars: list[Star] = field(default_factory=list)
    is_natural: bool = False


READING_NODES = frozenset(["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"])
"""The query nodes that only read."""

_SKIPPED = frozenset(["qualified_name", "named_param_map"])


class Tree:
    """A reading of one statement's tree.

    Attributes:
        bases: All tables by name, in the order of the tree.
        calls: All calls of functions by name.
        selects: All SELECTs, outermost first.
        writes: The kinds of nodes that write, as `INSERT_QUERY_NODE` inside WITH.
        root: The outermost query node.
    """

    def __init__(self, root: Node, place: Place) -> None:
        self.root = root
        self.bases: list[Base] = []
        self.calls: list[Call] = []
        self.selects: list[Select] = []
        self.writes: list[str] = []
        self._place = place
        self._query(root, frozenset())

    def _query(self, node: Node, ctes: frozenset[str]) -> None:
        select = Select(node)
        kind = str(node.get("type"))
        if kind == "SELECT_NODE":
            self.selects.append(select)
        elif kind not in READING_NODES:
            self.writes.append(kind)
        for name, cte in common_tables(node):
            query = cte.get("query_node")
            if isinstance(query, Mapping):
                self._query(query, ctes)
            ctes = ctes | {name.casefold()}
        inner = ctes
        if node.get("type") == "RECURSIVE_CTE_NODE":
            own = str(node.get("cte_name", "")).casefold()
            inner = ctes | {own, f"recurring\0{own}"}
        for key, value in node.items():
            if key == "cte_map":
                continue
            if key == "from_table":
                self._source(value, ctes, select)
            elif key == "right" and inner is not ctes:
                self._visit(value, inner, select)
            else:
                self._visit(value, ctes, select)

    def _visit(self, value: Any, ctes: frozenset[str], select: Select) -> None:
        if isinstance(value, list):
            for item in value:
                self._visit(item, ctes, select)
            return
        if not isinstance(value, dict):
            return
        kind = value.get("type")
        if "cte_map" in value or (isinstance(kind, str) and kind.endswith("_NODE")):
            self._query(value, ctes)
            return
        match kind:
            case "BASE_TABLE":
                self._base(value, ctes)
            case "TABLE_FUNCTION":
                self._call(value.get("function", {}), value)
                self._children(value.get("function", {}), ctes, select)
                return
            case "FUNCTION":
                self._call(value, None, select_items(select.node))
            case "STAR" if not _orders_by_all(value):
                select.stars.append(self._star(value))
            case _ if value.get("class") == "WINDOW":
                self._call(value, None)
        self._children(value, ctes, select)

    def _children(self, node: Node, ctes: frozenset[str], select: Select) -> None:
        for key, value in node.items():
            if key not in _SKIPPED and isinstance(value, list | dict):
                self._visit(value, ctes, select)

    def _source(self, node: Any, ctes: frozenset[str], select: Select) -> None:
        """Reads a FROM clause, noting which tables stand in it without a subquery between."""
        if not isinstance(node, dict):
            return
        match node.get("type"):
            case "BASE_TABLE":
                select.bases.append(self._base(node, ctes))
            case "JOIN":
                if node.get("ref_type") == "NATURAL":
                    select.is_natural = True
                self._source(node.get("left"), ctes, select)
                self._source(node.get("right"), ctes, select)
                self._children(
                    {k: v for k, v in node.items() if k not in ("left", "right")}, ctes, select
                )
            case _:
                self._visit(node, ctes, select)

    def _base(self, node: Node, ctes: frozenset[str]) -> Base:
        path = path_of(node)
        name = path[-1].casefold() if path else ""
        in_cte = len(path) == 1 and name in ctes
        in_cte = in_cte or (len(path) == 2 and f"{path[0].casefold()}\0{name}" in ctes)
        base = Base(
            start=self._start(node),
            path=path,
            alias=str(node.get("alias", "")),
            in_cte=in_cte,
            has_at=bool(node.get("at_clause")),
            has_columns=bool(node.get("column_name_alias")),
            has_place=node.get("query_location") is not None,
        )
        self.bases.append(base)
        return base

    def _call(self, node: Node, source: Node | None, items: Sequence[Any] = ()) -> None:
        start = self._start(source if source is not None else node)
        alias = str(source.get("alias", "")) if source is not None else ""
        is_column = any(item is node for item in items) and not node.get("alias")
        self.calls.append(Call(start, path_of(node), node, source is not None, alias, is_column))

    def _star(self, node: Node) -> Star:
        start = self._start(node)
        length = node.get("query_location_length", 0)
        end = self._place(node["query_location"] + length) if start is not None else None
        return Star(start, end, node)

    def _start(self, node: Node) -> int | None:
        location = node.get("query_location")
        return None if location is None else self._place(location)


def common_tables(node: Node) -> Iterator[tuple[str, Node]]:
    """Walks over the common table expressions of a query node, in their order."""
    entries = node.get("cte_map", {}).get("map", ())
    for entry in entries:
        yield str(entry.get("key", "")), entry.get("value", {})


def path_of(node: Node) -> tuple[str, ...]:
    """Gives the parts of the name in a node."""
    path = node.get("qualified_name", {}).get("path")
    if path:
        return tuple(str(part) for part in path)
    name = node.get("function_name") or node.get("table_name") or ""
    return (str(name),)


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Walks over every object of a tree, outer before inner."""
    pending: list[Any] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield item
            pending.extend(reversed([v for v in item.values() if isinstance(v, list | dict)]))
        elif isinstance(item, list):
            pending.extend(reversed(item))


def _orders_by_all(star: Node) -> bool:
    """Tells whether a star is the ALL of ORDER BY, which stands nowhere in the text."""
    return bool(star.get("columns")) and star.get("query_location") is None


def select_items(node: Node) -> Sequence[Any]:
    """Gives the select list of a SELECT."""
    items: Sequence[Any] = node.get("select_list", ())
    return items
