"""Where bytes go: stdout, or a file that appears when it is whole."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import mkstemp


class TargetFailed(Exception):
    """Output cannot be written: a full disk, a missing folder, a right that is missing."""


def write_stdout(chunks: Iterable[bytes]) -> None:
    """Writes each chunk as it comes.

    Raises:
        BrokenPipeError: The reader has gone.
        TargetFailed: Writing failed otherwise.
    """
    out = sys.stdout.buffer
    for chunk in chunks:
        try:
            out.write(chunk)
            out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise TargetFailed(f"stdout cannot be written: {error.strerror}.") from error


def write_file(path: Path, chunks: Iterable[bytes]) -> None:
    """Writes beside the file and then takes its place; a failure leaves the old one.

    Raises:
        TargetFailed: The file cannot be written.
    """
    if path.exists() and not path.is_file():
        _write_special(path, chunks)
        return
    target = path.resolve()
    try:
        descriptor, temporary = mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise _failed(path, error) from error
    finished = False
    try:
        with os.fdopen(descriptor, "wb") as stream:
            for chunk in chunks:
                _write(path, stream.write, chunk)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        os.chmod(temporary, mode)  # noqa: PTH101 - a name, not a Path
        os.replace(temporary, target)  # noqa: PTH105 - a name, not a Path
        finished = True
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        if not finished:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 - a name, not a Path


def _write_special(path: Path, chunks: Iterable[bytes]) -> None:
    """Writes to what is no regular file, such as a named pipe."""
    try:
        with path.open("wb") as stream:
            for chunk in chunks:
                _write(path, stream.write, chunk)
    except OSError as error:
        raise _failed(path, error) from error


def _write(path: Path, write: Callable[[bytes], object], chunk: bytes) -> None:
    try:
        write(chunk)
    except OSError as error:
        raise _failed(path, error) from error


def _failed(path: Path, error: OSError) -> TargetFailed:
    return TargetFailed(f"{path} cannot be written: {error.strerror or error}.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
