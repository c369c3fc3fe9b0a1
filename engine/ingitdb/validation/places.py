"""Line and column of what breaks a rule; a file is looked into only once something in it does."""

from collections.abc import Callable
from dataclasses import dataclass

from ingitdb.catalog.record_places import record_places
from ingitdb.formats.positions import Positions, positions
from ingitdb.formats.registry import by_name, by_path
from ingitdb.model.edits import Place
from ingitdb.model.records import FormatFault
from ingitdb.model.tables import Location

_MOST_FILES = 64


@dataclass(frozen=True, slots=True)
class _File:
    """A file with the places of its records."""

    positions: Positions
    records: list[Place]


class FilePlaces:
    """Finds places in the files of one commit.

    Args:
        read: Gives the bytes of a path; None where it cannot.
    """

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._files: dict[tuple[str, str], _File | None] = {}

    def of(
        self, location: Location, path: str, number: int, way: Place, line: int = 0
    ) -> tuple[int, int]:
        """Gives line and column of a value of a record, or of the nearest thing around it.

        Args:
            location: Where the record's table lies.
            path: The file.
            number: The number of the record in it, counted from 1.
            way: What leads from the record to the value; empty for the record.
            line: What to give where nothing is known.
        """
        file = self._file(location, path)
        if file is None or number > len(file.records):
            return line, 0
        place: Place = (*file.records[number - 1], *way)
        least = len(file.records[number - 1])
        while True:
            found = file.positions.of(place)
            if found is not None:
                return found
            if len(place) <= least:
                return line, 0
            place = place[:-1]

    def _file(self, location: Location, path: str) -> _File | None:
        name = (path, location.storage)
        if name not in self._files:
            if len(self._files) >= _MOST_FILES:
                self._files.clear()
            self._files[name] = self._opened(location, path)
        return self._files[name]

    def _opened(self, location: Location, path: str) -> _File | None:
        form = by_name(location.format) if location.format is not None else by_path(path)
        data = self._read(path)
        if form is None or data is None:
            return None
        try:
            document = form.read(data, location.options)
        except FormatFault:
            return None
        found = positions(form.name, data, document, location.options)
        return _File(found, list(record_places(document, location)))
