"""The files of a table at a commit, for writes."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import WriteError
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import BlobId
from ingitdb.model.tables import Location
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.writes.table_texts import TableTexts

_FEW = 8
"""So many files git is asked for one by one."""


def table_texts(repository: Repository, snapshot: Snapshot, table: NamedTable) -> TableTexts:
    """Gives the files of a table, which are read as they are asked for."""
    files, others = _Files(snapshot, table), _Others(repository, snapshot)

    def read(path: str) -> bytes | None:
        blob = files.blob(path)
        if blob is not None:
            return _content(repository, path, blob)
        return others.read(path)

    return TableTexts(
        name=table.name,
        locations=table.locations,
        located=files,
        read=read,
        expect=files.expect,
        stands=others.stands,
        parents=cache(lambda: _parent_keys(repository, snapshot, table)),
    )


def _parent_keys(
    repository: Repository, snapshot: Snapshot, table: NamedTable
) -> Collection[str] | None:
    """Gives the keys of the table that a subcollection lies below; None for another table."""
    name = dict(table.locations[0].declaration.rules).get("parent")
    parents = (one for one in snapshot.tables if (one.schema, one.name) == (table.schema, name))
    parent = next(parents, None)
    if parent is None:
        return None
    found = set(table_texts(repository, snapshot, parent).keys())
    return None if "" in found else found  # which of the columns are the key is not declared


class _Files(Mapping[str, Location]):
    """How the records of each file of a table belong to it, as far as it is asked for."""

    def __init__(self, snapshot: Snapshot, table: NamedTable) -> None:
        self._snapshot = snapshot
        self._table = table
        self._found: dict[str, tuple[BlobId, Location] | None] = {}

    def expect(self, paths: Collection[str]) -> None:
        """Looks for many files at once."""
        new = [path for path in paths if path not in self._found]
        if new:
            self._found |= dict.fromkeys(new)
            self._found |= self._snapshot.files.places(self._table, new)

    def blob(self, path: str) -> BlobId | None:
        """Gives the blob of a file; None if it is none of the table's."""
        self.expect([path])
        found = self._found[path]
        return found[0] if found is not None else None

    def __getitem__(self, path: str) -> Location:
        self.expect([path])
        found = self._found[path]
        if found is None:
            raise KeyError(path)
        return found[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._snapshot.files.located(self._table))

    def __len__(self) -> int:
        return self._snapshot.files.count(self._table)


class _Others:
    """The files of a commit that are none of a table's: a few are looked for, many listed."""

    def __init__(self, repository: Repository, snapshot: Snapshot) -> None:
        self._repository = repository
        self._commit = snapshot.commit
        self._asked = 0
        self._known: Collection[str] | None = None

    def read(self, path: str) -> bytes | None:
        """Gives the bytes of a file; None if there is none."""
        self._asked += 1
        if self._asked > _FEW and self._known is None:
            self._known = self._repository.tree(self._commit).keys()
        if self._known is not None and path not in self._known:
            return None
        return self._repository.find_file(self._commit, path)

    def stands(self, start: str) -> bool:
        """Tells whether any path begins with a text."""
        if self._known is None:
            self._known = self._repository.tree(self._commit).keys()
        return any(path.startswith(start) for path in self._known)


def _content(repository: Repository, path: str, blob: BlobId) -> bytes:
    try:
        return repository.objects().read(blob)
    except KeyError:
        raise WriteError(
            f"The contents of {path} are missing from the repository.",
            hint="In a partial clone, `git fetch --refetch --no-filter` brings them.",
        ) from None
