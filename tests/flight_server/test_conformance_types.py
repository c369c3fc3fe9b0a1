"""Every type of Arrow: bound to a parameter, uploaded into a new table and an old one."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from adbc_driver_flightsql import dbapi

from tests.support.flight_servers import Running

UTC = dt.UTC
DAYS = [dt.date(1, 1, 1), dt.date(9999, 12, 31)]
TIMES = [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59)]  # noqa: DTZ001
NANO_TIMES = [dt.datetime(1677, 9, 22), dt.datetime(2262, 4, 11)]  # noqa: DTZ001
INSTANTS = [dt.datetime(1970, 1, 1, tzinfo=UTC), dt.datetime(2024, 2, 29, 12, 30, 1, tzinfo=UTC)]
NAMES = {8: "TINY", 16: "SMALL", 64: "BIG"}
NO_BLOB, NO_PLACE = "no place for a BLOB", "no place for values"

# type, its values, the type in SQL, the type that comes back, what an upload is refused with
CASES: dict[str, tuple[pa.DataType, list[Any], str, pa.DataType, str]] = {
    "null": (pa.null(), [], "VARCHAR", pa.string(), ""),
    "boolean": (pa.bool_(), [True, False], "BOOLEAN", pa.bool_(), ""),
    **{
        f"{sign}int{bits}": (
            getattr(pa, f"{sign}int{bits}")(),
            [0, 2**bits - 1] if sign else [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1],
f"{sign.upper()}{NAMES[bits]}INT" if bits != 32 else f"{sign.upper()}INTEGER",
            getattr(pa, f"{sign}int{bits}")(),
            "",
        )
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
    "float16": (pa.float16(), [-65504.0, 0.5], "FLOAT", pa.float32(), ""),
    "float32": (
        pa.float32(), [-3.4028234663852886e38, 1.401298464324817e-45], "FLOAT", pa.float32(), "",
    ),
    "float64": (
        pa.float64(), [-1.7976931348623157e308, 5e-324, float("inf")], "DOUBLE", pa.float64(), "",
    ),
    "decimal32": (
        pa.decimal32(9, 2), [Decimal("-9999999.99"), Decimal("9999999.99")], "DECIMAL(9,2)",
        pa.decimal128(9, 2), "",
    ),
    "decimal64": (
        pa.decimal64(18, 2), [Decimal("-1234567890.12")], "DECIMAL(18,2)", pa.decimal128(18, 2), "",
    ),
    "decimal128": (
        pa.decimal128(38, 10), [Decimal("12.5"), Decimal("-0.0000000001")], "DECIMAL(38,10)",
        pa.decimal128(38, 10), "",
    ),
    "decimal of a negative scale": (
        pa.decimal128(5, -2), [Decimal(12300)], "DECIMAL(7,0)", pa.decimal128(7, 0), "",
    ),
    "decimal256": (
        pa.decimal256(76, 10), [Decimal("12.5")], "DECIMAL(38,10)", pa.decimal128(38, 10), "",
    ),
    "decimal256 of 66 digits": (
        pa.decimal256(76, 10), [Decimal("9" * 66)], "", pa.null(), "does not fit in precision 38",
    ),
    "string": (pa.string(), ["", 'ø\n"x"', "\U0001f6f3"], "VARCHAR", pa.string(), ""),
    "large_string": (pa.large_string(), ["", "x"], "VARCHAR", pa.string(), ""),
    "string_view": (pa.string_view(), ["", "more than twelve bytes"], "VARCHAR", pa.string(), ""),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), ["a", "b"], "VARCHAR", pa.string(), ""),
    "binary": (pa.binary(), [b"", b"\x00\xff"], "BLOB", pa.binary(), NO_BLOB),
    "large_binary": (pa.large_binary(), [b"", b"\x00\xff"], "BLOB", pa.binary(), NO_BLOB),
    "binary_view": (pa.binary_view(), [b"", b"\x00\xff" * 9], "BLOB", pa.binary(), NO_BLOB),
    "fixed_size_binary": (pa.binary(2), [b"\x00\xff"], "BLOB", pa.binary(), NO_BLOB),
    "date32": (pa.date32(), DAYS, "DATE", pa.date32(), ""),
    "date64": (pa.date64(), DAYS, "DATE", pa.date32(), ""),
    "time_s": (pa.time32("s"), [dt.time(0), dt.time(23, 59, 59)], "TIME", pa.time64("us"), ""),
    "time_ms": (pa.time32("ms"), [dt.time(23, 59, 59, 999000)], "TIME", pa.time64("us"), ""),
    "time_us": (pa.time64("us"), [dt.time(23, 59, 59, 999999)], "TIME", pa.time64("us"), ""),
    "time_ns": (pa.time64("ns"), [0, 86_399_999_999_000], "TIME", pa.time64("us"), NO_PLACE),
    "timestamp_s": (pa.timestamp("s"), TIMES, "TIMESTAMP_S", pa.timestamp("s"), ""),
    "timestamp_ms": (pa.timestamp("ms"), TIMES, "TIMESTAMP_MS", pa.timestamp("ms"), ""),
    "timestamp_us": (pa.timestamp("us"), TIMES, "TIMESTAMP", pa.timestamp("us"), ""),
    "timestamp_ns": (pa.timestamp("ns"), NANO_TIMES, "TIMESTAMP_NS", pa.timestamp("ns"), ""),
    **{
        f"timestamptz_{unit}": (
            pa.timestamp(unit, "UTC"), INSTANTS, "TIMESTAMPTZ", pa.timestamp("us", "UTC"),
            NO_PLACE if unit == "ns" else "",
        )
        for unit in ("s", "ms", "us", "ns")
    },
    "timestamptz of a zone": (
        pa.timestamp("us", "Europe/Oslo"), INSTANTS, "TIMESTAMPTZ", pa.timestamp("us", "UTC"), "",
    ),
    "interval": (
        pa.month_day_nano_interval(), [pa.MonthDayNano([1, 2, 3000])], "INTERVAL",
        pa.month_day_nano_interval(), "",
    ),
    **{
        name: (kind, [[1, None], [2, 3]], "BIGINT[]", pa.list_(pa.field("l", pa.int64())), "")
        for name, kind in {
            "list": pa.list_(pa.int64()),
            "large_list": pa.large_list(pa.int64()),
            "fixed_size_list": pa.list_(pa.int64(), 2),
        }.items()
    },
    "list of float16": (
        pa.list_(pa.float16()), [[0.5]], "FLOAT[]", pa.list_(pa.field("l", pa.float32())), "",
    ),
    "struct": (
        pa.struct([("a", pa.int64()), ("b", pa.string())]),
        [{"a": 1, "b": "x"}, {"a": None, "b": None}], "STRUCT(a BIGINT, b VARCHAR)",
        pa.struct([("a", pa.int64()), ("b", pa.string())]), "",
    ),
    "map": (
        pa.map_(pa.string(), pa.int64()), [[("a", 1), ("b", 2)], []], "MAP(VARCHAR, BIGINT)",
        pa.map_(pa.string(), pa.int64()), "",
    ),
}  # fmt: skip


def plain(column: pa.ChunkedArray) -> list[Any]:
    """Gives values that can be compared; times without regard to their unit and zone."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", "UTC" if kind.tz else None))
    if pa.types.is_time64(kind):
        column = column.cast(pa.time64("us"))
    return list(column.to_pylist())


def values_of(name: str) -> tuple[pa.ChunkedArray, pa.DataType, str, str]:
    kind, values, sql, comes_back, refusal = CASES[name]
    return pa.chunked_array([pa.array([*values, None], kind)]), comes_back, sql, refusal


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[2]])
def test_types_of_parameters(server: Running, name: str) -> None:
    given, comes_back, sql, _ = values_of(name)
    with server.adbc().cursor() as cursor:
        cursor.execute(f"SELECT ?::{sql} AS v", pa.table({"0": given}))
        found = cursor.fetch_arrow_table()
    assert found.schema.field("v").type == comes_back
    assert plain(found["v"]) == plain(given)


@pytest.mark.parametrize("name", CASES)
def test_types_of_uploads(server: Running, name: str) -> None:
    given, comes_back, _, refusal = values_of(name)
    rows = pa.table({"id": range(len(given)), "v": given})
    with server.adbc().cursor() as cursor:
        if refusal:
            with pytest.raises(dbapi.Error, match=refusal) as raised:
                cursor.adbc_ingest("uploads", rows, mode="create")
            assert "SQLSTATE" in str(raised.value)
            return
        for count, mode in enumerate(["create", "append"]):
            later = rows.set_column(0, "id", pa.array(range(count * 100, count * 100 + len(given))))
            assert cursor.adbc_ingest("uploads", later, mode=mode) == len(given)
        cursor.execute("SELECT v FROM uploads ORDER BY id")
        found = cursor.fetch_arrow_table()["v"]
    assert found.type == comes_back
    assert plain(found) == plain(given) * 2


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_durations_become_intervals(server: Running, unit: str) -> None:
    day = pa.array(
        [86_400 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]], pa.duration(unit)
    )
    with server.adbc().cursor() as cursor:
        cursor.execute("SELECT DATE '2024-02-28' + ?::INTERVAL", pa.table({"0": day}))
        assert cursor.fetchone() == (dt.datetime(2024, 2, 29),)  # noqa: DTZ001
        cursor.adbc_ingest("spans", pa.table({"v": day}), mode="create")
        cursor.execute("SELECT DATE '2024-02-28' + v FROM spans")
        assert cursor.fetchone() == (dt.datetime(2024, 2, 29),)  # noqa: DTZ001


@pytest.mark.parametrize(
    "given",
    [
        pa.array([1], pa.timestamp("ns")),
        pa.array([86_399_999_999_999], pa.time64("ns")),
        pa.array([1], pa.duration("ns")),
        pa.array([pa.MonthDayNano([0, 0, 1])]),
    ],
    ids=str,
)
def test_nanoseconds_are_not_lost_in_silence(server: Running, given: pa.Array) -> None:
    with server.adbc().cursor() as cursor, pytest.raises(dbapi.Error, match="has nanoseconds"):
        cursor.execute("SELECT ?", pa.table({"0": given}))
