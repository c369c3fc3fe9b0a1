"""What a key-value store should hold, from what the engine answers; none of its code is asked."""

import base64
import json
import re
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

import ingitdb
from tests.support.migrated import Json, as_stored, quoted, text

Held = dict[str, Any]
"""By key: a record's fields as they are spelled, or the sorted members of a set."""
WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}


@dataclass
class Expected:
    """What a store should hold."""

    held: Held = field(default_factory=dict)
    tables: dict[str, dict[str, str]] = field(default_factory=dict)

    def kinds(self, key: str) -> dict[str, str]:
        """Gives the types of the columns of the table that a key belongs to."""
        return self.tables.get(re.split("[:/]", key, maxsplit=1)[0], {})


def expected(path: Path, ref: str, form: str, cache: Path) -> Expected:
    """Says what a store should hold at a commit.

    Args:
        path: The repository.
        ref: The commit.
        form: `redis` or `json`.
        cache: Where the engine keeps its files.
    """
    found = Expected()
    settings = ingitdb.Settings(cache=cache, workers=1)
    with closing(ingitdb.connect(path, ref, settings=settings)) as connection:
        declared = _indexes(path, ref)
        for schema, name, *_ in connection.execute("SHOW TABLES").fetchall():
            title = name if schema == "main" else f"{schema}.{name}"
            _add(found, connection, schema, name, form, declared.get(title, []))
    return found


def _indexes(path: Path, ref: str) -> dict[str, list[tuple[str, ...]]]:
    """Gives the indexes that tables.yaml declares at a commit."""
    shown = ["git", "-C", str(path), "show", f"{ref}:.ingitdb/tables.yaml"]
    done = subprocess.run(shown, capture_output=True, text=True, check=False)
    said = (yaml.safe_load(done.stdout) or {}) if done.returncode == 0 else {}
    return {
        name: [(one,) if isinstance(one, str) else tuple(one) for one in table.get("indexes", [])]
        for name, table in said.get("tables", {}).items()
        if isinstance(table, dict)
    }


def _add(
    found: Expected,
    connection: Any,
    schema: str,
    name: str,
    form: str,
    indexes: list[tuple[str, ...]],
) -> None:
    place = f"{quoted(schema)}.{quoted(name)}"
    described = connection.execute(f"DESCRIBE {place}").fetchall()
    kinds = {column: kind for column, kind, *_ in described}
    columns = list(kinds)
    mixed = [c for c, kind in kinds.items() if kind != "JSON" and "JSON" in kind]
    shown = ", ".join(f"to_json({quoted(c)})" if c in mixed else quoted(c) for c in kinds)
    kinds |= dict.fromkeys(mixed, "JSON")
    if not columns:
        return
    rows = [
        dict(zip(columns, row, strict=True))
        for row in connection.execute(f"SELECT {shown} FROM {place}").fetchall()
    ]
    groups = _groups(connection, schema, name)
    required = {column for column, _, nullable, *_ in described if not nullable}
    candidates = [*groups["PRIMARY KEY"], *(g for g in groups["UNIQUE"] if set(g) <= required)]
    key = next((one for one in candidates if _tells(one, rows, kinds)), None)
    if key is None:
        return
    indexes = [one for one in indexes if not any(_is_json(kinds[column]) for column in one)]
    title = ".".join(_coded(one).replace(".", "%2E") for one in (schema, name) if one != "main")
    found.tables[title] = kinds
    between = ":" if form == "redis" else "/"
    for row in rows:
        called = title + between + _joined(key, row, kinds)
        if form == "redis":
            found.held[called] = {c: spelled(v, kinds[c]) for c, v in row.items() if v is not None}
            sets = [title]
            sets += [
                f"{title}:by:{','.join(map(_coded, group))}:{_joined(group, row, kinds)}"
                for group in dict.fromkeys([*groups["FOREIGN KEY"], *indexes])
                if all(row[one] is not None for one in group)
            ]
            for one in sets:
                found.held[one] = sorted([*found.held.get(one, []), called])
        else:
            found.held[called] = {
                c: repr(in_json(v, kinds[c])) for c, v in row.items() if v is not None
            }


def _groups(connection: Any, schema: str, name: str) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {"PRIMARY KEY": [], "UNIQUE": [], "FOREIGN KEY": []}
    where = f"WHERE table_schema = {text(schema)} AND table_name = {text(name)}"
    constraints = connection.execute(
        f"SELECT constraint_name, constraint_type FROM information_schema.table_constraints {where}"
    ).fetchall()
    columns = connection.execute(
        "SELECT constraint_name, column_name FROM information_schema.key_column_usage"
        f" {where} ORDER BY constraint_name, ordinal_position"
    ).fetchall()
    for constraint, kind in constraints:
        group = tuple(column for owner, column in columns if owner == constraint)
        if kind in found and group:
            found[kind].append(group)
    return found


def _tells(group: Sequence[str], rows: list[dict[str, Any]], kinds: dict[str, str]) -> bool:
    if any(_is_json(kinds[name]) for name in group):
        return False
    if any(row[name] is None for row in rows for name in group):
        return False
    return len({tuple(row[name] for name in group) for row in rows}) == len(rows)


def _joined(group: Sequence[str], row: dict[str, Any], kinds: dict[str, str]) -> str:
    return ",".join(_coded(plain(row[name], kinds[name])) for name in group)


def _coded(value: str) -> str:
    return re.sub("[%:/,|#]", lambda found: f"%{ord(found[0]):02X}", value)


def _is_json(kind: str) -> bool:
    return kind == "JSON" or kind.endswith("[]") or kind.startswith(("STRUCT", "MAP"))


def plain(value: Any, kind: str) -> str:
    """Spells a value as documented."""
    if kind == "JSON":
        return str(value)
    if _is_json(kind):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        zone = "" if value.tzinfo is None else "Z"
        if zone:
            value = value.astimezone(UTC).replace(tzinfo=None)
        said = value.isoformat()
        return (said.rstrip("0") if value.microsecond else said) + zone
    if isinstance(value, time):
        return str(value).rstrip("0") if value.microsecond else str(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def spelled(value: Any, kind: str) -> Any:
    """Gives a field as a hash of Redis has it."""
    if _is_json(kind):
        return repr(as_stored(value, kind))
    if kind == "BLOB":
        return value
    return repr(value) if isinstance(value, float) else plain(value, kind)


def in_json(value: Any, kind: str) -> Json:
    """Gives a member as a document has it."""
    if _is_json(kind):
        return as_stored(value, kind)
    if kind == "BLOB":
        return Json(json.dumps(base64.b64encode(value).decode()))
    if isinstance(value, bool | float) or kind in WHOLE:
        return Json(json.dumps(value))
    return Json(json.dumps(plain(value, kind)))
