"""polars: data frames from queries and into tables, through ADBC.

pip install adbc-driver-flightsql polars pyarrow
python polars_frames.py grpc://localhost:8815
"""

import sys

import adbc_driver_flightsql.dbapi as flight_sql
import polars as pl

# Where the server has users: db_kwargs={"username": "reports", "password": "…"}
with flight_sql.connect(sys.argv[1], autocommit=True) as db:
    tables = pl.read_database("SHOW TABLES", db)
    print("Tables:", ", ".join(tables["name"]))

    ports = pl.read_database(
        "SELECT name, berths FROM ports WHERE country = ? ORDER BY name",
        db,
        execute_options={"parameters": ["NO"]},
    )
    print("Norwegian ports:", ", ".join(ports["name"]))
    print("Berths:", ports["berths"].sum())

    then = pl.read_database("SELECT * FROM fares AS OF 'v1.0'", db)
    print("Dearest fare of R07 in v1.0:", then.filter(pl.col("route") == "R07")["fare"].max())

    # Each `write_database` is a commit of Git.
    arrivals = pl.DataFrame({"port": ["oslo", "kiel"], "ships": [31, 17]})
    arrivals.write_database("landings", db, engine="adbc", if_table_exists="replace")
    more = pl.DataFrame({"port": ["bergen"], "ships": [12]})
    more.write_database("landings", db, engine="adbc", if_table_exists="append")
    print(pl.read_database("SELECT port, ships FROM landings ORDER BY port", db))
