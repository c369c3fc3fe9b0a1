"""What reaches the disk before what: the calls of a writer, and writers that die at one of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ingitdb
from tests.support.acknowledged import Acknowledged, Job, log_of, made
from tests.support.repositories import RepoBuilder
from tests.support.traced import CALLS, Call, calls, traced

WRITES = 3
_SYNCS = ("fsync", "fdatasync")
_RENAMES = ("rename", "renameat", "renameat2")
REF = "refs/heads/main"


class Order:
    """The calls of a writer to one repository, asked for what came before what."""

    def __init__(self, lines: list[str], git_dir: Path, log: Path) -> None:
        self.calls = list(calls(lines))
        self.git_dir = git_dir
        self.log = log

    def moves(self, suffix: str) -> list[Call]:
        """Gives the renames that put a file into the repository under a name with this end."""
        return [
            call
            for call in self.calls
            if call.name in _RENAMES
            and call.texts[-1].startswith(str(self.git_dir))
            and call.texts[-1].endswith(suffix)
        ]

    def synced(self, place: Path | str, since: int, until: int) -> bool:
        """Tells whether a file or folder was synced between two moments."""
        return any(
            call.name in _SYNCS
            and call.places == (str(place),)
            and since < call.began
            and call.ended < until
            for call in self.calls
        )

    def written(self, place: Path | str, until: int) -> int:
        """Gives when a file was last written before a moment."""
        return max(
            (
                call.ended
                for call in self.calls
                if call.name in ("write", "pwrite64")
                and call.places == (str(place),)
                and call.ended < until
            ),
            default=-1,
        )

    def acknowledged(self) -> list[Call]:
        """Gives the moments at which the writer noted what was acknowledged to it."""
        return [call for call in self.calls if call.places[:1] == (str(self.log),) and call.texts]

    def faults(self) -> Iterator[str]:
        """Gives what came too late."""
        packs = self.git_dir / "objects" / "pack"
        moved = self.moves(REF)
        if not len(moved) == len(self.acknowledged()) == WRITES:
            yield "moves and acknowledgements"
        for move, told in zip(moved, self.acknowledged(), strict=False):
            parts = [self._last(suffix, move.began) for suffix in (".pack", ".idx")]
            for part in (*parts, move):
                source = part.texts[0]
                if not self.synced(source, self.written(source, part.began), part.began):
                    yield f"{Path(source).name if part is move else 'pack'}: its contents"
            last = max(part.ended for part in parts)
            if not self.synced(packs, last, move.began):
                yield "pack: its name"
            intent = self.git_dir / "ingitdb-intent"
            since = self.written(intent, move.began)
            if since < 0 or not self.synced(intent, since, move.began):
                yield "intent: its contents"
            if not self.synced(self.git_dir, since, move.began):
                yield "intent: its name"
            if not self.synced((self.git_dir / REF).parent, move.ended, told.began):
                yield "branch: its name"

    def _last(self, suffix: str, until: int) -> Call:
        return [call for call in self.moves(suffix) if call.ended < until][-1]


class Traced:
    """A repository, and a way to run a writer under strace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = made(folder / "repo", ["a", "b"])
        self.git_dir = self.repo.path / ".git"
        self.log = folder / "log"

    def run(self, *options: str, kind: str = "file", count: int = 1) -> list[str]:
        """Runs a writer and gives the trace."""
        job = Job(
            repository=str(self.repo.path),
            cache=str(self.folder / "cache"),
            kind=kind,
            name="a",
            log=str(self.log),
            gate=str(self.folder / "gate"),
            count=count,
            tries=1,
        )
        output = self.folder / "trace"
        traced(job, output, *options)
        return output.read_text("utf-8", "replace").splitlines()

    def acknowledged(self) -> list[Acknowledged]:
        return log_of(self.log)[0]


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> tuple[Traced, list[str]]:
    """The trace of a writer."""
    scene = Traced(tmp_path_factory.mktemp("traced"))
    lines = scene.run("-e", f"trace={CALLS}", count=WRITES)
    done = [one.commit for one in scene.acknowledged()]
    assert scene.repo.git("rev-list", "--reverse", "main").split()[1:] == done
    return scene, lines


def faults(trace: tuple[Traced, list[str]], without: str = "^$") -> set[str]:
    """Gives what is wrong with a trace from which some calls are left out."""
    scene, lines = trace
    kept = [line for line in lines if not re.search(without, line)]
    assert without == "^$" or len(kept) < len(lines)
    return set(Order(kept, scene.git_dir, scene.log).faults())


def test_all_is_on_the_disk_before_it_is_named_and_acknowledged(
    trace: tuple[Traced, list[str]],
) -> None:
    assert faults(trace) == set()


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (r"fsync\(\d+<[^>]*/pack/tmp_", "pack: its contents"),
        (r"fsync\(\d+<[^>]*/objects/pack>", "pack: its name"),
        (r"fsync\(\d+<[^>]*/ingitdb-intent>", "intent: its contents"),
        (r"fsync\(\d+<[^>]*/\.git>", "intent: its name"),
        (r"fsync\(\d+<[^>]*/main\.lock>", "main.lock: its contents"),
        (r"fsync\(\d+<[^>]*/refs/heads>", "branch: its name"),
    ],
)
def test_a_call_that_is_missing_is_noticed(
    trace: tuple[Traced, list[str]], call: str, fault: str
) -> None:
    assert faults(trace, call) == {fault}


STEPS = [
    ("objects/pack", "fsync", 1),
    ("ingitdb-intent", "fsync", 1),
    ("refs/heads/main.lock", "fsync", 1),
    ("refs/heads/main.lock", "rename", 1),
    ("HEAD.lock", "unlink", 1),
    ("refs/heads", "fsync", 1),
    ("notes/a.yaml", "openat", 1),
    ("index.lock", "rename", 1),
    ("ingitdb-intent", "unlink", 1),
]
"""A path, a call, and which of those that one process makes."""


@pytest.mark.slow
@pytest.mark.parametrize(("place", "call", "time"), STEPS, ids=[f"{c} {p}" for p, c, _ in STEPS])
def test_a_process_that_dies_at_a_step(place: str, call: str, time: int, tmp_path: Path) -> None:
    """The process that makes the call dies there: the writer, or the git that it has started."""
    scene = Traced(tmp_path)
    path = place if place.startswith("notes/") else scene.git_dir / place  # as git spells it
    scene.run("-P", str(path), "-e", f"trace={call}",
              "-e", f"inject={call}:signal=SIGKILL:when={time}", kind="both")  # fmt: skip
    assert "SIGKILL" in (tmp_path / "trace").read_text()
    after(scene.repo, tmp_path / "cache")
    reached = set(scene.repo.git("rev-list", "main").split())
    assert {one.commit for one in scene.acknowledged()} <= reached


def after(repo: RepoBuilder, cache: Path) -> None:
    """Writes as somebody would who starts now; then all must be in order."""
    settings = ingitdb.Settings(cache=cache, workers=1, threads=1)
    with ingitdb.connect(repo.path, autocommit=True, settings=settings) as connection:
        connection.execute("UPDATE counts SET n = 77 WHERE id = 'b'")
    assert repo.git("status", "--porcelain") == ""
    assert "b,77" in repo.git("show", "main:counts.csv").splitlines()
    note, row = repo.git("show", "main:notes/a.yaml"), repo.git("show", "main:counts.csv")
    assert (note == "n: 0") == ("a,0" in row.splitlines())
    repo.git("fsck", "--strict", "--no-dangling")
