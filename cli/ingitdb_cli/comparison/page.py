"""The difference as one HTML page that needs nothing else: both sides beside each other."""

from collections.abc import Iterator
from html import escape

from ingitdb.services.differences import Differences, Point, TableDifference
from ingitdb.services.schema_changes import SchemaChange
from ingitdb_cli.comparison.depths import Depth
from ingitdb_cli.comparison.records import RecordChange, records
from ingitdb_cli.comparison.sides import beside
from ingitdb_cli.comparison.text import NOTHING, counted, remark
from ingitdb_cli.output.display import clean_message

_SIGNS = {"added": "+", "removed": "-", "modified": "~"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light dark;--old:#ffebe9;--oldw:#ffc1bc;--new:#e6ffec;--neww:#a6f2b8;
--line:#d0d7de;--dim:#656d76}
@media(prefers-color-scheme:dark){:root{--old:#3a1a1d;--oldw:#7d2a30;--new:#12301d;--neww:#1f6f3a;
--line:#444c56;--dim:#9198a1}}
body{font:14px/1.5 system-ui,sans-serif;margin:0 auto;max-width:90em;padding:1em}
h1{font-size:1.4em}h2{font-size:1.15em;border-bottom:1px solid var(--line);margin-top:2em}
code,pre,td.v{font-family:ui-monospace,monospace;font-size:12.5px}
table{border-collapse:collapse}td,th{padding:.15em .6em;text-align:left;vertical-align:top}
.counts td,.counts th{border-bottom:1px solid var(--line)}
.counts td.n{text-align:right;font-variant-numeric:tabular-nums}
.points{display:grid;grid-template-columns:max-content 1fr;gap:0 1em;margin:0}
.points dt{color:var(--dim)}
.points dd{margin:0}ul.schema{list-style:none;padding:0}
details,p.record{border:1px solid var(--line);border-radius:6px;margin:.4em 0;padding:.2em .6em}
summary{cursor:pointer}summary,p.record{font-family:ui-monospace,monospace;font-size:13px}
table.fields{table-layout:fixed;width:100%;margin:.4em 0}table.fields th{width:14em;font-weight:600;
overflow-wrap:anywhere}table.fields td{white-space:pre-wrap;overflow-wrap:anywhere;
border-left:1px solid var(--line)}
tr.changed td.old,.removed td.old{background:var(--old)}
tr.changed td.new,.added td.new{background:var(--new)}
tr.same{color:var(--dim)}del{background:var(--oldw);text-decoration:none}
ins{background:var(--neww);text-decoration:none}
.null,.gap{color:var(--dim);font-style:italic}.added>summary,p.added,.plus{color:#1a7f37}
.removed>summary,p.removed,.minus{color:#cf222e}
body:has(#only:checked) tr.same{display:none}
"""


def page(found: Differences, depth: Depth) -> Iterator[bytes]:
    """Writes the page, record by record."""
    for text in _texts(found, depth):
        yield text.encode("utf-8", "replace")


def _texts(found: Differences, depth: Depth) -> Iterator[str]:
    title = f"diff {safe(found.title)}"
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style></head>\n<body><header><h1>{title}</h1>\n"
        f'<dl class="points">{_point("from", found.old)}{_point("to", found.new)}</dl>\n'
    )
    yield from _overview(found)
    if depth is Depth.FULL and found.tables:
        yield (
            '<p><input type="checkbox" id="only"> <label for="only">only fields that changed'
            "</label></p>\n"
        )
    yield "</header>\n<main>\n"
    for number, table in enumerate(found.tables, start=1):
        yield from _section(found, table, number, depth)
    yield "</main></body></html>\n"


def _point(word: str, point: Point) -> str:
    known = f"<code>{safe(point.commit[:12])}</code>"
    if point.at is not None:
        moment = f"{point.at:%Y-%m-%d %H:%M:%S}"
        known += f' <time datetime="{point.at:%Y-%m-%dT%H:%M:%SZ}">{moment} UTC</time>'
    return f"<dt>{word} {safe(point.ref)}</dt><dd>{known} {safe(point.subject)}</dd>"


def _overview(found: Differences) -> Iterator[str]:
    if not found.tables:
        yield f"<p>{NOTHING}</p>\n"
        return
    heads = "".join(
        f"<th>{head}</th>"
        for head in ("table", "added", "changed", "removed", "unchanged", "schema changes")
    )
    yield f'<table class="counts"><thead><tr>{heads}</tr></thead><tbody>\n'
    for number, table in enumerate(found.tables, start=1):
        c = table.counts
        numbers = (c.rows_added, c.rows_modified, c.rows_deleted, c.rows_unmodified)
        shown = "".join(f'<td class="n">{n:,}</td>' for n in (*numbers, len(table.schema)))
        name = f'<a href="#t{number}">{safe(table.name)}</a>{safe(remark(table))}'
        yield f"<tr><td>{name}</td>{shown}</tr>\n"
    yield "</tbody></table>\n"


def _section(
    found: Differences, table: TableDifference, number: int, depth: Depth
) -> Iterator[str]:
    yield (
        f'<section id="t{number}"><h2>{safe(table.name)}{safe(remark(table))}'
        f" <small>{counted(table.counts)}</small></h2>\n"
    )
    if table.schema:
        changes = "".join(f"<li>{_schema(change)}</li>" for change in table.schema)
        yield f'<ul class="schema">{changes}</ul>\n'
    if depth is not Depth.SUMMARY and table.counts.differing:
        with found.rows(table) as rows:
            for record in records(table, rows):
                yield _record(record, depth)
    yield "</section>\n"


def _schema(change: SchemaChange) -> str:
    before, after = (safe(text or "") for text in (change.before, change.after))
    if change.before is None:
        return f'<span class="plus">+ {change.subject} <code>{after}</code></span>'
    if change.after is None:
        return f'<span class="minus">- {change.subject} <code>{before}</code></span>'
    return f"~ {change.subject} <code>{before}</code> → <code>{after}</code>"


def _record(record: RecordChange, depth: Depth) -> str:
    name = f"{_SIGNS[record.kind]} {safe(record.label)}"
    if depth is Depth.FULL:
        fields = record.fields()
    else:
        fields = record.changed() if depth is Depth.FIELDS and record.kind == "modified" else []
    if not fields:
        return f'<p class="record {record.kind}">{name}</p>\n'
    rows = []
    for field in fields:
        is_same = record.kind == "modified" and not field.is_changed
        old, new = beside(field.old, field.new, is_same=is_same)
        if record.kind != "modified":
            old, new = (
                "" if cell is None else side
                for cell, side in zip((field.old, field.new), (old, new), strict=True)
            )
        css = "same" if is_same else "changed" if record.kind == "modified" else record.kind
        rows.append(
            f'<tr class="{css}"><th>{safe(field.label)}</th><td class="v old">{old}</td>'
            f'<td class="v new">{new}</td></tr>'
        )
    is_open = " open" if record.kind == "modified" else ""
    return (
        f'<details{is_open} class="{record.kind}"><summary>{name}</summary>'
        f'<table class="fields">{"".join(rows)}</table></details>\n'
    )


def safe(text: str) -> str:
    """Escapes a text, and takes out what a browser would obey otherwise."""
    return escape(clean_message(text))
