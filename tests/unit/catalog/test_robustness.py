import json

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.catalog.trees import file_counts, layout, tables

WORDS = st.sampled_from(
    ["a", "b.yaml", "{key}.yaml", "../x", "yaml", "int", "[]string", "x.*", "", "$ID", "t.csv"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | WORDS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=3),
    max_leaves=5,
)


def maps(**known):
    """Gives maps that have some of the known keys, each with a likely or with any value."""
    return st.fixed_dictionaries({}, optional={k: v | VALUES for k, v in known.items()})


COLUMN = maps(type=st.just("int"), required=st.booleans(), foreign_key=WORDS, enum=VALUES)
RECORD_FILE = maps(
    name=WORDS,
    format=st.just("yaml"),
    type=st.sampled_from(["map[string]any", "[]map[string]any"]),
    exclude_regex=st.sampled_from(["(", "x"]),
    records_dir=WORDS,
)
DEFINITION = maps(
    record_file=RECORD_FILE,
    columns=st.dictionaries(WORDS, COLUMN, min_size=1, max_size=2),
    columns_order=st.lists(WORDS, max_size=2),
    primary_key=st.lists(WORDS, max_size=2),
    inherits=st.sampled_from(["base.yaml", "definition.yaml"]),
    data_dir=WORDS,
)
FIELD = maps(name=WORDS, type=st.just("integer"), constraints=maps(minimum=VALUES))
RESOURCE = maps(
    name=WORDS,
    path=WORDS | st.lists(WORDS, max_size=2),
    schema=maps(fields=st.lists(FIELD, max_size=2), primaryKey=WORDS, foreignKeys=VALUES),
    dialect=maps(delimiter=st.just(";"), header=st.booleans()),
    encoding=WORDS,
)
ENTRY = maps(glob=WORDS, key=WORDS, exclude=WORDS, columns=VALUES, pointer=WORDS)
TREES = st.fixed_dictionaries(
    {},
    optional={
        ".ingitdb/root-collections.yaml": st.dictionaries(WORDS, WORDS, max_size=3) | VALUES,
        ".ingitdb/settings.yaml": VALUES,
        ".ingitdb/tables.yaml": maps(
            discover=st.booleans(), tables=st.dictionaries(WORDS, ENTRY, max_size=2)
        ),
        "a/.collection/definition.yaml": DEFINITION,
        "a/.collection/base.yaml": DEFINITION,
        "a/.collection/subcollections/s/definition.yaml": DEFINITION,
        "a/.ingitdb/root-collections.yaml": VALUES,
        "datapackage.json": maps(resources=st.lists(RESOURCE, max_size=2)),
        "a/datapackage.yml": VALUES,
        "t.csv": st.just(1),
        "a/b.yaml": st.just({"a": 1}),
    },
)


@given(TREES, st.randoms())
def test_no_configuration_raises_and_the_order_of_paths_does_not_matter(tree, chance):
    files = {path: json.dumps(value) for path, value in tree.items()}
    expected = tables(files)
    assert all(str(problem) for problem in layout(files).problems)
    paths = list(files)
    chance.shuffle(paths)
    again = {path: files[path] for path in paths}
    assert tables(again) == expected
    assert layout(again).digest == layout(files).digest


@given(st.binary(max_size=40))
def test_no_bytes_raise(data):
    paths = [
        ".ingitdb/root-collections.yaml",
        ".ingitdb/tables.yaml",
        ".ingitdb/settings.yaml",
        "datapackage.json",
        "x/datapackage.yaml",
    ]
    assert layout(dict.fromkeys(paths, "x: y\n")).digest
    for path in paths:
        texts = {path: data.decode("latin1"), "p/a.yaml": "a: 1\n"}
        assert file_counts(texts)["main.p"] == 1 or path.endswith("tables.yaml")
