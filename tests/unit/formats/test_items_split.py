"""The items of a cut file are chunks like any others."""

import pytest

from ingitdb.formats.items_split import Items
from ingitdb.formats.registry import by_name
from ingitdb.model.records import Chunk

CHUNKS = [Chunk(line=1, data=b"1"), Chunk(line=3, data=b"[2]"), Chunk(line=4, data=b'"x"')]


@pytest.mark.parametrize(
    "items",
    [Items.of(CHUNKS), by_name("jsonl").split(b'1\n \n[2]\r\n"x"\n').items],
    ids=["of chunks", "of lines"],
)
def test_items(items: Items) -> None:
    assert list(items) == CHUNKS
    assert items[1:] == CHUNKS[1:]
    assert items[-1] == CHUNKS[-1]
    assert (items.texts, items.lines) == ([b"1", b"[2]", b'"x"'], [1, 3, 4])
    assert Items.of(items) is items


def test_no_items() -> None:
    assert list(by_name("jsonl").split(b"\n\n").items) == []
    assert list(by_name("json").split(b"[ ]").items) == []
