"""Types that tables.yaml declares hold where every value conforms; else nothing is lost."""

import pytest

from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

_ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


def table(kind, path, text):
    said = f"tables: {{t: {{glob: {path}, columns: {{v: {{type: '{kind}'}}}}}}}}\n"
    return {".ingitdb/tables.yaml": said, path: text}


@pytest.mark.parametrize(
    ("kind", "path", "text", "shown", "values"),
    [
        ("DECIMAL(10,2)", "t.json", '[{"v": 1.5}, {"v": 2}]', "DECIMAL(10,2)", ["1.50", "2.00"]),
        ("DECIMAL(10,1)", "t.json", '[{"v": 1.55}]', "VARCHAR", ["1.55"]),
        ("DECIMAL(3,2)", "t.csv", "v\n1.50\n", "DECIMAL(3,2)", ["1.50"]),
        ("DECIMAL(3,2)", "t.csv", "v\n11.50\n", "VARCHAR", ["11.50"]),
        ("DECIMAL(9,0)", "t.json", '[{"v": 7}]', "DECIMAL(9,0)", ["7"]),
        ("INTEGER", "t.json", '[{"v": 7}, {"v": 8.0}]', "INTEGER", ["7", "8"]),
        ("UTINYINT", "t.csv", "v\n255\n", "UTINYINT", ["255"]),
        ("UTINYINT", "t.csv", "v\n256\n", "VARCHAR", ["256"]),
        ("FLOAT", "t.json", '[{"v": 0.5}]', "FLOAT", ["0.5"]),
        ("UUID", "t.json", f'[{{"v": "{_ID}"}}]', "UUID", [_ID]),
        ("UUID", "t.json", '[{"v": "x"}]', "VARCHAR", ["x"]),
        ("INTERVAL", "t.json", '[{"v": "3 days"}]', "INTERVAL", ["3 days"]),
        ("TEXT", "t.csv", "v\n007\n", "VARCHAR", ["007"]),
        ("BOOLEAN", "t.csv", "v\n1\n", "BOOLEAN", ["true"]),
        ("INTEGER[]", "t.json", '[{"v": [1, 2]}]', "INTEGER[]", ["[1, 2]"]),
    ],
)
def test_types(repo, opened, kind, path, text, shown, values):
    repo.commit(table(kind, path, text))
    found = rows(opened(repo), "SELECT typeof(v), CAST(v AS VARCHAR) FROM t")
    assert found == [(shown, value) for value in values]


def test_a_changed_type_counts_from_its_commit_on(repo, opened):
    repo.commit(table("INTEGER", "t.csv", "v\n1\n"))
    repo.commit(table("DECIMAL(5,2)", "t.csv", "v\n1\n"))
    db = opened(repo)
    assert rows(db, "SELECT typeof(v) FROM t") == [("DECIMAL(5,2)",)]
    assert rows(db, "SELECT typeof(v) FROM t AS OF 'HEAD~1'") == [("INTEGER",)]


@pytest.mark.parametrize(
    ("texts", "kind", "shown"),
    [
        (["1234567890123456789.0123456789", "0.5", "1e-5"], "DECIMAL(30,10)",
         ["1234567890123456789.0123456789", "0.5000000000", "0.0000100000"]),
        (["12345678901234567890", "0.5"], "DECIMAL(30,10)",
         ["12345678901234567890.0000000000", "0.5000000000"]),
        (["123456789012345678.50", "7"], "DECIMAL(30,10)",
         ["123456789012345678.5000000000", "7.0000000000"]),
        (["1234567890123456789.01234567891", "0.5"], "VARCHAR", None),
        (["1234567890123456789.0123456789", "0.12345678901"], "VARCHAR", None),
        (["12345678901234567890123.5", "1"], "VARCHAR", None),
        (["1e300", "1.5"], "VARCHAR", None),
    ],
)  # fmt: skip
def test_more_digits_than_a_double_has(
    repo: RepoBuilder, opened: Opened, texts: list[str], kind: str, shown: list[str] | None
) -> None:
    said = "tables: {t: {glob: t.json, columns: {v: {type: 'DECIMAL(30,10)'}}}}\n"
    records = ", ".join(f'{{"v": {text}}}' for text in texts)
    repo.commit({".ingitdb/tables.yaml": said, "t.json": f"[{records}]"})
    found = rows(opened(repo), "SELECT typeof(v), CAST(v AS VARCHAR) FROM t")
    assert found == [(kind, text) for text in shown or texts]
