"""Checks files given by name: blanks, the final newline, TOML and YAML syntax, size."""

import sys
import tomllib
from pathlib import Path

import yaml

LARGE = 500_000


def faults(path: Path) -> list[str]:
    """Names what is wrong with one file."""
    data = path.read_bytes()
    found = []
    if len(data) > LARGE:
        found.append(f"{len(data)} bytes; the limit is {LARGE}")
    if "golden" in path.parts or path.suffix in {".tsv"}:
        return found
    if data and not data.endswith(b"\n"):
        found.append("no newline at the end")
    if data.endswith(b"\n\n"):
        found.append("empty lines at the end")
    for number, line in enumerate(data.split(b"\n"), 1):
        if line != line.rstrip():
            found.append(f"line {number}: blanks at the end")
    try:
        if path.suffix == ".toml":
            tomllib.loads(data.decode())
        elif path.suffix in {".yaml", ".yml"}:
            list(yaml.compose_all(data.decode(), Loader=yaml.CSafeLoader))
    except (ValueError, yaml.YAMLError) as error:
        found.append(str(error))
    return found


def main(names: list[str]) -> int:
    """Prints one line a fault; fails if there is one."""
    lines = [f"{name}: {fault}" for name in names for fault in faults(Path(name))]
    print("\n".join(lines), end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
