"""A harbour: tables with keys, references, rules and remarks, and views, one of which is broken."""

HARBOUR = {
    ".ingitdb/tables.yaml": (
        "discover: true\n"
        "tables:\n"
        "  fares:\n"
        "    key: [route, class]\n"
        "    unique: [[port, price], code]\n"
        "    columns:\n"
        "      code: {type: VARCHAR, max_length: 8, description: On the ticket}\n"
        "      price: {type: 'DECIMAL(9,2)', required: true, default: '10'}\n"
        "    foreign_keys:\n"
        "      - {columns: port, table: ports, on_delete: cascade, on_update: set null}\n"
        "      - {columns: [via], table: ports}\n"
        "  sales:\n"
        "    foreign_keys:\n"
        "      - {columns: [route, class], table: fares, references: [route, class]}\n"
        "      - {columns: code, table: fares, references: code}\n"
    ),
    ".ingitdb/views/dear.sql": "SELECT route, price, [class] AS classes FROM fares",
    ".ingitdb/views/gone.sql": "SELECT nothing FROM nowhere",
    "ports/oslo.yaml": "name: Oslo\nberths: 6\nat: {lat: 59.9, lon: 10.7}\n",
    "fares.csv": "route,class,port,via,price,code\nR1,lounge,oslo,,9.90,A1\n",
    "sales.csv": "route,class,code,day\nR1,lounge,A1,2026-01-02\n",
    "data/a_b.csv": "n\n1\n",
    "data/axb.csv": "n\n1\n",
    "data/a%b.csv": "n\n1\n",
}
