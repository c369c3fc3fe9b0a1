"""Tables of a commit as a mapping lets the target have them: names, columns, expressions."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property

from ingitdb.catalog.naming import NamedTable
from ingitdb.catalog.parsed import Way
from ingitdb.catalog.sql_types import sql_type
from ingitdb.errors import IngitdbError, UsageError, did_you_mean
from ingitdb.execution.pairing import Pair, named
from ingitdb.execution.session import Session
from ingitdb.migrations.mapping import (
    NO_MAPPING,
    ColumnMapping,
    ListMapping,
    TableMapping,
    TargetMapping,
)
from ingitdb.migrations.model import Place, fold
from ingitdb.model.identifiers import CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.model.shapes import Place as Shape
from ingitdb.model.types import VARCHAR, ColumnType, ListOf, Scalar, quote_identifier
from ingitdb.services.listing import Listing
from ingitdb.snapshots.internal import ORDER
from ingitdb.snapshots.relation import Column, Relation
from ingitdb.sql.row_expressions import check_row_expression

_HIDDEN = "_path"
_NO_LIST = ListOf(VARCHAR)
"""The type of a list that is empty everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column of the target, and where its values come from.

    Attributes:
        source: The column at the commit; None where the table has none of the name.
        expression: SQL over the row; None where the value is the source's.
        type: The target's word for its type, where the mapping says one.
        items: What is said of its items, where they become rows of a table.
    """

    name: str
    kind: ColumnType
    source: str | None = None
    expression: str | None = None
    type: str | None = None
    items: ListMapping | None = None

    @property
    def own(self) -> str:
        """SQL for its values in a row at the commit."""
        if self.expression is None:
            return quote_identifier(self.source or self.name)
        return f"(\n{self.expression}\n)"


@dataclass(frozen=True)
class MappedTable:
    """A table of a commit as the target has it.

    Attributes:
        place: Its schema and name there.
        source: Its columns and rows at the commit.
        fields: Its columns there.
        said: What the mapping says of it.
        lists: Columns whose items become rows of other tables.
    """

    place: Place
    source: Relation
    fields: tuple[Field, ...]
    said: TableMapping
    lists: tuple[Field, ...] = ()

    @cached_property
    def relation(self) -> Relation:
        """The table's columns and rows under their new names."""
        if self.is_as_it_was:
            return self.source
        shown = [f"_path, {ORDER}"]
        shown += [f"{field.own} AS {quote_identifier(field.name)}" for field in self.fields]
        columns = tuple(Column(name=field.name, type=field.kind) for field in self.fields)
        body = f"SELECT {', '.join(shown)} FROM ({self.source.body})"
        return Relation(columns=columns, rows=self.source.rows, body=body, is_ordered=False)

    @property
    def is_as_it_was(self) -> bool:
        """Whether all columns are those at the commit, by the same names."""
        return not self.changed and len(self.fields) == len(self.source.columns)

    @cached_property
    def changed(self) -> frozenset[str]:
        """The names of columns that mean something else than at the commit, or nothing more."""
        same = {f.name for f in self.fields if f.name == f.source and f.expression is None}
        names = {column.name for column in self.source.columns} | {f.name for f in self.fields}
        return frozenset(fold(name) for name in names - same)

    @property
    def expressions(self) -> dict[str, str]:
        """The expressions by the columns that they give."""
        return {f.name: f.expression for f in self.fields if f.expression is not None}

    def called(self, columns: Sequence[str]) -> tuple[str, ...] | None:
        """Gives the names there of columns at the commit; None where one is left out."""
        names = {field.source: field.name for field in self.fields}
        found = tuple(names[name] for name in columns if name in names)
        return found if len(found) == len(columns) else None

    def field(self, name: str) -> Field:
        """Gives a column by its name there."""
        return next(field for field in self.fields if field.name == name)

    def sql(self, name: str, prefix: str) -> str:
        """Gives SQL for a column's values in a row of two sides; NULL for a side that is none.

        Args:
            name: The column's name there.
            prefix: The side: `from` or `to`.
        """
        return self.value(self.field(name), prefix)

    def value(self, field: Field, prefix: str) -> str:
        """Gives SQL for the values of a column, or of a list, in a row of two sides."""
        if field.expression is None:
            return named(prefix, self._source(field))
        row = ", ".join(
            f"{named(prefix, column)} AS {quote_identifier(column.name)}"
            for column in self.source.columns
        )
        return f"(SELECT TRY(\n{field.expression}\n) FROM (SELECT {row}) AS r)"

    def _source(self, field: Field) -> Column:
        return next(one for one in self.source.columns if one.name == field.source)


def kept_columns(pairs: Sequence[Pair], old: MappedTable, new: MappedTable) -> dict[str, str]:
    """Gives the old name in the target of each column that it has at both commits, by the new one.

    Args:
        pairs: Which column of the old table is which of the new one, at the commits.
        old: The table before.
        new: The table after.
    """
    former = {pair.new.name: pair.old.name for pair in pairs if pair.old and pair.new}
    by_source = {field.source: field.name for field in old.fields if field.source is not None}
    found = {
        field.name: by_source[former[field.source]]
        for field in new.fields
        if field.source in former and former[field.source] in by_source
    }
    left = {field.name for field in old.fields} - set(found.values())
    made = [field.name for field in new.fields if field.name not in found]
    return found | {name: name for name in made if name in left}


@dataclass(frozen=True)
class Mapper:
    """Applies a mapping to the tables of a commit.

    Attributes:
        session: Starts a session at a commit, for SQL of the mapping's own.
        parser: DuckDB's parser.
    """

    mapping: TargetMapping
    commit: CommitId
    session: Callable[[CommitId], Session]
    parser: SqlParser

    def mapped(self, table: NamedTable, source: Relation) -> MappedTable:
        """Gives a table as the target has it.

        Raises:
            UsageError: An expression gives no value for a row, or two columns have one name.
        """
        place = (table.schema, table.name)
        if self.mapping is NO_MAPPING:
            fields = tuple(Field(name=c.name, kind=c.type, source=c.name) for c in source.columns)
            return MappedTable(place, source, fields, TableMapping())
        said = self.mapping.table(place)
        all_fields = list(self._fields(place, source, said))
        found = MappedTable(
            self.mapping.place(place),
            source,
            tuple(field for field in all_fields if field.items is None),
            said,
            tuple(field for field in all_fields if field.items is not None),
        )
        self._check(found)
        return found

    def fault(self, message: str, place: Place) -> UsageError:
        """Words a fault of a table, at its place in the mapping if it has one."""
        if self.mapping.parsed is None:
            return UsageError(message)
        said = self.mapping.table(place)
        return self.mapping.wrong(message, ("tables", said.key) if said.key else ())

    def _fields(self, place: Place, source: Relation, said: TableMapping) -> Iterator[Field]:
        known = set()
        for column in source.columns:
            one = said.columns.get(fold(column.name), ColumnMapping())
            known.add(fold(column.name))
            if one.is_excluded:
                continue
            kind, expression = column.type, one.expression
            items = said.lists.get(fold(column.name))
            if expression is not None:
                kind = self._kind(place, source, expression, _way(said, column.name))
            elif items is not None and _is_nothing(source, column):
                kind, expression = _NO_LIST, f"CAST(NULL AS {_NO_LIST.sql})"
            yield Field(
                name=one.name or column.name,
                kind=kind,
                source=column.name,
                expression=expression,
                type=one.type,
                items=items,
            )
        for name, way in said.spelled.items():
            one = said.columns[fold(name)]
            if fold(name) not in known and one.expression is not None:
                yield Field(
                    name=one.name or name,
                    kind=self._kind(place, source, one.expression, way),
                    expression=one.expression,
                    type=one.type,
                    items=said.lists.get(fold(name)),
                )

    def _kind(self, place: Place, source: Relation, expression: str, way: Way) -> ColumnType:
        """Finds out an expression's type; it is computed for all rows, so that none fails later."""
        columns = ", ".join(quote_identifier(column.name) for column in source.columns)
        table = ".".join(map(quote_identifier, place))
        select = f"SELECT (\n{expression}\n) AS x FROM (SELECT {columns} FROM {table}) AS r"
        try:
            check_row_expression(expression, self.parser)
            with closing(self.session(self.commit)) as session:
                with session.execute(f"SELECT count(x) FROM ({select})") as result:
                    result.reader().read_all()
                with session.execute(f"DESCRIBE {select}") as result:
                    text = str(result.reader().read_all().column("column_type")[0].as_py())
        except IngitdbError as error:
            said = " ".join(error.message.split())
            message = f"The expression gives no value at {str(self.commit)[:8]}: {said}"
            raise self.mapping.wrong(message, (*way, "expression"), error.hint) from None
        return sql_type(text) or Scalar(text)

    def _check(self, table: MappedTable) -> None:
        """Returns if the names of the columns are one column's each."""
        taken: set[str] = set()
        for field in table.fields:
            if fold(field.name) in taken or fold(field.name) == _HIDDEN:
                message = f"The column {field.name!r} would be there twice."
                raise self.mapping.wrong(message, _renaming(table.said, field.name))
            taken.add(fold(field.name))
        names = [field.name for field in table.fields]
        for at, group in enumerate(table.said.indexes):
            for name in group:
                if name not in names:
                    message = f"An index names {name!r}, which is no column of the target."
                    way = ("tables", table.said.key, "indexes", at)
                    raise self.mapping.wrong(message, way, did_you_mean(name, names))


def check_known(mapping: TargetMapping, listings: Sequence[Listing]) -> None:
    """Returns if all tables and columns that a mapping names are there, at any of some commits.

    Raises:
        UsageError: One is not.
    """
    if mapping is NO_MAPPING:
        return
    tables = [
        ((table.schema, table.name), listing.catalogs.snapshot(listing.commit).relation(table))
        for listing in listings
        for table in listing.tables
    ]
    mapping.check_tables(place for place, _ in tables)
    for said in mapping.tables.values():
        known = {
            column.name: fold(column.name)
            for place, relation in tables
            if mapping.table(place) is said
            for column in relation.columns
        }
        for name, way in said.spelled.items():
            is_made = said.columns[fold(name)].expression is not None
            if known and not is_made and fold(name) not in known.values():
                message = f"{said.key} has no column {name!r}."
                raise mapping.wrong(message, way, did_you_mean(name, list(known)))


def _is_nothing(source: Relation, column: Column) -> bool:
    """Whether a column is NULL in every row, and nobody has said of which type it is."""
    is_declared = column.declared is not None and column.declared.type is not None
    return not is_declared and source.natural.get(column.name, Shape()) == Shape()


def _renaming(said: TableMapping, name: str) -> Way:
    """Leads to where a column is given a name."""
    for spelled, way in said.spelled.items():
        if fold(said.columns[fold(spelled)].name or "") == fold(name):
            return (*way, "name")
    return _way(said, name)


def _way(said: TableMapping, name: str) -> Way:
    found = (way for spelled, way in said.spelled.items() if fold(spelled) == fold(name))
    return next(found, ("tables", said.key))
