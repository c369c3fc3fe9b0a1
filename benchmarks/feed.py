"""A feed as a scraper keeps it, seeded: one JSON file of a list, of which each commit is a version.

Finished ones are kept beside the other generated repositories.
"""

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.generated import COMMITS, commit_head, data_folder, file_change, import_into

VERSIONS = (2_500, 15_000) if COMMITS >= 1_000 else (COMMITS,)
FILE = "incidents.json"
TABLE = "incidents"
COLUMNS = ("id", "title", "status", "units", "severity", "place", "tags", "updated")
_REVISION = 1
_SEED = 20_260_303
_FIRST = 100
_FEWEST = 60
_MOST = 150
_STATUSES = ["reported", "responding", "on scene", "contained", "closed"]
_KINDS = ["Fire", "Flooding", "Fallen tree", "Traffic hazard", "Smoke", "Medical"]
_TAGS = ["road", "night", "wind", "aid", "weather"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One scraped feed.

    Attributes:
        path: A repository with a work tree.
        versions: How many commits there are, each with a version of the file.
        states: How many different contents the items had, one after the other.
        item: The id of an item with many of them.
    """

    path: Path
    versions: int
    states: int
    item: int


def feed(versions: int) -> Feed:
    """Gives a feed; makes it the first time."""
    name = f"feed-{versions}-r{_REVISION}"
    path = data_folder() / name
    mark = path.with_name(f"{name}.json")
    if not mark.exists():
        shutil.rmtree(path, ignore_errors=True)
        data_folder().mkdir(parents=True, exist_ok=True)
        mark.write_text(json.dumps(_make(path, versions)), encoding="utf-8")
    return Feed(path=path, versions=versions, **json.loads(mark.read_text(encoding="utf-8")))


def _make(path: Path, versions: int) -> dict[str, int]:
    bare = path.with_name(f"{path.name}.git")
    shutil.rmtree(bare, ignore_errors=True)
    counted: dict[int, int] = {}
    import_into(bare, _stream(versions, counted))
    subprocess.run(["git", "clone", "--quiet", str(bare), str(path)], check=True)
    shutil.rmtree(bare)
    return {"states": sum(counted.values()), "item": max(counted, key=lambda item: counted[item])}


def _stream(versions: int, counted: dict[int, int]) -> Iterator[bytes]:
    """Gives what fast-import reads; counts the states of each item.

    A version changes one to four items; every fourth begins or ends one, which never comes back.
    """
    dice = random.Random(_SEED)
    items = [_item(number, 0) for number in range(_FIRST)]
    counted.update(dict.fromkeys(range(_FIRST), 1))
    for at in range(versions):
        if at % 4 == 1:
            _turn_over(items, at, dice, counted)
        elif at:
            for place in dice.sample(range(len(items)), k=dice.randrange(1, 5)):
                number = items[place]["id"]
                items[place] = _item(number, at)
                counted[number] += 1
        yield commit_head("main", at, f"Scraped {at}")
        yield file_change(FILE, (json.dumps(items, indent=1) + "\n").encode())


def _turn_over(
    items: list[dict[str, Any]], at: int, dice: random.Random, counted: dict[int, int]
) -> None:
    grows = dice.random() < 0.5
    if len(items) <= _FEWEST or (grows and len(items) < _MOST):
        number = len(counted)
        items.insert(0, _item(number, at))
        counted[number] = 1
    else:
        items.pop(dice.randrange(len(items)))


def _item(number: int, at: int) -> dict[str, Any]:
    """Gives an item as a version wrote it."""
    dice = random.Random(f"{_SEED}:{number}:{at}")
    values = (
        number,
        f"{_KINDS[number % len(_KINDS)]} near Mile {number % 97}",
        dice.choice(_STATUSES),
        dice.randrange(12),
        dice.randrange(80) / 8,
        {"lat": 40 + number % 64 / 8, "lon": -120 - number % 32 / 8, "county": f"C{number % 12}"},
        dice.sample(_TAGS, k=dice.randrange(3)),
        f"2026-{at // 720 % 12 + 1:02d}-{at // 24 % 28 + 1:02d} {at % 24:02d}:{at % 60:02d} #{at}",
    )
    return dict(zip(COLUMNS, values, strict=True))


if __name__ == "__main__":
    for each in VERSIONS:
        print(feed(each))
