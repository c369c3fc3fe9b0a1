"""The repositories that a session has attached beside its own."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ingitdb.errors import CatalogError, StatementRefused
from ingitdb.execution.catalogs import Catalogs
from ingitdb.sql.names import fold
from ingitdb.sql.statements import Attach, Detach

Opener: TypeAlias = Callable[[str], Catalogs]


class Attachments:
    """The repositories of one session.

    Attributes:
        database: The name of its own.
        opener: Opens one by path; None where none may be attached so.
    """

    def __init__(self, database: str, opener: Opener | None) -> None:
        self.database = database
        self.opener = opener
        self._known: dict[str, tuple[Catalogs, str | None]] = {}

    @property
    def known(self) -> Mapping[str, tuple[Catalogs, str | None]]:
        """Each by name, with the ref that it is read at."""
        return self._known

    def take(self, detail: Attach | Detach) -> None:
        """Attaches one, or lets go of one.

        Raises:
            StatementRefused: None may be attached.
            CatalogError: The name is taken, or there is none of that name.
        """
        if isinstance(detail, Attach):
            self._attach(detail)
        else:
            self._detach(detail)

    def close(self) -> None:
        """Lets go of all."""
        for catalogs, _ in self._known.values():
            catalogs.close()
        self._known.clear()

    def _attach(self, detail: Attach) -> None:
        if self.opener is None:
            raise StatementRefused(
                "Repositories are attached by path in process only.",
                hint="Ask the server's administrator to configure it by name.",
            )
        catalogs = self.opener(detail.path)
        name = detail.name or catalogs.repository.name
        if fold(name) in {fold(n) for n in (*self._known, self.database)}:
            catalogs.close()
            if detail.if_not_exists:
                return
            raise CatalogError(f"A database {name!r} is already attached.")
        if detail.ref is not None:
            catalogs.repository.resolve(detail.ref)
        self._known[name] = (catalogs, detail.ref)

    def _detach(self, detail: Detach) -> None:
        name = next((n for n in self._known if fold(n) == fold(detail.name)), None)
        if name is not None:
            self._known.pop(name)[0].close()
        elif not detail.if_exists:
            raise CatalogError(f"No database {detail.name!r} is attached.")
