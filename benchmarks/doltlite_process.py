"""DoltLite in a process of its own, for its library takes the place of SQLite's.

Requests and answers are lines of JSON; the process times what it runs.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Row = tuple[Any, ...]


class TooSlow(Exception):
    """DoltLite did not answer in time; it has been stopped."""


class DoltLite:
    """A database file of DoltLite, opened; a context manager.

    Attributes:
        seconds: How long each statement ran, its rows fetched.
    """

    def __init__(self, file: Path) -> None:
        self.seconds: list[float] = []
        self._file = file
        self._start()

    def rows(self, sql: str, values: Sequence[Any] = (), limit: float | None = None) -> list[Row]:
        """Gives the rows of a statement.

        Raises:
            TooSlow: It ran for more than so many seconds.
        """
        answer = self._ask({"sql": sql, "values": list(values)}, limit)
        return [tuple(row) for row in answer["rows"]]

    def time(self, sql: str, limit: float | None = None) -> int:
        """Runs a statement, fetches its rows over there and gives their number.

        Raises:
            TooSlow: It ran for more than so many seconds.
        """
        return int(self._ask({"sql": sql, "values": [], "count": True}, limit)["rows"])

    def many(self, sql: str, values: Sequence[Row]) -> None:
        """Runs a statement once for each of many rows."""
        self._ask({"sql": sql, "values": values, "many": True}, None)

    def close(self) -> None:
        """Ends the process."""
        if self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()

    def _start(self) -> None:
        command = [sys.executable, "-m", "benchmarks.doltlite_process", str(self._file)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            text=True,
        )

    def _ask(self, request: dict[str, Any], limit: float | None) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise BrokenPipeError
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        watch = threading.Timer(limit or 0, self._process.kill)
        if limit is not None:
            watch.start()
        line = stdout.readline()
        watch.cancel()
        if not line:
            self.close()
            self._start()
            raise TooSlow(request["sql"])
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        self.seconds.append(answer["seconds"])
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _serve(file: str) -> None:
    """Answers what stands on stdin until it ends."""
    import doltlite  # before sqlite3, whose library it replaces

    import sqlite3  # isort: skip

    doltlite.bootstrap()
    connection = sqlite3.connect(file, isolation_level=None)
    for line in sys.stdin:
        request = json.loads(line)
        begun = time.perf_counter()
        try:
            run = connection.executemany if request.get("many") else connection.execute
            rows = run(request["sql"], request["values"]).fetchall()
            answer: dict[str, Any] = {"seconds": time.perf_counter() - begun}
            answer["rows"] = len(rows) if request.get("count") else rows
        except sqlite3.Error as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(sys.argv[1])
