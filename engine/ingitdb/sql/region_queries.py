"""Writes that DuckDB runs as typed, bound by way of a query.

DuckDB gives no tree for INSERT, UPDATE, DELETE and MERGE. So the parts that say something (queries,
sources, conditions, values) are put into one query, which is judged and bound like any other, and
what comes of each goes back to its place.
"""

from collections.abc import Iterator, Mapping, Sequence

from ingitdb.model.types import quote_identifier
from ingitdb.sql.references import Replacement, TableReference, splice
from ingitdb.sql.regions import Region
from ingitdb.sql.texts import Text


def probe(statement: Text, found: Sequence[Region], hidden: Sequence[Sequence[str]]) -> str:
    """Gives the query that holds every part, marked.

    Args:
        statement: The statement.
        found: What writes in it.
        hidden: For each region the columns that `*` is not to show.
    """
    shown = []
    for number, region in enumerate(found):
        query = _query(region, statement, number, hidden[number])
        shown.append((*region.span, _marked(f"r{number}", query)))
    return splice(statement.text, shown)


def redirected(query: str, references: Mapping[int, TableReference]) -> str:
    """Marks tables of such a query for `rebuilt`, by number."""
    shown: list[Replacement] = []
    for number, reference in references.items():
        name = query[reference.start : reference.end]
        alias = "" if reference.has_alias else f" AS {quote_identifier(reference.name)}"
        tail = alias if reference.takes_alias else ""
        shown.append((reference.start, reference.end, _marked(f"t{number}", name) + tail))
    return splice(query, shown)


def rebuilt(
    statement: Text,
    found: Sequence[Region],
    bound: str,
    *,
    relations: Sequence[str],
    columns: Sequence[Sequence[str]],
    tables: Mapping[int, str],
) -> str:
    """Gives the statement as DuckDB runs it.

    Args:
        statement: The statement.
        found: What writes in it.
        bound: The query with its parts, bound.
        relations: For each region the table that it writes.
        columns: For each region all columns, quoted; empty where they are not to be named.
        tables: What takes the place of marked tables, by number.
    """
    for number, relation in tables.items():
        bound = _replace(bound, f"t{number}", relation)
    for number, region in enumerate(found):
        query = _inside(bound, f"r{number}")
        start, end = region.span
        target = region.target
        named = f"{relations[number]} AS {target.alias}"
        spliced = [(target.span[0] - start, target.end - start, named)]
        if columns[number]:
            names = _named(region, columns[number])
            spliced += [(a - start, b - start, text) for a, b, text in names]
        for at, part in enumerate(region.parts):
            text = _inside(query, f"p{number}.{at}")
            spliced.append((part.span[0] - start, part.span[1] - start, text))
        written = splice(statement.text[start:end], spliced)
        bound = _replace(bound, f"r{number}", written)
    return bound


def _named(region: Region, columns: Sequence[str]) -> Iterator[Replacement]:
    """Gives what names all columns where a region leaves that to their order."""
    listed = f" ({', '.join(columns)}) "
    yield from ((*span, listed) for span in region.columns)
    values = [f"#{place}" for place in range(1, len(columns) + 1)]
    assigned = ", ".join(f"{name} = {value}" for name, value in zip(columns, values, strict=True))
    yield from ((*span, f" SET {assigned}") for span in region.updates)
    yield from ((*span, f"{listed}VALUES ({', '.join(values)})") for span in region.inserts)


def _query(region: Region, statement: Text, number: int, hidden: Sequence[str]) -> str:
    """Gives the parts of one region as a query, in the order in which they stand."""
    shown: list[str] = []
    conditions: list[str] = []
    source = ""
    excluded = ", ".join(map(quote_identifier, hidden))
    for at, part in enumerate(region.parts):
        start, end = part.span
        text = statement.text[start:end]
        if part.kind == "list" and hidden:
            text = splice(
                text,
                [(x - start, x - start, f" EXCLUDE ({excluded})") for x in region.stars],
            )
        text = _marked(f"p{number}.{at}", text)
        if part.kind == "source":
            source = f" FROM {text}"
        elif part.kind == "rows":
            conditions.append(f"EXISTS ({text})")
        elif part.kind == "list":
            conditions.append(f"EXISTS (SELECT {text})")
        else:
            is_before = region.verb == "UPDATE" and part.kind == "value"
            (shown if is_before else conditions).append(f"({text})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(shown or ['1'])}{source}{where}"


def _marked(name: str, text: str) -> str:
    return f"/*\u0001{name}*/\n{text}\n/*\u0002{name}*/"


def _inside(query: str, name: str) -> str:
    begin, end = f"/*\u0001{name}*/", f"/*\u0002{name}*/"
    return query[query.index(begin) + len(begin) : query.index(end)]


def _replace(query: str, name: str, text: str) -> str:
    begin, end = f"/*\u0001{name}*/", f"/*\u0002{name}*/"
    return query[: query.index(begin)] + text + query[query.index(end) + len(end) :]
