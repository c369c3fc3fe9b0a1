"""Row 2: index all history with an empty cache, beside reading and parsing each blob once."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pygit2
import pytest
import yaml

import ingitdb
from benchmarks.conftest import THREADS, git, median
from benchmarks.generated import RECORDS
from benchmarks.ratios import Goal
from ingitdb.formats.registry import by_path
from ingitdb.model.records import FormatFault
from ingitdb.settings import Settings

_CORES = 2
_LONG = 10_000
_GONE = "0" * 40
_INDEX = Goal(times=1.5)
_CHECKOUT = Goal(faster=200)
_CHECKED_OUT = 3
TABLES = {"pypa-advisories": "vulns", "sharded": "accounts", "flat": "accounts"}
Parse = Callable[[str, bytes], bool]


@pytest.fixture(params=TABLES)
def repository(request: pytest.FixtureRequest, shared: Any, made: Any) -> tuple[str, Path]:
    """Gives name and path of each repository in turn."""
    name = request.param
    return name, shared(name) if name == "pypa-advisories" else made(name).path


@pytest.mark.parametrize("side", ["bound", "ours"])
def test_index(
    benchmark: Any, ratio: Any, repository: Any, tmp_path_factory: Any, side: str
) -> None:
    name, path = repository
    is_long = name != "pypa-advisories" and RECORDS >= _LONG
    label = f"row 2 index {name}"
    benchmark.group = label

    def ours() -> int:
        return _indexed(path, tmp_path_factory.mktemp("fresh"), TABLES[name])

    def bound() -> int:
        return _read_once(path, _our_parser)

    if side == "bound" and not is_long:  # the same answer first
        assert ours() == bound()
    with _cores(_CORES):
        rounds = 1 if is_long else 3
        count = benchmark.pedantic(ours if side == "ours" else bound, rounds=rounds, iterations=1)
    assert count >= min(RECORDS, 2_000) // 2
    ratio.note(label, side, median(benchmark), _INDEX)
    if side == "ours" and name == "pypa-advisories":
        ratio.note(f"{label}, PyYAML's C loader", side, median(benchmark), _INDEX)
        ratio.note(f"{label}, each commit checked out", side, median(benchmark), _CHECKOUT)


def test_index_neutral_parser(benchmark: Any, ratio: Any, shared: Any) -> None:
    path = shared("pypa-advisories")
    label = "row 2 index pypa-advisories, PyYAML's C loader"
    benchmark.group = "row 2 index pypa-advisories"
    with _cores(_CORES):
        benchmark.pedantic(lambda: _read_once(path, _c_loader), rounds=3, iterations=1)
    ratio.note(label, "bound", median(benchmark), _INDEX)


def test_index_by_checkouts(benchmark: Any, ratio: Any, shared: Any, tmp_path: Path) -> None:
    """Checks out and reads a few commits; the figure is theirs, extrapolated to all."""
    path = shared("pypa-advisories")
    label = "row 2 index pypa-advisories, each commit checked out"
    benchmark.group = "row 2 index pypa-advisories"
    line = git(path, "rev-list", "--first-parent", "HEAD").split()
    tree = tmp_path / "tree"
    git(path, "worktree", "add", "--quiet", "--detach", str(tree), line[-1])
    chosen = [line[len(line) * part // _CHECKED_OUT] for part in range(_CHECKED_OUT)]
    following = iter(chosen)

    def read_one() -> int:
        git(tree, "checkout", "--quiet", "--detach", next(following))
        files = [file for file in tree.rglob("*.yaml") if file.is_file()]
        return sum(_c_loader(file.name, file.read_bytes()) is not None for file in files)

    with _cores(_CORES):
        benchmark.pedantic(read_one, rounds=_CHECKED_OUT, iterations=1)
    git(path, "worktree", "remove", "--force", str(tree))
    mean = getattr(benchmark.stats, "stats", None)
    if mean is not None:
        ratio.note(label, "extrapolated", mean.mean * len(line), _CHECKOUT)


def _indexed(path: Path, cache: Path, table: str) -> int:
    """Opens a repository with an empty cache; gives the rows of a table at HEAD."""
    settings = Settings(cache=cache, workers=_CORES, threads=THREADS)
    with ingitdb.connect(path, settings=settings) as connection:
        ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)


def _read_once(path: Path, parse: Parse) -> int:
    """Walks the line, reads and parses each new blob; gives the records at HEAD."""
    command = ["git", "-C", str(path), "log", "--first-parent", "--reverse", "--raw", "--root"]
    command += ["--no-renames", "--no-abbrev", "-z", "--diff-merges=first-parent", "--format=%H"]
    output = subprocess.run([*command, "HEAD"], check=True, capture_output=True).stdout
    objects = pygit2.Repository(str(path)).odb
    seen: dict[str, bool] = {}
    standing: dict[str, str] = {}
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        text = token.lstrip(b"\n")
        if not text.startswith(b":"):
            continue
        new = text.split(b" ")[3].decode("ascii")
        name = next(tokens).decode()
        if new == _GONE:
            standing.pop(name, None)
            continue
        if "/" in name and name.endswith((".yaml", ".json")):
            standing[name] = new
            if new not in seen:
                seen[new] = parse(name, objects.read(new)[1])
    return sum(seen[blob] for blob in standing.values())


def _our_parser(name: str, data: bytes) -> bool:
    """Parses as the engine does; says whether that was possible."""
    form = by_path(name)
    if form is None:
        return False
    try:
        return form.read(data) is not None
    except FormatFault:
        return False


def _c_loader(_: str, data: bytes) -> bool:
    try:
        return yaml.load(data, yaml.CSafeLoader) is not None
    except yaml.YAMLError:
        return False


@contextmanager
def _cores(count: int) -> Iterator[None]:
    """Keeps this process and those that it starts on a few cores."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(all_cores)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)
