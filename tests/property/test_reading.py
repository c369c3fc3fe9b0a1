"""Big declared files are read item by item; what they give is what the whole file gives."""

import json
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingitdb.catalog.content import summarize
from ingitdb.catalog.layout import Layout
from ingitdb.catalog.records import header_of, records
from ingitdb.formats import registry
from ingitdb.model.records import FormatFault
from ingitdb.model.shapes import shape_of
from ingitdb.snapshots.packing import pack
from ingitdb.snapshots.reading import Reader

LONG = "x" * 9_000
"""In every file, so that it is big enough to be cut."""
MANY = 10**30
VALUES = [
    *('{"a": 1}', '{"a": 1.10, "b": [1, {"c": "ü"}]}', '{"b": null}', '{"$ID": "k", "a": 2}'),
    *('{"$ID": "k"}', '{"a":1,"b":2}', "{}", "5", "[1]", '"x"', "null", f'{{"a": {MANY}}}'),
]
BROKEN = [
    '{"a": 1, "a": 2}',
    '{"a": NaN}',
    '{"a": 1',
    '{"a": "\\ud800"}',
    '{"a": "\xff"}',
    "]",
    ",",
]
LINES = [*VALUES, *BROKEN, "", " ", '{"a": 1} \t', '{"a": 1}\r']
CELL_ROWS = [
    *("1,2,3", "1", "", "01,x,2024-01-05", '"a,b",c', '"a\nb",c', "a'b,c", "NA,,ü", "1;2;3"),
    *('"a"b,c', "1,2,3,4", '"open', " ", "\xff,1"),
]
ENTRIES = [
    *("{a: 1}", "{a: 1.10}", "\n  a: 1", "\n  - a: 1\n  - b: 2", "[{a: 1}]", "[]", "null", "5"),
    *("&x {a: 1}", "*x", "[unclosed", "{a: 1, a: 2}"),
]
TABLES = ".ingitdb/tables.yaml"
PACKAGE = "datapackage.json"


def declared(path: str, **more: object) -> dict[str, str]:
    """Declares one table in tables.yaml."""
    return {TABLES: json.dumps({"tables": {"t": {"glob": path, **more}}})}


def twice(path: str, **more: object) -> dict[str, str]:
    """Declares two tables of one file, the second one in its own way."""
    return {TABLES: json.dumps({"tables": {"t": {"glob": path}, "u": {"glob": path, **more}}})}


def packaged(path: str, **more: object) -> dict[str, str]:
    """Declares a file in a data package."""
    return {PACKAGE: json.dumps({"resources": [{"name": "t", "path": path, **more}]})}


def defined(path: str, kind: str, form: str) -> dict[str, str]:
    """Declares a file in a definition."""
    definition = {
        "record_file": {"name": path, "type": kind, "format": form},
        "columns": {"a": {"type": "any"}},
    }
    return {
        ".ingitdb/root-collections.yaml": "t: t\n",
        "t/.collection/definition.yaml": json.dumps(definition),
    }


@cache
def layout_of(path: str, *configuration: tuple[str, str]) -> Layout:
    """Reads the layout of configuration files beside a file of data."""
    files = dict(configuration)
    layout = Layout.read([*files, path], lambda name: files[name].encode())
    assert layout.claim(path).locations, layout.problems
    return layout


def states(reader: Reader, payloads: list[bytes], layout: Layout, path: str, data: bytes):
    """Gives what a reader finds, with the fields in place of their numbers."""
    found = reader.read(layout, path, data)
    payloads += [new.payload for new in reader.take_new()]
    tables = [
        (t.location, [*t.keys], [payloads[n] for n in t.values], [*t.lines], t.header)
        for t in found.tables
    ]
    faults = [(f.message, f.line, f.column, f.severity) for f in found.faults]
    return tables, faults


def whole(layout: Layout, path: str, data: bytes):
    """Gives what is found where each reading takes the file as a whole."""
    tables, faults = [], {}
    for name, options in dict.fromkeys((w.format, w.options) for w in layout.claim(path).locations):
        form = registry.by_name(name) if name else registry.by_path(path)
        try:
            document = form.read(data, options)
        except FormatFault as fault:
            faults[fault.message, fault.line, fault.column, fault.severity] = True
            continue
        for where in layout.locate(path, summarize(document)):
            if (where.format, where.options) == (name, options):
                try:
                    found = list(records(document, where, path))
                except FormatFault as fault:
                    faults[fault.message, fault.line, fault.column, fault.severity] = True
                    found = []
                fields = [pack(record.fields, shape_of(record.fields)) for record in found]
                places = [record.key for record in found], fields, [record.line for record in found]
                tables.append((where, *places, header_of(document.columns, where)))
    return tables, [*faults]


def check(files: dict[str, str], paths: Sequence[str], versions: list[bytes]) -> None:
    """Compares what one reader finds in one version after the other with the whole of each."""
    reader, payloads = Reader(), []
    for path, data in zip(paths, versions, strict=False):
        layout = layout_of(path, *files.items())
        assert len(data) > len(LONG)
        assert states(reader, payloads, layout, path, data) == whole(layout, path, data), data


def versions(parts: list[str], broken: list[str] | None = None):
    """Gives a few versions of a file's parts, mostly such as can be read."""
    good = [part for part in parts if part not in (broken or [])]
    version = st.lists(st.sampled_from(good), max_size=8) | st.lists(
        st.sampled_from(parts), max_size=5
    )
    return st.lists(version, min_size=1, max_size=4)


ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])
ENDS = st.sampled_from(["\n", "\r\n"])


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("t.jsonl", declared("t.jsonl")),
        ("t.jsonl", declared("t.jsonl", pointer="$")),
        ("t.jsonl", declared("t.jsonl", pointer="/0/b")),
        ("t.jsonl", twice("t.jsonl", pointer="$")),
        ("t.jsonl", twice("t.jsonl", format="yaml")),
        ("2024.jsonl", declared("{year}.jsonl")),
        ("t/t.jsonl", defined("t.jsonl", "[]map[string]any", "jsonl")),
        ("t/t.jsonl", defined("t.jsonl", "map[$record_id]map[$field_name]any", "jsonl")),
        ("t.jsonl", packaged("t.jsonl", encoding="latin-1")),
    ],
)
@settings(max_examples=60, deadline=None)
@given(versions(LINES, BROKEN), ENCODINGS, ENDS, st.booleans())
def test_json_lines(path, files, parts, encoding, end, ends):
    lead = json.dumps({"$ID": "long", "a": LONG})
    texts = [end.join([lead, *lines]) + end * ends for lines in parts]
    paths = [path, path.replace("2024", "2025")] * 2
    check(files, paths, [text.encode(encoding) for text in texts])


@pytest.mark.parametrize(
    "files",
    [
        declared("t.json"),
        declared("t.json", pointer="$"),
        declared("t.json", pointer="/1/b"),
        twice("t.json", format="yaml"),
        packaged("t.json"),
    ],
)
@settings(max_examples=60, deadline=None)
@given(
    versions(VALUES + BROKEN, BROKEN), ENCODINGS, st.sampled_from([",", ", ", ",\n", "\n ,\r\n"])
)
def test_json_lists(files, parts, encoding, comma):
    lead = json.dumps({"a": LONG})
    texts = [f"[{comma.join([lead, *items])}]\n" for items in parts]
    check(files, ["t.json"] * 4, [text.encode(encoding) for text in texts])


@pytest.mark.parametrize(
    "files",
    [
        declared("t.csv"),
        declared("t.csv", header=False),
        twice("t.csv", header=False),
        packaged("t.csv", encoding="latin-1", dialect={"delimiter": ";"}),
        packaged("t.csv", dialect={"quoteChar": "'"}, schema={"missingValues": ["NA", "1"]}),
        packaged("t.csv", dialect={"header": False}, schema={"fields": [{"name": "a"}]}),
        declared("t.csv", format="tsv"),
    ],
)
@settings(max_examples=60, deadline=None)
@given(
    versions(CELL_ROWS, CELL_ROWS[-5:]), st.sampled_from(["a,b,c", "a", "a,,a"]), ENCODINGS, ENDS
)
def test_rows_of_cells(files, parts, header, encoding, end):
    texts = [end.join([header, LONG, *rows, ""]) for rows in parts]
    check(files, ["t.csv"] * 4, [text.encode(encoding) for text in texts])


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("t.yaml", declared("t.yaml")),
        ("t.yaml", declared("t.yaml", pointer="$")),
        ("t.yaml", declared("t.yaml", pointer="k1")),
        ("t-2024.yaml", declared("t-{year}.yaml")),
        ("t/t.yaml", defined("t.yaml", "map[$record_id]map[$field_name]any", "yaml")),
    ],
)
@settings(max_examples=60, deadline=None)
@given(versions(ENTRIES, ENTRIES[-4:]), st.booleans(), st.sampled_from(["k1", "z"]))
def test_entries_of_yaml(path, files, parts, is_list, last):
    texts = []
    for entries in parts:
        keys = [f"k{n}" for n in range(len(entries) - 1)] + [last]
        heads = ["-"] * len(entries) if is_list else [f"{key}:" for key in keys]
        lead = "-" if is_list else "k:"
        pairs = zip(heads, entries, strict=False)
        texts.append(f"{lead} {{a: {LONG}}}\n" + "".join(f"{h} {entry}\n" for h, entry in pairs))
    paths = [path, path.replace("2024", "2025")] * 2
    check(files, paths, [text.encode() for text in texts])
