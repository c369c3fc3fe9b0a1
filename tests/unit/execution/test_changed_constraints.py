"""Constraints since a base: what a change broke is found, and what was broken before is not."""

import pytest

from tests.support.repositories import RepoBuilder
from tests.support.validated import SHOP, TABLES, Validator, collection, shop


@pytest.fixture
def repo(tmp_path):
    return RepoBuilder(tmp_path / "shop")


@pytest.fixture
def found(repo, tmp_path):
    return Validator(repo, tmp_path / "cache")


def test_base_complains_of_what_changed_alone(repo, found):
    columns = "name: {type: string, max_length: 5}"
    repo.commit(collection(columns, old="name: far too long\n", new="name: x\n"))
    base = repo.tip()
    repo.commit({"ports/$records/new.yaml": "name: longer than that\n"})
    assert found(base=base) == [("max_length", "ports/$records/new.yaml:1:1")]
    assert len(found()) == 2


def test_base_looks_at_changed_records_of_a_file(repo, found):
    repo.commit(shop("c,1,l,2\na,1,m,0\nb,1,n,1\n"))
    base = repo.tip()
    repo.commit(shop("c,1,l,2\na,1,m,0\nb,1,n,-1\nd,2,o,1\n"))
    assert found(base=base) == [
        ("check price_positive", "fares.csv:4:7"),
        ("foreign_key", "fares.csv:5:1"),
    ]


def test_base_finds_a_key_that_an_untouched_record_has(repo, found):
    files = shop("a,1,l,2\n", routes="ab")
    repo.commit(files)
    base = repo.tip()
    repo.commit({"routes/0.yaml": "name: new\ncode: b1\n"})
    assert found(base=base) == [("unique", "routes/0.yaml:2:1")]
    assert "of routes/b.yaml, too" in found.violations(base=base)[0].message


def test_base_does_not_complain_of_old_repetitions(repo, found):
    files = shop("a,1,l,2\na,1,m,2\n")
    repo.commit(files)
    base = repo.tip()
    repo.commit({**files, "fares.csv": files["fares.csv"] + "b,1,k,2\n"})
    assert found(base=base) == []
    assert found() == [("primary_key", "fares.csv:3:1")]


def test_base_finds_who_refers_to_what_is_gone(repo, found):
    repo.commit(shop("a,1,l,2\nb,1,m,2\nc,1,k,2\n"))
    base = repo.tip()
    repo.commit({"routes/b.yaml": None})
    assert found(base=base) == [("foreign_key", "fares.csv:3:1")]
    (violation,) = found.violations(base=base)
    assert "route refers to 'b', which is gone from routes" in violation.message
    assert len(found()) == 2


def test_base_lets_a_parent_move_with_its_key(repo, found):
    repo.commit(shop("a,1,l,2\nb,1,m,2\n"))
    base = repo.tip()
    repo.commit({"routes/b.yaml": "code: other\n"})
    assert found(base=base) == []


def test_base_looks_at_all_of_a_table_that_is_declared_anew(repo, found):
    repo.commit(shop("a,1,l,2\n"))
    base = repo.tip()
    repo.commit({TABLES: SHOP.replace("price > 0", "price > 5")})
    assert found(base=base) == [("check price_positive", "fares.csv:2:7")]


def test_base_runs_custom_rules_and_drops_old_rows(repo, found):
    said = "rules: {dear: SELECT a FROM t WHERE a > 5}\ntables: {t: {glob: t.csv}}\n"
    repo.commit({TABLES: said, "t.csv": "a\n7\n"})
    base = repo.tip()
    repo.commit({"t.csv": "a\n7\n8\n"})
    assert [v.value for v in found.violations(base=base)] == [{"a": 8}]
    assert len(found()) == 2


def test_base_asks_a_new_rule_of_everything(repo, found):
    said = "tables: {t: {glob: t.csv}}\n"
    repo.commit({TABLES: said, "t.csv": "a\n7\n"})
    base = repo.tip()
    repo.commit({TABLES: f"rules: {{dear: SELECT a FROM t WHERE a > 5}}\n{said}"})
    assert [v.value for v in found.violations(base=base)] == [{"a": 7}]


def test_base_asks_new_names_of_everything(repo, found):
    repo.commit({"t/Old.yaml": "a: 1\n", "t/new.yaml": "a: 1\n"})
    base = repo.tip()
    repo.commit({TABLES: "naming: {keys: '[a-z]+'}\n"})
    assert found(base=base) == [("naming.keys", "t/Old.yaml:1:1")]


def test_base_looks_at_all_of_a_table_that_takes_other_files(repo, found):
    said = "tables: {t: {glob: 'a/*.yaml', columns: {n: {type: INT}}}}\n"
    repo.commit({TABLES: said, "a/x.yaml": "n: 1\n", "b/y.yaml": "n: x\n"})
    base = repo.tip()
    repo.commit({TABLES: said.replace("a/*", "b/*")})
    assert found(base=base) == [("type", "b/y.yaml:1:1")]


def test_base_finds_unreadable_files_without_any_declaration(repo, found):
    repo.commit({"t/a.json": "{", "t/b.json": '{"a": 1}'})
    base = repo.tip()
    repo.commit({"t/b.json": "{"})
    assert [place for _, place in found(base=base)] == ["t/b.json:1:2"]


def test_base_is_where_a_branch_left_it(repo, found):
    repo.commit(shop("a,1,l,2\n"))
    repo.branch("side")
    repo.commit({"routes/c.yaml": "code: c\n"})
    repo.checkout("main")
    repo.commit(shop("a,1,l,0\n"))
    assert found("side", base="main") == []


def test_work_tree_and_index(repo, found):
    repo.commit(shop("a,1,l,2\n"))
    repo.write("fares.csv", "route,class,label,price\na,1,l,0\n")
    assert found("WORKING", base="HEAD") == [("check price_positive", "fares.csv:2:7")]
    assert found("STAGED", base="HEAD") == []
    repo.git("add", "-A")
    assert found("STAGED", base="HEAD") == [("check price_positive", "fares.csv:2:7")]


def test_some_tables_alone(repo, found):
    repo.commit(shop("a,1,l,0\n", notes='[{"route": "x", "class": "y"}]'))
    assert found(tables=("notes",)) == [("foreign_key", "notes.json:1:3")]
