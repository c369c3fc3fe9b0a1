"""Every value and type of the shared repositories equals what an independent reader finds.

A few commits in the quick suite. In the full one root, HEAD, sampled merges, random commits and a
sample of the commits that change columns; `make sweep` takes more at random, and all of those.
"""

import ast
import atexit
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import ingitdb
from tests.support import oracle, turning
from tests.support.comparison import Spelling, differences, listed, unreadable
from tests.support.oracle_reading import Repository
from tests.support.shared_data import NAMES

SUPPORT = Path(oracle.__file__).parent
MODULES = ("oracle.py", "oracle_reading.py", "oracle_types.py", "oracle_changes.py")
SWEEP = bool(os.environ.get("INGITDB_TEST_SWEEP"))
RANDOM_COMMITS, MERGES, TURNS = (100, 25, 1000) if SWEEP else (6, 2, 20)
QUICK = 1
CHUNKS = 10 if SWEEP else 4
"""A part reads again what an earlier one has read: no more of them than keep all cores busy."""


@cache
def opened(path: Path) -> Repository:
    """Gives a repository that remembers, as long as this process runs, what it has parsed."""
    repository = Repository(path)
    atexit.register(repository.__exit__)
    return repository


def whole(repository: Repository, name: str, seed: int) -> set[str]:
    """Chooses the commits at which every table is compared."""
    chance = random.Random(f"{seed} {name}")
    everything = repository.git("rev-list", "--topo-order", "HEAD").split()
    chosen = set(chance.sample(everything, min(RANDOM_COMMITS, len(everything))))
    chosen |= set(repository.git("rev-list", "--max-parents=0", "HEAD").split())
    merges = repository.git("rev-list", "--merges", "HEAD").split()
    for merge in chance.sample(merges, min(MERGES, len(merges))):
        chosen |= {merge, *repository.git("rev-parse", f"{merge}^@").split()}
    return chosen | {everything[0]}


def turns(repository: Repository, name: str, seed: int) -> set[str]:
    """Chooses commits that change columns, and gives all that change a format.

    What such a commit leaves alone is passed over.
    """
    by_hand = oracle.written_by_hand(name)["turning"]
    found = {repository.git("rev-parse", commit).strip() for commit in by_hand}
    known = turning.known(name)
    return found | set(random.Random(f"{seed} {name} turns").sample(known, min(TURNS, len(known))))


def quick(repository: Repository, name: str, seed: int) -> list[str]:
    """Chooses a few: root, HEAD and some at random."""
    chance = random.Random(f"{seed} {name} quick")
    everything = repository.git("rev-list", "--topo-order", "HEAD").split()
    some = chance.sample(everything, min(QUICK, len(everything)))
    return [everything[-1], *some, everything[0]]


def compare(
    name: str, repository: Repository, chosen: list[str], full: set[str], cache: Path
) -> list[str]:
    """Names every difference at the chosen commits; at those not `full`, of what is new there."""
    seen: set[object] = set()
    return [
        f"{name} {commit[:10]} {line}"
        for commit in chosen
        for line in compare_at(
            oracle.tables(name, repository, commit, None if commit in full else seen),
            repository.path,
            commit,
            cache,
        )
    ]


def compare_at(
    tables: Iterator[oracle.Table], path: Path, commit: str, cache: Path
) -> Iterator[str]:
    """Names every difference at one commit."""
    expected = list(tables)
    spelling = Spelling()
    settings = ingitdb.Settings(cache=cache)
    connection = ingitdb.connect(path, ref=commit, settings=settings)
    try:
        there = listed(connection)
        names = {(t.schema, t.name) for t in expected if not hidden(t, there)}
        if there != names:
            yield f"tables {sorted(there)}, expected {sorted(names)}"
        told = unreadable(connection)
        for table in expected:
            if not table.damaged <= told:
                yield f"{table.qualified}: nothing is said of {sorted(table.damaged - told)}"
            if hidden(table, there) or table.skipped:
                continue
            try:
                yield from differences(table, connection, spelling)
            except ingitdb.Error as error:
                yield f"{table.qualified}: {error}"
    finally:
        connection.close()
        spelling.close()


def hidden(table: oracle.Table, there: set[tuple[str, str]]) -> bool:
    """Tells whether a table is not there, and need not be, since its file is damaged."""
    return bool(table.damaged) and (table.schema, table.name) not in there


@pytest.mark.parametrize("name", [n for n in NAMES if n != "congress-legislators"])
def test_a_few_commits(
    name: str, indexed: Callable[[str], Path], shared_cache: Path, seed: int
) -> None:
    repository = opened(indexed(name))
    chosen = quick(repository, name, seed)
    wrong = compare(name, repository, chosen, set(chosen), shared_cache)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", NAMES)
def test_many_commits(
    name: str, chunk: int, indexed: Callable[[str], Path], shared_cache: Path, seed: int
) -> None:
    repository = opened(indexed(name))
    full = whole(repository, name, seed)
    everything = repository.git("rev-list", "--topo-order", "--reverse", "HEAD").split()
    wanted = full | turns(repository, name, seed)
    chosen = [commit for commit in everything if commit in wanted]
    mine = chosen[len(chosen) * chunk // CHUNKS : len(chosen) * (chunk + 1) // CHUNKS]
    wrong = compare(name, repository, mine, full, shared_cache)
    assert not wrong, "\n".join(wrong[:200])


@pytest.mark.parametrize("module", MODULES)
def test_the_oracle_imports_nothing_of_ours(module: str) -> None:
    tree = ast.parse((SUPPORT / module).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not [a.name for a in node.names if a.name.split(".")[0].startswith("ingitdb")]
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            assert not source.startswith("ingitdb")
            if source == "tests.support":
                assert all(f"{alias.name}.py" in MODULES for alias in node.names)
            elif source.startswith("tests"):
                assert source.rpartition(".")[2] + ".py" in MODULES


BLOCKED = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0].startswith("ingitdb"):
            raise ImportError(name)
sys.meta_path.insert(0, Wall())
from pathlib import Path
from tests.support import oracle, turning
from tests.support.oracle_reading import Repository
with Repository(Path(sys.argv[1])) as repository:
    print(sum(len(t.rows) for t in oracle.tables("demo-ingitdb", repository, "HEAD")))
assert not [m for m in sys.modules if m.startswith("ingitdb")]
"""


def test_the_oracle_runs_where_we_cannot_be_imported(shared: Callable[[str], Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, str(shared("demo-ingitdb"))],
        cwd=SUPPORT.parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 250
