"""What edits of a JSON value come to in its text; only values that edits lie in are looked into."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ingitdb.formats.edits.changed_values import same
from ingitdb.formats.edits.json_gaps import membership_changes
from ingitdb.formats.edits.json_nodes import Container, container, indent_at, line_at
from ingitdb.formats.edits.json_spelling import MOST_MODELS, Speller
from ingitdb.formats.edits.splices import Change
from ingitdb.formats.json_values import read_value
from ingitdb.model.edits import Edit, EditFault, Insert, Put, Remove, Step
from ingitdb.model.records import Spelled, Value


class ValueChanges:
    """The changes for edits of one value.

    Args:
        raw: The text that the value is part of, in UTF-8.
        speller: Writes new values.
        outer: The steps of a place that lead to the value itself.
    """

    def __init__(self, raw: bytes, speller: Speller, *, outer: int = 0) -> None:
        self._raw = raw
        self._speller = speller
        self._outer = outer

    def of(
        self, start: int, end: int, edits: Sequence[Edit], *, broken: bool | None = None
    ) -> Iterator[Change[bytes]]:
        """Gives the changes for a value.

        Args:
            start: Where it begins.
            end: Where it ends.
            edits: Edits of it or of what lies in it.
            broken: Whether to break new containers over lines, if that is known.

        Raises:
            EditFault: An edit cannot be made.
        """
        if all(len(edit.place) == self._outer for edit in edits):
            (edit,) = edits
            if not isinstance(edit, Put):
                raise EditFault(
                    "A whole value can only be replaced.", line=line_at(self._raw, start)
                )
            yield from self._put(start, end, edit.value, self._outer, broken=broken)
        else:
            yield from self._inside(start, end, edits, self._outer, broken=broken)

    def _inside(
        self, start: int, end: int, edits: Sequence[Edit], at: int, *, broken: bool | None
    ) -> Iterator[Change[bytes]]:
        """Gives the changes in a container that `at` steps of the edits' places lead to."""
        node = container(self._raw, start, end)
        if node is None:
            yield self._grown(start, end, edits, at, broken=broken)
            return
        come: dict[int, list[Insert]] = {}
        gone: set[int] = set()
        below: dict[int, list[Edit]] = {}
        for edit in edits:
            step, is_last = edit.place[at], len(edit.place) == at + 1
            if isinstance(edit, Insert) and is_last:
                come.setdefault(self._new_position(node, step), []).append(edit)
            elif isinstance(edit, Remove) and is_last:
                gone.add(self._position(node, step))
            else:
                below.setdefault(self._position(node, step), []).append(edit)
        for position, found in below.items():
            yield from self._below(node, position, found, at + 1)
        if come and not node.members:
            yield self._filled(node, come[0], at, broken=broken)
        elif come or gone:
            yield from self._members(node, come, gone, at)

    def _below(
        self, node: Container, position: int, edits: Sequence[Edit], at: int
    ) -> Iterator[Change[bytes]]:
        """Gives the changes for a member that edits are about or lie in."""
        member = node.members[position]
        broken = None if node.is_broken else False
        first = edits[0]
        if len(first.place) > at:
            yield from self._inside(member.value, member.end, edits, at, broken=broken)
        elif isinstance(first, Put):
            near = self._near(node, position) if isinstance(first.value, dict | list) else ()
            yield from self._put(
                member.value, member.end, first.value, at, broken=broken, near=near
            )

    def _put(
        self,
        start: int,
        end: int,
        value: Value,
        at: int,
        *,
        broken: bool | None,
        near: Sequence[Container] = (),
    ) -> Iterator[Change[bytes]]:
        """Gives the change for another value, in the layout of the old one."""
        text = self._raw[start:end]
        if _stays(text, value):
            return
        old = container(self._raw, start, end)
        if old is not None and old.members:
            near, broken = [old], old.is_broken
        made = self._spelled(value, start, at, models=near, broken=broken)
        yield start, end, made.encode()

    def _grown(
        self, start: int, end: int, edits: Sequence[Edit], at: int, *, broken: bool | None
    ) -> Change[bytes]:
        """Gives the change for the first entries of a map where null stands."""
        value = new_map(edits, at) if self._raw[start:end] == b"null" else None
        if value is None:
            message = f"There is nothing at {edits[0].place[at]!r}: this is no map and no list."
            raise EditFault(message, line=line_at(self._raw, start))
        made = self._spelled(value, start, at, broken=broken)
        return start, end, made.encode()

    def _filled(
        self, node: Container, come: Sequence[Insert], at: int, *, broken: bool | None
    ) -> Change[bytes]:
        """Gives the change for the first members of an empty container."""
        value = new_map(come, at) if node.is_map else [edit.value for edit in come]
        made = self._spelled(value, node.start, at, broken=broken)
        return node.start, node.end, made.encode()

    def _members(
        self, node: Container, come: dict[int, list[Insert]], gone: set[int], at: int
    ) -> Iterator[Change[bytes]]:
        """Gives the changes for members that come or go."""
        texts = {
            position: [self._member(node, position, edit, at) for edit in edits]
            for position, edits in come.items()
        }
        return membership_changes(
            node,
            gone,
            texts,
            comma=self._speller.style.comma,
            empty=self._speller.emptied(node.indent, broken=node.is_broken),
        )

    def _member(self, node: Container, position: int, edit: Insert, at: int) -> str:
        """Gives the text of a new member, with its key if it has one."""
        beside = node.members[max(position - 1, 0)]
        text = self._spelled(
            edit.value,
            beside.start,
            at + 1,
            models=self._near(node, position - 1) if isinstance(edit.value, dict | list) else (),
            broken=None if node.is_broken else False,
        )
        if not node.is_map:
            return text
        return self._speller.key(edit.place[at]) + self._speller.colon(node) + text

    def _spelled(
        self,
        value: Value,
        position: int,
        at: int,
        *,
        models: Sequence[Container] = (),
        broken: bool | None,
    ) -> str:
        """Gives the text of a value for the line on which a position lies."""
        base, depth = indent_at(self._raw, position), at - self._outer
        try:
            return self._speller.value(value, depth=depth, base=base, models=models, broken=broken)
        except EditFault as fault:
            raise EditFault(fault.message, line=line_at(self._raw, position)) from None

    def _near(self, node: Container, position: int) -> list[Container]:
        """Gives the maps and lists at a position and around it, the nearest first.

        In a map they are only a model of another one where all are of the same kind.
        """
        around = sorted(
            range(max(position - MOST_MODELS, 0), min(position + MOST_MODELS, len(node.members))),
            key=lambda at: abs(at - position),
        )
        children = [node.child(at) for at in around]
        found = [child for child in children if child is not None]
        kinds = {None if child is None else child.is_map for child in children}
        if node.is_map and len(kinds) > 1:
            return []
        return found[:MOST_MODELS]

    def _position(self, node: Container, step: Step) -> int:
        """Gives the position of a member that is there."""
        if node.is_map and isinstance(step, str):
            found = node.positions.get(step)
        else:
            is_there = isinstance(step, int) and 0 <= step < len(node.members)
            found = step if isinstance(step, int) and is_there and not node.is_map else None
        if found is None:
            raise EditFault(f"There is nothing at {step!r}.", line=line_at(self._raw, node.start))
        return found

    def _new_position(self, node: Container, step: Step) -> int:
        """Gives the position before which a new member comes."""
        count = len(node.members)
        if node.is_map and isinstance(step, str):
            if step not in node.positions:
                return count
            raise EditFault(f"{step!r} is there already.", line=line_at(self._raw, node.start))
        if node.is_map or not isinstance(step, int) or not 0 <= step <= count:
            message = f"Nothing can be inserted at {step!r}."
            raise EditFault(message, line=line_at(self._raw, node.start))
        return step


def new_map(edits: Sequence[Edit], at: int) -> dict[str, Value] | None:
    """Gives the map that edits make of nothing; None where they ask for what is not there."""
    found: dict[str, Value] = {}
    for edit in edits:
        key = edit.place[at] if len(edit.place) == at + 1 else None
        if not isinstance(edit, Insert) or not isinstance(key, str) or key in found:
            return None
        found[key] = edit.value
    return found


def _stays(text: bytes, value: Value) -> bool:
    """Tells whether a value is what stands there already, in its own spelling if it has one."""
    if isinstance(value, dict | list):
        return text[:1] in (b"{", b"[") and same(read_value(text), value)
    if text[:1] in (b"{", b"["):
        return False
    if isinstance(value, Spelled):
        return text.decode() == value.text
    if isinstance(value, Decimal):
        return text.decode() == str(value)
    old = read_value(text)
    if isinstance(value, float) and value == 0:
        old = old.value if isinstance(old, Spelled) else old
        return repr(old) == repr(value)
    return same(old, value)
