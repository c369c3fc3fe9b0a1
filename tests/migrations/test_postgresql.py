"""What is PostgreSQL's own: names, limits, foreign keys that act, locks, other sessions."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from sqlalchemy.engine import make_url

from ingitdb.catalog.sql_types import sql_type
from ingitdb.migrations.connections.connection import Access
from ingitdb.migrations.connections.postgresql import PostgresqlDatabase
from ingitdb.migrations.model import Column, Table, TableChange
from ingitdb.migrations.plan import Counts, Plan, Selection, Work, plan
from ingitdb.migrations.scripts import Insertion, script
from ingitdb.migrations.targets.postgresql import Postgresql
from ingitdb.migrations.targets.target import Ends
from ingitdb.model.types import ColumnType, Scalar
from ingitdb.services.migrations.targets import opened
from ingitdb.services.migrations.ways import DEFAULTS
from tests.support.migrated import Round
from tests.support.postgresql import PostgresqlTarget, PsqlClient
from tests.support.repositories import RepoBuilder

Rounds = Callable[..., Round]
TARGET = PostgresqlTarget.dialect


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    return RepoBuilder(tmp_path / "repo")


@pytest.fixture(params=[PostgresqlTarget, PsqlClient], ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[PostgresqlTarget]:
    return request.param


def tables(**said: Any) -> dict[str, str]:
    for name, one in said.items():
        one.setdefault("glob", f"data/{name}.jsonl")
        one.setdefault("schema", "main")
    return {".ingitdb/tables.yaml": json.dumps({"tables": said})}


def rows(name: str, *found: dict[str, Any]) -> dict[str, str]:
    return {f"data/{name}.jsonl": "".join(json.dumps(row) + "\n" for row in found)}


def refers(column: str, table: str, **more: Any) -> dict[str, Any]:
    return {"foreign_keys": [{"columns": column, "table": table, **more}]}


def apply(found: Round, target: PostgresqlTarget, ref: str) -> None:
    with opened(target.url) as there, there.forward(found.database, ref, DEFAULTS) as way:
        way.run(lambda what, done, of: None)


def connected(target: PostgresqlTarget) -> PostgresqlDatabase:
    return PostgresqlDatabase(make_url(target.url), Access())


def models(plan: Plan) -> dict[Any, Table]:
    return {work.new.place: work.new for work in plan.works if work.new is not None}


TORTURE = {
    "BOOLEAN": ["true", "false", "NULL"],
    "TINYINT": ["-128", "127"],
    "UINTEGER": ["4294967295"],
    "BIGINT": ["9223372036854775807", "-9223372036854775808", "NULL"],
    "UBIGINT": ["18446744073709551615", "0"],
    "HUGEINT": ["170141183460469231731687303715884105727", "-1", "NULL"],
    "UHUGEINT": ["340282366920938463463374607431768211455"],
    "DECIMAL(38,10)": ["1234567890123456789012345678.5", "-0.0000000001", "0"],
    "DECIMAL(4,0)": ["-9999", "7"],
    "DOUBLE": ["'nan'", "'inf'", "'-inf'", "'-0.0'", "0.0", "5e-324", "2.2250738585072014e-308",
               "1.7976931348623157e308", "0.1", "1e22", "123456789012345680.0", "1 / 3"],
    "FLOAT": ["0.1", "1e-45", "3.4028235e38", "'nan'"],
    "VARCHAR": ["''", r"'\N'", r"'\.'", "chr(9) || chr(13) || chr(10) || chr(92)", "chr(1)",
                "'$ingitdb$ '' \" :name :''name'' %s'", "'NULL'", "chr(65279) || '💡'", "'x\n\\!ls'",
                "repeat('ø', 100000)", "NULL"],
    "DATE": ["'infinity'", "'-infinity'", "'0044-03-15 (BC)'", "'4713-01-01 (BC)'", "'0001-01-01'",
             "'9999-12-31'", "'12345-01-01'", "'5874897-12-31'", "NULL"],
    "TIME": ["'00:00:00'", "'23:59:59.999999'", "'24:00:00'"],
    "TIMESTAMP": ["'infinity'", "'-infinity'", "'0044-03-15 (BC) 12:00:00.000001'",
                  "'290000-01-01 00:00:00'", "'1969-12-31 23:59:59.999999'", "NULL"],
    "TIMESTAMP WITH TIME ZONE": ["'infinity'", "'2024-02-29 00:30:00+02'", "NULL",
                                 "'0044-03-15 (BC) 12:00:00+00'", "'12345-01-01 00:00:00.5+00'"],
    "BLOB": ["''", r"'\x00\xFF\x5C\x0A'", "NULL"],
    "INTERVAL": ["'1 year 2 months 3 days 04:05:06'"],
    "UUID": ["'00000000-0000-0000-0000-0000000000ff'"],
    "JSON": ["""'{"a": 1.0,  "a": "NaN"}'""", r"""'"\\u0000\n"'""", "NULL", "'null'", "'1e400'"],
    "DOUBLE[]": ["[1.5, NULL, '-0.0']", "['nan', 'inf', '-inf']", "[]", "NULL"],
    "STRUCT(\"a\"\"b NaN\" DOUBLE, t VARCHAR)": ["row('nan', '[NaN, \"-Infinity')"],
    "MAP(VARCHAR, INTEGER)": ["MAP {'a': 1}"],
}  # fmt: skip
"""SQL of DuckDB's for values of each type."""


@dataclass
class Values:
    """Rows of DuckDB's, read as those of a commit are."""

    stored: list[tuple[str, ColumnType]]
    values: str
    target: Postgresql
    duck: duckdb.DuckDBPyConnection

    def batches(self, select: Selection) -> Iterator[pa.RecordBatch]:
        query = f"SELECT {select(self.stored)} FROM ({self.values}) ORDER BY n"
        yield from self.duck.sql(query).to_arrow_reader(2)

    def inserted(self) -> Iterator[list[Any]]:
        def said(stored: Sequence[tuple[str, ColumnType]]) -> str:
            return ", ".join(self.target.spelled(sql, kind) for sql, kind in stored)

        for batch in self.batches(said):
            yield from map(list, zip(*(c.to_pylist() for c in batch.columns), strict=True))

    def deleted(self) -> Iterator[list[Any]]:
        return iter(())

    def updated(self) -> Iterator[tuple[list[Any], list[tuple[str, Any]]]]:
        return iter(())


@pytest.mark.parametrize("declared", TORTURE)
def test_each_value_comes_back_as_it_was(
    kind: type[PostgresqlTarget], tmp_path: Path, declared: str
) -> None:
    words, server = Postgresql(), kind(tmp_path)
    of = sql_type(declared) or Scalar(declared)
    values = " UNION ALL ".join(
        f"SELECT CAST({n} AS BIGINT) AS n, CAST({value} AS {declared}) AS v"
        for n, value in enumerate(TORTURE[declared])
    )
    columns = tuple(
        Column(name=name, kind=one, type=words.stored(one).type)
        for name, one in (("n", Scalar("BIGINT")), ("v", of))
    )
    table = Table(place=("main", 'a "table"'), columns=columns, rows=len(TORTURE[declared]))
    stored = [(words.stored(column.kind).value(column.name), column.kind) for column in columns]
    with closing(duckdb.connect()) as duck, closing(connected(server)) as there:
        duck.sql("SET TimeZone = 'Asia/Kathmandu'")
        found = Values(stored=stored, values=values, target=words, duck=duck)
        insertion = Insertion(table=table, rows=found, count=table.rows)
        work = Work(
            change=TableChange(old=None, new=table, names={}),
            address=(),
            counts=Counts(inserted=table.rows),
            rows=found,
        )
        made = plan([work], [], [])
        server.run("".join(script(made, words, Ends(before="EMPTY", after="b"))))
        ask, place = there.ask, words.name_of(table.place)
        ask(f"CREATE TEMP TABLE inserted AS TABLE {place}")
        ask(f"DELETE FROM {place}")
        for statement in words.begin(Ends(before="b", after="c"), made):
            ask(statement)
        assert there.load(insertion, words)
        ask("COMMIT")
        assert [c.type for c in there.tables(words)[0].columns] == [c.type for c in columns]
        asked = f"SELECT CAST({stored[1][0]} AS VARCHAR) FROM ({values}) ORDER BY n"
        before = duck.sql(asked).fetchall()
        for name in ("inserted", place):
            shown = f"SELECT {words.shown(columns[1])} FROM {name} ORDER BY n"
            cells = [cell for (cell,) in ask(shown)]
            back = [
                duck.execute(
                    f"SELECT CAST({words.restored('?', of)} AS VARCHAR)", [cell]
                ).fetchone()
                for cell in cells
            ]
            assert back == before
