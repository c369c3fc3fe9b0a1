"""Where the files of a snapshot lie: which tables have any, their blobs, the columns they name."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeAlias

from ingitdb.catalog.globs import literal_start
from ingitdb.catalog.naming import NamedTable
from ingitdb.model.identifiers import BlobId
from ingitdb.model.tables import Form, Location
from ingitdb.model.types import quote_literal
from ingitdb.snapshots.parts import standing
from ingitdb.snapshots.segments import Segment
from ingitdb.snapshots.sought import Found
from ingitdb.snapshots.store import Base

_Paths: TypeAlias = Collection[str] | None
Find: TypeAlias = Callable[[Segment, Sequence[str], _Paths], list[Found] | None]
_PLACED = ("path", "blob", "location", "_from", "_to")


class Placements:
    """The files that stand at a commit.

    Args:
        bases: What answers for the commit.
        file: Gives SQL that reads a cache file.
        query: Runs SQL.
        find: Gives the rows of some paths without SQL; see `Bodies.found`.
    """

    def __init__(
        self,
        bases: Sequence[Base],
        file: Callable[[Segment], str],
        query: Callable[[str], list[tuple[Any, ...]]],
        find: Find,
    ) -> None:
        self._bases = bases
        self._file = file
        self._query = query
        self._find = find

    def locations(self) -> set[Location]:
        """Gives the locations that have files, and those that are declared."""
        found: set[Location] = set()
        for base in self._bases:
            locations = base.manifest.locations
            found |= {locations[number] for number in self._standing(base)}
        if self._bases:
            first = self._bases[0]
            if first.manifest.layouts:
                declared = first.manifest.layout_at(first.ordinal).declared
                found |= {first.manifest.locations[number] for number in declared}
        return found

    def standing_among(self, paths: Collection[str]) -> set[str]:
        """Gives those of some paths that have a file with a place in a table."""
        wanted = ", ".join(quote_literal(path) for path in sorted(paths))
        found: set[str] = set()
        for base in self._bases:
            rows = self._query(
                f"SELECT DISTINCT path FROM {self._file(base.manifest.placements)}"
                f" WHERE path IN ({wanted}) AND {standing(base, 'path')}"
            )
            found |= {path for (path,) in rows}
        return found

    def of(self, table: NamedTable) -> list[tuple[str, BlobId]]:
        """Gives path and blob of each file that holds records of a table, by path."""
        found = self._query(f"{self.blobs(table)} ORDER BY path")
        return [(path, BlobId(blob)) for path, blob in found]

    def located(self, table: NamedTable) -> dict[str, Location]:
        """Gives how the records of each file of a table belong to it, by path."""
        wanted = set(table.locations)
        found: dict[str, Location] = {}
        for base in self._bases:
            numbered = enumerate(base.manifest.locations)
            numbers = {number: where for number, where in numbered if where in wanted}
            if numbers:
                listed = ", ".join(map(str, numbers))
                rows = self._query(
                    f"SELECT path, location FROM {self._file(base.manifest.placements)}"
                    f" WHERE location IN ({listed}) AND {standing(base, 'path')}"
                )
                found |= {path: numbers[number] for path, number in rows}
        return found

    def places(
        self, table: NamedTable, paths: Collection[str]
    ) -> dict[str, tuple[BlobId, Location]]:
        """Gives for some paths the blob and how its records belong to a table, where they do."""
        wanted = set(table.locations)
        found: dict[str, tuple[BlobId, Location]] = {}
        for base in self._bases:
            known = [path for path in paths if path not in base.without]
            for path, blob, number in self._placed(base, known) if known else ():
                where = base.manifest.locations[number]
                if where in wanted:
                    found[path] = BlobId(blob), where
        return found

    def _placed(self, base: Base, paths: Collection[str]) -> list[tuple[Any, ...]]:
        """Gives path, blob and number of location of some files as they stand in a base."""
        known = self._find(base.manifest.placements, _PLACED, paths)
        if known is not None:
            rows = (tuple(cells.values()) for _, cells in known)
            return [row[:3] for row in rows if row[3] <= base.ordinal < row[4]]
        listed = ", ".join(quote_literal(path) for path in paths)
        return self._query(
            f"SELECT path, blob, location FROM {self._file(base.manifest.placements)}"
            f" WHERE path IN ({listed}) AND _from <= {base.ordinal} AND _to > {base.ordinal}"
        )

    def last(self, table: NamedTable) -> str | None:
        """Gives the last path of a table's files; None if it has none."""
        ((path,),) = self._query(f"SELECT max(path) FROM ({self.blobs(table)})")
        return None if path is None else str(path)

    def count(self, table: NamedTable) -> int:
        """Counts the files that hold records of a table."""
        ((count,),) = self._query(f"SELECT count(*) FROM ({self.blobs(table)})")
        return int(count)

    def blobs(self, table: NamedTable) -> str:
        """Gives SQL for the blob of each path of a table: columns `path`, `blob`."""
        return self._known(table, "path, blob") or "SELECT '' AS path, '' AS blob WHERE false"

    def headers(self, table: NamedTable) -> tuple[str, ...] | None:
        """Gives the fields that a table's files name in their headers; None if some do not."""
        files = ""
        if any(where.form == Form.ROWS for where in table.locations):
            files = self._known(table, "path, header")
        if not files:
            return None
        found = self._query(f"SELECT header FROM ({files}) GROUP BY header ORDER BY min(path)")
        if not found or any(header is None for (header,) in found):
            return None
        return tuple(dict.fromkeys(name for (header,) in found for name in header))

    def _known(self, table: NamedTable, columns: str) -> str:
        """Gives SQL for what is known of the files that hold a table's records."""
        numbers = set(table.locations)
        parts = []
        for base in self._bases:
            wanted = [str(n) for n, w in enumerate(base.manifest.locations) if w in numbers]
            if wanted:
                condition = f"location IN ({', '.join(wanted)}) AND {standing(base, 'path')}"
                file = self._file(base.manifest.placements)
                parts.append(f"SELECT {columns} FROM {file} WHERE {condition}")
        return " UNION ALL ".join(parts)

    def _standing(self, base: Base) -> set[int]:
        """Gives the locations of a line that have files at its ordinal, other than left out."""
        sure: set[int] = set()
        if base.is_last:
            files = base.manifest.head_files
            sure = {n for n, count in files.items() if count > _most_left_out(base, n)}
            if len(sure) == len(files):
                return sure
        if base.manifest.placements.is_held:
            rows = self._find(base.manifest.placements, ("path", "location"), None) or ()
            return sure | {
                cells["location"] for _, cells in rows if cells["path"] not in base.without
            }
        found = self._query(
            f"SELECT DISTINCT location FROM {self._file(base.manifest.placements)}"
            f" WHERE {standing(base, 'path')}"
        )
        return sure | {number for (number,) in found}


def _most_left_out(base: Base, number: int) -> int:
    """Counts the paths left out that may have held records of a location, and perhaps more."""
    start = literal_start(base.manifest.locations[number].path)
    return sum(path.startswith(start) for path in base.without)
