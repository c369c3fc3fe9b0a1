"""What tag v2.0 adds: definitions with keys and foreign keys, so far as they can say it."""

from ingitdb_cli.demo.changes import Files

_ROOT = """\
fares: .collections/fares
ports: ports
routes: .collections/routes
vessels: vessels
"""

_TABLES = """\
# What definitions cannot say: keys of discovered tables, and former names.
discover: true
tables:
  crossings:
    key: id
  disruptions_items:
    key: id
  routes:
    renamed_from: lines
  fares:
    columns:
      price_eur:
        renamed_from: fare
"""

_PORTS = """\
titles: {en: Ports}
record_file:
  name: "{key}.yaml"
  records_dir: "."
  format: yaml
  type: "map[string]any"
columns:
  name: {type: string, required: true}
  country: {type: string, required: true, length: 2}
  position: {type: any}
  quay: {type: string}
  berths: {type: int, min_value: 1}
  opens: {type: string, length: 5}
columns_order: [name, country, position, quay, berths, opens]
"""

_VESSELS = """\
titles: {en: Vessels}
record_file:
  name: "{key}.md"
  records_dir: "."
  format: markdown
  type: "map[string]any"
  content_field: _content
columns:
  name: {type: string, required: true}
  built: {type: int}
  capacity: {type: int, min_value: 1}
  cars: {type: int, min_value: 0}
  crew: {type: int, min_value: 1}
  length_m: {type: float}
  home_port: {type: string, foreign_key: ports}
  inspected: {type: string, length: 10}
  _content: {type: string, format: markdown}
columns_order: [name, built, capacity, cars, crew, length_m, home_port, inspected]
"""

_ROUTES = """\
titles: {en: Routes}
record_file:
  name: routes.yaml
  format: yaml
  type: "map[$record_id]map[$field_name]any"
columns:
  from_port: {type: string, required: true, foreign_key: ports}
  to_port: {type: string, required: true, foreign_key: ports}
  minutes: {type: int, min_value: 1}
  vessel: {type: string, foreign_key: vessels}
  overnight: {type: bool}
columns_order: [from_port, to_port, minutes, vessel, overnight]
"""

_FARES = """\
titles: {en: Fares}
record_file:
  name: fares.csv
  format: csv
  type: "[]map[string]any"
columns:
  route: {type: string, required: true, foreign_key: routes}
  category: {type: string, required: true}
  season: {type: string, required: true, enum: [low, mid, high]}
  ticket: {type: string, required: true, enum: [single, return]}
  class: {type: string, required: true, enum: [standard, cabin]}
  price_eur: {type: any, required: true}    # exact decimals, as the cells are written
columns_order: [route, category, season, ticket, class, price_eur]
primary_key: [route, category, season, ticket, class]
"""

README = """\
# Northlight Ferries: open timetable and fares

Ports, vessels, routes, fares, crossings and disruptions of a ferry line that does not exist.
Made by `ingitdb demo`. The data are dedicated to the public domain (CC0).
"""


def definition_files() -> Files:
    """Gives the files of the definitions."""
    return {
        ".ingitdb/root-collections.yaml": _ROOT,
        ".ingitdb/tables.yaml": _TABLES,
        "ports/.collection/definition.yaml": _PORTS,
        "vessels/.collection/definition.yaml": _VESSELS,
        ".collections/routes/definition.yaml": _ROUTES,
        ".collections/fares/definition.yaml": _FARES,
    }
