"""The mapping file: what tables and columns are called in a target, and which of them it has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from ingitdb.catalog.parsed import Parsed, Way, parse
from ingitdb.catalog.schema_check import check
from ingitdb.catalog.table_constraints import groups
from ingitdb.errors import UsageError, did_you_mean
from ingitdb.migrations.model import Place, fold, folded
from ingitdb.model.records import FormatFault, Problem

_WILD = "*?["
_SCHEMAS = "ingitdb.migrations.schemas"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """What is said of a column.

    Attributes:
        name: What the target calls it; None if as the table does.
        type: The target's word for its type; None if as always.
        expression: SQL over the row that gives its value; None if it is the column's own.
    """

    name: str | None = None
    type: str | None = None
    expression: str | None = None
    is_excluded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMapping:
    """What is said of a list whose items become rows of a table.

    Attributes:
        column: What the mapping calls the list.
        table: What the target calls the table.
        schema: None if it is that of the list's table.
        ordinal: What the target calls the column that says where an item stands.
        columns: By `value` or the field of a structure, case-folded.
        spelled: Their names as the mapping spells them, and how it leads to each.
        way: How the mapping leads to it.
    """

    column: str
    table: str
    schema: str | None = None
    ordinal: str = "ordinal"
    columns: Mapping[str, ColumnMapping] = field(default_factory=dict)
    spelled: Mapping[str, Way] = field(default_factory=dict)
    way: Way = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """What is said of a table.

    Attributes:
        key: What the mapping calls it.
        columns: By their names at the commit, case-folded.
        spelled: Their names as the mapping spells them, and how it leads to each.
        mode: Which differences of its rows are settled: `insert`, `upsert` or `sync`.
        indexes: Groups of columns by the target's names.
        lists: Those that become tables, by the names of their columns, case-folded.
    """

    key: str = ""
    name: str | None = None
    schema: str | None = None
    mode: str | None = None
    columns: Mapping[str, ColumnMapping] = field(default_factory=dict)
    spelled: Mapping[str, Way] = field(default_factory=dict)
    indexes: tuple[tuple[str, ...], ...] = ()
    lists: Mapping[str, ListMapping] = field(default_factory=dict)


_NOTHING = TableMapping()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMapping:
    """What a mapping file says.

    Attributes:
        parsed: The file, with its places; None where there is none.
        keys: How keys of a key-value store are put together; None if as always.
        tables: By their names at the commit, case-folded.
    """

    parsed: Parsed | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    schema: str | None = None
    prefix: str = ""
    keys: str | None = None
    tables: Mapping[str, TableMapping] = field(default_factory=dict)

    def includes(self, place: Place) -> bool:
        """Whether the target has a table."""
        if self.include and not _any(self.include, place):
            return False
        return not _any(self.exclude, place)

    def table(self, place: Place) -> TableMapping:
        """Gives what is said of a table."""
        found = (self.tables.get(fold(name)) for name in _names(place))
        return next(filter(None, found), _NOTHING)

    def place(self, place: Place) -> Place:
        """Gives the schema and name of a table in the target."""
        said = self.table(place)
        schema = said.schema or self.schema or place[0]
        return schema, said.name or f"{self.prefix}{place[1]}"

    def mode(self, place: Place) -> str | None:
        """Gives the mode that is said of a table, which is given by the target's name.

        That of a table with lists is that of their items, too.
        """
        for said in self.tables.values():
            if said.mode is not None:
                there = [self.place(one) for one in _places(said.key)]
                there += [self.list_place(at, one) for at in there for one in said.lists.values()]
                if folded(place) in map(folded, there):
                    return said.mode
        return None

    @staticmethod
    def list_place(parent: Place, said: ListMapping) -> Place:
        """Gives the schema and name of the table of a list's items in the target.

        Args:
            parent: The list's table there.
            said: What is said of the list.
        """
        return said.schema or parent[0], said.table

    def wrong(self, message: str, way: Way = (), hint: str | None = None) -> UsageError:
        """Words a fault at its place."""
        assert self.parsed is not None
        return UsageError(str(self.parsed.problem(message, way)), hint=hint)

    def check_tables(self, places: Iterable[Place]) -> None:
        """Returns if all tables that are named are there.

        Args:
            places: The tables of all commits that are met.

        Raises:
            UsageError: One is not.
        """
        places = list(places)
        titles = [_names(place)[0] for place in places]
        known = {fold(name) for place in places for name in _names(place)}
        for name, said in self.tables.items():
            if name not in known:
                hint = did_you_mean(said.key, titles)
                raise self.wrong(f"There is no table {said.key!r}.", ("tables", said.key), hint)
        for what, patterns in (("include", self.include), ("exclude", self.exclude)):
            for at, pattern in enumerate(patterns):
                is_name = not any(sign in pattern for sign in _WILD)
                if is_name and not any(_any((pattern,), place) for place in places):
                    message = f"There is no table {pattern!r}."
                    raise self.wrong(message, (what, at), did_you_mean(pattern, titles))


NO_MAPPING = TargetMapping()


def read_mapping(path: str, data: bytes) -> TargetMapping:
    """Reads a mapping file.

    Args:
        path: What errors call it; JSON if it ends so, else YAML.
        data: The file.

    Raises:
        UsageError: It does not follow its schema; the message says where.
    """
    try:
        parsed = _parsed(path, data)
    except FormatFault as fault:
        raise UsageError(str(fault.at(path))) from None
    if parsed.value is None:
        return TargetMapping(parsed=parsed)
    problems = check(parsed, "mapping", package=_SCHEMAS)
    if problems:
        raise UsageError("\n".join(map(str, problems)))
    value = parsed.value
    found = TargetMapping(
        parsed=parsed,
        include=_listed(value.get("include")),
        exclude=_listed(value.get("exclude")),
        schema=value.get("schema"),
        prefix=value.get("prefix", ""),
        keys=value.get("keys"),
        tables={fold(name): _table(name, said) for name, said in value.get("tables", {}).items()},
    )
    problems = [problem for said in found.tables.values() for problem in _faults(parsed, said)]
    if len(found.tables) < len(value.get("tables", {})):
        problems.append(parsed.problem("A table is named twice.", ("tables",)))
    if problems:
        raise UsageError("\n".join(map(str, problems)))
    return found


def _parsed(path: str, data: bytes) -> Parsed:
    parsed = parse(path, data)
    if not path.lower().endswith(".json"):
        return parsed
    try:  # mostly JSON is YAML, whose reader tells places
        return replace(parsed, places=parse(f"{path}.yaml", data).places)
    except FormatFault:
        return parsed


def _table(key: str, said: Mapping[str, Any]) -> TableMapping:
    way: Way = ("tables", key)
    columns = {
        name: ((*way, "columns", name), _column(one))
        for name, one in said.get("columns", {}).items()
    }
    for at, name in enumerate(_listed(said.get("exclude_columns"))):
        columns.setdefault(name, ((*way, "exclude_columns", at), ColumnMapping(is_excluded=True)))
    return TableMapping(
        key=key,
        name=said.get("name"),
        schema=said.get("schema"),
        mode=said.get("mode"),
        columns={fold(name): one for name, (_, one) in columns.items()},
        spelled={name: place for name, (place, _) in columns.items()},
        indexes=groups(said, "indexes"),
        lists={
            fold(name): _list(name, one, (*way, "explode", name))
            for name, one in said.get("explode", {}).items()
        },
    )


def _column(said: Mapping[str, Any]) -> ColumnMapping:
    return ColumnMapping(
        name=said.get("name"),
        type=said.get("type"),
        expression=said.get("expression"),
        is_excluded=said.get("exclude", False),
    )


def _list(name: str, said: Mapping[str, Any], way: Way) -> ListMapping:
    columns = said.get("columns", {})
    return ListMapping(
        column=name,
        table=said["table"],
        schema=said.get("schema"),
        ordinal=said.get("ordinal", "ordinal"),
        columns={fold(inner): _column(one) for inner, one in columns.items()},
        spelled={inner: (*way, "columns", inner) for inner in columns},
        way=way,
    )


def _faults(parsed: Parsed, table: TableMapping) -> Iterable[Problem]:
    for name, way in table.spelled.items():
        said = table.columns[fold(name)]
        if said.is_excluded and said != ColumnMapping(is_excluded=True):
            text = f"The column {name!r} is left out: nothing else can be said of it."
            yield parsed.problem(text, way)
    if len(table.columns) < len(table.spelled):
        yield parsed.problem("A column is named twice.", ("tables", table.key))
    for name, one in table.lists.items():
        own = table.columns.get(name, ColumnMapping())
        if own.is_excluded or own.name is not None or own.type is not None:
            text = f"The items of {one.column!r} become rows: only an expression can be said of it."
            yield parsed.problem(text, one.way)
        if len(one.columns) < len(one.spelled):
            yield parsed.problem("A column is named twice.", one.way)


def _listed(value: str | list[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _places(key: str) -> Iterable[Place]:
    """Gives the tables that a key of the mapping may mean."""
    dots = [at for at, sign in enumerate(key) if sign == "."]
    return [("main", key), *((key[:at], key[at + 1 :]) for at in dots)]


def _names(place: Place) -> tuple[str, ...]:
    """Gives what a table may be called: its title first."""
    schema, name = place
    full = f"{schema}.{name}"
    return (name, full) if schema == "main" else (full,)


def _any(patterns: Iterable[str], place: Place) -> bool:
    names = [fold(name) for name in _names(place)]
    return any(fnmatchcase(name, fold(pattern)) for pattern in patterns for name in names)
