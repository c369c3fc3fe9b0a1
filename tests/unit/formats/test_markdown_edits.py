from datetime import date

import pytest

from ingitdb.formats.edits.editing import edited, written
from ingitdb.formats.edits.markdown_edits import MarkdownEditor
from ingitdb.model.edits import EditFault, Insert, Put, Remove
from ingitdb.model.records import FormatFault, ReadOptions

BODY = ("_content",)


FIELDS = [
    ("---\na: 'x'\n---\n", [Put(place=("a",), value="y")], "---\na: 'y'\n---\n"),
    ("---\na: 1\n---\nx", [Insert(place=("b",), value=[1])], "---\na: 1\nb:\n  - 1\n---\nx"),
    (
        "+++\na = 1 # c\nd = 2024-01-31\n+++\nx",
        [Put(place=("d",), value=date(2020, 1, 2)), Insert(place=("b",), value="y")],
        '+++\na = 1 # c\nd = 2020-01-02\nb = "y"\n+++\nx',
    ),
    ("+++\na = 1\n+++\nx", [Remove(place=("a",))], "+++\n+++\nx"),
    ("---\n# c\na: 1\n---\nx", [Remove(place=("a",))], "---\n# c\n---\nx"),
    ("---\na: 1\nb: 2\n---\nx", [Remove(place=("a",))], "---\nb: 2\n---\nx"),
    ("---\na: {}\n---\nx", [Remove(place=("a",))], "---\n---\nx"),
    ("---\n---\nx", [Insert(place=("a",), value="q\nr\n")], "---\na: |\n  q\n  r\n---\nx"),
    ("+++\n+++\nx", [Insert(place=("a",), value={"b": 1})], "+++\n[a]\nb = 1\n+++\nx"),
    ("# T\n", [Insert(place=("a",), value=1)], "---\na: 1\n---\n# T\n"),
    ("---\na: 1\n---", [Put(place=("a",), value=2)], "---\na: 2\n---"),
    (
        '+++\na = """x"""\n+++\nx',
        [Put(place=("a",), value="p\n+++\n")],
        '+++\na = """p\n\\u002B++\n"""\n+++\nx',
    ),
]
BODIES = [
    (
        "---\na: 1 # c\nb: no\n---\n\n# T\r\nx",
        [Put(place=("a",), value=2), Put(place=BODY, value="new\r\n")],
        "---\na: 2 # c\nb: no\n---\nnew\r\n",
    ),
    ("", [Insert(place=("a",), value=1)], "---\na: 1\n---\n"),
    ("# T", [Put(place=BODY, value="x\r\ny")], "x\r\ny"),
    ("# T\n", [Put(place=BODY, value="")], ""),
    ("# T\n", [Put(place=BODY, value="---\nx\n")], "---\n---\n---\nx\n"),
    ("x", [Put(place=BODY, value="+++")], "---\n---\n+++"),
    ("x", [Put(place=BODY, value="\ufeffy")], "---\n---\n\ufeffy"),
    (
        "x",
        [Insert(place=("a",), value=1), Put(place=BODY, value="---\ny")],
        "---\na: 1\n---\n---\ny",
    ),
    ("---\na: 1\n---", [Put(place=BODY, value="x")], "---\na: 1\n---\nx"),
    (
        "---\na: 1 # c\nb: 2\n---\nx",
        [Put(place=(), value={"a": 1, "_content": "y", "c": 3})],
        "---\na: 1 # c\nc: 3\n---\ny",
    ),
]


@pytest.mark.parametrize(("before", "edits", "after"), FIELDS)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_fields_have_the_line_ends_and_encoding_of_the_file(
    before, edits, after, line_break, encoding
):
    data = before.replace("\n", line_break).encode(encoding)
    made = edited("markdown", data, edits)
    assert made == after.replace("\n", line_break).encode(encoding)


@pytest.mark.parametrize(("before", "edits", "after"), BODIES)
def test_a_body_has_the_line_ends_of_its_value(before, edits, after):
    assert edited("markdown", before.encode(), edits) == after.encode()


@pytest.mark.parametrize("text", ["---", "a\n---\nb", "---\n"])
@pytest.mark.parametrize("quote", ["'", '"', ""])
def test_a_field_never_closes_the_front_matter(text, quote):
    data = f"---\na: {quote}x{quote}\nb: |\n  x\n---\nbody".encode()
    edits = [Put(place=("a",), value=text), Put(place=("b",), value=text)]
    made = edited("markdown", data, [*edits, Insert(place=("c",), value=[text])])
    assert made.endswith(b"\n---\nbody")


@pytest.mark.parametrize("body", ["", "x", "\n\n# T\r\n", "---\na: 1\n---\n", "+++\n"])
@pytest.mark.parametrize("before", ["a\n", "---\na: 1\n---\n\nx\n", "+++\r\na = 1\r\n+++\r\nx"])
def test_a_body_is_written_as_it_stands_and_back(before, body):
    old = before.rpartition("---\n")[2].rpartition("+++\r\n")[2]
    made = edited("markdown", before.encode(), [Put(place=BODY, value=body)])
    assert made.decode().endswith(body)
    if before.startswith(("---", "+++")):
        assert edited("markdown", made, [Put(place=BODY, value=old)]) == before.encode()


@pytest.mark.parametrize("before", ["---\na: 1\n---\nx", "+++\r\n# c\r\na = 1\r\n\r\n+++\r\n"])
def test_a_field_comes_and_goes(before):
    made = edited("markdown", before.encode(), [Insert(place=("b",), value="y")])
    assert made != before.encode()
    assert edited("markdown", made, [Remove(place=("b",))]) == before.encode()


def test_what_is_there_already_stays():
    text = b"---\na:   'x'\n---\nbody"
    edits = [Put(place=("a",), value="x"), Put(place=BODY, value="body")]
    assert edited("markdown", text, edits) == text
    assert MarkdownEditor().edit(text, []) == text


def test_the_field_of_the_body_has_a_name():
    options = ReadOptions(content_field="text")
    edits = [Put(place=("text",), value="y"), Put(place=BODY, value=2)]
    made = edited("markdown", b"---\n_content: 1\n---\nx", edits, options)
    assert made == b"---\n_content: 2\n---\ny"
    assert written("markdown", {"a": 1, "text": "x"}, options) == b"---\na: 1\n---\nx"


@pytest.mark.parametrize(
    ("edit", "said", "line"),
    [
        (Remove(place=BODY), "The body of a Markdown file can be empty, but not removed.", 0),
        (Put(place=BODY, value=1), "The body of a Markdown file, the field '_content', must", 0),
        (Put(place=(), value="x"), "A Markdown file holds a map.", 0),
        (Put(place=("a",), value=None), "TOML has no null: remove the field.", 2),
    ],
)
def test_what_a_file_cannot_hold(edit, said, line):
    with pytest.raises(EditFault) as fault:
        edited("markdown", b"+++\na = 1\n+++\nx", [edit])
    assert fault.value.message.startswith(said)
    assert fault.value.line == line


def test_a_file_that_cannot_be_read():
    with pytest.raises(FormatFault):
        MarkdownEditor().edit(b"---\na: 1\n", [Put(place=("a",), value=2)])


@pytest.mark.parametrize(
    ("value", "like", "made"),
    [
        ({"_content": "x"}, None, "x"),
        ({"_content": "---\nx"}, None, "---\n---\n---\nx"),
        ({"a": [1, {"b": 2}], "_content": ""}, None, "---\na:\n  - 1\n  - b: 2\n---\n"),
        (
            {"a": 1, "_content": "b", "t": "x"},
            "---\r\nt: 'q'\r\na: 2\r\n---\r\nold",
            "---\r\nt: 'x'\r\na: 1\r\n---\r\nb",
        ),
        ({"a": 1, "_content": "b", "t": "x"}, "+++\nt='q'\na=2\n+++\n", "+++\nt='x'\na=1\n+++\nb"),
        ({"_content": "b"}, "+++\nt='q'\n+++\n", "+++\n+++\nb"),
        ({"a": "x", "_content": "b\n"}, "no\r\n", "---\r\na: x\r\n---\r\nb\n"),
        ({"a": 1, "_content": "b"}, "---\n---", "---\na: 1\n---\nb"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_new_file(value, like, made, encoding):
    pattern = None if like is None else like.encode(encoding)
    encoding = "utf-8" if like is None else encoding
    assert written("markdown", value, like=pattern) == made.encode(encoding)


@pytest.mark.parametrize(
    ("value", "said"),
    [([1], "holds a map"), ({"a": 1}, "must be a text"), ({"_content": None}, "must be a text")],
)
def test_a_new_file_needs_a_body(value, said):
    with pytest.raises(EditFault, match=said):
        written("markdown", value)
