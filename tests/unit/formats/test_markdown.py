import pytest

from ingitdb.formats.markdown import Markdown
from ingitdb.model.records import FormatFault, ReadOptions

FORMAT = Markdown()


@pytest.mark.parametrize(
    ("data", "fields", "body", "lines"),
    [
        (b"---\na: 1\nb: no\n---\n\n# T\r\nx", {"a": 1, "b": "no"}, "\n# T\r\nx", [2, 3, 5]),
        (b"---\r\na: 1\r\n---\r\nx\r\n", {"a": 1}, "x\r\n", [2, 4]),
        (b"\xef\xbb\xbf---\na: 1\n---", {"a": 1}, "", [2, 3]),
        (b"+++\na = 1\n+++\nx", {"a": 1}, "x", [2, 4]),
        (b"---\n---\nx\n---\n", {}, "x\n---\n", [3]),
        (b"---\n# c\n---\n", {}, "", [4]),
        (b"---\na: |\n  ---\n---\n", {"a": "---\n"}, "", [2, 5]),
    ],
)
def test_front_matter(data, fields, body, lines):
    document = FORMAT.read(data)
    assert (document.kind, document.front_matter) == ("map", True)
    assert document.value == {**fields, "_content": body}
    assert list(document.lines) == lines


@pytest.mark.parametrize(
    "text", ["", "# T\n---\n", " ---\na: 1\n---\n", "----\n", "--- \n---\n", "x\r\ny"]
)
def test_without_front_matter(text):
    document = FORMAT.read(text.encode())
    assert document.value == {"_content": text}
    assert not document.front_matter


def test_the_field_of_the_body_has_a_name():
    document = FORMAT.read(b"---\n_content: 1\n---\nx", ReadOptions(content_field="body"))
    assert document.value == {"_content": 1, "body": "x"}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("---\na: 1\n", 1, "never closed"),
        ("---", 1, "never closed"),
        ("+++\na = 1\n---\n", 1, "never closed"),
        ("---\na: 1\n_content: x\n---\n", 3, "'_content'"),
        ("---\n- a\n---\n", 2, "must be a map"),
        ("---\na: 1\na: 2\n---\n", 3, "stands twice"),
        ("---\na: b: c\n---\n", 2, "mapping values"),
        ("+++\na = 1\nb = \n+++\n", 3, "invalid value"),
    ],
)
def test_faults_tell_the_line_of_the_file(text, line, said):
    with pytest.raises(FormatFault) as caught:
        FORMAT.read(text.encode())
    assert said in caught.value.message
    assert caught.value.line == line
