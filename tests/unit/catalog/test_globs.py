import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingitdb.catalog.globs import (
    GlobInvalid,
    is_literal,
    literal,
    literal_folder,
    one_of,
    template,
)


@pytest.mark.parametrize(
    ("glob", "path", "captures"),
    [
        ("data/{state}/{chamber}/{key}.yml", "data/ny/senate/a.b.yml",
         {"state": "ny", "chamber": "senate", "key": "a.b"}),
        ("data/*.csv", "data/a.csv", {}),
        ("data/*.csv", "data/b/a.csv", None),
        ("data/**/*.csv", "data/b/c/a.csv", {}),
        ("data/**/*.csv", "data/a.csv", {}),
        ("data/**", "data/b/c/a.csv", {}),
        ("{key}/{key}.json", "a/b.json", {"key": "a"}),
        ("x.{yaml,yml}", "x.yml", {}),
        ("x.{yaml,yml}", "x.yaml,yml", None),
        ("{$records/,}{_parent.1}/s/{_parent.2}/t.json", "$records/a/s/b/t.json",
         {"_parent": "a/b"}),
        ("file[12].csv", "file2.csv", {}),
        ("a?.csv", "a/.csv", None),
        ("a+b(c).csv", "a+b(c).csv", {}),
    ],
)  # fmt: skip
def test_templates_match_whole_paths(glob, path, captures):
    assert template(glob).captures(path) == captures


@pytest.mark.parametrize("glob", ["a{b", "a}", "a[b", "{a-b}", "{}", "{x}/{x}"])
def test_what_cannot_be_read_is_said(glob):
    with pytest.raises(GlobInvalid, match="glob"):
        template(glob)


@given(st.text(alphabet="ab*?[]{},/.$\\ é", min_size=1))
def test_a_literal_matches_itself_alone(path):
    assert template(literal(path)).pattern.fullmatch(path)
    assert not template(literal(path)).pattern.fullmatch(f"{path}x")
    both = template(one_of([path, f"{path}-2"]))
    assert both.pattern.fullmatch(path)
    assert both.pattern.fullmatch(f"{path}-2")
    assert not both.pattern.fullmatch(f"{path}-3")


def test_the_folder_of_a_glob():
    assert literal_folder("data/{a}/b.csv") == "data"
    assert literal_folder("data/b.csv") == "data"
    assert literal_folder("*.csv") == ""
    assert is_literal("data/b.csv")
    assert not is_literal("data/{a}.csv")
