"""Declared types over what the records hold: a column that does not conform shows its text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ingitdb.model.shapes import Place
from ingitdb.model.tables import DeclaredColumn
from ingitdb.model.types import (
    BIGINT,
    DATE,
    DOUBLE,
    FLOAT,
    HUGEINT,
    JSON,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    ColumnType,
    ListOf,
    MapOf,
    Struct,
    quote_identifier,
    quote_literal,
)
from ingitdb.snapshots.spellings import IN_CELLS, misspelled, tried

_CANONICAL = frozenset("silhbd")
_WHOLE = frozenset(
    [
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
        *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    ]
)
_SPELLED = frozenset(
    [
        *("UUID", "INTERVAL", "BIT", "TIME WITH TIME ZONE"),
        *("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"),
    ]
)
"""Types whose values files spell as texts."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """One way to show a column.

    Attributes:
        bad: SQL that holds for a value that does not conform.
        is_source: Whether it shows `source_column`, which has to be made.
    """

    type: ColumnType
    expression: str
    bad: str | None = None
    is_source: bool = False


def fittings(
    expression: str, place: Place, natural: ColumnType, declared: DeclaredColumn
) -> list[Fitting]:
    """Gives the ways to show a column as declared, the wanted one first.

    The last always conforms: the natural type where it is nested, else the source text.
    """
    want = declared.type
    if not (place.kinds or place.is_list or place.is_map):
        empty = want or natural
        return [Fitting(empty, f"CAST(NULL AS {empty.sql})")]
    if want is None or want == natural:
        return [Fitting(natural, expression)]
    found = list(_wanted(expression, place, natural, declared))
    nested = isinstance(natural, ListOf | MapOf | Struct) or natural == JSON
    if nested:
        return [*found, Fitting(natural, expression)]
    if natural == VARCHAR or _spells_itself(place):
        return [*found, Fitting(VARCHAR, f"CAST({expression} AS VARCHAR)")]
    text = quote_identifier(source_column(declared.name))
    return [*found, Fitting(VARCHAR, text, is_source=True)]


def _spells_itself(place: Place) -> bool:
    """Tells whether a cast of the stored values to text gives what stands in the files."""
    return place.kinds <= _CANONICAL or all(kind[0] in "mM" for kind in place.kinds)


def source_column(name: str) -> str:
    """Names the column with the source text of another one."""
    return f"\u0001source of {name.casefold()}"


def _wanted(
    expression: str, place: Place, natural: ColumnType, declared: DeclaredColumn
) -> Sequence[Fitting]:
    want = declared.type
    if want in (TIMESTAMP, TIMESTAMPTZ):
        return _moments(expression, natural)
    if isinstance(want, MapOf):
        return _map(expression, place, natural, want)
    if isinstance(want, ListOf):
        return _list(expression, place, natural, want)
    if want is None:
        return []
    scalar = _scalar(expression, place, natural, want)
    if scalar is None and declared.in_cells and want in IN_CELLS:
        scalar = _spelled(expression, place, natural, declared)
    return [scalar] if scalar is not None else []


def _spelled(
    expression: str, place: Place, natural: ColumnType, declared: DeclaredColumn
) -> Fitting | None:
    """Reads the texts of cells, where they are known."""
    want = declared.type
    if want is None:
        return None
    if natural != VARCHAR and not (natural == BIGINT and _spells_itself(place)):
        return None
    text = f"CAST({expression} AS VARCHAR)"
    rules = dict(declared.rules)
    return Fitting(want, tried(text, want, rules), misspelled(text, want, rules))


def _scalar(expression: str, place: Place, natural: ColumnType, want: ColumnType) -> Fitting | None:
    cast = f"CAST({expression} AS {want.sql})"
    found = tried(expression, want)
    fails = _fails(expression, want)
    is_fixed = natural.sql.startswith("DECIMAL(")
    if want.sql in _WHOLE and (natural == DOUBLE or is_fixed):
        return Fitting(want, found, f"({expression} <> trunc({expression}) OR {fails})")
    if want in (DOUBLE, FLOAT) and (is_fixed or _are_exact(natural, place)):
        return Fitting(want, cast)
    if want in (DATE, TIME) and natural == VARCHAR and place.kinds <= {"s", "d"}:
        return Fitting(want, found, misspelled(expression, want))
    if want.sql.startswith("DECIMAL(") and (natural == DOUBLE or is_fixed):
        exact = f"CAST({found} AS {natural.sql}) IS DISTINCT FROM {expression}"
        return Fitting(want, found, f"({fails} OR {exact})")
    if (want.sql in _WHOLE or want.sql.startswith("DECIMAL(")) and natural in (BIGINT, HUGEINT):
        return Fitting(want, found, fails)
    if want == FLOAT and natural == DOUBLE:
        return Fitting(want, cast)
    if want.sql in _SPELLED and natural == VARCHAR and place.kinds <= {"s"}:
        return Fitting(want, found, fails)
    return None


def _are_exact(natural: ColumnType, place: Place) -> bool:
    """Tells whether all integers of a place are small enough for a double."""
    return natural == BIGINT and place.kinds <= {"i", "i'"}


def _fails(expression: str, want: ColumnType) -> str:
    return f"TRY_CAST({expression} AS {want.sql}) IS NULL"


def _moments(expression: str, natural: ColumnType) -> list[Fitting]:
    if natural in (TIMESTAMP, TIMESTAMPTZ):
        return [Fitting(natural, expression)]
    if natural == DATE:
        return [Fitting(TIMESTAMP, f"CAST({expression} AS TIMESTAMP)")]
    if natural != VARCHAR:
        return []
    return [
        Fitting(want, tried(expression, want), misspelled(expression, want))
        for want in (TIMESTAMPTZ, TIMESTAMP)
    ]


def _map(expression: str, place: Place, natural: ColumnType, want: MapOf) -> list[Fitting]:
    if natural == JSON:
        return [Fitting(want, f"TRY_CAST({expression} AS {want.sql})", _fails(expression, want))]
    if not isinstance(natural, Struct):
        return []
    filled = [(name, inner) for name, inner in natural if place.fields[name].text() != "n"]
    if any(inner != want.value for _, inner in filled):
        return []
    entries = ", ".join(
        f"{{'k': TRY_CAST({quote_literal(name)} AS {want.key.sql}),"
        f" 'v': struct_extract({expression}, {quote_literal(name)})}}"
        for name, _ in filled
    )
    made = f"map_from_entries(list_filter([{entries}], lambda e: e.v IS NOT NULL))"
    empty = f"CAST(MAP {{}} AS {want.sql})"
    keys = " OR ".join(_fails(quote_literal(name), want.key) for name, _ in filled)
    bad = keys if want.key != VARCHAR and filled else None
    shown = f"CASE WHEN {expression} IS NOT NULL THEN {made if filled else empty} END"
    return [Fitting(want, shown, bad)]


def _list(expression: str, place: Place, natural: ColumnType, want: ListOf) -> list[Fitting]:
    if not isinstance(natural, ListOf) or place.item is None:
        return []
    item = place.item
    if not (item.kinds or item.is_list or item.is_map):
        return [Fitting(want, f"CAST({expression} AS {want.sql})")]
    inner = _scalar("i", item, natural.item, want.item)
    if inner is None:
        return []
    made = f"list_transform({expression}, lambda i: {inner.expression})"
    if inner.bad is None:
        return [Fitting(want, made)]
    bad = f"len(list_filter({expression}, lambda i: i IS NOT NULL AND {inner.bad})) > 0"
    return [Fitting(want, made, bad)]


def choose(
    candidates: Mapping[str, Sequence[Fitting]],
    relation: str,
    query: Callable[[str], list[tuple[object, ...]]],
) -> dict[str, Fitting]:
    """Chooses for each column the first fitting that all its values conform to.

    Args:
        candidates: The fittings by column; expressions are over the columns of `relation`.
        relation: SQL of the natural relation.
        query: Runs a query.
    """
    probes = [
        (name, number, fitting.bad)
        for name, ways in candidates.items()
        for number, fitting in enumerate(ways)
        if fitting.bad is not None
    ]
    bad: set[tuple[str, int]] = set()
    if probes:
        tests = ", ".join(
            f"coalesce(bool_or({quote_identifier(name)} IS NOT NULL AND {test}), false)"
            for name, _, test in probes
        )
        ((*answers,),) = query(f"SELECT {tests} FROM ({relation})")
        bad = {
            (name, number)
            for (name, number, _), is_bad in zip(probes, answers, strict=True)
            if is_bad
        }
    return {
        name: next(f for number, f in enumerate(ways) if (name, number) not in bad)
        for name, ways in candidates.items()
    }
