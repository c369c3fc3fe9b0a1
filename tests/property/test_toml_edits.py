"""Random edits of random TOML: tomllib reads what was meant, all other bytes are as before."""

import tomllib
from collections import Counter
from datetime import UTC
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from ingitdb.formats.edits.editing import applied, leaf_edits, same
from ingitdb.formats.edits.toml_edits import TomlEditor
from ingitdb.formats.edits.toml_places import Places, places_of
from ingitdb.formats.toml import read_text
from ingitdb.model.edits import Insert, Place, Put, Remove
from ingitdb.model.records import Spelled

EDITOR = TomlEditor()
RELAXED = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ROOTS = [
    'k§ = "x" # c\n',
    "k§='it'\n",
    "  k§ = 1\n",
    "k§.a = 1\nk§.b.c = 'x'\n",
    '# about\n"k §" = 1.10\n',
    'k§ = """\nfirst\n  second"""\n',
    "k§ = '''one \\ '''\n",
    "k§ = [1, 2, 3]\n",
    "k§ = [\n  1, # one\n  # of two\n  2\n]\n",
    "k§ = [\n\t'a', 'b',\n\t'c',\n] # c\n",
    "k§ = [[1], [], [[2, 3]]]\n",
    "k§ = { x = 1, y.z = 2, l = [{a=1},{a=2}] }\n",
    "k§ = {}\nl§ = []\nm§ = [\n]\n",
    "k§ = 0x1F\nl§ = 1_000\nm§ = +5\n",
    "k§ = 2024-01-31\nl§ = 07:32:00.5\nm§ = 1979-05-27 07:32:00Z\nn§ = 1979-05-27T07:32:00\n",
    "k§   = true\nlonger§ = -inf\n\n\n",
    'k§ = "\\u0041\\t\\"" \n',
]
SECTIONS = [
    "[t§]\nx = 1\ny = 'a'\n\n",
    "[t§]\n",
    '\n# about\n[t§]\nx = "1" # c\n# rest\n\n# free\n\n',
    "[t§.a.b]\nx = 1\n[t§.a.c]\nx = 2\n",
    "[t§]\n  x = 1\n  [t§.a]\n    y = 2\n",
    "[ t§ . 'a b' ] # head\nx=1\n",
    "[[t§]]\nx = 1\n[[t§]]\nx = 2\n",
    '[[t§]]\nn = "a"\n\n[t§.sub]\nx = 1\n\n[[t§.deep]]\ny = 1\n\n[[t§.deep]]\ny = 2\n\n[[t§]]\n',
    "[[t§.in]]\nx = 1\n\n[t§.other]\ny.z = 1\n\n",
    "[t§]\na.b = 1\na.c = 2\n[t§.a.d]\ne = 3\n",
]


@st.composite
def texts(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.sampled_from(ROOTS), max_size=4))
    parts += draw(st.lists(st.sampled_from(SECTIONS), max_size=4))
    text = "".join(part.replace("§", f"{at}") for at, part in enumerate(parts))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = text.removesuffix("\n").removesuffix("\r")
    return text


words = st.sampled_from(
    [
        "",
        "x",
        "it's",
        'say "hi"',
        "a\nb",
        "\n",
        "\t",
        "\\",
        "\r\n",
        "'''",
        '"""',
        "é",
        "\x7f",
        "+++",
    ]
) | st.text(max_size=8)
scalars = st.one_of(
    words,
    st.integers(),
    st.booleans(),
    st.floats(),
    st.decimals(allow_nan=False, places=2, min_value=-99, max_value=99),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.sampled_from([None, UTC])),
    st.sampled_from([Spelled(31, "0x1F"), Spelled(1.1, "1.10"), Decimal("1E+2"), 10**40]),
)
keys = st.sampled_from(["x", "a b", "é", "", "new", "n.m"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)


def read(text: str) -> dict[str, Any]:
    """Reads a text as the format does; tomllib must find the same without help."""
    value: dict[str, Any] = read_text(text).value or {}
    assert set(tomllib.loads(text)) == set(value)
    return value


def edit(text: str, *edits: Any) -> str:
    made = EDITOR.edit(text.encode(), edits).decode()
    assert same(read(made), applied(read(text), edits))
    return made


def inside(value: Any, place: Place = ()) -> list[tuple[Place, Any]]:
    """Gives all places in a value."""
    found = [(place, value)]
    if isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            found += inside(item, (*place, step))
    return found


def lines(text: str) -> Counter[str]:
    return Counter(line.removesuffix("\r") for line in text.split("\n"))


def mutated(value: Any, data: st.DataObject) -> Any:
    """Gives a value with some entries changed, gone and new."""
    chance = data.draw(st.integers(0, 19))
    if chance == 0:
        return data.draw(values)
    if isinstance(value, dict):
        found = {
            key: mutated(item, data) for key, item in value.items() if data.draw(st.integers(0, 7))
        }
        return {**found, **data.draw(st.dictionaries(keys, values, max_size=1))}
    if isinstance(value, list):
        items = [mutated(item, data) for item in value if data.draw(st.integers(0, 5))]
        like = st.fixed_dictionaries({"x": scalars}) if items and is_table(items[0]) else values
        for at in data.draw(st.lists(st.integers(0, len(items)), max_size=2)):
            items.insert(at, data.draw(like))
        return items
    return value


def is_table(value: Any) -> bool:
    return isinstance(value, dict)


@RELAXED
@given(texts(), scalars, st.data())
def test_a_scalar_changes_alone_and_back(text: str, new: Any, data: st.DataObject) -> None:
    nodes = {k: n for k, n in places_of(text + "\n").nodes.items() if n.kind == "scalar"}
    assume(nodes)
    place = data.draw(st.sampled_from(sorted(nodes, key=repr)))
    node = nodes[place]
    old, value = text[node.start : node.end], dict(inside(read(text)))[place]
    made = edit(text, Put(place=place, value=new))
    assert made.startswith(text[: node.start])
    assert made.endswith(text[node.end :])
    said = made[node.start : len(made) - len(text) + node.end]
    assert "\n" not in said or old.startswith(('"""', "'''"))
    assert edit(text, Put(place=place, value=value)) == text
    if not isinstance(value, str):
        spelling = value if isinstance(value, Spelled) else Spelled(value, old)
        assert edit(made, Put(place=place, value=spelling)) == text


def is_there(places: Places, place: Place, value: Any, new: Any) -> bool:
    """Tells whether a container needs no new header, and stays what it is with a new item."""
    if place in places.below and isinstance(value, list):
        return is_table(new)
    return place in places.nodes or place in places.dotted or bool(places.section_of(place))


@RELAXED
@given(texts(), values, keys, st.data())
def test_what_comes_and_goes_leaves_nothing(
    text: str, new: Any, key: str, data: st.DataObject
) -> None:
    found = places_of(text if text.endswith("\n") or not text else text + "\n")
    containers = [
        (place, value)
        for place, value in inside(read(text))
        if isinstance(value, dict | list) and is_there(found, place, value, new)
    ]
    place, value = data.draw(st.sampled_from(containers))
    if isinstance(value, list):
        step: str | int = data.draw(st.integers(0, len(value)))
    else:
        assume(key not in value)
        step = key
    made = edit(text, Insert(place=(*place, step), value=new))
    assert (lines(text) - lines(made)).total() <= 1, "but a line that gets a comma or an item"
    assert edit(made, Remove(place=(*place, step))) == text


@RELAXED
@given(texts(), st.data())
def test_many_edits_at_once(text: str, data: st.DataObject) -> None:
    value = read(text)
    new = mutated(value, data)
    assume(isinstance(new, dict))
    made = edit(text, *leaf_edits(value, new))
    comments = Counter(dict.fromkeys(("# about", "# free"), 100))
    assert lines(text) & comments == lines(made) & comments
    assert "\r\n" not in text or "\n" not in made.replace("\r\n", "")


@RELAXED
@given(texts(), st.dictionaries(keys, values, max_size=4))
def test_new_files(text: str, value: dict[str, Any]) -> None:
    for like in (None, text.encode()):
        assert same(read(EDITOR.write(value, like=like).decode()), value)
    again = EDITOR.write(read(text), like=text.encode())
    assert same(read(again.decode()), read(text))
    assert EDITOR.write(read(again.decode()), like=again) == again
