"""Lists of a table as tables of their own in a target: a row an item."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ingitdb.errors import did_you_mean
from ingitdb.migrations.mapping import ColumnMapping, ListMapping, TargetMapping
from ingitdb.migrations.model import Column as TableColumn
from ingitdb.migrations.model import Place, Reference, Table, fold
from ingitdb.migrations.targets.target import Holder
from ingitdb.model.types import (
    BIGINT,
    ColumnType,
    ListOf,
    Struct,
    quote_identifier,
    quote_literal,
)
from ingitdb.services.migrations.limits import check_values, is_too_long
from ingitdb.services.migrations.mapped import Field, MappedTable
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.internal import ORDER
from ingitdb.snapshots.relation import Column, Relation

VALUE = "value"
"""The column of items that are no structures."""
_LIST = quote_identifier("\u0001list")
_AT = quote_identifier("\u0001at")
_ITEM = f"{_LIST}[{_AT}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemColumn:
    """A column of the items.

    Attributes:
        name: What the target calls it.
        source: `value` or the field of a structure; empty where it says where the item stands.
        sql: SQL for its values.
        type: The target's word for its type, where the mapping says one.
    """

    name: str
    source: str
    kind: ColumnType
    sql: str
    type: str | None = None


@dataclass(frozen=True)
class ListTable:
    """The table of the items of a list, as a target has it.

    Attributes:
        place: Its schema and name there.
        parent: The table that has the list.
        field: The list.
        key: The key of the parent.
        items: What else it has; where the item stands in the list comes first.
        query: Runs SQL.
    """

    place: Place
    parent: MappedTable
    field: Field
    key: tuple[Field, ...]
    items: tuple[ItemColumn, ...]
    query: Query

    @property
    def said(self) -> ListMapping:
        """What the mapping says of the list."""
        assert self.field.items is not None
        return self.field.items

    @property
    def title(self) -> str:
        """What people call the list."""
        return f"{self.parent.said.key}.{self.said.column}"

    @property
    def address(self) -> tuple[str, ...]:
        """The columns that tell the items apart."""
        return (*(field.name for field in self.key), self.items[0].name)

    @property
    def expressions(self) -> dict[str, str]:
        """The expressions that it is made of, by what they give."""
        made = [*self.key, self.field]
        return {one.name: one.expression for one in made if one.expression is not None}

    @cached_property
    def relation(self) -> Relation:
        """Its columns and rows."""
        columns = [Column(name=field.name, type=field.kind) for field in self.key]
        columns += [Column(name=item.name, type=item.kind) for item in self.items]
        source = self.parent.source.body
        ((rows,),) = self.query(f"SELECT coalesce(sum(len({self.field.own})), 0) FROM ({source})")
        body = self.rows(source, lambda field: field.own)
        return Relation(columns=tuple(columns), rows=int(rows), body=body, is_ordered=False)

    def rows(self, source: str, value: Callable[[Field], str], path: str = "_path") -> str:
        """Gives SQL for the rows with `_path` and `ORDER`, which is that of the list, then theirs.

        Args:
            source: SQL for the rows of the parent.
            value: Gives SQL for a column of theirs.
            path: SQL for where such a row lies.
        """
        key = [quote_identifier(field.name) for field in self.key]
        held = [f"{value(field)} AS {name}" for field, name in zip(self.key, key, strict=True)]
        held = [f"{path} AS _path", ORDER, *held, f"{value(self.field)} AS {_LIST}"]
        shown = ["_path", f"row({ORDER}, {_AT}) AS {ORDER}", *key]
        shown += [f"{item.sql} AS {quote_identifier(item.name)}" for item in self.items]
        return (
            f"SELECT {', '.join(shown)} FROM (SELECT *, unnest(range(1, len({_LIST}) + 1)) AS {_AT}"
            f" FROM (SELECT {', '.join(held)} FROM ({source})))"
        )


def lists_of(
    parent: MappedTable, table: Table, mapping: TargetMapping, query: Query
) -> Iterator[ListTable]:
    """Gives the tables of the items of a table's lists.

    Args:
        parent: The table.
        table: As the target has it.
        mapping: What names them.
        query: Runs SQL.

    Raises:
        UsageError: A column is no list, the table has no key, or two columns have one name.
    """
    for field in parent.lists:
        said = field.items
        assert said is not None
        if not isinstance(field.kind, ListOf):
            message = f"{said.column} is no list at every commit, but {field.kind.sql}."
            raise mapping.wrong(message, said.way)
        if not table.key:
            message = f"{table.title} has no key there: nothing would tell whose its items are."
            raise mapping.wrong(message, said.way)
        items = tuple(_columns(field.kind.item, said))
        taken = [*table.key, "_path"]
        for item in items:
            if fold(item.name) in map(fold, taken):
                message = f"The column {item.name!r} would be there twice: give it another name."
                hint = f"columns: {{{item.source}: {{name: …}}}}" if item.source else "ordinal: …"
                raise mapping.wrong(message, said.way, hint)
            taken.append(item.name)
        key = tuple(parent.field(name) for name in table.key)
        yield ListTable(mapping.list_place(table.place, said), parent, field, key, items, query)


def list_table(
    found: ListTable, parent: Table, target: Holder, query: Query, notes: list[str]
) -> Table:
    """Gives the table of a list's items as a target can have it.

    Args:
        found: Its columns and rows.
        parent: The table of the list.
        target: For whom.
        query: Runs SQL.
        notes: Where it is said what is left out.

    Raises:
        UsageError: The target cannot store a value.
    """
    table = Table(place=found.place, columns=(), rows=found.relation.rows)
    check_values(target, found.relation, table.title, query, is_mapped=True)
    key = found.address
    if is_too_long(target, found.relation, key, query):
        notes.append(f"{table.title}: the primary key is not carried, for some row is too long.")
        key = ()
    columns = [parent.column(field.name) for field in found.key]
    columns += [
        TableColumn(
            name=item.name,
            kind=item.kind,
            type=item.type or target.stored(item.kind).type,
            nullable=item.name not in key,
        )
        for item in found.items
    ]
    names = found.address[:-1]
    reference = Reference(columns=names, target=parent.place, references=names, on_delete="cascade")
    return Table(
        place=found.place,
        columns=tuple(columns),
        key=key,
        references=(reference,) if target.has_references else (),
        rows=found.relation.rows,
    )


def check_lists(mapping: TargetMapping, tables: Sequence[MappedTable]) -> None:
    """Returns if all lists and columns of theirs that a mapping names are there.

    Args:
        mapping: The mapping.
        tables: The tables of all commits that are met.

    Raises:
        UsageError: One is not.
    """
    for said in mapping.tables.values():
        mine = [table for table in tables if table.said is said]
        for one in said.lists.values() if mine else ():
            fields = [field for table in mine for field in table.lists if field.items is one]
            if not fields:
                known = [column.name for table in mine for column in table.source.columns]
                message = f"{said.key} has no column {one.column!r}."
                raise mapping.wrong(message, one.way, did_you_mean(one.column, known))
            kinds = [field.kind.item for field in fields if isinstance(field.kind, ListOf)]
            names = [source for kind in kinds for source, _, _ in _parts(kind)]
            for name, way in one.spelled.items():
                if names and fold(name) not in map(fold, names):
                    message = f"The items of {said.key}.{one.column} have no {name!r}."
                    raise mapping.wrong(message, way, did_you_mean(name, names))


def _columns(kind: ColumnType, said: ListMapping) -> Iterator[ItemColumn]:
    yield ItemColumn(name=said.ordinal, source="", kind=BIGINT, sql=_AT)
    for source, inner, sql in _parts(kind):
        one = said.columns.get(fold(source), ColumnMapping())
        yield ItemColumn(name=one.name or source, source=source, kind=inner, sql=sql, type=one.type)


def _parts(kind: ColumnType) -> Iterator[tuple[str, ColumnType, str]]:
    """Gives what an item consists of: names, types and SQL."""
    if not isinstance(kind, Struct):
        yield VALUE, kind, _ITEM
        return
    for name, inner in kind:
        yield name, inner, f"struct_extract({_ITEM}, {quote_literal(name)})"
