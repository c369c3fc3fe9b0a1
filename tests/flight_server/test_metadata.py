"""What there is, told by the commands of Flight SQL: judged by queries and by stock clients."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from ingitdb_flight import messages
from tests.support.flight_servers import Running, running
from tests.support.repositories import RepoBuilder
from tests.support.serve_program import serving, users_text

PREFIX = b"ARROW:FLIGHT:SQL:"


def asked(server: Running, name: str, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.asked(server.client(), name, **fields).to_pylist()
    return found


def names(server: Running, **fields: Any) -> list[str]:
    return [row["table_name"] for row in asked(server, "CommandGetTables", **fields)]


def columns_of(server: Running, table: str, client: Any = None) -> pa.Schema:
    client = client or server.client()
    found = server.asked(
        client, "CommandGetTables", table_name_filter_pattern=table, include_schema=True
    )
    (data,) = found["table_schema"].to_pylist()
    return pa.ipc.read_schema(pa.py_buffer(data))


def said_of(field: pa.Field) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX).decode(): value.decode() for name, value in field.metadata.items()
    }


# --- the form of answers

TEXT, INT = pa.string(), pa.int32()
TABLES = [("catalog_name", TEXT), ("db_schema_name", TEXT), ("table_name", TEXT, False)]
KEYS = [
    *(("pk_catalog_name", TEXT), ("pk_db_schema_name", TEXT), ("pk_table_name", TEXT, False)),
    *(("pk_column_name", TEXT, False), ("fk_catalog_name", TEXT), ("fk_db_schema_name", TEXT)),
    *(("fk_table_name", TEXT, False), ("fk_column_name", TEXT, False)),
    *(("key_sequence", INT, False), ("fk_key_name", TEXT), ("pk_key_name", TEXT)),
    *(("update_rule", pa.uint8(), False), ("delete_rule", pa.uint8(), False)),
]
UNION = pa.dense_union(
    [
        pa.field("string_value", TEXT, nullable=False),
        pa.field("bool_value", pa.bool_(), nullable=False),
        pa.field("bigint_value", pa.int64(), nullable=False),
        pa.field("int32_bitmask", INT, nullable=False),
        pa.field("string_list", pa.list_(TEXT), nullable=False),
        pa.field("int32_to_int32_list_map", pa.map_(INT, pa.list_(INT)), nullable=False),
    ]
)
FORMS: dict[tuple[str, bool], list[Any]] = {
    ("CommandGetCatalogs", False): [("catalog_name", TEXT, False)],
    ("CommandGetDbSchemas", False): [("catalog_name", TEXT), ("db_schema_name", TEXT, False)],
    ("CommandGetTables", False): [*TABLES, ("table_type", TEXT, False)],
    ("CommandGetTables", True): [
        *TABLES,
        ("table_type", TEXT, False),
        ("table_schema", pa.binary(), False),
    ],
    ("CommandGetTableTypes", False): [("table_type", TEXT, False)],
    ("CommandGetPrimaryKeys", False): [
        *TABLES,
        *(("column_name", TEXT, False), ("key_sequence", INT, False), ("key_name", TEXT)),
    ],
    ("CommandGetImportedKeys", False): KEYS,
    ("CommandGetExportedKeys", False): KEYS,
    ("CommandGetCrossReference", False): KEYS,
    ("CommandGetSqlInfo", False): [("info_name", pa.uint32(), False), ("value", UNION, False)],
    ("CommandGetXdbcTypeInfo", False): [
        *(("type_name", TEXT, False), ("data_type", INT, False), ("column_size", INT)),
        *(("literal_prefix", TEXT), ("literal_suffix", TEXT)),
        ("create_params", pa.list_(pa.field("item", TEXT, nullable=False))),
        *(("nullable", INT, False), ("case_sensitive", pa.bool_(), False)),
        *(("searchable", INT, False), ("unsigned_attribute", pa.bool_())),
        *(("fixed_prec_scale", pa.bool_(), False), ("auto_increment", pa.bool_())),
        *(("local_type_name", TEXT), ("minimum_scale", INT), ("maximum_scale", INT)),
        *(("sql_data_type", INT, False), ("datetime_subcode", INT)),
        *(("num_prec_radix", INT), ("interval_precision", INT)),
    ],
}
"""The columns that the clients of C++ and Go compare answers with: name, type, may it be NULL."""


@pytest.mark.parametrize(("command", "is_whole"), FORMS)
def test_answers_have_the_columns_that_clients_expect(
    harbour_server: Running, command: str, is_whole: bool
) -> None:
    expected = pa.schema([pa.field(*each) for each in FORMS[command, is_whole]])
    fields = {"include_schema": True} if is_whole else {}
    client = harbour_server.client()
    made = messages.wrap(messages.make(command, **fields))
    descriptor = flight.FlightDescriptor.for_command(made)
    answer = harbour_server.asked(client, command, **fields)
    answer.validate(full=True)
    for found in (
        answer.schema,
        client.get_flight_info(descriptor).schema,
        client.get_schema(descriptor).schema,
    ):
        assert found.equals(expected, check_metadata=True)


# --- databases, schemas, tables


@pytest.fixture
def two(harbour: RepoBuilder, repo: RepoBuilder, tmp_path: Path) -> Iterator[Running]:
    """A server of two databases, of which sessions begin in `harbour`."""
    with running(tmp_path, harbour, repo) as found:
        yield found


def test_every_database_is_listed(two: Running) -> None:
    assert asked(two, "CommandGetCatalogs") == [
        {"catalog_name": "ferries"},
        {"catalog_name": "harbour"},
    ]
    schemas = [tuple(row.values()) for row in asked(two, "CommandGetDbSchemas")]
    assert schemas == [("ferries", "main"), ("harbour", "data"), ("harbour", "main")]
    found = [row["catalog_name"] for row in asked(two, "CommandGetTables")]
    assert found == ["ferries"] * 2 + ["harbour"] * 8


@pytest.mark.parametrize(
    ("catalog", "pattern", "expected"),
    [
        (None, "%", ["main", "data", "main"]),
        ("harbour", None, ["data", "main"]),
        ("HARBOUR", "d%", ["data"]),
        ("harb%", None, []),
        ("", None, []),
        (None, "", []),
        (None, "mai_", ["main", "main"]),
        (None, "MAIN", []),
    ],
)
def test_schemas_are_filtered(
    two: Running, catalog: str | None, pattern: str | None, expected: list[str]
) -> None:
    given = {"catalog": catalog, "db_schema_filter_pattern": pattern}
    fields = {name: value for name, value in given.items() if value is not None}
    found = asked(two, "CommandGetDbSchemas", **fields)
    assert [row["db_schema_name"] for row in found] == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a_b", ["a%b", "a_b", "axb"]),
        (r"a\_b", ["a_b"]),
        (r"a\%b", ["a%b"]),
        ("a%", ["a%b", "a_b", "axb"]),
        ("%es", ["fares", "sales"]),
        ("_ares", ["fares"]),
        ("are", []),
        (".*", []),
        ("", []),
    ],
)
def test_tables_are_found_by_pattern(
    harbour_server: Running, pattern: str, expected: list[str]
) -> None:
    assert names(harbour_server, table_name_filter_pattern=pattern) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"table_types": ["VIEW"]}, ["dear", "gone"]),
        (
            {"table_types": ["TABLE"], "db_schema_filter_pattern": "main"},
            [*("fares", "ports"), "sales"],
        ),
        ({"table_types": ["SYSTEM TABLE"]}, []),
        (
            {"table_types": ["TABLE", "VIEW"], "table_name_filter_pattern": "%r%"},
            ["dear", "fares", "ports"],
        ),
        ({"catalog": ""}, []),
        ({"db_schema_filter_pattern": ""}, []),
    ],
)
def test_tables_are_filtered(
    harbour_server: Running, fields: dict[str, Any], expected: list[str]
) -> None:
    assert names(harbour_server, **fields) == expected


def test_kinds_of_tables(harbour_server: Running) -> None:
    found = asked(harbour_server, "CommandGetTableTypes")
    assert [row["table_type"] for row in found] == ["TABLE", "VIEW"]
    listed = asked(harbour_server, "CommandGetTables", db_schema_filter_pattern="main")
    assert [(row["table_name"], row["table_type"]) for row in listed] == [
        *(("dear", "VIEW"), ("fares", "TABLE"), ("gone", "VIEW")),
        *(("ports", "TABLE"), ("sales", "TABLE")),
    ]


def test_a_repository_without_commits_has_one_schema(tmp_path: Path) -> None:
    empty = RepoBuilder(tmp_path / "empty")
    with running(tmp_path, empty) as server:
        assert asked(server, "CommandGetCatalogs") == [{"catalog_name": "empty"}]
        assert [row["db_schema_name"] for row in asked(server, "CommandGetDbSchemas")] == ["main"]
        assert names(server) == []


def test_a_transaction_sees_its_own_tables(harbour_server: Running) -> None:
    connection = harbour_server.adbc(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE boats (name VARCHAR PRIMARY KEY, crew INTEGER NOT NULL)")
        found = connection.adbc_get_table_schema("boats")
        assert [(field.name, field.nullable) for field in found] == [
            ("name", False),
            ("crew", False),
        ]
        assert "boats" not in names(harbour_server)
        connection.rollback()
        with pytest.raises(Exception, match="No table found"):
            connection.adbc_get_table_schema("boats")
        cursor.execute("CREATE TABLE boats (name VARCHAR)")
        connection.commit()
    assert "boats" in names(harbour_server)


def test_the_session_decides_which_commit_is_told(
    harbour_server: Running, harbour: RepoBuilder
) -> None:
    harbour.commit({"ports/oslo.yaml": None, "piers/one.yaml": "length: 40\n"})
    connection = harbour_server.adbc()
    assert connection.adbc_get_table_schema("piers").names == ["_key", "length"]
    with connection.cursor() as cursor:
        cursor.execute("SET ref = 'v1'")
    with pytest.raises(Exception, match="No table found"):
        connection.adbc_get_table_schema("piers")
    assert said_of(connection.adbc_get_table_schema("ports").field("name"))["IS_READ_ONLY"] == "1"


# --- columns


def test_columns_are_those_of_select(harbour_server: Running) -> None:
    client = harbour_server.client()
    with harbour_server.adbc().cursor() as cursor:
        for name in ("fares", "ports", "sales", "dear"):
            cursor.execute(f"SELECT * FROM {name}")
            rows = cursor.fetch_arrow_table().schema
            listed = columns_of(harbour_server, name, client)
            assert listed.names == rows.names
            assert listed.types == rows.types
    found = {field.name: field.nullable for field in columns_of(harbour_server, "fares")}
    needed = {"route": False, "class": False, "price": False}
    assert found == {"port": True, "via": True, "code": True, **needed}
    assert all(field.nullable for field in columns_of(harbour_server, "dear"))


def test_every_type_is_told_as_it_is_streamed(harbour_server: Running) -> None:
    listed = asked(harbour_server, "CommandGetXdbcTypeInfo")
    plain = [row["type_name"] for row in listed if row["data_type"] != 0]
    plain.remove("BLOB")  # which only Parquet holds
    spelled = [
        *plain,
        "DECIMAL(7,3)",
        "DATE[]",
        "MAP(VARCHAR, BIGINT)",
        'STRUCT("a b" UUID)',
        "JSON[]",
    ]
    columns = ", ".join(f"c{at} {kind}" for at, kind in enumerate(spelled))
    with harbour_server.adbc().cursor() as cursor:
        cursor.execute(f"CREATE TABLE kinds ({columns})")
        cursor.execute("SELECT * FROM kinds")
        rows = cursor.fetch_arrow_table().schema
    told = columns_of(harbour_server, "kinds")
    assert told.types == rows.types
    digits = [said_of(field)["TYPE_NAME"].partition("(")[0] for field in told]
    assert digits[: len(plain)] == [name.partition("(")[0] for name in plain]
    assert said_of(told.field(len(plain)))["PRECISION"] == "7"
    assert said_of(told.field(len(plain)))["SCALE"] == "3"


def test_a_field_says_what_its_column_is(harbour_server: Running) -> None:
    found = columns_of(harbour_server, "fares")
    place = {
        "CATALOG_NAME": "harbour",
        "DB_SCHEMA_NAME": "main",
        "SCHEMA_NAME": "main",
        "TABLE_NAME": "fares",
        "IS_AUTO_INCREMENT": "0",
        "IS_SEARCHABLE": "1",
        "IS_READ_ONLY": "0",
    }
    code = {"TYPE_NAME": "VARCHAR", "PRECISION": "8", "REMARKS": "On the ticket"}
    price = {"TYPE_NAME": "DECIMAL", "PRECISION": "9", "SCALE": "2", "COLUMN_DEF": "10"}
    assert said_of(found.field("code")) == {**place, **code, "IS_CASE_SENSITIVE": "1"}
    assert said_of(found.field("price")) == {**place, **price, "IS_CASE_SENSITIVE": "0"}
    view = said_of(columns_of(harbour_server, "dear").field("classes"))
    assert view["TYPE_NAME"] == "VARCHAR[]"
    assert view["IS_READ_ONLY"] == "1"


def test_a_view_that_cannot_be_read_has_no_columns(harbour_server: Running) -> None:
    assert columns_of(harbour_server, "gone").names == []


def test_results_name_the_types_of_their_columns(harbour_server: Running) -> None:
    client = harbour_server.client()
    sql = "SELECT 1.5::DECIMAL(4, 1) AS d, '{}'::JSON AS j, [1] AS l"
    info = harbour_server.info(client, "CommandStatementQuery", query=sql)
    rows = client.do_get(info.endpoints[0].ticket).read_all()
    assert rows.schema.equals(info.schema, check_metadata=True)
    found = {field.name: said_of(field) for field in info.schema}
    assert [found[name]["TYPE_NAME"] for name in "djl"] == ["DECIMAL", "JSON", "INTEGER[]"]
    assert (found["d"]["PRECISION"], found["d"]["SCALE"]) == ("4", "1")
    made = harbour_server.call(client, "CreatePreparedStatement", query=sql)
    prepared = pa.ipc.read_schema(pa.py_buffer(made.dataset_schema))
    assert prepared.equals(info.schema, check_metadata=True)


# --- stock clients


def test_adbc_walks_over_everything(two: Running) -> None:
    connection = two.adbc()
    found = connection.adbc_get_objects(depth="all").read_all().to_pylist()
    tables = {
        (catalog["catalog_name"], schema["db_schema_name"], table["table_name"]): table
        for catalog in found
        for schema in catalog["catalog_db_schemas"]
        for table in schema["db_schema_tables"]
    }
    assert len(tables) == 10
    fares = {c["column_name"]: c for c in tables["harbour", "main", "fares"]["table_columns"]}
    assert list(fares) == ["route", "class", "port", "via", "price", "code"]
    assert fares["price"]["xdbc_type_name"] == "DECIMAL"
    assert fares["price"]["xdbc_scope_schema"] == "main"
    assert tables["harbour", "main", "dear"]["table_type"] == "VIEW"
    only = connection.adbc_get_objects(
        depth="tables",
        catalog_filter="ferries",
        table_name_filter="p%",
        table_types_filter=["TABLE"],
    )
    (catalog,) = only.read_all().to_pylist()
    (schema,) = catalog["catalog_db_schemas"]
    assert [table["table_name"] for table in schema["db_schema_tables"]] == ["ports"]


def test_adbc_knows_where_it_is(two: Running) -> None:
    connection = two.adbc()
    assert connection.adbc_current_catalog == "harbour"
    connection.adbc_current_db_schema = "data"
    assert connection.adbc_current_db_schema == "data"
    connection.adbc_current_catalog = "FERRIES"
    assert connection.adbc_current_catalog == "ferries"
    assert connection.adbc_get_table_types() == ["TABLE", "VIEW"]
    info = connection.adbc_get_info()
    assert info["vendor_name"] == "ingitdb"
    assert info["vendor_version"].startswith("duckdb v")
    assert info["vendor_arrow_version"] == pa.__version__


def test_users_are_told_of_what_they_may_read_and_write(
    harbour: RepoBuilder, repo: RepoBuilder, tmp_path: Path
) -> None:
    users = tmp_path / "users.yaml"
    users.write_text(users_text())
    users.chmod(0o600)
    with serving(tmp_path, repo.path, harbour.path, "--users", users) as server:
        developer, viewer = server.adbc("dev"), server.adbc("reports")
        assert catalogs_of(developer) == ["ferries"]
        assert catalogs_of(viewer) == ["ferries", "harbour"]
        read_only = [
            said_of(connection.adbc_get_table_schema("ports").field("name"))["IS_READ_ONLY"]
            for connection in (developer, viewer)
        ]
        assert read_only == ["0", "1"]


def catalogs_of(connection: Any) -> list[str]:
    found = connection.adbc_get_objects(depth="catalogs").read_all().to_pylist()
    return [row["catalog_name"] for row in found]
