"""Lays values out as YAML in the style of a text, and of the nodes next to them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from ingitdb.formats.edits.yaml_places import Entry, Node, Places
from ingitdb.formats.edits.yaml_spelling import (
    Spelling,
    block,
    can_be_block,
    can_be_folded,
    can_be_plain,
    is_single_line,
    key_text,
    kinds,
    number,
    quoted,
)
from ingitdb.model.records import Value

_MOST_LOOKED_AT = 20_000
_WIDEST_FLOW = 100


class Layout:
    """How a text is laid out, as most of its nodes are.

    Attributes:
        step: Columns from a map to one in it.
        list_step: Columns from a map to a list in it.
        gap: Columns from a dash to what follows.
        quote: The quotes of texts that need some.
        null: How nothing is spelled.
        padding: What stands inside the brackets of flow style.
        is_flow: Whether all lists and maps below the first are in flow style.
        bare_keys: Keys without quotes that some reader takes for no text, by what it takes them
            for; of each kind one, if most such keys are bare.
    """

    def __init__(self, places: Places | None = None) -> None:
        self.step, self.list_step, self.gap = 2, 2, 1
        self.quote, self.null, self.padding = "'", "null", ""
        self.is_flow = False
        self.bare_keys: dict[tuple[str, str], str] = {}
        self._quotes: Counter[str] = Counter()
        self._has_blocks, self._has_tails = True, False
        if places is not None:
            self._look(places)

    def _look(self, places: Places) -> None:
        seen: Counter[tuple[str, Any]] = Counter()
        keys: Counter[tuple[str, bool]] = Counter()
        nodes = (node for root in places.roots() for node in root.walk())
        for node in islice(nodes, _MOST_LOOKED_AT):
            if node.kind == "scalar":
                seen[_seen_scalar(places, node)] += 1
            elif node.is_flow and node.entries:
                padding = places.text[node.body + 1]
                seen["padding", " " if padding == " " else ""] += 1
                seen["flow", True] += 1
            for entry in node.entries if node.is_block else ():
                seen.update(_seen_entry(places, node, entry))
            keys.update((e.key.text, e.key.is_plain) for e in node.entries if e.key is not None)
        self._look_at_keys(keys)
        self.step = max(1, _commonest(seen, "step", self.step))
        self.list_step = max(0, _commonest(seen, "list_step", self.list_step))
        self.gap = max(1, _commonest(seen, "gap", self.gap))
        self._quotes = Counter({quote: seen["quote", quote] for quote in "'\""})
        self.quote = self._commonest_quote(self._quotes)
        self.null = _commonest(seen, "null", self.null)
        self.padding = _commonest(seen, "padding", self.padding)
        self.is_flow = bool(seen["flow", True]) and not seen["block", True]

    def _look_at_keys(self, seen: Counter[tuple[str, bool]]) -> None:
        bare: Counter[tuple[str, str]] = Counter()
        for (key, is_plain), count in seen.items():
            kind = kinds(key)
            if kind == ("str", "str"):
                continue
            bare[kind] += count if is_plain else -count
            if is_plain:
                self.bare_keys.setdefault(kind, key)
        self.bare_keys = {kind: key for kind, key in self.bare_keys.items() if bare[kind] > 0}

    def quote_without(self, node: Node) -> str:
        """Gives the quotes of texts that need some, those of one scalar left aside."""
        return self._commonest_quote(self._quotes - Counter([node.style]))

    def _commonest_quote(self, seen: Counter[str]) -> str:
        return '"' if seen['"'] > seen["'"] else "'"

    @contextmanager
    def blocks(self, *, allowed: bool, tails: bool = False) -> Iterator[None]:
        """Keeps texts on one line for a while, unless blocks are allowed.

        Args:
            allowed: Whether a text may be a block.
            tails: Whether one that ends in blank lines may.
        """
        self._has_blocks, self._has_tails = allowed, tails
        try:
            yield
        finally:
            self._has_blocks, self._has_tails = True, False

    def spelled(
        self, value: Value, parent: Node | None, like: Node | None, column: int | None = None
    ) -> Spelling:
        """Spells a value behind a key or dash in block style.

        Args:
            value: The value.
            parent: The map or list around it, None for a document's root.
            like: A node whose style it takes.
            column: Where a list or map begins, if that is certain.
        """
        if isinstance(value, dict | list):
            if not value or self.takes_flow(value, like):
                return Spelling(head=self.flow(value, like))
            if parent is None:
                return Spelling(head="", lines=tuple(self.lines(value, 0, like)))
            if column is None:
                column = self.column_below(parent, value, like)
            return Spelling(head="", lines=tuple(self.lines(value, column, like)))
        around = -1 if parent is None else parent.column
        return self.scalar_in_block(value, around, self._below(parent), like)

    def _below(self, parent: Node | None) -> int:
        if parent is None:
            return self.step
        return parent.column + (1 + self.gap if parent.kind == "list" else self.step)

    def column_below(self, parent: Node, value: Value, like: Node | None) -> int:
        """Gives the column of a list or map in another one."""
        if parent.kind == "list":
            return parent.column + 1 + self.gap
        is_alike = like is not None and like.is_block and like.kind == _kind(value)
        if is_alike and like is not None and like.column >= parent.column + (like.kind == "map"):
            return like.column
        return parent.column + (self.step if isinstance(value, dict) else self.list_step)

    def takes_flow(self, value: dict[str, Any] | list[Any], like: Node | None) -> bool:
        """Tells whether a list or map takes flow style."""
        if like is None or not like.entries:
            return self.is_flow
        return like.is_flow and len(self.flow(value, like)) <= _WIDEST_FLOW

    def scalar_in_block(
        self, value: Value, parent: int, column: int, like: Node | None
    ) -> Spelling:
        """Spells a scalar that may take lines of its own."""
        style = "" if like is None else like.style
        if isinstance(value, str) and self._has_blocks:
            if style == ">" and can_be_folded(value):
                return block(value, ">", column, parent)
            many = "\n" in value and style != '"'
            many = many and (self._has_tails or not value.endswith("\n\n"))
            if (style in {"|", ">"} or many) and can_be_block(value) and column - parent < 10:
                return block(value, "|", column, parent)
        return Spelling(head=self.scalar(value, like, flow=False))

    def scalar(self, value: Value, like: Node | None, *, flow: bool) -> str:
        """Spells a scalar on one line."""
        is_scalar = like is not None and like.kind == "scalar"
        plain = like.text if like is not None and like.is_plain else ""
        if value is None:
            return plain if is_scalar and like is not None and like.is_null else self.null
        found = number(value, plain)
        if found is not None:
            return found
        text = str(value)
        style = like.style if like is not None and is_scalar else ""
        if style == '"' or (style == "'" and is_single_line(text)):
            return quoted(text, style)
        if not style and can_be_plain(text, flow=flow, like=plain or None):
            return text
        return quoted(text, style if style in {"'", '"'} else self.quote)

    def flow(self, value: Value, like: Node | None) -> str:
        """Spells a value in flow style."""
        if isinstance(value, dict):
            cells = (
                f"{self.key(key, like, flow=True)}: {self.flow(item, alike(like, key, item))}"
                for key, item in value.items()
            )
            return self._within("{}", ", ".join(cells))
        if isinstance(value, list):
            cells = (self.flow(item, alike(like, at, item)) for at, item in enumerate(value))
            return self._within("[]", ", ".join(cells))
        found = self.scalar(value, like, flow=True)
        return found or "null"

    def _within(self, brackets: str, inner: str) -> str:
        padding = self.padding if inner else ""
        return f"{brackets[0]}{padding}{inner}{padding}{brackets[1]}"

    def lines(self, value: Value, column: int, like: Node | None) -> Iterator[str]:
        """Gives the lines of a list or map in block style."""
        if isinstance(value, dict):
            for key, item in value.items():
                yield from self.entry(key, item, column, (like, alike(like, key, item)))
        elif isinstance(value, list):
            for at, item in enumerate(value):
                yield from self.item(item, column, alike(like, at, item))

    def entry(
        self, key: str, value: Value, column: int, like: tuple[Node | None, Node | None]
    ) -> list[str]:
        """Gives the lines of an entry of a map; `like` are another map and a value in one."""
        around, inner = like
        node = Node(kind="map", start=0, body=0, end=0, line=0, column=column)
        shift = column - around.column if around is not None else 0
        found = self.spelled(value, node, moved(inner, shift) if inner is not None else None)
        start = " " * column + self.key(key, around, flow=False) + ":"
        return [f"{start} {found.head}" if found.head else start, *found.lines]

    def item(self, value: Value, column: int, like: Node | None) -> list[str]:
        """Gives the lines of an item of a list."""
        dash = " " * column + "-" + " " * self.gap
        node = Node(kind="list", start=0, body=0, end=0, line=0, column=column)
        found = self.spelled(value, node, like)
        if not found.head and found.lines:
            return [dash + found.lines[0][len(dash) :], *found.lines[1:]]
        return [dash + found.head if found.head else dash.rstrip(" "), *found.lines]

    def key(self, key: str, like: Node | None, *, flow: bool) -> str:
        """Spells a key as its siblings are."""
        keys = [entry.key for entry in like.entries if entry.key] if like is not None else []
        same = next((node for node in keys if node.text == key), None)
        styles = {node.style for node in ([same] if same else keys)}
        style = styles.pop() if len(styles) == 1 else ""
        return key_text(
            key,
            flow=flow,
            quote=self.quote,
            style=style if style in {"'", '"'} else "",
            like=self.bare_keys.get(kinds(key)),
        )


def _seen_scalar(places: Places, node: Node) -> tuple[str, Any]:
    if node.is_null:
        return "null", places.text[node.body : node.end]
    return ("quote", node.style) if node.style in {"'", '"'} else ("", node.style)


def _seen_entry(places: Places, node: Node, entry: Entry) -> Iterable[tuple[str, Any]]:
    value = entry.value
    if value.is_block and value.entries:
        yield "block", True
        if node.kind == "map":
            kind = "step" if value.kind == "map" else "list_step"
            yield kind, value.column - node.column
    if node.kind == "list" and value.body > entry.after:
        between = places.text[entry.after : value.start]
        if between and not between.strip(" "):
            yield "gap", len(between)


def _commonest(seen: Counter[tuple[str, Any]], kind: str, default: Any) -> Any:
    found = [(count, value) for (name, value), count in seen.items() if name == kind]
    return max(found, key=lambda pair: pair[0])[1] if found else default


def _kind(value: Value) -> str:
    return "map" if isinstance(value, dict) else "list" if isinstance(value, list) else "scalar"


def alike(like: Node | None, step: str | int, value: Value) -> Node | None:
    """Gives the node at a step of another list or map, if it is of a value's kind."""
    if like is None or not like.entries:
        return None
    found: Node | None = None
    if isinstance(step, int) and like.kind == "list":
        found = like.entries[min(step, len(like.entries) - 1)].value
    elif like.kind == "map":
        nodes = (e.value for e in like.entries if e.key is not None and e.key.text == step)
        found = next(nodes, None)
    return found if found is not None and found.kind == _kind(value) else None


def moved(like: Node, columns: int) -> Node:
    """Gives a node as if it stood some columns further to the right."""
    if not columns or not like.is_block:
        return like
    return Node(
        kind=like.kind,
        start=like.start,
        body=like.body,
        end=like.end,
        line=like.line,
        column=like.column + columns,
        entries=like.entries,
    )
