"""ADBC: Arrow's own driver, which reads and writes tables of Arrow.

pip install adbc-driver-flightsql pyarrow
python adbc.py grpc://localhost:8815
"""

import sys

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa

address = sys.argv[1]

# Where the server has users: db_kwargs={"username": "reports", "password": "…"}
with flight_sql.connect(address, autocommit=True) as db, db.cursor() as cursor:
    found = db.adbc_get_objects(depth="tables").read_all().to_pylist()
    tables = found[0]["catalog_db_schemas"][0]["db_schema_tables"]
    print("Tables:", ", ".join(table["table_name"] for table in tables))

    cursor.execute("SELECT name FROM ports WHERE country = ? ORDER BY name", ["NO"])
    print("Norwegian ports:", ", ".join(name for (name,) in cursor.fetchall()))

    cursor.execute(
        "SELECT _key AS route, vessel, minutes FROM routes ORDER BY minutes DESC LIMIT 3"
    )
    print(cursor.fetch_arrow_table())

    # Another commit: in the statement …
    cursor.execute("SELECT max(fare) FROM fares AS OF 'v1.0' WHERE route = 'R07'")
    print("Dearest fare of R07 in v1.0:", cursor.fetchone()[0])

# … or for all that a connection reads.
at = {"adbc.flight.sql.rpc.call_header.ref": "v2.0"}
with flight_sql.connect(address, db_kwargs=at, autocommit=True) as db, db.cursor() as cursor:
    cursor.execute("SELECT max(price_eur) FROM fares WHERE route = 'R07'")
    print("Dearest fare of R07 in v2.0:", cursor.fetchone()[0])

# Without autocommit all that is written until `commit` is one commit of Git.
with flight_sql.connect(address) as db, db.cursor() as cursor:
    cursor.execute("SET commit_message = 'Oslo counts its calls'")
    counted = pa.table({"port": ["oslo", "oslo"], "month": ["2026-01", "2026-02"], "n": [31, 28]})
    rows = cursor.adbc_ingest("calls", counted, mode="replace")
    cursor.execute("UPDATE calls SET n = n + 1 WHERE month = ?", ["2026-02"])
    db.commit()
    print("Rows written:", rows)
