"""Tables of many rows: every value comes back, whichever way it took into the cache."""

import json
import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ingitdb.model.records import Spelled
from ingitdb.model.shapes import shape_of
from ingitdb.snapshots.packing import digest_of, is_plain, pack, unpack
from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

TEXTS = [
    "", " ", "null", "true", "1", "1.0", "1e5", "-0", "2024-01-05", "2024-01-05T10:00:00Z",
    "2024-01-05 10:00:00.123456789", "10:00:00", "\t\n\r\b\f", "\u0001\u001f\u007f", '"\\/',
    "ø", "\u2028\u2029\u0085", "😀", "\U0010ffff", "\ufeffx", "a" * 5000, "{}", "[1]", "NaN",
]  # fmt: skip
INTS = [0, -1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
DOUBLES = [0.0, -0.0, 0.1, 1e16, 1e-7, 5e-324, 1.7976931348623157e308, -2.5, 123456789.123456789]


def many(make: Any, count: int = 300) -> list[dict[str, Any]]:
    """Gives the records that a function of a number makes."""
    return [make(number) for number in range(count)]


def as_file(records: list[dict[str, Any]]) -> str:
    """Gives records as a JSON file."""
    return json.dumps(records, ensure_ascii=False, indent=1)


def test_scalars_of_many_rows(repo: RepoBuilder, opened: Opened) -> None:
    def record(number: int) -> dict[str, Any]:
        return {
            "n": number,
            "s": TEXTS[number % len(TEXTS)],
            "i": INTS[number % len(INTS)],
            "f": DOUBLES[number % len(DOUBLES)],
            "b": [True, False, None][number % 3],
        }

    wanted = many(record)
    repo.commit({"t.json": as_file(wanted)})
    connection = opened(repo)
    kinds = ["BIGINT", "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN"]
    assert list(types(connection, "FROM t").values()) == kinds
    found = rows(connection, "FROM t ORDER BY n")
    assert list(map(repr, found)) == [repr(tuple(fields.values())) for fields in wanted]


def test_names_of_many_rows(repo: RepoBuilder, opened: Opened) -> None:
    names = ["a.b", 'a"b', "ø", "with space", "\\", "\u0001", "null", "1"]
    wanted = many(lambda n: {"n": n, "m": {name: f"{name}{n}" for name in names}})
    repo.commit({"t.json": as_file(wanted)})
    found = rows(opened(repo), "SELECT m FROM t ORDER BY n")
    assert [row[0] for row in found] == [fields["m"] for fields in wanted]


def test_nested_values_of_many_rows(repo: RepoBuilder, opened: Opened) -> None:
    choice = random.Random(7)

    def record(number: int) -> dict[str, Any]:
        fields: dict[str, Any] = {"n": number}
        if choice.random() < 0.7:
            tags = [choice.choice([*TEXTS, None]) for _ in range(choice.randrange(4))]
            fields["tags"] = choice.choice([None, tags])
        if choice.random() < 0.7:
            fields["at"] = choice.choice([None, {}, {"lat": 1.5}, {"lat": 2, "on": {"x": [1]}}])
        return fields

    wanted = many(record)
    repo.commit({"t.json": as_file(wanted)})
    found = rows(opened(repo), 'SELECT tags, "at" FROM t ORDER BY n')
    for (tags, at), fields in zip(found, wanted, strict=True):
        assert tags == fields.get("tags")
        own = fields.get("at")
        assert (at is None) == (own is None)
        if at is not None:
            assert at["lat"] == own.get("lat")
            assert at["on"] == own.get("on")


def test_values_that_contradict_each_other(repo: RepoBuilder, opened: Opened) -> None:
    shown = ["1", "[1,2]", '{"a":1e16}', '"1e5"', "true", "1.10"]
    texts = [f'{{"n": {n}, "v": {shown[n % len(shown)]}, "w": {n}}}' for n in range(600)]
    repo.commit({"t.json": f"[{','.join(texts)}]"})
    connection = opened(repo)
    assert types(connection, "SELECT v FROM t") == {"v": "JSON"}
    found = rows(connection, "SELECT n, v, w FROM t ORDER BY n")
    assert [(n, w) for n, _, w in found] == [(n, n) for n in range(600)]
    canonical = [text.replace("1e16", "1e+16") for text in shown]
    assert {text for _, text, _ in found} <= {*shown, *canonical}
    assert [shown.index(t) if t in shown else canonical.index(t) for _, t, _ in found] == [
        n % len(shown) for n in range(600)
    ]


def test_a_few_odd_rows_among_many(repo: RepoBuilder, opened: Opened) -> None:
    def text(number: int) -> str:
        odd = {5: "1.50", 77: "0x1F", 78: ".inf", 140: "~", 299: "010"}
        return f"- n: {number}\n  v: {odd.get(number, 'word')}\n"

    repo.commit({"t.yaml": "".join(text(number) for number in range(300))})
    found = dict(rows(opened(repo), "SELECT n, v FROM t"))
    assert [found[n] for n in (4, 5, 77, 78, 140, 299)] == [
        "word", "1.50", "0x1F", ".inf", None, "010",
    ]  # fmt: skip


def test_types_of_many_rows_over_time(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.json": as_file(many(lambda n: {"n": n, "v": n}))})
    repo.commit({"t.json": as_file(many(lambda n: {"n": n, "v": n / 4}))})
    repo.commit({"t.json": as_file(many(lambda n: {"n": n, "v": [f"x{n}"]}))})
    connection = opened(repo)
    wanted = {"main~2": 7, "main~1": 1.75, "main": ["x7"]}
    for ref, value in wanted.items():
        sql = f"SELECT v FROM t AS OF '{ref}' WHERE n = 7"
        assert repr(rows(connection, sql)) == repr([(value,)])


VALUES: list[Any] = [
    1, 1.0, True, "1", None, 0.0, -0.0, [], {}, [1], {"a": 1}, 2**64, 2**200, b"1", Decimal("1.0"),
    Decimal("1.00"), date(2024, 1, 5), "2024-01-05", float("inf"), float("-inf"), float("nan"),
    "\ud800", Spelled(1, "0x1"), Spelled(1, "+1"), Spelled(float("nan"), ".nan"), {"\u0001": ["x"]},
    {"\u0001": ["x", "MQ=="]}, {"a": {"\u0001": b"1"}},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_is_packed_comes_back(value: Any) -> None:
    fields = {"v": value, "w": [value, {"v": value}]}
    payload = pack(fields, shape_of(fields))
    assert repr(unpack(payload)) == repr(fields)


def test_other_values_are_packed_otherwise() -> None:
    fields = [{"v": value} for value in VALUES]
    fields += [{"v": 1, "w": 2}, {"w": 2, "v": 1}, {"V": 1}]
    payloads = [pack(each, shape_of(each)) for each in fields]
    assert len({digest_of(payload) for payload in payloads}) == len(fields)
    assert is_plain(payloads[0])


@pytest.mark.parametrize("count", [3, 2000])
def test_a_line_that_is_broken_takes_no_other_along(
    repo: RepoBuilder, opened: Opened, count: int
) -> None:
    repo.config(user__name="Ports Desk", user__email="ports@example.org")
    lines = [f'{{"n": {n}}}' for n in range(count)]
    repo.commit({"t.jsonl": "\n".join([lines[0], '{"n": 1', *lines[1:]]) + "\n"})
    connection = opened(repo)
    assert rows(connection, "SELECT count(*), max(n), max(_line) FROM t") == [
        (count, count - 1, count + 1)
    ]
    said = [str(problem) for problem in connection.database.problems()]
    assert [text.split(": ")[0] for text in said] == ["t.jsonl:2:8"]
    connection.execute("UPDATE t SET n = 7 WHERE n = 1")
    connection.execute("INSERT INTO t VALUES (8)")
    shown = repo.git("diff", "-U0", "HEAD~2", "HEAD").splitlines()[4:]
    assert [line for line in shown if line[:1] in "+-"] == ['-{"n": 1}', '+{"n": 7}', '+{"n": 8}']
    repo.commit({".ingitdb/tables.yaml": "tables: {t: {glob: t.jsonl}}\n"}, "Declared")
    assert rows(connection, "SELECT count(*) FROM t") == [(0,)]
