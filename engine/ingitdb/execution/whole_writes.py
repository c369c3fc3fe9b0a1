"""Writes that meet other rows: DuckDB runs them as typed in a copy of the table.

What they did is the difference between the copy before and after. Rows are told apart by a column
of ours behind the others; where a statement counts columns so that it would be in the way, by the
key, or else by all that they hold.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event, Timer

import duckdb
import pyarrow as pa

from ingitdb.errors import (
    CatalogError,
    ConstraintViolated,
    DuplicateKey,
    IngitdbError,
    LimitExceeded,
    StatementError,
    StatementInvalid,
    ValueMissing,
)
from ingitdb.execution.answers import Run
from ingitdb.execution.binding import Binder, Bound
from ingitdb.execution.instance import Instance
from ingitdb.execution.plans import Plans
from ingitdb.execution.renamings import Renaming
from ingitdb.execution.results import Result, carried, column_type
from ingitdb.execution.table_copy import AT_COLUMN, TableCopy, one_file_of_several
from ingitdb.execution.targets import Target, Targets
from ingitdb.model.ports import SqlParser
from ingitdb.model.types import ColumnType, quote_identifier
from ingitdb.settings import Settings
from ingitdb.sql.arguments import Values, value_of
from ingitdb.sql.complaints import without_internal_names
from ingitdb.sql.hidden import NUMBER
from ingitdb.sql.names import spell
from ingitdb.sql.references import Replacement, TableReference, splice
from ingitdb.sql.region_queries import probe, rebuilt, redirected
from ingitdb.sql.regions import Region, regions
from ingitdb.sql.statements import Statement
from ingitdb.sql.tokens import Tokens
from ingitdb.sql.versions import Parameter, parameters
from ingitdb.sql.write_queries import NUMBER_COLUMN, PATH_COLUMN, as_typed
from ingitdb.writes.table_texts import Texts

_DUPLICATE = re.compile(r'[Dd]uplicate key "(?P<key>.*?)"(?: violates|\Z)', re.DOTALL)
_NULL = re.compile(r"NOT NULL constraint failed: (?:.*\.)?(?P<column>.+)")
_VARIABLE = re.compile("getvariable\\('\u0001p\\w+'\\)")
_NAMED = re.compile(r"(?:\A|, )\w+: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What such a statement comes to.

    Attributes:
        targets: The tables that it writes.
        count: How many records it met.
        result: Its answer; None where that is the count.
        renamed: What it made of the keys of each.
    """

    targets: Sequence[Target]
    files: Texts
    count: int
    result: Result | None
    renamed: tuple[Renaming, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A statement with all that it says bound, and the copies of tables that it writes."""

    statement: Statement
    regions: Sequence[Region]
    written: Sequence[TableCopy]

    @property
    def copies(self) -> list[TableCopy]:
        return list({id(copy): copy for copy in self.written}.values())

    @property
    def main(self) -> Region | None:
        """What the statement itself writes; None where only expressions of it write."""
        last = self.regions[-1]
        return last if last.span[1] == len(self.statement.text) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeWrites:
    """Runs such statements.

    Attributes:
        targets: Finds the tables that they write.
        binder: Gives what binds a query at the commit that is read.
    """

    targets: Targets
    instance: Instance
    settings: Settings
    parser: SqlParser
    plans: Plans
    binder: Callable[[], Binder]

    def run(self, statement: Statement) -> Outcome:
        """Says what a statement changes.

        Raises:
            StatementError: It is wrong, or fails.
            WriteError: The change cannot be made.
        """
        catalog = f"c_{uuid.uuid4().hex}"
        found = regions(statement.source, self.parser)
        copies: dict[tuple[str, str], TableCopy] = {}
        written: list[TableCopy] = []
        for region in found:
            target, name = self.targets.find(region.target.path), region.target.path[-1]
            known = copies.setdefault(
                target.name, TableCopy(target=target, name=name, catalog=catalog)
            )
            known.by_position |= region.by_position
            written.append(known)
        self.instance.query(f"ATTACH ':memory:' AS \"{catalog}\"")
        try:
            return self._ran(_Asked(statement, found, written))
        finally:
            self.instance.query(f'DETACH "{catalog}"')

    def _ran(self, asked: _Asked) -> Outcome:
        query, tables = self._bound(asked)
        text = rebuilt(
            asked.statement.source,
            asked.regions,
            query.text,
            relations=[copy.relation for copy in asked.written],
            columns=["" if copy.by_position else copy.listed for copy in asked.written],
            tables=tables,
        )
        with closing(self.instance.cursor()) as cursor:
            for copy in asked.copies:
                copy.fill(cursor, self._held(copy.target))
            columns, rows = self._answered(cursor, asked, query, text)
            made = [copy.made(cursor) for copy in asked.copies]
        one_file_of_several(asked.copies, [each.files for each in made])
        files = {path: data for each in made for path, data in each.files.items()}
        targets = [copy.target for copy in asked.copies]
        renamed = tuple(each.renamed for each in made)
        if asked.main is not None and not asked.main.returning:
            (count,) = rows[0].to_pylist()
            return Outcome(targets=targets, files=files, count=count, result=None, renamed=renamed)
        count = rows.num_rows if asked.main is not None else sum(each.count for each in made)
        result = Result(columns, rows.to_reader(), query.commit)
        return Outcome(targets=targets, files=files, count=count, result=result, renamed=renamed)

    def _bound(self, asked: _Asked) -> tuple[Bound, dict[int, str]]:
        """Binds all that the statement says; expressions that write are seen by what follows."""
        source = asked.statement.source
        try:
            hidden = ["" if copy.by_position else AT_COLUMN for copy in asked.written]
            text = probe(source, asked.regions, hidden)
            tables: dict[int, str] = {}
            if len(asked.regions) > 1 or asked.main is None:
                own = dict(enumerate(self._own(text, asked.copies)))
                tables = {number: copy.view for number, (_, copy) in own.items()}
                text = redirected(text, {number: where for number, (where, _) in own.items()})
            (query,) = self.plans.split(text)
            return self.binder().bind(query), tables
        except (StatementError, CatalogError) as error:
            error.message = as_typed(error.message, source)
            raise

    def _own(
        self, query: str, copies: Sequence[TableCopy]
    ) -> Iterator[tuple[TableReference, TableCopy]]:
        """Gives where a query reads tables that its statement writes."""
        by_name = {copy.target.name: copy for copy in copies}
        (asked,) = self.plans.split(query)
        targets = self.targets
        for reference in self.plans.reading(asked).references:
            place = self.binder().locate(reference.path, None)
            is_here = place.catalogs is targets.catalogs and place.commit == targets.commit
            if reference.version is not None or not is_here:
                continue
            snapshot = place.catalogs.snapshot(place.commit)
            table = place.catalogs.find(
                snapshot, place.name, schema=place.schema, preferred=targets.schema
            )
            if (table.schema, table.name) in by_name:
                yield reference, by_name[table.schema, table.name]

    def _held(self, target: Target) -> pa.Table:
        """Gives all records of a table with their places."""
        names = ", ".join(map(quote_identifier, target.kinds))
        return self.binder().run(
            f"SELECT _path AS {quote_identifier(PATH_COLUMN)},"
            f" {quote_identifier(NUMBER)} AS {quote_identifier(NUMBER_COLUMN)}, {names}"
            f" FROM {spell(*target.name)}"
        )

    def _answered(
        self, cursor: "duckdb.DuckDBPyConnection", asked: _Asked, query: Bound, text: str
    ) -> tuple[list[tuple[str, ColumnType]], pa.Table]:
        """Runs the statement; gives its answer."""
        try:
            for name, table in query.tables.items():
                cursor.register(name, table)
            cursor.execute(f'USE "{query.catalog}"')
            values = query.parameters
            if values and any(region.verb == "MERGE" for region in asked.regions):
                text, values = self._with_variables(cursor, text, values), None
            with self._in_time(cursor):
                relation = cursor.sql(text, params=values)
                columns = [
                    (_VARIABLE.sub("?", name), column_type(kind))
                    for name, kind in zip(relation.columns, relation.types, strict=True)
                ]
                rows = carried(relation, columns).to_arrow_table()
        except (duckdb.Error, RuntimeError, ValueError) as error:
            raise self._told(error, asked, query) from None
        return columns, rows

    def _with_variables(
        self, cursor: "duckdb.DuckDBPyConnection", text: str, values: Values
    ) -> str:
        """Gives values by variables: DuckDB takes no parameters in MERGE."""
        tokens = Tokens(text, self.parser)
        spliced: list[Replacement] = []
        for start, name in parameters(tokens).items():
            variable = f"\u0001p{name}"
            cursor.execute(f'SET VARIABLE "{variable}" = $1', [value_of(Parameter(name), values)])
            sign = tokens.starting_at(start) or 0
            is_named = tokens[sign + 1].start == start + 1 and tokens[sign + 1].text == name
            end = start + 1 + (len(name) if is_named else 0)
            spliced.append((start, end, f"getvariable('{variable}')"))
        return splice(text, spliced)

    def _told(self, error: Exception, asked: _Asked, query: Bound) -> Exception:
        """Turns what DuckDB raised into one of our errors, in the user's words."""
        name = spell(asked.written[-1].target.table.name)
        if isinstance(error, duckdb.ConstraintException):
            if (double := _DUPLICATE.search(str(error))) is not None:
                return DuplicateKey(name, _NAMED.sub("/", double["key"]).lstrip("/"))
            if (lack := _NULL.search(str(error))) is not None:
                return ValueMissing(
                    f"A record of {name} needs a key: the column {lack['column']}.",
                    hint="Give it with the other columns.",
                )
            return ConstraintViolated(without_internal_names(str(error)))
        if isinstance(error, duckdb.ParserException):
            return StatementInvalid(without_internal_names(str(error)))
        with closing(Run(self.instance, self.settings, asked.statement, query)) as run:
            found = run.translated(error)
        if isinstance(found, IngitdbError):
            found.message = as_typed(found.message, asked.statement.source)
        return found

    @contextmanager
    def _in_time(self, cursor: "duckdb.DuckDBPyConnection") -> Iterator[None]:
        """Stops what runs longer than the settings allow."""
        limit, late = self.settings.timeout, Event()
        if limit is None:
            yield
            return

        def stop() -> None:
            late.set()
            cursor.interrupt()

        timer = Timer(limit, stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        except duckdb.InterruptException:
            if not late.is_set():
                raise
            raise LimitExceeded(
                f"The statement took longer than {limit} seconds.", hint="Raise timeout."
            ) from None
        finally:
            timer.cancel()
