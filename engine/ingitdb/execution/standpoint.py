"""Where a session stands: the ref that it reads, and the schema that its names are looked up in."""

from collections.abc import Callable

from ingitdb.errors import CatalogError
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.relations import schema_names
from ingitdb.model.identifiers import CommitId
from ingitdb.sql.names import fold, split_database
from ingitdb.sql.statements import Use


class Standpoint:
    """The standpoint of one session.

    Attributes:
        database: The name of the repository.
        ref: What is read; None is the branch that HEAD names.
        schema: Where names without a schema are looked up first.
    """

    def __init__(self, catalogs: Catalogs, ref: str | None, leave: Callable[[], None]) -> None:
        """Takes where the session begins, and what is done before it reads from another ref."""
        self.database = catalogs.repository.name
        self.ref = ref
        self.schema: str | None = None
        self._catalogs = catalogs
        self._first = ref
        self._leave = leave
        self._head: tuple[str, CommitId] | None = None

    def tip(self) -> CommitId:
        """Gives the commit that the ref means now."""
        repository = self._catalogs.repository
        token = repository.cache_token()
        if self._head is None or self._head[0] != token:
            given = self.ref is not None
            found = repository.resolve(self.ref or "") if given else repository.resolve_default()
            self._head = (token, found)
        return self._head[1]

    def go(self, ref: str | None) -> None:
        """Reads from a ref from now on; None is where the session began.

        Raises:
            RefNotFound: There is no such ref.
            TransactionInvalid: There is something to commit.
        """
        if ref is not None:
            self._catalogs.repository.resolve(ref)
        self._leave()
        self.ref = self._first if ref is None else ref
        self._head = None

    def use(self, detail: Use, commit: CommitId) -> None:
        """Goes where USE says.

        Raises:
            CatalogError: There is no such schema or database.
        """
        if detail.branch is not None:
            self.go(detail.branch)
        elif len(detail.path) == 1:
            self._use_name(detail.path[0], commit)
        else:
            database, schema = detail.path[-2:]
            name, branch = split_database(database)
            if fold(name) != fold(self.database):
                raise CatalogError(f"{name!r} is not the database {self.database!r}.")
            self.go(branch or None)
            self.schema = schema

    def _use_name(self, written: str, commit: CommitId) -> None:
        name, branch = split_database(written)
        schemas = schema_names(self._catalogs, self._catalogs.snapshot(commit))
        if fold(written) in schemas:
            self.schema = schemas[fold(written)]
        elif fold(name) == fold(self.database):
            self.schema = None
            self.go(branch or None)
        else:
            raise CatalogError(
                f"There is no schema or database {written!r}.",
                hint=f"Schemas: {', '.join(sorted(schemas.values())) or 'none'}."
                f' A ref: USE "{self.database}/ref".',
            )
