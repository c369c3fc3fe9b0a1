"""pandas: data frames from queries and into tables, through SQLAlchemy.

pip install 'ingitdb[client,sqlalchemy]' pandas
python pandas_frames.py ingitdb://localhost:8815/northlight
"""

import sys

import pandas as pd
from sqlalchemy import create_engine, inspect, text

# Where the server has users: ingitdb://reports:password@localhost:8815/northlight
engine = create_engine(sys.argv[1])

print("Tables:", ", ".join(inspect(engine).get_table_names()))

ports = pd.read_sql(
    text("SELECT name, berths FROM ports WHERE country = :country ORDER BY name"),
    engine,
    params={"country": "NO"},
)
print("Norwegian ports:", ", ".join(ports["name"]))
print("Berths:", ports["berths"].sum())

# Another commit: in the statement …
then = pd.read_sql("SELECT max(fare) AS fare FROM fares AS OF 'v1.0' WHERE route = 'R07'", engine)
print("Dearest fare of R07 in v1.0:", then["fare"][0])

# … or for all that an engine reads; `?ref=v2.0` in the address does the same.
release = engine.execution_options(ref="v2.0")
fares = pd.read_sql_table("fares", release)
print("Dearest fare of R07 in v2.0:", fares[fares["route"] == "R07"]["price_eur"].max())

# Each `to_sql` is a commit of Git; `engine.begin()` makes one of several.
arrivals = pd.DataFrame({"port": ["oslo", "kiel"], "ships": [31, 17]})
arrivals.to_sql("arrivals", engine, if_exists="replace", index=False)
more = pd.DataFrame({"port": ["bergen"], "ships": [12]})
more.to_sql("arrivals", engine, if_exists="append", index=False)
print(pd.read_sql("SELECT port, ships FROM arrivals ORDER BY port", engine).to_string(index=False))
