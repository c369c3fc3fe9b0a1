"""`ingitdb migrate analyze`: says what differs between a target and a commit."""

import base64
import json
import math
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.migration.doing import told
from ingitdb_cli.migration.options import (
    MAPPING,
    SOURCE,
    access,
    check_installed,
    mapping,
    point,
    target_options,
)
from ingitdb_cli.own_formats import FormatCommand, chosen_format, nothing, screen
from ingitdb_cli.statuses import Status
from ingitdb_cli.unreadable import name_unreadable

if TYPE_CHECKING:
    from ingitdb.services.migrations.ways import Analysis

HELP = """\b
ingitdb migrate analyze --target sqlite:///app.db
ingitdb migrate analyze --target sqlite:///app.db --at v1.0 --output diff.json
ingitdb migrate analyze --target duckdb:///app.duckdb --format json

Say what differs between a target and a commit: definitions and rows, each by its key. All of the
target is read; nothing is changed. Exit status 1 if anything differs.
"""
_FORMATS = ("text", "json")
_MOST = 20


@click.command(
    cls=FormatCommand,
    formats=_FORMATS,
    help=HELP,
    short_help="Say what differs between a target and a commit.",
)
@SOURCE
@target_options
@MAPPING
@click.pass_context
def analyze(
    context: click.Context, /, source: str | None, format: str | None, **given: Any
) -> None:
    """Compares a target with a commit."""
    app = app_of(context)
    point(app, source)
    check_installed()
    from ingitdb.services.migrations.targets import opened

    chosen = chosen_format(app, format, _FORMATS, {".json": "json"}, what="An analysis")
    name_unreadable(app, app.options.at)
    with (
        opened(
            given["target"],
            access(given),
            is_only_read=True,
            mapping=mapping(given["mapping"]),
        ) as target,
        target.analyze(app.database, app.options.at) as found,
    ):
        output = screen(app, chosen)
        if chosen == "text":
            output.paged(_lines(found), nothing)
        else:
            output.written(_document(found))
        differs = bool(found.plan.steps)
    if differs:
        context.exit(Status.FOUND)


def _lines(found: "Analysis") -> Iterator[str]:
    yield from told(found.plan)
    rows = found.rows()
    for row in islice(rows, _MOST):
        key = ", ".join(f"{name} = {_cell(value)}" for name, value in row.key.items())
        yield f"  {row.kind} {row.table} {key}"
    more = sum(1 for _ in rows)
    if more:
        yield f"  and {more:,} more rows; --format json names all"
    for name in found.others:
        yield f"note: the target has a table of its own, {name}"
    if not found.plan.steps:
        yield f"the target holds what {found.commit[:12]} does"


def _document(found: "Analysis") -> Iterator[bytes]:
    """Gives the analysis as JSON, row by row."""
    head = {
        "commit": found.commit,
        "ledger": found.ledger,
        "differs": bool(found.plan.steps),
        "steps": [
            {
                "kind": str(step.kind),
                "table": step.table,
                "rows": step.rows,
                "marks": [str(mark) for mark in step.marks],
                "detail": step.detail,
            }
            for step in found.plan.steps
        ],
        "notes": list(found.plan.notes),
        "others": list(found.others),
    }
    yield json.dumps(head, indent=2, ensure_ascii=False)[:-2].encode() + b',\n  "rows": ['
    before = b"\n    "
    for row in found.rows():
        key = {name: _cell(value) for name, value in row.key.items()}
        cells = {"table": row.table, "kind": row.kind, "key": key}
        yield before + json.dumps(cells, ensure_ascii=False).encode()
        before = b",\n    "
    yield b"\n  ]\n}\n"


def _cell(value: Any) -> Any:
    """Gives a value as other commands show it: bytes in base64, what is not JSON as text."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    is_plain = isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
    return value if is_plain else str(value)
