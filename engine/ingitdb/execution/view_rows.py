"""What SHOW TABLES and DESCRIBE show of views, beside the tables of a commit."""

from typing import Any

from ingitdb.errors import CatalogError
from ingitdb.execution.binding import Binder, Place
from ingitdb.execution.view_binding import bound_view
from ingitdb.model.identifiers import CommitId
from ingitdb.sql.names import fold


def listed_views(binder: Binder, commit: CommitId, schema: str | None) -> list[tuple[Any, ...]]:
    """Gives a row for each view, of one schema if one is named; see `shown.listed`.

    A view has no count of rows: it would have to be run. One that no longer binds has no count of
    columns either.
    """
    found: list[tuple[Any, ...]] = []
    for view in binder.catalogs.views.at(commit):
        if schema is not None and fold(view.schema) != fold(schema):
            continue
        place = Place(catalogs=binder.catalogs, commit=commit, schema=view.schema, name=view.name)
        try:
            count: int | None = len(bound_view(binder, place, view).columns)
        except CatalogError:
            count = None
        found.append((view.schema, view.name, None, count, []))
    return found


def described_view(binder: Binder, place: Place) -> list[tuple[Any, ...]] | None:
    """Gives a row for each column of a view; None where a name means none; see `shown.described`.

    Raises:
        CatalogError: The view no longer binds.
    """
    view = binder.view(place, place.name)
    if view is None:
        return None
    columns = bound_view(binder, place, view).columns
    return [(name, kind.sql, True, False, None) for name, kind in columns]
