"""Redis: a hash a record, and sets of keys.

The hash has a field a column; a field of NULL is not there. Values are texts: decimals are their
digits, doubles the shortest text that tells them, booleans `true` and `false`, moments ISO 8601 in
UTC, lists, structures, maps and JSON JSON; a BLOB's bytes are as they are. The set `{table}` holds
the keys of all records, `{table}:by:{column}:{value}` those that have a value in the columns of a
foreign key or index. A record and its sets change in one transaction.

The hash `ingitdb_migrations` says in its field `at` where the store is; each other field is a row.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from ingitdb.migrations.stores.ledger import on_the_way
from ingitdb.migrations.stores.store import Change, Content, ContentFault, Field, Store, check_known
from ingitdb.migrations.stores.values import is_blob, text
from ingitdb.migrations.targets.target import Ends
from ingitdb.model.types import ColumnType, quote_literal

AT = "at"
"""The field of the ledger that says where the store is."""
NOT_OURS = b""
"""What stands for a key that holds no hash."""
_LINE = "\r\n"
_STOP = "return redis.error_reply('ERR the target is at another commit')"
_OPENING = (
    "local at = redis.call('HGET', KEYS[1], 'at') or 'EMPTY' "
    "if at == ARGV[2] then return 'done before' end "
    f"if at ~= ARGV[1] and at ~= ARGV[3] then {_STOP} end "
    "redis.call('HSET', KEYS[1], 'at', ARGV[3]) return 'begun'"
)
_PART = (
    "local at = redis.call('HGET', KEYS[1], 'at') or 'EMPTY' "
    "if at == ARGV[1] then return 'done before' end "
    f"if at ~= ARGV[2] then {_STOP} end "
    "local i = 3 while i <= #ARGV do local n = tonumber(ARGV[i]) "
    "redis.call(unpack(ARGV, i + 1, i + n)) i = i + n + 1 end return 'done'"
)
_NEWEST = (
    "local newest = 0 for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do "
    "local n = tonumber(name) if n and n > newest{more} then newest = n end end "
)
_CLOSING = (
    "local at = redis.call('HGET', KEYS[1], 'at') or 'EMPTY' "
    "if at == ARGV[1] then return 'done before' end "
    f"if at ~= ARGV[2] then {_STOP} end "
)
_APPLIED = (
    _CLOSING
    + _NEWEST.format(more="")
    + "local row = cjson.decode(ARGV[3]) row.version = newest + 1 "
    "local now = redis.call('TIME') row.applied_at = tonumber(now[1]) "
    "redis.call('HSET', KEYS[1], 'at', ARGV[1], newest + 1, cjson.encode(row)) return 'done'"
)
_TAKEN_BACK = (
    _CLOSING
    + _NEWEST.format(more=" and cjson.decode(redis.call('HGET', KEYS[1], name)).state == 'applied'")
    + "if newest > 0 then local row = cjson.decode(redis.call('HGET', KEYS[1], newest)) "
    "row.state = 'undone' redis.call('HSET', KEYS[1], newest, cjson.encode(row)) end "
    "if ARGV[1] == 'EMPTY' then redis.call('HDEL', KEYS[1], 'at') "
    "else redis.call('HSET', KEYS[1], 'at', ARGV[1]) end return 'done'"
)


class Redis(Store):
    """Redis, and what speaks its protocol."""

    name = "redis"
    title = "Redis"
    template = "{table}:{key}"
    has_sets = True

    def content(self, key: str, fields: Sequence[Field]) -> str:
        """Gives DuckDB's SQL for the command that makes a record's hash, as it goes to Redis."""
        given = " + ".join(f"CAST({field.sql} IS NOT NULL AS INTEGER)" for field in fields)
        head = [f"'*' || (2 + 2 * ({given}))", quote_literal(f"{_LINE}$4{_LINE}HSET{_LINE}")]
        parts: list[str] = []
        pending = [*head, _bulk_sql(key)]
        for field in fields:
            name = quote_literal(_bulk(field.name))
            if is_blob(field.kind):
                parts += [
                    f"encode(concat({', '.join(pending)}))",
                    f"coalesce(encode({name} || '$' || octet_length({field.sql})"
                    f" || {quote_literal(_LINE)}) || {field.sql}"
                    f" || encode({quote_literal(_LINE)}), ''::BLOB)",
                ]
                pending = ["''"]
            else:
                pending.append(f"{name} || {_bulk_sql(text(field.sql, field.kind))}")
        return " || ".join([*parts, f"encode(concat({', '.join(pending)}))"])

    def fields(self, content: bytes, kinds: Mapping[str, ColumnType]) -> Content:
        """Gives the columns of a record from the command that makes its hash.

        Raises:
            ContentFault: It is no hash, or no record of the table.
        """
        if content == NOT_OURS:
            raise ContentFault("is no hash")
        _, _, *said = words(content)
        try:
            found = {name.decode(): text for name, text in zip(said[::2], said[1::2], strict=True)}
            check_known(found, kinds)
            return {
                name: value if is_blob(kinds[name]) else value.decode()
                for name, value in found.items()
            }
        except UnicodeDecodeError:
            raise ContentFault("has bytes that are no text") from None

    def commands_sql(self) -> tuple[str, str, str, str]:
        """Gives DuckDB's SQL for the commands of a change, as they go to Redis, and their number.

        And for the set of all keys of its table, if the record's is to come into it, and the key:
        that is one command for many records.

        The SQL reads `key`, `found` (what is there), `value`, `gone` and `come`.
        """
        key = _bulk_sql("key")
        there = f"CASE WHEN found IS NOT NULL THEN {quote_literal('*2' + _LINE + _bulk('DEL'))}"
        before = f"concat({there} || {key} END, {_each('SREM', 'gone')})"
        start = len(self.layout.prefix) + 1
        between = quote_literal(self.layout.between)
        is_of_all = f"NOT contains(substr(name, {start}), {between})"
        others = f"list_filter(come, lambda name: NOT ({is_of_all}))"
        members = f"list_filter(come, lambda name: {is_of_all})[1]"
        after = _each("SADD", others)
        commands = f"encode({before}) || coalesce(value, ''::BLOB) || encode({after})"
        number = (
            "CAST(found IS NOT NULL AS INTEGER) + CAST(value IS NOT NULL AS INTEGER)"
            f" + len(gone) + len({others})"
        )
        return commands, number, members, "key"

    def opening(self, ends: Ends) -> bytes:
        """Gives the command that says that the store is on its way."""
        way = str(on_the_way(ends))
        return self._asked(_OPENING, [ends.before, ends.after, way])

    def part(self, changes: Sequence[Change], ends: Ends) -> bytes:
        """Gives the command that changes some records, unless that was done before."""
        arguments = [ends.after, str(on_the_way(ends))]
        said: list[str | bytes] = [*arguments]
        for change in changes:
            for command in commands(change):
                said += [str(len(command)), *command]
        return self._asked(_PART, said)

    def closing(self, ends: Ends, checksum: str) -> bytes:
        """Gives the command that says that the store is there."""
        known = [ends.after, str(on_the_way(ends))]
        if ends.is_undo:
            return self._asked(_TAKEN_BACK, known)
        row = {"before": ends.before, "commit": ends.after, "checksum": checksum}
        return self._asked(_APPLIED, [*known, json.dumps({**row, "state": "applied"})])

    def _asked(self, script: str, arguments: Sequence[str | bytes]) -> bytes:
        return packed("EVAL", script, "1", self.layout.ledger, *arguments)


def commands(change: Change) -> Iterator[Sequence[str | bytes]]:
    """Gives the commands of a change, whatever is there."""
    yield ["DEL", change.key]
    yield from (["SREM", name, change.key] for name in change.gone)
    if change.value is not None:
        yield list(words(change.value))
    yield from (["SADD", name, change.key] for name in change.come)


def hash_command(key: str, fields: Sequence[tuple[bytes, bytes]]) -> bytes:
    r"""Gives the command that makes a hash; its fields are ordered by their names.

    Example:
        >>> hash_command("t:1", [(b"id", b"1")])
        b'*4\r\n$4\r\nHSET\r\n$3\r\nt:1\r\n$2\r\nid\r\n$1\r\n1\r\n'
    """
    said = [b"*%d\r\n$4\r\nHSET\r\n" % (2 + 2 * len(fields))]
    said += [b"$%d\r\n%b\r\n" % (len(key.encode()), key.encode())]
    said += [
        b"$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(name), name, len(value), value)
        for name, value in sorted(fields)
    ]
    return b"".join(said)


def packed(*said: str | bytes) -> bytes:
    r"""Gives a command as it goes to Redis.

    Example:
        >>> packed("DEL", b"a")
        b'*2\r\n$3\r\nDEL\r\n$1\r\na\r\n'
    """
    data = [word.encode() if isinstance(word, str) else word for word in said]
    return b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in data)


def words(command: bytes) -> Iterator[bytes]:
    r"""Gives the words of a command that is as it goes to Redis.

    Example:
        >>> list(words(b"*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"))
        [b'DEL', b'a']
    """
    at = command.index(b"\n") + 1
    while at < len(command):
        end = command.index(b"\r", at)
        length = int(command[at + 1 : end])
        yield command[end + 2 : end + 2 + length]
        at = end + 2 + length + 2


def _bulk(word: str) -> str:
    return f"${len(word.encode())}{_LINE}{word}{_LINE}"


def _bulk_sql(sql: str) -> str:
    line = quote_literal(_LINE)
    return f"'$' || strlen({sql}) || {line} || {sql} || {line}"


def _each(command: str, sets: str) -> str:
    head = quote_literal(f"*3{_LINE}" + _bulk(command))
    said = f"lambda name: {head} || {_bulk_sql('name')} || {_bulk_sql('key')}"
    return f"array_to_string(list_transform({sets}, {said}), '')"
