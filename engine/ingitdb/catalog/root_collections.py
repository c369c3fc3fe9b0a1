"""Which collections a tree declares: root-collections.yaml, imported namespaces, legacy marks."""

import re
from dataclasses import dataclass, field

from ingitdb.catalog.files import INGITDB, ROOT_COLLECTIONS, SETTINGS, Configuration
from ingitdb.catalog.parsed import Parsed, parse
from ingitdb.catalog.rules import inside
from ingitdb.catalog.schema_check import check
from ingitdb.model.records import FormatFault, Problem

_LEGACY = (".ingitdb.yaml", ".ingitdb/schema.json")
_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._]*[A-Za-z0-9])?(\.\*)?\Z")
_LEGACY_COLLECTION = ".ingitdb-collection.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A collection that root-collections.yaml names.

    Attributes:
        id: The full id, such as `geo.countries`.
        folder: The collection's folder, from the root of the repository.
        origin: Where it is named, for problems.
        key: The key it has in that file.
    """

    id: str
    folder: str
    origin: Parsed
    key: str


@dataclass(slots=True)
class Entries:
    """The collections of a tree, and what is wrong with their list."""

    found: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    declared: bool = False


def read_entries(configuration: Configuration) -> Entries:
    """Reads which collections there are."""
    entries = Entries()
    _check_settings(configuration, entries)
    path = f"{INGITDB}{ROOT_COLLECTIONS}"
    if not configuration.exists(path):
        entries.problems.extend(_legacy(configuration))
        return entries
    listed = _read_list(configuration, "", entries)
    if listed is None:
        return entries
    for key, folder in (listed.value or {}).items():
        entries.declared = True
        if key.endswith(".*"):
            _import(configuration, listed, key, folder, entries)
        else:
            _add(listed, key, key, inside("", folder), entries)
    entries.found.sort(key=lambda entry: entry.id)
    return entries


def _read_list(configuration: Configuration, folder: str, entries: Entries) -> Parsed | None:
    path = f"{folder}/{INGITDB}{ROOT_COLLECTIONS}" if folder else f"{INGITDB}{ROOT_COLLECTIONS}"
    data = configuration.read(path)
    if data is None:
        return None
    try:
        parsed = parse(path, data)
    except FormatFault as fault:
        entries.problems.append(fault.at(path))
        return None
    problems = check(parsed, "root-collections")
    entries.problems.extend(problems)
    if not isinstance(parsed.value, dict):
        return None if problems else parsed
    good = {
        key: value
        for key, value in parsed.value.items()
        if isinstance(value, str) and value and _ID.match(key)
    }
    return Parsed(path, good, parsed.places)


def _import(
    configuration: Configuration, listed: Parsed, key: str, folder: str, entries: Entries
) -> None:
    where = inside("", folder)
    if where is None:
        entries.problems.append(listed.problem(_leads_out(folder), (key,)))
        return
    imported = _read_list(configuration, where, entries)
    if imported is None or not imported.value:
        message = f"The namespace {key} has no collections: {where}/{INGITDB}{ROOT_COLLECTIONS}"
        ending = "does not exist." if imported is None else "names none."
        entries.problems.append(listed.problem(f"{message} {ending}", (key,)))
        return
    for name, path in imported.value.items():
        if name.endswith(".*"):
            message = (
                f"The namespace {name} is not imported: a namespace is imported one level deep."
            )
            entries.problems.append(imported.problem(message, (name,), warning=True))
        else:
            _add(imported, name, f"{key[:-1]}{name}", inside(where, path), entries)


def _add(listed: Parsed, key: str, full_id: str, folder: str | None, entries: Entries) -> None:
    text: str = listed.value[key]
    message = None
    if folder is None:
        message = _leads_out(text)
    elif "*" in text:
        message = f"The path {text!r} of {full_id} has a wildcard."
    elif any(e.folder == folder and e.origin.path == listed.path for e in entries.found):
        message = f"The path {text!r} of {full_id} is that of another collection."
    elif any(entry.id == full_id for entry in entries.found):
        message = f"The collection {full_id} is named twice."
    if message is not None or folder is None:
        entries.problems.append(listed.problem(message or "", (key,)))
        return
    entries.found.append(Entry(id=full_id, folder=folder, origin=listed, key=key))


def _leads_out(path: str) -> str:
    return f"The path {path!r} leads out of the repository."


def _check_settings(configuration: Configuration, entries: Entries) -> None:
    path = f"{INGITDB}{SETTINGS}"
    data = configuration.read(path)
    if data is None:
        return
    try:
        found = check(parse(path, data), "settings")
    except FormatFault as fault:
        found = [fault.at(path)]
    entries.problems.extend(
        Problem(path=p.path, message=p.message, line=p.line, column=p.column, severity="warning")
        for p in found
    )


def _legacy(configuration: Configuration) -> list[Problem]:
    marks = [path for path in _LEGACY if configuration.exists(path)]
    marks.extend(
        path for path in configuration.paths if path.rpartition("/")[2] == _LEGACY_COLLECTION
    )
    if not marks:
        return []
    message = (
        "This is the inGitDB layout before 2026. Its definitions are not read; tables are"
        " discovered from the records instead. The present layout has"
        " .ingitdb/root-collections.yaml."
    )
    return [Problem(path=marks[0], message=message, severity="warning")]
