"""Takes members out of the maps and lists of a JSON text and puts others in, with their commas."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from ingitdb.formats.edits.json_nodes import Container, break_in
from ingitdb.formats.edits.splices import Change


def membership_changes(
    container: Container,
    removed: Collection[int],
    inserted: Mapping[int, Sequence[str]],
    *,
    comma: str,
    empty: str,
) -> Iterator[Change[bytes]]:
    """Gives what is to be written for members that go or come.

    A member that comes where one goes stands in the same place. What goes takes its lines along,
    with the blank lines before it if it was the last; blank lines and blanks elsewhere stay.

    Args:
        container: A map or a list that has members.
        removed: The positions of those that go.
        inserted: The texts of those that come, by the position before which they do.
        comma: What stands after a comma within a line, where the container does not show it.
        empty: What stands inside the brackets when there is no member any more.
    """
    count = len(container.members)
    if len(removed) == count and not any(inserted.values()):
        yield container.start + 1, container.end - 1, empty.encode()
        return
    left = -1
    gone: list[int] = []
    come: list[str] = []
    for at in range(count + 1):
        come += inserted.get(at, ())
        if at in removed:
            gone.append(at)
            continue
        if gone or come:
            yield from _gap(container, left, gone, come, comma)
            gone, come = [], []
        left = at


def _gap(
    container: Container, left: int, gone: Sequence[int], come: Sequence[str], comma: str
) -> Iterator[Change[bytes]]:
    """Gives the changes behind a member that stays, -1 for the opening bracket."""
    both = min(len(gone), len(come))
    for at, text in zip(gone, come, strict=False):
        member = container.members[at]
        yield member.start, member.end, text.encode()
        left = at
    if gone[both:]:
        yield _removal(container, left, gone[-1])
    elif come[both:]:
        yield _insertion(container, left, come[both:], comma)


def _removal(container: Container, left: int, last: int) -> Change[bytes]:
    """Takes out the members after one up to another."""
    members = container.members
    if last + 1 == len(members):
        return members[left].end, members[last].end, b""
    start = container.start + 1 if left < 0 else container.comma(left) + 1
    before, after = container.lead(left + 1), container.lead(last + 1)
    own, its = break_in(before), break_in(after)
    if own is not None and its is not None:
        lead = before.removesuffix(own) + after
    elif own is not None or left < 0:
        lead = before
    else:
        lead = after
    return start, members[last + 1].start, lead.encode()


def _insertion(container: Container, left: int, texts: Sequence[str], comma: str) -> Change[bytes]:
    """Puts members after one, or before the first."""
    members = container.members
    count = len(members)
    if left < 0:
        lead, tail = _after_first(container, comma), container.tail(0) if count > 1 else ""
        position, text = members[0].start, "".join(f"{text}{tail},{lead}" for text in texts)
    elif left + 1 < count:
        lead, tail = _after_comma(container, left + 1, comma), container.tail(left)
        position = container.comma(left) + 1
        text = "".join(f"{lead}{text}{tail}," for text in texts)
    else:
        lead = _after_comma(container, left, comma)
        tail = container.tail(left - 1) if count > 1 else ""
        position, text = members[left].end, "".join(f"{tail},{lead}{text}" for text in texts)
    return position, position, text.encode()


def _after_comma(container: Container, at: int, comma: str) -> str:
    """Gives the blanks to write between a comma and a new member, like those before a member."""
    lead = container.lead(at)
    return break_in(lead) or (lead if at else comma)


def _after_first(container: Container, comma: str) -> str:
    """Gives the blanks to write before the member that was the first."""
    if container.is_longer:
        is_comma_first = break_in(container.tail(0)) and not break_in(container.lead(1))
        if is_comma_first or not break_in(container.lead(0)):
            return _after_comma(container, 1, comma)
    return _after_comma(container, 0, comma)
