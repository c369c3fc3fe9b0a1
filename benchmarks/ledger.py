"""A ledger, seeded: the same records and commits as a Git repository and as a DoltLite database.

Finished ones are kept beside the other generated repositories.
`python -m benchmarks.ledger` makes them beforehand.
"""

import json
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.doltlite_process import DoltLite
from benchmarks.generated import (
    COMMITS,
    COMMITTER,
    RECORDS,
    SHARDS,
    commit_head,
    commit_time,
    data_folder,
    file_change,
    import_into,
)

LEDGER_COMMITS = min(COMMITS, int(os.environ.get("INGITDB_BENCH_LEDGER_COMMITS", "1000")))
SMALL = min(RECORDS, 10_000)
"""Up to so many records also lie in one file, of which each commit has a version."""
LEDGERS = list(dict.fromkeys([("folder", SMALL), ("folder", RECORDS), ("file", SMALL)]))
TABLE = "entries"
COLUMNS = ("id", "account", "kind", "amount", "rate", "note")
_REVISION = 1
_SEED = 20_260_302
_HOT = 100
_HOT_UPDATES = 5
_COLD_UPDATES = 4
_WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "islet", "junco"]
_KINDS = ["payment", "payment", "payment", "refund", "fee", "transfer"]
_DECLARED = f"tables:\n  {TABLE}:\n    glob: {TABLE}.jsonl\n    key: id\n"
_CREATE = (
    f"CREATE TABLE {TABLE} (id INTEGER PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL,"
    " amount INTEGER NOT NULL, rate REAL NOT NULL, note TEXT NOT NULL)"
)
_COMMIT = "SELECT dolt_commit('-A', '-m', ?, '--date', ?, '--author', ?)"
Entry = dict[str, Any]
Changes = dict[int, Entry | None]
"""What a commit changes: new contents by number, None for what it deletes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One ledger in its two shapes.

    Attributes:
        repository: The bare Git repository.
        database: DoltLite's file.
        form: `folder` (a YAML file a record, in 256 folders) or `file` (one of JSON lines).
        records: How many records the first commit holds.
        commits: How many commits there are; their messages are `message(0)` and so on.
    """

    repository: Path
    database: Path
    form: str
    records: int
    commits: int


def message(at: int) -> str:
    """Gives the message of a commit, by which the two shapes know it."""
    return f"Change {at}" if at else "Import"


def ledger(form: str, records: int, commits: int = LEDGER_COMMITS) -> Ledger:
    """Gives a ledger; makes it the first time."""
    folder, name = data_folder(), f"ledger-{records}x{commits}-r{_REVISION}"
    made = Ledger(
        repository=folder / f"{name}-{form}.git",
        database=folder / f"{name}.doltlite",
        form=form,
        records=records,
        commits=commits,
    )
    folder.mkdir(parents=True, exist_ok=True)
    for path, make in ((made.repository, _make_repository), (made.database, _make_database)):
        mark = path.with_name(f"{path.name}.done")
        if not mark.exists():
            _remove(path)
            make(made)
            mark.touch()
    return made


def changes(records: int, commits: int) -> Iterator[Changes]:
    """Gives what each commit changes: all records, then eleven at a time.

    Five updates meet one hundredth of the records; four, an insert and a delete meet the others.
    """
    dice = random.Random(_SEED)
    hot = range(records // _HOT)
    cold = list(range(len(hot), records))
    yield {number: entry(number, 0) for number in range(records)}
    for at in range(1, commits):
        places = dice.sample(range(len(cold)), k=_COLD_UPDATES + 1)
        gone = places[0]
        numbers = dice.sample(hot, k=_HOT_UPDATES) + [cold[place] for place in places[1:]]
        new = records + at - 1
        changed: Changes = {number: entry(number, at) for number in (*numbers, new)}
        changed[cold[gone]] = None
        cold[gone] = new
        yield changed


def entry(number: int, revision: int) -> Entry:
    """Gives a record as a commit wrote it."""
    dice = random.Random(f"{_SEED}:{number}:{revision}")
    values = (
        number,
        f"K{dice.randrange(200):03d}-{dice.randrange(10_000):04d}",
        dice.choice(_KINDS),
        dice.randrange(-1_000_000, 1_000_000),
        dice.randrange(800) / 8,
        " ".join(dice.choices(_WORDS, k=dice.randrange(3, 9))),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _make_repository(made: Ledger) -> None:
    pieces = _as_folder if made.form == "folder" else _as_file
    import_into(made.repository, pieces(made.records, made.commits))


def _as_folder(records: int, commits: int) -> Iterator[bytes]:
    for at, changed in enumerate(changes(records, commits)):
        yield commit_head("main", at, message(at))
        for number, content in changed.items():
            path = f"{TABLE}/{number % SHARDS:02x}/{number:07d}.yaml"
            yield file_change(path, None if content is None else _yaml(content))


def _yaml(content: Entry) -> bytes:
    return "".join(f"{name}: {value}\n" for name, value in content.items()).encode()


def _as_file(records: int, commits: int) -> Iterator[bytes]:
    lines: dict[int, str] = {}
    for at, changed in enumerate(changes(records, commits)):
        yield commit_head("main", at, message(at))
        if not at:
            yield file_change(".ingitdb/tables.yaml", _DECLARED.encode())
        for number, content in changed.items():
            if content is None:
                del lines[number]
            else:
                lines[number] = json.dumps(content) + "\n"
        yield file_change(f"{TABLE}.jsonl", "".join(lines.values()).encode())


def _make_database(made: Ledger) -> None:
    with DoltLite(made.database) as rival:
        rival.rows(_CREATE)
        for at, changed in enumerate(changes(made.records, made.commits)):
            rival.rows("BEGIN")
            stand = [tuple(content.values()) for content in changed.values() if content]
            gone = [(number,) for number, content in changed.items() if content is None]
            rival.many(f"INSERT OR REPLACE INTO {TABLE} VALUES (?, ?, ?, ?, ?, ?)", stand)
            rival.many(f"DELETE FROM {TABLE} WHERE id = ?", gone)
            rival.rows("COMMIT")
            then = datetime.fromtimestamp(commit_time(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            rival.rows(_COMMIT, [message(at), then, COMMITTER])
        rival.rows("SELECT dolt_gc()")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


if __name__ == "__main__":
    for each in LEDGERS:
        print(ledger(*each))
