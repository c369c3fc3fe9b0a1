"""What the scalars around a place show of how a text is written there."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ingitdb.formats.edits.yaml_places import Node, Places
from ingitdb.formats.edits.yaml_spelling import can_be_plain, is_single_line, kinds
from ingitdb.formats.yaml_scalars import PLAIN

if TYPE_CHECKING:
    from ingitdb.formats.edits.yaml_splices import Slot

_MOST_LOOKED_AT = 200
_QUOTES = frozenset({"'", '"'})


class Customs:
    """How texts are written in and around a place, what stands in it left aside.

    Attributes:
        quote: The quotes that a plain text gets here once it needs some: those that no text around
            has. So a text that is put back can be told from one that had quotes all along.
    """

    def __init__(self, places: Places, slot: "Slot", quote: str) -> None:
        self._slot = slot
        self._around = list(islice(_around(places, slot), _MOST_LOOKED_AT))
        self._quotes = Counter(node.style for node in self._around if node.style in _QUOTES)
        self.quote = quote
        if len(self._quotes) == 1:
            self.quote = "'" if '"' in self._quotes else '"'

    def model(self, text: str) -> Node | None:
        """Gives the scalar like which another text is written; None for none.

        Quotes that were there stay, unless they came with the old text. A date that is put back
        stands bare where such ones around do.
        """
        node = self._slot.like
        if self._slot.pattern is not None or node.kind != "scalar":
            return node
        flow, kind = self._slot.is_in_flow, kinds(text)
        has_come = node.style in _QUOTES and self._have_come(node)
        bare = (other for other in self._around if _is_bare(other, kind))
        if kind != ("str", "str") and (has_come or not node.style):
            found = node if _is_bare(node, kind) else next(bare, None)
            if found is not None:
                return found
        if has_come and can_be_plain(text, flow=flow):
            return None
        if node.style == '"' and not is_single_line(node.text) and is_single_line(text):
            return next((other for other in self._around if other.style == self._commonest()), node)
        return node

    def _commonest(self) -> str:
        """Gives the quotes that most texts around have, if they have some."""
        return max(self._quotes, key=lambda quote: self._quotes[quote], default="")

    def _have_come(self, node: Node) -> bool:
        """Tells whether a text has its quotes only because it needs some."""
        if can_be_plain(node.text, flow=self._slot.is_in_flow):
            return False
        if is_single_line(node.text):
            return node.style == self.quote
        idle = sum(
            other.style in _QUOTES and can_be_plain(other.text, flow=self._slot.is_in_flow)
            for other in self._around
        )
        bare = sum(other.is_plain and type(PLAIN[other.text]) is str for other in self._around)
        return bare >= idle


def _is_bare(node: Node, kind: tuple[str, str]) -> bool:
    return node.is_plain and node.tag is None and kinds(node.text) == kind


def _around(places: Places, slot: "Slot") -> Iterator[Node]:
    """Gives the scalars of the same map or list, and those at the same key of other maps."""
    for entry in slot.parent.entries if slot.parent is not None else ():
        if entry.value is not slot.node and entry.value.kind == "scalar":
            yield entry.value
    key = slot.entry.key if slot.entry is not None else None
    if key is not None:
        yield from _at_key(places, slot, key.text)


def _at_key(places: Places, slot: "Slot", key: str) -> Iterator[Node]:
    for root in places.roots():
        for node in root.walk():
            for entry in node.entries if node.kind == "map" else ():
                is_other = node is not slot.parent and entry.value.kind == "scalar"
                if is_other and entry.key is not None and entry.key.text == key:
                    yield entry.value
