"""The tables as a Mermaid `erDiagram`.

Mermaid has no way to quote the name or type of an attribute, and none to write `"`, `%` or a
backslash in that of an entity; a name that had to be altered stands in the attribute's comment.
"""

import re
from collections.abc import Iterator, Mapping

from ingitdb.model.tables import ForeignKey
from ingitdb.services.schemas import ColumnSchema, Schemas, TableSchema

_NO_ENTITY = re.compile(r"""["%\\\x00-\x1f\x7f]""")
_NO_WORD = re.compile(r"[^A-Za-z0-9_\u00c0-\uffff]")
_NO_TYPE = re.compile(r"[^A-Za-z0-9_()\[\]]")
_KEY_WORD = re.compile(r"(?:PK|FK|UK)(?![A-Za-z0-9_])", re.IGNORECASE)
_PARTS = re.compile(r"\(.*\)", re.DOTALL)
_NESTED = ("STRUCT(", "MAP(", "UNION(", "ENUM(")


def mermaid(found: Schemas) -> Iterator[str]:
    """Gives the diagram, line by line."""
    names = _entities(found)
    yield "erDiagram"
    for table in found.tables:
        yield f"    {_quoted(names[table.schema, table.name])} {{"
        foreign = {name for one in table.foreign_keys for name in one.columns}
        taken: set[str] = set()
        for column in table.columns:
            yield f"        {_attribute(column, column.name in foreign, taken)}"
        yield "    }"
    for table in found.tables:
        for reference in table.foreign_keys:
            yield f"    {_relationship(table, reference, names)}"


def _entities(found: Schemas) -> dict[tuple[str, str], str]:
    """Names the tables so that no two are alike."""
    names: dict[tuple[str, str], str] = {}
    for table in found.tables:
        wanted = name = _NO_ENTITY.sub("_", table.qualified) or "_"
        number = 1
        while name in names.values():
            number += 1
            name = f"{wanted} {number}"
        names[table.schema, table.name] = name
    return names


def _attribute(column: ColumnSchema, is_foreign: bool, taken: set[str]) -> str:
    name = wanted = _word(column.name)
    number = 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name)
    kind = _type(column.type)
    marks = [mark for mark, holds in (("PK", column.key), ("FK", is_foreign)) if holds]
    altered = [column.name] if name != column.name else []
    altered += [column.type] if kind != column.type else []
    said = ": ".join([*altered, *filter(None, [column.description or column.title])])
    parts = [kind, name, ", ".join(marks), _quoted(_comment(said)) if said else ""]
    return " ".join(part for part in parts if part)


def _relationship(
    table: TableSchema, reference: ForeignKey, names: Mapping[tuple[str, str], str]
) -> str:
    qualified = f"{reference.schema}.{reference.table}"
    plain = reference.table if reference.schema == "main" else qualified
    target = names.get((reference.schema, reference.table), _NO_ENTITY.sub("_", plain))
    nullable = any(c.nullable for c in table.columns if c.name in reference.columns)
    role = _quoted(_comment(", ".join(reference.columns)))
    own = names[table.schema, table.name]
    return f"{_quoted(target)} {'|o' if nullable else '||'}--o{{ {_quoted(own)} : {role}"


def _word(name: str) -> str:
    word = _NO_WORD.sub("_", name) or "_"
    return f"_{word}" if word[0].isdigit() or _KEY_WORD.match(word) else word


def _type(kind: str) -> str:
    """Writes a type as one word: `DECIMAL(18_2)`, and what is nested without its parts."""
    if kind.startswith(_NESTED):
        kind = _PARTS.sub("", kind)
    return _NO_TYPE.sub("_", kind.replace(", ", ","))


def _comment(text: str) -> str:
    return " ".join(text.replace('"', "'").replace("~", "-").replace("\\", "/").split()) or "-"


def _quoted(text: str) -> str:
    return f'"{text}"'
