"""Some states of one stored table, and the SQL that reads their columns from the cache."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ingitdb.catalog.columns import place_at, type_of
from ingitdb.model.shapes import Place, agree, by_frequency, unite
from ingitdb.model.types import JSON, quote_identifier, quote_literal
from ingitdb.snapshots.internal import ORDER
from ingitdb.snapshots.manifest import StoredTable
from ingitdb.snapshots.projection import project, project_source
from ingitdb.snapshots.segments import Segment
from ingitdb.snapshots.store import Base


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some states of one stored table: those of a file under a condition.

    Attributes:
        gone: What the base leaves out: how many states of each shape would else stand here.
        by_row: Whether the condition names rows of the file by `ROW`.
    """

    stored: StoredTable
    base: Base
    segment: Segment
    is_live: bool
    condition: str
    gone: Mapping[int, int] = field(default_factory=dict)
    by_row: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether these are just the standing states, in the types of the last commit."""
        return self.is_live and self.base.is_last and not self.base.without


def column_of(
    part: Part, present: Mapping[int, int], stored: Place, field: str, wanted: Place
) -> str:
    """Gives SQL for a field of some states in the type that it has at the commit."""
    known = part.stored.columns.get(field)
    if known is None:
        return f"CAST(NULL AS {type_of(wanted).sql})"
    if part.is_live and known.latest is not None:
        own = place_of(part.stored.head).fields[field]
        if own == wanted or type_of(own) == type_of(wanted):
            return project(known.latest, own, wanted)
    contradicted = type_of(wanted) == JSON or not known.odd.isdisjoint(present)
    if known.source is not None and contradicted:
        return project_source(known.source, wanted)
    return project(known.general, stored.fields[field], wanted)


@lru_cache(maxsize=256)
def place_of(spelled: str) -> Place:
    """Reads a stored place; nobody changes it."""
    return unite([spelled])


def place_of_states(counts: Mapping[str, int]) -> Place:
    """Unites the shapes of many commits; a field that contradicts itself there is JSON as a whole.

    So its states are read from their sources: no column holds both a list and a map.
    """
    place = place_at(counts)
    agreed: dict[str, Place] = {}
    for shape in by_frequency(counts):
        for name, inner in unite([shape]).fields.items():
            known = agreed.get(name)
            if known is None:
                agreed[name] = inner
            elif agree(known, inner):
                known.add(inner.text())
            else:
                place.fields[name] = Place(kinds={"s"}, is_map=True)
    return place


def with_fields(place: Place, fields: Sequence[str]) -> Place:
    """Gives a place that has some further fields of which no record has a value."""
    more = {name: Place() for name in fields if name not in place.fields}
    return replace(place, fields={**place.fields, **more}) if more else place


def standing(base: Base, path: str) -> str:
    """Gives SQL that holds for what stands at a base's ordinal and is not left out."""
    return f"_from <= {base.ordinal} AND _to > {base.ordinal} AND {without(base, path)}"


def gone(part: Part, base: Base) -> str:
    """Gives SQL that holds for the states of a part that a base of the same line has not.

    What is known of the part is not asked: by one bare comparison row groups are passed over.
    """
    begun, ended = f"_from > {base.ordinal}", f"_to <= {base.ordinal}"
    if base.without:
        return f"({begun} OR {ended} OR {within(base, '_path')})"
    if base.ordinal < part.base.ordinal:
        return begun
    return "false" if part.is_live else ended


def without(base: Base, path: str) -> str:
    """Gives SQL that holds for the paths that a base keeps."""
    return f"NOT {within(base, path)}" if base.without else "true"


def within(base: Base, path: str) -> str:
    """Gives SQL that holds for the paths that a base leaves out."""
    return f"{path} IN ({', '.join(quote_literal(p) for p in sorted(base.without))})"


def nothing(natural: Mapping[str, Place], more: str = "") -> str:
    """Gives SQL for no rows with the columns of a table."""
    columns = "".join(
        f", CAST(NULL AS {type_of(inner).sql}) AS {quote_identifier(name)}"
        for name, inner in natural.items()
    )
    return (
        "SELECT CAST(NULL AS VARCHAR) AS _key, CAST(NULL AS VARCHAR) AS _path,"
        f" CAST(NULL AS BIGINT) AS {ORDER}{more}{columns} WHERE false"
    )
