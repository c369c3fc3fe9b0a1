"""Superset: a database, SQL Lab, and a dataset with the queries of two charts.

Runs where Superset does, with its configuration and after `superset db upgrade`:

pip install apache-superset adbc-driver-flightsql
pip install --no-deps ingitdb
python superset_database.py ingitdb://localhost:8815/northlight
"""

import sys
from uuid import uuid4

import pandas as pd
from superset.app import create_app

with create_app().app_context():
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database
    from superset.models.sql_lab import Query
    from superset.sql.parse import Table
    from superset.sql_lab import get_sql_results

    # Settings → Database connections → + Database → Other. Where the server has users, they stand
    # in the address: ingitdb://reports:password@localhost:8815/northlight
    northlight = Database(
        database_name=f"Northlight {uuid4().hex[:6]}", sqlalchemy_uri=sys.argv[1], allow_dml=True
    )
    db.session.add(northlight)
    db.session.commit()
    tables = northlight.get_all_table_names_in_schema(None, "main")
    print("Tables:", ", ".join(sorted(name for name, _, _ in tables)))
    columns = northlight.get_columns(Table("ports", "main"))
    print("Columns of ports:", ", ".join(f"{c['column_name']} {c['type']}" for c in columns))
    ports = northlight.get_df("SELECT name FROM ports WHERE country = 'NO' ORDER BY name")
    print("Norwegian ports:", ", ".join(ports["name"]))

    def run_in_sql_lab(sql: str, limit: int) -> list[object]:
        """Runs what somebody has typed into SQL Lab."""
        query = Query(
            client_id=uuid4().hex[:11], database=northlight, schema="main", sql=sql, limit=limit
        )
        db.session.add(query)
        db.session.commit()
        answer = get_sql_results(query.id, sql)
        if answer["status"] != "success":
            raise SystemExit(answer["error"])
        return [list(row.values()) for row in answer["data"]]

    # SQL Lab reads DuckDB's spelling of another commit; AS OF is not in its grammar.
    fare = "SELECT max(fare) FROM fares AT (VERSION => 'v1.0') WHERE route = 'R07'"
    print("Dearest fare of R07 in v1.0:", run_in_sql_lab(fare, 10)[0][0])
    print("Rows within the limit:", len(run_in_sql_lab("FROM routes ORDER BY minutes", 5)))
    # With “Allow DML” a statement that writes is a commit.
    update = "UPDATE vessels SET crew = crew + 1 WHERE _key = 'havorn'"
    print("Rows of an UPDATE:", len(run_in_sql_lab(update, 5)))

    def chart(dataset: SqlaTable, metric: str, **asked: object) -> pd.DataFrame:
        """Asks what a chart of a dataset asks."""
        measured = {"expressionType": "SQL", "sqlExpression": metric, "label": metric}
        given = {"from_dttm": None, "to_dttm": None, "granularity": None, "columns": []}
        given |= {"metrics": [measured], "filter": [], "extras": {}, "orderby": []}
        given |= {"is_timeseries": False, "row_limit": 100, **asked}
        answer = dataset.query(given)
        if answer.error_message:
            raise SystemExit(answer.error_message)
        return answer.df

    fares = SqlaTable(table_name="fares", schema="main", database=northlight)
    db.session.add(fares)
    fares.fetch_metadata()
    of_r07 = [{"col": "route", "op": "==", "val": "R07"}]
    by_season = chart(fares, "max(price_eur)", columns=["season"], filter=of_r07)
    for _, (season, dearest) in by_season.sort_values("season").iterrows():
        print("Dearest fare of R07 in season", season, dearest)

    # A dataset may be a query; here it makes a date of text, for charts over time.
    sailings = SqlaTable(
        table_name="sailings", schema="main", database=northlight,
        sql="SELECT day::DATE AS day, passengers FROM crossings",
    )  # fmt: skip
    db.session.add(sailings)
    sailings.fetch_metadata()
    by_month = chart(
        sailings, "sum(passengers)", is_timeseries=True, granularity="day",
        extras={"time_grain_sqla": "P1M"},
        from_dttm=pd.Timestamp("2025-01-01"), to_dttm=pd.Timestamp("2025-04-01"),
    )  # fmt: skip
    for _, (month, passengers) in by_month.sort_values("__timestamp").iterrows():
        print("Passengers in", f"{month:%Y-%m}", passengers)
