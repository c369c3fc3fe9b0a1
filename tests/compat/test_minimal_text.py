"""One changed value of a real repository is one changed line, and set back it is the same file."""

import os
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from tests.support.scratch import git
from tests.support.shared_data import NAMES

COUNT = {"demo-ingitdb": 3, "country-codes": 3, "congress-legislators": 1, "pypa-advisories": 3}
"""How many values are changed in the quick suite; in the full one TIMES as many."""
SWEEP = bool(os.environ.get("INGITDB_TEST_SWEEP"))
TIMES = 16 if SWEEP else 8
LARGE = {"congress-legislators": 4 if SWEEP else 2, "pypa-advisories": 16 if SWEEP else 4}
"""And so many times as many where files or trees are large."""
NEW = {"VARCHAR": "another word", "BIGINT": 4711, "BOOLEAN": None}


def quoted(*names: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def candidates(connection: Any) -> list[tuple[str, str, str]]:
    """Gives schema.table, column and type of what can be changed alone."""
    tables = connection.execute("SHOW TABLES").fetchall()
    found = []
    for schema, table, *_ in tables:
        title = quoted(schema, table)
        described = connection.execute(f"DESCRIBE {title}").fetchall()
        hidden = {"_key", "_index", "_parent"}
        found += [
            (title, row[0], row[1]) for row in described if row[1] in NEW and row[0] not in hidden
        ]
    return found


def another(old: Any, kind: str) -> Any:
    """Gives another value of a type; a date is changed for a date, as which it may stand bare."""
    if kind == "BOOLEAN":
        return not old
    if isinstance(old, str) and re.match(r"\d{4}-\d\d-\d\d", old):
        return f"2001-01{old[7:]}"
    return NEW[kind]


def declares_something(name: str) -> bool:
    """Tells whether a repository declares what its records must be like."""
    return name in ("demo-ingitdb", "country-codes")


@pytest.mark.parametrize("times", [1, pytest.param(TIMES, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_one_value_is_one_line(
    name: str, times: int, shared: Callable[[str], Path], tmp_path: Path, seed: int
) -> None:
    source = tmp_path / name
    git(tmp_path, "clone", "--quiet", "--bare", str(shared(name)), str(source))
    git(source, "config", "user.name", "Data Desk")
    git(source, "config", "user.email", "data@example.org")
    chance = random.Random(f"{seed} {name} {times}")
    met: Counter[str] = Counter()
    settings = ingitdb.Settings(cache=tmp_path / "cache")
    with ingitdb.connect(source, settings=settings, autocommit=True) as connection:
        known = candidates(connection)
        most = min(times, LARGE.get(name, times))
        while sum(met.values()) < COUNT[name] * most:
            title, column, kind = chance.choice(known)
            at = quoted(column)
            places = connection.execute(
                f"SELECT _path, _line, {at} FROM {title} ORDER BY ALL"
            ).fetchall()
            lines = Counter((path, line) for path, line, _ in places)
            alone = [p for p in places if p[2] is not None and lines[p[:2]] == 1]
            if not alone:
                met["no record alone in its line"] += 1
                continue
            path, line, old = chance.choice(alone)
            new = another(old, kind)
            before = git(source, "rev-parse", "HEAD^{tree}")
            update = f"UPDATE {title} SET {at} = ? WHERE _path = ? AND _line = ?"
            try:
                assert connection.execute(update, [new, path, line]).rowcount == 1, (title, column)
            except ingitdb.IntegrityError as error:  # what is declared of the column forbids it
                assert declares_something(name), error  # noqa: PT017
                met["forbidden by what is declared"] += 1
                continue
            told = git(source, "diff", "--numstat", "HEAD~1", "HEAD").split("\t")
            is_long = isinstance(old, str) and ("\n" in old or len(old) > 60)
            assert is_long or told[:2] == ["1", "1"], (title, column, path, told)
            assert int(told[0]) <= 2, (title, column, path, told)
            assert connection.execute(update, [old, path, line]).rowcount == 1
            is_restored = git(source, "rev-parse", "HEAD^{tree}") == before
            assert is_restored or is_long, (title, column, path, old)
            style = f"{path.rpartition('.')[2]} {kind}{' of several lines' * is_long}"
            met[style if is_restored else f"{style}, folded otherwise"] += 1
    print(f"{name}: {dict(met)}")  # noqa: T201 - shown with -rP
    git(source, "fsck", "--strict")
