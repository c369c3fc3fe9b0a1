"""Clients that are killed or send nonsense, and what can be seen of the server meanwhile."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingitdb_flight import messages

KILOBYTES = "SELECT i, repeat('x', 992) AS text FROM range({rows}) r (i)"
"""A query of rows of a thousand bytes each."""
LONG = "SELECT count(*) FROM range(900_000) a (i), range(900_000) b (i) WHERE hash(a.i) > hash(b.i)"
QUERIES = [
    "SELECT 1", "SELECT * FROM fares", "SELECT ?", "SELECT $a + ?", "SELECT 1; SELECT 2", "", ";",
    "UPDATE ports SET berths = 2", "INSERT INTO fares VALUES (?, ?, ?, ?)", "DROP TABLE fares",
    "CREATE TABLE notes (a INTEGER)", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a",
    "SET ref = 'nowhere'", "SET schema = x", "USE ferries", "(((((", "SELECT " + "(" * 3000,
    "SELECT * FROM ports AS OF ?", "CALL commit('x')", "SHOW TABLES", "EXPLAIN SELECT 1",
    "DELETE FROM fares RETURNING *", "SELECT 'x", "\0", "VALUES (?, ?)",
]  # fmt: skip
TEXTS = ["", "main", "fares", "ferries", "%", "_", "TABLE", "\0", "\n", '"', "'", "../x", "{", "ø"]
UPLOADS = [
    pa.table({}),
    pa.table({"0": [1, 2]}),
    pa.table({"route": ["R9"], "class": [None], "port": ["nowhere"]}),
    pa.table([pa.array([1]), pa.array([2])], names=["x", "X"]),
    pa.table({"": [1]}),
    pa.table({"0": pa.array([], pa.int64())}),
    pa.table({"0": [b"\xff"], "1": [[{"a": None}]]}),
]
OF_CALL = {
    "info": r"Command(?!.*(Update|Ingest)$).*",
    "schema": r"Command.*",
    "get": r"CommandGet.*|TicketStatementQuery",
    "put": r"Command(Statement|Prepared).*",
}
"""Which messages a call may be about; others are sent as well, less often."""
_CLIENT = """\
import sys
import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa
options = {"username": "desk", "password": "any"}
connection = flight_sql.connect(sys.argv[1], db_kwargs=options, autocommit=%s)
cursor = connection.cursor()
def wait():
    print("there", flush=True)
    sys.stdin.read()
"""


def eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Waits for a condition, for some time."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


@contextmanager
def client(uri: str, text: str, *, autocommit: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a client of ADBC in a process of its own, up to where its text says `wait()`."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{_CLIENT % autocommit}{text}", uri],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"there\n"
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def kilobytes_of(pid: int | str, name: str) -> int:
    """Reads a number of kilobytes from the status of a process."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(status.split(f"{name}:")[1].split()[0])


def cpu_seconds(pid: int) -> float:
    """Gives the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_at_rest(pid: int, seconds: float = 0.5) -> bool:
    """Tells whether a process uses next to nothing of a processor for some time."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return cpu_seconds(pid) - before < seconds / 5


def held() -> tuple[int, int]:
    """Counts open files of this process, but for packs of git, and its threads."""
    files = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            files.append(str(entry.readlink()))
    threads = len(list(Path("/proc/self/task").iterdir()))
    return len([name for name in files if "/objects/pack/" not in name]), threads


class Nonsense:
    """Makes bytes that look like messages, from valid ones.

    Args:
        seed: The same one makes the same bytes.
        texts: Values for fields of text and bytes, besides random ones.
        fitting: Values for such fields by their names.
    """

    def __init__(self, seed: int, texts: list[bytes], fitting: dict[str, list[bytes]]) -> None:
        self.random = random.Random(seed)
        self._texts = texts
        self._fitting = fitting

    def wrapped(self, names: list[str]) -> bytes:
        """Gives a message of Flight SQL: spoilt, or with fields of whatever they take."""
        made = messages.make(self.random.choice(names))
        self._fill(made)
        data = messages.wrap(made)
        return data if self.random.random() < 0.5 else self.spoilt(data)

    def plain(self, name: str) -> bytes:
        """Gives a message of Flight itself, in the same way."""
        made = messages.make(name)
        self._fill(made)
        data = made.SerializeToString()
        return data if self.random.random() < 0.5 else self.spoilt(data)

    def spoilt(self, data: bytes) -> bytes:
        """Cuts off the end, changes some bytes, or gives others altogether."""
        kind = self.random.randrange(3)
        if kind == 0:
            return self.random.randbytes(self.random.randrange(200))
        if kind == 1:
            return data[: self.random.randrange(len(data) + 1)]
        changed = bytearray(data)
        for _ in range(self.random.randrange(1, 5) if data else 0):
            changed[self.random.randrange(len(changed))] = self.random.randrange(256)
        return bytes(changed)

    def _fill(self, made: Any) -> None:
        for field in made.DESCRIPTOR.fields:
            if self.random.random() < 0.2:
                continue
            if field.message_type is not None:
                self._fill_inner(made, field)
            elif field.is_repeated:
                getattr(made, field.name).extend(self._value(field) for _ in range(3))
            else:
                setattr(made, field.name, self._value(field))

    def _fill_inner(self, made: Any, field: Any) -> None:
        inner = getattr(made, field.name)
        if not field.message_type.GetOptions().map_entry:
            self._fill(inner)
            return
        key = self._bytes(field.name).decode("utf-8", "replace")
        if field.message_type.fields_by_name["value"].message_type is None:
            inner[key] = "x"
        else:
            self._fill(inner[key])

    def _value(self, field: Any) -> Any:
        if field.type == field.TYPE_STRING:
            return self._bytes(field.name).decode("utf-8", "replace")
        if field.type == field.TYPE_BYTES:
            return self._bytes(field.name)
        if field.type == field.TYPE_BOOL:
            return self.random.random() < 0.5
        if field.type == field.TYPE_DOUBLE:
            return self.random.choice([0.0, -1e308, float("nan"), float("inf")])
        return self.random.choice([0, 1, 2, 3, 500, 2**31 - 1])

    def _bytes(self, name: str) -> bytes:
        chance = self.random.random()
        if name in self._fitting and chance < 0.7:
            return self.random.choice(self._fitting[name])
        if chance > 0.9:
            return self.random.randbytes(self.random.randrange(40))
        data = self.random.choice(self._texts)
        return data if self.random.random() < 0.7 else self.spoilt(data)
