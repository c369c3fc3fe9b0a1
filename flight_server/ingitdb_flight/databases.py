"""The databases that one server offers, by their names."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from pyarrow import flight

from ingitdb.model.access import Principal
from ingitdb.services.database import Database
from ingitdb_flight.refusals import NotFound
from ingitdb_flight.roles import may_read


class Databases:
    """Finds databases; a context manager that closes them.

    Attributes:
        first: The name of the one that a session begins with.
    """

    def __init__(self, databases: Iterable[Database]) -> None:
        self._by_name = {database.name.casefold(): database for database in databases}
        self.first = next(iter(self._by_name.values())).name

    def __iter__(self) -> Iterator[Database]:
        return iter(sorted(self._by_name.values(), key=lambda database: database.name))

    def has(self, name: str) -> bool:
        """Tells whether there is a database of a name."""
        return name.casefold() in self._by_name

    def find(self, name: str) -> Database:
        """Gives the database of a name, in whatever case.

        Raises:
            NotFound: There is none.
        """
        found = self._by_name.get(name.casefold())
        if found is None:
            names = ", ".join(sorted(database.name for database in self._by_name.values()))
            raise NotFound(
                f"There is no database {name!r}.\nThis server has {names}."
                " (IGD-2002, SQLSTATE 3D000)"
            )
        return found

    def seen_by(self, principal: Principal) -> Self:
        """Gives those that a principal may read.

        Raises:
            FlightUnauthorizedError: There is none.
        """
        found = [one for one in self._by_name.values() if may_read(principal, one.name)]
        if not found:
            raise flight.FlightUnauthorizedError(
                f"{principal.identifier} has no role in any database of this server."
                " (IGD-5007, SQLSTATE 42501)"
            )
        return type(self)(found)

    def close(self) -> None:
        """Closes all."""
        for database in self._by_name.values():
            database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
