"""The generated history: the same everywhere, and the promised events under any seed."""

import re
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from ingitdb.errors import UsageError
from ingitdb_cli.demo import world
from ingitdb_cli.demo.changes import Change
from ingitdb_cli.demo.chapters import CHAPTERS, Step
from ingitdb_cli.demo.history import BRANCH, History
from ingitdb_cli.demo.repository import SEED, make_repository
from ingitdb_cli.demo.sparkline import sparkline

SEEDS = (SEED, 20)


@cache
def story(seed: int) -> tuple[Change, ...]:
    return tuple(History(seed).changes())


def state(seed: int, at: datetime | None = None) -> dict[str, str]:
    """Gives the files of main at a moment."""
    files: dict[str, str] = {}
    for change in story(seed):
        if change.branch == "main" and (at is None or change.at <= at):
            for path, text in change.files.items():
                if text is None:
                    del files[path]
                else:
                    files[path] = text
    return files


def prices(files: dict[str, str]) -> dict[str, Decimal]:
    lines = files["fares.csv"].splitlines()[1:]
    return {key: Decimal(price) for key, _, price in (line.rpartition(",") for line in lines)}


@pytest.mark.parametrize("seed", SEEDS)
def test_rows(seed: int) -> None:
    files = state(seed)
    assert sum(path.startswith("ports/") and path.count("/") == 1 for path in files) == 24
    assert sum(path.startswith("vessels/") and path.endswith(".md") for path in files) == 9
    assert len(re.findall(r"^R\d\d:$", files["routes.yaml"], re.MULTILINE)) == 31
    assert len(prices(files)) == 1152
    assert [files[f"crossings/{y}.jsonl"].count("\n") for y in (2023, 2024, 2025)] == [7000] * 3
    assert 1 <= files["disruptions.json"].count('"id"') <= 40


@pytest.mark.parametrize("seed", SEEDS)
def test_size_and_authors(seed: int) -> None:
    changes = [change for change in story(seed) if change.branch == "main"]
    assert 1350 < len(changes) < 1450
    assert sum("disruptions.json" in change.files for change in changes) == 700
    assert [c.at for c in changes] == sorted(c.at for c in changes)
    assert {c.author.value[1].partition("@")[2] for c in changes} == {"example.org"}
    assert [c.tag for c in changes if c.tag] == ["v1.0", "v2.0"]
    assert all(len(c.files) for c in changes)
    most = max(
        c.files["disruptions.json"].count('"id"') for c in changes if "disruptions.json" in c.files
    )
    assert 20 < most <= 40


@pytest.mark.parametrize("seed", SEEDS)
def test_the_spring_tariff(seed: int) -> None:
    tariff = next(c for c in story(seed) if c.message.startswith("Spring tariff"))
    position = story(seed).index(tariff)
    before = prices(state(seed, story(seed)[position - 1].at))
    after = prices(state(seed, tariff.at))
    changed = {key for key in before if before[key] != after[key]}
    tenfold = {key for key in changed if after[key] > 5 * before[key]}
    assert (len(changed), len(tenfold)) == (448, 37)
    assert all(price % Decimal("0.10") == 0 for price in after.values())
    assert sum(key.startswith("R07,") for key in tenfold) == 36
    repaired = prices(state(seed, world.TARIFF_REPAIRED))
    assert not [k for k in before if k not in tenfold and repaired[k] != after[k]]
    wrong = {key for key in tenfold if repaired[key] == after[key]}
    assert len(wrong) == 3
    assert {key for key, price in prices(state(seed)).items() if price > 5 * before[key]} == wrong
    assert "fares.csv" not in {
        path
        for change in story(seed)
        if tariff.at < change.at < world.TARIFF_REPAIRED
        for path in change.files
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_other_events(seed: int) -> None:
    first, files = state(seed, world.OPENING), state(seed)
    assert {"ports.json", "lines.yaml"} <= set(first)
    assert not {"ports.json", "lines.yaml"} & set(files)
    assert first["fares.csv"].splitlines()[0].endswith(",fare")
    assert state(seed, world.VERSION_1)["fares.csv"].splitlines()[0].endswith(",fare")
    assert files["fares.csv"].splitlines()[0].endswith(",price_eur")
    assert 'capacity: "ca. 450"' in state(seed, world.CAPACITY_GUESSED)["vessels/fjordlys.md"]
    assert "capacity: 450" in state(seed, world.CAPACITY_MEASURED)["vessels/fjordlys.md"]
    assert "country: NO" in files["ports/oslo.yaml"]
    assert "R31" not in state(seed, world.QUIET)["routes.yaml"]
    before = state(seed, world.VERSION_2 - timedelta(days=1))
    assert not [path for path in before if path.startswith(".")]
    assert ".ingitdb/root-collections.yaml" in files


def test_seeds_tell_different_stories() -> None:
    assert state(SEEDS[0])["fares.csv"] != state(SEEDS[1])["fares.csv"]
    assert state(SEEDS[0])["disruptions.json"] != state(SEEDS[1])["disruptions.json"]


def git(path: Path, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        ["git", "-C", path, *arguments], capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip() if check else done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    @cache
    def make(seed: int) -> Path:
        path = tmp_path_factory.mktemp("demo") / "northlight"
        assert make_repository(path, seed).made
        return path

    return make


def test_two_runs_give_the_same_head(made: Callable[[int], Path], tmp_path: Path) -> None:
    make_repository(tmp_path / "again")
    refs = ("main", BRANCH, "v1.0", "v2.0")
    assert [git(tmp_path / "again", "rev-parse", ref) for ref in refs] == [
        git(made(SEED), "rev-parse", ref) for ref in refs
    ]
    assert git(made(SEED), "rev-parse", "main") != git(made(20), "rev-parse", "main")


@pytest.mark.parametrize("seed", SEEDS)
def test_git_finds_nothing_to_complain_about(made: Callable[[int], Path], seed: int) -> None:
    assert git(made(seed), "fsck", "--strict", "--no-dangling", check=False).strip() == ""
    assert git(made(seed), "status", "--porcelain") == ""
    assert git(made(seed), "rev-parse", "--abbrev-ref", "HEAD") == "main"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_branch_clashes_for_git(made: Callable[[int], Path], seed: int) -> None:
    told = git(made(seed), "merge-tree", "--write-tree", "main", BRANCH, check=False)
    clashes = re.findall(r"CONFLICT \(content\): Merge conflict in (\S+)", told)
    assert sorted(clashes) == ["fares.csv", "routes.yaml", "vessels/fjordlys.md"]
    assert "to_port: odda" in git(made(seed), "show", "main:routes.yaml")
    assert "odda" not in git(made(seed), "ls-tree", "--name-only", f"{BRANCH}:ports")


def test_it_is_found_again(made: Callable[[int], Path]) -> None:
    found = make_repository(made(SEED))
    assert not found.made
    assert found.commits == int(git(made(SEED), "rev-list", "--count", "main"))


def test_other_folders_are_refused(tmp_path: Path, made: Callable[[int], Path]) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        make_repository(tmp_path)
    with pytest.raises(UsageError):
        make_repository(tmp_path / "file")
    with pytest.raises(UsageError, match="another seed"):
        make_repository(made(SEED), 5)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_what_an_interruption_left_is_made_anew(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "northlight.state", "building")
    assert make_repository(tmp_path).made
    git(tmp_path, "config", "northlight.state", f"imported complete 1 {SEED}")
    (tmp_path / "fares.csv").unlink()
    assert make_repository(tmp_path).made
    assert (tmp_path / "fares.csv").exists()


def test_no_configuration_of_the_user_counts(
    tmp_path: Path, made: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text(
        "[init]\ndefaultBranch = trunk\ndefaultObjectFormat = sha256\n"
        "[core]\nautocrlf = true\n[user]\nuseConfigOnly = true\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    make_repository(tmp_path / "demo")
    monkeypatch.delenv("GIT_DIR")
    assert git(tmp_path / "demo", "rev-parse", "main") == git(made(SEED), "rev-parse", "main")
    assert not (tmp_path / "elsewhere").exists()


def test_chapters_are_about_the_route_of_the_story() -> None:
    steps = [step for chapter in CHAPTERS for step in chapter.steps if isinstance(step, Step)]
    texts = [" ".join(step.arguments) for step in steps]
    assert sum(world.STORY_ROUTE in text for text in texts) >= 3


def test_sparkline() -> None:
    assert sparkline([]) == ""
    assert sparkline([5, 5]) == "▁▁"
    assert sparkline([0, 7, 3.5]) == "▁█▅"
