import io
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingitdb.formats.parquet import Parquet
from ingitdb.model.records import FormatFault

FORMAT = Parquet()


def parquet(table):
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def column(values, kind=None):
    document = FORMAT.read(parquet(pa.table({"a": pa.array(values, kind)})))
    return [row["a"] for row in document.value]


EPOCH_TEXT = "1970-01-01 00:00:00.000000000"


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None], pa.int8(), [1, None]),
        ([2**64 - 1], pa.uint64(), [2**64 - 1]),
        ([Decimal("1.10")], None, [Decimal("1.10")]),
        ([b"\x00"], None, [b"\x00"]),
        ([date(2024, 1, 31)], None, [date(2024, 1, 31)]),
        ([1_000], pa.timestamp("ns"), [datetime(1970, 1, 1, microsecond=1)]),  # noqa: DTZ001
        ([1, 0], pa.timestamp("ns"), ["1970-01-01 00:00:00.000000001", EPOCH_TEXT]),
        ([0], pa.timestamp("us", "UTC"), [datetime(1970, 1, 1, tzinfo=UTC)]),
        ([time(1, 2, 3)], pa.time64("ns"), [time(1, 2, 3)]),
        ([1_000_001], pa.time64("ns"), ["00:00:00.001000001"]),
        ([timedelta(seconds=5)], pa.duration("ms"), [5_000]),
        ([[(1, "a")], None], pa.map_(pa.int32(), pa.string()), [{"1": "a"}, None]),
        ([[{"x": [0]}]], pa.list_(pa.struct([("x", pa.list_(pa.timestamp("ns")))])),
         [[{"x": [datetime(1970, 1, 1)]}]]),  # noqa: DTZ001
        ([[1, 2], None], pa.list_(pa.int8(), 2), [[1, 2], None]),
        ([b"\x00" * 16, None], pa.uuid(), ["00000000-0000-0000-0000-000000000000", None]),
    ],
)  # fmt: skip
def test_values(values, kind, expected):
    found = column(values, kind)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


def test_rows_and_columns():
    table = pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "", "a"])
    document = FORMAT.read(parquet(table))
    assert (document.kind, document.columns, list(document.lines)) == (
        "rows",
        ("a", "column1", "a_2"),
        [],
    )
    assert document.value == [{"a": 1, "column1": 2, "a_2": 3}]
    assert FORMAT.split(b"") is None


def test_a_key_that_stands_twice():
    with pytest.raises(FormatFault, match="Key '1' stands twice"):
        column([[(1, "a"), (1, "b")]], pa.map_(pa.int32(), pa.string()))


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", b"PAR1xxxxPAR1", parquet(pa.table({"a": [1]}))[:-9]]
)
def test_faults(data):
    with pytest.raises(FormatFault) as caught:
        FORMAT.read(data)
    assert caught.value.message.startswith("The file cannot be read as Parquet: ")
    assert "\n" not in caught.value.message
