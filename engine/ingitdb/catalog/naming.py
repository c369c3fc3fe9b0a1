"""Names of tables: the rules that need to know which locations hold records at a commit."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ingitdb.catalog.wellknown import stem
from ingitdb.model.tables import Form, Location


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTable:
    """A table of one commit.

    Attributes:
        schema: The SQL schema.
        name: The name that it is listed under; two tables of a schema may bear the same one.
        aliases: Further names that find it; the first is the full name where there is one.
        locations: Where its records lie; more than one where a declared table takes files of
            several forms.
    """

    schema: str
    name: str
    aliases: tuple[str, ...] = ()
    locations: tuple[Location, ...]


def name_tables(locations: Iterable[Location]) -> list[NamedTable]:
    """Names the tables of a commit.

    Args:
        locations: Those that have files there, and declared ones without.

    Returns:
        The tables in the order of schema, name and place.
    """
    live = sorted(locations, key=_order)
    folders = {where.path for where in live if _is_discovered(where, Form.RECORD)}
    siblings: dict[str, int] = {}
    for where in live:
        if _is_discovered(where, Form.FIELD_ITEMS):
            siblings[where.path] = siblings.get(where.path, 0) + 1
    tables: dict[tuple[str, str, str, str], NamedTable] = {}
    for where in live:
        name = _name(where, folders)
        declared = where.source in ("definition", "tables.yaml")
        identity = where.declaration.origin if declared else f"{where.path}#{where.pointer or ''}"
        place = (where.schema, name, where.source, identity)
        aliases = tuple(dict.fromkeys(a for a in _aliases(where, siblings) if a != name))
        tables[place] = _joined(
            tables.get(place),
            NamedTable(
                schema=where.schema,
                name=name,
                aliases=aliases,
                locations=(where,),
            ),
        )
    return [tables[place] for place in sorted(tables)]


def is_called(where: Location, name: str) -> bool:
    """Tells whether a table of a location has a name, at least where no other one lies in its way.

    Args:
        where: The location.
        name: The name, in any case.
    """
    names = (where.name, *_aliases(where, {where.path: 1}))
    return name.casefold() in {known.casefold() for known in names}


def _order(where: Location) -> tuple[str, ...]:
    return (
        where.schema,
        where.name,
        where.source,
        where.storage,
        where.full_name or "",
        repr(where),
    )


def _is_discovered(where: Location, form: Form) -> bool:
    return where.source == "discovery" and where.form == form


def _name(where: Location, folders: set[str]) -> str:
    if _is_discovered(where, Form.ROWS) and where.path in folders:
        return f"{where.name}_rows"
    return where.name


def _aliases(where: Location, siblings: Mapping[str, int]) -> Iterator[str]:
    if where.full_name is not None:
        yield where.full_name
    if _is_discovered(where, Form.FIELD_ITEMS):
        yield where.path.rpartition("/")[2]
        if siblings[where.path] == 1:
            yield stem(where.path)
    yield from (str(value) for rule, value in where.declaration.rules if rule == "alias")


def _joined(one: NamedTable | None, other: NamedTable) -> NamedTable:
    if one is None:
        return other
    return replace(
        one,
        aliases=tuple(dict.fromkeys((*one.aliases, *other.aliases))),
        locations=(*one.locations, *other.locations),
    )
