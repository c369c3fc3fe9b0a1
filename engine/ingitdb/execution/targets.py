"""The table that a statement writes: its columns, defaults, keys and files at the commit read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import CatalogError, ReadOnly, StatementError, WriteError
from ingitdb.execution.binding import Binder
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.plans import Plans
from ingitdb.execution.relations import key_columns
from ingitdb.execution.written_tables import table_texts
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import ColumnType, Scalar, quote_identifier
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.names import spell
from ingitdb.sql.statements import StatementKind
from ingitdb.writes.table_texts import TableTexts

KEY = "_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A table that is written.

    Attributes:
        kinds: The columns with their types.
        fields: For each column of the records the field that it shows.
        texts: The table's files.
        defaults: SQL for the default of each column that has one.
    """

    snapshot: Snapshot
    table: NamedTable
    kinds: Mapping[str, ColumnType]
    fields: Mapping[str, str]
    texts: TableTexts
    defaults: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> tuple[str, str]:
        """Its schema and name."""
        return self.table.schema, self.table.name

    @property
    def types(self) -> dict[str, str]:
        """The columns by name, as SQL spells their types."""
        return {name: kind.sql for name, kind in self.kinds.items()}

    @property
    def paths(self) -> list[str]:
        """The paths of its files."""
        return [path for path, _ in self.snapshot.files.of(self.table)]

    @property
    def described(self) -> list[str]:
        """The columns as CREATE TABLE has them."""
        return [
            f"{quote_identifier(name)} {kind}"
            + (f" DEFAULT ({self.defaults[name]})" if name in self.defaults else "")
            for name, kind in self.types.items()
        ]

    @property
    def keys(self) -> list[tuple[str, ...]]:
        """The groups of columns that no two records agree in, that of the key first."""
        declared = (key_columns(self.table), *self.table.locations[0].declaration.unique)
        return [group for group in dict.fromkeys(declared) if group and self._has(group)]

    def _has(self, group: Sequence[str]) -> bool:
        return all(isinstance(self.kinds.get(name), Scalar) for name in group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Finds the tables that statements write.

    Attributes:
        commit: What is read, and will be changed.
        schema: Where names without a schema are looked up first.
        binder: Gives what binds a query at that commit.
    """

    catalogs: Catalogs
    plans: Plans
    commit: CommitId
    schema: str | None
    binder: Callable[[], Binder]

    def find(self, path: Sequence[str]) -> Target:
        """Gives the table of a written name.

        Raises:
            CatalogError: There is none.
            ReadOnly: It lies in another repository or on another branch.
            WriteError: A declared default cannot be used.
        """
        place = self.binder().locate(path, None)
        if place.catalogs is not self.catalogs:
            raise ReadOnly("An attached repository is read only.", hint="Open it by itself.")
        snapshot = place.catalogs.snapshot(place.commit)
        table = place.catalogs.find(
            snapshot, place.name, schema=place.schema, preferred=self.schema
        )
        if place.commit != self.commit:
            raise ReadOnly(
                "Only the branch that is read can be written here.",
                hint=f"Write to {spell(table.schema, table.name)} there, or USE the other branch.",
            )
        columns = snapshot.relation(table).columns
        defaults = {
            column.name: column.declared.default
            for column in columns
            if column.declared is not None and column.declared.default is not None
        }
        for name, default in defaults.items():
            self._check(table, name, default)
        return Target(
            snapshot=snapshot,
            table=table,
            kinds={column.name: column.type for column in columns},
            fields=snapshot.field_names(table),
            texts=table_texts(self.catalogs.repository, snapshot, table),
            defaults=defaults,
        )

    def _check(self, table: NamedTable, column: str, default: str) -> None:
        """Lets a default do no more than a query may; DuckDB sees to it that it reads no table."""
        said = f"The default of {spell(table.name)}.{quote_identifier(column)}, {default!r},"
        try:
            statements = self.plans.split(f"SELECT (\n{default}\n)")
            kinds = [statement.kind for statement in statements]
            if kinds == [StatementKind.QUERY]:
                self.plans.reading(statements[0])
                return
        except (StatementError, CatalogError) as error:
            raise WriteError(f"{said} cannot be used: {error.message}") from None
        raise WriteError(f"{said} is no expression.")
