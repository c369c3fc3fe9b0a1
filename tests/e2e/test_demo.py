"""`ingitdb demo`: the figures on screen are those that plain git and a CSV reader find."""

import csv
import io
import re
import subprocess
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ingitdb_cli.demo.repository import SEED
from tests.e2e.conftest import Program
from tests.support.northlight import Demo, demo, environment

SEEDS = (SEED, pytest.param(20, marks=pytest.mark.slow))


@pytest.fixture(scope="session")
def told(run_folder: Path) -> Callable[[int], Demo]:
    """Gives the demo repository of a seed, with what was told of it."""
    return lambda seed: demo(run_folder, seed)


def git(path: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", path, *arguments], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


def fares(path: Path, ref: str) -> dict[tuple[str, ...], Decimal]:
    """Reads the fares of a commit with Git and the csv module."""
    rows = list(csv.reader(io.StringIO(git(path, "show", f"{ref}:fares.csv"))))[1:]
    return {tuple(row[:-1]): Decimal(row[-1]) for row in rows}


def on(path: Path, date: str) -> str:
    return git(
        path, "rev-list", "-1", "--first-parent", f"--before={date}T00:00:00Z", "main"
    ).strip()


def chapter(screen: str, number: int) -> Iterator[list[str]]:
    """Gives the cells of the table in a chapter, without its head."""
    text = re.split(r"^\d\. ", screen, flags=re.MULTILINE)[number]
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("──"))
    for line in lines[start + 1 :]:
        if not line.strip() or line.startswith("  "):
            return
        yield re.split(r"\s{2,}", line.strip())


@pytest.mark.parametrize("seed", SEEDS)
def test_tables(told: Callable[[int], Demo], seed: int) -> None:
    path, screen = told(seed).path, told(seed).screen
    found = {cells[1]: cells[2] for cells in chapter(screen, 1)}
    disruptions = git(path, "show", "main:disruptions.json").count('"id"')
    assert found.pop("disruptions_items") == str(disruptions)
    assert found == {
        "ports": "24", "vessels": "9", "routes": "31", "fares": "1152", "crossings": "21000",
    }  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_time_travel(told: Callable[[int], Demo], seed: int) -> None:
    path, screen = told(seed).path, told(seed).screen
    old, new = fares(path, "v1.0"), fares(path, on(path, "2024-03-10"))
    shown = {cells[0]: (Decimal(cells[1]), Decimal(cells[2])) for cells in chapter(screen, 3)}
    keys = {s: ("R07", "adult", s, "single", "standard") for s in ("low", "mid", "high")}
    assert shown == {season: (old[key], new[key]) for season, key in keys.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_when_the_route_became_dear(told: Callable[[int], Demo], seed: int) -> None:
    path, screen = told(seed).path, told(seed).screen
    shown = {cells[0]: Decimal(cells[1]) for cells in chapter(screen, 4)}
    averages = {}
    commits = git(path, "log", "--reverse", "--format=%H %cs", "main", "--", "fares.csv")
    last: dict[tuple[str, ...], Decimal] = {}
    for commit, day in (line.split() for line in commits.splitlines()):
        now = {key: price for key, price in fares(path, commit).items() if key[0] == "R07"}
        if now != last:
            averages[day] = sum(now.values()) / len(now)
        last = now
    assert set(shown) == set(averages)
    assert all(abs(shown[day] - averages[day]) <= Decimal("0.01") for day in shown)
    assert max(shown, key=lambda day: shown[day]) == "2024-03-08"
    assert len(re.search(r"average  ([▁-█]+)$", screen, re.MULTILINE)[1]) == len(shown)  # type: ignore[index]


def prices(path: Path) -> Iterator[tuple[str, dict[tuple[str, ...], Decimal]]]:
    """Gives the commits of the fares, the oldest first, each with the fares as they were."""
    for line in git(path, "log", "--reverse", "--format=%H", "main", "--", "fares.csv").split():
        yield line, fares(path, line)


@pytest.mark.parametrize("seed", SEEDS)
def test_which_commit_it_was(told: Callable[[int], Demo], seed: int) -> None:
    path, screen = told(seed).path, told(seed).screen
    one = ("R07", "adult", "high", "single", "standard")
    wanted, steps = [], []
    before: dict[tuple[str, ...], Decimal] = {}
    for commit, now in prices(path):
        more = [k for k in now if k[0] == "R07" and k in before and now[k] > 2 * before[k]]
        if more:
            day = git(path, "log", "-1", "--format=%cs", commit).strip()
            lowest = [str(min(at[key] for key in more)) for at in (before, now)]
            wanted.append([commit[:10], day, str(len(more)), *lowest])
        if now[one] != before.get(one):
            steps.append((commit[:12], before.get(one), now[one]))
        before = now
    assert list(chapter(screen, 5)) == wanted
    assert [cells[1:3] for cells in wanted] == [["2024-03-08", "36"]]
    text = re.split(r"^\d\. ", screen, flags=re.MULTILINE)[5].split("\n$ ingitdb history ")[1]
    shown = re.findall(
        r"^([0-9a-f]{12})  .*?^        price_eur: (?:(\S+) → )?(\S+)$", text, re.M | re.S
    )
    assert shown == [
        (commit, "" if old is None else str(old), str(new)) for commit, old, new in reversed(steps)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_who_did_it(told: Callable[[int], Demo], seed: int) -> None:
    path, screen = told(seed).path, told(seed).screen
    first = next(chapter(screen, 6))
    bad = git(path, "log", "--format=%H", "--grep=Spring tariff", "main").strip()
    assert bad.startswith(first[0])
    assert first[1:5] == ["2024-03-08", "Pricing Desk", "Spring tariff: round to 10 cents", "36"]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_still_wrong(told: Callable[[int], Demo], seed: int) -> None:
    path, screen = told(seed).path, told(seed).screen
    before, now = fares(path, on(path, "2024-03-07")), fares(path, "main")
    wrong = {key: price for key, price in now.items() if price > 5 * before[key]}
    shown = {("R07", *cells[1:4]): Decimal(cells[5]) for cells in chapter(screen, 7)}
    assert len(wrong) == 3
    assert shown == {key[:4]: price for key, price in wrong.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_whom_blame_names(told: Callable[[int], Demo], seed: int) -> None:
    path, screen = told(seed).path, told(seed).screen
    last: dict[tuple[str, ...], str] = {}
    before: dict[tuple[str, ...], Decimal] = {}
    for commit, now in prices(path):
        last |= {key: commit for key in now if now[key] != before.get(key)}
        before = now
    bad = git(path, "log", "--format=%H", "--grep=^Spring tariff", "main").strip()
    left = sorted(key for key in before if key[0] == "R07" and last[key] == bad)
    assert list(chapter(screen, 8)) == [[*key[:4], bad[:10], "2024-03-08"] for key in left]
    assert len(left) == 3


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_mended(told: Callable[[int], Demo], seed: int) -> None:
    path = told(seed).path
    before = fares(path, on(path, "2024-03-07"))
    wrong = {key for key, price in fares(path, "main").items() if price > 5 * before[key]}
    assert wrong
    mended = fares(path, "mended")
    expected = {
        key: before[key] if key in wrong else price for key, price in fares(path, "main").items()
    }
    assert mended == expected
    changed = f"{len(wrong)}\t{len(wrong)}\tfares.csv"
    assert git(path, "show", "--numstat", "--format=%an", "mended").splitlines() == [
        "Pricing Desk",
        "",
        changed,
    ]


def test_the_end_says_how_to_go_on(northlight: Demo) -> None:
    path, screen = northlight.path, northlight.screen
    end = screen.split("Your turn.")[1]
    commands = [line.strip() for line in end.splitlines() if line.startswith("  ")]
    assert len(commands) == 3
    assert f"rm -rf {path}" in end
    assert len(re.findall(r"^  [\d,]+ ms$", screen, re.MULTILINE)) == screen.count("\n$ ")
    done = subprocess.run(
        ["bash", "-ec", "\n".join(commands)],
        cwd=path.parent,
        env=environment(northlight.home),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_names_of_tables_outlive_the_definitions(northlight: Demo) -> None:
    program = Program(northlight.home, northlight.path)

    def names(ref: str) -> list[str]:
        done = program("tables", "--at", ref)
        assert (done.returncode, done.stderr) == (0, "")
        return sorted(row[1] for row in list(csv.reader(io.StringIO(done.stdout)))[1:])

    assert names("v2.0~1") == names("v2.0") == names("main")
    assert len(names("main")) == 6
    counts = " UNION ALL ".join(
        f"SELECT '{name}', (SELECT count(*) FROM {name} AS OF 'v2.0~1'),"
        f" (SELECT count(*) FROM {name} AS OF 'v2.0')"
        for name in ("ports", "vessels", "routes", "fares", "crossings", "disruptions")
    )
    done = program("query", counts)
    assert (done.returncode, done.stderr) == (0, "")
    rows = list(csv.reader(io.StringIO(done.stdout)))[1:]
    assert len(rows) == 6
    assert [name for name, before, after in rows if before != after or not int(after)] == []


def test_country_no_stays_text(northlight: Demo) -> None:
    program = Program(northlight.home, northlight.path)
    found = program("query", "SELECT count(*) FROM ports WHERE country = 'NO'")
    assert found.stdout.splitlines()[1] == "9"


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_outside_is_touched(told: Callable[[int], Demo], seed: int) -> None:
    assert told(seed).outside == ""


def test_the_second_time_it_is_found(northlight: Demo, tmp_path: Path) -> None:
    program = Program(northlight.home, northlight.path.parent)
    assert program("demo", "northlight", "--quiet").stdout == ""
    again = program("demo", "northlight")
    assert again.stdout.startswith("Found Northlight Ferries")
    assert program("demo", "northlight", "--seed", "5").returncode == 2
    (tmp_path / "mine.txt").touch()
    refused = program("demo", tmp_path)
    assert refused.returncode == 2
    assert "not empty" in refused.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
