"""Which records differ between two commits of a shared repository, found without our code.

Records are compared as they are read, before any typing: 1, 1.0 and '1' differ, and what is absent
is null. What tells them apart is worked out by the rules as the documents state them.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from tests.support import oracle
from tests.support.oracle import Row, Table
from tests.support.oracle_reading import Leaf, Repository
from tests.support.oracle_types import JSON, TEXT

LIKELY = ("id", "_id", "key", "code", "uuid", "slug", "name")
GROUPED = "entry items"
KEYED = ("record", "entries")
Steps = tuple[str, ...]
"""A column, or a field of one."""
Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A record that came, went, or holds other values; a side without it has no key."""

    old: Key | None
    new: Key | None
    kind: str
    columns: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """How a table differs.

    Attributes:
        key: The columns, or fields of them, that tell its records apart; none if nothing does.
        found: What differs, if there is a key.
        gone: Which rows of the old table the new one has not, where nothing tells them apart.
        come: Which rows of the new table the old one has not.
    """

    key: Sequence[Steps]
    found: Sequence[Change] = ()
    gone: Sequence[int] = ()
    come: Sequence[int] = ()


class Side:
    """A table at one commit, as its files spell it; without files it has no records.

    Args:
        name: The repository's name.
        repository: A clone.
        commit: Any commit.
        title: Schema and name of the table.
    """

    def __init__(
        self, name: str, repository: Repository, commit: str, title: tuple[str, str]
    ) -> None:
        self._repository = repository
        self._page = oracle.written_by_hand(name)
        self._tree = repository.tree(commit)
        entries = [
            entry
            for entry in self._page["tables"]
            if (entry["schema"], entry["name"]) == title
            and oracle.stands(entry, repository, commit)
        ]
        self._entry: dict[str, Any] = entries[0] if entries else {}
        wanted = [path for path in self._tree if entries and oracle.belongs(path, entries[0])]
        self.blobs = {path: self._tree[path] for path in wanted}

    def is_as(self, other: "Side") -> bool:
        """Tells whether the same files hold the records of both in the same way."""
        return self.blobs == other.blobs and self._entry == other._entry

    @property
    def is_damaged(self) -> bool:
        """Whether some file cannot be read as a whole."""
        return bool(oracle.damaged(list(self.blobs), self._repository, self._tree))

    @cached_property
    def form(self) -> str:
        """How the files hold records."""
        if not self._entry or not self.blobs:
            return ""
        bare = oracle.bare(self._entry, list(self.blobs), self._repository, self._tree)
        return str(bare.get("form", self._entry["form"]))

    @cached_property
    def rows(self) -> list[Row]:
        """The records of all files."""
        return self.rows_of(list(self.blobs))

    def rows_of(self, files: Sequence[str]) -> list[Row]:
        """Gives the records of some files."""
        entry = {**self._entry, "form": self.form}
        return list(oracle.rows(entry, files, self._repository, self._tree)) if files else []

    @cached_property
    def table(self) -> Table:
        """The table with its types."""
        entry, files = {**self._entry, "form": self.form}, list(self.blobs)
        package = oracle.packaged(self._page, self._repository, self._tree)
        wanted = entry.get("columns") or package.get(entry.get("file", "")) or {}
        header = oracle.headers(files, self._repository, self._tree)
        return oracle.typed(entry, self.rows, wanted, header)


side_at = lru_cache(maxsize=16)(Side)
"""Gives a table at one commit; the last ones are remembered, for neighbours share them."""


def changes(old: Side, new: Side) -> Changes:
    """Compares a table at two commits, of which the second is the newer one."""
    if old.is_as(new):
        return Changes(key=[])
    forms = {side.form for side in (old, new) if side.form}
    if forms <= set(KEYED):
        return Changes(key=[("_key",)], found=list(by_key(*differing(old, new))))
    return by_content(old, new, is_grouped=forms == {GROUPED})


def respelled(old: Side, new: Side, expected: Changes) -> Changes:
    """Adds the records of a list whose values are spelled otherwise where both tables show texts.

    33.10 beside 33.1 is the same number; but in a column that is text at both commits the source
    stands, and so the two differ.
    """
    columns = [
        name
        for name, kind in old.table.columns.items()
        if shows_text(kind) and shows_text(new.table.columns.get(name, ()))
    ]
    before, after = ({keyed(row, expected.key): row for row in side.rows} for side in (old, new))
    found = {(change.old, change.new): change for change in expected.found}
    for key in before.keys() & after.keys():
        mine, theirs = before[key].fields, after[key].fields
        differs = {n for n in columns if spelled(mine.get(n)) != spelled(theirs.get(n))}
        if differs:
            raw = other(cells(before[key]), cells(after[key]))
            found[key, key] = Change(key, key, "modified", raw | differs)
    return Changes(key=expected.key, found=list(found.values()))


def shows_text(kind: tuple[Any, ...]) -> bool:
    """Tells whether source text stands somewhere in the values of a type."""
    if kind in (TEXT, JSON):
        return True
    if kind and kind[0] == "STRUCT":
        return any(shows_text(inner) for _, inner in kind[1])
    return any(shows_text(inner) for inner in kind[1:] if isinstance(inner, tuple))


def spelled(value: Any) -> Hashable:
    """Gives a value with the numbers in it as they are spelled."""
    if isinstance(value, Leaf):
        return value.text
    if isinstance(value, list):
        return tuple(map(spelled, value))
    if isinstance(value, dict):
        return frozenset((name, spelled(inner)) for name, inner in value.items())
    return None


def differing(old: Side, new: Side) -> tuple[list[Row], list[Row]]:
    """Gives the records of both sides, of files for each record only those that differ."""
    if old.form != "record" or new.form != "record":
        return old.rows, new.rows
    mine = [path for path in old.blobs if old.blobs[path] != new.blobs.get(path)]
    theirs = [path for path in new.blobs if new.blobs[path] != old.blobs.get(path)]
    return old.rows_of(mine), new.rows_of(theirs)


def by_key(old: Sequence[Row], new: Sequence[Row]) -> Iterator[Change]:
    """Compares records by their keys; one whose content came under another key has moved."""
    before, after = ({row.lead["_key"]: content(row.fields) for row in rows} for rows in (old, new))
    gone = {key: cells for key, cells in before.items() if key not in after}
    come = {key: cells for key, cells in after.items() if key not in before}
    moved = dict(moves(gone, come))
    for key, cells in before.items():
        if key in after and after[key] != cells:
            yield Change((key,), (key,), "modified", other(cells, after[key]))
        elif key in moved:
            yield Change((key,), (moved[key],), "modified", frozenset(["_key"]))
        elif key in gone:
            yield Change((key,), None, "removed")
    for key in come.keys() - set(moved.values()):
        yield Change(None, (key,), "added")


def moves(
    gone: Mapping[str, Mapping[str, Hashable]], come: Mapping[str, Mapping[str, Hashable]]
) -> Iterator[tuple[str, str]]:
    """Gives the old and new keys of contents that one record alone has on either side."""
    keys: dict[Hashable, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for at, records in enumerate((gone, come)):
        for key, cells in records.items():
            keys[frozenset(cells.items())][at].append(key)
    for mine, theirs in keys.values():
        if len(mine) == len(theirs) == 1:
            yield mine[0], theirs[0]


def by_content(old: Side, new: Side, *, is_grouped: bool) -> Changes:
    """Compares records of lists: those of equal content are one, then the first key counts."""
    before, after = old.rows, new.rows
    gone, come = (
        left(mine, theirs, is_grouped=is_grouped)
        for mine, theirs in ((before, after), (after, before))
    )
    path = chosen(old, new, before, after, is_grouped=is_grouped) if gone or come else None
    if path is None:
        return Changes(key=[], gone=gone, come=come)
    paths = [("_key",), path] if is_grouped else [path]
    mine = {keyed(before[at], paths): before[at] for at in gone}
    theirs = {keyed(after[at], paths): after[at] for at in come}
    found = []
    for key in mine.keys() | theirs.keys():
        if key in mine and key in theirs:
            differs = other(cells(mine[key]), cells(theirs[key]))
            found.append(Change(key, key, "modified", differs))
        elif key in mine:
            found.append(Change(key, None, "removed"))
        else:
            found.append(Change(None, key, "added"))
    return Changes(key=paths, found=found)


def left(rows: Sequence[Row], others: Sequence[Row], *, is_grouped: bool) -> list[int]:
    """Gives the places of the rows that are left when equal contents cancel."""
    there = Counter(whole(row, is_grouped=is_grouped) for row in others)
    found = []
    for place, row in enumerate(rows):
        held = whole(row, is_grouped=is_grouped)
        if there[held]:
            there[held] -= 1
        else:
            found.append(place)
    return found


def whole(row: Row, *, is_grouped: bool) -> Hashable:
    """Gives all that a row of a list holds."""
    held = frozenset(cells(row).items())
    return (row.lead["_key"], held) if is_grouped else held


def cells(row: Row) -> dict[str, Hashable]:
    """Gives the values of a row of a list that are not null; its place is none."""
    lead = {name: value for name, value in row.lead.items() if name not in ("_key", "_index")}
    return {**lead, **content(row.fields)}


def content(fields: Mapping[str, Any]) -> dict[str, Hashable]:
    """Gives the values that are not null."""
    return {name: plain(value) for name, value in fields.items() if value is not None}


def plain(value: Any) -> Hashable:
    """Gives a value so that kinds are told apart and the order of fields is not."""
    if isinstance(value, Leaf):
        text = value.text if value.kind in {"str", "cell"} else repr(value.value)
        return value.kind, text
    if isinstance(value, list):
        return "list", tuple(map(plain, value))
    if isinstance(value, dict):
        return "map", frozenset(content(value).items())
    return None


def other(old: Mapping[str, Hashable], new: Mapping[str, Hashable]) -> frozenset[str]:
    """Names the columns in which two records differ."""
    return frozenset(n for n in old.keys() | new.keys() if old.get(n) != new.get(n))


def chosen(
    old: Side, new: Side, before: Sequence[Row], after: Sequence[Row], *, is_grouped: bool
) -> Steps | None:
    """Chooses the first likely column that has a value in each record and none of them twice."""
    if not before or not after:
        return None
    mine = set(scalars(old.table))
    for path in sorted(scalars(new.table), key=likelihood):
        paths = [("_key",), path] if is_grouped else [path]
        if path in mine and all(is_unique(rows, paths) for rows in (before, after)):
            return path
    return None


def scalars(table: Table) -> Iterator[Steps]:
    """Gives the columns, and fields of columns, that hold one value."""
    for name, kind in table.columns.items():
        if kind[0] == "STRUCT":
            yield from ((name, field) for field, inner in kind[1] if is_scalar(inner))
        elif is_scalar(kind) and name != "_key":
            yield (name,)


def is_scalar(kind: tuple[Any, ...]) -> bool:
    """Tells whether a type holds one value."""
    return kind != JSON and kind[0] not in {"LIST", "MAP", "STRUCT"}


def likelihood(path: Steps) -> int:
    """Orders columns: those that are called like a key, the fields of `id`, all others."""
    head = path[0].casefold()
    if len(path) == 1 and head in LIKELY:
        return LIKELY.index(head)
    return len(LIKELY) + (len(path) == 1 or head != "id")


def is_unique(rows: Sequence[Row], paths: Sequence[Steps]) -> bool:
    """Tells whether no row lacks a key and no two have the same."""
    keys = [keyed(row, paths) for row in rows]
    return len(set(keys)) == len(keys) and not any(None in key for key in keys)


def keyed(row: Row, paths: Sequence[Steps]) -> Key:
    """Gives the texts of a row's key."""
    return tuple(text_at(row, path) for path in paths)


def text_at(row: Row, path: Steps) -> str | None:
    """Gives the text of a value of a row."""
    if path[0] in row.lead:
        return str(row.lead[path[0]])
    value: Any = row.fields
    for step in path:
        value = value.get(step) if value is not None else None
    return value.text if value is not None else None
