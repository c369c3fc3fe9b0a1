"""Collections as tables: definition.yaml, what it inherits, and its subcollections."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingitdb.catalog.collection import Collection
from ingitdb.catalog.collection_rules import rule_of
from ingitdb.catalog.declared_columns import declaration
from ingitdb.catalog.files import DEFINITION, RECORD_SCHEMA, Configuration
from ingitdb.catalog.globs import literal
from ingitdb.catalog.parsed import Parsed, parse
from ingitdb.catalog.record_schemas import read_record_schema
from ingitdb.catalog.references import resolve_references
from ingitdb.catalog.root_collections import Entry, read_entries
from ingitdb.catalog.rules import Rule, inside
from ingitdb.catalog.schema_check import check
from ingitdb.model.records import FormatFault, Problem

_SHARED = ".collections"
_DEDICATED = ".collection"
_INHERITED = (
    "record_file",
    "data_dir",
    "columns_order",
    "primary_key",
    "default_view",
    "readme",
    "conflict_resolution",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """The tables that upstream's definitions declare.

    Attributes:
        declared: Whether root-collections.yaml names anything, which turns discovery off.
        folders: The folders that belong to one collection alone, with the collection's id.
    """

    rules: tuple[Rule, ...] = ()
    problems: tuple[Problem, ...] = ()
    declared: bool = False
    folders: dict[str, str] = field(default_factory=dict)


def read_definitions(configuration: Configuration) -> Definitions:
    """Reads all definitions that root-collections.yaml leads to."""
    entries = read_entries(configuration)
    reader = _Reader(configuration, entries.problems)
    rules: list[tuple[Collection, Rule]] = []
    folders: dict[str, str] = {}
    for entry in entries.found:
        for collection in reader.tree(entry):
            if not collection.shared and collection.parent is None:
                folders[entry.folder] = collection.id
            schema = f"{collection.schema_folder}/{RECORD_SCHEMA}"
            record_schema = read_record_schema(configuration, schema, reader.problems)
            declared = declaration(collection, reader.problems, record_schema)
            rule = None if declared is None else rule_of(collection, declared, reader.problems)
            if rule is not None:
                rules.append((collection, rule))
    return Definitions(
        rules=tuple(resolve_references(rules, reader.problems)),
        problems=tuple(reader.problems),
        declared=entries.declared,
        folders=folders,
    )


class _Reader:
    """Reads definitions and collects what is wrong with them."""

    def __init__(self, configuration: Configuration, problems: list[Problem]) -> None:
        self._configuration = configuration
        self.problems = problems

    def tree(self, entry: Entry) -> Iterator[Collection]:
        """Gives a collection and all below it; nothing where its definition cannot be used."""
        dedicated = _join(entry.folder, _DEDICATED, DEFINITION)
        plain = _join(entry.folder, DEFINITION)
        has = {path: self._configuration.exists(path) for path in (dedicated, plain)}
        if all(has.values()) or not any(has.values()):
            message = (
                f"The collection {entry.id} has two definitions: {dedicated} and {plain}."
                if all(has.values())
                else f"The collection {entry.id} has no {dedicated}."
            )
            self.problems.append(entry.origin.problem(message, (entry.key,)))
            return
        path = dedicated if has[dedicated] else plain
        definition = self._definition(path)
        folder = None if definition is None else self._data_folder(entry, definition, has[plain])
        if definition is None or folder is None:
            return
        collection = Collection(
            id=entry.id,
            folder=literal(folder),
            schema_folder=path.rpartition("/")[0],
            definition=definition,
            shared=has[plain],
        )
        yield collection
        yield from self._below(collection)

    def _data_folder(self, entry: Entry, definition: Parsed, shared: bool) -> str | None:
        if not shared:
            return entry.folder
        head, _, last = entry.folder.rpartition("/")
        above, _, marker = head.rpartition("/")
        base = above if marker == _SHARED and last else entry.folder
        folder = inside(base, definition.value.get("data_dir", "."))
        if folder is None:
            text = f"The data_dir {definition.value['data_dir']!r} leads out of the repository."
            self.problems.append(definition.problem(text, ("data_dir",)))
        return folder

    def _below(self, parent: Collection) -> Iterator[Collection]:
        for name, path in self._subcollection_paths(parent):
            definition = self._definition(path)
            if definition is None:
                continue
            collection = Collection(
                id=f"{parent.id}/{name}",
                folder=_instance_folder(parent, name),
                schema_folder=path.rpartition("/")[0],
                definition=definition,
                shared=parent.shared,
                parent=parent,
            )
            yield collection
            yield from self._below(collection)

    def _subcollection_paths(self, parent: Collection) -> Iterator[tuple[str, str]]:
        below = "" if parent.shared else "/subcollections"
        folder = f"{parent.schema_folder}{below}/"
        for path in self._configuration.paths:
            if path.startswith(folder) and path.endswith(f"/{DEFINITION}"):
                name = path[len(folder) : -len(DEFINITION) - 1]
                if name and "/" not in name and not (parent.shared and name.startswith("$")):
                    yield name, path

    def _definition(self, path: str) -> Parsed | None:
        try:
            parsed = self._inherited(path, ())
        except FormatFault as fault:
            self.problems.append(fault.at(path))
            return None
        found = check(parsed, "definition", lenient=True)
        self.problems.extend(found)
        return None if any(p.severity == "error" for p in found) else parsed

    def _inherited(self, path: str, children: tuple[str, ...]) -> Parsed:
        data = self._configuration.read(path)
        if data is None:
            raise FormatFault(f"The definition {path} does not exist.")
        parsed = parse(path, data)
        base = parsed.value.get("inherits") if isinstance(parsed.value, dict) else None
        if not isinstance(base, str):
            return parsed
        line = parsed.places.get(("inherits",), (0, 0))[0]
        where = inside(path.rpartition("/")[0], base)
        if where is None:
            raise FormatFault(f"The base {base!r} leads out of the repository.", line=line)
        if where == path or where in children:
            raise FormatFault(f"The base {base!r} inherits this definition in turn.", line=line)
        try:
            inherited = self._inherited(where, (*children, path))
        except FormatFault as fault:
            raise FormatFault(f"{where}: {fault.message}", line=line) from fault
        if not isinstance(inherited.value, dict):
            raise FormatFault(f"The base {where} is no map.", line=line)
        return Parsed(path, _merged(parsed.value, inherited.value), parsed.places)


def _merged(child: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    found = dict(child)
    for name in ("columns", "titles"):
        ours, theirs = child.get(name, {}), base.get(name, {})
        if isinstance(ours, dict) and isinstance(theirs, dict) and (ours or theirs):
            found[name] = {**theirs, **ours}
    for name in _INHERITED:
        if name not in found and name in base:
            found[name] = base[name]
    return found


def _instance_folder(parent: Collection, name: str) -> str:
    """Gives the template of a subcollection's folders, in both conventions of placing them.

    The one has `$records/` before the parent's key, the other has not.
    """
    folders = ["$records/", ""]
    own = parent.record_file.get("records_dir")
    if isinstance(own, str) and own not in (".", "$records"):
        folders.insert(0, f"{own}/")
    above = parent.folder
    capture = "{_parent}"
    if parent.parent is not None:
        above = above.replace("{_parent}", "{_parent.1}")
        capture = f"{{_parent.{parent.depth + 1}}}"
    choice = "{" + ",".join(literal(f).replace(",", "[,]") for f in folders) + "}"
    return f"{above}/{choice}{capture}/{literal(name)}" if above else f"{choice}{capture}/{name}"


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
