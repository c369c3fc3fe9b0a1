import pytest

from ingitdb.formats.yaml import Yaml
from ingitdb.model.records import FormatFault

FORMAT = Yaml()


def texts(text):
    chunks = FORMAT.split(text.encode())
    return chunks and [chunk.data.decode() for chunk in chunks.items]


def test_a_list_is_cut_at_its_items():
    text = "# lead\n---\n- a: 1\n  b: 'x'\n# of c\n- c: |+\n    y\n\n- - d\n"
    chunks = FORMAT.split(text.encode())
    assert chunks.kind == "list"
    assert texts(text) == ["- a: 1\n  b: 'x'\n# of c\n", "- c: |+\n    y\n\n", "- - d\n"]
    assert [chunk.line for chunk in chunks.items] == [3, 6, 9]
    read = [FORMAT.read_chunk(chunk, chunks) for chunk in chunks.items]
    assert [document.value for document in read] == [
        [{"a": 1, "b": "x"}],
        [{"c": "y\n\n"}],
        [["d"]],
    ]
    assert [list(document.lines) for document in read] == [[3], [6], [9]]


def test_a_map_is_cut_at_its_entries():
    text = "A:\n- x: 1\n\"b c\":\n  y: {a: b}\n'd': \nlast : 2"
    chunks = FORMAT.split(text.encode())
    assert chunks.kind == "map"
    values = [FORMAT.read_chunk(chunk, chunks).value for chunk in chunks.items]
    assert values == [{"A": [{"x": 1}]}, {"b c": {"y": {"a": "b"}}}, {"d": None}, {"last": 2}]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only\n",
        "text\n",
        " - a\n",
        "[a, b]\n",
        "- a\nb: c\n",
        "- a\n---\n- b\n",
        "- a\n...\n",
        "%YAML 1.2\n---\n- a\n",
        '- "a\n- b"\n',
        "- 'a\n- b'\n",
        "- 'it''s\n- b'\n",
        "- [a,\n- b]\n",
        "- &x a\n- *x\n",
        "-\ta\n",
        "- a\r- b\n",
        "- 'a\u2028'\n",
        "a: 1\na: 2\n",
        "a: 1\n'a': 2\n",
        'a: "x\nb: y"\n',
        "a: [b,\nc: d]\n",
        "? a\n: b\n",
        "a: 1\n<<: {b: 2}\n",
        "Null: 1\n",
        "a: 1\n-b: 2\n",
        "a: x\nb\n",
        "\ufeff\ufeffa: 1\n",
    ],
)
def test_what_is_unusual_is_not_cut(text):
    assert texts(text) is None


@pytest.mark.parametrize(
    "text",
    ["- ''\n- \"\"\n", "- 'a '\n- b\n", "- [1]\n- [[1], {a: 'b'}]\n", "- a & b *c*\n- it's\n"],
)
def test_what_only_looks_unusual_is_cut(text):
    assert len(texts(text)) == 2


def test_text_that_cannot_be_decoded_is_not_cut():
    assert FORMAT.split(b"- \xff\n") is None


def test_a_byte_order_mark_is_left_out():
    chunks = FORMAT.split("- é\n- b\n".encode("utf-16"))
    assert [chunk.data.decode() for chunk in chunks.items] == ["- é\n", "- b\n"]


def test_a_fault_in_a_chunk_tells_the_line_of_the_file():
    chunks = FORMAT.split(b"- a\n- b:\n    c: d: e\n")
    with pytest.raises(FormatFault) as caught:
        FORMAT.read_chunk(chunks.items[1], chunks)
    assert (caught.value.line, caught.value.column) == (3, 9)
