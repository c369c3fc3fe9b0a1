"""Random repositories with declared tables that come, go, and change their definitions and rows."""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

TABLES = ("people", "Order", "select", "geo.places", 'it\'s a "table"')
COLUMNS = ("id", "Group", "name", "värde", "to", "a b", "rowid", 'quo"te', "n", "parent", "z")
TYPES = {
    "BIGINT": [0, 1, -1, 7, 2**63 - 1, -(2**63)],
    "HUGEINT": [0, 5, 2**100, -(2**70)],
    "DOUBLE": [0.5, 1.0, -2.25, 1e300, 0.1, 1 / 3, 5e-324, 123456789012345680.0],
    "DECIMAL(10,2)": [1.25, 3.5, 10.0, -0.01],
    "BOOLEAN": [True, False],
    "VARCHAR": [
        "",
        "a",
        "it's",
        "x\0y",
        "line\nline\r\nend",
        "1",
        "007",
        "Ærø 💡",
        "null",
        ";",
        "--",
        "x" * 3000,
    ],
    "DATE": ["2024-02-29", "1999-12-31"],
    "TIMESTAMP": ["2024-01-01T10:00:00", "2024-01-01 23:59:59.123456"],
    "TIMESTAMP WITH TIME ZONE": ["2024-01-01T10:00:00+02:00", "2024-06-01T00:00:00Z"],
    "": [
        1,
        "b",
        [1, 2],
        [],
        {"a": 1},
        {"a": "x\r\n", "b": [True]},
        2.5,
        "2024-01-01",
        ["it's", "\0"],
    ],
}
CHECKS = {
    "BIGINT": "{0} >= -1 OR {0} < -5",
    "HUGEINT": "{0} > -1",
    "DOUBLE": "NOT ({0} BETWEEN 1.5 AND 3)",
    "DECIMAL(10,2)": "{0} * 2 <> 7",
    "BOOLEAN": "{0} = TRUE",
    "VARCHAR": "{0} NOT IN ('x', 'it''s') OR {0} IS NULL",
    "DATE": "{0} > '1999-12-30'",
}
DEFAULTS = {"BIGINT": 5, "VARCHAR": "'none'", "BOOLEAN": True}


@dataclass
class Table:
    """A table as its files and tables.yaml say it is."""

    is_list: bool
    columns: dict[str, str]
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)
    unique: list[list[str]] = field(default_factory=list)
    indexes: list[list[str]] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    required: set[str] = field(default_factory=set)
    defaults: set[str] = field(default_factory=set)
    references: list[tuple[str, str]] = field(default_factory=list)
    former: str | None = None
    former_columns: dict[str, str] = field(default_factory=dict)
    number: int = 0


State = dict[str, Table]


class Story:
    """Makes up a repository's states, one from another.

    Args:
        chance: What chooses.
        has_nul: Whether texts may have NUL characters.
    """

    def __init__(self, chance: Random, *, has_nul: bool = True) -> None:
        self.chance = chance
        self.has_nul = has_nul
        self.made = 0

    def first(self) -> State:
        """Gives a state of a few tables."""
        names = self.chance.sample(TABLES, self.chance.randint(1, 3))
        state = {name: self._table() for name in names}
        self._refer(state)
        return state

    def next(self, before: State) -> State:
        """Gives a state that differs a little, or much; what was renamed is declared."""
        state = deepcopy(before)
        for table in state.values():
            table.former, table.former_columns = None, {}
        changes = [self._rows, self._rows, self._column, self._rename_column, self._retype]
        changes += [
            self._swap,
            self._key,
            self._unique,
            self._index,
            self._come_or_go,
            self._rename,
            self._refer,
        ]
        for change in self.chance.sample(changes, self.chance.randint(1, 4)):
            change(state)
        return state

    def files(self, state: State) -> dict[str, str]:
        """Gives the files of a state."""
        found = {".ingitdb/tables.yaml": json.dumps({"tables": self._declared(state)})}
        for table in state.values():
            place = f"store/t{table.number}"
            if table.is_list:
                lines = (json.dumps(row) + "\n" for row in table.rows.values())
                found[f"{place}.jsonl"] = "".join(lines)
            for key, row in () if table.is_list else table.rows.items():
                found[f"{place}/{key}.json"] = json.dumps(row)
        return found

    def _declared(self, state: State) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, table in state.items():
            form = ".jsonl" if table.is_list else "/{key}.json"
            said: dict[str, Any] = {"glob": f"store/t{table.number}{form}"}
            if "geo." not in name:
                said["schema"] = "main"
            if table.key:
                said["key"] = table.key
            if table.unique:
                said["unique"] = table.unique
            if table.checks:
                said["checks"] = {
                    f"of {column}": CHECKS[table.columns[column]].format(quoted(column))
                    for column in table.checks
                    if table.columns[column] in CHECKS
                }
            if table.indexes:
                said["indexes"] = table.indexes
            if table.former:
                said["renamed_from"] = table.former
            if table.references:
                said["foreign_keys"] = [
                    {"columns": column, "table": target} for column, target in table.references
                ]
            said["columns"] = {name: self._said(table, name) for name in table.columns}
            found[name] = said
        return found

    def _said(self, table: Table, name: str) -> dict[str, Any]:
        kind = table.columns[name]
        said: dict[str, Any] = {"type": kind} if kind else {}
        if name in table.required:
            said["required"] = True
        if name in table.defaults and kind in DEFAULTS:
            said["default"] = DEFAULTS[kind]
        if name in table.former_columns:
            said["renamed_from"] = table.former_columns[name]
        return said

    def _table(self) -> Table:
        names = self.chance.sample(COLUMNS, self.chance.randint(1, 5))
        self.made += 1
        table = Table(
            is_list=self.chance.random() < 0.5,
            columns={name: self.chance.choice(list(TYPES)) for name in names},
            number=self.made,
        )
        if table.is_list and self.chance.random() < 0.7:
            table.key = names[: self.chance.randint(1, 2)]
        if self.chance.random() < 0.3:
            table.unique = [[self.chance.choice(names)]]
        table.indexes = self._groups(table)
        table.checks = [name for name in names if self.chance.random() < 0.3]
        table.required = {name for name in names if self.chance.random() < 0.2}
        table.defaults = {name for name in names if self.chance.random() < 0.3}
        for _ in range(self.chance.choice([0, 1, 3, 8])):
            self._add(table)
        return table

    def _value(self, kind: str) -> Any:
        if self.chance.random() < 0.02:
            kind = ""
        value = self.chance.choice(TYPES[kind]) if self.chance.random() < 0.9 else None
        if isinstance(value, str) and not self.has_nul:
            return value.replace("\0", "\x01")
        return value

    def _add(self, table: Table) -> None:
        key = f"r{self.chance.randint(0, 30)}"
        row = {name: self._value(kind) for name, kind in table.columns.items()}
        if table.key and self.chance.random() < 0.9:
            known = [tuple(repr(r.get(n)) for n in table.key) for r in table.rows.values()]
            if tuple(repr(row.get(n)) for n in table.key) in known:
                return
        table.rows[key] = {
            n: v for n, v in row.items() if v is not None or self.chance.random() < 0.5
        }

    def _any(self, state: State) -> Table | None:
        return self.chance.choice(list(state.values())) if state else None

    def _rows(self, state: State) -> None:
        table = self._any(state)
        if table is None:
            return
        for key in list(table.rows):
            draw = self.chance.random()
            if draw < 0.2:
                del table.rows[key]
            elif draw < 0.5:
                name = self.chance.choice(list(table.columns))
                table.rows[key][name] = self._value(table.columns[name])
        if len(table.rows) > 1 and self.chance.random() < 0.3:
            one, other = self.chance.sample(list(table.rows), 2)
            table.rows[one], table.rows[other] = table.rows[other], table.rows[one]
        for _ in range(self.chance.randint(0, 3)):
            self._add(table)

    def _column(self, state: State) -> None:
        table = self._any(state)
        if table is None:
            return
        name = self.chance.choice(COLUMNS)
        if name not in table.columns:
            table.columns[name] = self.chance.choice(list(TYPES))
            if self.chance.random() < 0.7:
                for row in table.rows.values():
                    row[name] = self._value(table.columns[name])
        elif len(table.columns) > 1:
            self._forget(table, name)

    @staticmethod
    def _forget(table: Table, name: str) -> None:
        del table.columns[name]
        table.key = [one for one in table.key if one != name]
        table.unique = [group for group in table.unique if name not in group]
        table.indexes = [group for group in table.indexes if name not in group]
        table.checks = [one for one in table.checks if one != name]
        table.references = [one for one in table.references if one[0] != name]
        for row in table.rows.values():
            row.pop(name, None)

    def _rename_column(self, state: State) -> None:
        table = self._any(state)
        free = [name for name in COLUMNS if table is not None and name not in table.columns]
        if table is None or not free:
            return
        old, new = self.chance.choice(list(table.columns)), self.chance.choice(free)
        self._renamed(table, {old: new})

    def _swap(self, state: State) -> None:
        table = self._any(state)
        if table is not None and len(table.columns) > 1:
            one, other = self.chance.sample(list(table.columns), 2)
            self._renamed(table, {one: other, other: one})

    @staticmethod
    def _renamed(table: Table, names: dict[str, str]) -> None:
        def called(name: str) -> str:
            return names.get(name, name)

        was = table.former_columns
        table.former_columns = {called(name): old for name, old in was.items()}
        table.former_columns |= {new: was.get(old, old) for old, new in names.items()}
        table.columns = {called(name): kind for name, kind in table.columns.items()}
        table.rows = {k: {called(n): v for n, v in r.items()} for k, r in table.rows.items()}
        table.key = [called(name) for name in table.key]
        table.unique = [[called(name) for name in group] for group in table.unique]
        table.indexes = [[called(name) for name in group] for group in table.indexes]
        table.checks = [called(name) for name in table.checks]
        table.required = {called(name) for name in table.required}
        table.defaults = {called(name) for name in table.defaults}
        table.references = [(called(name), target) for name, target in table.references]

    def _retype(self, state: State) -> None:
        table = self._any(state)
        if table is not None:
            name = self.chance.choice(list(table.columns))
            table.columns[name] = self.chance.choice(list(TYPES))
            if self.chance.random() < 0.5:
                for row in table.rows.values():
                    row[name] = self._value(table.columns[name])

    def _key(self, state: State) -> None:
        table = self._any(state)
        if table is not None and table.is_list:
            table.key = self.chance.sample(list(table.columns), self.chance.randint(0, 1))

    def _unique(self, state: State) -> None:
        table = self._any(state)
        if table is not None:
            name = self.chance.choice(list(table.columns))
            table.unique = [] if table.unique else [[name]]
            table.required ^= {name}
            table.defaults ^= {name}

    def _index(self, state: State) -> None:
        table = self._any(state)
        if table is not None:
            table.indexes = self._groups(table)

    def _groups(self, table: Table) -> list[list[str]]:
        """Gives none, one or two groups of one or two columns."""
        names = list(table.columns)
        sizes = [
            min(len(names), self.chance.randint(1, 2)) for _ in range(self.chance.randint(0, 2))
        ]
        return [self.chance.sample(names, size) for size in sizes]

    def _come_or_go(self, state: State) -> None:
        name = self.chance.choice(TABLES)
        if name in state:
            del state[name]
            for table in state.values():
                table.references = [one for one in table.references if one[1] != name]
        else:
            state[name] = self._table()

    def _rename(self, state: State) -> None:
        free = [name for name in TABLES if name not in state]
        if not state or not free:
            return
        old, new = self.chance.choice(list(state)), self.chance.choice(free)
        state[new] = state.pop(old)
        state[new].former = state[new].former or old
        for table in state.values():
            table.references = [(c, new if t == old else t) for c, t in table.references]

    def _refer(self, state: State) -> None:
        """Lets tables refer to those with a key of their records, perhaps in a circle."""
        keyed = [name for name, table in state.items() if not table.is_list]
        for name in keyed:
            table, target = state[name], self.chance.choice(keyed)
            table.columns.setdefault("parent", "VARCHAR")
            known = list(state[target].rows)
            for row in table.rows.values():
                row["parent"] = self.chance.choice([*known, None])
            table.references = [("parent", target)]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
