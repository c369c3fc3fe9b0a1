"""What formats share whose files are read only as a whole."""

from ingitdb.model.records import DEFAULT_OPTIONS, Chunk, Chunks, Document, ReadOptions


class Whole:
    """A format whose files are never cut."""

    def read(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Reads a whole file."""
        raise NotImplementedError

    def split(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Chunks | None:
        """Gives None: there is nothing to gain from a cut."""
        del data, options
        return None

    def read_chunk(
        self, chunk: Chunk, chunks: Chunks, options: ReadOptions = DEFAULT_OPTIONS
    ) -> Document:
        """Reads what one chunk holds as if it were a file."""
        del chunks
        return self.read(chunk.data, options)
