"""What the definitions of a script for SQL Server leave behind, by the documented rules."""

import re
from dataclasses import dataclass, field

_NAME = r"\[((?:[^\]]|\]\])*)\]"
_PLACE = rf"{_NAME}\.{_NAME}"
_TEXT = r"N'((?:[^']|'')*)'"
_LINE = re.compile(rf"{_NAME} (.+?) (NOT NULL|NULL)(?: DEFAULT \((.*)\))?", re.DOTALL)
_NAMED = re.compile(rf"CONSTRAINT {_NAME} (.*)", re.DOTALL)

Place = tuple[str, str]


@dataclass
class Shape:
    """A table: its columns, and what stands on them by name."""

    columns: dict[str, tuple[str, str]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)

    def free(self, column: str) -> None:
        """Fails if something stands on a column."""
        for name, rule in self.rules.items():
            own = rule.partition("REFERENCES")[0]
            assert f"[{column.replace(']', ']]')}]" not in own, (column, name, rule)


class Schema:
    """The tables of a database that runs scripts; what the documentation forbids fails."""

    def __init__(self) -> None:
        self.tables: dict[Place, Shape] = {}
        self._known = [
            (re.compile(pattern, re.DOTALL), act)
            for pattern, act in (
                (rf"CREATE TABLE {_PLACE} \(\n(.*)\n\)", self._create),
                (rf"DROP TABLE {_PLACE}", self._drop),
                (rf"EXEC sys\.sp_rename {_TEXT}, {_TEXT}, N'(\w+)'", self._rename),
                (rf"ALTER SCHEMA {_NAME} TRANSFER {_PLACE}", self._transfer),
                (rf"ALTER TABLE {_PLACE} (?:WITH CHECK )?ADD CONSTRAINT {_NAME} (.*)", self._rule),
                (rf"ALTER TABLE {_PLACE} DROP CONSTRAINT {_NAME}", self._unrule),
                (rf"ALTER TABLE {_PLACE} DROP COLUMN {_NAME}", self._remove),
                (rf"ALTER TABLE {_PLACE} ALTER COLUMN (.*)", self._alter),
                (rf"ALTER TABLE {_PLACE} ADD DEFAULT \((.*)\) FOR {_NAME}", self._default),
                (rf"ALTER TABLE {_PLACE} ADD (.*)", self._add),
                (rf"CREATE (UNIQUE )?INDEX {_NAME} ON {_PLACE} (.*)", self._index),
                (rf"DROP INDEX {_NAME} ON {_PLACE}", self._unindex),
                (
                    rf"DECLARE @drop .*OBJECT_ID\(N'{_PLACE}'\) AND c\.\[name\] = {_TEXT}\);.*",
                    self._undefault,
                ),
                (r"(?:INSERT INTO|UPDATE|DELETE FROM) .*", lambda: None),
            )
        ]

    def run(self, statement: str) -> None:
        """Runs a statement."""
        for pattern, act in self._known:
            found = pattern.fullmatch(statement)
            if found:
                act(*[(part or "").replace("]]", "]") for part in found.groups()])
                return
        raise AssertionError(statement)

    def _create(self, schema: str, name: str, body: str) -> None:
        assert (schema, name) not in self.tables
        shape = self.tables[schema, name] = Shape()
        for line in body.split(",\n"):
            named = _NAMED.fullmatch(line.strip())
            if named:
                shape.rules[named[1]] = named[2]
            else:
                self._put(shape, line.strip())

    @staticmethod
    def _put(shape: Shape, line: str) -> str:
        found = _LINE.fullmatch(line)
        assert found, line
        name = found[1]
        shape.columns[name] = found[2], found[3]
        if found[4]:
            shape.defaults[name] = found[4]
        return name

    def _drop(self, schema: str, name: str) -> None:
        del self.tables[schema, name]
        place = f"[{schema}].[{name.replace(']', ']]')}]"
        for shape in self.tables.values():
            assert not any(f"REFERENCES {place} " in rule for rule in shape.rules.values())

    def _rename(self, what: str, new: str, kind: str) -> None:
        parts = [part.replace("]]", "]") for part in re.findall(_NAME, what.replace("''", "'"))]
        new = new.replace("''", "'")
        if kind == "OBJECT":
            assert (parts[0], new) not in self.tables
            self.tables[parts[0], new] = self.tables.pop((parts[0], parts[1]))
            return
        shape = self.tables[parts[0], parts[1]]
        shape.free(parts[2])
        assert new not in shape.columns
        shape.columns[new] = shape.columns.pop(parts[2])
        if parts[2] in shape.defaults:
            shape.defaults[new] = shape.defaults.pop(parts[2])

    def _transfer(self, new: str, schema: str, name: str) -> None:
        self.tables[new, name] = self.tables.pop((schema, name))

    def _rule(self, schema: str, name: str, own: str, rule: str) -> None:
        assert all(own not in shape.rules for shape in self.tables.values())
        self.tables[schema, name].rules[own] = rule

    def _unrule(self, schema: str, name: str, own: str) -> None:
        del self.tables[schema, name].rules[own]

    def _remove(self, schema: str, name: str, column: str) -> None:
        shape = self.tables[schema, name]
        shape.free(column)
        assert column not in shape.defaults
        del shape.columns[column]
        assert shape.columns

    def _alter(self, schema: str, name: str, line: str) -> None:
        shape = self.tables[schema, name]
        before = dict(shape.columns)
        column = self._put(shape, line)
        shape.free(column)
        assert before[column][0] == shape.columns[column][0]

    def _default(self, schema: str, name: str, value: str, column: str) -> None:
        shape = self.tables[schema, name]
        assert column in shape.columns
        assert column not in shape.defaults
        shape.defaults[column] = value

    def _undefault(self, schema: str, name: str, column: str) -> None:
        schema, name, column = (part.replace("''", "'") for part in (schema, name, column))
        self.tables[schema, name].defaults.pop(column, None)

    def _add(self, schema: str, name: str, line: str) -> None:
        shape = self.tables[schema, name]
        count = len(shape.columns)
        self._put(shape, line)
        assert len(shape.columns) == count + 1

    def _index(self, unique: str, own: str, schema: str, name: str, rest: str) -> None:
        assert own not in self.tables[schema, name].rules
        self.tables[schema, name].rules[own] = f"{unique}{rest}"

    def _unindex(self, own: str, schema: str, name: str) -> None:
        del self.tables[schema, name].rules[own]
