"""What a database has, as far as any system can have it; nothing of DuckDB's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ingitdb.model.tables import Reaction
from ingitdb.model.types import ColumnType

Place: TypeAlias = tuple[str, str]
"""The schema and the name of a table."""
LEDGER = "ingitdb_migrations"
"""The table in which a target keeps what was done to it."""
_INDEXES = "change indexes"
OURS = "ingitdb_"
"""What the names of our own tables begin with; no table of a repository may be called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        kind: The type of its values at the commit.
        type: The type that the target declares.
        default: A SQL expression in the target's words, or None.
    """

    name: str
    kind: ColumnType
    type: str
    nullable: bool = True
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A condition that is not false of any row."""

    name: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Columns that rows are looked up by."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key."""

    columns: tuple[str, ...]
    target: Place
    references: tuple[str, ...]
    on_update: Reaction = "restrict"
    on_delete: Reaction = "restrict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        key: The columns of the primary key; empty where it has none.
        unique: Groups of columns that no two rows agree in.
        rows: How many rows it has at the commit.
    """

    place: Place
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    checks: tuple[Check, ...] = ()
    references: tuple[Reference, ...] = ()
    indexes: tuple[Index, ...] = ()
    rows: int = 0

    @property
    def title(self) -> str:
        """What people call it: its name, with the schema where that is not `main`."""
        schema, name = self.place
        return name if schema == "main" else f"{schema}.{name}"

    @property
    def kept_apart(self) -> frozenset[str]:
        """The columns of which the target refuses some value twice."""
        return frozenset(name for group in (self.key, *self.unique) for name in group)

    def column(self, name: str) -> Column:
        """Gives a column by its name."""
        return next(column for column in self.columns if column.name == name)


def fold(name: str) -> str:
    """Gives a name as systems compare it: without regard to the case of ASCII letters.

    Example:
        >>> fold("ÆRØ Port")
        'ÆrØ port'
    """
    return name.encode().lower().decode()


def folded(place: Place) -> Place:
    """Gives a place as systems compare names."""
    schema, name = place
    return fold(schema), fold(name)


def parents_first(tables: Sequence[Table]) -> list[Table]:
    """Orders tables so that each stands behind those that it refers to, where no cycle forbids it.

    Of a cycle the table that refers to the fewest others of it comes first.
    """
    found: list[Table] = []
    left = list(tables)
    while left:
        places = {folded(table.place) for table in left}
        open_ends = {table.place: len(_targets(table) & places) for table in left}
        fewest = min(open_ends.values())
        chosen = [table for table in left if open_ends[table.place] == fewest]
        chosen = chosen if not fewest else chosen[:1]
        found += chosen
        left = [table for table in left if table not in chosen]
    return found


def _targets(table: Table) -> set[Place]:
    return {folded(one.target) for one in table.references} - {folded(table.place)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChange:
    """A table at two commits.

    Attributes:
        old: None where it is not there before.
        new: None where it is not there after.
        names: The old name of each column that is there at both, by its new one.
    """

    old: Table | None
    new: Table | None
    names: Mapping[str, str]

    @property
    def title(self) -> str:
        """What people call it."""
        table = self.new or self.old
        return table.title if table is not None else ""

    @property
    def come(self) -> list[str]:
        """The columns that only the new table has."""
        return [c.name for c in self.new.columns if c.name not in self.names] if self.new else []

    @property
    def gone(self) -> list[str]:
        """The columns that only the old table has."""
        kept = set(self.names.values())
        return [c.name for c in self.old.columns if c.name not in kept] if self.old else []

    @property
    def retyped(self) -> list[str]:
        """The columns that are there at both and have another type."""
        if self.old is None or self.new is None:
            return []
        pairs = ((self.old.column(b), self.new.column(a)) for a, b in self.names.items())
        return [after.name for before, after in pairs if before.type != after.type]

    @property
    def gone_indexes(self) -> list[Index]:
        """The indexes that only the old table has."""
        new = self.new.indexes if self.new else ()
        return [index for index in self.old.indexes if index not in new] if self.old else []

    @property
    def is_none(self) -> bool:
        """Whether the table is defined at both commits in the very same way."""
        return self.old == self.new and all(new == old for new, old in self.names.items())

    @property
    def is_of_indexes(self) -> bool:
        """Whether the definitions differ in their indexes and in nothing else."""
        return self.differences() == [_INDEXES]

    def differences(self) -> list[str]:
        """Says what differs in the definition of a table that is there at both commits."""
        if self.old is None or self.new is None:
            return []
        said = [f"add column {name}" for name in self.come]
        said += [f"drop column {name}" for name in self.gone]
        for new, old in self.names.items():
            said += _altered(self.old.column(old), self.new.column(new))
        parts = (
            ("primary key", self.old.key, self.new.key),
            ("unique columns", set(self.old.unique), set(self.new.unique)),
            ("checks", set(self.old.checks), set(self.new.checks)),
            ("foreign keys", set(self.old.references), set(self.new.references)),
        )
        said += [f"change {what}" for what, before, after in parts if before != after]
        is_same = set(self.old.indexes) == set(self.new.indexes)
        return said if is_same else [*said, _INDEXES]


def _altered(old: Column, new: Column) -> list[str]:
    said = []
    if old.name != new.name:
        said.append(f"rename column {old.name} to {new.name}")
    if old.type != new.type:
        said.append(f"change type of {new.name} from {old.type} to {new.type}")
    if old.nullable != new.nullable:
        said.append(f"{'allow' if new.nullable else 'forbid'} NULL in {new.name}")
    if old.default != new.default:
        said.append(f"change default of {new.name}")
    return said


def lookalikes(change: TableChange) -> list[tuple[str, str]]:
    """Gives columns that went, each with one of the same type that came: renames, perhaps."""
    if change.old is None or change.new is None:
        return []
    came = [change.new.column(name) for name in change.come]
    found = []
    for name in change.gone:
        kind = change.old.column(name).kind
        like = next((column for column in came if column.kind == kind), None)
        if like is not None:
            came.remove(like)
            found.append((name, like.name))
    return found
