"""What keeps the rows of a table from staying while its definition changes."""

from ingitdb.migrations.model import TableChange
from ingitdb.migrations.targets.fitting import Fitted
from ingitdb.migrations.targets.target import Target
from ingitdb.model.types import quote_identifier
from ingitdb.services.migrations.limits import is_too_long
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.relation import Relation


def is_outgrown(target: Target, relation: Relation, change: TableChange, query: Query) -> bool:
    """Whether old rows are too long for a new key: some systems index those that go too.

    Args:
        target: For whom.
        relation: The old rows.
        change: How the table's definition changes.
        query: Runs SQL.
    """
    old, new = change.old, change.new
    assert old is not None
    assert new is not None
    known = [old.key, *old.unique]
    for group in (new.key, *new.unique):
        former = tuple(change.names[name] for name in group if name in change.names)
        if former and former not in known and is_too_long(target, relation, former, query):
            return True
    return False


def is_remade(target: Target, change: TableChange) -> bool:
    """Whether a target cannot turn the old values of some column into the new ones.

    Args:
        target: The target.
        change: How the table's definition changes.
    """
    old, new = change.old, change.new
    assert old is not None
    assert new is not None
    pairs = [(old.column(before), new.column(after)) for after, before in change.names.items()]
    if not pairs:
        return True
    alters = target.alters
    if not alters and old.rows and any(not new.column(name).nullable for name in change.come):
        return True
    return any(
        target.moved("x", before.kind, after.kind) is None
        or (before.kind != after.kind and target.stored(after.kind).type != after.type)
        or (
            before.type != after.type
            and (after.name in new.kept_apart or isinstance(target, Fitted))
        )
        for before, after in pairs
    )


def is_at_odds(
    relation: Relation, change: TableChange, address: tuple[str, ...], query: Query
) -> bool:
    """Whether old rows might contradict the new definition before they are changed.

    Args:
        relation: The old rows.
        change: How the table's definition changes.
        address: What tells the old rows apart: as a key it holds for them.
        query: Runs SQL.
    """
    old, new = change.old, change.new
    assert old is not None
    assert new is not None
    former = dict(change.names)

    def renamed(group: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(former.get(name, "") for name in group)

    known = [old.key, *old.unique]
    groups = [group for group in (new.key, *new.unique) if group and group != address]
    if any(renamed(group) not in known for group in groups):
        return True
    is_renamed = any(name != before for name, before in former.items())
    if new.checks and (is_renamed or not set(new.checks) <= set(old.checks)):
        return True
    stricter = [
        former[column.name]
        for column in new.columns
        if not column.nullable
        and column.name in former
        and old.column(former[column.name]).nullable
    ]
    return bool(stricter) and _has_null(relation, stricter, query)


def _has_null(relation: Relation, names: list[str], query: Query) -> bool:
    missing = " OR ".join(f"{quote_identifier(name)} IS NULL" for name in names)
    ((found,),) = query(f"SELECT count(*) FROM ({relation.body}) WHERE {missing}")
    return bool(found)
