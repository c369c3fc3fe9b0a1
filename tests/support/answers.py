"""A process of its own that asks for tables at refs and prints what it was answered.

`python -m tests.support.answers` reads a question as JSON and prints `{ref: {table: answer}}`. The
answers of two processes are equal if columns, types, order of rows and every value are.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Answers = dict[str, dict[str, Any]]


def ask(connection: Any) -> dict[str, Any]:
    """Gives an answer for each table of a connection."""
    query = (
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_type IN ('BASE TABLE', 'VIEW') ORDER BY ALL"
    )
    found = {}
    for schema, table in connection.execute(query).fetchall():
        name = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, table))
        columns = connection.execute(f"DESCRIBE SELECT * FROM {name}").fetchall()
        rows = connection.execute(f"SELECT _path, * FROM {name}").fetchall()
        found[name] = {
            "columns": [[row[0], row[1]] for row in columns],
            "count": len(rows),
            "rows": hashlib.sha256(repr(rows).encode("utf-8", "surrogatepass")).hexdigest(),
        }
    return found


def main() -> None:
    """Answers the question on stdin."""
    import ingitdb

    question = json.load(sys.stdin)
    found: list[Answers] = []
    for cache in question["caches"]:
        print(cache, file=sys.stderr, flush=True)  # noqa: T201 - the last one is where it ended
        settings = ingitdb.Settings(cache=Path(cache), **question["settings"])
        found.append({})
        for ref in question["refs"]:
            with ingitdb.connect(question["repository"], ref=ref, settings=settings) as connection:
                found[-1][ref] = ask(connection)
    json.dump(found, sys.stdout)


def command() -> list[str]:
    """Gives the command that starts the process."""
    return [sys.executable, "-m", "tests.support.answers"]


def start(
    repository: Path, caches: Path | Sequence[Path], refs: Sequence[str], **settings: Any
) -> subprocess.Popen[str]:
    """Starts a process that answers from one cache after the other."""
    several = [caches] if isinstance(caches, Path) else caches
    question = {
        "repository": str(repository),
        "caches": [str(cache) for cache in several],
        "refs": list(refs),
        "settings": settings,
    }
    process = subprocess.Popen(
        command(),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(question))
    process.stdin.close()
    process.stdin = None
    return process


def finish(process: subprocess.Popen[str], timeout: float = 900) -> list[Answers]:
    """Waits for a process and gives, for each cache, what it was answered."""
    out, err = process.communicate(timeout=timeout)
    assert process.returncode == 0, err[-4000:]
    found: list[Answers] = json.loads(out)
    return found


def answers(repository: Path, cache: Path, refs: Sequence[str], **settings: Any) -> Answers:
    """Gives the answers of a new process."""
    return finish(start(repository, cache, refs, **settings))[0]


def answers_of_each(
    repository: Path, caches: Sequence[Path], refs: Sequence[str], **settings: Any
) -> list[Answers]:
    """Gives the answers of a new process that knows several caches."""
    return finish(start(repository, caches, refs, **settings))


def unequal(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Names the refs and tables whose answers differ."""
    return [
        f"{ref} {table}: {found.get(ref, {}).get(table)} instead of {answer}"
        for ref, tables in expected.items()
        for table, answer in tables.items()
        if found.get(ref, {}).get(table) != answer
    ] + [f"{ref}: more tables" for ref in expected if len(found[ref]) != len(expected[ref])]


if __name__ == "__main__":
    main()
