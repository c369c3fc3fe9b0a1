"""Writes that meet other rows: DuckDB runs them as typed in a copy of the table.

What they did is the difference between the copy before and after. Rows are told apart by a column
of ours behind the others. Where a statement leaves columns to their order they are named; where it
takes a record as a whole, so that this column would show, rows are told apart by the key, or else
by all that they hold.
"""

import re
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from ingitdb.errors import (
    CatalogError,
    ColumnNotFound,
    ConstraintViolated,
    DuplicateKey,
    IngitdbError,
    SeveralMatches,
    StatementError,
    StatementInvalid,
    ValueMissing,
)
from ingitdb.execution.answers import Run
from ingitdb.execution.binding import Bound
from ingitdb.execution.footing import Footing
from ingitdb.execution.renamings import Renaming
from ingitdb.execution.results import Result, carried, column_type
from ingitdb.execution.table_copy import TableCopy, one_file_of_several
from ingitdb.execution.targets import Target, Targets
from ingitdb.model.types import ColumnType, quote_identifier
from ingitdb.sql.arguments import Values, value_of
from ingitdb.sql.complaints import without_internal_names
from ingitdb.sql.hidden import NUMBER, mentions_hidden
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
_TWICE = "cannot affect the same target row more than once"
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
    def is_counted(self) -> bool:
        """Whether columns are named that the statement leaves to their order."""
        pairs = zip(self.regions, self.written, strict=True)
        return any(region.is_counted and not copy.by_position for region, copy in pairs)

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
    """

    footing: Footing
    targets: Targets

    def run(self, statement: Statement) -> Outcome:
        """Says what a statement changes.

        Raises:
            StatementError: It is wrong, or fails.
            WriteError: The change cannot be made.
        """
        catalog = f"c_{uuid.uuid4().hex}"
        found = regions(statement.source, self.footing.parser)
        written = list(self._copies(statement, found, catalog))
        self.footing.instance.query(f"ATTACH ':memory:' AS \"{catalog}\"")
        try:
            return self._ran(_Asked(statement, found, written))
        finally:
            self.footing.instance.query(f'DETACH "{catalog}"')

    def _copies(
        self, statement: Statement, found: Sequence[Region], catalog: str
    ) -> Iterator[TableCopy]:
        """Gives the copy that each region writes."""
        copies: dict[tuple[str, str], TableCopy] = {}
        hidden = mentions_hidden(statement.text, self.footing.parser) - {NUMBER}
        for region in found:
            brings = region.verb in ("INSERT", "MERGE")
            target = self.targets.find(region.target.path, revived=brings)
            places = hidden - {name.casefold() for name in target.kinds}
            self._check_returning(statement, region, places)
            copy = TableCopy(
                target=target,
                name=region.target.path[-1],
                catalog=catalog,
                places=sorted(places),
            )
            copies.setdefault(target.name, copy).by_position |= region.by_position
            yield copies[target.name]

    def _check_returning(
        self, statement: Statement, region: Region, places: Collection[str]
    ) -> None:
        """Returns if RETURNING does not ask where a record lies: that is not known yet."""
        for start, end in (part.span for part in region.parts if part.kind == "list" and places):
            asked = mentions_hidden(statement.text[start:end], self.footing.parser)
            for name in sorted(asked.intersection(places)):
                said = f"There is no column {name!r}."
                raise ColumnNotFound(statement.source.describe(said, start, end))

    def _ran(self, asked: _Asked) -> Outcome:
        query, tables = self._bound(asked)
        footing = self.footing
        with closing(footing.instance.cursor()) as cursor, footing.watched(cursor):
            for copy in asked.copies:
                copy.fill(cursor, self._held(copy))
            columns, rows = self._answered(cursor, asked, query, tables)
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
            text = probe(source, asked.regions, [copy.ours for copy in asked.written])
            tables: dict[int, str] = {}
            if len(asked.regions) > 1 or asked.main is None:
                own = dict(enumerate(self._own(text, asked.copies)))
                tables = {number: copy.view for number, (_, copy) in own.items()}
                text = redirected(text, {number: where for number, (where, _) in own.items()})
            (query,) = self.footing.plans.split(text)
            return self.footing.binder().bind(query), tables
        except (StatementError, CatalogError) as error:
            error.message = as_typed(error.message, source)
            raise

    def _own(
        self, query: str, copies: Sequence[TableCopy]
    ) -> Iterator[tuple[TableReference, TableCopy]]:
        """Gives where a query reads tables that its statement writes."""
        by_name = {copy.target.name: copy for copy in copies}
        plans, targets = self.footing.plans, self.targets
        (asked,) = plans.split(query)
        for reference in plans.reading(asked).references:
            place = self.footing.binder().locate(reference.path, None)
            is_here = place.catalogs is targets.catalogs and place.commit == targets.commit
            if reference.version is not None or not is_here:
                continue
            snapshot = place.catalogs.snapshot(place.commit)
            table = place.catalogs.find(
                snapshot, place.name, schema=place.schema, preferred=targets.schema
            )
            if (table.schema, table.name) in by_name:
                yield reference, by_name[table.schema, table.name]

    def _held(self, copy: TableCopy) -> pa.Table:
        """Gives all records of a table with their places."""
        target = copy.target
        path, number = quote_identifier(PATH_COLUMN), quote_identifier(NUMBER_COLUMN)
        names = [
            name if raw in target.shown else f"CAST(NULL AS {target.types[raw]}) AS {name}"
            for raw, name in zip(target.kinds, copy.names, strict=True)
        ]
        if target.present is not None:
            places = [f"NULL AS {name}" for name in (path, number, *copy.places)]
            return self.footing.binder().run(f"SELECT {', '.join([*places, *names])} LIMIT 0")
        places = [f"_path AS {path}", f"{quote_identifier(NUMBER)} AS {number}"]
        places += [f"{name} AS {name}" for name in copy.places]
        shown = ", ".join([*places, *names])
        return self.footing.binder().run(f"SELECT {shown} FROM {spell(*target.name)}")

    def _answered(
        self,
        cursor: "duckdb.DuckDBPyConnection",
        asked: _Asked,
        query: Bound,
        tables: Mapping[int, str],
    ) -> tuple[list[tuple[str, ColumnType]], pa.Table]:
        """Runs the statement; gives its answer."""

        def text(relations: Sequence[str], columns: Sequence[Sequence[str]]) -> str:
            return rebuilt(
                asked.statement.source,
                asked.regions,
                query.text,
                relations=relations,
                columns=columns,
                tables=tables,
            )

        copies = asked.written
        wanted = text(
            [copy.relation for copy in copies],
            [[] if copy.by_position else copy.names for copy in copies],
        )
        try:
            for name, table in query.tables.items():
                cursor.register(name, table)
            cursor.execute(f'USE "{query.catalog}"')
            if asked.is_counted:
                for copy in asked.copies:
                    copy.make_shape(cursor)
                shapes = text([copy.shape for copy in copies], [[] for _ in copies])
                cursor.execute(*self._given(cursor, asked, query, f"EXPLAIN {shapes}"))
            wanted, values = self._given(cursor, asked, query, wanted)
            relation = cursor.sql(wanted, params=values)
            columns = [
                (_VARIABLE.sub("?", name), column_type(kind))
                for name, kind in zip(relation.columns, relation.types, strict=True)
            ]
            rows = carried(relation, columns).to_arrow_table()
        except (duckdb.Error, RuntimeError, ValueError) as error:
            raise self._told(error, asked, query) from None
        return columns, rows

    def _given(
        self, cursor: "duckdb.DuckDBPyConnection", asked: _Asked, query: Bound, text: str
    ) -> tuple[str, Values | None]:
        """Gives a text with its values; by variables for MERGE, where DuckDB takes no others."""
        values = query.parameters
        if not values or all(region.verb != "MERGE" for region in asked.regions):
            return text, values
        tokens = Tokens(text, self.footing.parser)
        spliced: list[Replacement] = []
        for start, name in parameters(tokens).items():
            variable = f"\u0001p{name}"
            cursor.execute(f'SET VARIABLE "{variable}" = $1', [value_of(Parameter(name), values)])
            sign = tokens.starting_at(start) or 0
            is_named = tokens[sign + 1].start == start + 1 and tokens[sign + 1].text == name
            end = start + 1 + (len(name) if is_named else 0)
            spliced.append((start, end, f"getvariable('{variable}')"))
        return splice(text, spliced), None

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
        if _TWICE in str(error):
            return SeveralMatches(name, "MERGE", "USING")
        if isinstance(error, duckdb.ParserException):
            return StatementInvalid(without_internal_names(str(error)))
        footing = self.footing
        with closing(Run(footing.instance, footing.settings, asked.statement, query)) as run:
            found = run.translated(error)
        if isinstance(found, IngitdbError):
            found.message = as_typed(found.message, asked.statement.source)
        return found
