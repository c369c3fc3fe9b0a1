"""`.ingitdb/tables.yaml`: our own declarations, above definitions, data packages and discovery."""

from dataclasses import dataclass, field, replace
from typing import Any

from ingitdb.catalog.discovery import MAIN
from ingitdb.catalog.files import INGITDB, TABLES, Configuration
from ingitdb.catalog.globs import GlobInvalid, template
from ingitdb.catalog.parsed import Parsed, Way, parse
from ingitdb.catalog.rules import Rule, excludes, guessed_form, inside
from ingitdb.catalog.schema_check import check
from ingitdb.formats.registry import by_name
from ingitdb.model.records import FormatFault, Problem
from ingitdb.model.tables import Declaration, DeclaredColumn, Form, Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What an entry of tables.yaml adds to a table.

    Attributes:
        key: Column names; empty for none.
        key_place: Path, line and column of the key.
        renamed_columns: Pairs of a column's name and the one it had before.
    """

    origin: str
    key: tuple[str, ...] = ()
    key_place: tuple[str, int, int] | None = None
    pointer: str | None = None
    header: bool | None = None
    format: str | None = None
    exclude: tuple[str, ...] = ()
    renamed_from: str | None = None
    renamed_columns: tuple[tuple[str, str], ...] = ()
    merge: str | None = None

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
            declaration=self._on_declaration(where.declaration),
        )

    def excludes(self, path: str) -> bool:
        """Tells whether the entry leaves a file out."""
        return excludes(self.exclude, path)

    def _on_declaration(self, declared: Declaration) -> Declaration:
        rules = dict(declared.rules)
        if self.renamed_from is not None:
            rules["renamed_from"] = self.renamed_from
        if self.merge is not None:
            rules["merge"] = self.merge
        added = tuple(item for item in rules.items() if item not in declared.rules)
        return replace(
            declared,
            columns=self._on_columns(declared.columns),
            primary_key=self.key or declared.primary_key,
            key_place=self.key_place if self.key else declared.key_place,
            origin=declared.origin or self.origin,
            rules=(*(r for r in declared.rules if r[0] not in dict(added)), *added),
        )

    def _on_columns(self, columns: tuple[DeclaredColumn, ...]) -> tuple[DeclaredColumn, ...]:
        renamed = dict(self.renamed_columns)
        found = [
            replace(column, rules=(*column.rules, ("renamed_from", renamed.pop(column.name))))
            if column.name in renamed
            else column
            for column in columns
        ]
        found.extend(
            DeclaredColumn(name=new, type=None, rules=(("renamed_from", old),))
            for new, old in renamed.items()
        )
        return tuple(found)


@dataclass(slots=True)
class Overrides:
    """What tables.yaml says; nothing where it has an error.

    Attributes:
        discover: Whether to discover, or None where it does not say.
        overlays: Additions to tables that something else makes, by schema and name.
    """

    discover: bool | None = None
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
    found = Overrides(discover=parsed.value.get("discover"))
    for name, value in parsed.value.get("tables", {}).items():
        _add(parsed, name, value, found, problems)
    return Overrides(problems=tuple(problems)) if problems else found


def _add(
    parsed: Parsed, name: str, value: dict[str, Any], found: Overrides, problems: list[Problem]
) -> None:
    schema = value.get("schema")
    if schema is None:
        head, _, name_only = name.rpartition(".")
        schema, table = head or MAIN, name_only
    else:
        table = name
    way = ("tables", name)
    globs = _paths(parsed, (*way, "glob"), value.get("glob"), problems)
    overlay = _overlay(parsed, way, value, problems)
    if value.get("glob") is None:
        found.overlays[(schema, table)] = overlay
        return
    rules = tuple(overlay.on_rule(_rule(parsed.path, schema, table, glob)) for glob in globs)
    found.rules = (*found.rules, *rules)


def _overlay(parsed: Parsed, way: Way, value: dict[str, Any], problems: list[Problem]) -> Overlay:
    columns = value.get("columns", {})
    if value.get("format") is not None and by_name(value["format"]) is None:
        message = f"There is no format {value['format']!r}."
        problems.append(parsed.problem(message, (*way, "format")))
    place = parsed.problem("", (*way, "key"))
    return Overlay(
        origin=parsed.path,
        key=tuple(_listed(value.get("key"))),
        key_place=(place.path, place.line, place.column),
        pointer=value.get("pointer"),
        header=value.get("header"),
        format=value.get("format"),
        exclude=_paths(parsed, (*way, "exclude"), value.get("exclude"), problems),
        renamed_from=value.get("renamed_from"),
        renamed_columns=tuple(
            (new, column["renamed_from"]) for new, column in columns.items() if column
        ),
        merge=value.get("merge"),
    )


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


def _paths(
    parsed: Parsed, way: Way, value: str | list[str] | None, problems: list[Problem]
) -> tuple[str, ...]:
    found: list[str] = []
    for position, text in enumerate(_listed(value)):
        here = (*way, position) if isinstance(value, list) else way
        path = inside("", text)
        if path is None:
            message = f"The glob {text!r} leads out of the repository."
            problems.append(parsed.problem(message, here))
            continue
        try:
            template(path)
        except GlobInvalid as error:
            problems.append(parsed.problem(str(error), here))
            continue
        found.append(path)
    return tuple(found)
