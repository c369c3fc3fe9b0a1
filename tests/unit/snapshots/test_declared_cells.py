"""Declared types of cells: where every cell spells such a value, the column has the type."""

import json
from typing import Any

import pytest

from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

WORDS = {"trueValues": ["ja", "x"], "falseValues": ["nein", "true"]}
COMMA = {"decimalChar": ",", "groupChar": "."}


def packaged(cells: str, schema: dict[str, Any] | None = None, **field: Any) -> dict[str, str]:
    """Gives a data package with one resource of one field `v`."""
    described = {"fields": [{"name": "v", **field}], **(schema or {})}
    package = {"resources": [{"name": "t", "path": "t.csv", "schema": described}]}
    return {"datapackage.json": json.dumps(package), "t.csv": csv(cells)}


def csv(cells: str) -> str:
    """Gives a CSV file of rows with a number and a quoted cell."""
    lines = (f'{number},"{cell}"\n' for number, cell in enumerate(cells.split("|")))
    return f"n,v\n{''.join(lines)}"


def defined(cells: str, kind: str) -> dict[str, str]:
    """Gives a definition of one column `v`."""
    return {
        ".ingitdb/root-collections.yaml": "t: t\n",
        "t/.collection/definition.yaml": (
            "record_file: {name: t.csv, type: '[]map[string]any', format: csv}\n"
            f"columns: {{n: {{type: int}}, v: {{type: {kind}}}}}\n"
        ),
        "t/t.csv": csv(cells),
    }


def shown(connection: Any, at: str = "main") -> tuple[str, list[Any]]:
    """Gives the type and the values of a column."""
    ((_, kind),) = types(connection, f"SELECT v FROM t AS OF '{at}'").items()
    return kind, [v for (v,) in rows(connection, f"SELECT v FROM t AS OF '{at}' ORDER BY n")]


def widened(connection: Any) -> list[str]:
    """Says what keeps the column from its type."""
    columns = connection.database.describe("t").columns
    return list(next(column.widened_by for column in columns if column.name == "v"))


@pytest.mark.parametrize(
    ("kind", "cells", "expected", "values"),
    [
        ("number", "10.50|9|100.25", "DOUBLE", [10.5, 9.0, 100.25]),
        ("number", "1e3|+2|.5||-0.0", "DOUBLE", [1000.0, 2.0, 0.5, None, -0.0]),
        ("number", "+5", "DOUBLE", [5.0]),
        ("number", "1.10|1.1", "DOUBLE", [1.1, 1.1]),
        ("number", "NaN|-INF|1", "DOUBLE", ["nan", float("-inf"), 1.0]),
        ("integer", "+5|-0|12", "BIGINT", [5, 0, 12]),
        ("integer", "10.00|9|1.0", "BIGINT", [10, 9, 1]),
        ("integer", "9223372036854775807|1.0|+1", "BIGINT", [2**63 - 1, 1, 1]),
        ("boolean", "True|FALSE|1|0|true", "BOOLEAN", [True, False, True, False, True]),
        ("boolean", "1|0|", "BOOLEAN", [True, False, None]),
    ],
)
def test_cells_that_spell_their_type(
    repo: RepoBuilder,
    opened: Opened,
    kind: str,
    cells: str,
    expected: str,
    values: list[Any],
) -> None:
    repo.commit(packaged(cells, type=kind))
    found, got = shown(opened(repo))
    assert found == expected
    assert ["nan" if value != value else value for value in got] == values


@pytest.mark.parametrize("kind", ["number", "float"])
def test_a_definition_of_numbers(repo: RepoBuilder, opened: Opened, kind: str) -> None:
    repo.commit(defined("10.50|9|100.25|+2", kind))
    connection = opened(repo)
    if kind == "number":
        assert connection.database.problems() == []
    assert shown(connection) == ("DOUBLE", [10.5, 9.0, 100.25, 2.0])
    assert rows(connection, "SELECT max(v) FROM t") == [(100.25,)]


@pytest.mark.parametrize(
    ("kind", "cells", "culprits"),
    [
        ("number", "10.50|9|n/a", ["n/a"]),
        ("number", "1_000|0x1F|1", ["1_000", "0x1F"]),
        ("number", "1e999|1", ["1e999"]),
        ("number", "12345678901234567890|1.5|1.55", ["12345678901234567890"]),
        ("number", "12345678901234567|2", ["12345678901234567"]),
        ("integer", "1|1.5|1.25", ["1.5", "1.25"]),
        ("integer", "1|1e3", ["1e3"]),
        ("integer", "004|12|+008", ["004", "+008"]),
        ("number", "1.5|007|0.25", ["007"]),
        ("integer", "1|9223372036854775808", ["9223372036854775808"]),
        ("boolean", "yes|true", ["yes"]),
        ("boolean", "1|2", ["2"]),
        ("boolean", "t|1", ["t"]),
        ("date", "2024-01-05|2024-1-6", ["2024-1-6"]),
        ("datetime", "2024-01-05T10:00:00|2024-1-6", ["2024-1-6"]),
        ("datetime", "2024-01-05T10:00:00|2024-01-05T10:00:00Z", ["2024-01-05T10:00:00Z"]),
    ],
)
def test_what_widens_a_column(
    repo: RepoBuilder, opened: Opened, kind: str, cells: str, culprits: list[str]
) -> None:
    repo.commit(packaged(cells, type=kind))
    connection = opened(repo)
    assert shown(connection) == ("VARCHAR", cells.split("|"))
    head, *named = widened(connection)
    assert head.startswith("declared ")
    assert named == [f"t.csv: {text}" for text in culprits]


@pytest.mark.parametrize(
    ("field", "cells", "expected", "values"),
    [
        ({"type": "boolean", **WORDS}, "ja|nein||x|true", "BOOLEAN",
         [True, False, None, True, False]),
        ({"type": "boolean", "trueValues": ["0"]}, "0|False", "BOOLEAN", [True, False]),
        ({"type": "number", "decimalChar": ","}, "1,5|2|-,25|1,50e1", "DOUBLE",
         [1.5, 2.0, -0.25, 15.0]),
        ({"type": "number", **COMMA}, "1.234|5|1.234.567,8", "DOUBLE",
         [1234.0, 5.0, 1234567.8]),
        ({"type": "number", "groupChar": ","}, "12,34,567|1,000", "DOUBLE", [1234567.0, 1000.0]),
        ({"type": "number", "bareNumber": False}, "95%|€ 1.5|USD -2.5|.5", "DOUBLE",
         [95.0, 1.5, -2.5, 0.5]),
        ({"type": "integer", "groupChar": " "}, "1 000|7", "BIGINT", [1000, 7]),
        ({"type": "integer", "bareNumber": False}, "7 pcs|8", "BIGINT", [7, 8]),
        ({"type": "integer", "missingValues": ["-99", {"value": "NA"}]}, "1|-99|NA", "BIGINT",
         [1, None, None]),
        ({"type": "number", "missingValues": ["-"], **COMMA}, "1,5|-", "DOUBLE", [1.5, None]),
        ({"type": "boolean", "missingValues": ["true"]}, "true|false", "BOOLEAN", [None, False]),
    ],
)  # fmt: skip
def test_spellings_of_a_data_package(
    repo: RepoBuilder,
    opened: Opened,
    field: dict[str, Any],
    cells: str,
    expected: str,
    values: list[Any],
) -> None:
    repo.commit(packaged(cells, **field))
    connection = opened(repo)
    assert connection.database.problems() == []
    assert shown(connection) == (expected, values)


@pytest.mark.parametrize(
    ("field", "cells", "culprits"),
    [
        ({"type": "boolean", **WORDS}, "ja|false", ["false"]),
        ({"type": "number", "decimalChar": ","}, "1.5|1,5", ["1.5"]),
        ({"type": "number", **COMMA}, "1.5|1.234|2,50", ["1.5"]),
        ({"type": "number", "groupChar": ","}, "1,5|1,000", ["1,5"]),
        ({"type": "number", "bareNumber": False}, "5-|5", ["5-"]),
        ({"type": "number", "bareNumber": False}, "-€5|Rs.500|1", ["-€5", "Rs.500"]),
        ({"type": "integer", "groupChar": "."}, "1.000|1.5", ["1.5"]),
    ],
)
def test_cells_against_their_own_spelling(
    repo: RepoBuilder, opened: Opened, field: dict[str, Any], cells: str, culprits: list[str]
) -> None:
    repo.commit(packaged(cells, **field))
    connection = opened(repo)
    assert shown(connection) == ("VARCHAR", cells.split("|"))
    assert widened(connection)[1:] == [f"t.csv: {text}" for text in culprits]


def test_missing_values_of_a_field_come_before_those_of_the_schema(
    repo: RepoBuilder, opened: Opened
) -> None:
    schema = {"missingValues": ["NA"]}
    repo.commit(packaged("NA|-|1,5", schema, type="number", decimalChar=","))
    repo.commit(packaged("NA|-", schema, type="string", missingValues=["-"]))
    connection = opened(repo)
    assert shown(connection, "main~1") == ("VARCHAR", [None, "-", "1,5"])
    assert shown(connection) == ("VARCHAR", ["NA", None])


def test_conforming_cells_along_a_history(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit(packaged("1,5|2", type="number", **COMMA))
    repo.commit({"t.csv": csv("1,5|two")})
    repo.commit({"t.csv": csv("1.500,5|2")})
    connection = opened(repo)
    assert shown(connection) == ("DOUBLE", [1500.5, 2.0])
    assert shown(connection, "main~1") == ("VARCHAR", ["1,5", "two"])
    assert shown(connection, "main~2") == ("DOUBLE", [1.5, 2.0])


@pytest.mark.parametrize(
    ("kind", "records", "culprits"),
    [
        ("int", ["v: 1", "v: '2'"], ["1.yaml: 2"]),
        ("int", ["v: 1", "v: 1.50"], ["1.yaml: 1.50"]),
        ("float", ["v: 1", "v: '2.5'", "v: [1]"], ['1.yaml: "2.5"', "2.yaml: [1]"]),
        ("bool", ["v: true", "v: 'true'", "v: 1"], ["1.yaml: true", "2.yaml: 1"]),
        ("string", ["v: x", "v: {a: 1}"], ["1.yaml: {\"a\":1}"]),
        ("datetime", ["v: 2024-01-05", "v: 2024-1-5"], ["1.yaml: 2024-1-5"]),
        ("'[]int'", ["v: [1]", "v: ['2']"], ["1.yaml: [2]"]),
    ],
)  # fmt: skip
def test_what_widens_a_column_of_files_that_tell_types(
    repo: RepoBuilder, opened: Opened, kind: str, records: list[str], culprits: list[str]
) -> None:
    definition = "record_file: {name: '{key}.yaml', type: 'map[string]any', format: yaml}\n"
    repo.commit(
        {
            ".ingitdb/root-collections.yaml": "t: t\n",
            "t/.collection/definition.yaml": f"{definition}columns: {{v: {{type: {kind}}}}}\n",
            **{f"t/$records/{n}.yaml": f"{text}\n" for n, text in enumerate(records)},
        }
    )
    named = widened(opened(repo))[1:]
    assert [text.removeprefix("t/$records/").replace('": ', '":') for text in named] == culprits
