import io
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ingitdb
from ingitdb.formats.edits.editing import edited, written
from ingitdb.formats.parquet import Parquet
from ingitdb.model.edits import EditFault, Insert, Put, Remove
from tests.support.opening import opener
from tests.support.repositories import RepoBuilder

MOMENT = datetime(2024, 1, 1, 10)  # noqa: DTZ001
LATER = datetime(2025, 1, 1, tzinfo=UTC)
PLACE = pa.struct([("x", pa.float64()), ("y", pa.int64())])
COLUMNS = {
    "n": (pa.int32(), 1, 7),
    "f": (pa.float32(), 0.5, 0.25),
    "price": (pa.decimal128(8, 2), Decimal("1.50"), Decimal("2.25")),
    "at": (pa.timestamp("ms"), MOMENT, datetime(2025, 2, 3)),  # noqa: DTZ001
    "seen": (pa.timestamp("us", "UTC"), LATER.replace(year=2024), LATER),
    "nano": (pa.timestamp("ns"), 1, "1970-01-01 00:00:00.000000002"),
    "day": (pa.date32(), date(2024, 1, 1), date(2025, 1, 1)),
    "clock": (pa.time64("us"), time(1, 2), time(3, 4, 5)),
    "data": (pa.binary(), b"\x00", b"\x01z"),
    "text": (pa.string(), "a", "ø"),
    "word": (pa.dictionary(pa.int32(), pa.string()), "a", "zz"),
    "items": (pa.list_(pa.string()), ["a"], ["b", None]),
    "place": (PLACE, {"x": 1.5, "y": 1}, {"x": None, "y": 2}),
    "free": (pa.map_(pa.int32(), pa.string()), [(1, "a")], {"1": "b", "2": "c"}),
    "uuid": (pa.uuid(), b"\x00" * 16, "12345678-1234-5678-1234-567812345678"),
    "yes": (pa.bool_(), True, False),
}  # fmt: skip


def file(table, **options):
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def table(rows=3):
    arrays = [pa.array([old] + [None] * (rows - 1), kind) for kind, old, _ in COLUMNS.values()]
    return pa.table(dict(zip(COLUMNS, arrays, strict=True))).replace_schema_metadata({"by": "desk"})


def opened(data):
    return pq.ParquetFile(io.BytesIO(data))


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("row", [0, 1])
def test_a_value_of_each_type(name, row):
    data = file(table())
    before = opened(data).read()
    made = edited("parquet", data, [Put(place=(row, name), value=COLUMNS[name][2])])
    after = opened(made).read()
    assert after.schema.equals(before.schema, check_metadata=True)
    assert Parquet().read(made).value[row][name] == COLUMNS[name][2]
    others = [column for column in COLUMNS if column != name]
    assert after.select(others).equals(before.select(others))
    assert after[name][2].as_py() is None


def test_the_file_stays_as_it_was_written():
    options = {"compression": {"n": "gzip", "text": "zstd"}, "use_dictionary": ["text"]}
    source = pa.table({"n": range(10), "text": ["a"] * 10}).replace_schema_metadata({"by": "desk"})
    data = file(source, row_group_size=4, **options)
    edits = [Put(place=(0, "n"), value=99), Remove(place=(1,)), Insert(place=(10,), value={"n": 5})]
    made = edited("parquet", data, edits)
    old, new = opened(data).metadata, opened(made).metadata
    assert new.num_row_groups == 3
    assert [new.row_group(at).num_rows for at in range(3)] == [4, 4, 2]
    for at in range(2):
        was, now = old.row_group(0).column(at), new.row_group(0).column(at)
        assert (now.compression, now.has_dictionary_page) == (
            was.compression,
            was.has_dictionary_page,
        )
    assert opened(made).read().to_pylist() == [
        {"n": 99, "text": "a"},
        *({"n": n, "text": "a"} for n in range(2, 10)),
        {"n": 5, "text": None},
    ]
    assert opened(made).schema_arrow.metadata == {b"by": b"desk"}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Put(place=(0, "n"), value=2**40), "holds int32, which 1099511627776 is not"),
        (Put(place=(0, "n"), value=1.5), "holds int32"),
        (Put(place=(0, "f"), value=1e300), "holds float"),
        (Put(place=(0, "price"), value=Decimal("1.234")), "holds decimal128"),
        (Put(place=(0, "at"), value=MOMENT.replace(microsecond=1)), "holds timestamp"),
        (Put(place=(0, "text"), value=1), "holds string"),
        (Put(place=(0, "place"), value={"z": 1}), "holds struct"),
        (Put(place=(0, "yes"), value=1), "holds bool"),
        (Insert(place=(0,), value={"z": 1}), "no column 'z'"),
        (Insert(place=(0, "z"), value=1), "no column 'z'"),
        (Remove(place=(0, "n")), "has all its values"),
        (Put(place=(7, "n"), value=1), "no position 7"),
    ],
)
def test_what_does_not_fit_is_refused(edit, said):
    with pytest.raises(EditFault, match=said):
        edited("parquet", file(table()), [edit])


def test_a_column_that_takes_no_null():
    schema = pa.schema([pa.field("n", pa.int64(), nullable=False)])
    data = file(pa.table({"n": [1]}, schema=schema))
    with pytest.raises(EditFault, match="takes no NULL"):
        edited("parquet", data, [Put(place=(0, "n"), value=None)])


def test_what_changes_nothing_changes_no_byte():
    data = file(table())
    assert edited("parquet", data, []) == data
    assert edited("parquet", data, [Put(place=(0, "n"), value=1)]) == data
    assert edited("parquet", data, [Put(place=(0, "place", "y"), value=1)]) == data


def test_a_part_of_a_value():
    made = edited("parquet", file(table()), [Put(place=(0, "place", "y"), value=9)])
    assert Parquet().read(made).value[0]["place"] == {"x": 1.5, "y": 9}


def test_new_files():
    rows = [{"a": 1, "b": "x"}, {"a": None, "c": [1.5]}]
    assert opened(written("parquet", rows)).read().to_pylist() == [
        {"a": 1, "b": "x", "c": None},
        {"a": None, "b": None, "c": [1.5]},
    ]
    like = file(pa.table({"a": pa.array([1], pa.int8()), "z": ["x"]}), compression="gzip")
    made = opened(written("parquet", [{"a": 5}], like=like))
    assert made.schema_arrow.types == [pa.int8(), pa.string()]
    assert made.metadata.row_group(0).column(0).compression == "GZIP"
    for value in ({}, [], [{"a": 1}, {"a": "x"}]):
        with pytest.raises(EditFault):
            written("parquet", value)


def test_through_sql(tmp_path):
    repo = RepoBuilder(tmp_path / "repo")
    repo.config(user__name="Data Desk", user__email="data@example.org")
    names = ["n", "price", "at", "data", "place"]
    repo.commit({"t.parquet": file(table().select(names), compression="zstd")})

    def held():
        return pq.read_table(io.BytesIO(repo.run("cat-file", "blob", "main:t.parquet").stdout))

    schema = held().schema
    with opener(tmp_path) as connect:
        connection = connect(repo)
        connection.autocommit = True
        for sql in (
            "UPDATE t SET \"at\" = TIMESTAMP '2025-05-05 05:05:05', price = 9.99 WHERE n = 1",
            "UPDATE t SET data = '\\x01z'::BLOB, place = {'x': 2.5, 'y': 3} WHERE n = 1",
            "INSERT INTO t (n, price, \"at\", data) VALUES (8, 1.5, '2026-01-01', 'a'::BLOB)",
            "DELETE FROM t WHERE n IS NULL",
        ):
            assert connection.execute(sql).rowcount > 0
        with pytest.raises(ingitdb.OperationalError, match="holds int32, which 99999999999 is not"):
            connection.execute("UPDATE t SET n = 99999999999 WHERE n = 8")
        with pytest.raises(ingitdb.OperationalError, match="holds decimal128"):
            connection.execute("UPDATE t SET price = 12345678.90 WHERE n = 8")
    assert held().schema.equals(schema, check_metadata=True)
    moment = datetime(2025, 5, 5, 5, 5, 5)  # noqa: DTZ001
    new = datetime(2026, 1, 1)  # noqa: DTZ001
    place = {"x": 2.5, "y": 3}
    assert [tuple(row.values()) for row in held().to_pylist()] == [
        (1, Decimal("9.99"), moment, b"\x01z", place),
        (8, Decimal("1.50"), new, b"a", None),
    ]
