"""Binds the query of a view at the commit that it is read at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb

from ingitdb.errors import CatalogError, IngitdbError, StatementInvalid, StatementRefused
from ingitdb.execution.results import column_type
from ingitdb.execution.views import View
from ingitdb.model.types import ColumnType
from ingitdb.sql.complaints import without_catalogs, without_internal_names
from ingitdb.sql.statements import StatementKind

if TYPE_CHECKING:
    from ingitdb.execution.binding import Binder, Place
    from ingitdb.execution.plans import Plan

_MOST_DEEP = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundView:
    """A view at a commit.

    Attributes:
        text: SQL that DuckDB can run wherever it stands.
        columns: Its columns; nothing where they are told only when it runs.
    """

    text: str
    columns: Sequence[tuple[str, ColumnType]]


def bound_view(binder: "Binder", place: "Place", view: View) -> BoundView:
    """Binds a view.

    Raises:
        CatalogError: It reads itself, or no longer binds; the file is named.
    """
    step = (place.catalogs.repository.identity, place.commit, view.path)
    if step in binder.within or len(binder.within) >= _MOST_DEEP:
        way = " → ".join(path for _, _, path in (*binder.within, step))
        raise CatalogError(f"The view {view.spelled} reads itself: {way}.")
    inner = replace(
        binder,
        catalogs=place.catalogs,
        attached={},
        commit=place.commit,
        schema=view.schema,
        points=replace(binder.points, parameters=None),
        within=(*binder.within, step),
        columns=[],
    )
    try:
        plan = _planned(inner, view)
        columns = _columns(inner, plan)
    except CatalogError as error:
        if step[2] in str(error):
            raise
        raise _unbound(view, error) from error
    except (StatementInvalid, StatementRefused) as error:
        raise _unbound(view, error) from error
    binder.columns += [name for name, _ in columns]
    return BoundView(text=plan.text, columns=columns)


def _planned(inner: "Binder", view: View) -> "Plan":
    statements = inner.plans.split(view.text)
    if len(statements) != 1 or statements[0].kind != StatementKind.QUERY:
        raise StatementRefused("A view is one query.")
    reading = inner.plans.reading(statements[0])
    if reading.analysis.parameters:
        raise StatementRefused("A view has no parameters.")
    return inner.planned(statements[0], reading)


def _columns(inner: "Binder", plan: "Plan") -> list[tuple[str, ColumnType]]:
    """Lets DuckDB bind the query by itself, so that an error is the view's."""
    cursor = inner.catalogs.cursor()
    try:
        for name, table in inner.registered.items():
            cursor.register(name, table)
        cursor.execute(f'USE "{plan.catalog}"')
        relation = cursor.sql(plan.text)
        return [
            (name, column_type(kind))
            for name, kind in zip(relation.columns, relation.types, strict=True)
        ]
    except duckdb.Error as error:
        said = without_internal_names(without_catalogs(str(error))).partition("\n\nLINE")[0]
        raise StatementInvalid(said) from None
    finally:
        cursor.close()


def _unbound(view: View, error: IngitdbError) -> CatalogError:
    said = error.message.partition("\n")[0].rstrip(".")
    return CatalogError(
        f"The view {view.spelled} ({view.path}) cannot be read: {said}.", hint=error.hint
    )
