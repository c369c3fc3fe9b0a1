"""What a mapping file says of a key-value store, and what it cannot say of one."""

from collections.abc import Iterator, Mapping, Sequence

from ingitdb.catalog.parsed import Way
from ingitdb.errors import UsageError
from ingitdb.migrations.mapping import TargetMapping
from ingitdb.migrations.model import fold
from ingitdb.migrations.stores.keys import Layout, layout
from ingitdb.migrations.stores.store import Store
from ingitdb.services.migrations.row_modes import mode_of
from ingitdb.services.migrations.stored_tables import StoredCommit
from ingitdb.services.migrations.ways import RowsMode


def layout_of(kind: type[Store], keys: str | None, mapping: TargetMapping) -> Layout:
    """Gives how keys are put together, and checks what else a mapping says.

    Args:
        kind: The kind of store.
        keys: The template that its URL has; None if it has none.
        mapping: What it calls things.

    Raises:
        UsageError: The template is none, or not the mapping's; the mapping says what such a store
            does not have.
    """
    for message, way in _unknown(kind, mapping):
        raise mapping.wrong(message, way)
    if mapping.keys is not None and keys not in (None, mapping.keys):
        raise mapping.wrong(f"The URL says that keys are {keys!r}.", ("keys",))
    if mapping.keys is None:
        return layout(keys or kind.template)
    try:
        return layout(mapping.keys)
    except UsageError as error:
        raise mapping.wrong(error.message, ("keys",), error.hint) from None


def check_no_keys(mapping: TargetMapping) -> None:
    """Returns if a mapping may be that of a SQL system.

    Raises:
        UsageError: It says how keys are put together.
    """
    if mapping.keys is not None:
        raise mapping.wrong("Only key-value stores have such keys.", ("keys",))


def modes_of(commits: Sequence[StoredCommit], rows: RowsMode) -> Mapping[str, RowsMode]:
    """Gives which differences of the records of each table are settled, by its title.

    Args:
        commits: What the store holds and is to hold.
        rows: What is asked for.
    """
    return {
        one.table.title: mode_of(one.table.place, commit.mapping, rows)
        for commit in commits
        for one in commit.tables.values()
    }


def _unknown(kind: type[Store], mapping: TargetMapping) -> Iterator[tuple[str, Way]]:
    for table in mapping.tables.values():
        for one in table.lists.values():
            yield "A key-value store keeps a list in its record.", one.way
        for name, way in table.spelled.items():
            if table.columns[fold(name)].type is not None:
                yield "A key-value store has no types of columns.", (*way, "type")
        if table.indexes and not kind.has_sets:
            yield f"{kind.name} has no indexes.", ("tables", table.key, "indexes")
