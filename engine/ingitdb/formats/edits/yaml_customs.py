"""What the scalars around a place show of how a text is written there."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ingitdb.formats.edits.yaml_places import Entry, Node, Places
from ingitdb.formats.edits.yaml_spelling import can_be_block, can_be_plain, is_single_line, kinds
from ingitdb.formats.yaml_scalars import PLAIN

if TYPE_CHECKING:
    from ingitdb.formats.edits.yaml_splices import Slot

_MOST_LOOKED_AT = 200
_QUOTES = frozenset({"'", '"'})


class Customs:
    """How texts are written in and around a place, what stands in it left aside.

    Attributes:
        quote: The quotes that a text gets here once it needs some. For one that needs none yet
            these are the `_mark`.
        _mark: The quotes that no text around has: so a text that is put back can be told from one
            that had quotes all along.
    """

    def __init__(self, places: Places, slot: "Slot", usual: str) -> None:
        self._places, self._slot = places, slot
        self._around = list(islice(_around(places, slot), _MOST_LOOKED_AT))
        self._quotes = Counter(node.style for node in self._around if node.style in _QUOTES)
        self._mark = usual
        if len(self._quotes) == 1:
            self._mark = "'" if '"' in self._quotes else '"'
        node = slot.node
        is_bare_text = node.is_plain and type(PLAIN[node.text]) is str
        is_text = is_bare_text or node.style in _QUOTES
        self.quote = self._mark if is_text else self._commonest() or usual

    def model(self, text: str) -> Node | None:
        """Gives the scalar like which another text is written; None for none.

        Quotes that were there stay, unless they came with the old text. A date that is put back
        stands bare where such ones around do.
        """
        node = self._slot.like
        if self._slot.pattern is not None or node.kind != "scalar":
            return node
        flow, kind = self._slot.is_in_flow, kinds(text)
        is_block = node.style == "|"
        has_come = is_block or (node.style in _QUOTES and self._have_come(node))
        bare = (other for other in self._around if _is_bare(other, kind))
        if kind != ("str", "str") and (has_come or not node.style):
            found = node if _is_bare(node, kind) else next(bare, None)
            if found is not None:
                return found
        if "\n" in text and (has_come or self._is_needy(node)):
            return None
        if has_come and can_be_plain(text, flow=flow):
            return self._idle() if is_block else None
        is_escaped = node.style == '"' and not is_single_line(node.text)
        if is_block or (is_escaped and is_single_line(text)):
            return self._quoted(kind) or (None if has_come else node)
        return node

    def _is_cut(self, node: Node) -> bool:
        """Tells whether a block would not end where its text does."""
        places = self._places
        follows = places.skip(node.end) > places.next_line(node.end)
        return follows and node.text.endswith("\n\n")

    def _is_needy(self, node: Node) -> bool:
        """Tells whether a text is quoted for what it says, where others that need none are bare."""
        is_needed = node.style in _QUOTES and is_single_line(node.text)
        flow = self._slot.is_in_flow
        return is_needed and not can_be_plain(node.text, flow=flow) and self._is_bare_usual()

    def _is_bare_usual(self) -> bool:
        """Tells whether texts that need no quotes have none around."""
        flow = self._slot.is_in_flow
        quoted = (node for node in self._around if node.style in _QUOTES)
        idle = sum(can_be_plain(node.text, flow=flow) for node in quoted)
        bare = sum(node.is_plain and type(PLAIN[node.text]) is str for node in self._around)
        return bare + 1 >= idle

    def _quoted(self, kind: tuple[str, str]) -> Node | None:
        """Gives a text around in quotes, of its kind if there is one, else in the commonest."""
        found = [other for other in self._around if other.style in _QUOTES]
        alike = (other for other in found if kinds(other.text) == kind != ("str", "str"))
        most = self._commonest()
        return next(alike, next((other for other in found if other.style == most), None))

    def _commonest(self) -> str:
        """Gives the quotes that most texts around have; none without any."""
        return max(self._quotes, key=lambda quote: self._quotes[quote], default="")

    def _idle(self) -> Node | None:
        """Gives a text in quotes that it does not need, if such ones are most of those around."""
        if self._is_bare_usual():
            return None
        quoted = (node for node in self._around if node.style in _QUOTES)
        flow = self._slot.is_in_flow
        return next((node for node in quoted if can_be_plain(node.text, flow=flow)), None)

    def _have_come(self, node: Node) -> bool:
        """Tells whether a text has its quotes only because it needs some."""
        if can_be_plain(node.text, flow=self._slot.is_in_flow):
            return False
        if is_single_line(node.text):
            return node.style == self._mark
        is_block = "\n" in node.text and can_be_block(node.text)
        if is_block and not self._slot.is_in_flow and not self._is_cut(node):
            return False
        return self._is_bare_usual()


def _is_bare(node: Node, kind: tuple[str, str]) -> bool:
    return node.is_plain and node.tag is None and kinds(node.text) == kind


def _around(places: Places, slot: "Slot") -> Iterator[Node]:
    """Gives the scalars of the same map or list, and those at the same key of other maps."""
    parent = slot.parent
    for entry in parent.entries if parent is not None else ():
        if entry.value is not slot.node and entry.value.kind == "scalar":
            yield entry.value
    if slot.entry is not None and slot.entry.key is not None:
        for node in _at_key(places, slot.entry.key.text):
            if node is not slot.node and node.kind == "scalar":
                yield node
    elif parent is not None:
        for node in _at_key(places, _key_of(places, parent)):
            if node is not parent and node.kind == "list":
                yield from (entry.value for entry in node.entries if entry.value.kind == "scalar")


def _at_key(places: Places, key: str | None) -> Iterator[Node]:
    """Gives the values at a key of any map."""
    for entry in _entries(places):
        if entry.key is not None and entry.key.text == key:
            yield entry.value


def _key_of(places: Places, node: Node) -> str | None:
    """Gives the key at which a list lies."""
    found = (entry.key for entry in _entries(places) if entry.value is node)
    key = next(found, None)
    return key.text if key is not None else None


def _entries(places: Places) -> Iterator[Entry]:
    for root in places.roots():
        for node in root.walk():
            yield from node.entries if node.kind == "map" else ()
