"""What the tables of the shared repositories hold at any commit, found without our code.

Where tables lie is written by hand in `expected_tables.yaml`; what they hold is read with other
parsers over plain git, and typed by the rules as the documents state them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.support.oracle_reading import (
    Contents,
    Item,
    Leaf,
    Repository,
    Unreadable,
    read_json,
    read_yaml,
)
from tests.support.oracle_types import Type, cell_type, convert, declared, fit, sql, union

EXPECTED = Path(__file__).with_name("expected_tables.yaml")
KEY: Type = ("VARCHAR",)
INDEX: Type = ("BIGINT",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a table must be at one commit.

    Of a table with `damaged` files, what can be read of them may be shown or not; one that is
    `skipped` was given before.

    Attributes:
        columns: Names and types in the order of `SELECT *`.
        rows: Cells in the same order, records by path and then as they stand in the file.
        places: For each row its path, and its line where the oracle knows it (0 where not).
    """

    schema: str
    name: str
    columns: Mapping[str, Type]
    rows: Sequence[tuple[Any, ...]]
    places: Sequence[tuple[str, int]]
    key: tuple[str, ...]
    damaged: frozenset[str] = frozenset()
    skipped: bool = False

    @property
    def qualified(self) -> str:
        """The name as SQL takes it."""
        return f'"{self.schema}"."{self.name}"'

    def types(self) -> list[tuple[str, str]]:
        """Gives columns with their types in SQL."""
        return [(name, sql(wanted)) for name, wanted in self.columns.items()]


@dataclass(frozen=True, slots=True)
class Row:
    """A record before typing."""

    path: str
    line: int
    lead: dict[str, Any]
    fields: dict[str, Any]


@cache
def written_by_hand(repository: str) -> dict[str, Any]:
    """Gives the hand-written page of one repository."""
    page: dict[str, Any] = yaml.load(EXPECTED.read_text("utf-8"), yaml.CSafeLoader)
    return dict(page[repository])


def tables(
    name: str, repository: Repository, commit: str, seen: set[object] | None = None
) -> Iterator[Table]:
    """Gives the tables that a shared repository must have at a commit.

    Args:
        name: The repository's name.
        repository: A clone.
        commit: Any commit.
        seen: Versions of tables that were given before; such a table is only named.
    """
    tree = repository.tree(commit)
    page = written_by_hand(name)
    package = packaged(page, repository, tree)
    for entry in page["tables"]:
        if not stands(entry, repository, commit):
            continue
        files = [path for path in tree if belongs(path, entry)]
        if not files and "columns" not in entry:
            continue
        fields = package.get(entry.get("file", ""))
        wanted = entry.get("columns") or fields or {}
        version = (entry["schema"], entry["name"], *(tree[p] for p in files), *wanted.items())
        if seen is not None:
            if version in seen:
                yield named(entry)
                continue
            seen.add(version)
        found = list(rows(entry, files, repository, tree))
        header = headers(files, repository, tree)
        table = typed({**entry, **bare(entry, files, repository, tree)}, found, wanted, header)
        yield replace(table, damaged=damaged(files, repository, tree))


def named(entry: Mapping[str, Any]) -> Table:
    """Gives a table of which only the name counts."""
    key, columns = tuple(entry["key"]), dict[str, Type]()
    schema, name = entry["schema"], entry["name"]
    return Table(
        schema=schema, name=name, columns=columns, rows=(), places=(), key=key, skipped=True
    )


def stands(entry: Mapping[str, Any], repository: Repository, commit: str) -> bool:
    """Tells whether a commit lies in the span of an entry."""
    since, until = entry.get("since"), entry.get("until")
    if since and not is_ancestor(repository, since, commit):
        return False
    return not (until and is_ancestor(repository, until, commit))


@cache
def is_ancestor(repository: Repository, older: str, newer: str) -> bool:
    """Asks git whether one commit is the other or before it."""
    return not repository.git("rev-list", "-1", older, f"^{newer}").strip()


def belongs(path: str, entry: Mapping[str, Any]) -> bool:
    """Tells whether a file holds records of a table."""
    if "file" in entry:
        return bool(path == entry["file"])
    if "tail" in entry:
        return path.startswith(f"{entry['parents']}/") and path.endswith(f"/{entry['tail']}")
    folder = entry.get("folder") or entry["declared_folder"]
    head, _, name = path.rpartition("/")
    if name in entry.get("exclude", ()) or Path(name).suffix not in entry["suffixes"]:
        return False
    if "declared_folder" in entry:
        return bool(head == folder)
    return path.startswith(f"{folder}/")


def damaged(
    files: Sequence[str], repository: Repository, tree: Mapping[str, str]
) -> frozenset[str]:
    """Gives the files that cannot be read as a whole."""
    found = set()
    for path in files:
        try:
            if repository.contents(path, tree[path]).damaged:
                found.add(path)
        except Unreadable:
            found.add(path)
    return frozenset(found)


def bare(
    entry: Mapping[str, Any], files: Sequence[str], repository: Repository, tree: Mapping[str, str]
) -> dict[str, str]:
    """Gives the form of a lone file that holds nothing: an empty list or an empty map."""
    if entry["form"] != "entry items" or damaged(files, repository, tree):
        return {}
    contents = repository.contents(files[0], tree[files[0]])
    if contents.items:
        return {}
    return {"form": "rows" if contents.kind == "list" else "entries"}


def rows(
    entry: Mapping[str, Any], files: Sequence[str], repository: Repository, tree: Mapping[str, str]
) -> Iterator[Row]:
    """Gives the records of a table's files; a file that cannot be read has none."""
    folder = entry.get("folder") or entry.get("declared_folder", "")
    for path in files:
        try:
            contents = repository.contents(path, tree[path])
        except Unreadable:
            continue
        if entry["form"] == "record":
            if contents.damaged:
                continue
            key = path[len(folder) + 1 :].removesuffix(Path(path).suffix)
            yield from one_record(path, key, contents, entry.get("body", "_content"))
        else:
            if contents.damaged and contents.kind == "list" and leads(entry["form"]):
                continue  # what begins like items of a list are those of a map's entries
            lead = {"_parent": parent_of(path, entry)} if "tail" in entry else {}
            for item in contents.items:
                yield from records_of(path, item, entry["form"], lead)


def one_record(path: str, key: str, contents: Contents, body: str) -> Iterator[Row]:
    """Gives the record that a whole file is."""
    if contents.kind not in {"map", "empty"}:
        return
    fields = {str(item.key): item.value for item in contents.items}
    if contents.body is not None:
        fields[body] = Leaf("str", contents.body, contents.body)
    yield Row(path, contents.items[0].line if contents.items else 0, {"_key": key}, fields)


def parent_of(path: str, entry: Mapping[str, Any]) -> str:
    """Gives the key of the record that a file of a subcollection belongs to."""
    return path[len(entry["parents"]) + 1 : -len(entry["tail"]) - 1]


def records_of(path: str, item: Item, form: str, lead: dict[str, Any]) -> Iterator[Row]:
    """Gives the records of one item or entry of a file."""
    if form == "rows":
        yield Row(path, item.line, lead, item.value)
    elif form == "entries":
        yield Row(path, item.line, {"_key": item.key}, item.value or {})
    else:
        for index, value in enumerate(item.value or []):
            yield Row(path, 0, {"_key": item.key, "_index": index}, value)


def headers(
    files: Sequence[str], repository: Repository, tree: Mapping[str, str]
) -> tuple[str, ...] | None:
    """Gives the united header of CSV files; None for other files."""
    found: dict[str, None] = {}
    for path in files:
        if Path(path).suffix not in {".csv", ".tsv"}:
            return None
        found.update(dict.fromkeys(repository.contents(path, tree[path]).header))
    return tuple(found) or None


def typed(
    entry: Mapping[str, Any],
    found: Sequence[Row],
    wanted: Mapping[str, str | None],
    header: tuple[str, ...] | None,
) -> Table:
    """Types the columns of a table and converts its cells."""
    records = [row.fields for row in found]
    if header is not None:
        free = {n: cell_type([r[n].text for r in records if r.get(n) is not None]) for n in header}
        order = list(header)
    else:
        free = union(records)
        order = [*wanted, *(n for n in free if n not in wanted)]
    columns: dict[str, Type] = {"_key": KEY} if leads(entry["form"]) else {}
    if entry["form"] == "entry items":
        columns["_index"] = INDEX
    if "tail" in entry:
        columns["_parent"] = KEY
    for name in order:
        says = declared(wanted.get(name) or "")
        if says is None:
            columns[name] = free.get(name, KEY)
        else:
            columns[name] = fit(says, [record.get(name) for record in records])
    cells = [
        tuple(
            row.lead[name] if name in row.lead else convert(row.fields.get(name), wanted_type)
            for name, wanted_type in columns.items()
        )
        for row in found
    ]
    return Table(
        schema=entry["schema"],
        name=entry["name"],
        columns=columns,
        rows=cells,
        places=[(row.path, row.line) for row in found],
        key=tuple(entry["key"]),
    )


def leads(form: str) -> bool:
    """Tells whether records of a form have their key outside their fields."""
    return form in {"record", "entries", "entry items"}


def packaged(
    page: Mapping[str, Any], repository: Repository, tree: Mapping[str, str]
) -> dict[str, dict[str, str | None]]:
    """Gives path → declared fields of the resources of a usable data package."""
    found: dict[str, dict[str, str | None]] = {}
    for path in page.get("packages", ()):
        if path not in tree:
            continue
        strict = read_json if path.endswith(".json") else read_yaml
        try:
            contents = strict(repository.blob(tree[path]))
        except Unreadable:
            continue
        for item in contents.items:
            for resource in item.value if item.key == "resources" else ():
                place = resource.get("path")
                if place is not None and place.text in tree:
                    found[place.text] = dict(fields_of(resource))
    return found


def fields_of(resource: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Gives the names and types that a resource declares; old packages call a name an id."""
    for field in resource.get("schema", {}).get("fields", []):
        name = field.get("name") or field.get("id")
        kind = field.get("type")
        if name is not None:
            yield name.text, kind.text if kind is not None else None
