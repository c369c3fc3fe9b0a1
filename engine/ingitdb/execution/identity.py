"""Which record of one commit is which of another: by its key, or by one chosen from the two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ingitdb.catalog.naming import NamedTable
from ingitdb.model.tables import Declaration, Form
from ingitdb.model.types import (
    JSON,
    VARCHAR,
    ColumnType,
    Scalar,
    Struct,
    quote_identifier,
    quote_literal,
)
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.internal import BEGUN, ENDED
from ingitdb.snapshots.relation import Relation

AT = quote_identifier("\u0001at")
"""The ordinal of the newer of two commits whose records are compared."""
_KEY = quote_identifier("_key")
_KEYED = frozenset([Form.RECORD, Form.ENTRIES])
_GROUPED = frozenset([Form.ENTRY_ITEMS, Form.FIELD_ITEMS])
_LIKELY = ("id", "_id", "key", "code", "uuid", "slug", "name")


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells records apart.

    Attributes:
        old: SQL for the text of a record's key in the older table; NULL where there is none.
        new: The same in the newer table.
        content_first: Whether records of equal content are one record whatever their keys.
        is_grouped: Whether that holds only among those of the same `_key`.
        can_move: Whether a record may get another key without changing its content.
    """

    old: str
    new: str
    content_first: bool = False
    is_grouped: bool = False
    can_move: bool = False


def identity(
    old: tuple[NamedTable, Relation], new: tuple[NamedTable, Relation], query: Query
) -> Identity:
    """Says how the records of a table are known at two commits; the newer definition counts.

    A list without a key has the first of its likely columns in which no value is missing or twice
    at either commit. So no third commit has a say.
    """
    declared = _declared(new[0].locations[0].declaration, old[1], new[1])
    if declared is not None:
        return declared
    forms = [frozenset(where.form for where in table.locations) for table, _ in (old, new)]
    if all(found <= _KEYED for found in forms):
        return Identity(_KEY, _KEY, can_move=True)
    group = all(found <= _GROUPED for found in forms) and all(
        _has_key(relation) for _, relation in (old, new)
    )
    nothing = "CAST(NULL AS VARCHAR)"
    unknown = Identity(nothing, nothing, content_first=True, is_grouped=group)
    if not old[1].rows or not new[1].rows:
        return unknown
    keyed = [found <= _KEYED for found in forms]
    for mine, theirs in _candidates(old[1], new[1], keyed):
        if _is_unique(old[1], mine, group, query) and _is_unique(new[1], theirs, group, query):
            return replace(unknown, old=_text(mine, group), new=_text(theirs, group))
    return unknown


def identities(
    table: NamedTable, forms: frozenset[Form], states: Relation, last: int, query: Query
) -> list[tuple[Identity, Sequence[int] | None]]:
    """Says how records are known at every two neighbours of a line.

    Args:
        table: The table at the end of the line, whose definition counts.
        forms: How the files held its records.
        states: Its states, with `BEGUN`, `ENDED` and `DIGEST`.
        last: The ordinal of the last commit.
        query: Runs SQL.

    Returns:
        Identities, each with the ordinals of the newer commits that it holds for; None for all
        others. Their keys may name `AT`.
    """
    declared = _declared(table.locations[0].declaration, states, states)
    if declared is not None:
        return [(declared, None)]
    if forms <= _KEYED:
        return [(Identity(_KEY, _KEY, can_move=True), None)]
    is_grouped = forms <= _GROUPED and _has_key(states)
    left = _turns(states, last, query)
    found: list[tuple[Identity, Sequence[int] | None]] = []
    if not forms.isdisjoint(_KEYED):
        lists = _spans(states, "WHERE _key IS NULL", query)
        keyed = [at for at in left if not _touches(lists, at)]
        found.append((Identity(_KEY, _KEY, can_move=True), keyed))
        left = [at for at in left if _touches(lists, at)]
    paths = sorted(_scalars(states), key=_likelihood)
    chosen = ""
    likely = [path for path in paths if _likelihood(path) <= len(_LIKELY)]
    for batch in (likely, paths[len(likely) :]):
        texts = [_text(_quoted(path), is_grouped) for path in batch if left]
        if not forms.isdisjoint(_KEYED):
            texts = [f"coalesce({text}, _key)" for text in texts]
        for text, bad in zip(texts, _faults(states, texts, query), strict=True):
            good = [at for at in left if not _touches(bad, at)]
            if good:
                chosen += f" WHEN {AT} IN ({', '.join(map(str, good))}) THEN {text}"
                left = [at for at in left if _touches(bad, at)]
    text = f"CASE{chosen} END" if chosen else "CAST(NULL AS VARCHAR)"
    return [*found, (Identity(text, text, content_first=True, is_grouped=is_grouped), None)]


def key_identity(table: NamedTable, states: Relation) -> Identity | None:
    """Says how records are known by a key that is theirs at every commit; None if they have none.

    Args:
        table: The table, whose definition counts.
        states: Its states along a line.
    """
    declared = _declared(table.locations[0].declaration, states, states)
    if declared is not None:
        return declared
    is_keyed = {where.form for where in table.locations} <= _KEYED
    return Identity(_KEY, _KEY, can_move=True) if is_keyed else None


_Spans: TypeAlias = list[tuple[int, int]]


def _turns(states: Relation, last: int, query: Query) -> list[int]:
    """Gives the ordinals at which some states end and others begin."""
    rows = query(
        f"WITH s AS MATERIALIZED (SELECT {BEGUN} b, {ENDED} e FROM ({states.body}))"
        f" SELECT b FROM s INTERSECT SELECT e FROM s WHERE e <= {last} ORDER BY 1"
    )
    return [at for (at,) in rows]


def _spans(states: Relation, where: str, query: Query) -> _Spans:
    """Gives the ordinals from and to which some states stood."""
    return query(f"SELECT DISTINCT {BEGUN}, {ENDED} FROM ({states.body}) {where}")


def _faults(states: Relation, texts: Sequence[str], query: Query) -> list[_Spans]:
    """Gives for each text from and to which ordinals a state lacked it, or two had the same."""
    found: list[_Spans] = [[] for _ in texts]
    if not texts:
        return found
    window = "PARTITION BY n, t ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    rows = query(
        f"WITH s AS MATERIALIZED (SELECT b, e, generate_subscripts(texts, 1) AS n,"
        f" unnest(texts) AS t FROM (SELECT {BEGUN} AS b, {ENDED} AS e,"
        f" [{', '.join(texts)}] AS texts FROM ({states.body})))"
        " SELECT DISTINCT n, b, e FROM s WHERE t IS NULL UNION"
        " SELECT n, b, least(e, before) FROM (SELECT n, b, e, max(e) OVER"
        f" ({window}) AS before FROM s WHERE t IS NOT NULL) WHERE before > b"
    )
    for number, begin, end in rows:
        found[number - 1].append((begin, end))
    return found


def _touches(spans: _Spans, at: int) -> bool:
    """Tells whether some span holds a commit or the one before it."""
    return any(begin <= at and end > at - 1 for begin, end in spans)


def _declared(declared: Declaration, old: Relation, new: Relation) -> Identity | None:
    """Gives the declared key if both tables have its columns."""
    if not declared.primary_key:
        return None
    keys = []
    for relation in (old, new):
        found = [key_field(name, relation) for name in declared.primary_key]
        fields = [field[0] for field in found if field is not None]
        if len(fields) < len(found):
            return None
        keys.append(_joined(fields))
    return Identity(keys[0], keys[1])


def key_field(name: str, relation: Relation) -> tuple[str, ColumnType] | None:
    """Gives SQL and the type of a key's column or, by its dotted name, of a field of one."""
    there = {column.name.casefold(): column for column in relation.columns}
    steps = [name] if name.casefold() in there else name.split(".")
    column = there.get(steps[0].casefold())
    if column is None:
        return None
    kind, sql = column.type, quote_identifier(column.name)
    for number, step in enumerate(steps[1:], start=1):
        if kind == JSON:
            return f"({sql} ->> {quote_literal(_json_path(steps[number:]))})", VARCHAR
        fields = dict(kind) if isinstance(kind, Struct) else {}
        if step not in fields:
            return None
        kind, sql = fields[step], f"{sql}.{quote_identifier(step)}"
    return (f"({sql} ->> '$')", VARCHAR) if kind == JSON else (sql, kind)


def _json_path(steps: Sequence[str]) -> str:
    return "$" + "".join('."' + step.replace('"', '\\"') + '"' for step in steps)


def _joined(paths: Sequence[str]) -> str:
    texts = [f"CAST({path} AS VARCHAR)" for path in paths]
    return texts[0] if len(texts) == 1 else f"CAST(to_json([{', '.join(texts)}]) AS VARCHAR)"


def _text(path: str, group: bool) -> str:
    return _joined([_KEY, path]) if group else _joined([path])


def _candidates(old: Relation, new: Relation, keyed: Sequence[bool]) -> Iterator[tuple[str, str]]:
    """Gives SQL for what may be a key in both tables, the likely ones first.

    A table whose records carry their keys outside has them in place of a column that it lacks.
    """
    mine, theirs = list(_scalars(old)), list(_scalars(new))
    pool = theirs if not keyed[1] else mine
    ordered = sorted(pool, key=_likelihood)
    for path in ordered:
        one = path if path in mine else (("_key",) if keyed[0] else None)
        other = path if path in theirs else (("_key",) if keyed[1] else None)
        if one is not None and other is not None:
            yield _quoted(one), _quoted(other)


def _quoted(path: Sequence[str]) -> str:
    return ".".join(map(quote_identifier, path))


def _scalars(relation: Relation) -> Iterator[tuple[str, ...]]:
    for column in relation.columns:
        if isinstance(column.type, Struct):
            for name, inner in column.type:
                if isinstance(inner, Scalar) and inner != JSON:
                    yield column.name, name
        elif isinstance(column.type, Scalar) and column.type != JSON and column.name != "_key":
            yield (column.name,)


def _likelihood(path: tuple[str, ...]) -> int:
    """Orders candidates; those of one rank stay in the order of the columns."""
    head = path[0].casefold()
    if len(path) == 1:
        return _LIKELY.index(head) if head in _LIKELY else len(_LIKELY) + 1
    return len(_LIKELY) if head == "id" else len(_LIKELY) + 1


def _is_unique(relation: Relation, path: str, group: bool, query: Query) -> bool:
    ((rows, there, distinct),) = query(
        f"SELECT count(*), count({path}), count(DISTINCT {_text(path, group)})"
        f" FROM ({relation.body})"
    )
    return bool(rows == there == distinct)


def _has_key(relation: Relation) -> bool:
    return bool(relation.columns) and relation.columns[0].name == "_key"
