"""A data file as lines for git, and the attribute lines that lead to it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingitdb.model.records import ReadOptions
from ingitdb.services.record_text import Reading, reading, record_text
from ingitdb_cli.git_diff.__main__ import main as convert
from ingitdb_cli.git_diff.patterns import attribute_lines

SINGLE = Reading(single=True)


def text(data: str | bytes, path: str, how: Reading | None = None) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return record_text(raw, path, how or Reading()).decode()


# --- Records --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        (
            "t.csv",
            'id,n\nb,"1"\na,007\n',
            ["record b", 'id: "b"', "n: 1", "record a", 'id: "a"', 'n: "007"'],
        ),
        ("t.tsv", "id\tn\nb\t1.10\n", ["record b", 'id: "b"', "n: 1.10"]),
        ("t.jsonl", '{"id": 1, "n": null}\n', ["record 1", "id: 1", "n: null"]),
        ("t.toml", "[a]\nx = 1\n[b]\nx = '1'\n", ["record a", "x: 1", "record b", 'x: "1"']),
        ("t.json", '{"a": {"x": [1, {"y": 2}]}}', ["record a", "x[]: 1", "x[]", "x[].y: 2"]),
        (
            "t.json",
            '{"k": [{"slug": "s"}], "l": []}',
            ["record k, s", 'slug: "s"', "record l", "value: []"],
        ),
        ("t.yaml", "- a: {}\n  b: []\n- 5\n", ["record", "a: {}", "b: []", "record", "value: 5"]),
        ("t.yaml", "x: 0x1F\ny: 31\n", ["record t", "x: 0x1F", "y: 31"]),
        ("t.yaml", "# nothing\n", []),
        ("t.yaml", "just a text\n", ['value: "just a text"']),
        ("t.yaml", "a b: 1\n'c.d': {e: 2}\n", ["record t", '"a b": 1', '"c.d".e: 2']),
    ],
)
def test_files_as_lines(path: str, data: str, expected: list[str]) -> None:
    assert text(data, path).splitlines() == expected


def test_texts_of_several_lines() -> None:
    data = {"a": "x\n\ny\n", "b": "x\ny", "c": "x\n\x1b\n", "d": "record e"}
    assert text(json.dumps(data), "t.json", SINGLE).splitlines() == [
        "record t",
        *("a: |", "  x", "", "  y"),
        *("b: |-", "  x", "  y"),
        'c: "x\\n\\u001b\\n"',
        'd: "record e"',
    ]


def test_keys() -> None:
    rows = '[{"name": "a", "id": 1}, {"name": "b", "id": 1}]'
    assert text(rows, "t.json").splitlines()[::3] == ["record a", "record b"]
    nested = '[{"n": 1, "id": {"no": 5}}]'
    assert text(nested, "t.json").startswith("record 5\n")
    assert text(rows, "t.json", Reading(key=("id", "name"))).startswith("record 1, a\n")
    assert text(rows, "t.json", Reading(key=("gone",))).startswith("record a\n")
    same = '[{"n": 1, "m": 2}, {"n": 1, "m": 3}]'
    assert text(same, "t.json").splitlines()[::3] == ["record 1", "record 1"]
    assert text('[{"id": "a\\nrecord b"}]', "t.json").startswith('record "a\\nrecord b"\n')


def test_one_record_a_file_is_known_by_its_name() -> None:
    data = "a: {x: 1}\nb: {x: 2}\n"
    assert text(data, "/tmp/git-blob-1/oslo.yaml", SINGLE).splitlines() == [
        "record oslo",
        "a.x: 1",
        "b.x: 2",
    ]
    assert text(data, "oslo.yaml").splitlines()[0] == "record a"


@pytest.mark.parametrize("pointer", ["a.items", "/a/items"])
def test_what_is_beside_the_records_is_shown_too(pointer: str) -> None:
    data = '{"v": 1, "a": {"w": 2, "items": [{"id": 3}]}}'
    assert text(data, "t.json", Reading(pointer=pointer)).splitlines() == [
        *("record t", "v: 1", "a.w: 2"),
        *("record 3", "id: 3"),
    ]
    assert text('{"v": 1}', "t.json", Reading(pointer=pointer)) == "record t\nv: 1\n"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("t.yaml", b"a: [1\n"),
        ("t.json", b'{"a": 1, "a": 2}'),
        ("t.csv", b"a,b\n1,2,3\n"),
        ("t.csv", "a\nfj\u00f8rd\n".encode("latin-1")),
        ("t.md", b"# No front matter\n"),
        ("t.txt", b"no format\n"),
        ("t.json", b"[" * 100_000),
        ("t.csv", b"a\n" + b"1\n" * 2_100_000),
        ("t.yaml", b""),
    ],
)
def test_what_cannot_be_read_stays_as_it_is(path: str, data: bytes) -> None:
    assert record_text(data, path, Reading()) == data


def test_aliases_of_aliases_do_not_grow_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    data = "\n".join(lines).encode()
    assert record_text(data, "t.yaml", Reading()) == data


def test_files_that_are_read_in_their_own_way() -> None:
    how = Reading(format="csv", options=ReadOptions(delimiter=";", names=("x",), header=False))
    assert text("1;2\n", "t.txt", how).splitlines()[1:] == ["column0: 1", "column1: 2"]


@pytest.mark.parametrize(
    "how",
    [
        Reading(),
        SINGLE,
        Reading(key=("a", "b.c"), pointer="x y", format="csv"),
        Reading(options=ReadOptions(cells=(("c", ("NA",), True),), names=("a",), header=False)),
    ],
)
def test_ways_of_reading_come_back(how: Reading) -> None:
    assert reading(how.spelled()) == how


@pytest.mark.parametrize(
    "place",
    ["oslo.yaml", "git-blob-Xa0Yb1/oslo.yaml", "Xa0Yb1_oslo.yaml", "git-blob-1/Xa0Yb1_x.yaml"],
)
def test_temporary_files_of_git_bear_the_name(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], place: str
) -> None:
    file = tmp_path / place
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"a: 1\n")
    convert([SINGLE.spelled(), str(file)])
    name = b"Xa0Yb1_x" if "_x" in place else b"oslo"
    assert capfdbinary.readouterr().out == b"record %b\na: 1\n" % name


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from("ab1.[]:{}\"\\'\n\r |-\u00e9\u2028"), max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.sampled_from('ab.[] :"\n'), max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
RECORDS = st.dictionaries(st.text(st.sampled_from('ab.[] :"\n'), max_size=3), VALUES, max_size=3)


@given(RECORDS, RECORDS)
def test_different_records_have_different_lines(one: dict[str, Any], other: dict[str, Any]) -> None:
    spelled = [json.dumps(record) for record in (one, other)]
    shown = [text(data, "t.json", SINGLE) for data in spelled]
    assert (shown[0] == shown[1]) == (spelled[0] == spelled[1])


# --- Attribute lines ------------------------------------------------------------------------


def test_a_line_is_as_wide_as_all_that_it_matches() -> None:
    data = {f"people/{n}.yaml": "r" for n in "abc"} | {"people/x/d.yaml": "r", "t.csv": "c"}
    assert attribute_lines(data, list(data), folders=["people"]) == [
        "/people/**/*.yaml diff=r",
        "/t.csv diff=c",
    ]
    beside = [*data, "people/x/config.yaml"]
    assert attribute_lines(data, beside, folders=["people"]) == [
        "/people/*.yaml diff=r",
        "/people/x/d.yaml diff=r",
        "/t.csv diff=c",
    ]
    others = {**data, "people/x/d.yaml": "other"}
    assert attribute_lines(others, beside, folders=["people"])[1] == "/people/x/d.yaml diff=other"


def test_a_new_file_of_a_tool_in_the_root_is_not_foreseen() -> None:
    files = ["a.json", "b.json", "c.csv", "d.csv"]
    assert attribute_lines(dict.fromkeys(files, "i"), files) == [
        "/a.json diff=i",
        "/b.json diff=i",
        "/*.csv diff=i",
    ]
