"""The oracle reads YAML as a second parser does, and types as the documents say."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tests.support.oracle_reading import ZERO_LED, Leaf, Repository, read_cells, read_yaml
from tests.support.oracle_types import cell_type, declared, fit, sql, union

KINDS = {"int": "int", "float": "float", "bool": "bool", "null": "null"}
SAMPLE = 40


def kinds(node: Node) -> Any:
    """Gives the kinds that ruamel, in pure Python and by YAML 1.2, sees."""
    if isinstance(node, MappingNode):
        return {key.value: kinds(child) for key, child in node.value}
    if isinstance(node, SequenceNode):
        return [kinds(child) for child in node.value]
    assert isinstance(node, ScalarNode)
    kind = KINDS.get(str(node.tag).rpartition(":")[2], "str")
    if kind == "int" and ZERO_LED.fullmatch(node.value):
        kind = "str"
    return (kind, None if kind == "null" else node.value)


def own(value: Any) -> Any:
    """Gives the same for a value of the oracle."""
    if isinstance(value, dict):
        return {key: own(child) for key, child in value.items()}
    if isinstance(value, list):
        return [own(child) for child in value]
    return ("null", None) if value is None else (value.kind, value.text)


@pytest.mark.parametrize("name", ["demo-ingitdb", "pypa-advisories"])
def test_reads_yaml_as_ruamel_does(name: str, shared: Callable[[str], Path], seed: int) -> None:
    with Repository(shared(name)) as repository:
        files = [(p, b) for p, b in repository.tree("HEAD").items() if p.endswith(".yaml")]
        for path, blob in random.Random(seed).sample(files, SAMPLE):
            data = repository.blob(blob)
            contents = read_yaml(data)
            node = YAML(typ="safe", pure=True).compose(data.decode())
            mine = {item.key: item.value for item in contents.items}
            assert own(mine if contents.kind == "map" else list(mine.values())) == kinds(node), path


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("no", "str"), ("yes", "str"), ("true", "bool"), ("FALSE", "bool"), ("12:30:45", "str"),
        ("010", "str"), ("02096", "str"), ("0", "int"), ("-0", "int"), ("0o17", "int"),
        ("0x1F", "int"), ("1e3", "float"), (".5", "float"), ("1.", "float"), (".inf", "float"),
        ("-.INF", "float"), (".nan", "float"), ("1_000", "str"), ("2024-01-01", "str"),
        ("=", "str"), ("9" * 30, "int"), ("+12", "int"), ("'5'", "str"), ("3.11.2", "str"),
    ],
)  # fmt: skip
def test_resolves_plain_scalars(text: str, kind: str) -> None:
    value = read_yaml(f"a: {text}\n".encode()).items[0].value
    assert value.kind == kind
    assert value.text == text.strip("'")


def record(text: str) -> dict[str, Any]:
    """Reads one record from a line of YAML."""
    return {str(item.key): item.value for item in read_yaml(text.encode()).items}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (["a: 1", "a: 2"], {"a": "BIGINT"}),
        (["a: 1", "a: 9223372036854775808"], {"a": "HUGEINT"}),
        (["a: 1", "a: 999999999999999999999999999999999999999999"], {"a": "VARCHAR"}),
        (["a: 1", "a: 1.5"], {"a": "DOUBLE"}),
        (["a: 9007199254740993", "a: 1.5"], {"a": "VARCHAR"}),
        (["a: 1", "a: x"], {"a": "VARCHAR"}),
        (["a: true", "a: 1"], {"a": "VARCHAR"}),
        (["a: 1", "a: null", "b: 1"], {"a": "BIGINT", "b": "BIGINT"}),
        (["a: null"], {"a": "VARCHAR"}),
        (["a: []"], {"a": "VARCHAR[]"}),
        (["a: [1]", "a: [x]"], {"a": "VARCHAR[]"}),
        (["a: {}"], {"a": "JSON"}),
        (["a: {}", "a: {b: 1}"], {"a": 'STRUCT("b" BIGINT)'}),
        (["a: 1", "a: [1]"], {"a": "JSON"}),
        (["a: 1", "a: {b: 1}"], {"a": "JSON"}),
        (["a: [1]", "a: {b: 1}"], {"a": "JSON"}),
        (["a: {b: 1, B: 2}"], {"a": "JSON"}),
        (["a: {b: {c: 1}}", "a: {b: 2}"], {"a": 'STRUCT("b" JSON)'}),
        (["a: {b: 1}", "a: {c: 1, b: 2}", "a: {c: 3, b: 4}"],
         {"a": 'STRUCT("c" BIGINT, "b" BIGINT)'}),
        (["a: 02096", "a: 5"], {"a": "VARCHAR"}),
    ],
)  # fmt: skip
def test_unites_types(records: list[str], expected: dict[str, str]) -> None:
    found = union([record(text) for text in records])
    assert {name: sql(wanted) for name, wanted in found.items()} == expected


def test_a_place_with_more_than_256_keys_is_json() -> None:
    many = [{"a": {f"k{i}": Leaf("int", i, str(i))}} for i in range(257)]
    assert sql(union(many)["a"]) == "JSON"
    assert sql(union(many[:256])["a"]).startswith("STRUCT")


def cells() -> Iterator[tuple[list[str], str]]:
    """Gives cells of a CSV column and their type."""
    yield ["1", "-2"], "BIGINT"
    yield ["9223372036854775808"], "HUGEINT"
    yield ["007", "8"], "VARCHAR"
    yield ["+5"], "VARCHAR"
    yield ["1e3"], "VARCHAR"
    yield ["NA", "1"], "VARCHAR"
    yield ["true", "false"], "BOOLEAN"
    yield ["yes"], "VARCHAR"
    yield ["12.50", "9.95"], "DECIMAL(18,2)"
    yield ["1.10", "1.1"], "VARCHAR"
    yield ["1.5", "1.25"], "DOUBLE"
    yield ["2024-01-01"], "DATE"
    yield ["2024-01-01T10:00:00", "2024-01-01 10:00:00"], "TIMESTAMP"
    yield [], "VARCHAR"


@pytest.mark.parametrize(("column", "expected"), list(cells()))
def test_types_cells(column: list[str], expected: str) -> None:
    assert sql(cell_type(column)) == expected


@pytest.mark.parametrize(
    ("says", "values", "expected"),
    [
        ("int", ["1", "2.0"], "BIGINT"),
        ("int", ["1", "x"], "VARCHAR"),
        ("float", ["1", "2.5"], "DOUBLE"),
        ("string", ["1", "x"], "VARCHAR"),
        ("bool", ["true"], "BOOLEAN"),
        ("date", ["2024-01-01"], "DATE"),
        ("date", ["soon"], "VARCHAR"),
        ("datetime", ["2024-01-01T00:00:00Z"], "TIMESTAMP WITH TIME ZONE"),
        ("datetime", ["2024-01-01T00:00:00"], "TIMESTAMP"),
        ("map[locale]string", ["{en: x}"], "MAP(VARCHAR, VARCHAR)"),
    ],
)
def test_declared_types_hold_or_widen(says: str, values: list[str], expected: str) -> None:
    wanted = declared(says)
    assert wanted is not None
    assert sql(fit(wanted, [record(f"a: {text}")["a"] for text in values])) == expected


def test_reads_cells_with_quotes_and_line_ends() -> None:
    contents = read_cells(b'\xef\xbb\xbfa,b\r\n"x, ""y""",\r\n"two\r\nlines",3\r\n', ",")
    assert contents.header == ("a", "b")
    assert [item.line for item in contents.items] == [2, 3]
    assert contents.items[0].value == {"a": Leaf("cell", 'x, "y"', 'x, "y"'), "b": None}
