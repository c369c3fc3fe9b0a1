"""The list of conformance names tests that there are."""

import ast
import re
from pathlib import Path

FOLDER = Path(__file__).parent
DOCUMENT = FOLDER.parents[1] / "docs" / "flight-conformance.md"
TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def lines() -> list[tuple[str, str]]:
    """Gives id and second column of each line of the three tables of suites."""
    text = DOCUMENT.read_text("utf-8").partition("## Types")[0]
    found = re.findall(r"^\| `(.+?)` \| (.+) \|$", text, re.MULTILINE)
    assert len(found) > 100
    return found


def functions_of(module: str) -> set[str]:
    """Gives the names of the tests of a module."""
    tree = ast.parse((FOLDER / module).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_id_names_tests_that_exist_or_a_reason() -> None:
    for name, said in lines():
        named = TEST.findall(said)
        assert named or re.match(r"impossible: \w+", said), name
        for module, test in named:
            assert test in functions_of(module), f"{name}: {module}::{test}"


def test_ids_are_listed_once() -> None:
    names = [name for name, _ in lines()]
    assert sorted(set(names)) == sorted(names)
    assert {"flight_sql", "flight_sql:extension", "flight_sql:ingestion"} <= set(names)
