"""What the server says of itself, its SQL and its types: judged by queries."""

from pathlib import Path
from typing import Any

import adbc_driver_manager
import pyarrow.flight as flight
import pytest

from ingitdb_flight import messages
from ingitdb_flight.limits import Limits
from ingitdb_flight.serving import Terms
from tests.support.flight_servers import KEY, Running, running
from tests.support.repositories import RepoBuilder


def asked(server: Running, name: str, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.asked(server.client(), name, **fields).to_pylist()
    return found


def complaint_of(cursor: Any, sql: str) -> str | None:
    """Gives what the server says against a statement, or None."""
    try:
        cursor.execute(sql)
        cursor.fetchall()
    except adbc_driver_manager.Error as error:
        return str(error)
    return None


# --- types


def test_types_stand_in_order_and_can_be_chosen(harbour_server: Running) -> None:
    found = asked(harbour_server, "CommandGetXdbcTypeInfo")
    order = [(row["data_type"], row["type_name"]) for row in found]
    assert order == sorted(order)
    texts = asked(harbour_server, "CommandGetXdbcTypeInfo", data_type=12)
    assert [row["type_name"] for row in texts] == ["BIT", "JSON", "UUID", "VARCHAR"]
    assert asked(harbour_server, "CommandGetXdbcTypeInfo", data_type=0) == [
        row for row in found if row["data_type"] == 0
    ]
    assert asked(harbour_server, "CommandGetXdbcTypeInfo", data_type=77) == []


SAMPLES = {
    **dict.fromkeys(["DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"], "2026-01-02"),
    **dict.fromkeys(["TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"], "2026-01-02"),
    **dict.fromkeys(["TIME", "TIME WITH TIME ZONE"], "10:11:12"),
    "INTERVAL": "2 days",
    "UUID": "0b3ad1c0-6ab1-4a2e-9d5e-1c1d5f0a1b2c",
    "BIT": "1011",
    "JSON": "[1]",
    "LIST": "1",
    "MAP": "1: 2",
    "STRUCT": "a: 1",
}


def test_literals_are_of_their_types(harbour_server: Running) -> None:
    with harbour_server.adbc().cursor() as cursor:
        for row in asked(harbour_server, "CommandGetXdbcTypeInfo"):
            name, prefix = row["type_name"], row["literal_prefix"]
            if prefix is None or name == "JSON":  # a literal of JSON is a text
                continue
            literal = f"{prefix}{SAMPLES.get(name, 'x')}{row['literal_suffix']}"
            cursor.execute(f"SELECT typeof({literal})")
            kind = cursor.fetchone()[0]
            expected = {"LIST": "INTEGER[]", "MAP": "MAP(", "STRUCT": "STRUCT("}.get(name, name)
            assert kind.startswith(expected), literal


# --- the server


def sql_info(server: Running, *codes: int, client: Any = None) -> dict[int, Any]:
    found = server.asked(client or server.client(), "CommandGetSqlInfo", info=codes)
    return dict(zip(found["info_name"].to_pylist(), found["value"].to_pylist(), strict=True))


KINDS = {
    "string_value": [0, 1, 2, 6, 7, 504, 513, 514, 529, 530, 531],
    "bool_value": [
        *(3, 4, 5, 9, 500, 501, 502, 506, 515, 516, 518, 519, 520, 521, 523, 524, 527, 532),
        *(536, 537, 539, 556, 563, 565, 566, 572, 573, 574, 575, 576),
    ],
    "bigint_value": [*range(541, 556), *range(557, 563)],
    "int32_bitmask": [
        *(8, 100, 101, 503, 505, 507, 522, 525, 526, 528, 533, 534, 535, 538, 540, 564),
        *range(567, 572),
    ],
    "string_list": [508, 509, 510, 511, 512],
    "int32_to_int32_list_map": [517],
}
"""What clients cast the value of each code to."""


def test_every_code_has_a_value_of_its_kind(harbour_server: Running) -> None:
    found = harbour_server.asked(harbour_server.client(), "CommandGetSqlInfo")
    codes = found["info_name"].to_pylist()
    assert codes == sorted([*range(10), 100, 101, *range(500, 577)])
    (values,) = found["value"].chunks
    kinds = [values.type.field(at).name for at in values.type_codes.to_pylist()]
    expected = {code: kind for kind, those in KINDS.items() for code in those}
    assert dict(zip(codes, kinds, strict=True)) == expected


def test_codes_are_given_as_asked(harbour_server: Running) -> None:
    assert sql_info(harbour_server, 8, 0, 77_777) == {8: 2, 0: "ingitdb"}
    assert sql_info(harbour_server, 1)[1].startswith("duckdb v")
    assert sql_info(harbour_server, 100, 101) == {100: 3_600_000, 101: 600_000}
    assert sql_info(harbour_server, 6) == {6: None}


def test_times_are_those_of_the_server(harbour: RepoBuilder, tmp_path: Path) -> None:
    limits = Limits(session=90 * 86_400.0, transaction=1.5)
    with running(tmp_path, harbour, terms=Terms(key=KEY, limits=limits)) as server:
        assert sql_info(server, 100, 101) == {100: 2**31 - 1, 101: 1500}


def test_a_session_that_reads_a_tag_is_read_only(harbour_server: Running) -> None:
    client = harbour_server.client()
    asked_for = messages.make("SetSessionOptionsRequest")
    asked_for.session_options["ref"].string_value = "v1"
    assert sql_info(harbour_server, 3, client=client) == {3: False}
    body = asked_for.SerializeToString()
    list(client.do_action(flight.Action("SetSessionOptions", body)))
    assert sql_info(harbour_server, 3, client=client) == {3: True}


def test_words_are_those_of_duckdb_and_ours(harbour_server: Running) -> None:
    keywords, numbers, texts, system, moments = sql_info(harbour_server, *range(508, 513)).values()
    assert {"SELECT", "QUALIFY", "PIVOT"} <= set(keywords)
    assert {"abs", "sqrt", "round"} <= set(numbers)
    assert {"upper", "regexp_replace", "concat_ws"} <= set(texts)
    assert {"hash_of", "active_branch", "version"} <= set(system)
    assert {"date_trunc", "now", "strftime"} <= set(moments)
    groups = [set(numbers), set(texts), set(system), set(moments)]
    assert len(set().union(*groups)) == sum(map(len, groups))
    assert "current_setting" not in system


TYPES_OF_CONVERT = [
    *("BIGINT", "BLOB", "BOOLEAN", "VARCHAR", "DATE", "DECIMAL(18,2)", "FLOAT", "INTEGER"),
    *("INTERVAL", "INTERVAL", "BLOB", "VARCHAR", "DECIMAL(18,2)", "FLOAT", "SMALLINT", "TIME"),
    *("TIMESTAMP", "TINYINT", "BLOB", "VARCHAR"),
]
VALUES = {
    "DATE": "'2026-01-02'",
    "TIME": "'10:11:12'",
    "TIMESTAMP": "'2026-01-02'",
    "INTERVAL": "'1 day'",
}


@pytest.mark.slow
def test_conversions_are_those_that_queries_can_do(harbour_server: Running) -> None:
    said = dict(sql_info(harbour_server, 517)[517])
    kinds = list(dict.fromkeys(TYPES_OF_CONVERT))
    with harbour_server.adbc().cursor() as cursor:
        for one in kinds:
            for other in kinds:
                value = VALUES.get(other, "'1'") if one == "VARCHAR" else VALUES.get(one, "'1'")
                sql = f"SELECT CAST(CAST({value} AS {one}) AS {other})"
                complaint = complaint_of(cursor, sql)
                assert complaint is None or "Unimplemented" in complaint
                told = TYPES_OF_CONVERT.index(other) in said[TYPES_OF_CONVERT.index(one)]
                assert told == (complaint is None), (one, other)


def test_what_is_said_of_sql_is_so(harbour_server: Running) -> None:
    said = sql_info(harbour_server)
    with harbour_server.adbc().cursor() as cursor:

        def rows(sql: str) -> list[Any]:
            cursor.execute(sql)
            return [row[0] for row in cursor.fetchall()]

        values = "FROM (VALUES (1, 'b'), (NULL, 'a')) AS t(x, y)"
        for order in ("ASC", "DESC"):
            assert rows(f"SELECT x {values} ORDER BY x {order}") == [1, None]
        assert said[507] == 3
        assert rows("SELECT 'a' || NULL") == [None]
        assert rows(f"SELECT x {values} ORDER BY y, x + 1") == [None, 1]
        assert rows(f"SELECT 1 {values} GROUP BY x, y") == [1, 1]
        assert rows("SELECT count(*) FROM fares AS fares JOIN ports AS fares2 ON true") == [1]
        assert rows("SELECT 1 AS a$b") == [1]
        escape = said[513]
        assert rows(f"SELECT 'a_b' LIKE 'a{escape}_b' ESCAPE '{escape}'") == [True]
        assert rows(f"SELECT FARES.price IS NULL FROM {said[504]}FARES{said[504]}") == [False]
        assert rows("SELECT 1 WHERE EXISTS (SELECT 1) AND 1 IN (SELECT 1) AND 1 >= ALL (SELECT 1)")
        inner = "(SELECT f.port FROM fares f WHERE f.port = p._key)"
        assert rows(f"SELECT p.berths FROM ports p WHERE p._key = {inner}") == [6]
        assert rows("SELECT 1 UNION SELECT 1 UNION ALL SELECT 1") == [1, 1]
        assert rows("SELECT count(*) FROM ports FULL JOIN fares ON false") == [2]
        assert rows("SELECT name FROM harbour.main.ports") == ["Oslo"]
        assert complaint_of(cursor, "SELECT * FROM ports FOR UPDATE")
        assert complaint_of(cursor, "CREATE DATABASE other")
        assert complaint_of(cursor, "CREATE INDEX i ON ports(name)")
        assert complaint_of(cursor, "{call commit('x')}")
        assert complaint_of(cursor, "CREATE SCHEMA quays") is None
        assert complaint_of(cursor, "DROP SCHEMA quays") is None
