"""Statements that try to get out of the fence, as data, with a control that each is a threat.

Placeholders: `{canary}` a CSV file, `{cache}` a folder with `x.parquet`, `{port}` a listening
port of this machine, `{variable}` the name of a Python variable that holds a table. Each attempt
reads or changes something when it runs on a bare DuckDB that has the tables of `duckdb_queries`;
those that need an extension or another machine say so in `needs`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

CATEGORIES = (
    "files",
    "globs",
    "copy",
    "attach",
    "extensions",
    "settings",
    "environment",
    "network",
    "replacement scans",
    "nested writes",
    "dynamic sql",
    "views and macros",
    "cache",
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One hostile statement; `needs` says what a bare DuckDB lacks to run it."""

    category: str
    sql: str
    needs: str | None = None

    def filled(self, places: Mapping[str, str]) -> "Attempt":
        """Puts real paths, ports and names in for the placeholders."""
        sql = self.sql
        for name, value in places.items():
            sql = sql.replace("{" + name + "}", value)
        return replace(self, sql=sql)


def _attempts(category: str, text: str, needs: str | None = None) -> list[Attempt]:
    return [Attempt(category, line.strip(), needs) for line in text.splitlines() if line.strip()]


_EXTENSION = "an extension that is not linked in"
_SHELL = "DuckDB's own command line"

ATTEMPTS: list[Attempt] = [
    *_attempts(
        "files",
        """
        SELECT * FROM read_csv('{canary}')
        SELECT * FROM read_csv_auto(['{canary}'], header = false)
        FROM read_text('{canary}')
        FROM read_blob('{canary}')
        FROM sniff_csv('{canary}')
        FROM "read_text"('{canary}')
        FROM READ_TEXT/**/('{canary}')
        FROM system.main.read_text('{canary}')
        FROM main.read_text('{canary}')
        SELECT (SELECT content FROM read_text('{canary}'))
        SELECT name FROM cities WHERE EXISTS (FROM read_text('{canary}'))
        WITH x AS (FROM read_text('{canary}')) FROM x
        SELECT * FROM range(1), LATERAL (SELECT content FROM read_text('{canary}'))
        SELECT 1 UNION ALL SELECT size FROM read_text('{canary}')
        SELECT 1 ORDER BY (SELECT content FROM read_text('{canary}'))
        SELECT 1 LIMIT (SELECT size FROM read_text('{canary}'))
        SELECT sum(1) OVER (ORDER BY (SELECT content FROM read_text('{canary}')))
        PIVOT (SELECT content, size FROM read_text('{canary}')) ON content USING sum(size)
        PIVOT sales ON quarter IN (SELECT content FROM read_text('{canary}')) USING sum(amount)
        SUMMARIZE SELECT * FROM read_text('{canary}')
        DESCRIBE SELECT * FROM read_text('{canary}')
        EXPLAIN ANALYZE SELECT * FROM read_text('{canary}')
        VALUES ((SELECT content FROM read_text('{canary}')))
        SELECT [x for x in (SELECT list(content) FROM read_text('{canary}'))]
        """,
    ),
    *_attempts(
        "globs",
        """
        FROM glob('{canary}*')
        FROM glob('/*')
        SELECT * FROM read_text('{canary}*')
        FROM '{cache}/*.parquet' SELECT a
        SELECT * FROM read_csv(['{canary}', '{canary}'])
        SELECT list(file) FROM glob('/etc/*')
        SELECT name FROM cities WHERE name IN (SELECT file FROM glob('{canary}*'))
        """,
    ),
    *_attempts(
        "copy",
        """
        COPY cities TO '{canary}.out'
        COPY (SELECT 1) TO '{canary}.parquet' (FORMAT parquet)
        COPY (SELECT 1) TO '/dev/stderr' (FORMAT csv)
        COPY (FROM cities) TO '{canary}.d' (FORMAT csv, PARTITION_BY (country))
        COPY countries FROM '{canary}' (HEADER)
        EXPORT DATABASE '{canary}.export'
        COPY cities TO '{canary}' (FORMAT json)
        WITH x AS (COPY (SELECT 1 AS a) TO '{canary}.cte') FROM x
        EXPLAIN ANALYZE COPY (SELECT 1) TO '{canary}.explained'
        """,
    ),
    *_attempts(
        "attach",
        """
        ATTACH '{canary}.duckdb' AS other (TYPE duckdb)
        ATTACH '{canary}.1' AS other (READ_WRITE)
        ATTACH OR REPLACE '{canary}.2' AS other
        ATTACH IF NOT EXISTS '{canary}.3' AS other (BLOCK_SIZE 16384)
        ATTACH ':memory:' AS other (READ_WRITE, ENCRYPTION_KEY 'x')
        """,
    ),
    *_attempts("attach", "ATTACH '{canary}.sqlite' AS other (TYPE sqlite)", _EXTENSION),
    *_attempts(
        "extensions",
        """
        LOAD json
        LOAD parquet
        INSTALL json
        FORCE INSTALL parquet
        """,
        "nothing, but whether it succeeds depends on how DuckDB was built",
    ),
    *_attempts(
        "extensions",
        """
        INSTALL httpfs
        LOAD httpfs
        LOAD '{canary}'
        INSTALL spatial FROM 'http://127.0.0.1:{port}'
        INSTALL '{canary}'
        """,
        _EXTENSION,
    ),
    *_attempts(
        "extensions",
        """
        UPDATE EXTENSIONS
        SET autoinstall_known_extensions = true
        SET extension_directory = '{canary}.d'
        FROM duckdb_extensions()
        """,
    ),
    *_attempts(
        "settings",
        """
        SET threads = 1
        SET GLOBAL memory_limit = '1GB'
        SET VARIABLE leak = 'x'
        RESET threads
        SET search_path = 'temp'
        SET TimeZone = 'Asia/Tokyo'
        SET log_query_path = '{canary}.log'
        SET temp_directory = '{canary}.tmp'
        PRAGMA threads = 1
        PRAGMA database_list
        PRAGMA enable_profiling = 'no_output'
        CALL enable_logging()
        CALL pragma_version()
        SELECT current_setting('temp_directory')
        SELECT getvariable('leak')
        SELECT 'temp_directory'.current_setting()
        FROM duckdb_settings()
        FROM duckdb_variables()
        FROM pg_catalog.pg_settings
        SHOW VARIABLES
        SHOW ALL TABLES
        SHOW DATABASES
        SHOW threads
        """,
    ),
    *_attempts(
        "environment",
        """
        FROM duckdb_databases()
        FROM duckdb_secrets()
        FROM which_secret('s3://x', 's3')
        FROM pragma_platform()
        FROM pragma_user_agent()
        FROM duckdb_temporary_files()
        FROM duckdb_memory()
        FROM duckdb_logs()
        SELECT write_log('x')
        SELECT current_query()
        """,
    ),
    *_attempts("environment", "SELECT getenv('HOME')\nFROM read_text(getenv('HOME'))", _SHELL),
    *_attempts(
        "network",
        """
        FROM read_csv('http://127.0.0.1:{port}/x.csv')
        FROM 'http://127.0.0.1:{port}/x.csv'
        FROM "http://127.0.0.1:{port}/x.csv"
        FROM read_parquet('s3://bucket/x.parquet')
        SELECT content FROM read_text('https://127.0.0.1:{port}/')
        ATTACH 'http://127.0.0.1:{port}/x.duckdb' AS web (READ_ONLY)
        COPY (SELECT 1) TO 'http://127.0.0.1:{port}/x.csv'
        CREATE SECRET leak (TYPE s3, KEY_ID 'x', SECRET 'y')
        """,
        _EXTENSION,
    ),
    *_attempts(
        "replacement scans",
        """
        FROM '{canary}'
        FROM "{canary}"
        SELECT * FROM cities, '{canary}'
        SELECT * FROM cities JOIN '{canary}' ON true
        SELECT (SELECT count(*) FROM '{canary}')
        WITH x AS (FROM '{canary}') FROM x
        TABLE '{canary}'
        SUMMARIZE '{canary}'
        DESCRIBE '{canary}'
        EXPLAIN ANALYZE FROM '{canary}'
        FROM {variable}
        SELECT * FROM cities, {variable}
        SELECT (SELECT count(*) FROM {variable})
        SUMMARIZE {variable}
        """,
    ),
    *_attempts(
        "nested writes",
        """
        WITH x AS (INSERT INTO countries VALUES ('x', 'y', 'z') RETURNING code) FROM x
        WITH x AS (DELETE FROM countries RETURNING code) SELECT * FROM x
        WITH x AS (UPDATE countries SET name = 'x' RETURNING code) SELECT count(*) FROM x
        WITH a AS (SELECT 1), x AS (DELETE FROM countries RETURNING code) SELECT 1
        WITH a AS (SELECT 'x') INSERT INTO countries SELECT 'x', 'y', 'z' FROM a
        EXPLAIN ANALYZE INSERT INTO countries VALUES ('x', 'y', 'z')
        EXPLAIN ANALYZE WITH x AS (DELETE FROM countries RETURNING code) FROM x
        SELECT 1; DROP TABLE countries
        SELECT 1 /* ; */; DELETE FROM countries -- ;
        TRUNCATE countries
        MERGE INTO countries USING (SELECT 'NO' AS code) s USING (code) WHEN MATCHED THEN DELETE
        """,
    ),
    *_attempts(
        "dynamic sql",
        """
        FROM query('SELECT content FROM read_text(''{canary}'')')
        FROM query_table('{cache}/x.parquet')
        FROM query_table(['cities'])
        SELECT (SELECT count(*) FROM query('FROM duckdb_settings()'))
        FROM json_execute_serialized_sql(json_serialize_sql('FROM duckdb_settings()'))
        PRAGMA json_execute_serialized_sql(json_serialize_sql('FROM duckdb_settings()'))
        SELECT json_serialize_plan('FROM read_text(''{canary}'')')
        PREPARE p AS SELECT content FROM read_text('{canary}')
        FROM histogram_values(cities, name)
        FROM histogram('{cache}/x.parquet', a)
        """,
    ),
    *_attempts(
        "views and macros",
        """
        CREATE VIEW leak AS FROM read_text('{canary}')
        CREATE TEMP VIEW leak AS FROM read_text('{canary}')
        CREATE TABLE leak AS FROM read_text('{canary}')
        CREATE TEMP TABLE leak AS SELECT content FROM read_text('{canary}')
        CREATE MACRO leak() AS TABLE FROM read_text('{canary}')
        CREATE OR REPLACE TEMP MACRO leak() AS (SELECT content FROM read_text('{canary}'))
        CREATE FUNCTION leak(x) AS x + 1
        CREATE MACRO upper(x) AS 'replaced'
        CREATE TYPE leak AS ENUM (SELECT content FROM read_text('{canary}'))
        CREATE SEQUENCE leak
        CREATE INDEX leak ON cities (id)
        FROM duckdb_views()
        FROM duckdb_functions()
        SELECT pg_get_viewdef(1)
        """,
    ),
    *_attempts(
        "cache",
        """
        FROM read_parquet('{cache}/x.parquet')
        FROM '{cache}/x.parquet'
        FROM "{cache}/x.parquet"
        FROM '{cache}/*.parquet'
        FROM parquet_scan('{cache}/x.parquet')
        FROM glob('{cache}/**')
        FROM parquet_metadata('{cache}/x.parquet')
        FROM parquet_schema('{cache}/x.parquet')
        FROM parquet_kv_metadata('{cache}/x.parquet')
        FROM parquet_file_metadata('{cache}/x.parquet')
        COPY (SELECT 666 AS a) TO '{cache}/x.parquet' (FORMAT parquet)
        COPY cities TO '{cache}/y.parquet'
        FROM duckdb_external_file_cache()
        FROM pragma_storage_info('cities')
        """,
    ),
]


def make_places(folder: Path, *, port: int = 9, variable: str = "hostile_table") -> dict[str, str]:
    """Makes the canary and the cache of a run; the port is a stand-in unless given."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(exist_ok=True)
    canary, cache = folder / "canary.csv", folder / "cache"
    canary.write_text("code,name,continent\nCANARY,1,2\n", "utf-8")
    cache.mkdir()
    table = pa.table({"a": [1, 2]})
    pq.write_table(table, cache / "x.parquet")
    globals()[variable] = table
    return {
        "canary": str(canary),
        "cache": str(cache),
        "port": str(port),
        "variable": variable,
    }


def control(attempt: Attempt, connection: Any) -> list[tuple[Any, ...]]:
    """Runs an attempt on a bare DuckDB; that it does not fail shows what the fence is for."""
    if attempt.needs is not None:
        return []
    rows: list[tuple[Any, ...]] = connection.execute(attempt.sql).fetchall()
    return rows
