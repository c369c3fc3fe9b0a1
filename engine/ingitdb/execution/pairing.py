"""Pairs the records of two commits, or of every two neighbours of a line, old and new."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingitdb.execution.comparable import comparable
from ingitdb.execution.identity import AT, Identity
from ingitdb.model.shapes import Place, is_mixed
from ingitdb.model.tables import former_name
from ingitdb.model.types import (
    ColumnType,
    Scalar,
    quote_identifier,
    quote_literal,
)
from ingitdb.snapshots.internal import BEGUN, DIGEST, ENDED, ORDER, OUTER, kinds_of
from ingitdb.snapshots.relation import Column, Relation

_KEY = quote_identifier("\u0001key")
_NTH = quote_identifier("\u0001nth")
_AGAIN = quote_identifier("\u0001again")
_CONTENT = quote_identifier("\u0001content")
_EQUALS = quote_identifier("\u0001equals")
PATH = quote_identifier("\u0001path")
"""The file of a record."""
_PLACE = f", coalesce(b._path, a._path) AS {PATH}, coalesce(b.{ORDER}, a.{ORDER}) AS {ORDER}"


@dataclass(frozen=True, slots=True)
class Fields:
    """The columns of one side, and what stands in each."""

    columns: Sequence[Column]
    natural: Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class Pair:
    """A column of one side and what it is at the other; None where it is not there."""

    old: Column | None
    new: Column | None
    is_mixed: bool = False

    @property
    def name(self) -> str:
        """What it is called, in the newer table where it is there."""
        column = self.new or self.old
        return column.name if column is not None else ""


def pair_columns(old: Fields, new: Fields) -> Iterator[Pair]:
    """Pairs columns by their names, or those that either side declares them to have had."""
    left = {column.name.casefold(): column for column in old.columns}
    later = {former: name for name, column in left.items() if (former := _former(column))}
    for column in new.columns:
        name, former = column.name.casefold(), _former(column)
        same = left.get(name)
        names = [former, later.get(name), name]
        if same is not None and _former(same) == former:
            names = [name]
        before = next((left.pop(known) for known in names if known in left), None)
        yield Pair(before, column, before is not None and _is_mixed(before, column, old, new))
    for column in left.values():
        yield Pair(column, None)


def same_columns(fields: Fields) -> list[Pair]:
    """Pairs each column with itself."""
    return [Pair(c, c, _is_mixed(c, c, fields, fields)) for c in fields.columns]


def _hashable(sql: str, *types: ColumnType) -> str:
    """Gives SQL for a value whose hash tells a structure of nothing from none."""
    is_plain = any(isinstance(kind, Scalar) for kind in types)
    return sql if is_plain else f"CAST(to_json({sql}) AS VARCHAR)"


def _in_order(same: str) -> str:
    """Gives a window that counts what is the same in the order of the files."""
    return f"(PARTITION BY {AT}, {same} ORDER BY _path, {ORDER})"


def of_side(prefix: str, columns: Sequence[Column]) -> str:
    """Gives SQL for the columns of one side of a result under their own names."""
    return ", ".join(
        f"{named(prefix, column)} AS {quote_identifier(column.name)}" for column in columns
    )


def content_of(fields: Fields) -> str:
    """Gives SQL for what states have equal whose contents are."""
    parts = []
    for pair in same_columns(fields):
        if pair.new is not None and pair.name != "_key":
            parts.append(_hashable(quote_identifier(pair.name), pair.new.type))
            parts += [kinds_of(pair.name)] * pair.is_mixed
    return f"hash({', '.join(parts) or '0'})"


def _former(column: Column) -> str | None:
    """Gives the old name of a column whose declaration names one."""
    name = former_name(column.declared.rules) if column.declared is not None else None
    return name.casefold() if name is not None else None


def _is_mixed(before: Column, after: Column, old: Fields, new: Fields) -> bool:
    if not old.natural or not new.natural:
        return False
    place = Place()
    for column, fields in ((before, old), (after, new)):
        place.include(fields.natural.get(column.name, Place()))
    return is_mixed(place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Records of two sides that may be the same ones.

    Attributes:
        bodies: SQL for the old and the new ones: their columns, `_key`, `_path`, `ORDER`, `DIGEST`,
            `AT`, and `kinds_of` the columns of mixed pairs.
        fields: The columns of the old and the new ones.
        pairs: Which column of the old ones is which of the new ones.
        identity: What tells records apart.
        is_unique: Whether no key is borne by two records of one side and `AT`.
    """

    bodies: tuple[str, str]
    fields: tuple[Fields, Fields]
    pairs: Sequence[Pair]
    identity: Identity
    is_unique: bool = False

    def repeated(self) -> str:
        """Gives SQL that tells whether some key is borne by two records of one side and `AT`."""
        keys = (self.identity.old, self.identity.new)
        sides = (
            f"SELECT 1 FROM (SELECT {key} AS key, {AT} FROM ({body})) WHERE key IS NOT NULL"
            f" GROUP BY key, {AT} HAVING count(*) > 1"
            for key, body in zip(keys, self.bodies, strict=True)
        )
        return f"SELECT EXISTS ({' UNION ALL '.join(sides)})"

    def moved(self) -> str:
        """Gives SQL that tells whether some record got another key without changing its content."""
        return f"WITH {', '.join([*self._keyed('0'), *self._moves()])} SELECT EXISTS (FROM m)"

    def unchanged(self) -> str:
        """Gives SQL that tells whether a record is there on both sides and does not differ."""
        same = "diff_type = 'modified' AND len(changed_columns) = 0"
        return f"{self._records()} SELECT EXISTS (FROM ({self._joined()}) WHERE {same})"

    def sql(self) -> str:
        """Gives SQL for those that differ, with the columns of `both`."""
        differing = "diff_type <> 'modified' OR len(changed_columns) > 0"
        return f"{self._records()} SELECT * FROM ({self._joined()}) WHERE {differing}"

    def ordered(self, shown: str = f"* EXCLUDE ({PATH}, {ORDER})") -> str:
        """Gives SQL for the same in the order of the files, by where a record lies now.

        Args:
            shown: What to select.
        """
        differing = "diff_type <> 'modified' OR len(changed_columns) > 0"
        return (
            f"{self._records()} SELECT {shown}"
            f" FROM ({self._joined(_PLACE)}) WHERE {differing} ORDER BY {PATH}, {ORDER}, diff_type"
        )

    def both(self) -> str:
        """Gives SQL for all records of both sides, those that are one in one row.

        Its columns are `from_…` and `to_…` each column, `diff_type`, `changed_columns` and `AT`,
        and where the record lies now, as `PATH` and `ORDER`.
        """
        return f"{self._records(keeps_equals=True)} {self._joined(_PLACE)}"

    def _joined(self, further: str = "") -> str:
        columns = [
            f"{'ab'[at]}.{quote_identifier(column.name)} AS {named(prefix, column)}"
            for at, prefix in enumerate(("from", "to"))
            for column in self.fields[at].columns
        ]
        changed = ", ".join(
            f"CASE WHEN {self._differs(pair)} THEN {quote_literal(pair.name)} END"
            for pair in self.pairs
        )
        both = f"a.{_NTH} IS NOT NULL AND b.{_NTH} IS NOT NULL"
        columns += [
            f"CASE WHEN {both} THEN 'modified' WHEN a.{_NTH} IS NULL THEN 'added' ELSE 'removed'"
            " END AS diff_type",
            f"CASE WHEN {both} THEN list_filter(CAST([{changed}] AS VARCHAR[]),"
            " lambda x: x IS NOT NULL) END AS changed_columns",
            f"coalesce(a.{AT}, b.{AT}) AS {AT}",
        ]
        return (
            f"SELECT {', '.join(columns)}{further} FROM a FULL JOIN b"
            f" ON a.{_KEY} = b.{_KEY} AND a.{_NTH} = b.{_NTH} AND a.{AT} = b.{AT}"
        )

    def _records(self, *, keeps_equals: bool = False) -> str:
        """Gives the records of both sides that may differ, with what tells them apart."""
        if self.identity.content_first:
            return self._with_equals() if keeps_equals else self._less_equals()
        return self._with_moves() if self.identity.can_move else f"WITH {', '.join(self._keyed())}"

    def _keyed(self, suffix: str = "", partition: str | None = None) -> Iterator[str]:
        """Gives both sides with their keys, the records of one key in the order of the files."""
        keys = (self.identity.old, self.identity.new)
        for letter, body, key in zip("ab", self.bodies, keys, strict=True):
            nth = f"row_number() OVER {_in_order(partition or key)}"
            if self.is_unique and partition is None:
                nth = "1"
            yield f"{letter}{suffix} AS (SELECT *, {key} AS {_KEY}, {nth} AS {_NTH} FROM ({body}))"

    def _contents(self, alias: str) -> tuple[str, str]:
        """Gives SQL for what two records have equal whose contents are, whatever their keys."""
        parts: tuple[list[str], list[str]] = ([], [])
        for pair in self.pairs:
            if pair.name == "_key" or (pair.name == "_index" and self.identity.is_grouped):
                continue
            if pair.old is None or pair.new is None:
                column, at = (pair.new, 1) if pair.new is not None else (pair.old, 0)
                if column is not None:
                    name = f"{alias}.{quote_identifier(column.name)}"
                    parts[at].append(_hashable(name, column.type))
                    parts[1 - at].append(_hashable(f"CAST(NULL AS {column.type.sql})", column.type))
                continue
            both = (pair.old, pair.new)
            found = comparable(both, self._places(both), (alias, alias), is_mixed=pair.is_mixed)
            for part, column, sql in zip(parts, both, found, strict=True):
                kinds = [f"{alias}.{kinds_of(column.name)}"] * pair.is_mixed
                part += [_hashable(sql, pair.old.type, pair.new.type), *kinds]
        old, new = (f"hash({', '.join(part) or '0'})" for part in parts)
        return old, new

    def _less_equals(self) -> str:
        """Leaves out records that the other side has with the same content, as often as it has.

        First those that were read from the same, whatever types they are shown in; then those
        that are shown the same: other places of fields, or null in place of nothing, are no other
        content.
        """
        alike = ", _key" * self.identity.is_grouped
        counted = (
            f"{one}1 AS (SELECT {OUTER}.*, {content} AS {_CONTENT},"
            f" row_number() OVER {_in_order(f'{content}{alike}')} AS {_AGAIN}"
            f" FROM {one}0 {OUTER} WHERE NOT EXISTS"
            f" (FROM {other}0 y WHERE {self._is_equal(DIGEST, _NTH)}))"
            for one, other, content in zip("ab", "ba", self._contents(OUTER), strict=True)
        )
        left = (
            f"{one} AS (SELECT * REPLACE (1 AS {_NTH}) FROM {one}1 {OUTER} WHERE NOT EXISTS"
            f" (FROM {other}1 y WHERE {self._is_equal(_CONTENT, _AGAIN)}))"
            for one, other in ("ab", "ba")
        )
        return f"WITH {', '.join([*self._by_content(), *counted, *left])}"

    def _with_equals(self) -> str:
        """Gives records that the other side has with the same content that as their key."""
        content = f"'=' || CAST({OUTER}.{DIGEST} AS VARCHAR)"
        if self.identity.is_grouped:
            content = f"CAST(to_json([{content}, {OUTER}._key]) AS VARCHAR)"
        found = (
            f"{one} AS (SELECT {OUTER}.* REPLACE (CASE WHEN y.{_NTH} IS NULL THEN {OUTER}.{_KEY}"
            f" ELSE {content} END AS {_KEY}, coalesce(y.{_NTH}, 1) AS {_NTH})"
            f" FROM {one}0 {OUTER} LEFT JOIN {other}0 y ON {self._is_equal(DIGEST, _NTH)})"
            for one, other in ("ab", "ba")
        )
        return f"WITH {', '.join([*self._by_content(), *found])}"

    def _by_content(self) -> Iterator[str]:
        """Gives both sides with their keys, the records of one content counted."""
        return self._keyed("0", f"_key, {DIGEST}" if self.identity.is_grouped else DIGEST)

    def _is_equal(self, content: str, nth: str) -> str:
        same = (
            f"{OUTER}.{content} = y.{content} AND {OUTER}.{nth} = y.{nth} AND {OUTER}.{AT} = y.{AT}"
        )
        if self.identity.is_grouped:
            same += f" AND {OUTER}._key IS NOT DISTINCT FROM y._key"
        return same

    def _moves(self) -> Iterator[str]:
        """Gives the keys of records whose content was there under a key that is gone."""
        yield from (
            f"{one}1 AS (SELECT {_KEY}, {_NTH}, {DIGEST}, {AT},"
            f" count(*) OVER (PARTITION BY {AT}, {DIGEST}) AS {_EQUALS} FROM {one}0 {OUTER}"
            f" WHERE NOT EXISTS (FROM {other}0 y WHERE {OUTER}.{_KEY} = y.{_KEY}"
            f" AND {OUTER}.{_NTH} = y.{_NTH} AND {OUTER}.{AT} = y.{AT}))"
            for one, other in ("ab", "ba")
        )
        yield (
            f"m AS (SELECT y.{_KEY}, y.{_NTH}, y.{AT}, {OUTER}.{_KEY} AS was, {OUTER}.{_NTH} AS nth"
            f" FROM a1 {OUTER} JOIN b1 y ON {OUTER}.{DIGEST} = y.{DIGEST} AND {OUTER}.{AT} = y.{AT}"
            f" WHERE {OUTER}.{_EQUALS} = 1 AND y.{_EQUALS} = 1)"
        )

    def _with_moves(self) -> str:
        """Gives a record whose key went, while its content came under another, its old key."""
        both = (
            "a AS (FROM a0)",
            f"b AS (SELECT b0.* REPLACE (coalesce(m.was, b0.{_KEY}) AS {_KEY},"
            f" coalesce(m.nth, b0.{_NTH}) AS {_NTH}) FROM b0 LEFT JOIN m"
            f" ON m.{_KEY} = b0.{_KEY} AND m.{_NTH} = b0.{_NTH} AND m.{AT} = b0.{AT})",
        )
        return f"WITH {', '.join([*self._keyed('0'), *self._moves(), *both])}"

    def _differs(self, pair: Pair) -> str:
        if pair.old is None or pair.new is None:
            if pair.name == "_key":  # the key moved into the fields or out of them
                return "false"
            side = "b" if pair.old is None else "a"
            return f"{side}.{quote_identifier(pair.name)} IS NOT NULL"
        if pair.name == "_index" and self.identity.is_grouped:
            return "false"  # a place in the file, no content
        same = f"a.{DIGEST} = b.{DIGEST}"
        both = (pair.old, pair.new)
        old, new = comparable(both, self._places(both), ("a", "b"), is_mixed=pair.is_mixed)
        differs = f"{old} IS DISTINCT FROM {new}"
        if pair.is_mixed:
            kinds = (f"a.{kinds_of(pair.old.name)}", f"b.{kinds_of(pair.new.name)}")
            differs += f" OR {kinds[0]} IS DISTINCT FROM {kinds[1]}"
        return differs if pair.name == "_key" else f"NOT {same} AND ({differs})"

    def _places(self, both: tuple[Column, Column]) -> tuple[Place, Place]:
        """Gives what stands in a column of either side."""
        old, new = (
            fields.natural.get(column.name, Place())
            for fields, column in zip(self.fields, both, strict=True)
        )
        return old, new


def along(states: Relation, identity: Identity, last: int, where: str = "true") -> Pairing:
    """Pairs the states of a line that end at a commit with those that begin there.

    Args:
        states: The states, with `BEGUN` and `ENDED`.
        identity: What tells records apart.
        last: The ordinal of the last commit.
        where: SQL that holds for the states of interest; it may name `AT`.
    """
    fields = Fields(states.columns, states.natural)
    ended = f"SELECT *, {ENDED} AS {AT} FROM ({states.body}) WHERE {ENDED} <= {last}"
    begun = f"SELECT *, {BEGUN} AS {AT} FROM ({states.body})"
    return Pairing(
        bodies=(f"SELECT * FROM ({ended}) WHERE {where}", f"SELECT * FROM ({begun}) WHERE {where}"),
        fields=(fields, fields),
        pairs=same_columns(fields),
        identity=identity,
    )


def named(prefix: str, column: Column) -> str:
    """Names a column of one side in the result."""
    return quote_identifier(f"{prefix}_{column.name}")
