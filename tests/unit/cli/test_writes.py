"""What insert, update and delete refuse, and which records a condition chooses."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from ingitdb_cli.program import run
from tests.support.repositories import RepoBuilder
from tests.support.writable import fill

Called = Callable[..., tuple[int, str, str]]
INSERT, UPDATE, DELETE = ["insert", "--into"], ["update"], ["delete"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RepoBuilder:
    """Tables of several forms; on main nothing may be written."""
    builder = fill(RepoBuilder(tmp_path_factory.mktemp("data") / "repo"))
    builder.tag("v1")
    return builder


@pytest.fixture
def called(
    data: RepoBuilder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Called:
    """Runs the program there, and gives its status and what it says."""
    monkeypatch.setenv("HOME", str(data.path.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(data.path.parent / "cache"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(data.path)

    def call(*words: str | Path, stdin: str = "") -> tuple[int, str, str]:
        given = SimpleNamespace(buffer=io.BytesIO(stdin.encode()), isatty=lambda: False)
        monkeypatch.setattr("sys.stdin", given)
        status = run([str(word) for word in words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


CONDITIONS = [
    ("city == Oslo", {"anna"}),
    ("city != Oslo", {"bo", "cy"}),
    ("city <> 'Oslo'", {"cy"}),
    ("city == null", {"bo"}),
    ("city !== null", {"anna", "cy"}),
    ("city === 'New York'", {"cy"}),
    ("age < 1,200", {"anna", "bo"}),
    ("age <= 1,200", {"anna", "bo", "cy"}),
    ("age == '41'", {"anna"}),
    ("age > 6.5", {"anna", "bo", "cy"}),
    ("age > 7.5", {"anna", "cy"}),
    ("age < 1e400", {"anna", "bo", "cy"}),
    ("age === 41", {"anna"}),
    ("$id >= bo", {"bo", "cy"}),
    ("position.lat > 60", {"bo"}),
    ("NAME == Bo", {"bo"}),
    ("name LIKE '%o' OR age = 41", {"anna", "bo"}),
    ("list_contains(tags, 'a') -- x", {"anna"}),
    ("age = (SELECT max(age) FROM people)", {"cy"}),
]


@pytest.mark.parametrize(("condition", "keys"), CONDITIONS, ids=[one[0] for one in CONDITIONS])
def test_conditions_choose_records(
    condition: str, keys: set[str], called: Called, data: RepoBuilder
) -> None:
    branch = f"b{len(data.git('branch').splitlines())}"
    data.git("branch", branch)
    status, _, said = called("delete", "--from", "people", "--where", condition, "--at", branch)
    assert status == 0, said
    gone = data.git("diff", "--name-only", "main", branch).splitlines()
    assert gone == [f"people/{key}.yaml" for key in sorted(keys)]


WRONG: list[tuple[Sequence[str], str, int, str]] = [
    ([*INSERT, "people"], "", 2, "stdin holds no record"),
    ([*INSERT, "people", "--data", "{name: Di}"], "", 2, "needs a key"),
    ([*INSERT, "people", "--key", "x", "--data", "{$id: y}"], "", 2, "'x', but also 'y'"),
    ([*INSERT, "people", "--key", "x", "--data", "[1, 2]"], "", 2, "no map of fields"),
    ([*INSERT, "people", "--key", "x", "--data", "a: [1"], "", 2, "--data, line 2"),
    ([*INSERT, "people", "--key", "x", "--data", "{nme: x}"], "", 3, "Did you mean name"),
    ([*INSERT, "people", "--key", "x", "--data", "{age: 1.5}"], "", 4, "age: 1.5 does not fit"),
    ([*INSERT, "people", "--key", "x", "--data", "{position: {lt: 1}}"], "", 4, "lat or lon"),
    ([*INSERT, "people", "--key", "anna", "--empty"], "", 4, "'anna' already"),
    ([*INSERT, "people", "--key", "../x", "--empty"], "", 4, "no name for a file"),
    ([*INSERT, "people", "--key", "", "--empty"], "", 2, "empty"),
    ([*INSERT, "people", "--key", "x", "--data", "{name: a, NAME: b}"], "", 2, "given twice"),
    ([*INSERT, "people", "--data", "{$id: , name: b}"], "", 2, "empty"),
    ([*INSERT, "people", "--data", "{}", "--empty"], "", 2, "--data and --empty"),
    ([*INSERT, "people", "--edit", "--format", "csv"], "", 2, "--edit and --format"),
    ([*INSERT, "people", "--key", "a", "--format", "csv"], "", 2, "one record"),
    ([*INSERT, "people", "--key-column", "a", "--empty"], "", 2, "many records"),
    ([*INSERT, "people", "--fields", "a", "--format", "yaml"], "", 2, "CSV"),
    ([*INSERT, "peeple", "--key", "a", "--empty"], "", 3, "people"),
    ([*INSERT, "people@v1", "--key", "a", "--empty"], "", 2, "branch"),
    ([*INSERT, "people", "--key", "a", "--empty", "--at", "v1"], "", 4, "no branch"),
    ([*INSERT, "people", "--key", "a", "--empty", "--output", "x"], "", 2, "--output"),
    (["insert", "--key", "a", "--empty"], "", 2, "--into"),
    ([*INSERT, "log", "--key", "a", "--empty"], "", 2, "id, n"),
    ([*INSERT, "log", "--format", "jsonl"], '{"id":3}\n{"id":4,\n', 2, "stdin, line 2"),
    ([*INSERT, "log", "--format", "jsonl"], '{"id":3}\n[4]\n', 2, "stdin, line 2"),
    ([*INSERT, "log", "--format", "jsonl"], '{"id":3}\n\n{"m":4}\n', 3, "line 3: log has no"),
    ([*INSERT, "log", "--format", "jsonl"], '{"id":3}\n{"id":"x"}\n', 4, "line 2: id"),
    ([*INSERT, "fares", "--format", "csv"], "route,price\nR3,1\nR4,2,3\n", 2, "stdin, line 3"),
    ([*INSERT, "fares", "--format", "csv"], "route,price\nR3,1\nR4\n", 2, "stdin, line 3"),
    (
        [*INSERT, "fares", "--format", "csv"],
        "route,price\nR3,1\nR3,2\n",
        4,
        "the key 'R3' is that of",
    ),
    ([*INSERT, "stops", "--format", "json", "--key-column", "k"], '[{"s": 1}]', 2, "line 1"),
    ([*INSERT, "stops", "--format", "json"], "3", 2, "no records"),
    ([*UPDATE, "--id", "people/anna"], "", 2, "Nothing is to be changed"),
    ([*UPDATE, "--id", "people/anna", "--set", "age"], "", 2, "no assignment"),
    ([*UPDATE, "--id", "people/anna", "--set", "age=[1"], "", 2, "--set age, line 2"),
    ([*UPDATE, "--id", "people/anna", "--set", "age=1", "--unset", "age"], "", 2, "twice"),
    ([*UPDATE, "--id", "people/anna", "--set", "age=1", "--set", "Age=2"], "", 2, "given twice"),
    ([*UPDATE, "--id", "people/anna", "--set", "position.lat=1"], "", 3, "position"),
    ([*UPDATE, "--id", "people/anna", "--set", "agee=1"], "", 3, "age"),
    ([*UPDATE, "--id", "people/ana", "--set", "age=1"], "", 3, "Did you mean anna"),
    ([*UPDATE, "--id", "anna", "--set", "age=1"], "", 2, "TABLE/KEY"),
    ([*UPDATE, "--id", "pple/anna", "--set", "age=1"], "", 3, "people"),
    ([*UPDATE, "--id", "people/anna", "--all", "--set", "age=1"], "", 2, "--all"),
    ([*UPDATE, "--id", "people/anna", "--set", "_key=x"], "", 4, "place"),
    ([*UPDATE, "--all", "--set", "age=1"], "", 2, "--from TABLE"),
    ([*UPDATE, "--from", "people", "--set", "age=1"], "", 2, "--where"),
    ([*UPDATE, "--from", "people", "--all", "--set", "age=1", "--format", "csv"], "", 2, "rows"),
    ([*DELETE, "--from", "people", "--all", "--where", "age==1"], "", 2, "--all"),
    ([*DELETE, "--from", "people", "--where", "age > x"], "", 4, "x"),
    ([*DELETE, "--from", "people", "--where", "position.lt > 1"], "", 3, "lat"),
    ([*DELETE, "--from", "people", "--where", "nme == x"], "", 3, "name"),
    ([*DELETE, "--from", "people", "--where", "nme = 'x'"], "", 3, "name"),
    ([*DELETE, "--from", "people", "--where", "name == city"], "", 2, "'city' in quotes"),
    ([*DELETE, "--from", "people", "--where", "name == 'x"], "", 4, "no condition"),
    ([*DELETE, "--from", "people", "--where", "1=1) OR (1=1"], "", 4, "no condition"),
    ([*DELETE, "--from", "people", "--where", "1=1; SELECT 1"], "", 4, "no condition"),
    ([*DELETE, "--from", "people", "--where", "tags == a"], "", 2, "SQL expression"),
    ([*DELETE, "--from", "people", "--where", "age > null"], "", 2, "null"),
    ([*DELETE, "--from", "people", "--where", "age !== '41'"], "", 2, "!= compares"),
    ([*DELETE, "--from", "people", "--where", "name !== 41"], "", 2, "!= compares"),
    ([*DELETE, "--from", "people", "--all", "--min-affected", "4"], "", 4, "3 records of people"),
    ([*DELETE, "--id", "people/anna", "--min-affected", "1"], "", 2, "--min-affected"),
]


@pytest.mark.parametrize("case", WRONG, ids=[" ".join(case[0])[:70] for case in WRONG])
def test_what_is_wrong_writes_nothing(
    case: tuple[Sequence[str], str, int, str], called: Called, data: RepoBuilder
) -> None:
    words, stdin, status, said = case
    before = data.git("rev-parse", "HEAD"), data.git("count-objects", "-v")
    found, out, err = called(*words, stdin=stdin)
    assert (found, out) == (status, ""), err
    assert said in err
    assert (data.git("rev-parse", "HEAD"), data.git("count-objects", "-v")) == before
    assert data.git("status", "--porcelain") == ""


def test_a_terminal_is_not_waited_for(
    called: Called, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del called
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    assert run(["insert", "--into", "people", "--key", "di"]) == 2
    assert "--data MAP" in capsys.readouterr().err
