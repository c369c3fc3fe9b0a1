"""Writes commits as a stream for `git fast-import`."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from ingitdb_cli.demo.changes import Author, Change

_FILE = "100644"


def fast_import_stream(changes: Iterable[Change]) -> Iterator[bytes]:
    """Writes all blobs, path by path so that they pack well, then the commits and tags."""
    listed = list(changes)
    marks: dict[tuple[int, str], int] = {}
    by_path = sorted(
        (path, number)
        for number, change in enumerate(listed)
        for path, text in change.files.items()
        if text is not None
    )
    for mark, (path, number) in enumerate(by_path, 1):
        marks[number, path] = mark
        yield f"blob\nmark :{mark}\n".encode()
        yield _data(listed[number].files[path] or "")
    mark = len(by_path)
    tips: dict[str, int] = {}
    for number, change in enumerate(listed):
        mark += 1
        parent = tips.get(change.branch, tips.get("main"))
        tips[change.branch] = mark
        yield from _commit(change, number, mark, parent, marks)
        if change.tag is not None:
            yield f"tag {change.tag}\nfrom :{mark}\n".encode()
            yield f"tagger {_signature(change.author, change.at)}\n".encode()
            yield _data(f"{change.tag}\n")
    yield b"done\n"


def _commit(
    change: Change,
    number: int,
    mark: int,
    parent: int | None,
    marks: dict[tuple[int, str], int],
) -> Iterator[bytes]:
    signature = _signature(change.author, change.at)
    yield f"commit refs/heads/{change.branch}\nmark :{mark}\n".encode()
    yield f"author {signature}\ncommitter {signature}\n".encode()
    yield _data(change.message)
    if parent is not None:
        yield f"from :{parent}\n".encode()
    for path, text in sorted(change.files.items()):
        if text is None:
            yield f"D {path}\n".encode()
        else:
            yield f"M {_FILE} :{marks[number, path]} {path}\n".encode()


def _signature(author: Author, at: datetime) -> str:
    return f"{author.identity} {int(at.timestamp())} +0000"


def _data(text: str) -> bytes:
    data = text.encode()
    return b"data %d\n%b\n" % (len(data), data)
