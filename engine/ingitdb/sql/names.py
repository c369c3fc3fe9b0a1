"""How a written name finds its table: case-insensitive, with `_` for what needs quotes."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from ingitdb.errors import TableAmbiguous, TableNotFound
from ingitdb.model.types import quote_identifier

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_PART = re.compile(r'"(?:[^"]|"")+"|[^".]+')
_LOOSE = re.compile(r"[^\w]+")
_MOST_LISTED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTable:
    """A table that can be found.

    Attributes:
        full_name: The file's full name, such as `people.csv`, which works too.
        aliases: Names that find it while nothing else bears them.
    """

    schema: str
    name: str
    full_name: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a written name leads: None stands for the session's database, branch or any schema."""

    database: str | None = None
    branch: str | None = None
    schema: str | None = None
    name: str


def fold(name: str) -> str:
    """Gives what two spellings of the same name have in common."""
    return unicodedata.normalize("NFC", name).casefold()


def loosen(name: str) -> str:
    """Folds a name further, so that `country_codes` and `country-codes` meet."""
    return _LOOSE.sub("_", fold(name))


def spell(*parts: str) -> str:
    """Writes a name as SQL, with quotes where they are needed.

    Example:
        >>> spell("data", "country-codes")
        'data."country-codes"'
    """
    return ".".join(p if _PLAIN.fullmatch(p) else quote_identifier(p) for p in parts)


def name_parts(text: str) -> tuple[str, ...]:
    """Reads a name as a string gives it: parts between dots, each perhaps in double quotes.

    Example:
        >>> name_parts('geo."country-codes"'), name_parts("it's")
        (('geo', 'country-codes'), ("it's",))
    """
    found = _PART.findall(text)
    if ".".join(found) != text:
        return (text,)
    return tuple(p[1:-1].replace('""', '"') if p.startswith('"') else p for p in found)


def split_database(name: str) -> tuple[str, str | None]:
    """Cuts `db/branch` at its first slash.

    Example:
        >>> split_database("shop/feature/x")
        ('shop', 'feature/x')
    """
    database, slash, branch = name.partition("/")
    return (database, branch) if slash and database and branch else (name, None)


def address(
    path: Sequence[str], *, databases: Collection[str], schemas: Collection[str] = ()
) -> Address:
    """Says what each part of a written name means.

    Args:
        path: One to three parts: table, schema or database and table, or all three.
        databases: The names of the databases that are attached.
        schemas: The schemas of the session's database; they win over a database of that name.
    """
    name = path[-1]
    if len(path) == 1:
        return Address(name=name)
    first = path[0]
    if len(path) > 2:
        database, branch = _database(first, databases)
        return Address(database=database, branch=branch, schema=path[-2], name=name)
    if fold(first) not in {fold(s) for s in schemas}:
        database, branch = _database(first, databases)
        if branch is not None or fold(database) in {fold(d) for d in databases}:
            return Address(database=database, branch=branch, name=name)
    return Address(schema=first, name=name)


def _database(written: str, databases: Collection[str]) -> tuple[str, str | None]:
    by_fold = {fold(d): d for d in databases}
    if fold(written) in by_fold:
        return by_fold[fold(written)], None
    database, branch = split_database(written)
    return (by_fold.get(fold(database), database), branch) if branch else (written, None)


def find_table(
    name: str,
    known: Iterable[KnownTable],
    *,
    schema: str | None = None,
    preferred: str | None = None,
    at: str = "HEAD",
) -> KnownTable:
    """Finds the one table that a name means.

    Args:
        name: The last part of the written name.
        known: All tables of the commit.
        schema: The schema that was written, or None to look in all.
        preferred: The schema of USE, which wins where several have the name.
        at: The commit, for the error.

    Raises:
        TableAmbiguous: Several tables fit equally well.
        TableNotFound: None fits.
    """
    tables = list(known)
    found = _fitting(name, tables, schema, preferred)
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(name, found, tables)
    written = name if schema is None else f"{schema}.{name}"
    raise TableNotFound(written, at, _suggestions(tables, schema))


def _fitting(
    name: str, tables: list[KnownTable], schema: str | None, preferred: str | None = None
) -> list[KnownTable]:
    """Gives the tables that fit best: several where the name does not tell them apart."""
    within = _of_schema(tables, schema)
    for fits in _tiers(name):
        found = [table for table in within if fits(table)]
        if len(found) > 1 and preferred is not None:
            found = [t for t in found if fold(t.schema) == fold(preferred)] or found
        if len(found) > 1:
            found = [t for t in found if t.name == name and _same_schema(found)] or found
        if found:
            return found
    return []


def _ambiguous(name: str, found: list[KnownTable], tables: list[KnownTable]) -> TableAmbiguous:
    """Lists for the first of many tables a spelling that leads to each alone."""
    spellings = [s for t in found[:_MOST_LISTED] if (s := _spelling(t, tables)) is not None]
    return TableAmbiguous(name, spellings, is_whole=len(spellings) == len(found))


def _spelling(table: KnownTable, tables: list[KnownTable]) -> str | None:
    """Gives the name by which a table is found while another one bears its own."""
    names = [n for n in (table.full_name, *table.aliases) if n is not None]
    bare = [(None, n) for n in names]
    for schema, name in ((table.schema, table.name), *bare, *((table.schema, n) for n in names)):
        if _fitting(name, tables, schema) == [table]:
            return spell(name) if schema is None else spell(schema, name)
    return None


def _of_schema(tables: list[KnownTable], schema: str | None) -> list[KnownTable]:
    if schema is None:
        return tables
    exact = [t for t in tables if fold(t.schema) == fold(schema)]
    return exact or [t for t in tables if loosen(t.schema) == loosen(schema)]


def _tiers(name: str) -> list[Callable[[KnownTable], bool]]:
    """Gives the tests of likeness, closest first."""
    folded, loose = fold(name), loosen(name)
    return [
        lambda t: fold(t.name) == folded,
        lambda t: t.full_name is not None and fold(t.full_name) == folded,
        lambda t: any(fold(a) == folded for a in t.aliases),
        lambda t: loosen(t.name) == loose,
        lambda t: any(loosen(a) == loose for a in t.aliases),
    ]


def _same_schema(tables: list[KnownTable]) -> bool:
    return len({fold(t.schema) for t in tables}) == 1


def _suggestions(tables: list[KnownTable], schema: str | None) -> list[str]:
    if schema is None:
        return [spell(t.name) for t in tables]
    return [spell(t.schema, t.name) for t in tables]
