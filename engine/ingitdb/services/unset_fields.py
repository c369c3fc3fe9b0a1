"""Takes fields out of records altogether, where SQL leaves a null."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.draft import Draft
from ingitdb.execution.results import table_result
from ingitdb.execution.written_tables import table_texts
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import quote_identifier
from ingitdb.services.write_targets import Chosen, Target
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.hidden import NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Unset:
    """Fields of some records, which are null once a statement has run.

    Attributes:
        before: The commit before that.
        met: By path the numbers of the records in their files, as they were there.
        columns: The columns that show the fields.
    """

    catalogs: Catalogs
    target: Target
    before: CommitId
    met: Mapping[str, Collection[int]]
    columns: Sequence[str]

    def draft(self) -> Draft:
        """Says what it is to take them out of the files.

        Raises:
            WriteError: A field cannot be taken out.
        """
        now = self.target.session.commit
        snapshot, table = self._table(now)
        fields = snapshot.field_names(table)
        texts = table_texts(self.catalogs.repository, snapshot, table)
        names = [fields.get(column, column) for column in self.columns]
        return Draft(
            files=texts.without_nulls(self._records(snapshot, table), names),
            tables=frozenset([(table.schema, table.name)]),
            subject=f"UNSET {self.target.shown}",
            statement=f"-- unset {', '.join(self.columns)}",
            result=table_result([], [], now),
            renamed=(),
        )

    def _records(self, snapshot: Snapshot, table: NamedTable) -> dict[str, Collection[int]]:
        """Gives where the records are now: a file that is named after another key is new."""
        there = {path for path, _ in snapshot.files.of(table)}
        if there.issuperset(self.met):
            return dict(self.met)
        former, before = self._table(self.before)
        came = there - {path for path, _ in former.files.of(before)}
        stayed = {path: numbers for path, numbers in self.met.items() if path in there}
        return {**stayed, **dict.fromkeys(came, (1,))}

    def _table(self, commit: CommitId) -> tuple[Snapshot, NamedTable]:
        snapshot = self.catalogs.snapshot(commit)
        schema, name = self.target.name
        return snapshot, self.catalogs.find(snapshot, name, schema=schema, preferred=None)


def unset(catalogs: Catalogs, chosen: Chosen, columns: Sequence[str]) -> Unset:
    """Finds the records of which fields will be taken out, before anything is written.

    Raises:
        CatalogError: The condition names no column of the table.
    """
    into = chosen.target
    query = (
        f"SELECT _path AS path, {quote_identifier(NUMBER)} AS number"  # noqa: S608 - quoted
        f" FROM {into.sql}{chosen.where}"
    )
    met: dict[str, list[int]] = {}
    parameters: dict[str, Any] | None = dict(chosen.parameters) or None
    with into.session.execute(query, parameters) as result:
        for batch in result.batches():
            for row in batch.to_pylist():
                met.setdefault(row["path"], []).append(row["number"])
    before = into.session.commit
    return Unset(catalogs=catalogs, target=into, before=before, met=met, columns=columns)
