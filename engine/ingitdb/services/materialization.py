"""Writes the tables of a commit as files for other programs: the same bytes every time."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import UsageError
from ingitdb.execution.instance import Instance
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.snapshots.relation import Relation
from ingitdb.snapshots.snapshot import Snapshot

_BATCH = 20_000
SUMMARY = "snapshot.json"
"""The file that says what the others hold."""
Writer: TypeAlias = Callable[[pa.RecordBatchReader, Path], None]


class TargetRefused(OSError):
    """The system lets a folder not be made, or a file not be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterializeReport:
    """What was written: the files, the commit, and how many rows in all."""

    files: tuple[Path, ...]
    commit: CommitId
    rows: int


def materialize(
    snapshot: Snapshot,
    tables: Sequence[NamedTable],
    instance: Instance,
    output: Path,
    format: str,
    repository: Repository,
) -> MaterializeReport:
    """Writes each table as `<schema>/<name>.<format>`, and `snapshot.json` last.

    Raises:
        UsageError: The format is unknown, or the folder holds something else.
        TargetRefused: A folder cannot be made, or a file not be written.
    """
    write = _WRITERS.get(format)
    if write is None:
        raise UsageError(
            f"Tables cannot be materialized as {format!r}.",
            hint=f"Formats: {', '.join(sorted(_WRITERS))}.",
        )
    with _target(output):
        _prepare(output)
    files: list[Path] = []
    described: list[dict[str, Any]] = []
    rows = 0
    for table in tables:
        relation = snapshot.relation(table)
        path = output / _safe(table.schema) / f"{_safe(table.name)}.{format}"
        if path in files:
            path = path.with_name(f"{_safe(table.aliases[0])}.{format}")
        with _target(path):
            _write(relation, instance, write, path)
        files.append(path)
        rows += relation.rows
        described.append(_described(table, relation, path.relative_to(output)))
    summary = output / SUMMARY
    with _target(summary):
        summary.write_text(_summary(snapshot, repository, described), encoding="utf-8")
    return MaterializeReport(files=(*files, summary), commit=snapshot.commit, rows=rows)


@contextmanager
def _target(path: Path) -> Iterator[None]:
    """Says of what the system refuses that a path cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # Arrow's word for what went wrong in reading
            raise
        raise TargetRefused(f"{path} cannot be written: {os.strerror(error.errno)}.") from error


def _write(relation: Relation, instance: Instance, write: Writer, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cursor = instance.cursor()
    try:
        reader = cursor.sql(relation.sql(ordered=True)).to_arrow_reader(_BATCH)
        reader = reader.cast(_in_utc(reader.schema))
        write(reader, path)
        reader.close()
    finally:
        cursor.close()


def _prepare(output: Path) -> None:
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file.", hint="Name a folder with --output.")
    ours = (output / SUMMARY).exists()
    if output.is_dir() and any(output.iterdir()) and not ours:
        raise UsageError(
            f"The folder {output} holds other files.",
            hint="Name a new or empty folder, or one that was materialized before.",
        )
    output.mkdir(parents=True, exist_ok=True)


def _in_utc(schema: pa.Schema) -> pa.Schema:
    """Gives the schema that does not depend on the user's time zone."""
    zoned = [getattr(field.type, "tz", None) is not None for field in schema]
    return pa.schema(
        f.with_type(pa.timestamp(f.type.unit, "UTC")) if there else f
        for f, there in zip(schema, zoned, strict=True)
    )


def _safe(name: str) -> str:
    """Spells a name as one part of a path."""
    kept = (c if c.isalnum() or c in "-_.@ #" else f"%{ord(c):02X}" for c in name)
    safe = "".join(kept)
    return f"%2E{safe[1:]}" if safe.startswith(".") else safe or "%"


def _summary(snapshot: Snapshot, repository: Repository, tables: Sequence[dict[str, Any]]) -> str:
    head: dict[str, Any] = {"commit": str(snapshot.commit)}
    if snapshot.commit not in PSEUDO_COMMITS:
        head["tree"] = str(repository.commit(snapshot.commit).tree)
    return json.dumps({**head, "tables": tables}, ensure_ascii=False, indent=2) + "\n"


def _described(table: NamedTable, relation: Relation, path: Path) -> dict[str, Any]:
    return {
        "schema": table.schema,
        "name": table.name,
        "file": path.as_posix(),
        "rows": relation.rows,
        "columns": [{"name": c.name, "type": c.type.sql} for c in relation.columns],
    }


def _write_parquet(reader: pa.RecordBatchReader, path: Path) -> None:
    import pyarrow.parquet as pq  # slow to load: only where something is written

    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


def _write_arrow(reader: pa.RecordBatchReader, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch.take(pa.array(range(batch.num_rows))))  # zeros below nulls


_WRITERS: dict[str, Writer] = {
    "parquet": _write_parquet,
    "arrow": _write_arrow,
}
