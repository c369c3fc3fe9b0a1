"""Foreign keys of definitions: where they lead, and who can say so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingitdb.catalog.discovery import MAIN
from ingitdb.errors import ColumnNotFound, StatementInvalid, nearest_names
from ingitdb.execution.definition_ground import Ground, Name
from ingitdb.execution.plans import Plans
from ingitdb.execution.relations import key_columns
from ingitdb.model.tables import ForeignKey
from ingitdb.sql.definitions import Reference
from ingitdb.sql.names import fold, spell
from ingitdb.writes.definition_files import ROOTS
from ingitdb.writes.definition_texts import KEY_COLUMN, TableDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class Referring:
    """A table that refers to others.

    Attributes:
        ground: What is changed.
        name: Its schema and name.
        table: Its columns and keys.
    """

    ground: Ground
    name: Name
    table: TableDefinition

    def with_references(self, references: Sequence[Reference]) -> TableDefinition:
        """Gives the table with some foreign keys more.

        Raises:
            CatalogError: One leads nowhere.
            StatementInvalid: It leads to what is no key.
        """
        keys, upstream = list(self.table.foreign_keys), dict(self.table.upstream)
        for reference in references:
            key = self.key(reference)
            target = self.upstream(key)
            if target is not None and key.columns[0] not in upstream:
                upstream[key.columns[0]] = target
            else:
                keys.append(key)
        return replace(self.table, foreign_keys=tuple(keys), upstream=upstream)

    def key(self, reference: Reference) -> ForeignKey:
        """Gives a foreign key; see `with_references`."""
        known = [column.name for column in self.table.columns]
        columns = tuple(named(column, known) for column in reference.columns)
        if self._is_own(reference.target):
            name, usual, groups = self.name, self.table.primary_key, list(self.table.unique)
            there = known
        else:
            target = self.ground.table(reference.target)
            name, usual = (target.schema, target.name), key_columns(target)
            groups = list(target.locations[0].declaration.unique)
            there = [column.name for column in self.ground.snapshot.relation(target).columns]
        references = tuple(named(c, [*there, KEY_COLUMN]) for c in reference.references) or usual
        if not references or references not in (usual, (KEY_COLUMN,), *groups):
            raise StatementInvalid(
                f"{spell(name[1])} has no PRIMARY KEY or UNIQUE of"
                f" {', '.join(references) or 'its own'}, so that nothing can refer to it."
            )
        if len(references) != len(columns):
            raise StatementInvalid(f"{len(columns)} columns cannot refer to {len(references)}.")
        return ForeignKey(
            columns=columns,
            schema=name[0],
            table=name[1],
            references=references,
            on_delete=reference.on_delete,
            on_update=reference.on_update,
        )

    def upstream(self, key: ForeignKey) -> str | None:
        """Gives what upstream's definition says for a foreign key; None where it cannot."""
        if len(key.columns) != 1 or (key.on_delete, key.on_update) != ("restrict", "restrict"):
            return None
        full = key.table if key.schema == MAIN else f"{key.schema}.{key.table}"
        roots = self.ground.files.value(ROOTS)
        if (key.schema, key.table) == self.name:
            usual = self.table.primary_key
        elif full not in roots:
            return None
        else:
            target = self.ground.exact((key.schema, key.table))
            usual = key_columns(target) if target is not None else ()
        module = "" if self.name[0] == MAIN else self.name[0].partition(".")[0]
        is_clear = "." in full or not module or f"{module}.{full}" not in roots
        return full if is_clear and key.references in (usual, (KEY_COLUMN,)) else None

    def _is_own(self, path: Sequence[str]) -> bool:
        own = [fold(part) for part in self.name]
        wanted = [fold(part) for part in path]
        return wanted == own or (len(wanted) == 1 and wanted == own[1:])


def named(column: str, known: Sequence[str]) -> str:
    """Gives a column's name as it is declared.

    Raises:
        ColumnNotFound: There is none of that name.
    """
    for name in known:
        if fold(name) == fold(column):
            return name
    raise ColumnNotFound(f"There is no column {column!r}.", hint=nearest_names(column, known))


def checked_expression(text: str, plans: Plans) -> None:
    """Returns if an expression is one that queries may have.

    Raises:
        StatementError: It is none, or asks for what queries may not do.
    """
    (query,) = plans.split(f"SELECT (\n{text}\n)")
    plans.reading(query)
