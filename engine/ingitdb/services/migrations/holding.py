"""What holds rows in DuckDB until it is closed."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self


class Holding:
    """A context manager that lets go of what it holds."""

    def __init__(self) -> None:
        self._closing = ExitStack()

    def close(self) -> None:
        """Lets go of what is held."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
