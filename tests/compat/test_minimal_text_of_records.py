"""A record that comes and goes through SQL leaves the tree as it was."""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from tests.support import torture_texts
from tests.support.scratch import git, repository
from tests.support.shared_data import NAMES
from tests.support.text_sweep import POOLS, drawn

COUNT = max(1, int(os.environ.get("INGITDB_TEST_TEXTS", "0")) // 100)
"""How many records come and go in a table."""
MOST_TABLES = 1
"""Of how many tables, unless there is time."""
KEYS = ("zz", "ZZZ", "zz-1", "a new record")
"""What a new record is called, until one name may stand."""
KEY_COLUMNS = ("_key", "$ID", "ISO3166-1-Alpha-3", "id")
NESTED = {"_parent", "_index"}


def quoted(*names: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def source(name: str, shared: Callable[[str], Path], folder: Path) -> Path:
    """Gives a repository of its own."""
    path = folder / name
    if name == "torture":
        held = torture_texts.FILES.items()
        files = {f"{form}/{place}": data for place, (form, data) in held}
        repository(path, [files])
    else:
        git(folder, "clone", "--quiet", "--bare", str(shared(name)), str(path))
    git(path, "config", "user.name", "Data Desk")
    git(path, "config", "user.email", "data@example.org")
    return path


def tables(connection: Any, chance: random.Random) -> Iterator[tuple[str, dict[str, str]]]:
    """Gives the tables of whole records in any order, with their columns."""
    known = connection.execute("SHOW TABLES").fetchall()
    for schema, table, *_ in chance.sample(known, len(known)):
        title = quoted(schema, table)
        described = connection.execute(f"DESCRIBE {title}").fetchall()
        columns = {row[0]: row[1] for row in described}
        if not NESTED & set(columns):
            yield title, columns


def changes(columns: dict[str, str], text: str) -> Iterator[dict[str, str]]:
    """Gives what a new record has of its own, in the order in which it is tried."""
    keys = [name for name in KEY_COLUMNS if columns.get(name) == "VARCHAR"]
    texts = [name for name, kind in columns.items() if kind == "VARCHAR" and name not in keys]
    others = [{texts[-1]: text}, {}] if texts else [{}]
    for other in others:
        if not keys:
            yield other
        yield from ({**other, **dict.fromkeys(keys, key)} for key in KEYS if keys)


def renamed(column: str, kind: str) -> str:
    """Gives SQL for a value that looks like another one, and is no other's."""
    name = quoted(column)
    if kind == "BIGINT":
        return f"{name} + 900"
    if kind != "VARCHAR":
        return name
    return f"regexp_replace(regexp_replace({name}, '[A-Z]', 'Q', 'g'), '[0-9]', '9', 'g')"


@pytest.mark.parametrize(
    ("name", "is_full"),
    [
        *((name, False) for name in ("demo-ingitdb", "country-codes", "torture")),
        *(pytest.param(name, True, marks=pytest.mark.slow) for name in [*NAMES, "torture"]),
    ],
)
def test_a_record_comes_and_goes(
    name: str, is_full: bool, shared: Callable[[str], Path], tmp_path: Path, seed: int
) -> None:
    path = source(name, shared, tmp_path)
    chance = random.Random(f"{seed} {name}")
    pool = [text for text in drawn(POOLS["text"], 50, seed) if text and "\0" not in text]
    met: Counter[str] = Counter()
    settings = ingitdb.Settings(cache=tmp_path / "cache")
    with ingitdb.connect(path, settings=settings, autocommit=True) as connection:
        most = MOST_TABLES if not is_full and name != "torture" else None
        for title, columns in islice(tables(connection, chance), most):
            for _ in range(COUNT if is_full else 1):
                met[come_and_gone(connection, path, title, columns, chance, pool)] += 1
    print(f"{name}: {dict(met)}")  # noqa: T201 - shown with -rP
    assert met["restored"] > 0
    git(path, "fsck", "--strict")


def come_and_gone(
    connection: Any,
    path: Path,
    title: str,
    columns: dict[str, str],
    chance: random.Random,
    pool: list[str],
) -> str:
    """Adds a record like another one and takes it away again."""
    where = f"SELECT _path, _line FROM {title} ORDER BY ALL"
    places = connection.execute(where).fetchall()
    alone = [place for place, count in Counter(places).items() if count == 1]
    if not alone:
        return "no record alone in its line"
    like = chance.choice(alone)
    before = git(path, "rev-parse", "HEAD^{tree}")
    names = ", ".join(map(quoted, columns))
    for own in [*changes(columns, chance.choice(pool)), None]:
        taken = ", ".join(
            renamed(name, kind) if own is None else "?" if name in own else quoted(name)
            for name, kind in columns.items()
        )
        own = own or {}
        insert = f"INSERT INTO {title} ({names}) SELECT {taken} FROM {title}"
        try:
            made = connection.execute(
                f"{insert} WHERE _path = ? AND _line = ?",
                [*(own[name] for name in columns if name in own), *like],
            )
        except ingitdb.IntegrityError:
            continue
        assert made.rowcount == 1, title
        assert git(path, "rev-parse", "HEAD^{tree}") != before, title
        come = Counter(connection.execute(where).fetchall()) - Counter(places)
        (new,) = come
        gone = connection.execute(f"DELETE FROM {title} WHERE _path = ? AND _line = ?", [*new])
        assert gone.rowcount == 1, title
        told = git(path, "diff", "HEAD~2", "HEAD")
        assert git(path, "rev-parse", "HEAD^{tree}") == before, (title, own, told)
        return "restored"
    return "refused by what is declared"
