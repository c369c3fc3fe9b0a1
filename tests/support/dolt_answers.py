"""What DoltLite's answers to a script make due of us, and both answers side by side.

Where the two are meant to differ, docs/dolt.md says so under an id (D1, D2 …). `Expected` turns
DoltLite's answer into the one that is due then; what it does not know stays, and is a failure.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import ingitdb
from tests.support.dolt_scripts import AUTHOR, KEYLESS, Key, Script, State, repository
from tests.support.doltlite import Answer, DoltLite, Question

Row: TypeAlias = dict[str, Any]
"""A row by the names of its columns, without those that are NULL; commits by their number."""
Edge: TypeAlias = tuple[int, int]
START = -1
"""The number of what stands before the first commit."""
OF_EDGES = ("from_commit", "from_commit_date", "to_commit", "to_commit_date", "diff_type")
OF_COMMITS = ("commit_hash", "commit_date", "committer")
ABSENT = State((), {})
ROOT_MESSAGE = "Initialize data repository"


class Expected:
    """Turns DoltLite's rows into those that are due of us; notes what deviations that takes."""

    def __init__(self, script: Script, *, of_line: bool = False) -> None:
        self.script = script
        self.of_line = of_line
        self.noted: set[str] = set()

    def record(self, table: str, state: State, key: Key) -> Row:
        """Gives a row by the names that its columns have at that time, or had last on the line."""
        line = reversed(self.script.line()) if self.of_line else ()
        states = (self.state(table, number) for number in line)
        last = {column.number: column.name for known in states for column in known.columns}
        pairs = zip(state.columns, state.rows[key], strict=True)
        return {last.get(column.number, column.name): cell for column, cell in pairs}

    def state(self, table: str, number: int) -> State:
        """Gives a table at a commit."""
        tables = self.script.commits[number].tables if number != START else {}
        return tables.get(table, ABSENT)

    def diff(self, table: str, rows: list[Row], edges: Iterable[Edge]) -> Iterator[Row]:
        """Gives the rows of a diff along the edges that ours covers (D2)."""
        wanted: dict[Edge, list[Row]] = {edge: [] for edge in edges}
        for row in rows:
            edge = row["from_commit"], row["to_commit"]
            if edge in wanted:
                wanted[edge].append(row)
            else:
                self.noted.add("D2")
        for edge, found in wanted.items():
            old, new = (self.state(table, number) for number in edge)
            found += self.hidden(table, old, new, edge)
            yield from self.paired(table, old, new, list(self.changed(table, old, new, found)))

    def hidden(self, table: str, old: State, new: State, edge: Edge) -> Iterator[Row]:
        """Gives rows that hold other things at the same places, which DoltLite overlooks (D5)."""
        for key in old.rows.keys() & new.rows.keys():
            if is_hidden(old, new, key):
                self.noted.add("D5")
                yield {
                    **{f"from_{name}": cell for name, cell in self.record(table, old, key).items()},
                    **{f"to_{name}": cell for name, cell in self.record(table, new, key).items()},
                    **self.dated("from", edge[0]),
                    **self.dated("to", edge[1]),
                    "diff_type": "modified",
                }

    def dated(self, side: str, number: int) -> Row:
        """Gives what a diff says of a commit."""
        at = f"{self.script.commits[number].at:%F %T}"
        return {f"{side}_commit": number, f"{side}_commit_date": at}

    def changed(self, table: str, old: State, new: State, rows: list[Row]) -> Iterator[Row]:
        """Gives the rows of one edge that differ in what they hold, not in where (D3)."""
        for row in rows:
            key = row.get("to_id", row.get("from_id"))
            assert key is not None
            if is_shifted(old, new, key):
                self.noted.add("D3")
            elif is_hidden(old, new, key):
                yield {name: cell for name, cell in row.items() if cell is not None}
            else:
                yield self.shown(table, row, {"from_": old, "to_": new}, key)

    def shown(self, table: str, row: Row, states: dict[str, State], key: Key) -> Row:
        """Gives a row with the columns of its own time in place of today's (D1)."""
        today = self.script.tip.tables[table].names
        there = [(prefix, state) for prefix, state in states.items() if key in state.rows]
        whole = {
            prefix + name: cell
            for prefix, state in there
            for name, cell in self.record(table, state, key).items()
            if cell is not None
        }
        cut = {
            prefix + name: cell
            for prefix, state in there
            for name, cell in state.record(key).items()
            if cell is not None and name in today
        }
        about = {name: row[name] for name in (*OF_EDGES, *OF_COMMITS) if name in row}
        if row != cut | about:
            return row
        if whole != cut:
            self.noted.add("D1")
        return whole | about

    def paired(self, table: str, old: State, new: State, rows: list[Row]) -> Iterator[Row]:
        """Gives the rows of one edge, a record that got another key as one of them (D7)."""
        moves = self.moves(table, old, new)
        by_key = {(row["diff_type"], row.get("from_id", row.get("to_id"))): row for row in rows}
        for before, after in moves.items():
            gone, come = by_key.get(("removed", before)), by_key.get(("added", after))
            if gone is not None and come is not None:
                self.noted.add("D7")
                rows = [row for row in rows if row is not gone and row is not come]
                rows.append(gone | come | {"diff_type": "modified"})
        yield from rows

    def moves(self, table: str, old: State, new: State) -> dict[Key, Key]:
        """Pairs records of equal content whose keys, which are none of their fields, differ."""
        if self.script.forms[table] not in KEYLESS:
            return {}
        gone, come = (
            contents(state, state.rows.keys() - other.rows.keys())
            for state, other in ((old, new), (new, old))
        )
        return {
            keys[0]: come[content][0]
            for content, keys in gone.items()
            if len(keys) == 1 and len(come.get(content, ())) == 1
        }

    def stat(self, rows: list[Row], edge: Edge) -> Iterator[Row]:
        """Gives the counts of what differs (D6, D7)."""
        for row in rows:
            del row["old_cell_count"], row["new_cell_count"]
            table = row["table_name"]
            old, new = (self.state(table, number) for number in edge)
            moves = len(self.moves(table, old, new))
            stored, held = stored_counts(old, new), held_counts(old, new, moves)
            counts = {name: row[name] for name in stored}
            if old.columns != new.columns and counts != held:
                self.noted.add("D6")
                row |= held
            elif counts == stored != held:
                self.noted |= {"D7"} if moves else set()
                self.noted |= {"D6"} if stored != held_counts(old, new, 0) else set()
                row |= held
            yield row

    def history(self, table: str, rows: list[Row]) -> Iterator[Row]:
        """Gives the records of each commit."""
        for row in rows:
            yield self.shown(table, row, {"": self.state(table, row["commit_hash"])}, row["id"])

    def blame(self, table: str, rows: list[Row]) -> Iterator[Row]:
        """Gives the commit that made each record (D3, D4, D5, D8)."""
        for row in rows:
            number, key = row["commit"], row["id"]
            origin = self.origin(table, key)
            reason = self.other_blame(table, key, number, origin)
            if reason:
                self.noted.add(reason)
                made = self.script.commits[origin]
                row |= {"commit": origin, "commit_date": f"{made.at:%F %T}"}
                row |= {"message": made.message, "committer": AUTHOR[0], "email": AUTHOR[1]}
            yield row

    def other_blame(self, table: str, key: Key, number: int, origin: int) -> str | None:
        """Says why DoltLite blames another commit than the one that made a record."""
        if number == origin:
            return None
        made = self.state(table, origin)
        before = [self.state(table, parent) for parent in self.script.commits[origin].parents]
        if number == START:
            is_first = not any(state.columns for state in before)
            return "D8" if is_first and len(made.stored(key)) == 1 else None
        if len(self.script.commits[number].parents) > 1:
            return "D4"
        if any(is_hidden(state, made, key) for state in before):
            return "D5"
        parents = (self.state(table, parent) for parent in self.script.commits[number].parents)
        after = self.state(table, number)
        return "D3" if any(is_shifted(state, after, key) for state in parents) else None

    def origin(self, table: str, key: Key) -> int:
        """Gives the commit that made a record what it is, through merges."""
        number = self.script.tip.number
        cells = self.state(table, number).cells(key)
        while True:
            parents = self.script.commits[number].parents
            same = [p for p in parents if self.state(table, p).holds(key, cells)]
            if not same:
                return number
            number = same[0]


def is_shifted(old: State, new: State, key: Key) -> bool:
    """Tells whether a row holds the same at other places of its record."""
    both = key in old.rows and key in new.rows
    return both and old.cells(key) == new.cells(key) and old.stored(key) != new.stored(key)


def is_hidden(old: State, new: State, key: Key) -> bool:
    """Tells whether a row holds something else, but the same at each place of its record."""
    both = key in old.rows and key in new.rows
    return both and old.cells(key) != new.cells(key) and old.stored(key) == new.stored(key)


def contents(state: State, keys: Iterable[Key]) -> dict[frozenset[Any], list[Key]]:
    """Gives the keys of the rows that hold the same beside their keys."""
    found: dict[frozenset[Any], list[Key]] = {}
    for key in keys:
        found.setdefault(frozenset(list(state.cells(key).items())[1:]), []).append(key)
    return found


def stored_counts(old: State, new: State) -> dict[str, int]:
    """Counts as DoltLite does: rows by their records, cells so that they make up the balance."""
    both = old.rows.keys() & new.rows.keys()
    has_more = not set(new.names) <= set(old.names)  # then what is stored otherwise may be equal
    rows = [
        key
        for key in both
        if old.stored(key) != new.stored(key)
        and not (has_more and old.cells(key) == new.cells(key))
    ]
    shared = set(old.names) & set(new.names)
    differing = (old.record(key)[name] != new.record(key)[name] for key in rows for name in shared)
    wide, added, deleted = len(new.columns), *(len(s.rows) - len(both) for s in (new, old))
    balance = wide * len(new.rows) - len(old.columns) * len(old.rows)
    swapped = wide * (max(added, deleted) if not balance else deleted if balance > 0 else added)
    return {
        "rows_unmodified": len(both) - len(rows),
        "rows_added": added,
        "rows_deleted": deleted,
        "rows_modified": len(rows),
        "cells_added": swapped + max(balance, 0),
        "cells_deleted": swapped - min(balance, 0),
        "cells_modified": len(rows) * (wide - len(shared)) + sum(differing),
    }


def held_counts(old: State, new: State, moves: int) -> dict[str, int]:
    """Counts as we do: a cell is modified if it holds something else, in whatever column."""
    both = old.rows.keys() & new.rows.keys()
    pairs = (old.cells(key).items() ^ new.cells(key).items() for key in both)
    cells = [len({number for number, _ in pair}) for pair in pairs]
    rows = sum(map(bool, cells))
    left, right = ({column.number for column in state.columns} for state in (old, new))
    kept, added, deleted = len(both) + moves, *(len(s.rows) - len(both) - moves for s in (new, old))
    return {
        "rows_unmodified": len(both) - rows,
        "rows_added": added,
        "rows_deleted": deleted,
        "rows_modified": rows + moves,
        "cells_added": len(right) * added + len(right - left) * kept,
        "cells_deleted": len(left) * deleted + len(left - right) * kept,
        "cells_modified": sum(cells) + moves,
    }


class Reading:
    """Reads the answers of one side: which commit is which, and how keys are told."""

    def __init__(self, script: Script, commits: Sequence[str]) -> None:
        self.script = script
        self.commits = commits
        self.numbers = {commit: number for number, commit in enumerate(commits)}

    def ref(self, ref: str | int) -> str:
        """Gives a ref as this side understands it."""
        return ref if isinstance(ref, str) else self.commits[ref]

    def rows(self, answer: Answer, table: str | None) -> list[Row]:
        """Gives the rows of an answer, in one spelling for both sides."""
        names, rows = answer
        return [self.row(zip(names, row, strict=True), table) for row in rows]

    def row(self, cells: Iterable[tuple[str, Any]], table: str | None) -> Row:
        """Gives one row."""
        row = {name: found for name, cell in cells if (found := self.cell(name, cell)) is not None}
        for side in ("from", "to"):
            if row.get(f"{side}_commit") == START:  # DoltLite has a commit of its own there
                row.pop(f"{side}_commit_date", None)
        for prefix in ("", "from_", "to_"):
            key = row.pop(f"{prefix}_key", None)
            if key is not None and table is not None:
                kind = self.script.tip.tables[table].columns[0].kind
                row[f"{prefix}id"] = int(key) if kind == "integer" else key
        return row

    def cell(self, name: str, cell: Any) -> Any:
        """Gives what a cell holds."""
        if name == "commit" or name.endswith(("_commit", "_hash")):
            return self.numbers.get(cell, START)
        if name == "changed_columns":
            return None
        if isinstance(cell, datetime):
            return f"{cell:%F %T}"
        return cell


def fixed(rows: Iterable[Row]) -> Counter[frozenset[tuple[str, str]]]:
    """Gives rows that can be compared as a multiset, types included."""
    return Counter(frozenset((name, repr(cell)) for name, cell in row.items()) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both answers to one question.

    Attributes:
        question: As we are asked.
        theirs: What DoltLite answers.
        due: What is due of us after that.
        ours: What we answer.
        deviations: The ids of what `due` took.
    """

    question: str
    theirs: list[Row]
    due: list[Row]
    ours: list[Row]
    deviations: frozenset[str]

    @property
    def agrees(self) -> bool:
        """Whether we answer what is due."""
        return fixed(self.due) == fixed(self.ours)

    def __str__(self) -> str:
        due, ours = fixed(self.due), fixed(self.ours)
        lines = [f"{self.question} {sorted(self.deviations)}"]
        for title, rows in (("due", due - ours), ("ours", ours - due)):
            lines += [f"  {title}: {count} times {sorted(row)}" for row, count in rows.items()]
        return "\n".join(lines)


class Asking:
    """Asks both sides about one script."""

    def __init__(self, script: Script, dolt: DoltLite, connection: Any, ours: list[str]) -> None:
        self.script = script
        self.dolt = dolt
        self.connection = connection
        dolt.begin()
        made = zip(script.statements, dolt.ask(script.statements), strict=True)
        theirs = [str(rows[0][0]) for (sql, _), (_, rows) in made if "dolt_commit" in sql]
        self.theirs, self.ours = Reading(script, theirs), Reading(script, ours)

    def ask(
        self,
        theirs: Question,
        ours: Question,
        due: Callable[[Expected, list[Row]], Iterable[Row]],
        table: str | None = None,
        *,
        of_line: bool = False,
    ) -> Comparison:
        """Asks one question."""
        answer = self.dolt.ask([theirs])[0]
        expected = Expected(self.script, of_line=of_line)
        wanted = [dict(row) for row in due(expected, self.theirs.rows(answer, table))]
        cursor = self.connection.execute(*ours)
        names = [column[0] for column in cursor.description]
        return Comparison(
            question=f"{ours[0]} {list(ours[1])}",
            theirs=self.theirs.rows(answer, table),
            due=wanted,
            ours=self.ours.rows((names, cursor.fetchall()), table),
            deviations=frozenset(expected.noted),
        )

    def all(self) -> Iterator[Comparison]:
        """Asks everything."""
        yield self.log()
        for table in self.script.tip.tables:
            yield self.every_diff(table)
            yield self.history(table)
            yield self.blame(table)
        for old, new in self.script.asked:
            yield self.stat(old, new)
            for table in self.script.tip.tables:
                if any(table in self.script.commit(ref).tables for ref in (old, new)):
                    yield self.diff(table, old, new)

    def log(self) -> Comparison:
        """Asks for the commits; DoltLite's own, the first one, is left out."""
        columns = "commit_hash, committer_name AS committer, committer_email AS email"
        ours = f"SELECT {columns}, commit_date AS date, message FROM git_log()"
        theirs = "SELECT * FROM dolt_log WHERE message <> ?"
        return self.ask((theirs, [ROOT_MESSAGE]), (ours, []), lambda _, rows: rows)

    def every_diff(self, table: str) -> Comparison:
        """Asks what every commit changed."""
        line = self.script.line()
        edges = list(zip([*line[1:], START], line, strict=True))
        return self.ask(
            (f"SELECT * FROM dolt_diff_{table}", []),
            (f"FROM diff('{table}')", []),
            lambda expected, rows: expected.diff(table, rows, edges),
            table,
            of_line=True,
        )

    def diff(self, table: str, old: str | int, new: str | int) -> Comparison:
        """Asks what differs between two commits."""
        edge = self.script.commit(old).number, self.script.commit(new).number
        return self.ask(
            (f"SELECT * FROM dolt_diff_{table}(?, ?)", [*map(self.theirs.ref, (old, new))]),
            (f"FROM diff('{table}', ?, ?)", [*map(self.ours.ref, (old, new))]),
            lambda expected, rows: expected.diff(table, rows, [edge]),
            table,
        )

    def stat(self, old: str | int, new: str | int) -> Comparison:
        """Asks how much differs between two commits."""
        edge = self.script.commit(old).number, self.script.commit(new).number
        return self.ask(
            ("SELECT * FROM dolt_diff_stat(?, ?)", [*map(self.theirs.ref, (old, new))]),
            ("FROM diff_stat(?, ?)", [*map(self.ours.ref, (old, new))]),
            lambda expected, rows: expected.stat(rows, edge),
        )

    def history(self, table: str) -> Comparison:
        """Asks for the records of every commit."""
        return self.ask(
            (f"SELECT * FROM dolt_history_{table}", []),
            (f"FROM history('{table}', scope => 'all')", []),
            lambda expected, rows: expected.history(table, rows),
            table,
            of_line=True,
        )

    def blame(self, table: str) -> Comparison:
        """Asks for the commit that made each record."""
        return self.ask(
            (f"SELECT * FROM dolt_blame_{table}", []),
            (f"FROM blame('{table}')", []),
            lambda expected, rows: expected.blame(table, rows),
            table,
        )


@contextmanager
def asking(script: Script, dolt: DoltLite) -> Iterator[Asking]:
    """Runs a script on both sides."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "repository"
        commits = repository(script, path)
        own = ingitdb.Settings(cache=Path(name) / "cache", workers=1, threads=1)
        with ingitdb.connect(path, settings=own) as connection:
            yield Asking(script, dolt, connection, commits)
