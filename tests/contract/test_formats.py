"""What every format keeps to: a new one adds its example here."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingitdb.formats import registry
from ingitdb.model.ports import Format
from ingitdb.model.records import DEFAULT_OPTIONS, Document, FormatFault

ROWS = [{"id": n, "name": f"n{n}"} for n in range(3)]


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return sink.getvalue()


EXAMPLES: dict[str, tuple[bytes, str, Any]] = {
    "yaml": (b"- id: 0\n  name: n0\n- {id: 1, name: n1}\n- id: 2\n  name: n2\n", "list", ROWS),
    "json": (
        b'[{"id": 0, "name": "n0"},\n{"id":1,"name":"n1"},{"id":2,"name":"n2"}]',
        "list",
        ROWS,
    ),
    "jsonl": (
        b'{"id": 0, "name": "n0"}\n{"id": 1, "name": "n1"}\n{"id": 2, "name": "n2"}\n',
        "rows",
        ROWS,
    ),
    "csv": (b"id,name\n0,n0\n1,n1\n2,n2\n", "rows", ROWS),
    "tsv": (b"id\tname\n0\tn0\n1\tn1\n2\tn2\n", "rows", ROWS),
    "toml": (b'name = "n0"\nid = 0\n', "map", {"name": "n0", "id": 0}),
    "markdown": (
        b"---\nid: 0\nname: n0\n---\nText\n",
        "map",
        {"id": 0, "name": "n0", "_content": "Text\n"},
    ),
    "parquet": (_parquet(), "rows", ROWS),
    "ingr": (
        b'# INGR.io | t: id, name\n0\n"n0"\n1\n"n1"\n2\n"n2"\n# 3 records\n',
        "rows",
        ROWS,
    ),
}


@pytest.fixture(params=registry.BUILT_IN)
def example(request: pytest.FixtureRequest) -> tuple[Format, bytes, str, Any]:
    """A format with a file of it, its kind and its value."""
    form = registry.by_name(request.param)
    assert form is not None
    return form, *EXAMPLES[request.param]


def test_every_format_has_an_example() -> None:
    assert set(EXAMPLES) == set(registry.BUILT_IN)


def test_found_by_name_and_by_each_extension(example: tuple[Format, bytes, str, Any]) -> None:
    form = example[0]
    assert form.extensions
    for extension in form.extensions:
        assert extension == extension.lower()
        for path in (f"a/b{extension}", f"b{extension.upper()}"):
            found = registry.by_path(path)
            assert found is not None
            assert found.name == form.name
            assert registry.is_known(path)


def test_a_file_is_read(example: tuple[Format, bytes, str, Any]) -> None:
    form, data, kind, value = example
    document = form.read(data)
    assert (document.kind, document.value) == (kind, value)
    assert len(document.lines) in (0, len(value))
    assert list(document.lines) == sorted(document.lines)
    assert all(1 <= line <= data.count(b"\n") + 1 for line in document.lines)
    assert form.read(data) == document


def test_pieces_are_what_the_whole_is(example: tuple[Format, bytes, str, Any]) -> None:
    form, data, kind, value = example
    chunks = form.split(data)
    if chunks is None:
        return
    assert chunks.kind == kind
    pieces = [form.read_chunk(chunk, chunks) for chunk in chunks.items]
    whole = form.read(data)
    assert _joined(pieces) == value
    assert [chunk.line for chunk in chunks.items] == list(whole.lines)
    assert tuple(chunks.columns) == tuple(whole.columns)


def attempt(form: Format, data: bytes) -> Document | FormatFault:
    """Gives what is read, or the fault."""
    try:
        return form.read(data, DEFAULT_OPTIONS)
    except FormatFault as fault:
        return fault


@pytest.mark.parametrize("data", [b"", b"\n", b" \n\n"])
def test_a_file_of_nothing(example: tuple[Format, bytes, str, Any], data: bytes) -> None:
    found = attempt(example[0], data)
    if isinstance(found, FormatFault):
        assert example[0].name == "parquet"
    elif found.kind == "map":  # Markdown: all that is there is text
        assert found.value == {"_content": data.decode()}
    else:
        assert not found.value


@pytest.mark.parametrize("data", [b"\xff\xfe\xfd", b"\x00\x01\x02", b"{[\xc3(", b"PAR1junkPAR1"])
def test_other_bytes_are_a_fault_or_a_document(
    example: tuple[Format, bytes, str, Any], data: bytes
) -> None:
    found = attempt(example[0], data)
    assert isinstance(found, Document) or found.message


def _joined(pieces: list[Document]) -> Any:
    if pieces[0].kind == "map":
        return {key: item for piece in pieces for key, item in piece.value.items()}
    return [item for piece in pieces for item in piece.value]
