from ingitdb.catalog.explain import explain
from tests.unit.catalog.trees import content, layout


def explained(files):
    return explain(layout(files), files, lambda path: content(path, files[path]))


def test_what_was_left_out_and_why():
    files = {
        "people/ann.yaml": "a: 1",
        "people/README.md": "# People",
        "me.yaml": "a: 1",
        "none.yaml": "",
        "main.py": "",
        "src/x.py": "",
        ".github/workflows/ci.yml": "a: 1",
        "package.json": "{}",
    }
    found = explained(files)
    assert [t.name for t in found.tables] == ["people"]
    assert found.tables[0].locations[0].reason
    assert {
        (left.reason.partition(" (")[0], left.folder, left.files) for left in found.left_out
    } == {
        ("no record format", None, 2),
        ("Markdown without front matter", "people", 1),
        ("a map in the root without lists of maps", "", 1),
        ("empty", "", 1),
        ("in a dot-folder", ".github", 1),
        ("well-known name in the root", "", 1),
    }
    assert found.left_out[0].example == "main.py"


def test_unreadable_files_are_counted():
    files = {"people/ann.yaml": "a: 1"}
    found = explain(layout(files), files, lambda _: None)
    assert [left.reason for left in found.left_out] == ["cannot be read"]


def globs(*paths):
    texts = {path: "a\n1\n" if path.endswith("csv") else "a: 1" for path in paths}
    return [suggestion.glob for suggestion in explained(texts).suggestions]


def test_levels_that_look_like_columns_are_suggested():
    states = [f"data/{s}/{c}/{k}.yml" for s in ("ny", "ca", "tx") for c in "ab" for k in "xy"]
    assert globs(*states) == ["data/{level1}/{level2}/{key}.yml"]
    assert globs(*(f"data/{s}/members.csv" for s in ("ny", "ca", "tx"))) == [
        "data/{level1}/members.csv"
    ]
    assert globs(*(f"vulns/{p}/{k}.yaml" for p in "ab" for k in "xyz")) == [
        "vulns/{level1}/{key}.yaml"
    ]
    assert globs("sales/2020.csv", "sales/2021.csv", "sales/2022.csv") == ["sales/{year}.csv"]
    assert globs("sales/a.csv", "sales/b.csv", "sales/c.csv") == ["sales/{file}.csv"]


def test_what_looks_like_tables_is_not_suggested():
    assert globs(*(f"data/{t}/{t}{k}.yaml" for t in ("people", "cities", "x") for k in "abc")) == []
    assert globs("people/a.yaml", "people/b.yaml", "people/c/d.yaml") == []
