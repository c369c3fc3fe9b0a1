"""A repository of any size, the same bytes for the same sizes: one record a file, many commits.

`INGITDB_BENCH_RECORDS` and `INGITDB_BENCH_COMMITS` set the sizes, `INGITDB_BENCH_DATA` the folder
in which finished repositories are kept. `python -m benchmarks.generated` makes them beforehand.
"""

import json
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

RECORDS = int(os.environ.get("INGITDB_BENCH_RECORDS", "100000"))
COMMITS = int(os.environ.get("INGITDB_BENCH_COMMITS", "2000"))
LAYOUTS = ("sharded", "flat")
SHARDS = 256
COMMITTER = "B <b@example.org>"
_REVISION = 1
_SEED = 20_260_301
_EPOCH = 1_600_000_000
_SIDE_CHANGES = 10
_COUNTRIES = 200
_CITIES = 500
_WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "islet", "junco"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """One generated repository.

    Attributes:
        path: The bare repository.
        layout: `sharded` (256 folders) or `flat` (one).
        records: How many records the first commit holds.
        tip: The last commit of `main`.
        old: A commit at a quarter of the line, when no record had its later fields yet.
        side: A commit on top of `tip`, on a branch of its own, that changes ten records.
    """

    path: Path
    layout: str
    records: int
    commits: int
    tip: str
    old: str
    side: str

    def record_path(self, number: int) -> str:
        """Gives the path of a record's file."""
        return record_path(self.layout, number)

    def reset(self) -> None:
        """Puts `main` where it was made."""
        _git(self.path, "update-ref", "refs/heads/main", self.tip)


def data_folder() -> Path:
    """Gives the folder in which generated repositories are kept."""
    default = Path(tempfile.gettempdir()) / "ingitdb-bench"
    return Path(os.environ.get("INGITDB_BENCH_DATA", default))


def generated(layout: str, records: int = RECORDS, commits: int = COMMITS) -> Generated:
    """Gives a repository of a layout and size; makes it the first time."""
    name = f"{layout}-{records}x{commits}-r{_REVISION}"
    folder = data_folder()
    path, mark = folder / f"{name}.git", folder / f"{name}.json"
    if not mark.exists():
        shutil.rmtree(path, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        import_into(path, _stream(layout, records, commits))
        places = {
            "tip": _git(path, "rev-parse", "main"),
            "old": _git(path, "rev-parse", f"main~{commits - 1 - commits // 4}"),
            "side": _git(path, "rev-parse", "side"),
        }
        mark.write_text(json.dumps(places), encoding="utf-8")
    made = Generated(
        path=path,
        layout=layout,
        records=records,
        commits=commits,
        **json.loads(mark.read_text(encoding="utf-8")),
    )
    made.reset()
    return made


def record_path(layout: str, number: int) -> str:
    """Gives the path of a record's file."""
    folder = f"accounts/{number % SHARDS:02x}" if layout == "sharded" else "accounts"
    return f"{folder}/{number:07d}.json"


def record(number: int, revision: int, *, extended: bool) -> bytes:
    """Gives a record's text; extended ones have further fields, nested ones among them."""
    dice = random.Random(f"{_SEED}:{number}:{revision}")
    address = {
        "street": f"{dice.choice(_WORDS).title()} Street {dice.randrange(1, 300)}",
        "city": f"City {dice.randrange(_CITIES):03d}",
        "location": {"lat": dice.randrange(-90, 90) + 0.25, "lon": dice.randrange(-180, 180) + 0.5},
    }
    items = [
        {"sku": f"S{dice.randrange(1000):04d}", "quantity": dice.randrange(1, 20)}
        for _ in range(dice.randrange(1, 4))
    ]
    fields = {
        "id": number,
        "name": " ".join(dice.choices(_WORDS, k=3)).title(),
        "country": f"K{dice.randrange(_COUNTRIES):03d}",
        "status": dice.choice(["active", "active", "active", "closed", "new"]),
        "balance": dice.randrange(-100_000, 1_000_000),
        "rating": dice.randrange(0, 40) / 8,
        "opened": str(date(2010, 1, 1) + timedelta(days=dice.randrange(5_000))),
        "verified": dice.random() < 0.7,
        "note": " ".join(dice.choices(_WORDS, k=dice.randrange(8, 24))),
        "address": address,
        "tags": dice.sample(_WORDS, k=dice.randrange(0, 4)),
        "items": items,
    }
    if extended:
        fields["tier"] = dice.randrange(1, 6)
        address["zip"] = f"{dice.randrange(100_000):05d}"
        for item in items:
            item["price"] = dice.randrange(100, 10_000)
    return (json.dumps(fields, indent=1) + "\n").encode()


def import_into(path: Path, pieces: Iterable[bytes]) -> None:
    """Makes a bare repository of what fast-import reads."""
    _git(path.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
    command = ["git", "-C", str(path), "fast-import", "--quiet"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    if process.stdin is None:
        raise BrokenPipeError
    with process.stdin as stream:
        for piece in pieces:
            stream.write(piece)
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, command)


def commit_head(branch: str, at: int, message: str, parent: str | None = None) -> bytes:
    """Gives fast-import the start of a commit; the files it changes follow."""
    text = message.encode()
    start = f"from {parent}\n".encode() if parent else b""
    head = f"commit refs/heads/{branch}\nmark :{2 if parent else 1}\n"
    head += f"committer {COMMITTER} {commit_time(at)} +0000\n"
    return head.encode() + b"data %d\n%s\n" % (len(text), text) + start


def commit_time(at: int) -> int:
    """Gives the seconds since 1970 of a commit: an hour after the one before."""
    return _EPOCH + at * 3600


def file_change(path: str, data: bytes | None) -> bytes:
    """Gives fast-import a file of a commit; None deletes it."""
    if data is None:
        return f"D {path}\n".encode()
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)


def _stream(layout: str, records: int, commits: int) -> Iterator[bytes]:
    """Gives what fast-import reads: all records, then one to four changes a commit."""
    dice = random.Random(_SEED)
    standing = list(range(records))
    following = records
    yield commit_head("main", 0, "Import")
    countries = "".join(f"K{i:03d},Country {i},R{i % 7}\n" for i in range(_COUNTRIES))
    yield file_change("countries.csv", f"code,name,region\n{countries}".encode())
    for number in standing:
        yield file_change(record_path(layout, number), record(number, 0, extended=False))
    for at in range(1, commits):
        yield commit_head("main", at, f"Change {at}")
        extended = at >= commits // 2
        for _ in range(dice.randrange(1, 5)):
            chance = dice.random()
            place = dice.randrange(len(standing))
            if chance < 0.08:
                standing.append(following)
                yield file_change(
                    record_path(layout, following), record(following, at, extended=extended)
                )
                following += 1
            elif chance < 0.12:
                gone = standing[place]
                standing[place] = standing[-1]
                standing.pop()
                yield file_change(record_path(layout, gone), None)
            else:
                text = record(standing[place], at, extended=extended)
                yield file_change(record_path(layout, standing[place]), text)
    yield commit_head("side", commits, "Beside the line", parent=":1")
    for number in dice.sample(standing, k=_SIDE_CHANGES):
        yield file_change(record_path(layout, number), record(number, commits, extended=True))


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    for each in LAYOUTS:
        print(generated(each))
