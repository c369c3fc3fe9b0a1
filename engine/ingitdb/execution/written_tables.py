"""The files of a table at a commit, for writes."""

from functools import cache

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import WriteError
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import BlobId
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.writes.table_texts import TableTexts


def table_texts(repository: Repository, snapshot: Snapshot, table: NamedTable) -> TableTexts:
    """Gives the files of a table, which are read as they are asked for."""
    blobs = dict(snapshot.files.of(table))
    others = cache(lambda: repository.tree(snapshot.commit).keys() - blobs.keys())

    def read(path: str) -> bytes | None:
        if path in blobs:
            return _content(repository, path, blobs[path])
        return repository.read_file(snapshot.commit, path) if path in others() else None

    return TableTexts(
        name=table.name,
        locations=table.locations,
        located=snapshot.files.located(table),
        read=read,
    )


def _content(repository: Repository, path: str, blob: BlobId) -> bytes:
    try:
        return repository.objects().read(blob)
    except KeyError:
        raise WriteError(
            f"The contents of {path} are missing from the repository.",
            hint="In a partial clone, `git fetch --refetch --no-filter` brings them.",
        ) from None
