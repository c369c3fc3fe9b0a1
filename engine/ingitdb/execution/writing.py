"""A statement that writes records on its way to a draft: rows as they will be, texts of files."""

import re
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import pyarrow as pa

from ingitdb.errors import (
    CatalogError,
    StatementError,
    StatementRefused,
    ValueMissing,
)
from ingitdb.execution.answers import Run
from ingitdb.execution.copying import Copying
from ingitdb.execution.draft import Draft
from ingitdb.execution.footing import Footing
from ingitdb.execution.points import Values
from ingitdb.execution.record_changes import added, changed, once, removed
from ingitdb.execution.renamed_keys import renaming
from ingitdb.execution.renamings import Renaming
from ingitdb.execution.results import Result, count_result
from ingitdb.execution.scratch import Scratch
from ingitdb.execution.targets import Target, Targets
from ingitdb.execution.whole_writes import Outcome, WholeWrites
from ingitdb.execution.widening import is_open, way_out, widened
from ingitdb.model.types import quote_identifier
from ingitdb.sql.clauses import Copy, Delete, Insert, Update, Whole, clauses
from ingitdb.sql.names import spell
from ingitdb.sql.statements import Statement
from ingitdb.sql.tokens import Tokens
from ingitdb.sql.versions import parameters
from ingitdb.sql.write_queries import (
    as_typed,
    assigned,
    delete_query,
    over_rows,
    returning_query,
    update_query,
)
from ingitdb.writes.table_texts import Texts

_UNFIT = re.compile(r"Could not convert|Conversion Error|out of range|can't be cast|can not cast")
"""What DuckDB says of a value that does not fit its column."""


@dataclass(frozen=True, slots=True)
class Writing:
    """Turns statements that write records into drafts.

    Attributes:
        footing: What a statement stands on.
        reads_files: Whether COPY may read files of this machine.
    """

    footing: Footing
    reads_files: bool = False

    def draft(self, statement: Statement) -> Draft:
        """Says what a statement changes; its answer is how many records, or what RETURNING asks.

        Raises:
            WriteError: The change cannot be made.
        """
        write = clauses(statement.source, self.footing.parser)
        if isinstance(write, Whole):
            found = self._whole.run(statement)
            return self._drafted(statement, found.targets, found)
        revived = isinstance(write, Insert | Copy)
        target = self._targets.find(write.target.path, revived=revived)
        if not isinstance(write, Copy):
            self._check_returning(write, statement)
        if isinstance(write, Update | Insert):
            target = widened(target, write, statement, self.footing.parser)
        try:
            met = self._met(write, statement, target)
        except StatementError as error:
            if error.hint is None and _UNFIT.search(error.message):
                error.hint = way_out(spell(target.table.name), is_open=is_open(target))
            raise
        if not isinstance(write, Copy):
            met = replace(met, result=self._returned(write, statement, target, met.rows))
        return self._drafted(statement, [target], met)

    def repeated(self, statement: Statement, sets: Sequence[Values]) -> Draft | None:
        """Says what an INSERT adds for many sets of parameters; None for another statement.

        Raises:
            WriteError: They cannot be added.
        """
        write = clauses(statement.source, self.footing.parser)
        if not isinstance(write, Insert) or write.rows is None or write.returning is not None:
            return None
        target = self._targets.find(write.target.path, revived=True)
        rows = self._new_rows(write, statement, target, sets)
        if rows is None:
            return None
        return self._drafted(statement, [target], self._added(rows, target))

    def ingested(self, path: Sequence[str], data: pa.Table) -> Draft:
        """Says what rows of Arrow add to a table; their columns are found by name.

        Raises:
            WriteError: They cannot be added.
        """
        target = self._targets.find(path, revived=True)
        rows = Scratch(target.table.name, self.footing, target).taken(data)
        met = self._added(rows, target)
        return Draft(
            files=met.files,
            tables=frozenset([target.name]),
            subject=_subject("INSERT", [target], met.count),
            statement=f"INSERT INTO {spell(*target.name)} BY NAME FROM arrow",
            result=count_result(met.count, self.footing.commit),
            renamed=met.renamed,
        )

    def _drafted(
        self, statement: Statement, targets: Sequence[Target], met: "_Met | Outcome"
    ) -> Draft:
        result = met.result or count_result(met.count, self.footing.commit)
        result.affected = met.count
        return Draft(
            files=met.files,
            tables=frozenset(target.name for target in targets),
            subject=_subject(statement.verb.split(" ", 1)[0], targets, met.count),
            statement=statement.text,
            result=result,
            renamed=met.renamed,
        )

    @property
    def _targets(self) -> Targets:
        return Targets(
            catalogs=self.footing.catalogs,
            plans=self.footing.plans,
            commit=self.footing.commit,
            schema=self.footing.schema,
            binder=self.footing.binder,
        )

    @property
    def _whole(self) -> WholeWrites:
        return WholeWrites(footing=self.footing, targets=self._targets)

    def _met(
        self, write: Update | Delete | Insert | Copy, statement: Statement, target: Target
    ) -> "_Met":
        if isinstance(write, Update):
            return self._updated(write, statement, target)
        if isinstance(write, Delete):
            return self._deleted(write, statement, target)
        if isinstance(write, Insert):
            rows = self._new_rows(write, statement, target)
            assert rows is not None
            return self._added(rows, target)
        if not self.reads_files:
            raise StatementRefused(
                "Files are read in process only.", hint="Send the rows: INSERT, or an Arrow ingest."
            )
        parameters = self.footing.binder().points.parameters
        copying = Copying(write, statement, target, parameters, self.footing)
        return self._added(copying.rows(), target)

    def _updated(self, write: Update, statement: Statement, target: Target) -> "_Met":
        query = update_query(
            write,
            statement.source,
            target.types,
            target.defaults,
            is_whole=write.returning is not None or target.has_references,
        )
        found = self._asked(query, statement)
        as_table = [name for name in target.types if name in found.column_names]
        others = [name for name in found.column_names if name not in target.types]
        rows = found.select([*others, *as_table])
        names = assigned(write, target.types)
        changes = list(changed(rows, names, target.kinds, target.fields))
        files = target.texts.changed(changes)
        with closing(self.footing.instance.cursor()) as cursor:
            renamed = renaming(cursor, target, rows, names)
        return _Met(rows=rows, count=rows.num_rows, files=files, renamed=(renamed,))

    def _deleted(self, write: Delete, statement: Statement, target: Target) -> "_Met":
        met = self._asked(delete_query(write, statement.source, target.types), statement)
        rows = met.take(pa.array(once(met), pa.int64()))
        changes = list(removed(rows))
        return _Met(rows=rows, count=len(changes), files=target.texts.changed(changes))

    def _added(self, rows: pa.Table, target: Target) -> "_Met":
        key = target.table.locations[0].declaration.primary_key
        if any(name in target.kinds and rows[name].null_count for name in key):
            raise ValueMissing(
                f"A record of {spell(target.table.name)} needs all of its key: {', '.join(key)}."
            )
        come = list(added(rows, target.kinds, target.fields))
        files = target.added(come) if come else {}
        return _Met(rows=rows, count=len(come), files=files)

    def _check_returning(self, write: Update | Delete | Insert, statement: Statement) -> None:
        """Refuses parameters in RETURNING, as DuckDB does."""
        if write.returning is None:
            return
        start, end = write.returning
        for at in parameters(Tokens(statement.text, self.footing.parser)):
            if start <= at < end:
                raise statement.source.invalid("RETURNING takes no parameters.", at, at + 1)

    def _returned(
        self,
        write: Update | Delete | Insert,
        statement: Statement,
        target: Target,
        rows: pa.Table,
    ) -> Result | None:
        """Gives what RETURNING asks of the records; what fails does so before a write."""
        if write.returning is None:
            return None
        query = returning_query(write, statement.source)
        try:
            (asked,) = self.footing.plans.split(query)
            bound = self.footing.binder().bind(asked)
            name = f"r_{uuid.uuid4().hex}"
            shown = ", ".join(
                f"{column}::{kind} AS {column}"
                for column, kind in zip(
                    map(quote_identifier, target.types), target.types.values(), strict=True
                )
            )
            text = over_rows(bound.text, f"(SELECT {shown} FROM temp.main.{name})")
            tables = {**bound.tables, name: rows}
            bound = replace(
                bound, text=text, parameters=None, tables=tables, is_repeatable=False, idle=[]
            )
            run = Run(self.footing.instance, self.footing.settings, asked, bound)
            with self.footing.watch.over(run), run.answer() as found:
                table = found.reader().read_all()
        except (StatementError, CatalogError) as error:
            error.message = as_typed(error.message, statement.source)
            raise
        return Result(found.columns, table.to_reader(), bound.commit)

    def _new_rows(
        self, insert: Insert, statement: Statement, target: Target, sets: Sequence[Values] = ()
    ) -> pa.Table | None:
        """Gives what an INSERT adds: it runs as typed, into an empty table of the same columns.

        None if it has to be bound anew for each of many sets of parameters.
        """
        scratch = Scratch(insert.target.alias, self.footing, target)
        if insert.rows is None:
            return scratch.filled("", None)
        lead, columns, rows = (
            statement.text[slice(*span)] for span in (insert.lead, insert.columns, insert.rows)
        )
        (query,) = self.footing.plans.split(f"{lead}\n{rows}")
        binder = self.footing.binder()
        bound = binder.bind(query)
        if sets and bound.parameters != binder.points.parameters:
            return None
        return scratch.filled(columns, bound, sets)

    def _asked(self, query: str, statement: Statement) -> pa.Table:
        """Asks a query of ours; what is wrong with it is shown in what the user typed."""
        try:
            return self.footing.rows(query)
        except (StatementError, CatalogError) as error:
            error.message = as_typed(error.message, statement.source)
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """The records that a statement meets, as they will be or were, and what it makes of files.

    Attributes:
        result: What RETURNING asks; None where the answer is the count.
        renamed: What it made of keys.
    """

    rows: pa.Table
    count: int
    files: Texts
    result: Result | None = None
    renamed: tuple[Renaming, ...] = ()


def _subject(verb: str, targets: Sequence[Target], count: int) -> str:
    records = "1 record" if count == 1 else f"{count:,} records"
    names = ", ".join(spell(target.table.name) for target in targets)
    return f"{verb} {names}: {records}"
