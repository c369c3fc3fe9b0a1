"""Configuration files as they are written: values that change, texts that keep all else."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ingitdb.catalog.files import INGITDB, ROOT_COLLECTIONS, SETTINGS, TABLES
from ingitdb.errors import WriteError
from ingitdb.formats.edits.changed_values import leaf_edits, same
from ingitdb.formats.edits.editing import edited, written
from ingitdb.formats.registry import by_name
from ingitdb.model.edits import EditFault
from ingitdb.model.records import FormatFault
from ingitdb.writes.definition_renames import renamed
from ingitdb.writes.table_texts import Texts

Steps: TypeAlias = tuple[str, ...]
_YAML = "yaml"
ROOTS = f"{INGITDB}{ROOT_COLLECTIONS}"
TABLES_FILE = f"{INGITDB}{TABLES}"
SETTINGS_FILE = f"{INGITDB}{SETTINGS}"


class DefinitionFiles:
    """YAML files of a commit, and what they become.

    Args:
        read: Gives the bytes of a file; None where there is none.
    """

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._texts: Texts = {}
        self._changed: set[str] = set()

    @property
    def texts(self) -> Texts:
        """By path the new bytes of each file that has changed."""
        return {path: self._texts[path] for path in sorted(self._changed)}

    def text(self, path: str) -> bytes | None:
        """Gives a file as it is by now."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def value(self, path: str) -> dict[str, Any]:
        """Gives what a file says by now; an empty map where there is none.

        Raises:
            WriteError: It cannot be read.
        """
        data = self.text(path)
        if data is None:
            return {}
        reader = by_name(_YAML)
        if reader is None:
            raise AssertionError(_YAML)
        try:
            value = reader.read(data).value
        except FormatFault as fault:
            raise WriteError(f"{path}: {fault.message}") from fault
        if value is not None and not isinstance(value, dict):
            raise WriteError(f"{path}: A map is expected here.")
        return value or {}

    def put(self, path: str, value: Mapping[str, Any] | None) -> None:
        """Lets a file say something else; None removes it.

        Raises:
            WriteError: It cannot be written so.
        """
        data = self.text(path)
        if value is None:
            self._set(path, None)
            return
        try:
            if not value and path == ROOTS:
                self._set(path, b"")  # upstream reads it as no collections
            elif data is None or not data.strip():
                self._set(path, written(_YAML, dict(value)))
            else:
                edits = list(leaf_edits(self.value(path), dict(value)))
                self._set(path, edited(_YAML, data, edits))
        except EditFault as fault:
            raise WriteError(f"{path}: {fault.message}") from fault

    def rename(self, path: str, place: Steps, name: str) -> None:
        """Gives a key of a file another name, at its place."""
        data = self.text(path)
        if data is not None:
            self._set(path, renamed(_YAML, data, {place: name}))

    def put_text(self, path: str, data: bytes | None) -> None:
        """Lets a file have other bytes; None removes it."""
        self.text(path)
        self._set(path, data)

    def entry(self, name: str) -> dict[str, Any]:
        """Gives what tables.yaml says of a table."""
        found = self.value(TABLES_FILE).get("tables", {}).get(name)
        return dict(found or {})

    def put_entry(self, name: str, entry: Mapping[str, Any]) -> None:
        """Lets tables.yaml say something else of a table; nothing where it is empty."""
        whole = dict(self.value(TABLES_FILE))
        tables = dict(whole.get("tables") or {})
        if entry:
            tables[name] = dict(entry)
        else:
            tables.pop(name, None)
        self.put_whole({**whole, "tables": tables})

    def put_whole(self, whole: Mapping[str, Any]) -> None:
        """Lets tables.yaml say something else; what is empty is left out."""
        kept = {name: value for name, value in whole.items() if value not in ({}, [], None)}
        if not same(self.value(TABLES_FILE), kept):
            self.put(TABLES_FILE, kept or None)

    def _set(self, path: str, data: bytes | None) -> None:
        if data != self._texts.get(path):
            self._changed.add(path)
        self._texts[path] = data


def without(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Gives a map without some of its keys."""
    return {name: item for name, item in value.items() if name not in names}


def lists_of_names(value: Any) -> Iterator[Sequence[str]]:
    """Gives each group of columns that `unique` or `indexes` has."""
    for group in [value] if isinstance(value, str) else value or []:
        yield [group] if isinstance(group, str) else group
