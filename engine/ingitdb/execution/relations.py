"""The relations and functions that DuckDB does not have: Git's own, versions, metadata."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from ingitdb.catalog.constraint_names import key_names, primary_key_name
from ingitdb.catalog.discovery import MAIN
from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import StatementInvalid
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.views import View
from ingitdb.git import relations as git_relations
from ingitdb.git.repository import Repository
from ingitdb.model.tables import ForeignKey
from ingitdb.model.types import BIGINT, VARCHAR, ColumnType
from ingitdb.snapshots.arrays import arrow_type
from ingitdb.snapshots.relation import Column
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.names import fold

Rows: TypeAlias = tuple[Sequence[tuple[str, ColumnType]], list[tuple[Any, ...]]]

GIT_FUNCTIONS = {
    "git_log": (0, 1),
    "git_branches": (0, 0),
    "git_tags": (0, 0),
    "git_tree": (0, 1),
    "git_read": (2, 2),
    "git_parents": (0, 1),
    "git_blame": (2, 2),
}
"""Each function of Git's with the least and the most arguments."""
SCALAR_FUNCTIONS = {
    "current_database": (0, 0),
    "current_catalog": (0, 0),
    "active_branch": (0, 0),
    "hash_of": (1, 1),
    "merge_base": (2, 2),
    "has_ancestor": (2, 2),
}
COMPARING_FUNCTIONS = {
    "diff": ("table_name", "from_ref", "to_ref"),
    "table_changes": ("table_name", "from_ref", "to_ref"),
    "diff_stat": ("from_ref", "to_ref", "table_name"),
    "diff_summary": ("from_ref", "to_ref", "table_name"),
    "schema_diff": ("from_ref", "to_ref", "table_name"),
    "patch": ("from_ref", "to_ref", "table_name"),
}
"""Each function that compares two commits with its parameters."""
LINE_FUNCTIONS = {
    "versions": ("table_name",),
    "history": ("table_name", "scope"),
    "blame": ("table_name", "cells"),
}
"""Each function over the line that leads to a commit with its parameters."""
PLAIN_FUNCTIONS = {"table_stats": (0, 0), "unreadable": (0, 0)}
"""Each further relation with the least and the most arguments."""
INFORMATION_SCHEMA = (
    "schemata",
    "tables",
    "columns",
    "table_constraints",
    "key_column_usage",
    "referential_constraints",
)


@dataclass(frozen=True, slots=True)
class Context:
    """Where a relation is asked for.

    Attributes:
        ref: What the session reads; None for HEAD's branch.
        columns_of: Gives the columns of a view; none where it cannot be read.
    """

    catalogs: Catalogs
    snapshot: Snapshot
    database: str
    ref: str | None = None
    columns_of: Callable[[View], Sequence[tuple[str, ColumnType]]] = lambda _: ()


def git_rows(context: Context, name: str, arguments: Sequence[Any]) -> Rows:
    """Gives the rows of one of Git's relations."""
    repository = context.catalogs.repository
    texts = [str(argument) for argument in arguments]
    commit = str(context.snapshot.commit)
    if name == "git_log":
        rows = git_relations.git_log(repository, texts[0] if texts else commit)
    elif name == "git_branches":
        rows = git_relations.git_branches(repository)
    elif name == "git_tags":
        rows = git_relations.git_tags(repository)
    elif name == "git_tree":
        rows = git_relations.git_tree(repository, texts[0] if texts else commit)
    elif name == "git_parents":
        rows = git_relations.git_parents(repository, texts[0] if texts else commit)
    elif name == "git_read":
        rows = git_relations.git_read(repository, *texts)
    else:
        rows = git_relations.git_blame(repository, *texts)
    return git_relations.RELATIONS[name].columns, list(rows)


def scalar(context: Context, name: str, arguments: Sequence[Any]) -> str | bool | None:
    """Gives the value of a scalar function."""
    repository = context.catalogs.repository
    if name in ("current_database", "current_catalog"):
        return context.database
    if name == "active_branch":
        return _branch(repository, context.ref)
    commits = [repository.resolve(str(argument)) for argument in arguments]
    if name == "hash_of":
        return str(commits[0])
    if name == "merge_base":
        return repository.merge_base(commits[0], commits[1])
    return repository.is_ancestor(commits[1], commits[0])


def _branch(repository: Repository, ref: str | None) -> str | None:
    """Gives the branch that a ref is; None if it is none."""
    if ref is None:
        return repository.head().branch
    return ref if repository.named(f"refs/heads/{ref}") is not None else None


def unreadable(context: Context) -> Rows:
    """Gives the problems of a commit."""
    columns = (
        ("path", VARCHAR),
        ("line", BIGINT),
        ("column", BIGINT),
        ("severity", VARCHAR),
        ("message", VARCHAR),
    )
    return columns, [
        (p.path, p.line or None, p.column or None, p.severity, p.message)
        for p in context.snapshot.problems
    ]


def table_stats(context: Context) -> Rows:
    """Gives the size of each table of a commit."""
    columns = (
        ("table_schema", VARCHAR),
        ("table_name", VARCHAR),
        ("rows", BIGINT),
        ("columns", BIGINT),
        ("files", BIGINT),
    )
    rows = []
    for table in context.snapshot.tables:
        relation = context.snapshot.relation(table)
        files = context.snapshot.files.count(table)
        rows.append((table.schema, table.name, relation.rows, len(relation.columns), files))
    return columns, rows


def information_schema(context: Context, name: str) -> Rows:
    """Gives a view of the information schema for the tables of a commit."""
    made: Callable[[Context], Rows] | None = _INFORMATION.get(name.casefold())
    if made is None:
        known = ", ".join(INFORMATION_SCHEMA)
        raise StatementInvalid(
            f"There is no information_schema.{name}.", hint=f"There are: {known}."
        )
    return made(context)


def schema_names(catalogs: Catalogs, snapshot: Snapshot) -> dict[str, str]:
    """Gives the schemas of a commit by their folded names."""
    names = [MAIN, *(table.schema for table in snapshot.tables)]
    names += catalogs.views.schemas(snapshot.commit)
    return {fold(name): name for name in reversed(names)}


def _schemata(context: Context) -> Rows:
    names = sorted(schema_names(context.catalogs, context.snapshot).values())
    columns = (("catalog_name", VARCHAR), ("schema_name", VARCHAR))
    return columns, [(context.database, name) for name in names]


def _tables(context: Context) -> Rows:
    columns = (
        ("table_catalog", VARCHAR),
        ("table_schema", VARCHAR),
        ("table_name", VARCHAR),
        ("table_type", VARCHAR),
    )
    rows = [
        (context.database, table.schema, table.name, "BASE TABLE")
        for table in context.snapshot.tables
    ]
    views = context.catalogs.views.at(context.snapshot.commit)
    rows += [(context.database, view.schema, view.name, "VIEW") for view in views]
    return columns, sorted(rows)


def _columns(context: Context) -> Rows:
    columns = (
        ("table_catalog", VARCHAR),
        ("table_schema", VARCHAR),
        ("table_name", VARCHAR),
        ("column_name", VARCHAR),
        ("ordinal_position", BIGINT),
        ("column_default", VARCHAR),
        ("is_nullable", VARCHAR),
        ("data_type", VARCHAR),
    )
    rows: list[tuple[Any, ...]] = []
    for table in context.snapshot.tables:
        key = key_columns(table)
        for position, column in enumerate(context.snapshot.relation(table).columns, start=1):
            nullable = "YES" if is_nullable(column, key) else "NO"
            place = (context.database, table.schema, table.name, column.name, position)
            default = column.declared.default if column.declared is not None else None
            rows.append((*place, default, nullable, column.type.sql))
    for view in context.catalogs.views.at(context.snapshot.commit):
        for position, (name, kind) in enumerate(context.columns_of(view), start=1):
            place = (context.database, view.schema, view.name, name, position)
            rows.append((*place, None, "YES", kind.sql))
    return columns, rows


def key_columns(table: NamedTable) -> tuple[str, ...]:
    """Gives the columns of a table's key: the declared ones, else `_key` where it has one."""
    from ingitdb.model.tables import Form

    declared = table.locations[0].declaration.primary_key
    if declared:
        return declared
    keyed = any(where.form in (Form.RECORD, Form.ENTRIES) for where in table.locations)
    return ("_key",) if keyed else ()


def is_nullable(column: Column, key: Sequence[str]) -> bool:
    """Tells whether a column may be NULL as far as its declaration says."""
    if column.name in key:
        return False
    return column.declared is None or not column.declared.required


def _unique(table: NamedTable) -> list[tuple[str, Sequence[str]]]:
    """Gives what is declared unique: a name, and columns."""
    groups = table.locations[0].declaration.unique_groups
    return list(zip(key_names(table.name, groups, "key"), groups, strict=True))


def _references(table: NamedTable) -> list[tuple[str, ForeignKey]]:
    """Gives the foreign keys by name."""
    keys = table.locations[0].declaration.foreign_keys
    names = key_names(table.name, [key.columns for key in keys], "fkey")
    return list(zip(names, keys, strict=True))


def _table_constraints(context: Context) -> Rows:
    columns = (
        ("constraint_catalog", VARCHAR),
        ("constraint_schema", VARCHAR),
        ("constraint_name", VARCHAR),
        ("table_schema", VARCHAR),
        ("table_name", VARCHAR),
        ("constraint_type", VARCHAR),
    )
    rows: list[tuple[Any, ...]] = []
    for table in context.snapshot.tables:
        place = (table.schema, table.name)
        if key_columns(table):
            name = primary_key_name(table.name)
            rows.append((context.database, table.schema, name, *place, "PRIMARY KEY"))
        for name, _ in _references(table):
            rows.append((context.database, table.schema, name, *place, "FOREIGN KEY"))
        for name, _ in _unique(table):
            rows.append((context.database, table.schema, name, *place, "UNIQUE"))
        for name, _ in table.locations[0].declaration.checks:
            rows.append((context.database, table.schema, name, *place, "CHECK"))
    return columns, rows


def _key_column_usage(context: Context) -> Rows:
    columns = (
        ("constraint_schema", VARCHAR),
        ("constraint_name", VARCHAR),
        ("table_schema", VARCHAR),
        ("table_name", VARCHAR),
        ("column_name", VARCHAR),
        ("ordinal_position", BIGINT),
    )
    rows: list[tuple[Any, ...]] = []
    for table in context.snapshot.tables:
        keys = [(primary_key_name(table.name), key_columns(table))]
        keys += [(name, key.columns) for name, key in _references(table)]
        for constraint, names in [*keys, *_unique(table)]:
            for position, name in enumerate(names, start=1):
                place = (table.schema, constraint, table.schema, table.name)
                rows.append((*place, name, position))
    return columns, rows


def _referential_constraints(context: Context) -> Rows:
    columns = (
        ("constraint_schema", VARCHAR),
        ("constraint_name", VARCHAR),
        ("unique_constraint_schema", VARCHAR),
        ("unique_constraint_name", VARCHAR),
        ("match_option", VARCHAR),
        ("update_rule", VARCHAR),
        ("delete_rule", VARCHAR),
    )
    rows: list[tuple[Any, ...]] = []
    for table in context.snapshot.tables:
        for name, key in _references(table):
            target = (key.schema, primary_key_name(key.table))
            reactions = (key.on_update.upper(), key.on_delete.upper())
            rows.append((table.schema, name, *target, "NONE", *reactions))
    return columns, rows


_INFORMATION: dict[str, Callable[[Context], Rows]] = {
    "schemata": _schemata,
    "tables": _tables,
    "columns": _columns,
    "table_constraints": _table_constraints,
    "key_column_usage": _key_column_usage,
    "referential_constraints": _referential_constraints,
}


def arrow_rows(rows: Rows) -> pa.Table:
    """Puts rows into an Arrow table."""
    columns, values = rows
    names = [name for name, _ in columns]
    arrays = [
        pa.array([row[at] for row in values], _arrow(kind)) for at, (_, kind) in enumerate(columns)
    ]
    return pa.Table.from_arrays(arrays, names=names)


def _arrow(kind: ColumnType) -> pa.DataType:
    return arrow_type(kind, nested=True)
