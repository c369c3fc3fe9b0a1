"""What a defining statement stands on: the tables, views, schemas and files of its commit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ingitdb.catalog.discovery import MAIN
from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import CatalogError, ReadOnly, StatementError, TableNotFound, WriteError
from ingitdb.execution.binding import Binder
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.plans import Plans
from ingitdb.execution.views import View
from ingitdb.execution.written_tables import table_texts
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb.model.tables import ForeignKey
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.names import fold, spell
from ingitdb.writes.definition_files import ROOTS, TABLES_FILE, DefinitionFiles
from ingitdb.writes.table_texts import TableTexts, Texts

Name = tuple[str, str]
"""Schema and name."""


@dataclass(kw_only=True)
class Ground:
    """The commit that a statement defines something at, and what it has come to.

    Attributes:
        schema: Where names without a schema are looked up first.
        binder: Gives what binds a query at that commit.
        records: By path the new bytes of files that are no configuration.
    """

    catalogs: Catalogs
    plans: Plans
    commit: CommitId
    schema: str | None
    binder: Callable[[], Binder]
    records: Texts = field(default_factory=dict)

    @property
    def repository(self) -> Repository:
        """The repository."""
        return self.catalogs.repository

    @cached_property
    def snapshot(self) -> Snapshot:
        """The tables of the commit."""
        return self.catalogs.snapshot(self.commit)

    @cached_property
    def views(self) -> tuple[View, ...]:
        """The views of the commit."""
        return self.catalogs.views.at(self.commit)

    @cached_property
    def paths(self) -> frozenset[str]:
        """The paths of all files of the commit."""
        return frozenset(self.repository.tree(self.commit))

    @cached_property
    def files(self) -> DefinitionFiles:
        """The configuration."""
        return DefinitionFiles(self._read)

    @property
    def texts(self) -> Texts:
        """All files that change."""
        return {**self.records, **self.files.texts}

    def after(self) -> "Ground":
        """Gives the same on a commit, which no ref names, that has the changes so far."""
        texts = self.texts
        commit = self.repository.pending(self.commit, texts, self.commit) if texts else self.commit
        return Ground(
            catalogs=self.catalogs,
            plans=self.plans,
            commit=commit,
            schema=self.schema,
            binder=self.binder,
        )

    def name(self, path: Sequence[str]) -> Name:
        """Gives schema and name of what is to be made.

        Raises:
            ReadOnly: It would lie in another repository or at another commit.
        """
        place = self.binder().locate(path, None)
        if place.catalogs is not self.catalogs or place.commit != self.commit:
            raise ReadOnly(
                "Only the branch that is read can be written here.",
                hint="USE the other branch, or open the other repository by itself.",
            )
        return place.schema or self.schema or MAIN, place.name

    def table(self, path: Sequence[str]) -> NamedTable:
        """Gives the table of a written name.

        Raises:
            CatalogError: There is none, but perhaps a view.
            ReadOnly: It lies in another repository or at another commit.
        """
        self.name(path)
        place = self.binder().locate(path, None)
        try:
            return self.catalogs.find(
                self.snapshot, place.name, schema=place.schema, preferred=self.schema
            )
        except TableNotFound:
            if self.view(path) is not None:
                raise CatalogError(f"{spell(*path)} is a view, not a table.") from None
            raise

    def view(self, path: Sequence[str]) -> View | None:
        """Gives the view of a written name; None where there is none."""
        place = self.binder().locate(path, None)
        return self.catalogs.views.find(
            self.commit, place.name, schema=place.schema, preferred=self.schema
        )

    def exact(self, name: Name) -> NamedTable | None:
        """Gives the table that bears a name in a schema."""
        wanted = tuple(map(fold, name))
        for table in self.snapshot.tables:
            if (fold(table.schema), fold(table.name)) == wanted:
                return table
        return None

    def exact_view(self, name: Name) -> View | None:
        """Gives the view that bears a name in a schema."""
        wanted = tuple(map(fold, name))
        return next((v for v in self.views if (fold(v.schema), fold(v.name)) == wanted), None)

    def schemas(self) -> dict[str, str]:
        """Gives the schemas by their folded names."""
        names = [MAIN, *(table.schema for table in self.snapshot.tables)]
        names += [view.schema for view in self.views]
        names += self.files.value(TABLES_FILE).get("schemas") or []
        return {fold(name): name for name in reversed(names)}

    def texts_of(self, table: NamedTable) -> TableTexts:
        """Gives the files of a table."""
        return table_texts(self.repository, self.snapshot, table)

    def definition_of(self, table: NamedTable) -> str | None:
        """Gives the path of a table's upstream definition; None if it has none."""
        where = table.locations[0]
        return where.declaration.origin if where.source == "definition" else None

    def entry_name(self, table: NamedTable) -> str:
        """Gives what tables.yaml calls a table, or would."""
        known = self.files.value(TABLES_FILE).get("tables") or {}
        full_name = table.locations[0].full_name or table.name
        for said in known:
            value = known[said] or {}
            head, _, last = said.rpartition(".")
            schema, name = (value["schema"], said) if "schema" in value else (head or MAIN, last)
            if schema == table.schema and name in (table.name, full_name):
                return str(said)
            if schema == MAIN and said == full_name and table.schema == MAIN:
                return str(said)
        return table.name if table.schema == MAIN else f"{table.schema}.{table.name}"

    def root_of(self, table: NamedTable) -> str | None:
        """Gives what root-collections.yaml calls a table; None where it does not name it.

        Raises:
            WriteError: It is imported from another folder.
        """
        if table.locations[0].source != "definition":
            return None
        full = table.name if table.schema == MAIN else f"{table.schema}.{table.name}"
        if full in self.files.value(ROOTS):
            return full
        raise WriteError(
            f"{spell(table.schema, table.name)} is not named in {ROOTS} itself.",
            hint=f"Change {table.locations[0].declaration.origin} by hand.",
        )

    def referring(self, table: NamedTable) -> Iterator[tuple[NamedTable, ForeignKey]]:
        """Gives the foreign keys of other tables that lead to a table."""
        for other in self.snapshot.tables:
            if other is table:
                continue
            for key in other.locations[0].declaration.foreign_keys:
                if (fold(key.schema), fold(key.table)) == (fold(table.schema), fold(table.name)):
                    yield other, key

    def reading(self, wanted: Callable[[View, Sequence[str]], bool]) -> Iterator[View]:
        """Gives the views that read something; those of which nothing can be told are left out."""
        for view in self.views:
            try:
                (statement,) = self.plans.split(view.text)
                references = self.plans.reading(statement).references
            except (CatalogError, StatementError, ValueError):
                continue
            if any(r.version is None and wanted(view, r.path) for r in references):
                yield view

    def views_of(self, table: NamedTable) -> list[View]:
        """Gives the views that read a table as it is now."""

        def means(view: View, path: Sequence[str]) -> bool:
            try:
                place = self.binder().locate(path, None)
                found = self.catalogs.find(
                    self.snapshot, place.name, schema=place.schema, preferred=view.schema
                )
            except CatalogError:
                return False
            return place.catalogs is self.catalogs and found == table

        return list(self.reading(means))

    def views_over(self, view: View) -> list[View]:
        """Gives the views that read a view."""

        def means(other: View, path: Sequence[str]) -> bool:
            place = self.binder().locate(path, None)
            found = self.catalogs.views.find(
                self.commit, place.name, schema=place.schema, preferred=other.schema
            )
            return found is not None and found.path == view.path

        return list(self.reading(means))

    def _read(self, path: str) -> bytes | None:
        if self.commit == EMPTY or path not in self.paths:
            return None
        return self.repository.read_file(self.commit, path)
