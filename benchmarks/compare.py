"""Runs the benchmarks of another revision and of the work tree, and prints base against change.

`python benchmarks/compare.py [BASE]`; BASE is checked out into a work tree of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
NOISE = 1.10


def run(tree: Path, result: Path) -> dict[str, float]:
    """Runs the benchmarks of a tree and gives name → median seconds."""
    command = [sys.executable, "-m", "pytest", "benchmarks", "--benchmark-only", "-q"]
    paths = ":".join(str(tree / p) for p in ("engine", "flight_server", "cli", "drivers"))
    subprocess.run(
        [*command, f"--benchmark-json={result}", "-p", "no:cacheprovider"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": paths},
        check=True,
    )
    found = json.loads(result.read_text("utf-8"))["benchmarks"]
    return {one["fullname"]: one["stats"]["median"] for one in found}


def main(base: str = "main") -> None:
    """Prints one line a benchmark."""
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "base"
        add = ["git", "-C", str(ROOT), "worktree", "add", "--quiet", "--detach", str(tree), base]
        subprocess.run(add, check=True)
        try:
            before = run(tree, Path(folder) / "base.json")
        finally:
            remove = ["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)]
            subprocess.run(remove, check=True)
        after = run(ROOT, Path(folder) / "change.json")
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            print(f"{'new' if old is None else 'gone':>10}  {name}")
            continue
        mark = "slower" if new > old * NOISE else "faster" if old > new * NOISE else ""
        print(f"{old * 1e3:9.2f} ms {new * 1e3:9.2f} ms {new / old:6.2f} x  {mark:6} {name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
