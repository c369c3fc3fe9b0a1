"""Scripts for any kind of target that there is."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from ingitdb.migrations.mapping import NO_MAPPING, TargetMapping
from ingitdb.migrations.plan import Outline
from ingitdb.migrations.stores.consul import Consul
from ingitdb.migrations.stores.etcd import Etcd
from ingitdb.migrations.stores.redis import Redis
from ingitdb.migrations.stores.store import Store
from ingitdb.model.identifiers import CommitId
from ingitdb.services.database import Database
from ingitdb.services.migrations.commits import commits_of
from ingitdb.services.migrations.key_mappings import check_no_keys, layout_of
from ingitdb.services.migrations.migration import DIALECTS as SQL_DIALECTS
from ingitdb.services.migrations.migration import migration
from ingitdb.services.migrations.store_scripts import StoreScripts

STORES: dict[str, type[Store]] = {kind.name: kind for kind in (Consul, Etcd, Redis)}
DIALECTS = (*SQL_DIALECTS, *STORES)


class Scripts(Protocol):
    """The way from one commit to another and back."""

    @property
    def after(self) -> CommitId:
        """The newer commit."""
        ...

    @property
    def up(self) -> Outline:
        """What leads to the newer commit."""
        ...

    def up_script(self) -> Iterator[str] | Iterator[bytes]:
        """Gives the script that leads to the newer commit, piece by piece."""
        ...

    def down_script(self) -> Iterator[str] | Iterator[bytes]:
        """Gives the script that leads back."""
        ...


def scripts(
    database: Database,
    dialect: str,
    after: str | None = None,
    before: str | None = None,
    mapping: TargetMapping = NO_MAPPING,
    keys: str | None = None,
) -> AbstractContextManager[Scripts]:
    """Finds out what leads a target from one commit to another.

    Args:
        database: Whose commits.
        dialect: For what kind of target.
        after: The newer commit's ref; HEAD when None.
        before: The older one's; nothing is there when None.
        mapping: What the target calls things.
        keys: How keys of a key-value store are put together; what the mapping says if None.

    Raises:
        UsageError: The dialect is unknown, a ref means what is not committed, or a table has a name
            that the target keeps for itself.
        RefNotFound: A ref leads nowhere.
        StatementRefused: A record is larger than the target takes.
    """
    kind = STORES.get(dialect)
    if kind is None:
        check_no_keys(mapping)
        return migration(database, dialect, after, before, mapping=mapping)
    store = kind(layout_of(kind, keys, mapping))
    first, last = commits_of(database, before, after)
    return StoreScripts(database, first, last, store, mapping)
