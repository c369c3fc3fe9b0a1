"""Declared types over what the records hold: a column that does not conform shows its text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ingitdb.catalog.columns import type_of
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
    Scalar,
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
_CLOCKS = (DATE, TIME, TIMESTAMP, TIMESTAMPTZ)
_INTEGERS = frozenset("ilhH")
_NUMBERS = frozenset("ilhHfmM")
_SURE_DIGITS = 15
"""So many digits of a number survive in a double, whatever they are."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """One way to show a column.

    Attributes:
        bad: SQL that holds for a value that does not conform.
        is_source: Whether it shows `source_column`, which has to be made.
        bad_source: SQL that holds for such a text that does not conform.
    """

    type: ColumnType
    expression: str
    bad: str | None = None
    is_source: bool = False
    bad_source: str | None = None


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
    text = quote_identifier(source_column(declared.name))
    if want == JSON and not declared.in_cells and not found:
        found = [Fitting(want, f"CAST({text} AS JSON)", is_source=True)]
    if _is_decimal(want) and natural == DOUBLE:
        cast, rounds = f"CAST({text} AS {want.sql})", _rounds(text, want)
        found.append(Fitting(want, cast, is_source=True, bad_source=rounds))
    nested = isinstance(natural, ListOf | MapOf | Struct) or natural == JSON
    if nested:
        return [*found, Fitting(natural, expression)]
    if natural == VARCHAR or _spells_itself(place):
        return [*found, Fitting(VARCHAR, f"CAST({expression} AS VARCHAR)")]
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
    if want is None:
        return []
    found = None if want == JSON and declared.in_cells else _part(expression, place, natural, want)
    if found is None and declared.in_cells:
        found = _cells(expression, place, natural, declared)
    return [found] if found is not None else []


def _part(expression: str, place: Place, natural: ColumnType, want: ColumnType) -> Fitting | None:
    """Shows what stands at a place, perhaps inside of a value; None where it cannot conform."""
    if not (place.kinds or place.is_list or place.is_map):
        return Fitting(want, f"CAST(NULL AS {want.sql})")
    if want == natural:
        return Fitting(want, expression)
    if isinstance(want, MapOf):
        return _map(expression, place, natural, want)
    if isinstance(want, ListOf):
        return _list(expression, place, natural, want)
    if isinstance(want, Struct):
        return _struct(expression, place, natural, want)
    if want == JSON:
        return Fitting(want, f"to_json({expression})") if _is_json(place) else None
    return _scalar(expression, place, natural, want) if _is_scalar(natural) else None


def _is_scalar(kind: ColumnType) -> bool:
    return isinstance(kind, Scalar) and kind != JSON


def _is_json(place: Place) -> bool:
    """Tells whether the stored values give the JSON that stands in the files."""
    if place.is_map or (place.kinds and place.item is not None):
        return False
    if place.item is not None:
        return _is_json(place.item)
    return place.kinds <= {"s"} or place.kinds <= {"i", "l", "h"} or place.kinds <= {"b"}


def _cells(
    expression: str, place: Place, natural: ColumnType, declared: DeclaredColumn
) -> Fitting | None:
    """Reads the texts of cells, where they are known."""
    want = declared.type
    if want is None or not (natural == VARCHAR or _spells_itself(place)):
        return None
    text = f"CAST({expression} AS VARCHAR)"
    rules = dict(declared.rules)
    if want == JSON:
        return Fitting(want, f"TRY_CAST({text} AS JSON)", f"NOT json_valid({text})")
    if want.sql in _SPELLED:
        return Fitting(want, tried(text, want), _misread(text, want))
    if want == FLOAT:
        number = tried(text, DOUBLE, rules)
        return Fitting(want, f"CAST({number} AS FLOAT)", misspelled(text, DOUBLE, rules))
    if want in IN_CELLS and natural in (VARCHAR, BIGINT):
        return Fitting(want, tried(text, want, rules), misspelled(text, want, rules))
    return None


def _scalar(expression: str, place: Place, natural: ColumnType, want: ColumnType) -> Fitting | None:
    if want == VARCHAR:
        is_known = _spells_itself(place)
        return Fitting(want, f"CAST({expression} AS VARCHAR)") if is_known else None
    if natural == VARCHAR:
        return _of_text(expression, place, want)
    if natural in (DATE, TIMESTAMP):
        return _of_moment(expression, natural, want)
    return _of_number(expression, place, natural, want)


def _of_text(expression: str, place: Place, want: ColumnType) -> Fitting | None:
    """Reads texts; numbers past those that are stored as numbers are texts, too."""
    found = tried(expression, want)
    if want in _CLOCKS and place.kinds <= {"s", "d"}:
        return Fitting(want, found, misspelled(expression, want))
    if want.sql in _SPELLED and place.kinds <= {"s"}:
        return Fitting(want, found, _misread(expression, want))
    if _is_decimal(want) and _are_numbers(place):
        return Fitting(want, found, _rounds(expression, want))
    is_whole = want.sql in _WHOLE and place.kinds <= _INTEGERS
    return Fitting(want, found, _fails(expression, want)) if is_whole else None


def _is_decimal(want: ColumnType) -> bool:
    return want.sql.startswith("DECIMAL(")


def _are_numbers(place: Place) -> bool:
    return all(kind[0] in _NUMBERS for kind in place.kinds)


def _rounds(text: str, want: ColumnType) -> str:
    """Gives SQL for the text of a number that a DECIMAL cannot hold, or not all of it."""
    scale, found = _scale(want), tried(text, want)
    plain = f"regexp_full_match({text}, '[-+]?[0-9]*([.][0-9]{{0,{scale}}}0*)?')"
    equal = f"CAST({found} AS DOUBLE) IS NOT DISTINCT FROM TRY_CAST({text} AS DOUBLE)"
    return f"({_fails(text, want)} OR NOT ({plain} OR (contains(lower({text}), 'e') AND {equal})))"


def _scale(want: ColumnType) -> int:
    return int(want.sql[:-1].rpartition(",")[2])


def _misread(text: str, want: ColumnType) -> str:
    """Gives SQL for a text that is no value of a type, or a moment that the type would round."""
    fails = _fails(text, want)
    if want.sql not in ("TIMESTAMP_S", "TIMESTAMP_MS"):
        return fails
    exact, shown = tried(text, TIMESTAMP), f"CAST({tried(text, want)} AS TIMESTAMP)"
    return f"({fails} OR {shown} IS DISTINCT FROM {exact})"


def _of_moment(expression: str, natural: ColumnType, want: ColumnType) -> Fitting | None:
    """Shows dates and moments in another precision where that keeps all of them."""
    if want == TIMESTAMP:
        return Fitting(want, f"CAST({expression} AS {want.sql})")
    if not want.sql.startswith("TIMESTAMP_"):
        return None
    found = tried(expression, want)
    return Fitting(want, found, f"CAST({found} AS {natural.sql}) IS DISTINCT FROM {expression}")


def _of_number(
    expression: str, place: Place, natural: ColumnType, want: ColumnType
) -> Fitting | None:
    cast = f"CAST({expression} AS {want.sql})"
    found = tried(expression, want)
    fails = _fails(expression, want)
    is_fixed = natural.sql.startswith("DECIMAL(")
    if want.sql in _WHOLE and (natural == DOUBLE or is_fixed):
        return Fitting(want, found, f"({expression} <> trunc({expression}) OR {fails})")
    if want in (DOUBLE, FLOAT) and (is_fixed or _are_exact(natural, place)):
        return Fitting(want, cast)
    if want.sql.startswith("DECIMAL(") and (natural == DOUBLE or is_fixed):
        exact = f"CAST({found} AS {natural.sql}) IS DISTINCT FROM {expression}"
        if not is_fixed and any(kind.endswith("'") for kind in place.kinds):
            fails = f"{fails} OR abs({expression}) >= 1e{_SURE_DIGITS - _scale(want)}"
        return Fitting(want, found, f"({fails} OR {exact})")
    if (want.sql in _WHOLE or want.sql.startswith("DECIMAL(")) and natural in (BIGINT, HUGEINT):
        return Fitting(want, found, fails)
    if want == FLOAT and natural == DOUBLE:
        return Fitting(want, cast)
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


def _map(expression: str, place: Place, natural: ColumnType, want: MapOf) -> Fitting | None:
    if place.kinds or place.is_list:
        return None
    if not place.fields:
        empty = f"CAST(MAP {{}} AS {want.sql})"
        return Fitting(want, f"CASE WHEN {expression} IS NOT NULL THEN {empty} END")
    if not isinstance(natural, Struct):
        return _map_of_json(expression, place, want)
    filled = [(name, inner) for name, inner in natural if place.fields[name].text() != "n"]
    entries: list[str] = []
    bad: list[str] = []
    for name, inner in filled:
        key, value = quote_literal(name), _field(expression, name)
        shown = _part(value, place.fields[name], inner, want.value)
        if shown is None:
            return None
        entries.append(f"{{'k': {tried(key, want.key)}, 'v': {shown.expression}}}")
        if want.key != VARCHAR:
            bad.append(f"({value} IS NOT NULL AND {_fails(key, want.key)})")
        bad += _guarded(value, shown)
    empty = f"CAST(MAP {{}} AS {want.sql})"
    made = f"map_from_entries(list_filter([{', '.join(entries)}], lambda e: e.v IS NOT NULL))"
    whole = f"CASE WHEN {expression} IS NOT NULL THEN {made if filled else empty} END"
    return Fitting(want, whole, _any(bad))


def _map_of_json(expression: str, place: Place, want: MapOf) -> Fitting | None:
    """Shows maps that are JSON because they have too many keys, or such as differ only in case."""
    values = Place()
    for inner in place.fields.values():
        values.include(inner)
    kind = type_of(values)
    if not _is_scalar(kind):
        return None
    value = f"CAST((e.value ->> '$') AS {kind.sql})"
    shown = _part(value, values, kind, want.value)
    if shown is None:
        return None
    entries = f"map_entries(CAST({expression} AS MAP(VARCHAR, JSON)))"
    pair = f"{{'k': {tried('e.key', want.key)}, 'v': {shown.expression}}}"
    made = f"map_from_entries(list_transform({entries}, lambda e: {pair}))"
    bad = _any([_fails("e.key", want.key), *_guarded(value, shown)])
    return Fitting(want, made, f"len(list_filter({entries}, lambda e: {bad})) > 0")


def _struct(expression: str, place: Place, natural: ColumnType, want: Struct) -> Fitting | None:
    if place.kinds or place.is_list or not (isinstance(natural, Struct) or not place.fields):
        return None
    there = {name.casefold(): name for name, inner in place.fields.items() if inner.text() != "n"}
    if there.keys() - {name.casefold() for name, _ in want}:
        return None
    fields: list[str] = []
    bad: list[str] = []
    for name, inner in want:
        field = there.get(name.casefold())
        shown: Fitting | None = Fitting(inner, f"CAST(NULL AS {inner.sql})")
        if field is not None:
            value, stands = _field(expression, field), place.fields[field]
            shown = _part(value, stands, type_of(stands), inner)
            bad += _guarded(value, shown) if shown is not None else []
        if shown is None:
            return None
        fields.append(f"{quote_identifier(name)} := {shown.expression}")
    made = f"struct_pack({', '.join(fields)})"
    return Fitting(want, f"CASE WHEN {expression} IS NOT NULL THEN {made} END", _any(bad))


def _list(expression: str, place: Place, natural: ColumnType, want: ListOf) -> Fitting | None:
    if not isinstance(natural, ListOf) or place.item is None:
        return None
    item = place.item
    if not (item.kinds or item.is_list or item.is_map):
        return Fitting(want, f"CAST({expression} AS {want.sql})")
    inner = _part("i", item, natural.item, want.item)
    if inner is None:
        return None
    made = f"list_transform({expression}, lambda i: {inner.expression})"
    if inner.bad is None:
        return Fitting(want, made)
    bad = f"len(list_filter({expression}, lambda i: i IS NOT NULL AND ({inner.bad}))) > 0"
    return Fitting(want, made, bad)


def _field(expression: str, name: str) -> str:
    return f"struct_extract({expression}, {quote_literal(name)})"


def _guarded(value: str, shown: Fitting) -> list[str]:
    """Gives what holds for a value inside of another one that does not conform."""
    return [f"({value} IS NOT NULL AND ({shown.bad}))"] if shown.bad is not None else []


def _any(conditions: Sequence[str]) -> str | None:
    return f"({' OR '.join(conditions)})" if conditions else None


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


def settled(
    chosen: Mapping[str, Fitting],
    candidates: Mapping[str, Sequence[Fitting]],
    relation: str,
    query: Callable[[str], list[tuple[object, ...]]],
) -> dict[str, Fitting]:
    """Gives what is shown once the source texts are there: the next where one does not conform.

    Args:
        chosen: What `choose` gives.
        candidates: See there.
        relation: SQL of the natural relation with the source texts.
        query: Runs a query.
    """
    found = dict(chosen)
    for name, fitting in chosen.items():
        if fitting.bad_source is None:
            continue
        text = quote_identifier(source_column(name))
        test = f"bool_or({text} IS NOT NULL AND {fitting.bad_source})"
        ((is_bad,),) = query(f"SELECT {test} FROM ({relation})")
        ways = candidates[name]
        found[name] = ways[ways.index(fitting) + 1] if is_bad else fitting
    return found
