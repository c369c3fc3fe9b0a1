"""Each format against an independent reader, and against anything."""

import csv
import datetime as dt
import io
import json
import tomllib

import orjson
import pytest
import ruamel.yaml
import tomli_w
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from ingitdb.formats import registry
from ingitdb.formats.cells import typed
from ingitdb.formats.yaml_scalars import PLAIN
from ingitdb.model.records import FormatFault, ReadOptions, Spelled

MARKUP = st.text(alphabet=" \n\r\t-:#'\"[]{},&*!|>%@`?.=+01eaé\u2028\x85~<\\$;", max_size=80)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe"))
TEXTS = WORDS | st.text(alphabet="-:#'\"[]{},&*!|>%@ ab01e.~", max_size=12)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(bool), inner, max_size=4)
    ),
    max_leaves=12,
)


def bare(value):
    """Takes the source text off a value."""
    if isinstance(value, Spelled):
        return value.value
    if isinstance(value, list):
        return [bare(item) for item in value]
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items()}
    return value


def attempt(read):
    """Gives what is read, or the fault."""
    try:
        return read()
    except FormatFault as fault:
        return fault


def same(left, right):
    """Compares values with their types; the sign of a zero counts too."""
    return repr(bare(left)) == repr(bare(right))


@pytest.mark.parametrize("name", registry.BUILT_IN)
@given(
    data=st.binary(max_size=200) | MARKUP.map(str.encode) | MARKUP.map(lambda t: t.encode("utf-16"))
)
def test_anything_is_read_or_a_fault(name, data):
    form = registry.by_name(name)
    found = attempt(lambda: form.read(data))
    if isinstance(found, FormatFault):
        assert found.message.endswith(".")
        assert found.line >= 0
    else:
        assert found.kind in {"map", "list", "rows", "empty", "other"}
    chunks = form.split(data)
    for chunk in chunks.items if chunks else ():
        found = attempt(lambda chunk=chunk: form.read_chunk(chunk, chunks))
        if isinstance(found, FormatFault):
            assert found.line == 0 or found.line >= chunk.line


@given(VALUES)
def test_yaml_is_what_ruamel_wrote(value):
    assume(all(mark not in repr(value) for mark in ("\\x85", "\\u2028", "\\u2029")))
    writer = ruamel.yaml.YAML(typ="rt", pure=True)
    writer.width = 80
    buffer = io.BytesIO()
    writer.dump({"k": value}, buffer)
    assert same(registry.by_name("yaml").read(buffer.getvalue()).value, {"k": value})


@given(VALUES, st.sampled_from(["'", '"', "|", ">"]), st.booleans(), st.integers(20, 100))
def test_yaml_is_what_pyyaml_wrote(value, style, flow, width):
    text = yaml.dump(
        {"k": value}, default_style=style, default_flow_style=flow, width=width, sort_keys=False
    )
    assert same(registry.by_name("yaml").read(text.encode()).value, {"k": value})


@given(st.text(alphabet="0123456789+-.eExo_nailftruNFT~:", max_size=8))
def test_plain_scalars_are_ruamel_s_but_for_leading_zeros_and_dates(text):
    assume(not text.lstrip("+-").startswith("0") or text in {"0", "0.0", "0x1F", "0o17"})
    resolver = ruamel.yaml.YAML(typ="safe", pure=True).resolver
    tag = str(resolver.resolve(ruamel.yaml.ScalarNode, text, (True, False)))
    kind = tag.rpartition(":")[2]
    found = bare(PLAIN[text])
    assume("_" not in text and kind != "timestamp" and text not in {"", "."})
    expected = {"int": int, "float": float, "bool": bool, "null": type(None)}.get(kind, str)
    if expected is float and found == text:
        assert float(text) in {float("inf"), float("-inf")}
    elif not (expected is str and isinstance(found, float)):
        assert type(found) is expected, (text, kind, found)


@given(VALUES, st.booleans(), st.booleans(), st.sampled_from([None, 0, 2]))
def test_json_is_what_was_written(value, ascii_only, sort, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, sort_keys=sort, indent=indent)
    document = registry.by_name("json").read(text.encode())
    assert same(document.value, json.loads(text))
    assert len(document.lines) == (len(value) if isinstance(value, list | dict) else 0)


NUMERALS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?", fullmatch=True
)


@given(st.lists(NUMERALS, min_size=1), st.sampled_from([",", ", ", " ,\n"]))
def test_json_numbers_are_exact(numerals, comma):
    text = f"[{comma.join(numerals)}]"
    found = registry.by_name("json").read(text.encode()).value
    for value, numeral in zip(found, numerals, strict=True):
        source = value.text if isinstance(value, Spelled) else str(value)
        assert source == numeral
        expected = json.loads(numeral)
        assert bare(value) == expected or (value == numeral and abs(expected) == float("inf"))


@given(st.text(alphabet='{}[]":,a\\u0022 1.50\n', max_size=40) | st.text(alphabet='{"a":1,} \n'))
def test_json_is_refused_where_another_reader_refuses_it_or_a_key_stands_twice(text):
    def pairs(found):
        if len(dict(found)) < len(found):
            raise KeyError
        return dict(found)

    def refuse(word):
        raise ValueError(word)

    try:
        expected = json.loads(text, object_pairs_hook=pairs, parse_constant=refuse)
        orjson.dumps(str(expected))
    except (ValueError, KeyError):
        if text.strip():
            with pytest.raises(FormatFault):
                registry.by_name("json").read(text.encode())
    else:
        assert same(registry.by_name("json").read(text.encode()).value, expected)


CELLS = st.text(alphabet='ab1,;"\n\r\t .-', max_size=6)


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1), st.sampled_from(["\n", "\r\n"])
)
def test_cells_are_what_was_written(rows, end):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator=end).writerows([["a", "b"], *rows])
    options = ReadOptions(typed_cells=False)
    document = registry.by_name("csv").read(buffer.getvalue().encode(), options)
    assert document.value == [{"a": a or None, "b": b or None} for a, b in rows]


@given(st.text(alphabet="0123456789.-+:TZ truefals", min_size=1, max_size=24))
def test_the_text_of_a_cell_can_be_had_again(text):
    value = typed(text)
    if isinstance(value, Spelled):
        assert value.text == text
    elif isinstance(value, bool):
        assert str(value).lower() == text
    elif isinstance(value, dt.date):
        assert value.isoformat() == text
    else:
        assert str(value) == text


KEYS = st.text(alphabet="ab.-_ é\"'", min_size=1, max_size=5)
TABLES = st.dictionaries(
    KEYS,
    st.recursive(
        st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | WORDS
        | st.dates()
        | st.floats(allow_nan=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@given(TABLES)
def test_toml_is_what_was_written(value):
    text = tomli_w.dumps(value, multiline_strings=True)
    document = registry.by_name("toml").read(text.encode())
    assert same(document.value or {}, tomllib.loads(text))
    for key, line in zip(document.value or (), document.lines, strict=True):
        assert line == 0 or key.replace('"', '\\"') in text.split("\n")[line - 1]


@given(st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), TEXTS, max_size=3), MARKUP)
def test_the_body_of_markdown_stays_as_it_is(fields, body):
    matter = json.dumps(fields, ensure_ascii=False)
    document = registry.by_name("markdown").read(f"---\n{matter}\n---\n{body}".encode())
    assert document.value == {**fields, "_content": body}
