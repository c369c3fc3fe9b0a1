"""Programs that bring a file to a commit and are killed behind any statement.

Servers are in their own tests: there a session ends.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL

import pytest

from ingitdb.services.migrations.migration import migration
from tests.migrations.test_scripts import rows, tables
from tests.support.migrated import DuckdbTarget, Round, SqliteTarget, Target, same
from tests.support.repositories import RepoBuilder

pytestmark = pytest.mark.slow
Rounds = Callable[..., Round]
TABLES = 50
STRIDES = {"sqlite": 3, "duckdb": 50}
"""Every so many statements; a sweep tries all."""
CHILD = """\
import json, os, sys
kind, path, script, count = sys.argv[1:]
if kind == "sqlite":
    import sqlite3
    connection = sqlite3.connect(path, isolation_level=None)
else:
    import duckdb
    connection = duckdb.connect(path)
for statement in json.load(open(script))[:int(count)]:
    connection.execute(statement)
os.kill(os.getpid(), 9)
"""


def files(suffix: str, column: str, *found: dict[str, int]) -> dict[str, str]:
    """Gives fifty tables; with a suffix they and a column of theirs are renamed."""
    names = [f"t{n}" for n in range(TABLES)]
    said = {
        f"{name}{suffix}": {
            "key": "id",
            "glob": f"data/{name}.jsonl",
            **(
                {"renamed_from": name, "columns": {column: {"renamed_from": "a"}}} if suffix else {}
            ),
        }
        for name in names
    }
    return {**tables(**said), **{k: v for name in names for k, v in rows(name, *found).items()}}


@pytest.mark.parametrize("kind", [SqliteTarget, DuckdbTarget])
def test_a_migration_of_200_steps(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target], tmp_path: Path
) -> None:
    repo.commit(files("", "a", *({"id": n, "a": n} for n in range(6))))
    new = [*({"id": n, "b": n} for n in range(4)), {"id": 4, "b": 5}, {"id": 6, "b": 1}]
    repo.commit(files("x", "b", *new))
    found = rounds(repo.path)
    before, after = (found.held(ref, kind) for ref in ("HEAD~1", "HEAD"))
    with migration(found.database, kind.dialect, "HEAD", "HEAD~1") as made:
        assert len(made.up.steps) >= 4 * TABLES
        statements = [text for text in made.up_script() if not text.startswith("--")]
    script = tmp_path / "statements.json"
    script.write_text(json.dumps(statements), "utf-8")
    end = statements.index("COMMIT;\n")
    assert end > 4 * TABLES
    target = found.fresh(kind, "HEAD~1")
    stride = 1 if "INGITDB_TEST_SWEEP" in os.environ else STRIDES[kind.dialect]
    for count in [*range(0, end, stride), end]:
        command = [kind.dialect, str(target.path), str(script), str(count)]
        done = subprocess.run([sys.executable, "-c", CHILD, *command], check=False)
        assert done.returncode == -SIGKILL
        if count % (3 * stride) == 0 or count == end:
            same(target.rows(), before)
    target.run("".join(statements))
    same(target.rows(), after)
    killed = [kind.dialect, str(target.path), str(script), str(end + 1)]
    subprocess.run([sys.executable, "-c", CHILD, *killed], check=False)
    same(target.rows(), after)
