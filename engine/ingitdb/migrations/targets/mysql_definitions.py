"""Changes of definitions as steps of MariaDB and MySQL, each done at most once.

A changed definition is committed at once. So the ledger counts the steps, each in the statement
behind it, and each asks information_schema whether it was done before it could be counted.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingitdb.migrations.altering import (
    AddColumn,
    AddConstraint,
    Alteration,
    Altering,
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
from ingitdb.migrations.model import LEDGER, Column, Place, Reference, Table
from ingitdb.migrations.plan import Plan
from ingitdb.migrations.targets.mysql_limits import LONGEST_NAME
from ingitdb.migrations.targets.statements import names
from ingitdb.model.types import quote_identifier, quote_literal

AT = "@ingitdb_at"
"""How many steps were done before the script began."""
VERSION = "@ingitdb_version"
"""Which row of the ledger counts them."""
WORD = "@ingitdb_word"
"""What the script does, as the ledger says it."""
DONE = "@ingitdb_done"
"""Whether the rows are those that they should be."""
_OPTIONS = (
    "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4"
    " /*M! COLLATE utf8mb4_nopad_bin *//*!80017 COLLATE utf8mb4_0900_bin */"
)
"""Of the two comments each system reads its own: values differ by case, accents and blanks."""
_SHORT = 16


def called(place: Place) -> str:
    """Gives what a table is called, which lies in the database of the connection."""
    schema, name = place
    return name if schema == "main" else f"{schema}.{name}"


@dataclass(frozen=True, slots=True)
class Step:
    """A statement that changes a definition.

    Attributes:
        sql: The statement.
        guard: A condition that holds until it is done; None where it may be done twice.
        made: The name that a table gets.
    """

    sql: str
    guard: str | None = None
    made: str | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a plan; between those before and those behind it the rows change.

    Attributes:
        before: Make room for the new rows.
        after: Fit the new rows.
    """

    before: Sequence[Step]
    after: Sequence[Step]

    @classmethod
    def of(cls, plan: Plan) -> "Steps":
        """Gives the steps of a plan."""
        altering = Altering(plan, longest=LONGEST_NAME)
        return cls(list(_steps(altering.before_rows())), list(_steps(altering.after_rows())))

    @property
    def rows(self) -> int:
        """The number of the step that changes the rows; the first one is 1."""
        return len(self.before) + 1

    @property
    def total(self) -> str:
        """How many steps there are, and a digest of them: what other scripts do not say."""
        digest = hashlib.sha256(repr((self.before, self.after)).encode()).hexdigest()
        return f"{self.rows + len(self.after)} {digest[:_SHORT]}"

    def made(self) -> list[tuple[str, int]]:
        """Gives the names that tables get, each with the number of its step."""
        numbered = enumerate(self.before, start=1)
        return [(step.made, number) for number, step in numbered if step.made is not None]

    def preparing(self) -> Iterator[str]:
        """Gives the statements before the rows, and the one that begins their transaction."""
        for number, step in enumerate(self.before, start=1):
            yield from self._guarded(number, step)
        yield "START TRANSACTION"

    def committing(self) -> Iterator[str]:
        """Gives the statements that end the rows' transaction."""
        yield self._counted(self.rows)
        yield "COMMIT"

    def finishing(self) -> Iterator[str]:
        """Gives the statements behind the rows."""
        for number, step in enumerate(self.after, start=self.rows + 1):
            yield from self._guarded(number, step)

    def _guarded(self, number: int, step: Step) -> Iterator[str]:
        guard = "" if step.guard is None else f" AND {step.guard}"
        yield (
            f"SET @ingitdb_step = IF({AT} < {number}{guard},\n  {quote_literal(step.sql)}, 'DO 0')"
        )
        yield "PREPARE ingitdb_step FROM @ingitdb_step"
        yield "EXECUTE ingitdb_step"
        yield "DEALLOCATE PREPARE ingitdb_step"
        yield self._counted(number)

    def _counted(self, number: int) -> str:
        return (
            f'UPDATE "{LEDGER}" SET "state" = CONCAT({WORD}, \' {number}/{self.total}\')'
            f' WHERE "version" = {VERSION} AND {AT} < {number}'
        )


def defined(column: Column, *, nullable: bool | None = None) -> str:
    """Gives a column as CREATE TABLE and ALTER TABLE have it."""
    is_free = column.nullable if nullable is None else nullable
    text = f"{quote_identifier(column.name)} {column.type}{' NULL' if is_free else ' NOT NULL'}"
    return text if column.default is None else f"{text} DEFAULT ({column.default})"


def _steps(alterations: Iterable[Alteration]) -> Iterator[Step]:
    """Renders alterations; columns that go and come are one statement, for one must remain."""
    waiting: list[AddColumn | DropColumn] = []
    for one in alterations:
        column = one if isinstance(one, AddColumn | DropColumn) else None
        if waiting and (column is None or waiting[0].place != column.place):
            yield _columns(waiting)
            waiting = []
        if column is None:
            yield from _step(one)
        else:
            waiting.append(column)
    if waiting:
        yield _columns(waiting)


def _columns(changes: Sequence[AddColumn | DropColumn]) -> Step:
    place = changes[0].place
    parts = [
        f"DROP COLUMN {quote_identifier(one.name)}"
        if isinstance(one, DropColumn)
        else f"ADD COLUMN {defined(replace(one.column, default=None), nullable=True)}"
        for one in changes
    ]
    last = changes[-1]
    if isinstance(last, AddColumn):
        guard = f"NOT {_has_column(place, last.column.name)}"
    else:
        guard = _has_column(place, last.name)
    return Step(f"ALTER TABLE {_name(place)} {', '.join(parts)}", guard)


def _step(one: Alteration) -> Iterator[Step]:
    match one:
        case CreateTable(table=table):
            yield Step(_created(table), made=called(table.place))
        case DropTable(table=table):
            yield Step(f"DROP TABLE IF EXISTS {_name(table.place)}")
        case RenameTable(old=old, new=new):
            sql = f"RENAME TABLE {_name(old)} TO {_name(new)}"
            yield Step(sql, f"NOT {_has_table(new)}", made=called(new))
        case EmptyTable(place=place):
            yield Step(f"TRUNCATE TABLE {_name(place)}")
        case AddConstraint(place=place, constraint=constraint):
            yield _added(place, constraint)
        case DropConstraint(place=place, constraint=constraint):
            yield from _dropped(place, constraint)
        case _:
            yield _altered(one)


def _altered(one: Alteration) -> Step:
    guard: str | None = None
    match one:
        case RenameColumn(place=place, old=old, new=new):
            what = f"RENAME COLUMN {quote_identifier(old.name)} TO {quote_identifier(new)}"
            guard = f"NOT {_has_column(place, new)}"
        case ChangeType(place=place, old=old, new=new):
            kept = old.default if old.default == new.default else None
            changed = replace(new, default=kept, nullable=old.nullable)
            what = f"MODIFY COLUMN {defined(changed)}"
        case SetNullable(place=place, column=column) | SetDefault(place=place, column=column):
            what = f"MODIFY COLUMN {defined(column)}"
        case _:
            raise AssertionError(one)
    return Step(f"ALTER TABLE {_name(place)} {what}", guard)


def _created(table: Table) -> str:
    lines = [defined(column) for column in table.columns]
    if table.key:
        lines.append(f"PRIMARY KEY ({names(table.key)})")
    body = ",\n  ".join(lines)
    return f"CREATE TABLE IF NOT EXISTS {_name(table.place)} (\n  {body}\n) {_OPTIONS}"


def _added(place: Place, one: Constraint) -> Step:
    columns, own = names(one.columns), one.name
    name = quote_identifier(own)
    match one.kind:
        case ConstraintKind.PRIMARY_KEY:
            what, there = f"PRIMARY KEY ({columns})", _has_index(place, "PRIMARY")
        case ConstraintKind.UNIQUE:
            what, there = f"CONSTRAINT {name} UNIQUE KEY ({columns})", _has_index(place, own)
        case ConstraintKind.INDEX:
            what, there = f"INDEX {name} ({columns})", _has_index(place, own)
        case ConstraintKind.CHECK:
            what = f"CONSTRAINT {name} CHECK ({one.condition})"
            there = _has_constraint(place, own)
        case _:
            assert one.reference is not None
            what = f"INDEX {name} ({columns}), ADD CONSTRAINT {name} {_reference(one.reference)}"
            there = _has_constraint(place, own)
    return Step(f"ALTER TABLE {_name(place)} ADD {what}", f"NOT {there}")


def _dropped(place: Place, one: Constraint) -> Iterator[Step]:
    own = one.name
    table, name = f"ALTER TABLE {_name(place)} DROP", quote_identifier(own)
    match one.kind:
        case ConstraintKind.PRIMARY_KEY:
            yield Step(f"{table} PRIMARY KEY", _has_index(place, "PRIMARY"))
        case ConstraintKind.UNIQUE | ConstraintKind.INDEX:
            yield Step(f"{table} INDEX {name}", _has_index(place, own))
        case ConstraintKind.CHECK:
            yield Step(f"{table} CONSTRAINT {name}", _has_constraint(place, own))
        case ConstraintKind.FOREIGN_KEY:
            yield Step(f"{table} FOREIGN KEY {name}", _has_constraint(place, own))
            yield Step(f"{table} INDEX {name}", _has_index(place, own))


def _reference(one: Reference) -> str:
    return (
        f"FOREIGN KEY ({names(one.columns)})"
        f" REFERENCES {_name(one.target)} ({names(one.references)})"
        f" ON UPDATE {one.on_update.upper()} ON DELETE {one.on_delete.upper()}"
    )


def _name(place: Place) -> str:
    return quote_identifier(called(place))


def _there(what: str, place: Place, column: str, name: str | None = None) -> str:
    """Gives a condition that something of a table is there, its name compared byte by byte."""
    table = quote_literal(called(place))
    text = table if name is None else quote_literal(name)
    return (
        f"EXISTS (SELECT 1 FROM information_schema.{what}"
        f" WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {table}"
        f" AND CAST({column} AS BINARY) = CAST({text} AS BINARY))"
    )


def _has_table(place: Place) -> str:
    return _there("TABLES", place, "TABLE_NAME")


def _has_column(place: Place, name: str) -> str:
    return _there("COLUMNS", place, "COLUMN_NAME", name)


def _has_index(place: Place, name: str) -> str:
    return _there("STATISTICS", place, "INDEX_NAME", name)


def _has_constraint(place: Place, name: str) -> str:
    return _there("TABLE_CONSTRAINTS", place, "CONSTRAINT_NAME", name)
