"""Scripts of changes to versioned tables: what they do in SQL, and the states they lead to."""

import csv
import io
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import yaml
from hypothesis import strategies as st

from tests.support.scratch import as_json, git, quoted

Key: TypeAlias = int | str
Cell: TypeAlias = int | float | str | None
Statement: TypeAlias = tuple[str, list[Cell]]

AUTHOR = ("Data Desk", "data@example.org")
FORMS = ("csv", "list", "records", "files", "map")
"""How a table lies in Git: the first three declared, the last three without the key as a field."""
DECLARED = ("csv", "list", "records")
KEYLESS = ("records", "files", "map")
WORDS = ["a", "b", "x y", "ø", "7", "007", "true", "null", "~", "2024-01-05", "it's", 'a "b", c']
VALUES: dict[str, list[Cell]] = {
    "integer": [*range(-20, 20), 2**40, None],
    "text": [*WORDS, *(f"word {number}" for number in range(20)), None],
    "real": [*(number / 4 for number in range(-20, 20)), 1e10, None],
}
KEYS: dict[str, list[Key]] = {
    "integer": [*range(1, 10)],
    "text": ["a", "b", "c", "d", "e", "k-1", "x2", "7"],
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its number stays when it is renamed."""

    name: str
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class State:
    """A table at one commit; the first column is its key."""

    columns: tuple[Column, ...]
    rows: Mapping[Key, tuple[Cell, ...]]

    @property
    def names(self) -> list[str]:
        """The columns' names in order."""
        return [column.name for column in self.columns]

    def record(self, key: Key) -> dict[str, Cell]:
        """Gives a row by the names of its columns."""
        return dict(zip(self.names, self.rows[key], strict=True))

    def cells(self, key: Key) -> dict[int, Cell]:
        """Gives what a row holds, whatever its columns are called; None where nothing stands."""
        pairs = zip(self.columns, self.rows[key], strict=True)
        return {column.number: cell for column, cell in pairs if cell is not None}

    def holds(self, key: Key, cells: Mapping[int, Cell]) -> bool:
        """Tells whether a row is there and holds this."""
        return key in self.rows and self.cells(key) == cells

    def stored(self, key: Key) -> tuple[Cell, ...]:
        """Gives a row as DoltLite stores it: by position, without the NULLs at the end."""
        row = list(self.rows[key])
        while row and row[-1] is None:
            row.pop()
        return tuple(row)


Tables: TypeAlias = dict[str, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit of a script."""

    number: int
    parents: tuple[int, ...]
    tables: Tables
    renamed: Mapping[str, Mapping[str, str]]

    @property
    def message(self) -> str:
        """Its message."""
        return f"step {self.number}"

    @property
    def at(self) -> datetime:
        """When it is made: later than all before."""
        return datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(hours=self.number)


@dataclass(slots=True, kw_only=True)
class Script:
    """A script, step by step as SQL, with the commits it makes.

    Attributes:
        forms: How each table lies in Git.
        statements: What DoltLite is told; those that commit are counted in `commits`.
        branches: The commit of each branch in the end.
        head: The branch that is checked out in the end.
        asked: Pairs of refs to compare: names of branches and numbers of commits.
    """

    forms: dict[str, str]
    statements: list[Statement] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    branches: dict[str, int] = field(default_factory=dict)
    head: str = "main"
    asked: list[tuple[str | int, str | int]] = field(default_factory=list)

    @property
    def tip(self) -> Commit:
        """The commit that is checked out."""
        return self.commits[self.branches[self.head]]

    def commit(self, ref: str | int) -> Commit:
        """Gives the commit of a branch or a number."""
        return self.commits[ref if isinstance(ref, int) else self.branches[ref]]

    def line(self, number: int | None = None) -> list[int]:
        """Gives the first parents of a commit, the newest first."""
        found = [self.tip.number if number is None else number]
        while self.commits[found[-1]].parents:
            found.append(self.commits[found[-1]].parents[0])
        return found

    def reachable(self, number: int | None = None) -> set[int]:
        """Gives a commit and all that came before it."""
        waiting, found = [self.tip.number if number is None else number], set()
        while waiting:
            commit = waiting.pop()
            if commit not in found:
                found.add(commit)
                waiting += self.commits[commit].parents
        return found

    def base(self, one: int, other: int) -> int:
        """Gives the newest commit that both hold."""
        return max(self.reachable(one) & self.reachable(other))


class Pen:
    """Writes a script step by step."""

    def __init__(self, forms: dict[str, str]) -> None:
        self.script = Script(forms=forms)
        self.tables: Tables = {}
        self.renamed: dict[str, dict[str, str]] = {}
        self.columns = 0

    def say(self, sql: str, *cells: Cell) -> None:
        """Adds a statement."""
        self.script.statements.append((sql, list(cells)))

    def column(self, name: str | None, kind: str) -> Column:
        """Gives a column whose number nothing had before."""
        self.columns += 1
        return Column(name or f"c{self.columns}", kind, self.columns)

    def create(self, name: str, *kinds: str) -> None:
        """Creates a table whose first column is its key."""
        columns = tuple(self.column(None if at else "id", kind) for at, kind in enumerate(kinds))
        declared = ", ".join(f"{column.name} {column.kind}" for column in columns[1:])
        self.say(f"CREATE TABLE {name} (id {kinds[0]} PRIMARY KEY, {declared})")
        self.tables[name] = State(columns, {})

    def put(self, name: str, key: Key, row: tuple[Cell, ...] | None) -> None:
        """Puts a row into a table, or takes it out."""
        state = self.tables[name]
        rows = {k: r for k, r in state.rows.items() if k != key}
        if row is not None:
            rows[key] = row
        self.tables[name] = replace(state, rows=rows)

    def insert(self, name: str, key: Key, *cells: Cell) -> None:
        """Inserts a row."""
        row = (key, *cells)
        columns, marks = ", ".join(self.tables[name].names), ", ".join("?" for _ in row)
        self.say(f"INSERT INTO {name} ({columns}) VALUES ({marks})", *row)
        self.put(name, key, row)

    def update(self, name: str, key: Key, column: str, cell: Cell) -> None:
        """Updates a cell."""
        state = self.tables[name]
        self.say(f"UPDATE {name} SET {column} = ? WHERE id = ?", cell, key)
        at, row = state.names.index(column), state.rows[key]
        self.put(name, key, (*row[:at], cell, *row[at + 1 :]))

    def delete(self, name: str, key: Key) -> None:
        """Deletes a row."""
        self.say(f"DELETE FROM {name} WHERE id = ?", key)
        self.put(name, key, None)

    def add(self, name: str, kind: str) -> str:
        """Adds a column; gives its name."""
        state = self.tables[name]
        column = self.column(None, kind)
        self.say(f"ALTER TABLE {name} ADD COLUMN {column.name} {column.kind}")
        rows = {key: (*row, None) for key, row in state.rows.items()}
        self.tables[name] = State((*state.columns, column), rows)
        return column.name

    def drop(self, name: str, column: str) -> None:
        """Drops a column."""
        state = self.tables[name]
        at = state.names.index(column)
        self.say(f"ALTER TABLE {name} DROP COLUMN {column}")
        rows = {key: (*row[:at], *row[at + 1 :]) for key, row in state.rows.items()}
        self.tables[name] = State((*state.columns[:at], *state.columns[at + 1 :]), rows)
        self.renamed.get(name, {}).pop(column, None)

    def rename(self, name: str, old: str, new: str) -> None:
        """Renames a column, which Git is told in tables.yaml."""
        state = self.tables[name]
        self.say(f"ALTER TABLE {name} RENAME COLUMN {old} TO {new}")
        columns = tuple(replace(c, name=new) if c.name == old else c for c in state.columns)
        self.tables[name] = replace(state, columns=columns)
        self.renamed[name] = {**self.renamed.get(name, {}), new: old}

    def branch(self, name: str) -> None:
        """Makes a branch and goes on there."""
        self.script.branches[name] = self.script.tip.number
        self.script.head = name
        self.say("SELECT dolt_checkout('-b', ?)", name)

    def checkout(self, name: str) -> None:
        """Goes on at another branch."""
        self.script.head = name
        self.say("SELECT dolt_checkout(?)", name)
        self.take(self.script.tip)

    def forward(self, other: str) -> None:
        """Moves the branch forward to another one."""
        self.say("SELECT dolt_merge(?)", other)
        self.script.branches[self.script.head] = self.script.branches[other]
        self.take(self.script.tip)

    def merge(self, other: str) -> bool:
        """Merges another branch unless the two contradict each other; tells whether it did."""
        script = self.script
        ours, theirs = script.tip.number, script.branches[other]
        three = (script.commits[n].tables for n in (script.base(ours, theirs), ours, theirs))
        merged = united(*three)
        if merged is None:
            return False
        self.say("SELECT dolt_merge('--no-commit', ?)", other)
        self.tables = merged
        self.commit(theirs)
        return True

    def take(self, commit: Commit) -> None:
        """Goes on from what a commit holds."""
        self.tables = dict(commit.tables)
        self.renamed = {name: dict(columns) for name, columns in commit.renamed.items()}

    def commit(self, *merged: int) -> None:
        """Commits all that was changed."""
        script = self.script
        parents = (script.tip.number, *merged) if script.commits else ()
        renamed = {name: dict(columns) for name, columns in self.renamed.items() if columns}
        made = Commit(
            number=len(script.commits), parents=parents, tables=dict(self.tables), renamed=renamed
        )
        words = ["-A", "--allow-empty", "-m", made.message, "--date", f"{made.at:%FT%TZ}"]
        words += ["--author", "{} <{}>".format(*AUTHOR)]
        self.say(f"SELECT dolt_commit({', '.join('?' for _ in words)})", *words)
        script.commits.append(made)
        script.branches[script.head] = made.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """How many scripts of a hundred may do what is rare.

    Attributes:
        merging: Merge branches that grew apart.
        altering: Add and drop columns.
        renaming: Rename columns.
    """

    merging: int = 0
    altering: int = 0
    renaming: int = 0


EVERYDAY = Chances(merging=10, altering=3)
EVENTFUL = Chances(merging=60, altering=60)
RENAMING = Chances(altering=50, renaming=100)


class Writer(Pen):
    """Writes one script at random."""

    def __init__(self, chance: Random, chances: Chances) -> None:
        self.one = chance.choice
        self.may_merge = self.happens(chances.merging)
        may_alter, may_rename = map(self.happens, (chances.altering, chances.renaming))
        self.alter = [self.some_add, self.some_drop] * may_alter + [self.some_rename] * may_rename
        super().__init__({name: self.one(FORMS) for name in self.one(["t", "tu"])})

    def happens(self, percent: int) -> bool:
        """Tells whether something happens this time."""
        return self.one(range(100)) < percent

    def write(self) -> Script:
        """Writes the script."""
        self.begin("t")
        self.commit()
        for _ in range(self.one(range(3, 10))):
            self.step()
        if self.may_merge:
            self.meet()
        script = self.script
        refs = [*script.branches, *range(len(script.commits))]
        script.asked = [(self.one(refs), self.one(refs)) for _ in range(3)]
        return script

    def begin(self, name: str) -> None:
        """Creates a table with some records."""
        self.create(
            name, self.one(list(KEYS)), *(self.one(list(VALUES)) for _ in range(self.one([2, 3])))
        )
        for _ in range(self.one([2, 3, 4])):
            self.some_insert(name)

    def step(self) -> None:
        """Does one thing between two commits: changes records or branches."""
        others = [name for name in self.script.branches if name != self.script.head]
        if others and self.happens(60):
            self.join(self.one(others))
        elif len(others) < 2 and self.happens(80 if self.may_merge else 40):
            self.branch(f"b{len(self.script.branches)}")
        self.change()
        if self.tables != self.script.tip.tables or self.happens(10):
            self.commit()

    def join(self, other: str) -> None:
        """Goes to another branch, and perhaps takes over what the one left has."""
        script = self.script
        left = script.head
        self.checkout(other)
        base = script.base(script.tip.number, script.branches[left])
        if base == script.tip.number:
            if self.happens(30):
                self.forward(left)
        elif self.may_merge and base != script.branches[left]:
            self.merge(left)

    def meet(self) -> None:
        """Merges what branches have into the one that is checked out, where they can."""
        script = self.script
        for name, tip in script.branches.items():
            if script.base(script.tip.number, tip) not in (script.tip.number, tip):
                self.merge(name)

    def change(self) -> None:
        """Changes records and, where the script may, columns."""
        made = any("u" in commit.tables for commit in self.script.commits)
        if "u" in self.script.forms and not made and self.happens(40):
            self.begin("u")
        for _ in range(self.one([1, 1, 2, 3])):
            self.one([self.some_insert, self.some_update, self.some_update, self.some_delete])(
                self.one(list(self.tables))
            )
        if self.alter and self.happens(25):
            self.one(self.alter)(self.one(list(self.tables)))

    def some_insert(self, name: str) -> None:
        """Inserts a row under a key that is free."""
        state = self.tables[name]
        free = [key for key in KEYS[state.columns[0].kind] if key not in state.rows]
        if free:
            cells = (self.one(VALUES[column.kind]) for column in state.columns[1:])
            self.insert(name, self.one(free), *cells)

    def some_update(self, name: str) -> None:
        """Updates a cell, perhaps with what it holds already."""
        state = self.tables[name]
        if state.rows:
            column = self.one(state.columns[1:])
            self.update(
                name, self.one(list(state.rows)), column.name, self.one(VALUES[column.kind])
            )

    def some_delete(self, name: str) -> None:
        """Deletes a row; a table that is discovered from its records keeps one."""
        rows = self.tables[name].rows
        if len(rows) > (0 if self.script.forms[name] in DECLARED else 1):
            self.delete(name, self.one(list(rows)))

    def some_add(self, name: str) -> None:
        """Adds a column, and perhaps fills it somewhere."""
        self.add(name, self.one(list(VALUES)))
        if self.happens(60):
            self.some_update(name)

    def some_drop(self, name: str) -> None:
        """Drops a column unless it is the last."""
        columns = self.tables[name].columns[1:]
        free = [column.name for column in columns]
        if free and len(columns) > 1:
            self.drop(name, self.one(free))

    def some_rename(self, name: str) -> None:
        """Renames a column that the commit before had, and that had no other name."""
        before = self.script.tip.tables.get(name)
        columns = before.columns if before is not None else ()
        plain = [c for c in self.tables[name].columns[1:] if c in columns and c.name[0] == "c"]
        if plain:
            column = self.one(plain)
            self.rename(name, column.name, f"r{column.number}")


def united(base: Tables, ours: Tables, theirs: Tables) -> Tables | None:
    """Merges tables row by row; None where both sides changed a row or one of them a column."""
    found: Tables = {}
    for name in {**ours, **theirs}:
        three = [tables.get(name) for tables in (base, ours, theirs)]
        before, mine, other = three
        if before is None or mine is None or other is None:
            if before is not None or (mine is not None and other is not None):
                return None
            found[name] = mine or other  # type: ignore[assignment]  # one of them is there
            continue
        if not before.columns == mine.columns == other.columns:
            return None
        rows = dict(mine.rows)
        for key in {**before.rows, **other.rows}:
            old, new = before.rows.get(key), other.rows.get(key)
            if old == new:
                continue
            if mine.rows.get(key) != old:
                return None
            rows.pop(key, None)
            if new is not None:
                rows[key] = new
        found[name] = replace(mine, rows=rows)
    return found


def scripts(chances: Chances = EVERYDAY) -> st.SearchStrategy[Script]:
    """Scripts over one or two tables, with branches."""
    return st.integers(0, 2**64).map(lambda number: Writer(Random(number), chances).write())


def files(form: str, name: str, state: State) -> Iterator[tuple[str, str]]:
    """Gives the files of a table with its definition, if the form wants one."""
    records = {str(key): state.record(key) for key in state.rows}
    bare = {key: {n: c for n, c in row.items() if n != "id"} for key, row in records.items()}
    if form == "csv":
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerows([state.names, *state.rows.values()])
        yield f"{name}/{name}.csv", text.getvalue()
    elif form == "list":
        yield f"{name}/{name}.json", as_json(list(records.values())).decode()
    elif form == "map":
        yield f"{name}.yaml", as_yaml(bare)
    elif form == "files":
        yield from ((f"{name}/{key}.json", as_json(row).decode()) for key, row in bare.items())
    else:
        yield from ((f"{name}/$records/{key}.yaml", as_yaml(row)) for key, row in bare.items())
    if form in DECLARED:
        yield f"{name}/.collection/definition.yaml", as_yaml(definition(form, name, state))


def definition(form: str, name: str, state: State) -> dict[str, Any]:
    """Gives what a collection's definition says."""
    kinds = {"integer": "int", "text": "string", "real": "float"}
    described = {column.name: {"type": kinds[column.kind]} for column in state.columns}
    if form == "records":
        del described["id"]
        where = {"name": "{key}.yaml", "type": "map[string]any", "format": "yaml"}
        return {"record_file": where, "columns": described, "columns_order": [*described]}
    kind = "csv" if form == "csv" else "json"
    where = {"name": f"{name}.{kind}", "type": "[]map[string]any", "format": kind}
    order = [*described]
    return {
        "record_file": where, "columns": described, "columns_order": order, "primary_key": ["id"],
    }  # fmt: skip


def tree(script: Script, commit: Commit) -> Iterator[tuple[str, str]]:
    """Gives all files of a commit."""
    declared = [name for name in commit.tables if script.forms[name] in DECLARED]
    for name, state in commit.tables.items():
        yield from files(script.forms[name], name, state)
    if declared:
        yield ".ingitdb/root-collections.yaml", as_yaml({name: name for name in declared})
    tables = {
        name: {"columns": {new: {"renamed_from": old} for new, old in columns.items()}}
        for name, columns in commit.renamed.items()
    }
    yield ".ingitdb/tables.yaml", as_yaml({"discover": True, "tables": tables})


def as_yaml(value: Any) -> str:
    """Gives a YAML file."""
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)


def repository(script: Script, path: Path) -> list[str]:
    """Makes a Git repository of a script; gives the ids of its commits."""
    git(path.parent, "init", "--quiet", "--initial-branch", script.head, str(path))
    marks = path / ".git" / "marks"
    command = ["git", "-C", str(path), "fast-import", "--quiet", f"--export-marks={marks}"]
    subprocess.run(command, input=b"".join(stream(script)), check=True)
    found = dict(line.split() for line in marks.read_text().splitlines())
    return [found[f":{commit.number + 1}"] for commit in script.commits]


def stream(script: Script) -> Iterator[bytes]:
    """Gives a script's commits and branches as fast-import reads them."""
    person = "{} <{}>".format(*AUTHOR)
    for commit in script.commits:
        seconds = int(commit.at.timestamp())
        yield f"commit refs/heads/made\nmark :{commit.number + 1}\n".encode()
        yield f"committer {person} {seconds} +0000\n".encode()
        yield f"data {len(commit.message)}\n{commit.message}\n".encode()
        words = ("from", "merge")
        for word, parent in zip(words, commit.parents, strict=False):
            yield f"{word} :{parent + 1}\n".encode()
        yield b"deleteall\n"
        for path, text in tree(script, commit):
            data = text.encode()
            yield b"M 100644 inline " + quoted(path) + f"\ndata {len(data)}\n".encode()
            yield data + b"\n"
    for name, number in script.branches.items():
        yield f"reset refs/heads/{name}\nfrom :{number + 1}\n\n".encode()
    yield b"reset refs/heads/made\nfrom " + b"0" * 40 + b"\n\n"
