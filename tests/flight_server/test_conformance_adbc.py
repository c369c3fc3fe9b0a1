"""What arrow-adbc's tests of Flight SQL and the ADBC validation suite ask of a server."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import adbc_driver_flightsql
import adbc_driver_manager
import pyarrow as pa
import pytest
from adbc_driver_flightsql import dbapi

from tests.support.flight_servers import Running, running
from tests.support.repositories import RepoBuilder
from tests.support.serve_program import rows

TABLE = adbc_driver_manager.StatementOptions.INGEST_TARGET_TABLE.value
MODE = adbc_driver_manager.StatementOptions.INGEST_MODE.value


@pytest.fixture
def connection(server: Running) -> Any:
    return server.adbc()


@pytest.fixture
def low(server: Running) -> Iterator[adbc_driver_manager.AdbcConnection]:
    """A connection of the driver itself, below PEP 249."""
    options = {"username": "desk", "password": "any"}
    with (
        closing(adbc_driver_flightsql.connect(server.uri, db_kwargs=options)) as database,
        closing(adbc_driver_manager.AdbcConnection(database)) as found,
    ):
        yield found


def read(low: adbc_driver_manager.AdbcConnection, sql: str, **options: str) -> pa.Table:
    with closing(adbc_driver_manager.AdbcStatement(low)) as statement:
        statement.set_options(**options)
        statement.set_sql_query(sql)
        stream, _ = statement.execute_query()
        return pa.RecordBatchReader._import_from_c(stream.address).read_all()


def ingest(low: adbc_driver_manager.AdbcConnection, name: str, data: Any, mode: str) -> int:
    with closing(adbc_driver_manager.AdbcStatement(low)) as statement:
        statement.set_options(**{TABLE: name, MODE: f"adbc.ingest.mode.{mode}"})
        statement.bind_stream(data if isinstance(data, pa.RecordBatchReader) else data.to_reader())
        return int(statement.execute_update())


# --- Queries and errors


def test_errors_are_of_their_class_and_say_little_else(connection: Any) -> None:
    with connection.cursor() as cursor:
        with pytest.raises(dbapi.ProgrammingError) as raised:
            cursor.execute("SELECT")
        assert raised.value.status_code == adbc_driver_manager.AdbcStatusCode.INVALID_ARGUMENT
        assert raised.value.args[0].startswith("INVALID_ARGUMENT: [FlightSQL] ")
        with pytest.raises(dbapi.ProgrammingError, match="IGD-5002"):
            cursor.adbc_prepare("SELEC 1")
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_an_error_in_the_stream_reaches_who_reads(connection: Any) -> None:
    with connection.cursor() as cursor:
        sql = (
            "SELECT CASE WHEN i = 900_000 THEN 'x' ELSE '1' END::INTEGER"
            " FROM range(1_000_000) r (i)"
        )
        with pytest.raises(dbapi.ProgrammingError, match="IGD-5001"):  # noqa: PT012
            cursor.execute(sql)
            cursor.fetch_arrow_table()
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_parameters_that_do_not_fit_are_refused(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.adbc_prepare("SELECT ? + 1")
        with pytest.raises(dbapi.Error, match="IGD-5"):
            cursor.execute("SELECT ? + 1", parameters=(1, "a"))


def test_partitions_are_read_on_another_connection(server: Running) -> None:
    with server.adbc().cursor() as cursor:
        partitions, schema = cursor.adbc_execute_partitions("SELECT 1 AS one")
        assert schema == pa.schema([("one", "int32")])
    with server.adbc().cursor() as cursor:
        (partition,) = partitions
        cursor.adbc_read_partition(partition)
        assert cursor.fetchone() == (1,)


def test_headers_and_options_of_the_driver(
    server: Running, low: adbc_driver_manager.AdbcConnection
) -> None:
    options = {"username": "desk", "password": "any"}
    more = {"adbc.flight.sql.rpc.call_header.x-foo": "1"}
    with dbapi.connect(server.uri, db_kwargs=options, conn_kwargs=more, autocommit=True) as found:
        assert rows(found, "SELECT 1") == [(1,)]
    driver = adbc_driver_flightsql.StatementOptions
    limits = {driver.QUEUE_SIZE.value: "2", driver.TIMEOUT_FETCH.value: "10"}
    assert read(low, "SELECT 1", **limits).num_rows == 1
    assert adbc_driver_flightsql.__version__


def test_results_one_after_another_are_not_carried(connection: Any) -> None:
    with connection.cursor() as cursor:
        option = adbc_driver_manager.StatementOptions.INCREMENTAL.value
        cursor.adbc_statement.set_options(**{option: "true"})
        with pytest.raises(dbapi.NotSupportedError):  # PollFlightInfo
            cursor.adbc_execute_partitions("SELECT 1")


# --- Statements


def test_columns_are_known_without_a_run(connection: Any, repo: RepoBuilder) -> None:
    before = repo.tip()
    with connection.cursor() as cursor:
        assert len(cursor.adbc_execute_schema("SELECT berths + 1 FROM ports")) == 1
        cursor.adbc_prepare("DELETE FROM ports")
        for sql, count in (("SELECT 1 + ?", 1), ("SELECT 1 + ? + ?", 2)):
            assert len(cursor.adbc_prepare(sql)) == count
    assert repo.tip() == before


def test_each_row_of_parameters_is_a_run(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 + ?", pa.record_batch({"0": [1, 2, 3, 4]}))
        assert cursor.fetch_arrow_table()[0].to_pylist() == [2, 3, 4, 5]
        untyped = pa.record_batch({"0": pa.nulls(1), "1": pa.array([7001])})
        cursor.execute("UPDATE ports SET country = ?, berths = ? WHERE _key = 'oslo'", untyped)
    assert rows(connection, "SELECT country FROM ports WHERE berths = 7001") == [(None,)]


def test_commit_by_itself_is_switched(connection: Any) -> None:
    handle, option = connection.adbc_connection, "adbc.connection.autocommit"
    assert handle.get_option(option) == "true"
    for act in (handle.commit, handle.rollback):
        with pytest.raises(dbapi.ProgrammingError):
            act()
    handle.set_options(**{option: False})
    assert handle.get_option(option) == "false"
    assert rows(connection, "SELECT 1") == [(1,)]
    handle.rollback()
    handle.commit()
    handle.set_options(**{option: True})
    assert handle.get_option(option) == "true"


def test_changes_are_counted(low: adbc_driver_manager.AdbcConnection) -> None:
    def run(sql: str) -> int:
        with closing(adbc_driver_manager.AdbcStatement(low)) as statement:
            statement.set_sql_query(sql)
            return int(statement.execute_update())

    assert run("CREATE TABLE numbers (id INTEGER)") == 0
    assert run("INSERT INTO numbers (id) VALUES (1)") == 1
    assert run("UPDATE numbers SET id = id + 1 WHERE id = 1") == 1
    assert run("DELETE FROM numbers WHERE id = 2") == 1
    assert run("DROP TABLE numbers") == 0


def test_text_beyond_ascii(low: adbc_driver_manager.AdbcConnection) -> None:
    text = "Hei, 世界 🚢"
    assert read(low, f"SELECT '{text}' AS greeting")[0].to_pylist() == [text]


# --- Uploads

FIRST = pa.table({"idx": [1, 2, 3], "value": ["foo", None, "baz"]})
SECOND = pa.table({"idx": [4, 5], "value": ["a", "b"]})


def test_modes_of_uploads(low: adbc_driver_manager.AdbcConnection) -> None:
    with pytest.raises(dbapi.ProgrammingError) as raised:
        ingest(low, "stock", FIRST, "append")
    assert raised.value.status_code == adbc_driver_manager.AdbcStatusCode.NOT_FOUND
    assert ingest(low, "stock", FIRST, "create") == 3
    assert ingest(low, "stock", SECOND, "append") == 2
    assert read(low, "SELECT idx, value FROM stock ORDER BY idx") == pa.concat_tables(
        [FIRST, SECOND]
    )
    with pytest.raises(dbapi.Error, match="stock"):
        ingest(low, "stock", FIRST, "create")
    for table in (FIRST, SECOND):
        assert ingest(low, "stock", table, "replace") == table.num_rows
        assert read(low, "SELECT idx, value FROM stock ORDER BY idx") == table
    for count in (3, 6):
        assert ingest(low, "more", FIRST, "create_append") == 3
        assert read(low, "SELECT count(*) FROM more")[0].to_pylist() == [count]


def test_uploads_of_many_batches_rows_and_columns(low: adbc_driver_manager.AdbcConnection) -> None:
    batches = FIRST.to_batches() + SECOND.to_batches()
    reader = pa.RecordBatchReader.from_batches(FIRST.schema, batches)
    assert ingest(low, "batches", reader, "create") == 5
    many = pa.table({"idx": range(3000), "value": ["x", None, "ø"] * 1000})
    assert ingest(low, "rows", many, "create") == 3000
    assert read(low, "SELECT idx, value FROM rows ORDER BY idx").combine_chunks() == many
    wide = pa.table({f"col_{n}": range(5) for n in range(100)})
    assert ingest(low, "wide", wide, "replace") == 5
    assert read(low, "SELECT * EXCLUDE (_key) FROM wide").num_columns == 100


def test_uploads_by_pep_249(connection: Any) -> None:
    with connection.cursor() as cursor:
        assert cursor.adbc_ingest("readers", FIRST.to_reader()) == 3
        assert cursor.adbc_ingest("tables", FIRST) == 3
        assert cursor.adbc_ingest("tables", SECOND, mode="append") == 2
        assert cursor.adbc_ingest("tables", SECOND, mode="replace") == 2
        assert cursor.adbc_ingest("tables", FIRST, mode="create_append") == 3
    assert rows(connection, "SELECT count(*) FROM tables") == [(5,)]


def test_an_upload_into_another_schema_or_database(connection: Any, repo: RepoBuilder) -> None:
    before = repo.tip()
    with (
        connection.cursor() as cursor,
        pytest.raises(dbapi.Error, match="USE the other database"),
    ):
        cursor.adbc_ingest("stock", FIRST, catalog_name="elsewhere")
    assert repo.tip() == before
    rows(connection, "CREATE SCHEMA depot")
    with connection.cursor() as cursor:
        cursor.adbc_ingest("stock", SECOND)
        cursor.adbc_ingest("stock", FIRST, db_schema_name="depot")
    assert rows(connection, "SELECT count(*) FROM depot.stock") == [(3,)]
    assert rows(connection, "SELECT count(*) FROM main.stock") == [(2,)]


# --- Connections and metadata


def test_where_a_connection_stands_is_changed(repo: RepoBuilder, tmp_path: Any) -> None:
    other = RepoBuilder(tmp_path / "trains")
    other.config(user__name="Trains", user__email="trains@example.org")
    other.commit({"stations.csv": "name\nOslo S\n", "north/lines.csv": "line\nL1\n"})
    with running(tmp_path / "two", repo, other) as both:
        connection = both.adbc()
        for name in ("trains", "ferries"):
            connection.adbc_current_catalog = name
            assert connection.adbc_current_catalog == name
        with pytest.raises(dbapi.Error):
            connection.adbc_current_catalog = "planes"
        assert connection.adbc_current_catalog == "ferries"
        with pytest.raises(dbapi.Error):
            connection.adbc_current_db_schema = "nowhere"


def found(connection: Any, depth: str, **filters: str) -> list[tuple[Any, ...]]:
    """Gives catalogs, schemas, tables or columns, as the names that lead there."""
    listed = connection.adbc_get_objects(depth=depth, **filters).read_all().to_pylist()
    levels = [("catalog_db_schemas", "db_schema_name"), ("db_schema_tables", "table_name"),
              ("table_columns", "column_name")]  # fmt: skip
    paths = [((one["catalog_name"],), one) for one in listed]
    for inner, name in levels[: ["catalogs", "db_schemas", "tables", "columns"].index(depth)]:
        paths = [((*path, one[name]), one) for path, up in paths for one in up[inner] or []]
    names = [path for path, _ in paths]
    assert len(set(names)) == len(names)
    return sorted(names)


def test_objects_are_filtered_at_every_depth(connection: Any) -> None:
    home = {"catalog_filter": "ferries", "db_schema_filter": "main"}
    assert found(connection, "catalogs") == [("ferries",)]
    assert ("ferries", "main") in found(connection, "db_schemas", **home)
    assert ("ferries", "main", "ports") in found(connection, "tables")
    assert found(connection, "tables", table_name_filter="fares") == [("ferries", "main", "fares")]
    columns = found(connection, "columns", **home, table_name_filter="fares")
    assert [path[-1] for path in columns] == ["class", "port", "price", "route"]
    assert {path[-1] for path in found(connection, "columns", column_name_filter="price")} == {
        "price"
    }
    for depth, name in (
        ("catalogs", "catalog"), ("db_schemas", "catalog"), ("db_schemas", "db_schema"),
        ("tables", "catalog"), ("tables", "db_schema"), ("tables", "table_name"),
    ):  # fmt: skip
        assert found(connection, depth, **{f"{name}_filter": "thisdoesnotexist"}) == []


def test_a_table_that_is_not_there_has_no_schema(connection: Any) -> None:
    with pytest.raises(dbapi.ProgrammingError) as raised:
        connection.adbc_get_table_schema("nothing")
    assert raised.value.status_code == adbc_driver_manager.AdbcStatusCode.NOT_FOUND
    assert connection.adbc_get_table_schema("fares", db_schema_filter="main").names == [
        "route", "class", "port", "price",
    ]  # fmt: skip


def test_the_driver_is_told_who_serves(connection: Any) -> None:
    info = connection.adbc_get_info()
    assert info["driver_name"].startswith("ADBC Flight SQL Driver")
    assert info["vendor_name"]
    assert info["vendor_version"]
