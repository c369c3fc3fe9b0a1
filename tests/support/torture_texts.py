"""Files of every style that a format has, such as hardly any repository holds all of."""

from collections.abc import Mapping

import yaml

YAML = """\
# A file of all styles.
%(dashes)splain: word
spaced:    several words   # aligned
single: 'it''s'
double: "tab\\tand é"
literal: |
  one
    two

  three
stripped: |-
  one
  two
kept: |+
  one

folded: >
  a long text that is folded
  over lines

  and has a second paragraph
folded_stripped: >-
  a long text
  over lines
indented: |2
    two more
  than needed
over lines plain: some words that
  go on in the next line
over lines single: 'some words that
  go on in the next line'
over lines double: "some words that
  go on \\
  in the next line"
numbers: [1, -2, 0x1F, 1.50, 1e3, .5, .inf]
words: [true, False, null, ~, 'no', yes please]
empty:
nulls: [~, null]
day: 2024-02-29
moment: 2024-02-29T12:00:00Z
flow: {a: one, "b": 'two', c: [x, "y", {d: z}], e: "over"}
flow over lines: {
  first: 1,   # the first
  second: two,
  third: [a,
          b]
}
anchored: &name Anna
anchored quoted: &quoted "Anna"
anchored block: &block |
  one
  two
unread: {x: &unread 5}
repeated: *name
also repeated: [*name, *quoted]
base: &base
  colour: red
  size: 5
derived:
  <<: *base
  size: 7
tagged: !!str 5
local: !shape round
list:
- bare
- 'quoted'
- |
  block
- nested: 1
  deep:
    - x: 1
      y: 2

    # between
    - x: 3
      y: four
-
  - in a list
  - - deeper
    - 5
? complex
: behind a question mark
"quoted key": 1
'a: b': 2
last: end
"""
ITEMS = "".join(
    f"- id: {n}\n  name: Port {n}\n  note: |\n    Line {n}\n    of a block\n  tags: [a, 'b{n}']\n"
    for n in range(300)
)
JSON = """\
{
  "text": "word",
  "escaped": "tab\\t \\u00e9 \\"quoted\\" \\/ \\ud83d\\ude00",
  "empty": "",
  "numbers": [0, -1, 1.50, 1e3, 12345678901234567890, 0.1],
  "words": [true, false, null],
  "nested": {"a": {"b": [{"c": "d"}, ["e"]]}, "f":1},
  "none": {}, "list": [],
  "rows": [
    {"id": 1, "name": "one"},
    {"id": 2, "name": "two"}
  ]
}
"""
JSON_LINES = (
    '{"id":1,"name":"one","tags":["a"]}\n\n{"id": 2, "name": "é", "at": null}\n[1, "x"]\n"y"\n'
)
TOML = '''\
# A file of all styles.
text = "word"   # behind
literal = 'C:\\path'
escaped = "tab\\t \\u00e9"
"""quoted"""
long = """
one
two\\
   joined
"""
raw = \'\'\'
one
  two\'\'\'
whole = 1_000
hex = 0xFF
real = 1.50
far = inf
yes = true
day = 2024-02-29
moment = 2024-02-29T12:00:00Z
local = 2024-02-29 12:00:00.5
clock = 12:30:00
items = [ 1, 2, 3 ]
lines = [
  "a",   # first
  'b',
]
inline = { x = 1, "y z" = "two", deep.er = false }
dotted.key = 5

[table]
name = "t"

  [table.below]
  indented = "yes"

[[rows]]
id = 1
name = 'one'

[[rows]]
id = 2
name = "two"
'''.replace('"""quoted"""\n', '"quoted key" = 5\n')
CSV = '''\
id,name,note,price
1,Anna,"quoted, with comma",1.50
2,"Bo ""B""",plain,007
3,,"",5

4,Ø é,"over
two lines",-1
5,'single', spaced ,1e3
'''
QUOTED = '"id","name"\n"1","one"\n"2","two"\n'
MARKDOWN = """\
---
title: A title   # behind
tags: [a, 'b']
text: |
  block
---

# Heading

A body with `code`.
---
The end
"""
_WORDS = "The port of Northlight is open all year, its docks are deep, and no ship waits long. "


def _dumped() -> bytes:
    """Gives a file such as LibYAML writes: no line is longer than its last word."""
    value = {
        "id": 1,
        "name": "Northlight",
        "plain": (_WORDS * 3).strip(),
        "single": f"Note: {_WORDS * 2}".strip(),
        "double": f"{_WORDS * 2}\x07".strip(),
        "items": ["one", "two", {"id": 2, "name": "no"}, {"id": 3, "note": (_WORDS * 2).strip()}],
    }
    return yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False, width=80).encode()


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


_YAML = YAML % {"dashes": ""}
FILES: Mapping[str, tuple[str, bytes]] = {
    "styles.yaml": ("yaml", _YAML.encode()),
    "dashes.yaml": ("yaml", (YAML % {"dashes": "---\n"}).encode()),
    "crlf.yaml": ("yaml", _crlf(_YAML)),
    "open.yaml": ("yaml", _YAML.rstrip("\n").encode()),
    "dumped.yaml": ("yaml", _dumped()),
    "items.yaml": ("yaml", ITEMS.encode()),
    "items_crlf.yaml": ("yaml", _crlf(ITEMS)),
    "stream.yaml": ("yaml", b"---\na: 1\n---\n# second\na: two\nb: [x]\n...\n---\n- c\n"),
    "one.json": ("json", JSON.encode()),
    "compact.json": ("json", b'{"a":"b","c":[1,"d",{"e":null}]}'),
    "crlf.json": ("json", _crlf(JSON)),
    "tabs.json": ("json", b'[\n\t{\n\t\t"a": 1,\n\t\t"b": "two"\n\t}\n]\n'),
    "rows.jsonl": ("jsonl", JSON_LINES.encode()),
    "crlf.jsonl": ("jsonl", _crlf(JSON_LINES)),
    "styles.toml": ("toml", TOML.encode()),
    "crlf.toml": ("toml", _crlf(TOML)),
    "cells.csv": ("csv", CSV.encode()),
    "crlf.csv": ("csv", _crlf(CSV)),
    "open.csv": ("csv", CSV.rstrip("\n").encode()),
    "quoted.csv": ("csv", QUOTED.encode()),
    "note.md": ("markdown", MARKDOWN.encode()),
    "crlf.md": ("markdown", _crlf(MARKDOWN)),
    "bare.md": ("markdown", b"# Without front matter\n"),
}
"""By name the format and the bytes of each."""
