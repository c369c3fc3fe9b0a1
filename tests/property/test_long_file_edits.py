"""An edit among its neighbours gives the same bytes as one in the whole of a long file."""

import csv
import io
import json
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingitdb.formats.edits import editing
from ingitdb.formats.edits.editing import applied, edited, read_document, same
from ingitdb.formats.edits.long_files import LongFile
from ingitdb.formats.registry import by_name
from ingitdb.model.edits import Edit, Insert, Put, Remove
from ingitdb.model.records import DEFAULT_OPTIONS

COUNT = 600


def record(number: int) -> dict[str, Any]:
    return {"id": f"r{number}", "name": f"Port {number}", "note": "a: b" if number % 7 else "plain"}


def as_csv(rows: list[dict[str, Any]]) -> str:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return sink.getvalue()


ROWS = [record(number) for number in range(COUNT)]
FILES = {
    "yaml": "# top\n---\n" + yaml.safe_dump(ROWS, sort_keys=False),
    "json": json.dumps(ROWS, indent=2),
    "jsonl": "".join(json.dumps(row) + "\n" for row in ROWS),
    "csv": as_csv(ROWS),
}


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False), words=st.lists(st.text(min_size=1), max_size=4))
def test_as_in_the_whole(name: str, chance: Random, words: list[str]) -> None:
    data = FILES[name].encode()
    edits: list[Edit] = []
    for word, at in zip(words, chance.sample(range(COUNT), 4), strict=False):
        text = word.replace("\0", "0")
        edits.append(
            chance.choice(
                [
                    Put(place=(at, "name"), value=text),
                    Remove(place=(at,)),
                    Insert(place=(at,), value={**record(at), "name": text}),
                    Insert(place=(COUNT,), value={**record(at), "name": text}),
                ]
            )
        )
    document = read_document(name, data)
    made = edited(name, data, edits, document=document)
    assert same(read_document(name, made).value, applied(document.value, edits))
    assert made == (editing._editor(name).edit(data, edits) if edits else data)


@pytest.mark.parametrize("name", FILES)
def test_what_was_not_meant_is_seen(name: str) -> None:
    data = FILES[name].encode()
    document = read_document(name, data)
    form, options = editing._reading(name, DEFAULT_OPTIONS)
    long = LongFile.of(form, data, document, options)
    assert long is not None
    edits = [Put(place=(7, "name"), value="new")]
    made = edited(name, data, edits)
    assert long.is_meant(made, edits)
    for old, new in ((b"new", b"neu"), (b"r300", b"r3000"), (b"r7", b"r8")):
        assert made.replace(old, new, 1) != made
        assert not long.is_meant(made.replace(old, new, 1), edits)
    assert not long.is_meant(data, edits)


def test_a_broken_line_stays_and_others_change() -> None:
    lines = [json.dumps(row) for row in ROWS]
    lines[5] = '{"id": broken'
    data = "\n".join(lines).encode()
    document = read_document("jsonl", data, in_part=True)
    assert by_name("jsonl") is not None
    assert len(document.value) == COUNT
    edits: list[Edit] = [Put(place=(6, "name"), value="x"), Remove(place=(9,))]
    made = edited("jsonl", data, edits, document=document).decode().split("\n")
    lines[6] = lines[6].replace("Port 6", "x")
    assert made == [*lines[:9], *lines[10:]]
    few: list[Edit] = [Remove(place=(at,)) for at in range(6, COUNT)]
    made = edited("jsonl", data, few, document=document).decode()
    assert made.rstrip("\n").split("\n") == [*lines[:5], '{"id": broken']
