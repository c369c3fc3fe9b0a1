"""What is cut and read in parts equals what is read as a whole, lines and faults included."""

import csv
import io
import json

import pytest
import ruamel.yaml
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ingitdb.formats import registry
from ingitdb.model.records import FormatFault

LIST_LINES = [
    *("- a", '- "x', '  y"', 'y"', "- b'", "- 'it''s", "- ''", "- [a,", "  b]", '- [a, "b"]'),
    *('- {a: "b"}', "- &x 1", "- *x", "# c", "", "  # c", "- |", "- |+", "- >-", "   text"),
    *('  "', "- '", "- - a", "  - b", "- !!str 1", '- a: "b', "    c: d", "- a: b", '  c: "d"'),
    *("-", "- ? x", "  : y", '- "a\\"b"', '- "a\\', "- 'x' # \"c\",", "- it's", "- see [1] and {2"),
    *("- [", "- ]", "---", "...", "- !t", "- &y", "- a &x b *y", " - a", "- ''' x", "- 'a ''"),
    *("- [a 'b, c]", '- [a "b, "c], d", e', '- "a: b": c', "- k: [1,2", '- a:"b', "- x\r"),
]
MAP_LINES = [
    *("a: 1", 'b: "x', '  y"', "b1: c", "c: [a,", "  b]", "d: {a: b}", "e: |", "  text", "f: >+"),
    *("g:", "- x", '- "y', "  z: 1", '"h": 1', "'i': 2", "j: ''", "k : 2", "l: &x 1", "m: *x"),
    *("# c", "", 'n: "a', 'b: c"', "? o", ": p", "---", "q r: s", "t: it's", "null: 1", "~: 3"),
    *("<<: {a: 1}", 'u: see "this', "w: [", "x: ]", "  - a", "y: !!str", "aa: - b", "a: 2"),
    *('"a": 3', 'gg: a:"b"', "hh: |1", "   more", 'mm: {"a":"b"}', 'nn: {"a":"b', '  c"}'),
]
YAML_LINES = (
    st.lists(st.sampled_from(LIST_LINES), max_size=7)
    | st.lists(st.sampled_from(MAP_LINES), max_size=7)
    | st.lists(st.sampled_from(LIST_LINES + MAP_LINES), max_size=7)
)
TEXTS = st.text(alphabet="ab \n'\"#:-[]{}&*,é", max_size=30)
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
ROOTS = st.lists(VALUES, min_size=1, max_size=4) | st.dictionaries(
    st.from_regex("[a-zA-Z][a-z 0-9]{0,4}", fullmatch=True), VALUES, min_size=1, max_size=4
)


def outcome(read):
    """Gives kind, items and lines; None for a fault."""
    try:
        documents = read()
    except FormatFault:
        return None
    items = []
    for document in documents:
        value = document.value
        items.extend(value.items() if isinstance(value, dict) else value)
    return {d.kind for d in documents}, repr(items), [n for d in documents for n in d.lines]


def check(form, data):
    """Compares the parts with the whole; tells whether the file was cut."""
    chunks = form.split(data)
    if chunks is None:
        return False
    parts = outcome(lambda: [form.read_chunk(chunk, chunks) for chunk in chunks.items])
    whole = outcome(lambda: [form.read(data)])
    if chunks.items:
        assert parts == whole, data
    else:
        assert whole[1:] == ("[]", [])
    return True


@settings(max_examples=500)
@given(YAML_LINES, st.sampled_from(["", "---\n", "# lead\n\n"]), st.sampled_from(["\n", "\r\n"]))
def test_lines_of_yaml(lines, lead, end):
    check(registry.by_name("yaml"), (lead + end.join(lines)).encode())
    check(registry.by_name("yaml"), (lead + end.join([*lines, ""])).encode())


@given(
    ROOTS, st.sampled_from([None, "'", '"', "|", ">"]), st.sampled_from([None, False]), st.data()
)
def test_yaml_with_comments_between_items(root, style, flow, data):
    text = yaml.dump(
        root,
        default_style=style,
        default_flow_style=flow,
        width=data.draw(st.integers(15, 80)),
        indent=data.draw(st.integers(2, 4)),
        allow_unicode=data.draw(st.booleans()),
        line_break=data.draw(st.sampled_from(["\n", "\r\n"])),
    )
    lines = []
    for line in text.split("\n"):
        if line[:1] not in {" ", "\r", ""}:
            lines.extend(
                data.draw(st.lists(st.sampled_from(["", "# it's", '# "', "  # ["]), max_size=2))
            )
        lines.append(line)
    check(registry.by_name("yaml"), "\n".join(lines).encode())
    check(registry.by_name("yaml"), text.encode())


@given(ROOTS, st.integers(20, 80))
def test_yaml_of_another_writer(root, width):
    writer = ruamel.yaml.YAML(typ="rt", pure=True)
    writer.width = width
    buffer = io.BytesIO()
    writer.dump(root, buffer)
    check(registry.by_name("yaml"), buffer.getvalue())


def test_plain_yaml_is_cut():
    for root in ([{"a": "it's", "b": ["x", "'y'"]}, [2]], {"k": {"a": "12"}, "l": [1, None]}):
        assert check(registry.by_name("yaml"), yaml.safe_dump(root).encode())


@given(ROOTS, st.sampled_from([None, 0, 2]), st.sampled_from(["", "\n", " \n"]))
def test_json(root, indent, around):
    text = around + json.dumps(root, indent=indent) + around
    assert check(registry.by_name("json"), text.encode())


@given(st.text(alphabet='{}[]":,ab\\ 1.50\n', max_size=40))
def test_json_of_any_kind(text):
    check(registry.by_name("json"), text.encode())
    check(registry.by_name("jsonl"), text.encode())


@pytest.mark.parametrize("name", ["csv", "tsv"])
@given(st.text(alphabet="ab,;\t\"'\n\r 1", max_size=40))
def test_cells_of_any_kind(name, text):
    check(registry.by_name(name), text.encode())


CELLS = st.text(alphabet='ab1,;"\n\r\t', max_size=6)


@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=3), min_size=2), st.sampled_from([",", ";", "\t"])
)
def test_written_cells(rows, delimiter):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    check(registry.by_name("csv"), buffer.getvalue().encode())
