"""Changes of definitions in SQL Server's words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ingitdb.migrations.altering import (
    AddColumn,
    AddConstraint,
    Alteration,
    ChangeType,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropTable,
    EmptyTable,
    RenameColumn,
    RenameTable,
    SetDefault,
    SetNullable,
)
from ingitdb.migrations.constraints import Constraint, ConstraintKind
from ingitdb.migrations.model import OURS, Column, Place, Reference, Table
from ingitdb.migrations.targets.sqlserver_limits import CLUSTERED_BYTES, key_bytes
from ingitdb.migrations.targets.sqlserver_types import quoted, text_literal

DBO = "dbo"
_WAITING = f"{OURS}waiting"
"""The name of a table between two others, of a column until it has its own, and of one that is
there while all others go and come."""


def schema_of(schema: str) -> str:
    """Gives what a schema is called here."""
    return DBO if schema == "main" else schema


def name_of(place: Place) -> str:
    """Gives the name of a table in statements."""
    return f"{quoted(schema_of(place[0]))}.{quoted(place[1])}"


def names(columns: Iterable[str]) -> str:
    """Gives names for a list of columns."""
    return ", ".join(map(quoted, columns))


def rendered(changes: Iterable[Alteration], tables: Mapping[Place, Table]) -> Iterator[str]:
    """Gives the statements of changes.

    A table must keep a column: where some go and others come at once, another is there meanwhile.

    Args:
        changes: The changes.
        tables: The tables as they are to be.
    """
    waiting: list[AddColumn | DropColumn] = []
    for one in changes:
        column = one if isinstance(one, AddColumn | DropColumn) else None
        if waiting and (column is None or waiting[0].place != column.place):
            yield from _columns(waiting)
            waiting = []
        if column is None:
            yield from _rendered(one, tables)
        else:
            waiting.append(column)
    if waiting:
        yield from _columns(waiting)


def _columns(changes: Sequence[AddColumn | DropColumn]) -> Iterator[str]:
    table = f"ALTER TABLE {name_of(changes[0].place)}"
    is_both = len({type(one) for one in changes}) > 1
    if is_both:
        yield f"{table} ADD {quoted(_WAITING)} BIT NULL"
    for one in changes:
        if isinstance(one, AddColumn):
            yield f"{table} ADD {quoted(one.column.name)} {one.column.type} NULL"
        else:
            yield _without_default(one.place, one.name)
            yield f"{table} DROP COLUMN {quoted(one.name)}"
    if is_both:
        yield f"{table} DROP COLUMN {quoted(_WAITING)}"


def _rendered(change: Alteration, tables: Mapping[Place, Table]) -> Iterator[str]:
    match change:
        case CreateTable(table=table, key=key):
            yield _created(table, key)
        case DropTable(table=table):
            yield f"DROP TABLE {name_of(table.place)}"
        case RenameTable(old=old, new=new):
            yield from _renamed(old, new)
        case EmptyTable(place=place):
            yield f"DELETE FROM {name_of(place)}"
        case AddConstraint(place=place, constraint=one):
            yield _added(tables[place], one)
        case DropConstraint(place=place, constraint=one):
            if one.kind in (ConstraintKind.INDEX, ConstraintKind.UNIQUE):
                yield f"DROP INDEX {quoted(one.name)} ON {name_of(place)}"
            else:
                yield f"ALTER TABLE {name_of(place)} DROP CONSTRAINT {quoted(one.name)}"
        case _:
            yield from _of_column(change)


def _of_column(change: Alteration) -> Iterator[str]:
    match change:
        case RenameColumn(place=place, old=old, new=new):
            yield _column_renamed(place, old.name, new)
        case ChangeType(place=place, old=old, new=new):
            yield f"ALTER TABLE {name_of(place)} ADD {_line(_WAITING, new.type, old.nullable)}"
            yield _without_default(place, new.name)
            yield f"ALTER TABLE {name_of(place)} DROP COLUMN {quoted(new.name)}"
            yield _column_renamed(place, _WAITING, new.name)
            if old.default is not None and old.default == new.default and old.type == new.type:
                yield _default(place, new)
        case SetNullable(place=place, column=column):
            line = _line(column.name, column.type, column.nullable)
            yield f"ALTER TABLE {name_of(place)} ALTER COLUMN {line}"
        case SetDefault(place=place, column=column):
            without = column.default is None
            yield _without_default(place, column.name) if without else _default(place, column)
        case _:
            raise AssertionError(change)


def _line(name: str, declared: str, nullable: bool) -> str:
    return f"{quoted(name)} {declared} {'NULL' if nullable else 'NOT NULL'}"


def _default(place: Place, column: Column) -> str:
    return f"ALTER TABLE {name_of(place)} ADD DEFAULT ({column.default}) FOR {quoted(column.name)}"


def _without_default(place: Place, name: str) -> str:
    """Gives what drops a column's default, which is a constraint whose name the system chose."""
    table = name_of(place)
    return (
        "DECLARE @drop NVARCHAR(MAX) = (SELECT"
        f" {text_literal(f'ALTER TABLE {table} DROP CONSTRAINT ')} + QUOTENAME(d.[name])"
        " FROM sys.default_constraints AS d JOIN sys.columns AS c"
        " ON c.[object_id] = d.[parent_object_id] AND c.[column_id] = d.[parent_column_id]"
        f" WHERE d.[parent_object_id] = OBJECT_ID({text_literal(table)})"
        f" AND c.[name] = {text_literal(name)});\n"
        "IF @drop IS NOT NULL EXEC sys.sp_executesql @drop"
    )


def _created(table: Table, key: Constraint | None) -> str:
    lines = []
    for column in table.columns:
        line = _line(column.name, column.type, column.nullable)
        lines.append(line if column.default is None else f"{line} DEFAULT ({column.default})")
    if key is not None:
        lines.append(_key(table, key))
    return f"CREATE TABLE {name_of(table.place)} (\n  " + ",\n  ".join(lines) + "\n)"


def _key(table: Table, one: Constraint) -> str:
    is_short = key_bytes(table, one.columns) <= CLUSTERED_BYTES
    how = "CLUSTERED" if is_short else "NONCLUSTERED"
    return f"CONSTRAINT {quoted(one.name)} PRIMARY KEY {how} ({names(one.columns)})"


def _added(table: Table, one: Constraint) -> str:
    name, own = name_of(table.place), quoted(one.name)
    match one.kind:
        case ConstraintKind.PRIMARY_KEY:
            return f"ALTER TABLE {name} ADD {_key(table, one)}"
        case ConstraintKind.UNIQUE:
            free = [column for column in one.columns if table.column(column).nullable]
            given = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in free)
            where = f" WHERE {given}" if free else ""
            return f"CREATE UNIQUE INDEX {own} ON {name} ({names(one.columns)}){where}"
        case ConstraintKind.INDEX:
            return f"CREATE INDEX {own} ON {name} ({names(one.columns)})"
        case ConstraintKind.CHECK:
            return f"ALTER TABLE {name} WITH CHECK ADD CONSTRAINT {own} CHECK ({one.condition})"
        case ConstraintKind.FOREIGN_KEY:
            assert one.reference is not None
            said = _reference(one.reference)
            return f"ALTER TABLE {name} WITH CHECK ADD CONSTRAINT {own} {said}"


def _reference(one: Reference) -> str:
    return (
        f"FOREIGN KEY ({names(one.columns)})"
        f" REFERENCES {name_of(one.target)} ({names(one.references)})"
        f" ON UPDATE {_reaction(one.on_update)} ON DELETE {_reaction(one.on_delete)}"
    )


def _reaction(word: str) -> str:
    return "NO ACTION" if word == "restrict" else word.upper()


def _renamed(old: Place, new: Place) -> Iterator[str]:
    """Gives the statements that rename a table; between schemas by a name that neither has."""
    is_moved, is_renamed = old[0] != new[0], old[1] != new[1]
    if is_moved and is_renamed:
        yield _table_renamed(old, _WAITING)
        old = (old[0], _WAITING)
    if is_moved:
        yield f"ALTER SCHEMA {quoted(schema_of(new[0]))} TRANSFER {name_of(old)}"
        old = (new[0], old[1])
    if is_renamed:
        yield _table_renamed(old, new[1])


def _table_renamed(place: Place, name: str) -> str:
    return f"EXEC sys.sp_rename {text_literal(name_of(place))}, {text_literal(name)}, N'OBJECT'"


def _column_renamed(place: Place, old: str, new: str) -> str:
    what = text_literal(f"{name_of(place)}.{quoted(old)}")
    return f"EXEC sys.sp_rename {what}, {text_literal(new)}, N'COLUMN'"
