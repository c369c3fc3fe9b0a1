"""The tables as a Markdown document that their owner could publish."""

import re
from collections.abc import Iterator, Sequence

from ingitdb.services.schemas import ColumnSchema, Schemas, TableSchema

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~#]")
_ANCHOR = re.compile(r"[^\w\- ]")
_TICKS = re.compile("`+")


def markdown(found: Schemas) -> Iterator[str]:
    """Gives the document, line by line."""
    yield f"# {_text(found.database)}"
    yield ""
    if found.commit is not None:
        moment = f"{found.commit.committer.at:%Y-%m-%d}"
        yield f"The tables at commit {_code(found.commit.identifier[:12])} of {moment}."
    else:
        yield "The tables as they lie in the work tree."
    if len(found.tables) > 1:
        yield ""
        for table in found.tables:
            title = f": {_text(table.title)}" if table.title else ""
            yield f"- {_link(table.qualified)}{title}"
    for table in found.tables:
        yield ""
        yield from _table(table, {one.qualified for one in found.tables})


def _table(table: TableSchema, known: set[str]) -> Iterator[str]:
    yield f"## {_text(table.qualified)}"
    yield ""
    if table.title:
        yield f"**{_text(table.title)}**"
        yield ""
    if table.description:
        yield from (_text(line) for line in table.description.splitlines())
        yield ""
    records = "1 record" if table.rows == 1 else f"{table.rows:,} records"
    key = f", known by {', '.join(map(_code, table.key))}" if table.key else ", without a key"
    yield f"{records} in {_code(table.location)}{key}."
    yield ""
    yield from _columns(table, known)


def _columns(table: TableSchema, known: set[str]) -> Iterator[str]:
    headers = ["Column", "Type", "Nullable", "Key", "References"]
    notes = [_note(column) for column in table.columns]
    if any(notes):
        headers.append("Description")
    yield _line(headers)
    yield _line(["---"] * len(headers))
    for column, note in zip(table.columns, notes, strict=True):
        cells = [
            _code(column.name),
            _code(column.type),
            "yes" if column.nullable else "no",
            "yes" if column.key else "",
            ", ".join(_references(table, column, known)),
            note,
        ]
        yield _line(cells[: len(headers)])


def _references(table: TableSchema, column: ColumnSchema, known: set[str]) -> Iterator[str]:
    for one in table.foreign_keys:
        if column.name not in one.columns:
            continue
        name = one.table if one.schema == "main" else f"{one.schema}.{one.table}"
        place = one.columns.index(column.name)
        target = _link(name) if name in known else _text(name)
        yield f"{target}.{_code(one.references[place])}" if place < len(one.references) else target


def _note(column: ColumnSchema) -> str:
    parts = [_text(part) for part in (column.title, column.description) if part]
    parts += [f"{_label(name)} {_code(_value(value))}" for name, value in column.rules]
    return "; ".join(parts)


def _label(rule: str) -> str:
    return "formerly" if rule == "renamed_from" else _text(rule.replace("_", " "))


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """Writes a text so that nothing of it is markup."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))


def _code(text: str) -> str:
    """Writes a text as code; a bar is escaped, as cells of a table want it."""
    text = " ".join(text.split()).replace("|", "\\|")
    fence = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    gap = " " if "`" in text or not text else ""
    return f"{fence}{gap}{text}{gap}{fence}"


def _link(name: str) -> str:
    """Links a table to its heading, whose anchor is made as Git hosts make it."""
    anchor = _ANCHOR.sub("", name.lower()).replace(" ", "-")
    return f"[{_text(name)}](#{anchor})"
