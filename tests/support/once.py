"""Makes what the workers of a run share: the first to need it makes it, the others wait."""

import fcntl
from collections.abc import Callable
from pathlib import Path


def once(target: Path, make: Callable[[Path], None]) -> Path:
    """Makes a file or folder unless it is there; it gets its name when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            making = target.with_name(f".{target.name}.making")
            make(making)
            making.rename(target)
    return target
