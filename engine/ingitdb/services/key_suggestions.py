"""Which columns could be declared as a table's key: unique now, and at every commit before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby
from math import prod
from operator import itemgetter

from ingitdb.catalog.files import INGITDB, TABLES
from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.identity import key_field, key_identity
from ingitdb.execution.lines import Line
from ingitdb.execution.relations import key_columns
from ingitdb.model.history import Commit
from ingitdb.model.tables import Form
from ingitdb.model.types import DOUBLE, JSON, ColumnType, Scalar, Struct
from ingitdb.services.database import Database
from ingitdb.snapshots.internal import BEGUN, ENDED
from ingitdb.snapshots.relation import Relation
from ingitdb.snapshots.snapshot import Snapshot

MOST_CANDIDATES = 8
"""So many of a table are told, the best ones."""
_MOST_COLUMNS = 12
_MOST_COMBINED = 3
_SAMPLE = 10_000
_LIKELY = ("id", "_id", "key", "code", "uuid", "slug", "name")
_INDEX = "_index"
_MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCandidate:
    """Columns that are, or could be, a key.

    Attributes:
        columns: Their names; a dotted one leads into a nested field.
        broken: At how many commits of the line they do not tell all records apart.
        first: The first such commit.
        last: The last one.
        is_missing: Whether some record lacked a value there.
        is_repeated: Whether some records had the same values there.
    """

    columns: tuple[str, ...]
    broken: int = 0
    first: Commit | None = None
    last: Commit | None = None
    is_missing: bool = False
    is_repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableKeys:
    """What is and what could be the key of a table.

    Attributes:
        key: The columns of the key that it has; empty where it has none.
        has: The key that it has, as it fared; None where file names or the keys of a map are it.
        candidates: What could be declared, the best first; none where it has a key.
        commits: How many commits the line has; what is not committed counts as one.
    """

    schema: str
    name: str
    key: tuple[str, ...]
    has: KeyCandidate | None
    candidates: tuple[KeyCandidate, ...]
    commits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySuggestions:
    """What could be declared about the tables of a commit.

    Attributes:
        has_file: Whether there is a tables.yaml to add to.
    """

    tables: tuple[TableKeys, ...]
    has_file: bool


def suggest_keys(
    database: Database, names: Sequence[str] = (), ref: str | None = None
) -> KeySuggestions:
    """Finds what tells the records of tables apart, now and as far as history tells.

    Args:
        database: The database.
        names: The tables; all if none is named.
        ref: The commit at which a key must hold; HEAD when None.

    Raises:
        TableNotFound: There is none of a name; the nearest are named.
        TableAmbiguous: Several have it.
        StatementRefused: The ref is EMPTY: nothing leads there.
    """

    def ask(snapshot: Snapshot) -> KeySuggestions:
        line = Line(snapshot, database._catalogs.histories, database._instance.query)
        chosen = [database._find(snapshot, name) for name in names] or snapshot.tables
        return KeySuggestions(
            tables=tuple(_keys(line, table) for table in dict.fromkeys(chosen)),
            has_file=f"{INGITDB}{TABLES}" in database.repository.tree(snapshot.commit),
        )

    return database._asked(ref, ask)


def _keys(line: Line, table: NamedTable) -> TableKeys:
    log = line.log()
    states, _ = line.states(table)
    has: KeyCandidate | None = None
    candidates: Sequence[KeyCandidate] = ()
    key = key_columns(table) if key_identity(table, states) is not None else ()
    if not key:
        candidates = _Search(line, table, states, log).candidates()
    elif table.locations[0].declaration.primary_key:
        (has,) = _judged([key], table, states, line, log)
    return TableKeys(
        schema=table.schema,
        name=table.name,
        key=key,
        has=has,
        candidates=tuple(candidates[:MOST_CANDIDATES]),
        commits=len(log),
    )


@dataclass(frozen=True, slots=True)
class _Path:
    """A column or a field of one, as far as one commit tells.

    Attributes:
        sql: SQL for its value.
        distinct: How many values it has.
        is_whole: Whether every record has one.
        is_measure: Whether it measures rather than names.
    """

    name: str
    sql: str
    distinct: int
    is_whole: bool
    is_measure: bool


class _Search:
    """Looks for the keys of one table."""

    def __init__(
        self, line: Line, table: NamedTable, states: Relation, log: Sequence[Commit]
    ) -> None:
        self._line = line
        self._table = table
        self._states = states
        self._log = log
        self._relation = line.relation(table)

    def candidates(self) -> list[KeyCandidate]:
        """Gives what is unique at the commit, the best first.

        Columns are combined only as long as fewer of them do not last, and measures never. Where
        a few do not do, it is as many as it takes.
        """
        if not self._relation.rows:
            return []
        paths = sorted(self._paths(), key=_rank)
        whole = [path for path in paths if path.is_whole]
        measures = {path.name for path in paths if path.is_measure}
        singles = [(path.name,) for path in whole if path.distinct == self._relation.rows]
        found = self._judged(singles)
        lasting = [{*c.columns} for c in found if not c.broken and not measures & {*c.columns}]
        usable = [path for path in whole if not path.is_measure and path.distinct > 1]
        pool = self._most_telling(usable)
        for size in range(2, _MOST_COMBINED + 1):
            if lasting:
                break
            combined = self._judged(self._unique(combinations(pool, size)))
            found += combined
            lasting = [{*c.columns} for c in combined if not c.broken]
        if not found and len(usable) > _MOST_COMBINED:
            found += self._judged(self._least(usable))
        order = {path.name: number for number, path in enumerate(paths)}
        useful = (one for one in found if not any(_does_for(other, one) for other in found))
        return sorted(useful, key=lambda one: _goodness(one, order, measures))

    def _judged(self, keys: Iterable[tuple[str, ...]]) -> list[KeyCandidate]:
        return _judged(list(keys), self._table, self._states, self._line, self._log)

    def _paths(self) -> Iterator[_Path]:
        known = list(_scalars(self._relation, self._table))
        texts = [sql for _, sql, _ in known]
        wanted = "".join(f", count({sql}), count(DISTINCT {sql})" for sql in texts)
        source = self._relation.body
        (counts,) = self._line.query(f"SELECT count(*){wanted} FROM ({source})")  # noqa: S608 - quoted
        for number, (name, sql, kind) in enumerate(known):
            there, distinct = counts[1 + 2 * number], counts[2 + 2 * number]
            yield _Path(name, sql, distinct, there == counts[0], _is_measure(kind))

    @staticmethod
    def _most_telling(usable: Sequence[_Path]) -> list[_Path]:
        """Gives those with the most values, for not all can be combined, in their order."""
        chosen = sorted(usable, key=lambda path: -path.distinct)[:_MOST_COLUMNS]
        return [path for path in usable if path in chosen]

    def _unique(self, combined: Iterable[tuple[_Path, ...]]) -> list[tuple[str, ...]]:
        """Gives the names of those that tell all records apart; a sample rules most others out."""
        rows = self._relation.rows
        left = [one for one in combined if prod(path.distinct for path in one) >= rows]
        for limit in (_SAMPLE, rows):
            wanted = min(limit, rows)
            source = f"SELECT * FROM ({self._relation.body}) LIMIT {wanted}"  # noqa: S608 - quoted
            counts = self._distinct(left, source)
            left = [one for one, count in zip(left, counts, strict=True) if count == wanted]
        return [tuple(path.name for path in one) for one in left]

    def _distinct(self, combined: Sequence[tuple[_Path, ...]], source: str) -> Sequence[int]:
        if not combined:
            return ()
        hashes = (f"hash({', '.join(path.sql for path in one)})" for one in combined)
        wanted = ", ".join(f"count(DISTINCT {text})" for text in hashes)
        found: Sequence[int]
        (found,) = self._line.query(f"SELECT {wanted} FROM ({source})")  # noqa: S608 - quoted
        return found

    def _least(self, usable: Sequence[_Path]) -> list[tuple[str, ...]]:
        """Gives many columns of which none can be left out, if all together are unique."""
        kept = tuple(usable)
        if not self._unique([kept]):
            return []
        for path in reversed(usable):
            fewer = tuple(other for other in kept if other is not path)
            if self._unique([fewer]):
                kept = fewer
        return [tuple(path.name for path in kept)]


def _scalars(relation: Relation, table: NamedTable) -> Iterator[tuple[str, str, ColumnType]]:
    """Gives names, SQL and types of scalar columns and of the scalar fields of structs."""
    is_placed = any(where.form == Form.ENTRY_ITEMS for where in table.locations)
    for column in relation.columns:
        if column.name == _INDEX and is_placed:
            continue  # the place of a record, which another one has tomorrow
        inner = column.type if isinstance(column.type, Struct) else ()
        fields = ((f"{column.name}.{field}", kind) for field, kind in inner)
        for name, kind in ((column.name, column.type), *fields):
            found = key_field(name, relation)
            if isinstance(kind, Scalar) and kind != JSON and found is not None:
                yield name, found[0], kind


def _is_measure(kind: ColumnType) -> bool:
    return kind == DOUBLE or kind.sql.startswith("DECIMAL") or kind.sql == "BOOLEAN"


def _rank(path: _Path) -> tuple[bool, int]:
    """Orders columns; those of one rank stay as they are."""
    name = path.name.casefold()
    place = _LIKELY.index(name) if name in _LIKELY else len(_LIKELY) + (not name.startswith("id."))
    return path.is_measure, place


def _does_for(fewer: KeyCandidate, more: KeyCandidate) -> bool:
    """Tells whether some columns of a key hold as often as all of them."""
    return {*fewer.columns} < {*more.columns} and fewer.broken <= more.broken


def _goodness(
    candidate: KeyCandidate, order: Mapping[str, int], measures: set[str]
) -> tuple[int, bool, int, list[int]]:
    places = [order[name] for name in candidate.columns]
    is_measure = bool(measures & {*candidate.columns})
    return candidate.broken, is_measure, len(places), places


def _judged(
    keys: Sequence[tuple[str, ...]],
    table: NamedTable,
    states: Relation,
    line: Line,
    log: Sequence[Commit],
) -> list[KeyCandidate]:
    """Says at which commits of a line keys did not hold."""
    texts = [_text(key, table, states) for key in keys]
    found = {number: KeyCandidate(columns=key) for number, key in enumerate(keys)}
    for number, rows in groupby(_faults(texts, states, line), key=itemgetter(0)):
        faults = [(kind, begin, min(end, len(log))) for _, kind, begin, end in rows]
        kinds = {kind for kind, _, _ in faults}
        found[number] = replace(
            found[number],
            broken=_covered((begin, end) for _, begin, end in faults),
            first=log[min(begin for _, begin, _ in faults)],
            last=log[max(end for _, _, end in faults) - 1],
            is_missing=_MISSING in kinds,
            is_repeated=bool(kinds - {_MISSING}),
        )
    return list(found.values())


def _text(key: tuple[str, ...], table: NamedTable, states: Relation) -> str:
    """Gives SQL for the text of a key if it were declared; NULL where a part is missing."""
    first = table.locations[0]
    declared = replace(first, declaration=replace(first.declaration, primary_key=key))
    known = key_identity(replace(table, locations=(declared, *table.locations[1:])), states)
    parts = [key_field(name, states) for name in key]
    there = " AND ".join(f"{part[0]} IS NOT NULL" for part in parts if part is not None)
    return "NULL" if known is None else f"CASE WHEN {there} THEN {known.new} END"


def _faults(
    texts: Sequence[str], states: Relation, line: Line
) -> Sequence[tuple[int, str, int, int]]:
    """Gives which text lacked a value or had one twice, and the ordinals from and to which."""
    if not texts:
        return ()
    before = "PARTITION BY n, t ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    found: Sequence[tuple[int, str, int, int]] = line.query(
        f"WITH s AS MATERIALIZED (SELECT b, e, generate_subscripts(texts, 1) - 1 AS n,"  # noqa: S608 - quoted
        f" unnest(texts) AS t FROM (SELECT {BEGUN} AS b, {ENDED} AS e,"
        f" [{', '.join(f'CAST({text} AS VARCHAR)' for text in texts)}] AS texts"
        f" FROM ({states.body})))"
        f" SELECT DISTINCT n, '{_MISSING}' AS kind, b, e FROM s WHERE t IS NULL UNION"
        " SELECT n, 'repeated', b, least(e, stood) FROM (SELECT n, b, e, max(e) OVER"
        f" ({before}) AS stood FROM s WHERE t IS NOT NULL) WHERE stood > b ORDER BY 1, 3"
    )
    return found


def _covered(spans: Iterable[tuple[int, int]]) -> int:
    """Counts the ordinals that lie in spans, which are ordered by where they begin."""
    count, reached = 0, 0
    for begin, end in spans:
        count += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return count
