"""Runs SQL through DoltLite, in a process of its own: its SQLite takes the place of Python's."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

Question: TypeAlias = tuple[str, Sequence[Any]]
Answer: TypeAlias = tuple[list[str], list[list[Any]]]
"""The names of the columns, and the rows."""


class DoltLite:
    """A process that answers one database at a time."""

    def __init__(self) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=kept,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def begin(self) -> None:
        """Begins with an empty database."""
        self._send(None)

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """Runs statements one after the other and gives what each answers.

        Raises:
            DoltLiteError: One of them fails.
        """
        return [(answer[0], answer[1]) for answer in self._send(list(questions))]

    def _send(self, questions: list[Question] | None) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(questions) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if isinstance(answer, str):
            raise DoltLiteError(answer)
        return answer


class DoltLiteError(Exception):
    """DoltLite refused a statement."""


def serve() -> None:
    """Answers lines of JSON: null begins a database, a list holds statements with parameters."""
    import doltlite  # type: ignore[import-untyped]  # noqa: F401 - before sqlite3, which it replaces

    import sqlite3  # isort: skip

    connection = sqlite3.connect(":memory:", isolation_level=None)
    for line in sys.stdin:
        questions = json.loads(line)
        answers: list[Any] | str = []
        if questions is None:
            connection.close()
            connection = sqlite3.connect(":memory:", isolation_level=None)
        try:
            answers = [answer(connection, *question) for question in questions or ()]
        except sqlite3.Error as error:
            answers = str(error)
        print(json.dumps(answers), flush=True)  # noqa: T201
    connection.close()


def answer(connection: Any, sql: str, parameters: Sequence[Any]) -> Answer:
    """Gives what one statement answers."""
    cursor = connection.execute(sql, parameters)
    return [column[0] for column in cursor.description or []], cursor.fetchall()


if __name__ == "__main__":
    serve()
