"""ibis: expressions that ibis compiles and the server runs.

ibis reaches servers of Flight SQL with DuckDB's SQL through the backend of GizmoSQL.

pip install ibis-framework ibis-gizmosql 'sqlglot<30'
python ibis_tables.py grpc://localhost:8815
"""

import sys
from urllib.parse import urlsplit

import ibis

# A server without users takes any name and password.
address = urlsplit(sys.argv[1])
db = ibis.gizmosql.connect(
    host=address.hostname, port=address.port, use_encryption=address.scheme == "grpc+tls",
    user="reports", password="any",  # noqa: S106
)  # fmt: skip

print("Tables:", ", ".join(sorted(db.list_tables())))

ports = db.table("ports")
norwegian = ports.filter(ports.country == "NO").order_by("name")
print("Norwegian ports:", ", ".join(norwegian.to_pandas()["name"]))

country = ibis.param("string")
berths = ports.filter(ports.country == country).berths.sum()
print("Berths:", berths.execute(params={country: "NO"}))

routes = db.table("routes")
sailing = routes.join(ports, routes.from_port == ports["_key"])
longest = (
    sailing.group_by("country")
    .agg(routes=lambda joined: joined.count(), longest=lambda joined: joined.minutes.max())
    .order_by("country")
)
for row in longest.to_pyarrow().to_pylist():
    print("Routes from", row["country"], row["routes"], row["longest"])

# Another commit: ibis does not know AS OF, but leaves DuckDB's own spelling as it is …
then = db.sql("SELECT * FROM fares AT (VERSION => 'v1.0')")
print("Dearest fare of R07 in v1.0:", then.filter(then.route == "R07").fare.max().execute())

# … and a session can read another one from now on.
db.raw_sql("SET ref = 'v2.0'").close()
fares = db.table("fares")
print("Dearest fare of R07 in v2.0:", fares.filter(fares.route == "R07").price_eur.max().execute())
db.raw_sql("SET ref = DEFAULT").close()

# A table of a query's rows: one commit makes the table, one fills it.
db.create_table("longest_routes", longest, overwrite="longest_routes" in db.list_tables())
print("Rows written:", db.table("longest_routes").count().execute())
