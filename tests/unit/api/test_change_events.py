"""Subscribers learn of each change that the database makes, record by record."""

from pathlib import Path

import ingitdb
from ingitdb.model.changes import ChangeEvent
from tests.support.repositories import RepoBuilder


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[ChangeEvent] = []

    def changed(self, event: ChangeEvent) -> None:
        self.events.append(event)


def test_each_commit_is_an_event(repo: RepoBuilder, tmp_path: Path) -> None:
    repo.commit({"fares.csv": "id,price\nR1,10\nR2,20\n", "ports/oslo.yaml": "name: Oslo\n"})
    settings, listener = ingitdb.Settings(cache=tmp_path / "cache", workers=1), Listener()
    with ingitdb.connect(repo.path, settings=settings, autocommit=True) as connection:
        connection.database.subscribe(listener)
        before = repo.tip()
        connection.execute("UPDATE ports SET name = 'Ø'")
        connection.execute("BEGIN; DELETE FROM fares WHERE id = 'R1'")
        connection.execute("INSERT INTO ports (_key, name) VALUES ('moss', 'Moss')")
        assert len(listener.events) == 1
        connection.execute("COMMIT")
        connection.execute("UPDATE ports SET name = name")
    first, second = listener.events
    assert (first.before, first.branch, first.after) == (before, "main", second.before)
    assert second.after == repo.tip()
    (change,) = first.changes
    assert (change.table, change.key, change.kind) == ("ports", "oslo", "updated")
    assert (change.before, change.after) == (
        {"_key": "oslo", "name": "Oslo"},
        {"_key": "oslo", "name": "Ø"},
    )
    assert {(c.table, c.kind, c.before and c.before.get("id")) for c in second.changes} == {
        ("fares", "deleted", "R1"),
        ("ports", "created", None),
    }
