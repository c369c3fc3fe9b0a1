"""Reads files of a Git repository with `git cat-file` and parsers of its own; never our code.

A value is None, a list, a dict with text keys, or a `Leaf` that keeps its kind and source text.
"""

import csv
import io
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml


class Leaf(NamedTuple):
    """A scalar: its kind (`bool int float str`, or `cell` of a CSV file), value and source text."""

    kind: str
    value: Any
    text: str


class Item(NamedTuple):
    """A top-level item or entry of a file."""

    line: int
    key: str | None
    value: Any


class Contents(NamedTuple):
    """What a file holds: `map`, `list`, `rows` or `empty`, and its items.

    Of a `damaged` one these are the items that can be read on their own.
    """

    kind: str
    items: list[Item]
    header: tuple[str, ...] = ()
    body: str | None = None
    damaged: bool = False


class Unreadable(Exception):
    """The file is not what its name says."""


# --- YAML: the core schema of version 1.2, integers with a leading zero left as text -------

NULLS = {"", "~", "null", "Null", "NULL"}
TRUES, FALSES = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}
ZERO_LED = re.compile(r"[-+]?0[0-9]+")
DECIMAL_INT = re.compile(r"[-+]?[0-9]+")
OCTAL_INT, HEX_INT = re.compile(r"0o[0-7]+"), re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
NANS = {".nan", ".NaN", ".NAN"}


def core_scalar(text: str) -> Leaf | None:
    """Resolves a plain scalar."""
    if text in NULLS:
        return None
    if text in TRUES or text in FALSES:
        return Leaf("bool", text in TRUES, text)
    if ZERO_LED.fullmatch(text):
        return Leaf("str", text, text)
    for pattern, base in ((DECIMAL_INT, 10), (OCTAL_INT, 8), (HEX_INT, 16)):
        if pattern.fullmatch(text):
            return Leaf("int", int(text[2:] if base != 10 else text, base), text)
    if FLOAT.fullmatch(text):
        return Leaf("float", float(text), text)
    if INFINITY.fullmatch(text):
        return Leaf("float", float(text.replace(".", "").lower()), text)
    if text in NANS:
        return Leaf("float", float("nan"), text)
    return Leaf("str", text, text)


class NodeLoader(yaml.CSafeLoader):
    """Composes nodes and resolves nothing, so that plain scalars stay as they are written."""


NodeLoader.yaml_implicit_resolvers = {}
TAG = "tag:yaml.org,2002:"


def from_node(node: yaml.Node) -> Any:
    """Turns a composed node into a value."""
    if isinstance(node, yaml.ScalarNode):
        if not node.style and node.tag == f"{TAG}str":
            return core_scalar(node.value)
        return Leaf("str", node.value, node.value)
    if isinstance(node, yaml.SequenceNode):
        return [from_node(child) for child in node.value]
    return dict(entries(node))


def entries(node: yaml.MappingNode) -> Iterator[tuple[str, Any]]:
    """Gives the entries of a mapping; merged ones give way to its own.

    Raises:
        Unreadable: A key stands twice.
    """
    own = {key.value for key, _ in node.value}
    if len(own) < len(node.value):
        raise Unreadable("a key stands twice")
    for key, child in node.value:
        if key.value == "<<" and not key.style:
            merged = child.value if isinstance(child, yaml.SequenceNode) else [child]
            for source in merged:
                yield from ((k, v) for k, v in entries(source) if k not in own)
        else:
            yield key.value, from_node(child)


def compose(data: bytes) -> list[yaml.Node]:
    """Gives the root node of each document."""
    try:
        return [n for n in yaml.compose_all(data.decode("utf-8-sig"), NodeLoader) if n is not None]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error


def read_yaml(data: bytes) -> Contents:
    """Reads a YAML stream."""
    roots = compose(data)
    if not roots:
        return Contents("empty", [])
    if len(roots) > 1:
        items = [Item(root.start_mark.line + 1, None, from_node(root)) for root in roots]
        return Contents("list", items)
    root = roots[0]
    if isinstance(root, yaml.SequenceNode):
        items = [Item(n.start_mark.line + 1, None, from_node(n)) for n in root.value]
        return Contents("list", items)
    if not isinstance(root, yaml.MappingNode):
        return Contents("other" if from_node(root) is not None else "empty", [])
    lines = {key.value: key.start_mark.line + 1 for key, _ in root.value}
    found = dict(entries(root))
    return Contents("map", [Item(lines.get(k, 0), k, v) for k, v in found.items()])


def salvage(data: bytes) -> Contents:
    """Reads what can be read of a damaged list or map: each item that begins in the first column.

    Raises:
        Unreadable: Nothing can.
    """
    lines = data.decode("utf-8-sig").splitlines(keepends=True)
    begins = [n for n, line in enumerate(lines) if re.match(r"-(\s|$)", line)]
    is_list = bool(begins)
    begins = begins or [n for n, line in enumerate(lines) if re.match(r"[^\s#-]", line)]
    items = []
    for start, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        try:
            found = read_yaml("".join(lines[start:end]).encode())
        except Unreadable:
            continue
        items += [Item(start + item.line, item.key, item.value) for item in found.items]
    if not items:
        raise Unreadable("nothing can be read")
    return Contents("list" if is_list else "map", items, damaged=True)


# --- JSON, CSV, TOML, Markdown --------------------------------------------------------------


def from_json(value: Any) -> Any:
    """Wraps the scalars that the JSON module gives; numbers are leaves already."""
    if isinstance(value, bool):
        return Leaf("bool", value, "true" if value else "false")
    if isinstance(value, str):
        return Leaf("str", value, value)
    if isinstance(value, dict):
        return {key: from_json(child) for key, child in value.items()}
    if isinstance(value, list):
        return [from_json(child) for child in value]
    return value


class Number:
    """A number with its text, kept from being taken for a tuple."""

    def __init__(self, leaf: Leaf) -> None:
        self.leaf = leaf


def unwrap(value: Any) -> Any:
    """Replaces each `Number` by its leaf."""
    if isinstance(value, Number):
        return value.leaf
    if isinstance(value, dict):
        return {key: unwrap(child) for key, child in value.items()}
    if isinstance(value, list):
        return [unwrap(child) for child in value]
    return value


def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
    """Makes a map of pairs.

    Raises:
        ValueError: A key stands twice.
    """
    if len(dict(found)) < len(found):
        raise ValueError("a key stands twice")
    return dict(found)


def read_json(data: bytes) -> Contents:
    """Reads a JSON file. Lines are not known."""
    try:
        parsed = json.loads(
            data.decode("utf-8-sig"),
            parse_int=lambda text: Number(Leaf("int", int(text), text)),
            object_pairs_hook=pairs,
            parse_float=lambda text: Number(Leaf("float", float(text), text)),
        )
    except ValueError as error:
        raise Unreadable(str(error)) from error
    value = unwrap(from_json(parsed))
    if isinstance(value, dict):
        return Contents("map", [Item(0, key, child) for key, child in value.items()])
    if isinstance(value, list):
        return Contents("list", [Item(0, None, child) for child in value])
    return Contents("other", [])


def read_cells(data: bytes, delimiter: str) -> Contents:
    """Reads a CSV or TSV file: every cell a text, an empty one null."""
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    reader = csv.reader(text, delimiter=delimiter)
    header = next(reader, None)
    if header is None:
        return Contents("empty", [])
    items, line = [], reader.line_num
    for row in reader:
        if row:
            cells = dict(zip(header, row, strict=False))
            fields = {n: Leaf("cell", c, c) if c else None for n, c in cells.items()}
            items.append(Item(line + 1, None, fields))
        line = reader.line_num
    return Contents("rows", items, tuple(header))


def read_toml(data: bytes) -> Contents:
    """Reads a TOML file."""
    parsed = tomllib.loads(data.decode())
    return Contents("map", [Item(0, key, from_toml(child)) for key, child in parsed.items()])


def from_toml(value: Any) -> Any:
    """Wraps the scalars that tomllib gives."""
    if isinstance(value, dict):
        return {key: from_toml(child) for key, child in value.items()}
    if isinstance(value, list):
        return [from_toml(child) for child in value]
    if isinstance(value, bool):
        return Leaf("bool", value, str(value).lower())
    return Leaf(type(value).__name__, value, str(value))


def read_markdown(data: bytes) -> Contents:
    """Reads front matter; the body follows the closing line byte for byte."""
    text = data.decode("utf-8-sig")
    found = re.match(r"---\r?\n(.*?)^---\r?(?:\n|\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None:
        return Contents("empty", [], body=text)
    front = read_yaml(found[1].encode())
    return Contents("map", front.items, body=text[found.end() :])


def read(path: str, data: bytes) -> Contents:
    """Reads a file by its extension."""
    suffix = Path(path).suffix.lower()
    if suffix in {".yaml", ".yml"}:
        try:
            return read_yaml(data)
        except Unreadable:
            return salvage(data)
    if suffix == ".json":
        return read_json(data)
    if suffix in {".csv", ".tsv"}:
        return read_cells(data, "\t" if suffix == ".tsv" else ",")
    if suffix == ".md":
        return read_markdown(data)
    if suffix == ".toml":
        return read_toml(data)
    raise Unreadable(f"no reader for {suffix}")


# --- Git ------------------------------------------------------------------------------------


ROOM = 60_000_000
"""Bytes of files whose values are kept; values take about twenty times as much."""


class Repository:
    """A repository as the git executable shows it; blobs are read once, while there is room."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._contents: dict[tuple[str, str], Contents | Unreadable] = {}
        self._kept = 0

    def git(self, *arguments: str) -> str:
        """Runs git and gives what it prints."""
        command = ["git", "-C", str(self.path), *arguments]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()

    @cached_property
    def _cat(self) -> subprocess.Popen[bytes]:
        command = ["git", "-C", str(self.path), "cat-file", "--batch"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> "Repository":
        return self

    def __exit__(self, *_: object) -> None:
        if "_cat" in self.__dict__:
            self._cat.communicate()

    def blob(self, name: str) -> bytes:
        """Gives the bytes of an object."""
        cat = self._cat
        assert cat.stdin is not None
        assert cat.stdout is not None
        cat.stdin.write(f"{name}\n".encode())
        cat.stdin.flush()
        size = int(cat.stdout.readline().split()[2])
        data = cat.stdout.read(size + 1)
        return data[:-1]

    def forget(self) -> None:
        """Lets go of what was read."""
        self._contents.clear()
        self._kept = 0

    def tree(self, commit: str) -> dict[str, str]:
        """Gives path → blob of the regular files, in the order of their paths."""
        listing = self.git("ls-tree", "-r", "-z", commit).split("\0")
        rows = (line.split("\t", 1) for line in listing if line)
        files = {p: m.split()[2] for m, p in rows if m.startswith("100")}
        return dict(sorted(files.items(), key=lambda file: file[0].encode()))

    def contents(self, path: str, blob: str) -> Contents:
        """Reads a file once for each of its versions.

        Raises:
            Unreadable: It is not what its name says.
        """
        key = (blob, Path(path).suffix)
        if key not in self._contents:
            data = self.blob(blob)
            if self._kept > ROOM:
                self.forget()
            self._kept += len(data)
            try:
                self._contents[key] = read(path, data)
            except Unreadable as error:
                self._contents[key] = error
        found = self._contents[key]
        if isinstance(found, Unreadable):
            raise found
        return found
