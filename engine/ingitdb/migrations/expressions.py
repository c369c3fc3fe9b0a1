"""Defaults and conditions of DuckDB's in the words of other systems, where they mean the same.

A condition is carried only if it is built of what stands in this table. "The same" is said of every
row for which DuckDB has an answer: where it overflows or cannot cast, no row could have been kept.

| | where | what is left out, and why |
|---|---|---|
| AND, OR, NOT, IS NULL, parentheses | all | `IS TRUE`: SQL Server has none |
| = <> < <= > >=, BETWEEN, IN of literals | all, of one kind | a text next to a number is cast |
| integers up to 64 bits, + - * | all | / and % round otherwise; a literal beyond 64 bits |
| wider integers, compared | PostgreSQL | SQLite keeps them as text |
| DECIMAL next to DECIMAL or a literal | all but SQLite, which keeps text | + - *: scales differ |
| DOUBLE, compared | all | arithmetic: NaN, overflow; literals that have no exact binary form |
| VARCHAR: = <> IN | SQLite, PostgreSQL; others if told so | for their collations `a` is `A` |
| VARCHAR: < > BETWEEN | SQLite | an order of letters is the system's own |
| length of VARCHAR | PostgreSQL, MySQL | SQLite stops at NUL; SQL Server forgets blanks |
| LIKE without a backslash | PostgreSQL | SQLite and MySQL do not tell cases apart |
| BOOLEAN: = <> of TRUE, FALSE | all; alone as a condition all but SQL Server | |
| DATE next to DATE or a literal | PostgreSQL | text in SQLite; years before 0001 |

lower and upper, regular expressions, casts, CASE, COALESCE, functions of moments: left out, for the
systems differ in letters, time zones and implicit types. Without columns a default is a literal;
`current_date` and `current_timestamp` are carried to PostgreSQL, where they begin the transaction.

sqlglot, which takes long to load, is imported only when there is something to translate.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ingitdb.migrations.model import fold
from ingitdb.model.types import ColumnType, Scalar

if TYPE_CHECKING:
    from sqlglot import exp

_NO_COLUMNS: Mapping[str, ColumnType] = MappingProxyType({})
_INTEGERS = frozenset(
    ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"]
)
_WIDE = frozenset(["HUGEINT", "UBIGINT", "UHUGEINT"])
_LITERAL = re.compile(r"[+-]?\d+(\.\d+)?|'(?:[^'\\]|'')*'|NULL", re.IGNORECASE)
_WHOLE = re.compile(r"\d+")
_FRACTION = re.compile(r"\d+\.\d*|\.\d+")
_DATE = re.compile(r"[1-9]\d{3}-\d\d-\d\d")
_LONGEST = 4_000
_BIGGEST = 2**63
_EXACT = 2**40
_BINARY_PLACES = 1024
_CONDITION = "condition"
_NULL = "null"
_KINDS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "sqlite": {
        "=": frozenset(["int", "double", "text", "bool"]),
        "<": frozenset(["int", "double", "text"]),
    },
    "postgres": {
        "=": frozenset(["int", "wide", "decimal", "double", "text", "bool", "date"]),
        "<": frozenset(["int", "wide", "decimal", "double", "date"]),
    },
    "mysql": {
        "=": frozenset(["int", "decimal", "double", "bool"]),
        "<": frozenset(["int", "decimal", "double"]),
    },
    "tsql": {
        "=": frozenset(["int", "decimal", "double", "bool"]),
        "<": frozenset(["int", "decimal", "double"]),
    },
}
"""By dialect the kinds of values that are equal, or in the same order, where DuckDB says so."""
_LENGTHS = frozenset(["postgres", "mysql"])


class _Differs(Exception):
    """The other system might mean something else."""


def translated(
    expression: str,
    dialect: str,
    columns: Mapping[str, ColumnType] = _NO_COLUMNS,
    *,
    exact_texts: bool = False,
) -> str | None:
    """Gives a condition in another system's words; None where it might mean something else there.

    Args:
        expression: A condition of DuckDB's on one row.
        dialect: The system: `sqlite`, `postgres`, `mysql` or `tsql`.
        columns: The types of the row's columns at the commit; others are not translated.
        exact_texts: Whether the system's texts are equal only if their bytes are, which SQLite's
            and PostgreSQL's always are.
    """
    tree = _parsed(expression)
    if tree is None:
        return None
    try:
        _Reading(dialect, columns, exact_texts=exact_texts).truth(tree)
        return tree.sql(dialect, identify=True, comments=False)
    except (_Differs, RecursionError):
        return None


def translated_default(expression: str, dialect: str, kind: ColumnType) -> str | None:
    """Gives a default in another system's words; None where it might mean something else there.

    Args:
        expression: A default of DuckDB's.
        dialect: The system, as in `translated`.
        kind: The column's type at the commit.
    """
    if _LITERAL.fullmatch(expression.strip()):
        return expression.strip()
    tree = _parsed(expression)
    if tree is None:
        return None
    tree = tree.unnest()
    text = _moment(tree, kind) if dialect == "postgres" else None
    if text is not None:
        return text
    try:
        found = _Reading(dialect, _NO_COLUMNS, exact_texts=True).kind(tree)
    except _Differs:
        return None
    if found not in (_family(kind), _NULL) and (found, _family(kind)) != ("int", "decimal"):
        return None
    if isinstance(tree, _types().Boolean):
        words = ("0", "1") if dialect == "tsql" else ("FALSE", "TRUE")
        return words[bool(tree.this)]
    if found == "date":
        return f"'{tree.this.name}'"
    return tree.sql(dialect, comments=False)


def names_any(expression: str, columns: Collection[str]) -> bool:
    """Whether a condition might name one of some columns, which are given case-folded."""
    if not columns:
        return False
    tree = _parsed(expression)
    if tree is None:
        return True
    return any(fold(one.name) in columns for one in tree.find_all(_types().Identifier))


def _types() -> Any:
    from sqlglot import exp

    return exp


def _parsed(expression: str) -> "exp.Expr | None":
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError

    if len(expression) > _LONGEST:
        return None
    try:
        return parse_one(expression, dialect="duckdb")
    except (SqlglotError, RecursionError):
        return None


def _moment(tree: "exp.Expr", kind: ColumnType) -> str | None:
    """Gives PostgreSQL's word for the moment at which a row comes."""
    exp = _types()
    if kind == Scalar("DATE") and isinstance(tree, exp.CurrentDate) and not tree.this:
        return "CURRENT_DATE"
    is_now = isinstance(tree, exp.CurrentTimestamp) and not tree.this
    is_now = is_now or (isinstance(tree, exp.Anonymous) and tree.name.lower() == "now")
    is_zoned = kind == Scalar("TIMESTAMP WITH TIME ZONE")
    return "CURRENT_TIMESTAMP" if is_now and is_zoned else None


def _family(kind: ColumnType | None) -> str:
    """Gives the kind of values that a type has, as far as systems have it in common."""
    name = kind.name.upper() if isinstance(kind, Scalar) else ""
    if name in _INTEGERS:
        return "int"
    if name in _WIDE:
        return "wide"
    if name.startswith("DECIMAL"):
        return "decimal"
    return {"DOUBLE": "double", "VARCHAR": "text", "BOOLEAN": "bool", "DATE": "date"}.get(name, "")


class _Reading:
    """Walks a tree and finds out of what kind its value is."""

    def __init__(
        self, dialect: str, columns: Mapping[str, ColumnType], *, exact_texts: bool
    ) -> None:
        exp = _types()
        self._dialect = dialect
        self._columns = {fold(name): (name, kind) for name, kind in columns.items()}
        self._equal = _KINDS[dialect]["="] | (frozenset(["text"]) if exact_texts else frozenset())
        self._ordered = _KINDS[dialect]["<"]
        self._readers: Mapping[type, Any] = {
            exp.Paren: lambda node: self.kind(node.this),
            exp.And: self._connected,
            exp.Or: self._connected,
            exp.Not: self._negated,
            exp.Is: self._is_null,
            exp.EQ: lambda node: self._compared(node.this, node.expression, self._equal),
            exp.NEQ: lambda node: self._compared(node.this, node.expression, self._equal),
            exp.In: self._among,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.Length: self._length,
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Boolean: lambda _: "bool",
            exp.Null: lambda _: _NULL,
            exp.Neg: self._negative,
            exp.Cast: self._date,
        }
        for order in (exp.LT, exp.LTE, exp.GT, exp.GTE):
            self._readers[order] = lambda node: self._compared(
                node.this, node.expression, self._ordered
            )
        for sign in (exp.Add, exp.Sub, exp.Mul):
            self._readers[sign] = self._computed

    def kind(self, node: "exp.Expr") -> str:
        """Gives the kind of a value.

        Raises:
            _Differs: It might be another one elsewhere.
        """
        reader = self._readers.get(type(node))
        if reader is None:
            raise _Differs
        found: str = reader(node)
        return found

    def truth(self, node: "exp.Expr") -> str:
        """Reads what stands where a condition is expected: not every system takes a boolean.

        Raises:
            _Differs: This one does not, or the node is none.
        """
        found = self.kind(node)
        is_bare = isinstance(node.unnest(), _types().Column) and found == "bool"
        if found != _CONDITION and not (is_bare and self._dialect != "tsql"):
            raise _Differs
        return _CONDITION

    def _connected(self, node: "exp.Expr") -> str:
        self.truth(node.this)
        return self.truth(node.args["expression"])

    def _negated(self, node: "exp.Expr") -> str:
        return self.truth(node.this)

    def _is_null(self, node: "exp.Expr") -> str:
        exp = _types()
        inner = node.this.unnest()
        if not isinstance(inner, exp.Column) or not isinstance(node.args["expression"], exp.Null):
            raise _Differs
        self._named(inner)
        return _CONDITION

    def _compared(self, one: "exp.Expr", other: "exp.Expr", known: frozenset[str]) -> str:
        kinds = {self._beside(one, other), self._beside(other, one)}
        if len(kinds) > 1 or not kinds <= known:
            raise _Differs
        return _CONDITION

    def _beside(self, node: "exp.Expr", other: "exp.Expr") -> str:
        """Gives the kind of a value next to another one, whose kind a literal takes."""
        literal = _number(node)
        if literal is None:
            if isinstance(node, _types().Literal) and _is_date(node.name):
                return "date" if self.kind(other) == "date" else "text"
            return self.kind(node)
        wanted = self.kind(other) if _number(other) is None else ""
        is_whole = literal == literal.to_integral_value()
        is_exact = (literal * _BINARY_PLACES) % 1 == 0 and abs(literal) < _EXACT
        fits = {
            "int": _is_plain(node) and abs(literal) < _BIGGEST,
            "wide": _is_plain(node) and is_whole and abs(literal) < _BIGGEST,
            "decimal": True,
            "double": is_exact,
        }
        if not fits.get(wanted):
            raise _Differs
        return wanted

    def _among(self, node: "exp.Expr") -> str:
        values = node.args.get("expressions")
        if not values or node.args.get("query") or node.args.get("field"):
            raise _Differs
        for value in values:
            if not isinstance(value, _types().Literal) and _number(value) is None:
                raise _Differs
            self._compared(node.this, value, self._equal)
        return _CONDITION

    def _between(self, node: "exp.Expr") -> str:
        if node.args.get("symmetric"):
            raise _Differs
        for bound in (node.args["low"], node.args["high"]):
            self._compared(node.this, bound, self._ordered)
        return _CONDITION

    def _like(self, node: "exp.Expr") -> str:
        pattern = node.args["expression"]
        is_text = isinstance(pattern, _types().Literal) and pattern.is_string
        if self._dialect != "postgres" or not is_text or "\\" in pattern.name:
            raise _Differs
        return self._compared(node.this, pattern, self._equal)

    def _length(self, node: "exp.Expr") -> str:
        if self._dialect not in _LENGTHS or self.kind(node.this) != "text":
            raise _Differs
        return "int"

    def _computed(self, node: "exp.Expr") -> str:
        """Reads + - * of integers of which one is a column's: literals alone have other widths."""
        one, other = node.this, node.args["expression"]
        if {self._beside(one, other), self._beside(other, one)} != {"int"}:
            raise _Differs
        return "int"

    def _negative(self, node: "exp.Expr") -> str:
        if _number(node) is None:
            raise _Differs
        return self.kind(node.this)

    def _named(self, node: "exp.Expr") -> ColumnType:
        """Finds a column, and spells it as the table does."""
        exp = _types()
        found = self._columns.get(fold(node.name))
        if found is None or node.args.get("table") or not isinstance(node.this, exp.Identifier):
            raise _Differs
        node.set("this", exp.to_identifier(found[0], quoted=True))
        return found[1]

    def _column(self, node: "exp.Expr") -> str:
        return _family(self._named(node))

    def _literal(self, node: "exp.Expr") -> str:
        text = node.name
        if node.args["is_string"]:
            is_plain = "\\" not in text and (text.isascii() or self._dialect != "tsql")
            if not text.isprintable() or not is_plain:
                raise _Differs
            return "text"
        if _WHOLE.fullmatch(text) and int(text) < _BIGGEST:
            return "int"
        if _FRACTION.fullmatch(text):
            return "decimal"
        raise _Differs

    def _date(self, node: "exp.Expr") -> str:
        exp = _types()
        text, kind = node.this, node.args["to"]
        is_date = isinstance(kind, exp.DataType) and kind.this == exp.DType.DATE
        if not is_date or not isinstance(text, exp.Literal) or not _is_date(text.name):
            raise _Differs
        return "date"


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _number(node: "exp.Expr") -> Decimal | None:
    """Gives the number that a literal says, with its sign; None where it is no number."""
    exp = _types()
    if isinstance(node, exp.Paren):
        return _number(node.this)
    if isinstance(node, exp.Neg):
        inner = _number(node.this)
        return -inner if inner is not None and not isinstance(node.this, exp.Neg) else None
    if not isinstance(node, exp.Literal) or node.args["is_string"]:
        return None
    known = _WHOLE.fullmatch(node.name) or _FRACTION.fullmatch(node.name)
    return Decimal(node.name) if known else None


def _is_plain(node: "exp.Expr") -> bool:
    """Whether a number is written without a point."""
    return all(_WHOLE.fullmatch(one.name) for one in node.find_all(_types().Literal))
