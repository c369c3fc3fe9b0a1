"""The difference as one JSON document, as upstream's tool has it, with more beside."""

from collections.abc import Iterator
from typing import Any

import orjson

from ingitdb.services.differences import Differences, Point, TableDifference
from ingitdb.services.schema_changes import SchemaChange
from ingitdb_cli.comparison.depths import Depth
from ingitdb_cli.comparison.records import FieldChange, RecordChange, records

_KINDS = {"added": "added", "removed": "deleted", "modified": "updated"}


def document(found: Differences, depth: Depth) -> Iterator[bytes]:
    """Writes the document, a record a line."""
    head = {
        "from": found.old.ref,
        "to": found.new.ref,
        "from_commit": _commit(found.old),
        "to_commit": _commit(found.new),
        "summary": [_summary(table) for table in found.tables],
        "schema": [_schema(table) for table in found.tables if table.has_other_schema],
    }
    text = orjson.dumps(head, option=orjson.OPT_INDENT_2)
    if depth is Depth.SUMMARY:
        yield text + b"\n"
        return
    yield text.removesuffix(b"\n}") + b',\n  "records": ['
    lead = b"\n    "
    for table in found.tables:
        if table.counts.differing:
            with found.rows(table) as rows:
                for record in records(table, rows):
                    yield lead + orjson.dumps(_record(table, record, depth))
                    lead = b",\n    "
    yield b"]\n}\n" if lead == b"\n    " else b"\n  ]\n}\n"


def _commit(point: Point) -> dict[str, Any]:
    at = None if point.at is None else f"{point.at:%Y-%m-%dT%H:%M:%SZ}"
    return {"hash": point.commit, "date": at, "message": point.subject}


def _summary(table: TableDifference) -> dict[str, Any]:
    counts = table.counts
    return {
        "collection": table.name,
        "added": counts.rows_added,
        "updated": counts.rows_modified,
        "deleted": counts.rows_deleted,
    }


def _schema(table: TableDifference) -> dict[str, Any]:
    return {
        "collection": table.name,
        "kind": table.kind,
        "from": table.old or None,
        "to": table.new or None,
        "changes": [_change(change) for change in table.schema],
    }


def _change(change: SchemaChange) -> dict[str, Any]:
    return {"subject": change.subject, "before": change.before, "after": change.after}


def _record(table: TableDifference, record: RecordChange, depth: Depth) -> dict[str, Any]:
    found: dict[str, Any] = {
        "collection": table.name,
        "key": record.key if table.key else None,
        "kind": _KINDS[record.kind],
    }
    if depth is not Depth.RECORD and record.kind == "modified":
        found["fields"] = [_field(field) for field in record.changed()]
    if depth is Depth.FULL or (not table.key and depth is Depth.FIELDS):
        if record.kind != "added":
            found["before"] = record.side(new=False)
        if record.kind != "removed":
            found["after"] = record.side(new=True)
    return found


def _field(field: FieldChange) -> dict[str, Any]:
    old, new = (cell.value if cell is not None else None for cell in (field.old, field.new))
    return {"field": field.field.name, "before": old, "after": new}
