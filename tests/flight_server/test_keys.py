"""Keys of tables and what refers to them, as the commands of Flight SQL tell."""

from typing import Any

import pytest

from tests.support.flight_servers import Running


def asked(server: Running, name: str, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.asked(server.client(), name, **fields).to_pylist()
    return found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"table": "ports"}, [("_key", 1, "ports_pkey")]),
        ({"table": "fares"}, [("route", 1, "fares_pkey"), ("class", 2, "fares_pkey")]),
        (
            {"table": "fares", "catalog": "harbour", "db_schema": "main"},
            [("route", 1, "fares_pkey"), ("class", 2, "fares_pkey")],
        ),
        ({"table": "fares", "db_schema": "data"}, []),
        ({"table": "fares", "catalog": ""}, []),
        ({"table": "sales"}, []),
        ({"table": "f%"}, []),
        ({"table": "dear"}, []),
    ],
)
def test_primary_keys(
    harbour_server: Running, fields: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    found = asked(harbour_server, "CommandGetPrimaryKeys", **fields)
    assert [tuple(row.values())[3:] for row in found] == expected


def references(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Gives what refers to what, where it stands in its key, the names of the keys, the rules."""
    return [
        (
            f"{row['fk_table_name']}.{row['fk_column_name']}",
            f"{row['pk_table_name']}.{row['pk_column_name']}",
            row["key_sequence"],
            row["fk_key_name"],
            row["pk_key_name"],
            (row["update_rule"], row["delete_rule"]),
        )
        for row in rows
    ]


CASCADE, RESTRICT, SET_NULL = 0, 1, 2
PORT = ("fares.port", "ports._key", 1, "fares_port_fkey", "ports_pkey", (SET_NULL, CASCADE))
VIA = ("fares.via", "ports._key", 1, "fares_via_fkey", "ports_pkey", (RESTRICT, RESTRICT))
PAIR = ("sales_route_class_fkey", "fares_pkey", (RESTRICT, RESTRICT))
ROUTE = ("sales.route", "fares.route", 1, *PAIR)
CLASS = ("sales.class", "fares.class", 2, *PAIR)
CODE = ("sales.code", "fares.code", 1, "sales_code_fkey", "fares_code_key", (RESTRICT, RESTRICT))


@pytest.mark.parametrize(
    ("command", "fields", "expected"),
    [
        ("CommandGetImportedKeys", {"table": "fares"}, [PORT, VIA]),
        ("CommandGetImportedKeys", {"table": "sales"}, [CODE, ROUTE, CLASS]),
        ("CommandGetImportedKeys", {"table": "sales", "db_schema": "data"}, []),
        ("CommandGetImportedKeys", {"table": "ports"}, []),
        ("CommandGetExportedKeys", {"table": "ports"}, [PORT, VIA]),
        ("CommandGetExportedKeys", {"table": "fares", "catalog": "harbour"}, [CODE, ROUTE, CLASS]),
        ("CommandGetExportedKeys", {"table": "sales"}, []),
        ("CommandGetCrossReference", {"pk_table": "ports", "fk_table": "fares"}, [PORT, VIA]),
        ("CommandGetCrossReference", {"pk_table": "ports", "fk_table": "sales"}, []),
        (
            "CommandGetCrossReference",
            {"pk_table": "fares", "fk_table": "sales", "fk_db_schema": "main"},
            [CODE, ROUTE, CLASS],
        ),
        (
            "CommandGetCrossReference",
            {
                "pk_table": "fares",
                "fk_table": "sales",
                "pk_catalog": "harbour",
                "fk_catalog": "other",
            },
            [],
        ),
        (
            "CommandGetCrossReference",
            {"pk_table": "fares", "fk_table": "sales", "fk_catalog": ""},
            [],
        ),
    ],
)
def test_foreign_keys(
    harbour_server: Running, command: str, fields: dict[str, Any], expected: list[Any]
) -> None:
    found = asked(harbour_server, command, **fields)
    assert references(found) == expected


def test_a_key_is_dropped_by_its_name(harbour_server: Running) -> None:
    with harbour_server.adbc().cursor() as cursor:
        cursor.execute("ALTER TABLE sales DROP CONSTRAINT sales_code_fkey")
        cursor.execute("ALTER TABLE fares DROP CONSTRAINT fares_port_fkey")
    found = asked(harbour_server, "CommandGetImportedKeys", table="fares")
    assert references(found) == [VIA]
    assert references(asked(harbour_server, "CommandGetImportedKeys", table="sales")) == [
        ROUTE,
        CLASS,
    ]
