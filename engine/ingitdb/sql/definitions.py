"""Cuts CREATE, ALTER, DROP and COMMENT into what they say, by position.

What DuckDB understands of a table stays as it was typed, for DuckDB to read; what it does not,
`WITH (…)` and what becomes of references, is read here and left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ingitdb.model.ports import SqlParser
from ingitdb.model.tables import Reaction
from ingitdb.sql.clauses import Span
from ingitdb.sql.definition_tokens import Reader
from ingitdb.sql.texts import Text
from ingitdb.sql.tokens import Tokens

Kind: TypeAlias = Literal["TABLE", "VIEW", "SCHEMA"]
OPTIONS = ("format", "layout", "path", "content")
_TEMPORARY = (("LOCAL", "TEMP"), ("LOCAL", "TEMPORARY"), ("TEMP",), ("TEMPORARY",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A condition on each record, as typed."""

    name: str | None
    text: str
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key; without `references` it is the other table's key that is meant."""

    name: str | None
    columns: tuple[str, ...]
    target: tuple[str, ...]
    references: tuple[str, ...] = ()
    on_delete: Reaction = "restrict"
    on_update: Reaction = "restrict"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable:
    """CREATE TABLE.

    Attributes:
        body: Its columns and constraints as DuckDB takes them; empty for CREATE TABLE AS.
        options: What WITH has, by name in lower case.
        query: Where the query of CREATE TABLE AS stands.
        names: The columns that CREATE TABLE AS names.
        has_data: Whether the query's rows are wanted.
        is_temporary: Whether it is for the session alone.
    """

    path: tuple[str, ...]
    or_replace: bool
    if_not_exists: bool
    body: str = ""
    checks: tuple[Check, ...] = ()
    references: tuple[Reference, ...] = ()
    options: Mapping[str, str]
    query: Span | None = None
    names: tuple[str, ...] = ()
    has_data: bool = True
    is_temporary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateView:
    """CREATE VIEW; `query` is where its query stands."""

    path: tuple[str, ...]
    or_replace: bool
    if_not_exists: bool
    names: tuple[str, ...]
    query: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSchema:
    """CREATE SCHEMA."""

    path: tuple[str, ...]
    if_not_exists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """DROP TABLE, VIEW or SCHEMA."""

    kind: Kind
    paths: tuple[tuple[str, ...], ...]
    if_exists: bool
    cascade: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeColumns:
    """ALTER TABLE of one column, which DuckDB runs as typed.

    Attributes:
        action: What stands behind the table's name.
        column: The column, as the statement names it.
        verb: What is done to the column.
        renamed: Its new name.
        using: Whether a USING expression converts the values.
    """

    action: str
    column: str
    verb: Literal["add", "drop", "rename", "type", "other"]
    renamed: str | None = None
    using: bool = False
    checks: tuple[Check, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """ALTER TABLE or VIEW … RENAME TO."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddConstraint:
    """ALTER TABLE … ADD CONSTRAINT, of one of four kinds."""

    check: Check | None = None
    reference: Reference | None = None
    unique: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DropConstraint:
    """ALTER TABLE … DROP CONSTRAINT."""

    name: str
    if_exists: bool


Action: TypeAlias = ChangeColumns | Rename | AddConstraint | DropConstraint


@dataclass(frozen=True, slots=True, kw_only=True)
class Alter:
    """ALTER TABLE or ALTER VIEW."""

    kind: Kind
    path: tuple[str, ...]
    if_exists: bool
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """COMMENT ON a table, or on a column of it; `text` is None for NULL."""

    path: tuple[str, ...]
    column: str | None
    text: str | None


Definition: TypeAlias = CreateTable | CreateView | CreateSchema | Drop | Alter | Comment


def definition(statement: Text, parser: SqlParser) -> Definition:
    """Reads a statement that defines something.

    Raises:
        StatementInvalid: It is not understood.
        StatementRefused: It asks for what a repository cannot hold.

    Example:
        `DROP TABLE IF EXISTS geo.fares CASCADE` drops the table `('geo', 'fares')`.
    """
    reader = Reader(statement, Tokens(statement.text, parser))
    verbs: dict[str, Callable[[Reader], Definition]] = {
        "CREATE": _create,
        "DROP": _drop,
        "ALTER": _alter,
        "COMMENT": _comment,
    }
    made = verbs[reader.word()](reader)
    reader.end()
    return made


def _create(reader: Reader) -> Definition:
    or_replace = reader.took("OR", "REPLACE")
    is_temporary = _is_temporary(reader)
    reader.took("PERSISTENT")
    kind = reader.word()
    if is_temporary and kind != "TABLE":
        raise reader.refused(
            f"A temporary {kind} is not kept.", "Write the query as WITH name AS (…) instead."
        )
    if_not_exists = reader.took("IF", "NOT", "EXISTS")
    if or_replace and if_not_exists:
        raise reader.wrong("OR REPLACE and IF NOT EXISTS exclude each other.")
    if kind == "SCHEMA":
        if or_replace:
            raise reader.wrong("A schema cannot be replaced.")
        return CreateSchema(path=reader.path(), if_not_exists=if_not_exists)
    path = reader.path()
    if kind == "VIEW":
        names = reader.names() if reader.peek() == "(" else ()
        reader.expect("AS")
        return CreateView(
            path=path,
            or_replace=or_replace,
            if_not_exists=if_not_exists,
            names=names,
            query=reader.rest(),
        )
    made = _create_table(reader, path, or_replace=or_replace, if_not_exists=if_not_exists)
    return replace(made, is_temporary=True) if is_temporary else made


def _is_temporary(reader: Reader) -> bool:
    if reader.peek() in ("GLOBAL", "UNLOGGED"):
        raise reader.refused(
            f"A {reader.peek()} table is not kept in a repository.",
            "CREATE TEMP TABLE makes one for the session.",
        )
    return any(reader.took(*words) for words in _TEMPORARY)


def _create_table(
    reader: Reader, path: tuple[str, ...], *, or_replace: bool, if_not_exists: bool
) -> CreateTable:
    is_query = reader.is_query_behind()
    names = reader.names() if is_query and reader.peek() == "(" else ()
    body = Body() if is_query else _body(reader)
    options = reader.options(OPTIONS) if reader.took("WITH") else {}
    query, has_data = None, True
    if is_query:
        reader.expect("AS")
        query, has_data = reader.query_with_data()
    return CreateTable(
        path=path,
        or_replace=or_replace,
        if_not_exists=if_not_exists,
        body=body.text,
        checks=tuple(body.checks),
        references=tuple(body.references),
        options=options,
        query=query,
        names=names,
        has_data=has_data,
    )


class Body:
    """The columns and constraints of a table, one after another."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.checks: list[Check] = []
        self.references: list[Reference] = []

    @property
    def text(self) -> str:
        """What DuckDB takes of it."""
        return ",\n".join(part for part in self.parts if part)

    def read(self, reader: Reader) -> None:
        """Reads one column or constraint, up to the comma or bracket behind it."""
        start = reader.at
        name: str | None = None
        constraint = self.constraint(reader)
        if constraint is None:
            name = reader.name()
            kept = [reader.slice(start, reader.at)]
            self._column(reader, name, kept)
            self.parts.append(" ".join(filter(None, kept)))
        elif isinstance(constraint, Reference):
            self.references.append(constraint)
        else:
            self.parts.append(reader.slice(start, reader.at))
            if isinstance(constraint, Check):
                self.checks.append(constraint)

    def constraint(
        self, reader: Reader
    ) -> "Check | Reference | tuple[str, tuple[str, ...]] | None":
        """Reads a constraint of the whole table; None where none stands."""
        name = reader.name() if reader.took("CONSTRAINT") else None
        if reader.peek() == "CHECK":
            reader.word()
            return Check(name=name, text=reader.bracket())
        if reader.took("FOREIGN", "KEY"):
            return self._reference(reader, name, reader.names())
        for words in (("UNIQUE",), ("PRIMARY", "KEY")):
            if reader.took(*words):
                return words[0], reader.names()
        if name is not None:
            raise reader.wrong("A constraint is CHECK, UNIQUE, PRIMARY KEY or FOREIGN KEY.")
        return None

    def _column(self, reader: Reader, column: str, kept: list[str]) -> None:
        """Reads what stands behind a column's name; what is kept of it is for DuckDB."""
        start, named = reader.at, None
        while not reader.is_over():
            before = reader.at
            if reader.took("CONSTRAINT"):
                named = reader.name()
                kept.append(reader.slice(start, before))
                start = reader.at
            elif reader.peek() == "REFERENCES":
                kept.append(reader.slice(start, before))
                self.references.append(self._reference(reader, named, (column,)))
                start, named = reader.at, None
            elif reader.took("CHECK"):
                self.checks.append(Check(name=named, text=reader.bracket(), column=column))
                named = None
            elif reader.peek() in ("GENERATED", "COLLATE") or reader.is_generated():
                raise reader.refused(
                    f"{reader.peek()} is not there for columns.",
                    "A view can compute a column; a formula stands in definition.yaml.",
                )
            else:
                reader.skip()
        kept.append(reader.slice(start, reader.at))

    def _reference(self, reader: Reader, name: str | None, columns: tuple[str, ...]) -> Reference:
        reader.expect("REFERENCES")
        target = reader.path()
        references = reader.names() if reader.peek() == "(" else ()
        reactions: dict[str, Reaction] = {}
        while reader.took("ON"):
            event = reader.one_of("DELETE", "UPDATE")
            reactions[event] = reader.reaction()
        return Reference(
            name=name,
            columns=columns,
            target=target,
            references=references,
            on_delete=reactions.get("DELETE", "restrict"),
            on_update=reactions.get("UPDATE", "restrict"),
        )


def _body(reader: Reader) -> Body:
    found = Body()
    reader.expect("(")
    while True:
        found.read(reader)
        if not reader.took(","):
            break
    reader.expect(")")
    return found


def _drop(reader: Reader) -> Drop:
    kind: Kind = reader.one_of("TABLE", "VIEW", "SCHEMA")
    if_exists = reader.took("IF", "EXISTS")
    paths = [reader.path()]
    while reader.took(","):
        paths.append(reader.path())
    cascade = reader.took("CASCADE")
    if not cascade:
        reader.took("RESTRICT")
    return Drop(kind=kind, paths=tuple(paths), if_exists=if_exists, cascade=cascade)


def _alter(reader: Reader) -> Alter:
    kind: Kind = reader.one_of("TABLE", "VIEW", "SCHEMA")
    if kind == "SCHEMA":
        raise reader.refused("A schema has no name of its own: its tables have.", "Rename them.")
    if_exists = reader.took("IF", "EXISTS")
    path = reader.path()
    action: Action
    if reader.took("RENAME", "TO"):
        action = Rename(name=reader.name())
    elif kind == "VIEW":
        raise reader.wrong("A view can be renamed: RENAME TO name.")
    else:
        action = _action(reader)
    return Alter(kind=kind, path=path, if_exists=if_exists, action=action)


def _action(reader: Reader) -> Action:
    start, verb = reader.at, reader.word()
    if verb == "ADD" and reader.peek() in ("CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "FOREIGN"):
        return _add_constraint(reader)
    if verb == "DROP" and reader.took("CONSTRAINT"):
        if_exists = reader.took("IF", "EXISTS")
        found = DropConstraint(name=reader.name(), if_exists=if_exists)
        reader.took("CASCADE") or reader.took("RESTRICT")
        return found
    if verb not in ("ADD", "DROP", "RENAME", "ALTER"):
        raise reader.wrong("ALTER TABLE adds, drops, renames or alters a column or a constraint.")
    reader.took("COLUMN")
    if verb == "ADD":
        return _add_column(reader)
    if verb == "DROP":
        reader.took("IF", "EXISTS")
        column = reader.name()
        reader.took("CASCADE") or reader.took("RESTRICT")
        return ChangeColumns(action=reader.slice(start, reader.at), column=column, verb="drop")
    column = reader.name()
    if verb == "RENAME":
        reader.expect("TO")
        name = reader.name()
        action = reader.slice(start, reader.at)
        return ChangeColumns(action=action, column=column, verb="rename", renamed=name)
    words = reader.words_to_end()
    is_type = words[:1] == ["TYPE"] or words[:3] == ["SET", "DATA", "TYPE"]
    return ChangeColumns(
        action=reader.slice(start, reader.at),
        column=column,
        verb="type" if is_type else "other",
        using="USING" in words,
    )


def _add_column(reader: Reader) -> ChangeColumns:
    lead = "ADD COLUMN IF NOT EXISTS" if reader.took("IF", "NOT", "EXISTS") else "ADD COLUMN"
    column = Body()
    at = reader.at
    name = reader.name()
    reader.at = at
    column.read(reader)
    return ChangeColumns(
        action=f"{lead} {column.text}",
        column=name,
        verb="add",
        checks=tuple(column.checks),
        references=tuple(column.references),
    )


def _add_constraint(reader: Reader) -> AddConstraint:
    found = Body().constraint(reader)
    if isinstance(found, Check):
        return AddConstraint(check=found)
    if isinstance(found, Reference):
        return AddConstraint(reference=found)
    kind, names = found or ("", ())
    return AddConstraint(unique=names) if kind == "UNIQUE" else AddConstraint(primary_key=names)


def _comment(reader: Reader) -> Comment:
    reader.expect("ON")
    kind = reader.one_of("TABLE", "COLUMN", "VIEW")
    if kind == "VIEW":
        raise reader.refused("A view has no comment but those in its file.", "Write it there: -- …")
    path = reader.path()
    column = None
    if kind == "COLUMN":
        if len(path) == 1:
            raise reader.wrong("A column is named with its table: t.c.")
        path, column = path[:-1], path[-1]
    reader.expect("IS")
    return Comment(path=path, column=column, text=reader.text_or_null())
