"""What there is, read from the information schema of the commit that is read."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import exc, text

from ingitdb_sqlalchemy.type_names import type_of

MAIN = "main"
_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = :schema AND table_type = :kind ORDER BY table_name
"""
_ANY = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = :schema AND table_name = :name
"""
_SCHEMAS = "SELECT schema_name FROM information_schema.schemata ORDER BY schema_name"
_COLUMNS = """
SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns
WHERE table_schema = :schema AND table_name = :name ORDER BY ordinal_position
"""
_KEYS = """
SELECT u.constraint_name, u.column_name
FROM information_schema.table_constraints c
JOIN information_schema.key_column_usage u
  ON u.constraint_schema = c.constraint_schema AND u.constraint_name = c.constraint_name
 AND u.table_name = c.table_name
WHERE c.table_schema = :schema AND c.table_name = :name AND c.constraint_type = :kind
ORDER BY u.constraint_name, u.ordinal_position
"""
_REFERENCES = """
SELECT r.constraint_name, r.update_rule, r.delete_rule, r.unique_constraint_schema,
       p.table_name, list(p.column_name ORDER BY p.ordinal_position) AS referred
FROM information_schema.referential_constraints r
JOIN information_schema.table_constraints c
  ON c.constraint_schema = r.constraint_schema AND c.constraint_name = r.constraint_name
JOIN information_schema.key_column_usage p
  ON p.constraint_schema = r.unique_constraint_schema
 AND p.constraint_name = r.unique_constraint_name
WHERE c.table_schema = :schema AND c.table_name = :name
GROUP BY ALL ORDER BY r.constraint_name
"""
Given = ParamSpec("Given")
Found = TypeVar("Found")
_UNSAID = ("RESTRICT", "NO ACTION")


def cached(ask: Callable[Given, Found]) -> Callable[Given, Found]:
    """Lets an inspector ask once; SQLAlchemy 1.4's own decorator takes no annotated functions."""

    @wraps(ask)
    def asked(*args: Given.args, **kwargs: Given.kwargs) -> Found:
        known: Any = kwargs.get("info_cache")
        if known is None:
            return ask(*args, **kwargs)
        said = [f"{name}={value}" for name, value in sorted(kwargs.items()) if name != "info_cache"]
        key = (ask.__name__, *(word for word in args if isinstance(word, str)), *said)
        if key not in known:
            known[key] = ask(*args, **kwargs)
        found: Found = known[key]
        return found

    return asked


class Reflection:
    """The questions of SQLAlchemy's inspector."""

    default_schema_name: str

    @cached
    def get_schema_names(self, connection: Any, **_kwargs: Any) -> list[str]:
        """Gives the schemas."""
        return [row[0] for row in connection.execute(text(_SCHEMAS))]

    @cached
    def get_table_names(
        self, connection: Any, schema: str | None = None, **_kwargs: Any
    ) -> list[str]:
        """Gives the tables of a schema."""
        given = {"schema": self._schema(schema), "kind": "BASE TABLE"}
        return [row[0] for row in connection.execute(text(_TABLES), given)]

    @cached
    def get_view_names(
        self, connection: Any, schema: str | None = None, **_kwargs: Any
    ) -> list[str]:
        """Gives the views of a schema."""
        given = {"schema": self._schema(schema), "kind": "VIEW"}
        return [row[0] for row in connection.execute(text(_TABLES), given)]

    def get_temp_table_names(self, connection: Any, **_kwargs: Any) -> list[str]:
        """Gives none: each table is files of the repository."""
        return []

    def get_temp_view_names(self, connection: Any, **_kwargs: Any) -> list[str]:
        """Gives none."""
        return []

    def get_materialized_view_names(
        self, connection: Any, schema: str | None = None, **_kwargs: Any
    ) -> list[str]:
        """Gives none."""
        return []

    def get_sequence_names(
        self, connection: Any, schema: str | None = None, **_kwargs: Any
    ) -> list[str]:
        """Gives none."""
        return []

    @cached
    def has_table(
        self, connection: Any, table_name: str, schema: str | None = None, **_kwargs: Any
    ) -> bool:
        """Tells whether there is a table or view."""
        given = {"schema": self._schema(schema), "name": table_name}
        return connection.execute(text(_ANY), given).first() is not None

    def has_schema(self, connection: Any, schema_name: str, **kwargs: Any) -> bool:
        """Tells whether there is a schema."""
        return schema_name in self.get_schema_names(connection, **kwargs)

    def has_sequence(
        self, connection: Any, sequence_name: str, schema: str | None = None, **_kwargs: Any
    ) -> bool:
        """Tells that there is none."""
        return False

    @cached
    def get_columns(
        self, connection: Any, table_name: str, schema: str | None = None, **_kwargs: Any
    ) -> list[dict[str, Any]]:
        """Gives the columns of a table or view."""
        rows = self._rows(connection, _COLUMNS, table_name, schema)
        if not rows:
            raise exc.NoSuchTableError(table_name)
        return [
            {
                "name": name,
                "type": type_of(kind),
                "nullable": nullable == "YES",
                "default": default,
                "comment": None,
            }
            for name, kind, nullable, default in rows
        ]

    @cached
    def get_pk_constraint(
        self, connection: Any, table_name: str, schema: str | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Gives the primary key."""
        self._expect(connection, table_name, schema, **kwargs)
        keys = self._keys(connection, "PRIMARY KEY", table_name, schema)
        for name, columns in keys:
            return {"name": name, "constrained_columns": columns}
        return {"name": None, "constrained_columns": []}

    @cached
    def get_unique_constraints(
        self, connection: Any, table_name: str, schema: str | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """Gives the UNIQUE constraints."""
        self._expect(connection, table_name, schema, **kwargs)
        return [
            {"name": name, "column_names": columns}
            for name, columns in self._keys(connection, "UNIQUE", table_name, schema)
        ]

    @cached
    def get_foreign_keys(
        self, connection: Any, table_name: str, schema: str | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """Gives the foreign keys."""
        self._expect(connection, table_name, schema, **kwargs)
        own = dict(self._keys(connection, "FOREIGN KEY", table_name, schema))
        found = []
        for row in self._rows(connection, _REFERENCES, table_name, schema):
            name, on_update, on_delete, other, table, referred = row
            rules = {"onupdate": on_update, "ondelete": on_delete}
            found.append(
                {
                    "name": name,
                    "constrained_columns": own[name],
                    "referred_schema": None if schema is None and other == MAIN else other,
                    "referred_table": table,
                    "referred_columns": list(referred),
                    "options": {key: rule for key, rule in rules.items() if rule not in _UNSAID},
                }
            )
        return found

    @cached
    def get_indexes(
        self, connection: Any, table_name: str, schema: str | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """Gives none: files have no indexes."""
        self._expect(connection, table_name, schema, **kwargs)
        return []

    def _keys(
        self, connection: Any, kind: str, table_name: str, schema: str | None
    ) -> Iterator[tuple[str, list[str]]]:
        """Gives the constraints of a kind with their columns."""
        found: dict[str, list[str]] = {}
        for name, column in self._rows(connection, _KEYS, table_name, schema, kind=kind):
            found.setdefault(name, []).append(column)
        return iter(found.items())

    def _rows(
        self, connection: Any, sql: str, table_name: str, schema: str | None, **more: str
    ) -> list[Any]:
        given = {"schema": self._schema(schema), "name": table_name, **more}
        return list(connection.execute(text(sql), given).fetchall())

    def _expect(self, connection: Any, table_name: str, schema: str | None, **kwargs: Any) -> None:
        if not self.has_table(connection, table_name, schema, **kwargs):
            raise exc.NoSuchTableError(table_name)

    def _schema(self, schema: str | None) -> str:
        return schema or self.default_schema_name
