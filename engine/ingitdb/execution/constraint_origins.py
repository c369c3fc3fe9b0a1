"""Where a constraint is declared: the file, and the line in it."""

from collections.abc import Iterator
from functools import cached_property

from ingitdb.catalog.discovery import MAIN
from ingitdb.catalog.files import INGITDB, TABLES
from ingitdb.catalog.naming import NamedTable
from ingitdb.catalog.parsed import Parsed, Way, parse
from ingitdb.execution.constraint_states import State
from ingitdb.model.records import FormatFault

Place = tuple[str, int, int]
"""Path, line and column."""
TABLES_FILE = f"{INGITDB}{TABLES}"


class Origins:
    """The declaring files of a state, read when they are asked for."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._files: dict[str, Parsed] = {}

    def of(self, table: NamedTable | None, way: Way) -> Place:
        """Gives the place of what is declared; of the nearest thing around it that has one.

        Args:
            table: The table; None for what tables.yaml says of the whole repository.
            way: What leads to it from the table's own declarations.
        """
        best: tuple[int, Place] = (-1, ("", 0, 0))
        for parsed, whole in self._candidates(table, way):
            length = len(whole)
            while length and whole[:length] not in parsed.places:
                length -= 1
            reached = length - (len(whole) - len(way))
            if reached > best[0]:
                line, column = parsed.places.get(whole[:length], (0, 0))
                best = (reached, (parsed.path, line, column))
        return best[1]

    def _candidates(self, table: NamedTable | None, way: Way) -> Iterator[tuple[Parsed, Way]]:
        if table is None:
            yield self._parsed(TABLES_FILE), way
            return
        entry = self._entries.get((table.schema, table.name))
        if entry is not None:
            yield self._parsed(TABLES_FILE), ("tables", entry, *way)
        origin = table.locations[0].declaration.origin
        if origin and origin != TABLES_FILE:
            yield self._parsed(origin), way

    @cached_property
    def _entries(self) -> dict[tuple[str, str], str]:
        """The entries of tables.yaml by the schema and name of the table that each is about."""
        value = self._parsed(TABLES_FILE).value
        tables = value.get("tables") if isinstance(value, dict) else None
        found = {}
        for name, said in (tables if isinstance(tables, dict) else {}).items():
            head, _, last = name.rpartition(".")
            schema = said.get("schema") if isinstance(said, dict) else None
            found[(schema, name) if schema else (head or MAIN, last)] = name
        return found

    def _parsed(self, path: str) -> Parsed:
        if path not in self._files:
            data = self._state.read(path)
            try:
                self._files[path] = parse(path, data) if data is not None else Parsed(path, None)
            except FormatFault:
                self._files[path] = Parsed(path, None)
        return self._files[path]
