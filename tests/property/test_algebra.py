"""What the versioned relations say of random histories fits together.

No record is compared with what was written: `test_diff` and `test_blame` do so. Here one relation
is the judge of another.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.opening import opener, rows
from tests.support.repositories import RepoBuilder

SEEDS = 100 if os.environ.get("INGITDB_TEST_SWEEP") else 10
QUICK = 1
COMMITS = 12
TABLES = ("files", "coded", "loose")
"""Records in files of their own, in a list with a declared key, in a list without one."""
KEYS = {"files": "_key", "coded": "code"}
DECLARED = "tables: {coded: {glob: coded.json, key: code}}\n"
ALIKE: Mapping[str, list[Any]] = {
    "n": [None, 1, 2, 3, 2**40],
    "s": [None, "", "x", "é", "01"],
    "z": [None, [], [1], [1, None], [2, 1]],
    "o": [None, {"a": 1}, {"a": None}, {"a": 2, "b": "x"}],
}
MIXED = [None, 0, 1, 1.0, 2.5, True, "1", "", "x", [], [1], [1.0, "a"], {"a": 1}, {"a": "1"}]
Record = dict[str, Any]
Rows = Counter[frozenset[tuple[str, str]]]


@dataclass
class Story:
    """A random history.

    Attributes:
        chance: Decides everything.
        repo: Where it is written.
        is_mixed: Whether a field holds values of several kinds.
        is_linear: Whether no commit is a merge.
        commits: All of them, the oldest first.
    """

    chance: Random
    repo: RepoBuilder
    is_mixed: bool
    is_linear: bool
    commits: list[str] = field(default_factory=list)
    now: dict[str, dict[str, Record]] = field(default_factory=dict)
    states: dict[str, dict[str, dict[str, Record]]] = field(default_factory=dict)

    def tell(self) -> None:
        """Makes the commits."""
        self.now = {table: {"steady": {"n": 1}} for table in TABLES}
        self.repo.write(".ingitdb/tables.yaml", DECLARED)
        self.commit()
        for number in range(COMMITS):
            self.turn(number)
            for table in TABLES:
                for _ in range(self.chance.choice([0, 1, 1, 2, 4])):
                    self.change(self.now[table])
            self.commit()

    def turn(self, number: int) -> None:
        """Goes on from another commit, begins a merge, or neither."""
        move = self.chance.random()
        if move < 0.1:
            start = self.chance.choice(self.commits)
            self.repo.branch(f"side{number}", start)
            self.now = {table: dict(held) for table, held in self.states[start].items()}
        elif move < 0.4 and not self.is_linear:
            other = self.chance.choice(self.commits)
            self.repo.run("merge", "--quiet", "--no-commit", "--no-ff", "-s", "ours", other)
            for table in TABLES:
                taken = self.states[other][table].items()
                self.now[table] |= {k: r for k, r in taken if self.chance.random() < 0.4}

    def change(self, records: dict[str, Record]) -> None:
        """Adds, removes, changes or moves a record, or gives it the content of another."""
        key = self.chance.choice("abcdefg")
        there = [name for name in records if name != "steady"]
        move = self.chance.random()
        if key in records and move < 0.3:
            del records[key]
        elif there and key not in records and move < 0.5:
            records[key] = records.pop(self.chance.choice(there))
        elif there and move < 0.6:
            records[key] = records[self.chance.choice(there)]
        else:
            records[key] = self.record()

    def record(self) -> Record:
        """Gives a record that may lack fields."""
        return {
            name: self.chance.choice(MIXED if self.is_mixed else values)
            for name, values in ALIKE.items()
            if self.chance.random() < 0.7
        }

    def commit(self) -> None:
        """Writes what stands now."""
        folder = self.repo.path / "files"
        if folder.exists():
            for path in folder.iterdir():
                path.unlink()
        written: dict[str, str | None] = {
            f"files/{key}.json": json.dumps(record) for key, record in self.now["files"].items()
        }
        coded = [{"code": key, **record} for key, record in self.now["coded"].items()]
        written["coded.json"] = json.dumps(coded)
        written["loose.json"] = json.dumps(list(self.now["loose"].values()))
        self.commits.append(self.repo.commit(written))
        self.states[self.commits[-1]] = {table: dict(held) for table, held in self.now.items()}

    def line(self) -> list[str]:
        """Gives the first-parent commits, oldest first."""
        return self.repo.git("rev-list", "--first-parent", "--reverse", "HEAD").split()


@dataclass(frozen=True)
class Asked:
    """A history and a connection to it."""

    story: Story
    connection: Any

    def told(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """Gives rows by the names of their columns, without those that are null."""
        result = self.connection.execute(sql, list(parameters) or None)
        names = [column[0] for column in result.description]
        return [
            {n: cell for n, cell in zip(names, row, strict=True) if cell is not None}
            for row in result.fetchall()
        ]

    def diff(self, table: str, old: str, new: str) -> list[dict[str, Any]]:
        """Gives what differs between two commits, but for what is said of the commits."""
        columns = "* EXCLUDE (from_commit, from_commit_date, to_commit, to_commit_date)"
        return self.told(f"SELECT {columns} FROM diff(?, ?, ?)", table, old, new)

    def some(self, number: int) -> Iterator[tuple[str, str]]:
        """Gives pairs of commits, whatever they are to each other."""
        for _ in range(number):
            one, other = self.story.chance.choices(self.story.commits, k=2)
            yield one, other


def counted(found: list[dict[str, Any]]) -> Rows:
    """Counts rows; those that differ in nulls only are the same."""
    return Counter(
        frozenset((name, repr(full(cell))) for name, cell in row.items()) for row in found
    )


def full(cell: Any) -> Any:
    """Gives a value without the fields that are null, which another commit may not have."""
    if isinstance(cell, dict):
        return {name: full(cell[name]) for name in sorted(cell) if cell[name] is not None}
    return cell


def side(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Gives one side of a difference."""
    return {name.removeprefix(prefix): c for name, c in row.items() if name.startswith(prefix)}


def inverted(row: dict[str, Any]) -> dict[str, Any]:
    """Gives the difference as it is from the other side."""
    kinds = {"added": "removed", "removed": "added", "modified": "modified"}
    found = {f"from_{name}": cell for name, cell in side(row, "to_").items()}
    found |= {f"to_{name}": cell for name, cell in side(row, "from_").items()}
    found["diff_type"] = kinds[row["diff_type"]]
    if "changed_columns" in row:
        found["changed_columns"] = sorted(row["changed_columns"])
    return found


def check_inversion(asked: Asked) -> None:
    """A difference, turned round, is the one of the commits turned round."""
    for old, new in asked.some(2):
        for table in TABLES:
            there = [inverted(row) for row in asked.diff(table, old, new)]
            back = [inverted(inverted(row)) for row in asked.diff(table, new, old)]
            assert counted(there) == counted(back), (table, old, new)


def check_composition(asked: Asked) -> None:
    """What became of a record from a to c follows from a to b and from b to c."""
    for first, last in asked.some(3):
        between = asked.story.chance.choice(asked.story.commits)
        net: dict[Any, tuple[Any, Any]] = {}
        for old, new in ((first, between), (between, last)):
            for row in asked.diff("coded", old, new):
                before, after = side(row, "from_") or None, side(row, "to_") or None
                key = row.get("to_code", row.get("from_code"))
                net[key] = (net[key][0] if key in net else before, after)
        found = {
            row.get("to_code", row.get("from_code")): (
                side(row, "from_") or None,
                side(row, "to_") or None,
            )
            for row in asked.diff("coded", first, last)
        }
        assert spelled(found) == spelled(dict(changed(net))), (first, between, last)


def changed(net: Mapping[Any, tuple[Any, Any]]) -> Iterator[tuple[Any, tuple[Any, Any]]]:
    """Gives the records that are not what they were."""
    for key, (before, after) in net.items():
        if repr(full(before)) != repr(full(after)):
            yield key, (before, after)


def spelled(found: Mapping[Any, tuple[Any, Any]]) -> dict[Any, str]:
    """Spells both sides of each record."""
    return {key: repr([full(part) for part in pair]) for key, pair in found.items()}


def check_counts(asked: Asked) -> None:
    """`diff_stat` and `diff_summary` count what `diff` tells."""
    for old, new in asked.some(3):
        stat = {row["table_name"]: row for row in asked.told("FROM diff_stat(?, ?)", old, new)}
        summary = {
            row["to_table_name"]: row for row in asked.told("FROM diff_summary(?, ?)", old, new)
        }
        assert stat.keys() <= summary.keys() <= set(TABLES)
        for table in TABLES:
            found = asked.diff(table, old, new)
            described = (asked.told(f"DESCRIBE {table} AS OF '{at}'") for at in (old, new))
            columns = [sorted(map(repr, rows)) for rows in described]
            is_other = columns[0] != columns[1]
            assert (table in summary) == (bool(found) or is_other), (table, old, new)
            if table in summary:
                said = summary[table]
                assert (said["data_change"], said["schema_change"]) == (bool(found), is_other)
            assert table in stat or not found, (table, old, new)
            if table in stat:
                check_stat(asked, stat[table], found, (len(columns[0]), len(columns[1])))


def check_stat(
    asked: Asked, stat: Mapping[str, Any], found: list[dict[str, Any]], widths: tuple[int, int]
) -> None:
    """Compares the counts of one table; what came and went leads from all old cells to all new."""
    kinds = Counter(row["diff_type"] for row in found)
    assert stat["rows_added"] == kinds["added"]
    assert stat["rows_deleted"] == kinds["removed"]
    assert stat["rows_modified"] == kinds["modified"]
    assert stat["cells_modified"] == sum(len(row.get("changed_columns", [])) for row in found)
    old, new = stat["old_row_count"], stat["new_row_count"]
    assert stat["rows_unmodified"] == old - kinds["removed"] - kinds["modified"]
    assert new == old - kinds["removed"] + kinds["added"]
    balance = stat["cells_added"] - stat["cells_deleted"]
    assert new * widths[1] - old * widths[0] == balance


def check_history(asked: Asked) -> None:
    """At each commit the history of a table is the table there, and so are its versions."""
    commits = asked.story.line()
    dates = dict(rows(asked.connection, "SELECT commit_hash, commit_date FROM git_log()"))
    for table in TABLES:
        history = asked.told(f"SELECT * EXCLUDE (committer) FROM history('{table}')")
        versions = asked.told(f"FROM versions('{table}')")
        for number, commit in enumerate(commits):
            there = counted(asked.told(f"SELECT * FROM {table} AS OF '{commit}'"))
            at = [row for row in history if row["commit_hash"] == commit]
            assert {row["commit_date"] for row in at} <= {dates[commit]}
            assert counted([without(row, "commit_") for row in at]) == there, (table, commit)
            standing = [row for row in versions if stands(row, commits, number)]
            assert counted([without(row, "_from_", "_to_", "_valid_") for row in standing]) == there
        check_spans(table, versions, dates, asked.story)


def without(row: Mapping[str, Any], *prefixes: str) -> dict[str, Any]:
    """Gives a row without what is said of commits."""
    return {name: cell for name, cell in row.items() if not name.startswith(prefixes)}


def stands(row: Mapping[str, Any], commits: list[str], number: int) -> bool:
    """Tells whether a state stood at a commit of the line."""
    end = commits.index(row["_to_commit"]) if "_to_commit" in row else len(commits)
    return commits.index(row["_from_commit"]) <= number < end


def check_spans(
    table: str, versions: list[dict[str, Any]], dates: Mapping[str, datetime], story: Story
) -> None:
    """States of one record follow each other, and differ where they touch."""
    for row in versions:
        assert row["_valid_from"] == dates[row["_from_commit"]]
        assert row.get("_valid_to") == dates.get(row.get("_to_commit", ""))
    if table not in KEYS:
        return
    by_key: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(versions, key=lambda row: row["_valid_from"]):
        by_key.setdefault(row[KEYS[table]], []).append(row)
    for states in by_key.values():
        for before, after in pairwise(states):
            assert before["_valid_to"] <= after["_valid_from"]
            if before["_valid_to"] == after["_valid_from"]:
                assert written(before, table, story) != written(after, table, story)


def written(row: Mapping[str, Any], table: str, story: Story) -> str:
    """Gives a record as it stood in its file when a state began."""
    return json.dumps(story.states[row["_from_commit"]][table][row[KEYS[table]]])


def check_instants(asked: Asked) -> None:
    """At an instant stands what a version says that was valid then."""
    times = rows(asked.connection, "SELECT DISTINCT _valid_from FROM versions('files')")
    for (begin,) in asked.story.chance.sample(times, min(3, len(times))):
        moment = begin + timedelta(hours=asked.story.chance.choice([0, 0, 7, 30]))
        for table in TABLES:
            valid = [
                without(row, "_from_", "_to_", "_valid_")
                for row in asked.told(f"FROM versions('{table}')")
                if row["_valid_from"] <= moment
                and ("_valid_to" not in row or moment < row["_valid_to"])
            ]
            instant = f"TIMESTAMP '{moment.astimezone(UTC).isoformat()}'"
            asked_at = f"SELECT * FROM {table} FOR SYSTEM_TIME AS OF {instant}"
            assert counted(asked.told(asked_at)) == counted(valid), (table, moment)


def check_changes(asked: Asked) -> None:
    """`table_changes` are the differences of every commit, cut to a range."""
    commits = ["EMPTY", *asked.story.line()]
    for table in TABLES:
        every = asked.told(f"FROM diff('{table}')")
        first, last = sorted(asked.story.chance.choices(range(len(commits)), k=2))
        last = max(last, 1)
        wanted = set(commits[first + 1 : last + 1])
        expected = [
            {"_change_type": kind, "_commit": row["to_commit"], **values}
            for row in every
            if row["to_commit"] in wanted
            for kind, values in halves(row)
        ]
        sql = "SELECT * EXCLUDE (_commit_timestamp) FROM table_changes(?, ?, ?)"
        found = asked.told(sql, table, commits[first], commits[last])
        assert counted(found) == counted(expected), (table, commits[first], commits[last])


def halves(row: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Gives a difference as a change feed does."""
    old, new = (without(side(row, prefix), "commit") for prefix in ("from_", "to_"))
    if row["diff_type"] == "modified":
        yield "update_preimage", old
        yield "update_postimage", new
    else:
        yield ("insert", new) if row["diff_type"] == "added" else ("delete", old)


def check_blame(asked: Asked) -> None:
    """Where nothing was merged, the last difference of a record is the one to blame."""
    if not asked.story.is_linear:
        return
    for table, key in KEYS.items():
        last = dict(
            rows(
                asked.connection,
                f"SELECT to_{key}, arg_max(to_commit, to_commit_date) FROM diff('{table}')"
                f" WHERE diff_type <> 'removed' GROUP BY 1",
            )
        )
        blamed = dict(rows(asked.connection, f"SELECT {key}, commit FROM blame('{table}')"))
        there = {at for (at,) in rows(asked.connection, f"SELECT {key} FROM {table}")}
        assert blamed == {at: last[at] for at in there}


LAWS: list[Callable[[Asked], None]] = [
    check_inversion,
    check_composition,
    check_counts,
    check_history,
    check_instants,
    check_changes,
    check_blame,
]
OF_KINDS = [check_inversion, check_counts, check_blame]
"""What holds also where a column's type, and so its spelling, is another at other commits."""


@pytest.mark.parametrize(
    "seed", [*range(QUICK), *(pytest.param(n, marks=pytest.mark.slow) for n in range(QUICK, SEEDS))]
)
def test_laws(seed: int, tmp_path: Path) -> None:
    chance = Random(seed)
    story = Story(chance, RepoBuilder(tmp_path / "shop"), seed % 3 == 2, seed % 2 == 0)
    story.tell()
    with opener(tmp_path / "cache") as opened:
        asked = Asked(story, opened(story.repo))
        for law in OF_KINDS if story.is_mixed else LAWS:
            law(asked)
