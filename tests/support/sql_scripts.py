"""Writes random scripts of SQL: changes, definitions, transactions, and statements that fail.

A script is written while it runs, for what it may say next depends on what is there by then.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

VALUES: dict[str, list[str]] = {
    "INTEGER": ["0", "-7", "41", "3", "NULL"],
    "BIGINT": ["0", "-7", "9007199254740993", "NULL"],
    "VARCHAR": ["'a'", "'12'", "'it''s, ok'", "'ø: #'", "'2024-01-05'", "'x y'", "NULL"],
    "DOUBLE": ["0.5", "-2.25", "3", "1e10", "NULL"],
    "BOOLEAN": ["true", "false", "NULL"],
    "DATE": ["DATE '2024-01-05'", "DATE '1999-12-31'", "NULL"],
    "TIMESTAMP": ["TIMESTAMP '2024-01-05 10:20:30'", "NULL"],
    "DECIMAL(8,2)": ["1.5", "-20.25", "NULL"],
    "HUGEINT": ["170141183460469231731687303715884105727", "3", "NULL"],
}
GIVEN: dict[str, list[Any]] = {
    "INTEGER": [5, -1, None],
    "BIGINT": [2**40, None],
    "VARCHAR": ["given", "it's", None],
    "DOUBLE": [0.25, None],
    "BOOLEAN": [True, False],
}
"""Values that are given as parameters."""
WRONG = {
    "INTEGER": ["'zz'", "99999999999"],
    "BIGINT": ["'zz'", "1e300"],
    "DOUBLE": ["'zz'"],
    "BOOLEAN": ["'maybe'"],
    "DATE": ["'2024-13-01'"],
    "DECIMAL(8,2)": ["12345678"],
}
KEYS = {"VARCHAR": ["'a'", "'b'", "'c'", "'x/y'", "'07'", "'ø'"], "INTEGER": [*"123456"]}
PLACES = [
    "",
    "format = 'json'",
    "format = 'toml'",
    "layout = 'one file'",
    "format = 'csv'",
    "format = 'jsonl'",
    "format = 'ingr'",
    "format = 'toml', layout = 'one file'",
    "format = 'json', layout = 'one file'",
]
KEYLESS = ["format = 'csv'", "format = 'jsonl'", "format = 'json'", "format = 'yaml'"]
NAMES = ("a", "b", "c")
"""What tables are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement with its parameters, and where the table that it makes is to lie."""

    sql: str
    given: dict[str, Any] = field(default_factory=dict)
    place: str = ""

    @property
    def own(self) -> str:
        """The statement as it is said here."""
        if not self.place:
            return self.sql
        head, word, query = self.sql.partition(" AS ")
        return f"{head} WITH ({self.place}){word}{query}"

    def __str__(self) -> str:
        return f"{self.own} {self.given or ''}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as it is by now."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    groups: int = 0
    """How many groups of columns are unique."""


class Author:
    """Writes the statements of one script."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.one = chance.choice
        self.tables: dict[str, Table] = {}
        self.views: list[str] = []
        self.given: dict[str, Any] = {}
        self.place = ""
        self.count = 0
        self.is_open = False

    def happens(self, percent: int) -> bool:
        return self.chance.randrange(100) < percent

    def look(self, database: Any) -> None:
        """Looks at what tables and views there are by now."""
        found: dict[str, dict[str, str]] = {}
        asked = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
        for name, column, kind in database.execute(f"{asked} ORDER BY column_index").fetchall():
            found.setdefault(name, {})[column] = kind
        asked = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
        self.views = sorted(name for (name,) in database.execute(asked).fetchall())
        asked = "SELECT table_name, constraint_type, constraint_column_names"
        held = database.execute(f"{asked} FROM duckdb_constraints()").fetchall()
        self.tables = {}
        for name, columns in found.items():
            if name not in self.views:
                keys = [c for n, kind, c in held if n == name and kind == "PRIMARY KEY"]
                unique = ("PRIMARY KEY", "UNIQUE")
                self.tables[name] = Table(
                    name=name,
                    columns=columns,
                    key=tuple(keys[0]) if keys else (),
                    groups=sum(n == name and kind in unique for n, kind, _ in held),
                )

    def opening(self) -> list[Callable[[], str]]:
        """Gives what a script begins with."""
        return [self.create, self.fill, self.create, self.fill]

    def statement(self) -> Statement:
        """Writes the next statement."""
        return self.written(self.one(self.ways()))

    def written(self, way: Callable[[], str]) -> Statement:
        """Writes a statement in one way."""
        self.given, self.place = {}, ""
        sql = way()
        given = {name: value for name, value in self.given.items() if f"${name}" in sql}
        return Statement(sql=sql, given=given, place=self.place)

    def ways(self) -> list[Callable[[], str]]:
        turns = [self.begin, self.turn] if not self.is_open else [self.turn] * 5
        changes = [self.insert] * 4 + [self.conflicting] * 3 + [self.update] * 3 + [self.joined] * 2
        changes += [self.delete] * 2 + [self.merge] * 3 + [self.inside, self.truncate]
        definitions = [self.create, self.copy, self.add, self.drop_column, self.rename, self.retype]
        definitions += [
            self.default,
            self.required,
            self.drop,
            self.view,
            self.wrong,
            self.rename_table,
        ]
        return changes + definitions + turns * 2

    # Places and values

    def table(self) -> Table:
        if not self.tables or self.happens(2):
            return Table(name="nothing", columns={"id": "INTEGER"}, key=())
        return self.one(list(self.tables.values()))

    def column(self, table: Table) -> str:
        return "nope" if self.happens(3) else self.one(list(table.columns))

    def plain(self, table: Table) -> str:
        """Gives a column that is none of the key, if there is one."""
        return self.one([c for c in table.columns if c not in table.key] or list(table.columns))

    def literal(self, kind: str) -> str:
        return self.one(VALUES.get(kind, ["NULL"]))

    def value(self, table: Table, column: str) -> str:
        kind = table.columns.get(column, "INTEGER")
        if self.happens(3) and kind in WRONG:
            return str(self.one(WRONG[kind]))
        if (column in table.key or column == "parent") and kind in KEYS:
            return str(self.one(KEYS[kind]))
        if self.happens(12) and kind in GIVEN:
            name = f"p{len(self.given) + 1}"
            self.given[name] = self.one(GIVEN[kind])
            return f"${name}"
        return self.literal(kind)

    def row(self, table: Table, columns: list[str], default: bool = True) -> str:
        values = (
            "DEFAULT"
            if default and c not in table.key and self.happens(8)
            else self.value(table, c)
            for c in columns
        )
        return f"({', '.join(values)})"

    def chosen(self, table: Table) -> list[str]:
        """Chooses columns, the key's among them."""
        return [c for c in table.columns if c in table.key or self.happens(75)] or [*table.columns]

    def condition(self, table: Table) -> str:
        name = self.column(table)
        other = self.one(list(table.columns))
        return self.one(
            [
                f"{name} = {self.value(table, name)}",
                f"{name} IS NULL",
                f"{name} IN ({self.value(table, name)}, {self.value(table, name)})",
                f"{other} = (SELECT max({other}) FROM {table.name})",
                f"{name} > {self.value(table, name)} OR {other} IS NOT NULL",
                f"EXISTS (FROM {table.name} o WHERE o.{other} > {table.name}.{other})",
                "true",
            ]
        )

    def returning(self, table: Table) -> str:
        name = self.one(list(table.columns))
        return self.one(["", "", "", " RETURNING *", f" RETURNING {name}, {name} IS NULL AS empty"])

    def assigned(self, table: Table) -> str:
        names = {self.plain(table) if self.happens(85) else self.column(table) for _ in range(2)}
        return ", ".join(f"{name} = {self.assignment(table, name)}" for name in sorted(names))

    def assignment(self, table: Table, name: str) -> str:
        kind = table.columns.get(name, "INTEGER")
        ways = [self.value(table, name)] * 3 + ["DEFAULT", self.one(list(table.columns))]
        if kind == "VARCHAR":
            ways += [f"{name} || 'z'", f"upper({name})"]
        elif kind not in ("BOOLEAN", "DATE", "TIMESTAMP"):
            ways += [f"{name} + 1", f"{name} * 2"]
        return self.one(ways)

    # Changes

    def fill(self) -> str:
        table = list(self.tables.values())[-1]
        rows = ", ".join(self.row(table, [*table.columns]) for _ in range(3))
        word = " OR IGNORE" if table.groups == 1 else ""
        return f"INSERT{word} INTO {table.name} VALUES {rows}"

    def source(self, table: Table, columns: list[str], most: int = 3) -> str:
        count = min(most, self.one([1, 1, 2, 3]))
        rows = [self.row(table, columns) for _ in range(count)]
        if most == 1 or self.happens(70):
            return f"VALUES {', '.join(rows)}"
        return f"SELECT {', '.join(columns)} FROM {table.name} WHERE {self.condition(table)}"

    def insert(self) -> str:
        table = self.table()
        columns = self.chosen(table)
        if self.happens(6):
            return f"INSERT INTO {table.name} DEFAULT VALUES{self.returning(table)}"
        if self.happens(15):
            named = ", ".join(f"{self.value(table, c)} AS {c}" for c in columns)
            return f"INSERT INTO {table.name} BY NAME SELECT {named}{self.returning(table)}"
        if self.happens(15):
            row = self.row(table, [*table.columns])
            return f"INSERT INTO {table.name} VALUES {row}{self.returning(table)}"
        listed = ", ".join(columns)
        source = self.source(table, columns)
        return f"INSERT INTO {table.name} ({listed}) {source}{self.returning(table)}"

    def conflicting(self) -> str:
        table = self.table()
        columns = self.chosen(table)
        several = table.groups > 1  # rows that contradict each other: DuckDB drops any of them
        listed, source = ", ".join(columns), self.source(table, columns, 1 if several else 3)
        word = self.one(["", "", "", " OR REPLACE", " OR IGNORE"])
        target = f" ({', '.join(table.key)})" if table.key and self.happens(70) else ""
        name = self.plain(table)
        taken = f"{name} = excluded.{name}"
        action = self.one(
            [
                f"{target} DO NOTHING",
                f"{target} DO UPDATE SET {taken}",
                f"{target} DO UPDATE SET {self.assigned(table)}",
                f"{target} DO UPDATE SET {taken} WHERE {table.name}.{name} IS NOT NULL",
            ]
        )
        tail = "" if word else f" ON CONFLICT{action}"
        return f"INSERT{word} INTO {table.name} ({listed}) {source}{tail}{self.returning(table)}"

    def update(self) -> str:
        table = self.table()
        if self.happens(15):
            names = self.chosen(table)
            row = f"({', '.join(names)}) = ROW{self.row(table, names, default=False)}"
            return f"UPDATE {table.name} SET {row} WHERE {self.condition(table)}"
        where = f" WHERE {self.condition(table)}" if self.happens(85) else ""
        return f"UPDATE {table.name} SET {self.assigned(table)}{where}{self.returning(table)}"

    def given_rows(self, table: Table) -> tuple[str, str, str]:
        """Gives rows to join with, the condition, and the column that they bring."""
        on, brought = self.one(list(table.key or table.columns)), self.plain(table)
        rows = ", ".join(
            f"({self.value(table, on)}, {self.value(table, brought)})"
            for _ in range(self.one([1, 2, 3]))
        )
        return f"(VALUES {rows}) s (k, n)", f"s.k = {table.name}.{on}", brought

    def joined(self) -> str:
        table = self.table()
        source, condition, brought = self.given_rows(table)
        if self.happens(50):
            return (
                f"DELETE FROM {table.name} USING {source} WHERE {condition}{self.returning(table)}"
            )
        return f"UPDATE {table.name} SET {brought} = s.n FROM {source} WHERE {condition}"

    def delete(self) -> str:
        table = self.table()
        return f"DELETE FROM {table.name} WHERE {self.condition(table)}{self.returning(table)}"

    def truncate(self) -> str:
        return f"{self.one(['TRUNCATE', 'DELETE FROM'])} {self.table().name}"

    def merge(self) -> str:
        table = self.table()
        source, condition, brought = self.given_rows(table)
        on = condition.rpartition(".")[2]
        taken = f"WHEN MATCHED THEN UPDATE SET {brought} = s.n"
        matched = self.one(
            [
                taken,
                "WHEN MATCHED THEN DELETE",
                f"WHEN MATCHED AND s.n IS NULL THEN DELETE {taken}",
                "WHEN MATCHED THEN DO NOTHING",
                "",
            ]
        )
        new = f" WHEN NOT MATCHED THEN INSERT ({', '.join(dict.fromkeys([on, brought]))}) VALUES "
        new += "(s.k)" if on == brought else "(s.k, s.n)"
        rest = self.one(["", "", " WHEN NOT MATCHED BY SOURCE THEN DELETE"])
        last = new if not matched or self.happens(60) else ""
        returning = self.one(["", "", f" RETURNING merge_action, {brought}"])
        return (
            f"MERGE INTO {table.name} USING {source} ON {condition}"
            f" {matched}{last}{rest}{returning}"
        )

    def inside(self) -> str:
        inner = self.one([self.update, self.insert, self.delete])().partition(" RETURNING ")[0]
        return f"WITH w AS ({inner} RETURNING *) SELECT count(*) AS n FROM w"

    # Definitions

    def create(self) -> str:
        self.count += 1
        free = [name for name in NAMES if name not in self.tables]
        name = self.one(free) if free and self.happens(90) else self.one(NAMES)
        word = self.one(["TABLE", "TABLE", "TABLE", "TABLE IF NOT EXISTS", "OR REPLACE TABLE"])
        if self.tables and name not in self.tables:
            word = "TABLE"
        kinds = [self.one(list(VALUES)) for _ in range(self.one([1, 2, 3]))]
        columns = [self.described(f"c{at}", kind) for at, kind in enumerate(kinds)]
        parents = [
            t for t in self.tables.values() if len(t.key) == 1 and t.columns[t.key[0]] in KEYS
        ]
        if parents and name not in self.tables and self.happens(40):
            parent = self.one(parents)
            kind = parent.columns[parent.key[0]]
            columns.append(f"parent {kind} REFERENCES {parent.name} ({parent.key[0]})")
        key = self.one([("id",), ("id",), ("id", "c0"), ()])
        first = f"{'id' if key else 'x'} {self.one(list(KEYS))}"
        self.place = self.one(PLACES if key else KEYLESS)
        if len(key) == 1:
            first += " PRIMARY KEY"
        elif key:
            columns.append("PRIMARY KEY (id, c0)")
        if self.happens(15) and len(kinds) > 1:
            columns.append("UNIQUE (c0, c1)" if len(key) < 2 else "UNIQUE (c1)")
        return f"CREATE {word} {name} ({', '.join([first, *columns])})"

    def described(self, name: str, kind: str) -> str:
        default = self.one(["", "", f" DEFAULT {self.literal(kind)}"])
        more = self.one(
            ["", "", "", "", " NOT NULL", " UNIQUE", f" CHECK ({name}::VARCHAR <> '41')"]
        )
        return f"{name} {kind}{default}{more}"

    def copy(self) -> str:
        table = self.table()
        free = [name for name in NAMES if name not in self.tables]
        name = self.one(free or list(NAMES))
        self.place = self.one(KEYLESS)
        listed = ", ".join("id AS x" if c == "id" else c for c in table.columns)
        return f"CREATE TABLE {name} AS SELECT {listed} FROM {table.name}"

    def add(self) -> str:
        table = self.table()
        self.count += 1
        name = self.one([f"d{self.count}"] * 4 + [self.one(list(table.columns))])
        kind = self.one(list(VALUES))
        default = self.one(["", f" DEFAULT {self.literal(kind)}"])
        clause = self.one(["", "", " IF NOT EXISTS"])
        return f"ALTER TABLE {table.name} ADD COLUMN{clause} {name} {kind}{default}"

    def drop_column(self) -> str:
        table = self.table()
        name = self.plain(table) if self.happens(80) else self.column(table)
        return f"ALTER TABLE {table.name} DROP COLUMN {self.one(['', 'IF EXISTS '])}{name}"

    def rename(self) -> str:
        table = self.table()
        self.count += 1
        new = self.one([f"n{self.count}"] * 4 + ["id" if "id" in table.columns else "x"])
        return f"ALTER TABLE {table.name} RENAME COLUMN {self.column(table)} TO {new}"

    def rename_table(self) -> str:
        return f"ALTER TABLE {self.table().name} RENAME TO {self.one([*NAMES, 'd'])}"

    def retype(self) -> str:
        table = self.table()
        name, kind = self.plain(table), self.one(list(VALUES))
        using = self.one(["", "", f" USING TRY_CAST({name}::VARCHAR AS {kind})"])
        return f"ALTER TABLE {table.name} ALTER {name} TYPE {kind}{using}"

    def default(self) -> str:
        table = self.table()
        name = self.plain(table)
        value = self.literal(table.columns[name])
        act = self.one([f"SET DEFAULT {value}", "DROP DEFAULT"])
        return f"ALTER TABLE {table.name} ALTER {name} {act}"

    def required(self) -> str:
        table = self.table()
        act = self.one(["SET NOT NULL", "DROP NOT NULL"])
        return f"ALTER TABLE {table.name} ALTER {self.plain(table)} {act}"

    def drop(self) -> str:
        if self.happens(30):
            return f"DROP VIEW {self.one(['', 'IF EXISTS '])}{self.one([*self.views, 'v', 'a'])}"
        return f"DROP TABLE {self.one(['', 'IF EXISTS '])}{self.one([*NAMES, 'nothing'])}"

    def view(self) -> str:
        table = self.table()
        name = self.one(["v", "w", "v", "a"])
        word = self.one(["", "OR REPLACE ", "OR REPLACE "])
        asked = self.one([f"count(*) AS n, max({self.column(table)}) AS top", self.column(table)])
        return f"CREATE {word}VIEW {name} AS SELECT {asked} FROM {table.name}"

    # Transactions, and what is no statement

    def begin(self) -> str:
        return self.one(["BEGIN", "BEGIN TRANSACTION"])

    def turn(self) -> str:
        """A step of a transaction; in none, now and then one that fails."""
        if not self.is_open:
            return self.one(["BEGIN", "BEGIN", "BEGIN", "COMMIT", "ROLLBACK"])
        steps = ["COMMIT", "COMMIT", "ROLLBACK", "SAVEPOINT one", "SAVEPOINT two"]
        return self.one([*steps, "ROLLBACK TO one", "ROLLBACK TO two", "RELEASE one", "BEGIN"])

    def wrong(self) -> str:
        table = self.table()
        name = table.name
        return self.one(
            [
                f"INSRT INTO {name} VALUES (1)",
                f"UPDATE {name} SET",
                f"DELETE FROM {name} WHERE",
                f"UPDATE {name} SET nope = 1",
                f"INSERT INTO {name} (nope) VALUES (1)",
                f"INSERT INTO {name} SELECT * FROM nothing",
                f"DELETE FROM {name} WHERE nope(1)",
                f"UPDATE {name} SET id = id WHERE nothing.id = 1",
                f"INSERT INTO {name} VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9)",
                f"ALTER TABLE {name} ADD COLUMN z NOTYPE",
                f"INSERT INTO {name} ({next(iter(table.columns))}) VALUES ($p1)",
            ]
        )
