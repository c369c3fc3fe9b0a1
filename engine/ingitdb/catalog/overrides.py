"""`.ingitdb/tables.yaml`: our own declarations, above definitions, data packages and discovery."""

from dataclasses import dataclass, field, replace
from typing import Any

from ingitdb.catalog.discovery import MAIN
from ingitdb.catalog.files import INGITDB, TABLES, Configuration
from ingitdb.catalog.globs import GlobInvalid, template
from ingitdb.catalog.parsed import Parsed, Way, parse
from ingitdb.catalog.record_schemas import read_record_schema
from ingitdb.catalog.rules import Rule, excludes, guessed_form, inside
from ingitdb.catalog.schema_check import check
from ingitdb.catalog.table_constraints import (
    EntryReader,
    groups,
    table_rules,
    with_said,
    wrong_pattern,
)
from ingitdb.formats.registry import by_name, name_of
from ingitdb.model.records import FormatFault, Problem
from ingitdb.model.tables import (
    Conventions,
    Declaration,
    DeclaredColumn,
    ForeignKey,
    Form,
    Location,
)

_DELIMITED = frozenset({"csv", "tsv"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What an entry of tables.yaml adds to a table.

    Attributes:
        key: Column names; empty for none.
        key_place: Path, line and column of the key.
        rules: As in a declaration.
        columns: What is said of columns; what is left out stays as something else declares it.
    """

    origin: str
    key: tuple[str, ...] = ()
    key_place: tuple[str, int, int] | None = None
    pointer: str | None = None
    header: bool | None = None
    format: str | None = None
    exclude: tuple[str, ...] = ()
    rules: tuple[tuple[str, Any], ...] = ()
    columns: tuple[DeclaredColumn, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    custom_rules: tuple[tuple[str, str], ...] = ()
    record_schema: str | None = None

    def on_rule(self, rule: Rule) -> Rule:
        """Gives a declared table with this entry's additions."""
        return replace(
            rule,
            location=self.on_location(rule.location),
            by_content=rule.by_content and self.pointer is None,
            exclude=(*rule.exclude, *self.exclude),
        )

    def on_location(self, where: Location) -> Location:
        """Gives a location with this entry's additions."""
        options = where.options
        if self.header is not None:
            options = replace(options, header=self.header)
        return replace(
            where,
            form=where.form if self.pointer is None else Form.FIELD_ITEMS,
            pointer=self.pointer or where.pointer,
            format=self.format or where.format,
            options=options,
            declaration=self._on_declaration(
                where.declaration, in_cells=(self.format or _format(where)) in _DELIMITED
            ),
        )

    def excludes(self, path: str) -> bool:
        """Tells whether the entry leaves a file out."""
        return excludes(self.exclude, path)

    def _on_declaration(self, declared: Declaration, *, in_cells: bool) -> Declaration:
        over = dict(self.rules)
        return replace(
            declared,
            columns=with_said(declared.columns, self.columns, in_cells=in_cells),
            primary_key=self.key or declared.primary_key,
            key_place=self.key_place if self.key else declared.key_place,
            foreign_keys=tuple(dict.fromkeys((*declared.foreign_keys, *self.foreign_keys))),
            origin=declared.origin or self.origin,
            rules=(*(r for r in declared.rules if r[0] not in over), *self.rules),
            unique=self.unique,
            indexes=self.indexes,
            checks=self.checks,
            custom_rules=self.custom_rules,
            record_schema=self.record_schema or declared.record_schema,
        )


@dataclass(slots=True)
class Overrides:
    """What tables.yaml says; nothing where it has an error.

    Attributes:
        discover: Whether to discover, or None where it does not say.
        overlays: Additions to tables that something else makes, by schema and name.
    """

    discover: bool | None = None
    conventions: Conventions = field(default_factory=Conventions)
    rules: tuple[Rule, ...] = ()
    overlays: dict[tuple[str, str], Overlay] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_overrides(configuration: Configuration) -> Overrides:
    """Reads tables.yaml, all of it or, with any error in it, nothing."""
    path = f"{INGITDB}{TABLES}"
    data = configuration.read(path)
    if data is None:
        return Overrides()
    try:
        parsed = parse(path, data)
    except FormatFault as fault:
        return Overrides(problems=(fault.at(path),))
    if parsed.value is None:
        return Overrides()
    problems = check(parsed, "tables")
    if problems:
        return Overrides(problems=tuple(problems))
    found = Overrides(
        discover=parsed.value.get("discover"), conventions=_conventions(parsed, problems)
    )
    reader = _Reader(configuration, parsed, problems)
    for name, value in parsed.value.get("tables", {}).items():
        reader.add(name, value, found)
    return Overrides(problems=tuple(problems)) if problems else found


def _conventions(parsed: Parsed, problems: list[Problem]) -> Conventions:
    naming = parsed.value.get("naming", {})
    for name, pattern in naming.items():
        said = wrong_pattern(pattern)
        if said is not None:
            problems.append(parsed.problem(said, ("naming", name)))
    return Conventions(**naming, rules=tuple(parsed.value.get("rules", {}).items()))


class _Reader:
    """Reads the entries of tables, and collects what is wrong with them."""

    def __init__(
        self, configuration: Configuration, parsed: Parsed, problems: list[Problem]
    ) -> None:
        self._configuration = configuration
        self._parsed = parsed
        self._problems = problems

    def add(self, name: str, value: dict[str, Any], found: Overrides) -> None:
        """Reads an entry."""
        schema = value.get("schema")
        if schema is None:
            head, _, table = name.rpartition(".")
            schema = head or MAIN
        else:
            table = name
        way = ("tables", name)
        globs = self._paths((*way, "glob"), value.get("glob"))
        overlay = self._overlay(way, schema, value)
        if value.get("glob") is None:
            found.overlays[(schema, table)] = overlay
            return
        origin = self._parsed.path
        rules = tuple(overlay.on_rule(_rule(origin, schema, table, glob)) for glob in globs)
        found.rules = (*found.rules, *rules)

    def _overlay(self, way: Way, schema: str, value: dict[str, Any]) -> Overlay:
        if value.get("format") is not None and by_name(value["format"]) is None:
            self._wrong(f"There is no format {value['format']!r}.", (*way, "format"))
        place = self._parsed.problem("", (*way, "key"))
        reader = EntryReader(self._parsed, way, schema, self._problems)
        return Overlay(
            origin=self._parsed.path,
            key=tuple(_listed(value.get("key"))),
            key_place=(place.path, place.line, place.column),
            pointer=value.get("pointer"),
            header=value.get("header"),
            format=value.get("format"),
            exclude=self._paths((*way, "exclude"), value.get("exclude")),
            rules=tuple(table_rules(value)),
            columns=tuple(reader.columns(value)),
            foreign_keys=tuple(reader.foreign_keys(value)),
            unique=groups(value, "unique"),
            indexes=groups(value, "indexes"),
            checks=tuple(value.get("checks", {}).items()),
            custom_rules=tuple(value.get("rules", {}).items()),
            record_schema=self._record_schema((*way, "record_schema"), value.get("record_schema")),
        )

    def _record_schema(self, way: Way, text: str | None) -> str | None:
        if text is None:
            return None
        path = inside("", text)
        if path is None or not self._configuration.exists(path):
            self._wrong(f"There is no file {text!r} in the repository.", way)
            return None
        return read_record_schema(self._configuration, path, self._problems)

    def _paths(self, way: Way, value: str | list[str] | None) -> tuple[str, ...]:
        found: list[str] = []
        for position, text in enumerate(_listed(value)):
            here = (*way, position) if isinstance(value, list) else way
            path = inside("", text)
            if path is None:
                self._wrong(f"The glob {text!r} leads out of the repository.", here)
                continue
            try:
                template(path)
            except GlobInvalid as error:
                self._wrong(str(error), here)
                continue
            found.append(path)
        return tuple(found)

    def _wrong(self, message: str, way: Way) -> None:
        self._problems.append(self._parsed.problem(message, way))


def _rule(origin: str, schema: str, table: str, glob: str) -> Rule:
    names = dict.fromkeys(name.partition(".")[0] for name in template(glob).names)
    location = Location(
        path=glob,
        schema=schema,
        name=table,
        form=guessed_form(glob),
        source="tables.yaml",
        reason=f"declared in {origin}",
        captures=tuple(name for name in names if name != "key"),
        declaration=Declaration(origin=origin),
    )
    return Rule(location=location, by_content=True)


def _listed(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def _format(where: Location) -> str | None:
    """Gives the format of a location's files as far as its path tells it."""
    return where.format or name_of(where.path)
