"""The files of a table at a commit, for writes."""

from collections.abc import Iterator, Mapping

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import WriteError
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import BlobId
from ingitdb.model.tables import Location
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.writes.table_texts import TableTexts

_FEW = 8
"""So many files are looked for one by one before all are listed."""


def table_texts(repository: Repository, snapshot: Snapshot, table: NamedTable) -> TableTexts:
    """Gives the files of a table, which are read as they are asked for."""
    files = _Files(snapshot, table)

    def read(path: str) -> bytes | None:
        blob = files.blob(path)
        if blob is not None:
            return _content(repository, path, blob)
        return repository.find_file(snapshot.commit, path)

    return TableTexts(name=table.name, locations=table.locations, located=files, read=read)


class _Files(Mapping[str, Location]):
    """How the records of each file of a table belong to it: a few are looked for, many listed."""

    def __init__(self, snapshot: Snapshot, table: NamedTable) -> None:
        self._snapshot = snapshot
        self._table = table
        self._found: dict[str, tuple[BlobId, Location] | None] = {}
        self._all: dict[str, tuple[BlobId, Location]] | None = None

    def blob(self, path: str) -> BlobId | None:
        """Gives the blob of a file; None if it is none of the table's."""
        found = self._place(path)
        return found[0] if found is not None else None

    def __getitem__(self, path: str) -> Location:
        found = self._place(path)
        if found is None:
            raise KeyError(path)
        return found[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed())

    def __len__(self) -> int:
        return len(self._listed())

    def _place(self, path: str) -> tuple[BlobId, Location] | None:
        if self._all is None and path not in self._found and len(self._found) < _FEW:
            self._found[path] = self._snapshot.files.place(self._table, path)
        return self._found[path] if path in self._found else self._listed().get(path)

    def _listed(self) -> dict[str, tuple[BlobId, Location]]:
        if self._all is None:
            located = self._snapshot.files.located(self._table)
            blobs = dict(self._snapshot.files.of(self._table))
            self._all = {path: (blobs[path], where) for path, where in located.items()}
        return self._all


def _content(repository: Repository, path: str, blob: BlobId) -> bytes:
    try:
        return repository.objects().read(blob)
    except KeyError:
        raise WriteError(
            f"The contents of {path} are missing from the repository.",
            hint="In a partial clone, `git fetch --refetch --no-filter` brings them.",
        ) from None
