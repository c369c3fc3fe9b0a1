"""Random edits of random Markdown: fields and body are what was meant, the rest is as before."""

from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from ingitdb.formats.edits.editing import edited, written
from ingitdb.formats.markdown import Markdown
from ingitdb.model.edits import Insert, Put, Remove

RELAXED = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
words = st.sampled_from(["", "x", "it's", "---", "+++", "a\n---\nb", "p\n+++\n", "é", "1"])
scalars = st.one_of(words, st.text(max_size=6), st.integers(), st.booleans())
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(words, scalars, max_size=2)
bodies = st.one_of(
    st.sampled_from(
        ["", "# T\n", "\n\nx", "x\r\ny\r\n", "---\na: 1\n---\n", "+++", "--- \n", "\r", "\ufeffx"]
    ),
    st.text(max_size=20),
)
YAML = ["a#: 1 # c\n", "# about\n", "b#: 'x'\n", "c#:\n  - 1\n  - 2\n", "d#: {x: 1}\n", "\n"]
TOML = ["a# = 1 # c\n", "# about\n", "b# = 'x'\n", "c# = [\n  1,\n  2\n]\n", "d# = {x = 1}\n", "\n"]


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str]:
    """Gives what stands above a body, and the body."""
    mark, pieces = draw(st.sampled_from([("---", YAML), ("+++", TOML)]))
    parts = draw(st.lists(st.sampled_from(pieces), max_size=4))
    matter = "".join(part.replace("#", f"{at}", part[0] != "#") for at, part in enumerate(parts))
    head = f"{mark}\n{matter}{mark}\n"
    return head.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))), draw(bodies)


def read(data: bytes) -> dict[str, Any]:
    value: dict[str, Any] = Markdown().read(data).value
    return value


@RELAXED
@given(texts(), bodies, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_body_changes_alone_and_back(text: tuple[str, str], new: str, encoding: str) -> None:
    head, body = text
    data = (head + body).encode(encoding)
    made = edited("markdown", data, [Put(place=("_content",), value=new)])
    assert made == (head + new).encode(encoding)
    assert edited("markdown", made, [Put(place=("_content",), value=body)]) == data


@RELAXED
@given(bodies, bodies)
def test_a_body_without_front_matter(old: str, new: str) -> None:
    assume(not old.startswith(("---", "+++", "\ufeff")))
    made = edited("markdown", old.encode(), [Put(place=("_content",), value=new)])
    assert made.decode() in (new, f"---\n---\n{new}", f"---\r\n---\r\n{new}")
    assert read(made) == {"_content": new}


@RELAXED
@given(texts(), values)
def test_a_field_comes_and_goes(text: tuple[str, str], new: Any) -> None:
    head, body = text
    data = (head + body).encode()
    made = edited("markdown", data, [Insert(place=("new",), value=new)])
    assert made.endswith(body.encode())
    above = made.removesuffix(body.encode())
    assert "\r\n" not in head or b"\n" not in above.replace(b"\r\n", b"")
    assert edited("markdown", made, [Remove(place=("new",))]) == data


@RELAXED
@given(texts(), scalars, bodies, st.data())
def test_a_field_and_the_body_at_once(
    text: tuple[str, str], new: Any, body: str, data: st.DataObject
) -> None:
    before = "".join(text).encode()
    names = [name for name in read(before) if name != "_content"]
    assume(names)
    name = data.draw(st.sampled_from(names))
    edits = [Put(place=(name,), value=new), Put(place=("_content",), value=body)]
    made = edited("markdown", before, edits)
    assert made.endswith(body.encode())
    gone = edited("markdown", before, [Remove(place=(other,)) for other in names])
    assert read(gone) == {"_content": text[1]}
    assert gone.startswith(text[0][:3].encode())


@RELAXED
@given(texts(), st.dictionaries(words, values, max_size=3), bodies)
def test_new_files(text: tuple[str, str], fields: dict[str, Any], body: str) -> None:
    for like in (None, "".join(text).encode()):
        made = written("markdown", {**fields, "_content": body}, like=like)
        assert made.endswith(body.encode())
        if like is not None:
            assert made[:3] == like[:3]
