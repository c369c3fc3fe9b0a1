"""Opens repositories for tests with a cache of their own, and closes what was opened."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import ingitdb
from tests.support.repositories import RepoBuilder

Opened = Callable[..., Any]
"""Gives a connection to a repository: `opened(repo, ref=None, cache=None, **settings)`."""


@contextmanager
def opener(folder: Path) -> Iterator[Opened]:
    """Gives a function that opens repositories; each statement that writes is a commit there."""
    with ExitStack() as stack:

        def opened(
            repo: RepoBuilder | Path, ref: str | None = None, cache: Path | None = None, **more: Any
        ) -> Any:
            path = repo.path if isinstance(repo, RepoBuilder) else repo
            autocommit = more.pop("autocommit", True)
            settings = ingitdb.Settings(cache=cache or folder / "cache", workers=1, **more)
            connection = ingitdb.connect(path, ref, autocommit=autocommit, settings=settings)
            return stack.enter_context(closing(connection))

        yield opened


def rows(connection: Any, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """Gives all rows of a query."""
    found: list[tuple[Any, ...]] = connection.execute(sql, parameters).fetchall()
    return found


def types(connection: Any, sql: str) -> dict[str, str]:
    """Gives the columns of a query with their types."""
    description = connection.execute(sql).description
    assert description is not None
    return {name: kind for name, kind, *_ in description}
