"""Frictionless data packages: their resources as tables.

What cannot be used is a warning, and the files are left to discovery.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ingitdb.catalog.discovery import slot
from ingitdb.catalog.files import Configuration
from ingitdb.catalog.globs import is_literal, one_of
from ingitdb.catalog.package_cells import Warn, read_cells
from ingitdb.catalog.package_fields import PackageFault, declared_columns, options_of
from ingitdb.catalog.parsed import Parsed, parse
from ingitdb.catalog.rules import Rule, frozen, guessed_form, inside
from ingitdb.catalog.wellknown import PACKAGE_NAMES, ROWS_EXTENSIONS, stem
from ingitdb.formats.registry import extension_of, is_known, name_of
from ingitdb.model.records import FormatFault, Problem
from ingitdb.model.tables import Declaration, ForeignKey, Location

_FORMATS = {"csv": "csv", "tsv": "tsv", "json": "json", "yaml": "yaml", "jsonl": "jsonl"}
_ROWS_FORMATS = frozenset({"csv", "tsv", "jsonl"})
_DELIMITED = frozenset({"csv", "tsv"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """The tables that data packages declare.

    Attributes:
        expected: The paths of resources, each with the problem that there is where it has no file.
    """

    rules: tuple[Rule, ...] = ()
    expected: tuple[tuple[str, Problem], ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resource:
    """A resource that can be used."""

    position: int
    name: str | None
    rule: Rule
    foreign_keys: Any


def read_packages(configuration: Configuration) -> Packages:
    """Reads all data packages of a tree."""
    problems: list[Problem] = []
    rules: list[Rule] = []
    expected: list[tuple[str, Problem]] = []
    for folder in _folders(configuration):
        package = _package(configuration, folder, problems)
        if package is None:
            continue
        reader = _Reader(configuration, package, folder, problems)
        rules.extend(reader.rules())
        expected.extend(reader.expected)
    return Packages(rules=tuple(rules), expected=tuple(expected), problems=tuple(problems))


def _folders(configuration: Configuration) -> list[str]:
    found = {
        path.rpartition("/")[0]
        for path in configuration.paths
        if path.rpartition("/")[2] in PACKAGE_NAMES
    }
    return sorted(f for f in found if not any(part.startswith(".") for part in f.split("/")))


def _package(configuration: Configuration, folder: str, problems: list[Problem]) -> Parsed | None:
    """Reads the package of a folder; of two descriptions the JSON one."""
    chosen: Parsed | None = None
    for name in PACKAGE_NAMES:
        path = f"{folder}/{name}" if folder else name
        data = configuration.read(path)
        if data is None:
            continue
        try:
            parsed = parse(path, data)
        except FormatFault as fault:
            problems.append(_warning(fault.at(path), "Its files are discovered instead."))
            continue
        if chosen is None:
            chosen = parsed
        elif chosen.value != parsed.value:
            message = f"It differs from {chosen.path}, which is used."
            problems.append(parsed.problem(message, warning=True))
    return chosen


class _Reader:
    """Reads the resources of one package."""

    def __init__(
        self, configuration: Configuration, package: Parsed, folder: str, problems: list[Problem]
    ) -> None:
        self._configuration = configuration
        self._package = package
        self._folder = folder
        self._problems = problems
        self.expected: list[tuple[str, Problem]] = []

    def rules(self) -> Iterator[Rule]:
        """Gives a rule for each resource that can be used."""
        value = self._package.value
        resources = value.get("resources") if isinstance(value, dict) else None
        if not isinstance(resources, list):
            self._warn("It has no list of resources; the files are discovered instead.")
            return
        found: list[_Resource] = []
        taken: set[str] = set()
        for position, resource in enumerate(resources):
            try:
                paths = self._paths(resource, taken)
                found.append(self._resource(position, resource, paths))
            except PackageFault as fault:
                named = resource.get("name") if isinstance(resource, dict) else None
                said = f"The resource {named!r}" if named else f"Resource {position + 1}"
                self._warn(f"{said} is not used: {fault}", "resources", position)
            else:
                taken.update(paths)
                self._expect(position, resource, paths)
        for one in found:
            yield self._with_foreign_keys(one, found)

    def _warn(self, message: str, *way: str | int) -> None:
        self._problems.append(self._package.problem(message, way, warning=True))

    def _expect(self, position: int, resource: dict[str, Any], paths: list[str]) -> None:
        named = resource.get("name") or paths[0]
        way = ("resources", position, "path")
        for path in paths:
            text = f"The resource {named!r} has no file {path!r}"
            text += "." if is_literal(path) else "; a path is taken as it is, without wildcards."
            self.expected.append((path, self._package.problem(text, way, warning=True)))

    def _paths(self, resource: Any, taken: set[str]) -> list[str]:
        if not isinstance(resource, dict):
            raise PackageFault("it is no map.")
        paths = resource.get("path")
        paths = [paths] if isinstance(paths, str) else paths
        if not isinstance(paths, list) or not paths or not all(isinstance(p, str) for p in paths):
            raise PackageFault("it has no path; data inside the description are not read.")
        found: list[str] = []
        for path in paths:
            where = None if "://" in path else inside(self._folder, path)
            if where is None:
                raise PackageFault(f"its path {path!r} leads out of the repository.")
            if where in taken or where in found:
                raise PackageFault(f"its path {path!r} belongs to another resource.")
            found.append(where)
        return found

    def _resource(self, position: int, resource: dict[str, Any], paths: list[str]) -> _Resource:
        first = paths[0]
        suffix, known = extension_of(first), is_known(first)
        form = None if known else _FORMATS.get(str(resource.get("format", "")).lower())
        if not known and form is None:
            raise PackageFault(f"there is no record format {suffix or first!r}.")
        schema = self._referenced(resource.get("schema"))
        dialect = self._referenced(resource.get("dialect"))
        name = resource.get("name") if isinstance(resource.get("name"), str) else None
        delimited = (form or name_of(first)) in _DELIMITED
        warn = self._schema_warner(position)
        cells = read_cells(schema, warn, delimited=delimited)
        declared = declared_columns(schema, self._package.path, warn, cells)
        location = Location(
            path=one_of(paths),
            schema=slot(first.rpartition("/")[0]).schema,
            name=stem(first) if len(paths) == 1 else (name or stem(first)),
            form=guessed_form(first if form not in _ROWS_FORMATS else f"x.{form}"),
            source="data package",
            reason=f"a resource of {self._package.path}",
            full_name=first.rpartition("/")[2] if len(paths) == 1 else None,
            format=form,
            options=options_of(resource, dialect, schema, cells),
            declaration=_titled(declared, resource, name),
        )
        by_content = suffix not in ROWS_EXTENSIONS and form not in _ROWS_FORMATS
        rule = Rule(location=location, by_content=by_content)
        return _Resource(
            position=position, name=name, rule=rule, foreign_keys=schema.get("foreignKeys")
        )

    def _schema_warner(self, position: int) -> Warn:
        def warn(message: str, *way: str | int) -> None:
            self._warn(message, "resources", position, "schema", *way)

        return warn

    def _referenced(self, value: Any) -> dict[str, Any]:
        """Gives a part of a resource that may stand in a file of its own."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        path = inside(self._folder, value) if isinstance(value, str) else None
        data = None if path is None or "://" in value else self._configuration.read(path)
        if path is None or data is None:
            raise PackageFault(f"{value!r} cannot be found in the repository.")
        try:
            found = parse(path, data).value
        except FormatFault as fault:
            raise PackageFault(f"{path}: {fault.message}") from fault
        if not isinstance(found, dict):
            raise PackageFault(f"{path} is no map.")
        return found

    def _with_foreign_keys(self, one: _Resource, resources: list[_Resource]) -> Rule:
        if not one.foreign_keys:
            return one.rule
        targets = {r.name: r.rule.location for r in resources if r.name is not None}
        found: list[ForeignKey] = []
        for value in one.foreign_keys if isinstance(one.foreign_keys, list) else [None]:
            key = _foreign_key(value, one.rule.location, targets)
            if key is None:
                way = ("resources", one.position, "schema", "foreignKeys")
                self._warn("A foreign key leads to no resource or column of this package.", *way)
            else:
                found.append(key)
        declared = replace(one.rule.location.declaration, foreign_keys=tuple(found))
        return replace(one.rule, location=replace(one.rule.location, declaration=declared))


def _titled(declared: Declaration, resource: dict[str, Any], name: str | None) -> Declaration:
    rules = [*declared.rules]
    if name is not None:
        rules.append(("alias", name))
    if isinstance(resource.get("description"), str):
        rules.append(("description", frozen(resource["description"])))
    title = resource.get("title")
    return replace(declared, title=title if isinstance(title, str) else None, rules=tuple(rules))


def _foreign_key(value: Any, own: Location, targets: dict[str, Location]) -> ForeignKey | None:
    reference = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(reference, dict):
        return None
    resource = reference.get("resource") or ""
    target = targets.get(resource) if resource else own
    columns, references = _names(value.get("fields")), _names(reference.get("fields"))
    if target is None or not columns or len(columns) != len(references):
        return None
    return ForeignKey(
        columns=columns, schema=target.schema, table=target.name, references=references
    )


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    return ()


def _warning(problem: Problem, ending: str) -> Problem:
    return replace(problem, message=f"{problem.message} {ending}", severity="warning")
