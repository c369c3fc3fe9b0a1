"""A statement that defines something on its way to a draft: texts of configuration and records."""

from dataclasses import dataclass

from ingitdb.catalog.discovery import MAIN
from ingitdb.errors import CatalogError, StatementInvalid, StatementRefused
from ingitdb.execution.answers import Run
from ingitdb.execution.definition_changes import TableChanges
from ingitdb.execution.definition_comments import comment_on
from ingitdb.execution.definition_drops import drop_table, drop_view
from ingitdb.execution.definition_ground import Ground, Name
from ingitdb.execution.definition_tables import NewTable, Rows
from ingitdb.execution.draft import Draft
from ingitdb.execution.footing import Footing
from ingitdb.execution.results import table_result
from ingitdb.execution.view_binding import bound_view
from ingitdb.execution.views import View, view_path
from ingitdb.model.types import BIGINT
from ingitdb.sql.clauses import Span
from ingitdb.sql.definitions import (
    Alter,
    Comment,
    CreateSchema,
    CreateTable,
    CreateView,
    Drop,
    Rename,
    definition,
)
from ingitdb.sql.names import fold, spell
from ingitdb.sql.statements import Statement, StatementKind
from ingitdb.writes.definition_files import TABLES_FILE
from ingitdb.writes.definition_places import is_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What a statement comes to: the files that it changes, of which tables, in a few words."""

    ground: Ground
    tables: frozenset[Name]
    subject: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Defining:
    """Turns statements that define tables, views and schemas into drafts.

    Attributes:
        footing: What a statement stands on.
    """

    footing: Footing

    def draft(self, statement: Statement) -> Draft:
        """Says what a statement changes.

        Raises:
            StatementError: It is wrong, or asks for what a repository cannot hold.
            CatalogError: A name leads nowhere, or is taken.
            WriteError: The change cannot be made.
        """
        made = self._made(statement)
        result = table_result([], [], self.footing.commit)
        if made.count is not None:
            result = table_result([("Count", BIGINT)], [(made.count,)], self.footing.commit)
            result.is_count = True
            result.affected = made.count
        return Draft(
            files=made.ground.texts,
            tables=made.tables,
            subject=made.subject,
            statement=statement.text,
            result=result,
        )

    def _made(self, statement: Statement) -> _Made:
        said = definition(statement.source, self.footing.parser)
        ground = Ground(
            catalogs=self.footing.catalogs,
            plans=self.footing.plans,
            commit=self.footing.commit,
            schema=self.footing.schema,
            binder=self.footing.binder,
        )
        if isinstance(said, CreateTable):
            return self._create_table(ground, said, statement)
        if isinstance(said, CreateView):
            return self._create_view(ground, said, statement)
        if isinstance(said, CreateSchema):
            return _create_schema(ground, said)
        if isinstance(said, Drop):
            return _drop(ground, said)
        if isinstance(said, Comment):
            return _comment(ground, said)
        return self._alter(ground, said)

    def _create_table(self, ground: Ground, said: CreateTable, statement: Statement) -> _Made:
        name = ground.name(said.path)
        subject = f"CREATE TABLE {_spelled(name)}"
        _check_schema(ground, name[0])
        if ground.exact_view(name) is not None:
            raise CatalogError(f"{_spelled(name)} is a view.", hint="DROP VIEW it first.")
        there = ground.exact(name)
        if there is not None:
            if said.if_not_exists:
                return _Made(ground=ground, tables=frozenset(), subject=subject)
            if not said.or_replace:
                raise _taken("table", name)
            drop_table(ground, there, cascade=False, keeps_views=True)
        rows = self._queried(said.query, statement) if said.query is not None else None
        made = NewTable(
            ground=ground,
            name=name,
            said=said,
            plans=self.footing.plans,
            zone=self.footing.settings.time_zone,
        )
        count = made.make(rows)
        if count is not None:
            records = "1 record" if count == 1 else f"{count:,} records"
            subject = f"{subject}: {records}"
        return _Made(ground=ground, tables=frozenset([name]), subject=subject, count=count)

    def _queried(self, span: Span, statement: Statement) -> Rows:
        """Runs the query of CREATE TABLE AS."""
        (query,) = self.footing.plans.split(statement.text[slice(*span)])
        if query.kind != StatementKind.QUERY:
            raise query.refusal()
        footing = self.footing
        run = Run(footing.instance, footing.settings, query, footing.binder().bind(query))
        with footing.watch.over(run), run.answer() as found:
            return Rows(columns=found.columns, table=found.reader().read_all())

    def _create_view(self, ground: Ground, said: CreateView, statement: Statement) -> _Made:
        name = ground.name(said.path)
        subject = f"CREATE VIEW {_spelled(name)}"
        _check_schema(ground, name[0])
        if ground.exact(name) is not None:
            raise _taken("table", name)
        there = ground.exact_view(name)
        if there is not None and not said.or_replace:
            if said.if_not_exists:
                return _Made(ground=ground, tables=frozenset(), subject=subject)
            raise _taken("view", name)
        text = statement.text[slice(*said.query)].strip()
        path = view_path(*name) if there is None else there.path
        view = View(schema=name[0], name=name[1], path=path, text=text)
        columns = self._checked(view, said.names)
        if said.names:
            named = ", ".join(spell(column) for column in columns[: len(said.names)])
            text = f"FROM (\n{text}\n) AS {spell(name[1])} ({named})"
        ground.files.put_text(path, f"{text}\n".encode())
        return _Made(ground=ground, tables=frozenset(), subject=subject)

    def _checked(self, view: View, names: tuple[str, ...]) -> list[str]:
        """Binds a view that is to be made; gives its columns."""
        if not self.footing.plans.split(view.text):
            raise StatementInvalid("A view is one query.")
        binder = self.footing.binder()
        if binder.points.parameters:
            raise StatementRefused("A view has no parameters.", hint="Write the values.")
        found = bound_view(binder, binder.locate((view.name,), None), view)
        columns = [name for name, _ in found.columns]
        if len(names) > len(columns):
            raise StatementInvalid(
                f"The view names {len(names)} columns, but its query has {len(columns)}."
            )
        return [*names, *columns[len(names) :]]

    def _alter(self, ground: Ground, said: Alter) -> _Made:
        subject = f"ALTER {said.kind} {spell(*said.path)}"
        if said.kind == "VIEW":
            return _rename_view(ground, said, subject)
        try:
            table = ground.table(said.path)
        except CatalogError:
            if said.if_exists and ground.view(said.path) is None:
                return _Made(ground=ground, tables=frozenset(), subject=subject)
            raise
        changes = TableChanges(
            ground=ground,
            table=table,
            rows=self.footing.rows,
            plans=self.footing.plans,
            zone=self.footing.settings.time_zone,
        )
        changes.make(said.action)
        name = (table.schema, table.name)
        if isinstance(said.action, Rename):
            return _Made(
                ground=ground,
                tables=frozenset([name, (table.schema, said.action.name)]),
                subject=f"{subject}: rename to {spell(said.action.name)}",
            )
        return _Made(ground=ground, tables=frozenset([name]), subject=subject)


def _create_schema(ground: Ground, said: CreateSchema) -> _Made:
    if len(said.path) > 1:
        ground.name(said.path)
    name = said.path[-1]
    subject = f"CREATE SCHEMA {spell(name)}"
    if fold(name) in ground.schemas():
        if said.if_not_exists:
            return _Made(ground=ground, tables=frozenset(), subject=subject)
        raise CatalogError(f"There is a schema {name!r} already.")
    if not is_schema(name):
        raise StatementRefused(
            f"{name!r} cannot be a schema.", hint="Letters, digits and _ make its name."
        )
    whole = ground.files.value(TABLES_FILE)
    ground.files.put_whole({**whole, "schemas": [*(whole.get("schemas") or []), name]})
    return _Made(ground=ground, tables=frozenset(), subject=subject)


def _drop(ground: Ground, said: Drop) -> _Made:
    names = ", ".join(spell(*path) for path in said.paths)
    tables: set[Name] = set()
    for path in said.paths:
        if said.kind == "SCHEMA":
            tables |= _drop_schema(ground, said, path[-1])
        elif said.kind == "VIEW":
            _drop_view(ground, said, path)
        else:
            tables |= _drop_table(ground, said, path)
    subject = f"DROP {said.kind} {names}"
    return _Made(ground=ground, tables=frozenset(tables), subject=subject)


def _drop_table(ground: Ground, said: Drop, path: tuple[str, ...]) -> set[Name]:
    try:
        table = ground.table(path)
    except CatalogError:
        if said.if_exists and ground.view(path) is None:
            return set()
        raise
    return drop_table(ground, table, cascade=said.cascade)


def _drop_view(ground: Ground, said: Drop, path: tuple[str, ...]) -> None:
    ground.name(path)
    view = ground.view(path)
    if view is not None:
        drop_view(ground, view, cascade=said.cascade)
    elif ground.exact(ground.name(path)) is not None:
        raise CatalogError(f"{spell(*path)} is a table, not a view.", hint="DROP TABLE drops it.")
    elif not said.if_exists:
        known = ", ".join(view.spelled for view in ground.views)
        raise CatalogError(
            f"There is no view {spell(*path)}.", hint=f"Views: {known}." if known else None
        )


def _drop_schema(ground: Ground, said: Drop, name: str) -> set[Name]:
    known = ground.schemas().get(fold(name))
    if known is None:
        if said.if_exists:
            return set()
        raise CatalogError(f"There is no schema {name!r}.")
    if known == MAIN:
        raise StatementRefused("The schema main is always there.")
    tables = [table for table in ground.snapshot.tables if table.schema == known]
    views = [view for view in ground.views if view.schema == known]
    if (tables or views) and not said.cascade:
        held = ", ".join([*(t.name for t in tables), *(v.name for v in views)])
        raise CatalogError(
            f"The schema {known} is not empty: {held}.", hint="DROP SCHEMA … CASCADE drops it all."
        )
    gone: set[Name] = set()
    for table in tables:
        gone |= drop_table(ground, table, cascade=True)
    for view in views:
        drop_view(ground, view, cascade=True)
    whole = ground.files.value(TABLES_FILE)
    kept = [schema for schema in whole.get("schemas") or [] if fold(schema) != fold(name)]
    ground.files.put_whole({**whole, "schemas": kept})
    return gone


def _rename_view(ground: Ground, said: Alter, subject: str) -> _Made:
    ground.name(said.path)
    view = ground.view(said.path)
    if view is None:
        if said.if_exists:
            return _Made(ground=ground, tables=frozenset(), subject=subject)
        raise CatalogError(f"There is no view {spell(*said.path)}.")
    new = said.action.name if isinstance(said.action, Rename) else view.name
    name = (view.schema, new)
    if ground.exact(name) is not None or ground.exact_view(name) not in (None, view):
        raise _taken("table or view", name)
    ground.files.put_text(view_path(*name), ground.files.text(view.path))
    if view_path(*name) != view.path:
        ground.files.put_text(view.path, None)
    subject = f"{subject}: rename to {spell(new)}"
    return _Made(ground=ground, tables=frozenset(), subject=subject)


def _comment(ground: Ground, said: Comment) -> _Made:
    table = ground.table(said.path)
    comment_on(ground, table, said)
    parts = (*said.path, said.column) if said.column is not None else said.path
    kind = "COLUMN" if said.column is not None else "TABLE"
    return _Made(ground=ground, tables=frozenset(), subject=f"COMMENT ON {kind} {spell(*parts)}")


def _check_schema(ground: Ground, schema: str) -> None:
    if fold(schema) not in ground.schemas():
        raise CatalogError(
            f"There is no schema {schema!r}.", hint=f"CREATE SCHEMA {spell(schema)} makes it."
        )


def _taken(kind: str, name: Name) -> CatalogError:
    return CatalogError(
        f"There is a {kind} {_spelled(name)} already.",
        hint="IF NOT EXISTS leaves it, OR REPLACE replaces it.",
    )


def _spelled(name: Name) -> str:
    return spell(name[1]) if name[0] == MAIN else spell(*name)
