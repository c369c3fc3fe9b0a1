"""Folds the small packs of our commits into one, so that they do not pile up.

Only packs that bear our mark in their names are touched, and of those neither one that is being
kept nor one that an index over several packs names. A larger pack is left until the smaller ones
have grown to half of it, so that an object is written anew only a few times ever.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from ingitdb.errors import RepositoryError
from ingitdb.git.new_objects import KEPT, MARK, sync_folder
from ingitdb.git.process import Git

MOST = 50
"""So many packs of ours are folded."""
_TEMPORARY = "tmp_ingitdb_"
_NAMES = 8 + 256 * 4
_WHOLE = ("-c", "pack.packSizeLimit=0", "-c", "pack.writeReverseIndex=false")


def fold(git: Git, objects: Path, name_size: int) -> None:
    """Folds our packs, if there are many; whoever calls keeps other writers of ours away.

    The new pack is on the disk before an old one goes. If it cannot be made, all stays.

    Args:
        git: Git, aimed at the repository.
        objects: The repository's `objects`.
        name_size: How many bytes the name of an object has.
    """
    packs = list(_own(objects / "pack"))
    if len(packs) < MOST:
        return
    for left in objects.glob(f"{_TEMPORARY}*"):  # of a writer that is no more
        shutil.rmtree(left, ignore_errors=True)
    with suppress(RepositoryError, OSError):  # another git has repacked meanwhile, or there is
        _fold(git, objects, _smaller(packs), name_size)  # no room: the packs are good as they are


def _fold(git: Git, objects: Path, packs: Sequence[Path], name_size: int) -> None:
    names = b"".join(
        name.hex().encode() + b"\n" for pack in packs for name in _names(pack, name_size)
    )
    with TemporaryDirectory(prefix=_TEMPORARY, dir=objects) as folder:
        base = Path(folder) / "pack"
        options = (*_WHOLE, "-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync")
        git.run(*options, "pack-objects", "--quiet", base, data=names)
        made = next(Path(folder).glob("*.pack"), None)
        if made is None:  # a `git gc --prune=now` has taken it away
            return
        digits = f"{MARK}{os.urandom(name_size).hex()}"[: 2 * name_size]
        target = objects / "pack" / f"pack-{digits}.pack"
        made.replace(target)
        made.with_suffix(".idx").replace(target.with_suffix(".idx"))
    sync_folder(objects / "pack")
    for pack in packs:
        for suffix in (".idx", ".pack", ".rev"):  # without its index nobody looks for a pack
            pack.with_suffix(suffix).unlink(missing_ok=True)


def _own(folder: Path) -> Iterator[Path]:
    """Gives our packs that may go."""
    indexes = [folder / "multi-pack-index", *folder.glob("multi-pack-index.d/*.midx")]
    named = b"".join(index.read_bytes() for index in indexes if index.is_file())
    for pack in folder.glob(f"pack-{MARK}*.pack"):
        index = pack.with_suffix(".idx")
        if index.exists() and index.name.encode() not in named and _is_free(pack):
            yield pack


def _is_free(pack: Path) -> bool:
    """Tells whether nobody keeps a pack; of a writer that is no more what keeps it is removed."""
    keep = pack.with_suffix(".keep")
    try:
        is_ours = keep.read_bytes() == KEPT
    except FileNotFoundError:
        return True
    if is_ours:
        keep.unlink(missing_ok=True)
    return is_ours


def _smaller(packs: Sequence[Path]) -> list[Path]:
    """Gives those packs, the smallest first, of which none outweighs the ones before it by far."""
    sizes = sorted((pack.stat().st_size, pack) for pack in packs)
    chosen: list[Path] = []
    total = 0
    for size, pack in sizes:
        if len(chosen) > 1 and size > 2 * total:
            break
        chosen.append(pack)
        total += size
    return chosen


def _names(pack: Path, name_size: int) -> Iterator[bytes]:
    """Gives the names of a pack's objects from its index."""
    data = pack.with_suffix(".idx").read_bytes()
    count = int.from_bytes(data[_NAMES - 4 : _NAMES], "big")
    for at in range(_NAMES, _NAMES + count * name_size, name_size):
        yield data[at : at + name_size]
