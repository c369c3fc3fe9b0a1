"""Scripts for Consul: bodies of `/v1/txn`, checked by hand; no server runs them here."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingitdb.errors import StatementRefused
from ingitdb.services.migrations.scripted import scripts
from tests.support.keyed_rounds import StoreRound
from tests.support.repositories import RepoBuilder

Stores = Callable[..., StoreRound]
OPERATIONS = 64
REQUEST = 512 * 1024


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    return RepoBuilder(tmp_path / "repo")


def files(*rows: dict[str, Any]) -> dict[str, str]:
    tables = {"t": {"key": "id", "schema": "main", "glob": "data/t.jsonl"}}
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    return {".ingitdb/tables.yaml": json.dumps({"tables": tables}), "data/t.jsonl": lines}


def bodies(text: bytes) -> list[list[tuple[str, str, str | None]]]:
    """Reads the lines of a script: verb, key and value of each operation."""
    return [
        [
            (one["KV"]["Verb"], one["KV"]["Key"], decoded(one["KV"].get("Value")))
            for one in json.loads(line)
        ]
        for line in text.splitlines()
    ]


def decoded(value: str | None) -> str | None:
    return None if value is None else base64.b64decode(value).decode()


def test_bodies(repo: RepoBuilder, stores: Stores) -> None:
    a = repo.commit(files({"id": 1, "n": "x"}, {"id": 2}))
    b = repo.commit(files({"id": 1, "n": "y"}, {"id": "3/4"}))
    with scripts(stores(repo.path).database, "consul", b, a) as made:
        up, down = bodies(b"".join(made.up_script())), bodies(b"".join(made.down_script()))
        assert [step.kind for step in made.up.steps][-3:] == [
            "delete rows", "update rows", "insert rows"
        ]  # fmt: skip
    ledger, way = "ingitdb_migrations", f"{a}..{b}"
    assert up[0] == [
        ("get", f"{ledger}/at/{a}", None),
        ("delete", f"{ledger}/at/{a}", None),
        ("set", ledger, way),
        ("set", f"{ledger}/at/{way}", way),
    ]
    assert up[1] == [
        ("get", f"{ledger}/at/{way}", None),
        ("set", "t/1", '{"id":"1","n":"y"}'),
        ("delete", "t/2", None),
        ("set", "t/3%2F4", '{"id":"3/4"}'),
    ]
    assert up[2][:-1] == [
        ("get", f"{ledger}/at/{way}", None),
        ("delete", f"{ledger}/at/{way}", None),
        ("set", ledger, b),
        ("set", f"{ledger}/at/{b}", b),
    ]
    verb, key, row = up[2][-1]
    assert (verb, key) == ("set", f"{ledger}/{way}")
    said = json.loads(row or "")
    assert (said["before"], said["commit"], said["state"]) == (a, b, "applied")
    assert down[1][1:] == [
        ("set", "t/1", '{"id":1,"n":"x"}'),
        ("set", "t/2", '{"id":2}'),
        ("delete", "t/3%2F4", None),
    ]
    assert json.loads(down[2][-1][2] or "")["state"] == "undone"


def test_from_nothing_and_back(repo: RepoBuilder, stores: Stores) -> None:
    a = repo.commit(files({"id": 1}))
    with scripts(stores(repo.path).database, "consul") as made:
        up, down = bodies(b"".join(made.up_script())), bodies(b"".join(made.down_script()))
    assert up[0][0] == ("check-not-exists", "ingitdb_migrations", None)
    assert down[0][0] == ("get", f"ingitdb_migrations/at/{a}", None)
    assert ("delete", "ingitdb_migrations", None) in down[2]


def test_no_body_is_beyond_the_limits(repo: RepoBuilder, stores: Stores) -> None:
    repo.commit(
        files(
            *({"id": n, "text": "ø" * 10_000} for n in range(100)),
            *({"id": n} for n in range(100, 400)),
        )
    )
    with scripts(stores(repo.path).database, "consul") as made:
        lines = b"".join(made.up_script()).splitlines()
    assert max(map(len, lines)) <= REQUEST
    assert max(len(json.loads(line)) for line in lines) == OPERATIONS
    keys = [key for body in bodies(b"\n".join(lines)) for verb, key, _ in body if verb == "set"]
    assert len({key for key in keys if key.startswith("t/")}) == 400


def test_a_record_that_is_too_large(repo: RepoBuilder, stores: Stores) -> None:
    repo.commit(files({"id": 1, "text": "x" * 400_000}))
    with pytest.raises(StatementRefused, match="no more than"):
        scripts(stores(repo.path).database, "consul")
