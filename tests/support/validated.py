"""Validates repositories for tests: what was found as short tuples."""

from pathlib import Path
from typing import TypeAlias

import ingitdb
from ingitdb.model.violations import Violation
from ingitdb.services.database import Database
from tests.support.repositories import RepoBuilder

TABLES = ".ingitdb/tables.yaml"
ROOT = ".ingitdb/root-collections.yaml"
PORTS = "ports/.collection/definition.yaml"
Found: TypeAlias = list[tuple[str, str]]
"""The rule, with its own name if it has one, and the place of each violation."""


class Validator:
    """Validates one repository, each time as if nobody had looked at it before."""

    def __init__(self, repo: RepoBuilder, cache: Path) -> None:
        self._repo = repo
        self._cache = cache

    def violations(
        self, ref: str | None = None, *, base: str | None = None, tables: tuple[str, ...] = ()
    ) -> tuple[Violation, ...]:
        """Gives what offends."""
        settings = ingitdb.Settings(cache=self._cache, workers=1)
        with Database.open(self._repo.path, settings) as database:
            return database.validate(ref, base=base, tables=tables).violations

    def __call__(
        self, ref: str | None = None, *, base: str | None = None, tables: tuple[str, ...] = ()
    ) -> Found:
        """Gives rules and places."""
        return [
            (f"{v.rule} {v.name}".strip(), v.place)
            for v in self.violations(ref, base=base, tables=tables)
        ]


def definition(columns: str, name: str = "{key}.yaml", more: str = "") -> str:
    """Gives a definition of upstream with some columns, each in a line of its own."""
    form = name.rpartition(".")[2]
    listed = "".join(f"  {line}\n" for line in columns.strip().splitlines())
    kind = "'map[string]any'" if "{key}" in name else "'[]map[string]any'"
    return (
        f"record_file: {{name: '{name}', type: {kind}, format: {form}}}\ncolumns:\n{listed}{more}"
    )


def collection(columns: str, more: str = "", **records: str) -> dict[str, str]:
    """Gives a repository with the collection `ports` of YAML files."""
    return {
        ROOT: "ports: ports\n",
        PORTS: definition(columns, more=more),
        **{f"ports/$records/{name}.yaml": text for name, text in records.items()},
    }


SHOP = """
tables:
  routes:
    glob: routes/*.yaml
    unique: code
  fares:
    glob: fares.csv
    key: [route, class]
    unique: [[class, label]]
    checks: {price_positive: price > 0, label_named: "label <> 'x'"}
    foreign_keys: [{columns: route, table: routes, on_delete: cascade, on_update: cascade}]
    min_records_count: 1
    max_records_count: 4
    columns: {price: {type: 'DECIMAL(6,2)'}}
  notes:
    glob: notes.json
    foreign_keys:
      - {columns: [route, class], table: fares, references: [route, class], on_delete: set null}
"""


def shop(fares: str, routes: str = "ab", notes: str = "[]", said: str = SHOP) -> dict[str, str]:
    """Gives tables that have rules and refer to each other."""
    return {
        TABLES: said,
        "fares.csv": f"route,class,label,price\n{fares}",
        "notes.json": notes,
        **{f"routes/{name}.yaml": f"code: {name}{n}\n" for n, name in enumerate(routes)},
    }
