"""What other readers and git say of a file before and after one of its scalars changed."""

import copy
import csv
import io
import json
import math
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import ruamel.yaml
import yaml

from tests.support.text_scalars import CONTENT, FENCE

BATCH = 400
_SLOW = "ruamel.yaml"


class Reading(NamedTuple):
    """A reader's name and what it makes of a text."""

    reader: str
    value: Any


def readings(name: str, text: str, *, thorough: bool = True) -> list[Reading]:
    """Gives what each independent reader of a format makes of a text; it may refuse it.

    Unless it is to be thorough, the slow ones are not asked.
    """
    found = []
    for reader, read in _READERS[name].items():
        if reader == _SLOW and not thorough:
            continue
        try:
            found.append(Reading(reader, read(text)))
        except (yaml.YAMLError, ruamel.yaml.YAMLError, ValueError) as error:
            found.append(Reading(f"{reader} refuses", str(error)))
    return found


def _yaml_1_1(text: str) -> Any:
    documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    return documents[0] if len(documents) == 1 else documents


def _yaml_1_2(text: str) -> Any:
    documents = list(ruamel.yaml.YAML(typ="safe", pure=True).load_all(text))
    return documents[0] if len(documents) == 1 else documents


def _in_fences(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def found(text: str) -> Any:
        fence = FENCE.match(text)
        if fence is None:
            return {CONTENT: text}
        return {**(read(fence[1]) or {}), CONTENT: text[fence.end() :]}

    return found


def _json_lines(text: str) -> Any:
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _csv(text: str) -> Any:
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]


_READERS: dict[str, dict[str, Callable[[str], Any]]] = {
    "yaml": {"PyYAML": _yaml_1_1, "ruamel.yaml": _yaml_1_2},
    "markdown": {"PyYAML": _in_fences(_yaml_1_1), "ruamel.yaml": _in_fences(_yaml_1_2)},
    "json": {"json": json.loads},
    "jsonl": {"json": _json_lines},
    "toml": {"tomllib": tomllib.loads},
    "csv": {"csv": _csv},
}


def with_value(value: Any, place: Sequence[Any], new: Any) -> Any:
    """Gives a value with another one at a place; what is shared elsewhere stays as it is."""
    if not place:
        return new
    found = copy.copy(value)
    step = place[0]
    if isinstance(value, dict) and step not in value:
        step = next(key for key in value if _key(key) == str(step))
    found[step] = with_value(value[step], place[1:], new)
    return found


def _key(key: Any) -> str:
    return {None: "null", True: "true", False: "false"}.get(key, str(key))


def same(one: Any, other: Any) -> bool:
    """Tells whether two readers' values are of the same types and contents."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, date | datetime) or isinstance(other, date | datetime):
        return str(one)[:10] == str(other)[:10]
    return type(one) is type(other) and bool(one == other)


class Edited(NamedTuple):
    """A file before and after an edit, and set back again."""

    before: bytes
    after: bytes
    restored: bytes


def counted(files: Sequence[Edited], folder: Path) -> Iterator[tuple[int, int, bool]]:
    """Gives what git says of each: lines that came and went, and whether it is restored."""
    for start in range(0, len(files), BATCH):
        yield from _batch(files[start : start + BATCH], folder / str(start))
        shutil.rmtree(folder / str(start))


def _batch(files: Sequence[Edited], folder: Path) -> Iterator[tuple[int, int, bool]]:
    for number, file in enumerate(files):
        for side, data in zip(("a", "b", "c"), file, strict=True):
            place = folder / side / str(number)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    command = ["git", "diff", "--no-index", "--numstat", "--no-renames", "--text", "-z", "a", "b"]
    told = subprocess.run(command, cwd=folder, capture_output=True, check=False).stdout
    parts = told.decode().split("\0")
    counts = {}
    for head, path in zip(parts[0::3], parts[1::3], strict=False):
        came, went, _ = head.split("\t")
        counts[int(path.rpartition("/")[2])] = int(came), int(went)
    before, restored = (_blobs(folder, side, len(files)) for side in ("a", "c"))
    for number in range(len(files)):
        came, went = counts.get(number, (0, 0))
        yield came, went, before[number] == restored[number]


def _blobs(folder: Path, side: str, count: int) -> list[str]:
    paths = "".join(f"{side}/{number}\n" for number in range(count))
    command = ["git", "hash-object", "--no-filters", "--stdin-paths"]
    done = subprocess.run(
        command, cwd=folder, input=paths.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().split()
