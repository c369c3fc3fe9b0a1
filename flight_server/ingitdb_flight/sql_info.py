"""What the server says about itself and its SQL: the codes of GetSqlInfo.

Of each code the protocol fixes the kind of value, and clients cast to it. A list of alternatives is
a number with a bit for each of them. Where the protocol asks for a most, 0 says that none is known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from ingitdb_flight.limits import MOST_SESSIONS, MOST_STATEMENTS
from ingitdb_flight.places import ESCAPE, is_read_only

if TYPE_CHECKING:
    from ingitdb_flight.session import Session

_VALUE = pa.dense_union(
    [
        pa.field("string_value", pa.string(), nullable=False),
        pa.field("bool_value", pa.bool_(), nullable=False),
        pa.field("bigint_value", pa.int64(), nullable=False),
        pa.field("int32_bitmask", pa.int32(), nullable=False),
        pa.field("string_list", pa.list_(pa.string()), nullable=False),
        pa.field(
            "int32_to_int32_list_map",
            pa.map_(pa.int32(), pa.list_(pa.int32())),
            nullable=False,
        ),
    ]
)
SQL_INFO = pa.schema(
    [
        pa.field("info_name", pa.uint32(), nullable=False),
        pa.field("value", _VALUE, nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class _Said:
    """A value, and which of the alternatives of the union it is."""

    kind: int
    value: Any


def _text(value: str | None) -> _Said:
    return _Said(0, value)


def _yes() -> _Said:
    return _Said(1, value=True)


def _no() -> _Said:
    return _Said(1, value=False)


def _most(value: int = 0) -> _Said:
    return _Said(2, value)


def _number(value: int) -> _Said:
    return _Said(3, value)


def _bits(*alternatives: int) -> _Said:
    return _number(sum(1 << each for each in alternatives))


_NUMBERS = (0, 5, 6, 7, 12, 13, 14, 17)
_BIT = (2,)
_TEXTS = (3, 11, 19)
_BYTES = (1, 10, 18)
_DATE, _TIME, _TIMESTAMP = (4,), (15,), (16,)
_INTERVALS = (8, 9)
_ALL = tuple(range(20))
CONVERSIONS: Mapping[int, tuple[int, ...]] = {
    one: tuple(sorted((*others, *_TEXTS)))
    for group, others in (
        ((*_NUMBERS, *_BIT), (*_NUMBERS, *_BIT)),
        (_BYTES, _BYTES),
        (_DATE, (*_DATE, *_TIMESTAMP)),
        (_TIME, _TIME),
        (_TIMESTAMP, (*_DATE, *_TIME, *_TIMESTAMP)),
        (_INTERVALS, _INTERVALS),
    )
    for one in group
} | dict.fromkeys(_TEXTS, _ALL)
"""Which types CAST makes of which; each under the protocol's number for it."""

_FIXED: Mapping[int, _Said] = {
    0: _text("ingitdb"),
    2: _text(pa.__version__),
    4: _yes(),  # SQL
    5: _no(),  # Substrait
    6: _text(None),
    7: _text(None),
    8: _number(2),  # transactions and savepoints
    9: _yes(),  # queries can be cancelled
    500: _no(),  # a catalog is a repository: statements make none
    501: _yes(),
    502: _yes(),
    503: _number(1),  # upper and lower case are one
    504: _text('"'),
    505: _number(1),  # in quotes, too
    506: _yes(),
    507: _number(3),  # NULL stands last, in whichever order
    513: _text(ESCAPE),
    514: _text("$"),
    515: _yes(),
    516: _yes(),
    517: _Said(5, list(CONVERSIONS.items())),
    518: _yes(),
    519: _no(),  # a table may be named like another one's alias
    520: _yes(),
    521: _yes(),
    522: _bits(0, 1),
    523: _yes(),
    524: _yes(),
    525: _bits(0),  # the minimum grammar: there is neither CREATE INDEX nor GRANT
    526: _bits(0),  # the entry level
    527: _yes(),
    # limited and full: the protocol speaks of one number, and clients look for bits
    528: _bits(1, 2),
    529: _text("schema"),
    530: _text("procedure"),
    531: _text("database"),
    532: _yes(),
    533: _bits(),
    534: _bits(),
    535: _bits(),
    536: _no(),
    537: _no(),  # `CALL` is a statement of its own, not JDBC's escape
    538: _bits(0, 1, 2, 3),
    539: _yes(),
    540: _bits(0, 1),
    **{code: _most() for code in range(541, 562) if code != 556},
    549: _most(MOST_SESSIONS),
    556: _yes(),
    558: _most(MOST_STATEMENTS),
    562: _most(3),  # repeatable read: a transaction reads the commit that it began at
    563: _yes(),
    564: _bits(3),
    565: _no(),
    566: _no(),
    567: _bits(1),  # rows come once, in their order
    568: _bits(),
    569: _bits(1),
    570: _bits(),
    571: _bits(),
    572: _yes(),
    573: _yes(),
    574: _no(),
    575: _yes(),
    576: _no(),
}
"""What is the same for every session."""

_Ask: TypeAlias = Callable[["Session"], _Said]


def _words(group: str) -> _Ask:
    def ask(session: "Session") -> _Said:
        return _Said(4, list(getattr(session.main.database.dialect, group)))

    return ask


def _version(session: "Session") -> _Said:
    return _text(f"duckdb {session.main.database.dialect.version}")


def _read_only(session: "Session") -> _Said:
    return _yes() if is_read_only(session.main) else _no()


def _milliseconds(limit: str) -> _Ask:
    def ask(session: "Session") -> _Said:
        return _number(round(min(getattr(session.limits, limit) * 1000, 2**31 - 1)))

    return ask


_ASKED: Mapping[int, _Ask] = {
    1: _version,
    3: _read_only,
    100: _milliseconds("session"),  # statements last as long as the session
    101: _milliseconds("transaction"),
    508: _words("keywords"),
    509: _words("numeric"),
    510: _words("text"),
    511: _words("system"),
    512: _words("moments"),
}
CODES = tuple(sorted((*_FIXED, *_ASKED)))
"""Every code of the protocol."""


def sql_info(command: Any, session: "Session") -> pa.Table:
    """Gives the values of the codes that are asked for, or of all; what is no code has none."""
    wanted = [code for code in command.info if code in _FIXED or code in _ASKED]
    codes = wanted if command.info else list(CODES)
    found = [_FIXED[code] if code in _FIXED else _ASKED[code](session) for code in codes]
    return pa.Table.from_arrays(
        [pa.array(codes, pa.uint32()), _union(found)],
        schema=SQL_INFO,
    )


def _union(values: list[_Said]) -> pa.Array:
    children: list[list[Any]] = [[] for _ in _VALUE]
    offsets = []
    for said in values:
        offsets.append(len(children[said.kind]))
        children[said.kind].append(said.value)
    arrays = [pa.array(held, field.type) for held, field in zip(children, _VALUE, strict=True)]
    made = pa.UnionArray.from_dense(
        pa.array([said.kind for said in values], pa.int8()),
        pa.array(offsets, pa.int32()),
        arrays,
        [field.name for field in _VALUE],
    )
    # from_dense says that values may be NULL, which the schema of the protocol does not
    return pa.Array.from_buffers(_VALUE, len(values), [None, *made.buffers()[1:3]], children=arrays)
