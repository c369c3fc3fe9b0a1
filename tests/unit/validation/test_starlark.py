"""Expressions of Starlark: what they give, what is refused, and that none runs away."""

import time

import pytest

from ingitdb.validation.starlark import expression
from ingitdb.validation.starlark_functions import StarlarkFault


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status == 'closed'", True),
        ("missing == None", True),
        ("missing != None and missing > 5", False),
        ("n > 3 and not (n > 10)", True),
        ("n == 5.0", True),
        ("n == True", False),
        ("7 // 2 + 7 % 4", 6),
        ("-7 // 2", -4),
        ("7 / 2", 3.5),
        ("'a' in tags", True),
        ("'x' not in tags and 'los' in status", True),
        ("len(tags) == 2", True),
        ("[t.upper() for t in tags if t != 'a']", ["B"]),
        ("{k: v + 1 for k, v in [('a', 1)]}", {"a": 2}),
        ("'yes' if n else 'no'", "yes"),
        ("tags[-1] + tags[0]", "ba"),
        ("status[1:3]", "lo"),
        ("labels['en'].startswith('O')", True),
        ("labels.get('de', 'none')", "none"),
        ("any([t == 'b' for t in tags])", True),
        ("'%s has %d' % (status, n)", "closed has 5"),
        ("'100%%'  % ()", "100%"),
        ("round(2.5), round(-2.5), floor(2.5), ceil(2.5)", (3, -3, 2, 3)),
        ("str(True) + str(1.5) + repr('x')", "True1.5'x'"),
        ("type(n) == 'int' and type(status) == 'string'", True),
        ("sorted([3, 1, 2], reverse=True)", [3, 2, 1]),
        ("', '.join(tags)", "a, b"),
        ("1 << 4 | 1", 17),
        ("[x for x in range(3) for y in range(2)]", [0, 0, 1, 1, 2, 2]),
    ],
)
def test_values(text, expected):
    names = {"status": "closed", "n": 5, "tags": ["a", "b"], "labels": {"en": "Oslo"}}
    found = expression(text).value(names)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    "text",
    [
        "n ==",
        "1 < n < 3",
        "n ** 2",
        "lambda: 1",
        "n is None",
        "f'{n}'",
        "{1, 2}",
        "(yield n)",
        "__import__('os')",
        "().__class__",
        "open('/etc/passwd')",
        "b'x'",
        "[*tags]",
        "len(*tags)",
    ],
)
def test_what_is_not_starlark_is_refused(text):
    with pytest.raises(StarlarkFault):
        expression(text).value({"n": 2, "tags": []})


@pytest.mark.parametrize(
    "text",
    [
        "missing > 5",
        "n + 'x'",
        "True + 1",
        "n > 'x'",
        "n[0]",
        "n / 0",
        "n in 5",
        "[t for t in 'abc']",
        "labels['de']",
        "status.format()",
        "status.upper",
        "'%d' % 'x'",
        "'%s' % ()",
        "-status",
    ],
)
def test_what_fails_is_a_fault(text):
    with pytest.raises(StarlarkFault):
        expression(text).value({"n": 5, "status": "closed", "labels": {"en": "x"}})


@pytest.mark.parametrize(
    "text",
    [
        "'x' * 1000000000",
        "[0] * 1000000000",
        "range(10000000000)",
        "[x for x in range(1000000) for y in range(1000000)]",
        "('x' * 1000).replace('x', 'y' * 1000000)",
        "('x' * 1000000).join(['a'] * 1000)",
        "1 << 100000",
        "'a' + 'b' " + "+ 'c'" * 20_000,
        "(" * 500 + "1" + ")" * 500,
    ],
)
def test_none_runs_away(text):
    started = time.monotonic()
    with pytest.raises(StarlarkFault):
        expression(text).value({})
    assert time.monotonic() - started < 5


def test_names_are_those_of_fields():
    assert expression("a == 1 and [x for x in b] and len(c) > abs(d)").names == set("abcd")
