"""The doors between layers: what a layer needs of one that it may not import."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from ingitdb.model.identifiers import BlobId
from ingitdb.model.records import DEFAULT_OPTIONS, Chunk, Chunks, Document, ReadOptions


class BlobSource(Protocol):
    """Reads file contents."""

    def read(self, blob: BlobId) -> bytes:
        """Gives the bytes of one blob.

        Raises:
            KeyError: The blob is not in the repository (partial clone, damage).
        """
        ...

    def read_many(self, blobs: Iterable[BlobId]) -> Iterator[tuple[BlobId, bytes | None]]:
        """Gives many blobs in the cheapest order; None for a missing one."""
        ...


class Format(Protocol):
    """Turns the bytes of a file into a document.

    Attributes:
        name: Lower case, such as `yaml`.
        extensions: Lower case with the dot, such as `.yml`.
    """

    name: str
    extensions: Sequence[str]

    def read(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Reads a whole file.

        Raises:
            FormatFault: The bytes are not this format.
        """
        ...

    def split(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Chunks | None:
        """Cuts a file of many items without reading them; None where that is not safe or useful."""
        ...

    def read_chunk(
        self, chunk: Chunk, chunks: Chunks, options: ReadOptions = DEFAULT_OPTIONS
    ) -> Document:
        """Reads one item of a cut file: a document with that one item or entry."""
        ...


class SqlParser(Protocol):
    """Asks DuckDB's own parser about a text, without running it."""

    def tokenize(self, sql: str) -> list[tuple[int, str]]:
        """Gives (offset in UTF-8 bytes, category) of each token."""
        ...

    def serialize(self, sql: str) -> Mapping[str, Any] | None:
        """Gives the tree of a SELECT; None where DuckDB has no tree for the statement.

        A text that does not parse gives `{"error": True, "error_message": …, "position": …}`.
        """
        ...

    def statement_types(self, sql: str) -> list[str]:
        """Gives the kind of each statement, such as `SELECT`.

        Raises:
            StatementInvalid: The text does not parse.
        """
        ...


class Progress(Protocol):
    """Is told how far long work has come."""

    def advance(self, stage: str, done: int, total: int) -> None:
        """Notes that `done` of `total` steps of a stage are finished."""
        ...
