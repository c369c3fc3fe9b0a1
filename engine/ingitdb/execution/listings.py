"""SHOW TABLES and DESCRIBE: the tables and views that there are, and the columns of one."""

from typing import Any

from ingitdb.errors import TableNotFound
from ingitdb.execution.binding import Binder
from ingitdb.execution.results import Result, table_result
from ingitdb.execution.shown import DESCRIBED, SHOWN_TABLES, described, listed
from ingitdb.execution.view_rows import described_view, listed_views
from ingitdb.sql.statements import Describe, ShowTables


def listing(binder: Binder, detail: ShowTables) -> Result:
    """Gives the tables and views of a commit."""
    commit, catalogs = binder.resolve(detail.version), binder.catalogs

    def show() -> list[tuple[Any, ...]]:
        rows = listed(catalogs.snapshot(commit), detail.schema)
        return sorted(rows + listed_views(binder, commit, detail.schema), key=_by_name)

    rows = catalogs.recovering((commit,), show)
    return table_result(list(SHOWN_TABLES), rows, commit)


def description(binder: Binder, detail: Describe) -> Result:
    """Gives the columns of a table or view.

    Raises:
        CatalogError: There is none.
    """
    place = binder.locate(detail.path, detail.version)
    catalogs = place.catalogs

    def describe() -> list[tuple[Any, ...]]:
        snapshot = catalogs.snapshot(place.commit)
        try:
            table = binder.named(snapshot, place, place.name)
        except TableNotFound:
            rows = described_view(binder, place)
            if rows is None:
                raise
            return rows
        return described(snapshot, table)

    rows = catalogs.recovering((place.commit,), describe)
    return table_result(list(DESCRIBED), rows, place.commit)


def _by_name(row: tuple[Any, ...]) -> tuple[str, str]:
    """Gives schema and name of a row of SHOW TABLES."""
    return row[0], row[1]
