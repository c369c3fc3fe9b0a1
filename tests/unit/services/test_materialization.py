"""Files of tables: what is written depends on the values alone."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from ingitdb.services.materialization import _write_arrow

ROWS = 10


def numbers(below_nulls: bytes) -> Any:
    """Gives numbers of which every other one is null, with something in its place."""
    valid = pa.py_buffer(bytes([0b01010101, 0b11111101]))
    data = b"".join(i.to_bytes(8, "little") if i % 2 == 0 else below_nulls for i in range(ROWS))
    return pa.Array.from_buffers(pa.int64(), ROWS, [valid, pa.py_buffer(data)])


def written(path: Path, column: Any) -> bytes:
    """Gives the bytes of a file with the column, alone and inside lists and structs."""
    inside = pa.ListArray.from_arrays(pa.array([*range(ROWS), ROWS]), column)
    batch = pa.record_batch(
        [column, inside, pa.StructArray.from_arrays([column], ["n"])], ["n", "list", "struct"]
    )
    _write_arrow(pa.RecordBatchReader.from_batches(batch.schema, [batch]), path)
    assert pa.ipc.open_file(path).read_all().to_batches() == [batch]
    return path.read_bytes()


def test_what_lies_below_nulls_is_not_written(tmp_path: Path) -> None:
    first = written(tmp_path / "first", numbers(b"\0" * 8))
    assert written(tmp_path / "second", numbers(b"garbage!")) == first
