"""The known anomalies of isolation, through connections that take turns.

The names are those of Adya's and Berenson's papers, as test suites of databases use them. Each is
tried on a table with a file per record and on one in a single file. What is prevented raises 40001
at COMMIT or is never seen; write skew is possible, and a test says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from tests.support.opening import Opened, opener, rows
from tests.support.repositories import RepoBuilder

LAYOUTS: dict[str, dict[str, str]] = {
    "one file": {"test.csv": "id,value\n1,10\n2,20\n"},
    "file per record": {
        "test/1.yaml": "id: 1\nvalue: 10\n",
        "test/2.yaml": "id: 2\nvalue: 20\n",
    },
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A table with the records 1: 10 and 2: 20, with a file each or in one."""

    repo: RepoBuilder
    opened: Opened
    has_files: bool

    def begin(self) -> Any:
        """Gives a session in a transaction."""
        session = self.opened(self.repo)
        session.execute("BEGIN")
        return session

    def add(self, session: Any, number: int, value: int) -> None:
        """Adds a record; a file of its own is named after it."""
        if self.has_files:
            names, given = "_key, id, value", [str(number), number, value]
        else:
            names, given = "id, value", [number, value]
        marks = ", ".join("?" * len(given))
        session.execute(f"INSERT INTO test ({names}) VALUES ({marks})", given)

    def now(self) -> dict[int, int]:
        """Gives what is committed."""
        return values(self.opened(self.repo))


def values(session: Any, where: str = "true") -> dict[int, int]:
    return dict(rows(session, f"SELECT id, value FROM test WHERE {where}"))


def put(session: Any, number: int, value: int) -> None:
    session.execute("UPDATE test SET value = ? WHERE id = ?", [value, number])


def clashes(session: Any) -> None:
    """Finds that a transaction cannot be committed and is over."""
    with pytest.raises(ingitdb.OperationalError) as caught:
        session.execute("COMMIT")
    assert caught.value.sqlstate == "40001"
    assert not session.in_transaction


@pytest.fixture(params=list(LAYOUTS))
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    repo = RepoBuilder(tmp_path / "repo")
    repo.config(user__name="Data Desk", user__email="data@example.org")
    repo.commit(LAYOUTS[request.param])
    with opener(tmp_path) as opened:
        yield Stage(repo, opened, request.param == "file per record")
    repo.git("fsck", "--strict")


def test_g0_write_cycles_are_prevented(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    put(one, 1, 11)
    put(two, 1, 12)
    put(one, 2, 21)
    one.execute("COMMIT")
    assert stage.now() == {1: 11, 2: 21}
    put(two, 2, 22)
    clashes(two)
    assert stage.now() == {1: 11, 2: 21}


def test_g1a_aborted_reads_are_prevented(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    put(one, 1, 101)
    assert values(two) == {1: 10, 2: 20}
    one.execute("ROLLBACK")
    assert values(two) == {1: 10, 2: 20}
    two.execute("COMMIT")
    assert stage.now() == {1: 10, 2: 20}


def test_g1b_intermediate_reads_are_prevented(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    put(one, 1, 101)
    assert values(two) == {1: 10, 2: 20}
    put(one, 1, 11)
    one.execute("COMMIT")
    assert values(two) == {1: 10, 2: 20}
    two.execute("COMMIT")
    assert values(two) == {1: 11, 2: 20}


def test_g1c_circular_information_flow_is_prevented(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    put(one, 1, 11)
    put(two, 2, 22)
    assert values(one, "id = 2") == {2: 20}
    assert values(two, "id = 1") == {1: 10}
    one.execute("COMMIT")
    two.execute("COMMIT")
    assert stage.now() == {1: 11, 2: 22}


def test_otv_observed_transaction_vanishes_is_prevented(stage: Stage) -> None:
    one, two, three = stage.begin(), stage.begin(), stage.begin()
    put(one, 1, 11)
    put(one, 2, 19)
    put(two, 1, 12)
    one.execute("COMMIT")
    assert values(three, "id = 1") == {1: 10}
    put(two, 2, 18)
    assert values(three, "id = 2") == {2: 20}
    clashes(two)
    assert values(three) == {1: 10, 2: 20}
    three.execute("COMMIT")
    assert values(three) == {1: 11, 2: 19}


def test_pmp_predicate_many_preceders_is_prevented_for_reads(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    assert values(one, "value = 30") == {}
    stage.add(two, 3, 30)
    two.execute("COMMIT")
    assert values(one, "value % 3 = 0") == {}
    one.execute("COMMIT")
    assert values(one, "value % 3 = 0") == {3: 30}


def test_pmp_predicate_many_preceders_is_prevented_for_writes(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    one.execute("UPDATE test SET value = value + 10")
    assert values(two, "value = 20") == {2: 20}
    two.execute("DELETE FROM test WHERE value = 20")
    one.execute("COMMIT")
    clashes(two)
    assert stage.now() == {1: 20, 2: 30}


def test_p4_lost_updates_are_prevented(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    assert values(one, "id = 1") == values(two, "id = 1") == {1: 10}
    put(one, 1, 11)
    put(two, 1, 11)
    one.execute("COMMIT")
    clashes(two)
    assert stage.now() == {1: 11, 2: 20}


def test_g_single_read_skew_is_prevented(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    assert values(one, "id = 1") == {1: 10}
    assert values(two) == {1: 10, 2: 20}
    put(two, 1, 12)
    put(two, 2, 18)
    two.execute("COMMIT")
    assert values(one, "id = 2") == {2: 20}
    one.execute("COMMIT")


def test_g_single_read_skew_is_prevented_for_predicates(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    assert values(one, "value % 5 = 0") == {1: 10, 2: 20}
    two.execute("UPDATE test SET value = 12 WHERE value = 10; COMMIT")
    assert values(one, "value % 3 = 0") == {}
    one.execute("COMMIT")


def test_g_single_read_skew_is_prevented_for_writes(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    assert values(one, "id = 1") == {1: 10}
    put(two, 1, 12)
    put(two, 2, 18)
    two.execute("COMMIT")
    one.execute("DELETE FROM test WHERE value = 20")
    assert values(one) == {1: 10}
    clashes(one)
    assert stage.now() == {1: 12, 2: 18}


def test_g_single_read_skew_is_prevented_after_a_rollback(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    put(two, 1, 12)
    put(two, 2, 18)
    two.execute("COMMIT")
    one.execute("SAVEPOINT before; DELETE FROM test WHERE value = 20; ROLLBACK TO before")
    assert values(one) == {1: 10, 2: 20}
    one.execute("COMMIT")
    assert stage.now() == {1: 12, 2: 18}


def test_g2_item_write_skew_is_possible(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    assert values(one) == values(two) == {1: 10, 2: 20}
    put(one, 1, 11)
    put(two, 2, 21)
    one.execute("COMMIT")
    two.execute("COMMIT")
    assert stage.now() == {1: 11, 2: 21}


def test_g2_write_skew_of_predicates_is_possible(stage: Stage) -> None:
    one, two = stage.begin(), stage.begin()
    assert values(one, "value % 3 = 0") == values(two, "value % 3 = 0") == {}
    stage.add(one, 3, 30)
    stage.add(two, 4, 42)
    one.execute("COMMIT")
    two.execute("COMMIT")
    assert values(one, "value % 3 = 0") == {3: 30, 4: 42}


def test_write_skew_is_avoided_by_writing_what_was_read(stage: Stage) -> None:
    """The way out that the manual names: both touch one record."""
    one, two = stage.begin(), stage.begin()
    put(one, 1, 11)
    one.execute("UPDATE test SET value = value + 1 WHERE id = 2")
    put(two, 2, 21)
    one.execute("COMMIT")
    clashes(two)
