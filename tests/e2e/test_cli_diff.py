"""What `ingitdb diff` shows as text, and what it refuses."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Program, Terminal
from tests.support.repositories import RepoBuilder

Start = Callable[..., Terminal]


def shown(program: Program, *arguments: str | Path, status: int = 0, **around: str) -> str:
    """Gives what a comparison writes, without its first lines."""
    done = program("diff", *arguments, **around)
    assert done.returncode == status, done.stderr
    return done.stdout.split("\n", 3)[3]


def refused(program: Program, *arguments: str | Path) -> tuple[int, str]:
    """Gives the status of a call that fails, and what it says."""
    done = program("diff", *arguments)
    assert done.stdout == ""
    return done.returncode, done.stderr


STORY = """\
fares: +1 ~1 -1
  ~ column fare DECIMAL(18,2) → price DECIMAL(18,2)
  ~ R1, car
      fare → price: 10.50 → 11.00
  - R2, car
  + R3, car

new: +1 ~0 -0 (new table)
  + 7, x

old: +0 ~0 -1 (dropped table)
  - 1

ships: +0 ~2 -0
  ~ column built BIGINT → built VARCHAR
  + column flag VARCHAR
  - column note VARCHAR
  ~ aurora
      built: 1998 → "ca. 1998"
      _content:
        @@ line 7 @@
          Five.
          Six.
        - Inspected in March.
        + Inspected in May.
      hull:
        length: 90 → 91
        decks[2]: + "c"
  ~ polaris
      flag: (no column) → "PL"
      note: "x" → (no column)

words: +1 ~0 -1
  - same, 1
  + same, 3
"""


# --- Text -----------------------------------------------------------------------------------


def test_text(story: Program) -> None:
    done = story("diff", "before")
    first, before, after, rest = done.stdout.split("\n", 3)
    assert first == "diff before..HEAD"
    assert re.fullmatch(r"from [0-9a-f]{12} 2026-01-01 12:00:00Z Before", before)
    assert re.fullmatch(r"to   [0-9a-f]{12} 2026-01-02 12:00:00Z After", after)
    assert rest == f"\n{STORY}"
    assert done.stderr == (
        "note: Nothing tells the records of words apart: one that changed shows as removed and"
        " added, unless a key is declared.\n"
    )


def test_depth_summary(story: Program) -> None:
    assert shown(story, "before", "--depth", "summary") == (
        """
fares: +1 ~1 -1
  ~ column fare DECIMAL(18,2) → price DECIMAL(18,2)
new: +1 ~0 -0 (new table)
old: +0 ~0 -1 (dropped table)
ships: +0 ~2 -0
  ~ column built BIGINT → built VARCHAR
  + column flag VARCHAR
  - column note VARCHAR
words: +1 ~0 -1
"""
    )


def test_depth_record(story: Program) -> None:
    assert shown(story, "before", "fares", "new", "--depth", "record") == (
        """
fares: +1 ~1 -1
  ~ column fare DECIMAL(18,2) → price DECIMAL(18,2)
  ~ R1, car
  - R2, car
  + R3, car

new: +1 ~0 -0 (new table)
  + 7, x
"""
    )


def test_depth_full(story: Program) -> None:
    found = shown(story, "before", "fares", "--depth", "full")
    assert found.split("\n", 3)[3] == (
        """\
  ~ R1, car
      route: "R1"
      class: "car"
      fare → price: 10.50 → 11.00
  - R2, car
      route: "R2"
      class: "car"
      fare → price: 9.00
  + R3, car
      route: "R3"
      class: "car"
      fare → price: 8.25
"""
    )
    ships = shown(story, "before", "ships", "--depth", "full")
    assert ships.endswith(
        """
  ~ polaris
      _key: "polaris"
      name: "Polaris"
      built: "2004"
      flag: (no column) → "PL"
      _content:
          Built in Gdynia.
      note: "x" → (no column)
"""
    )


def test_backwards_everything_is_the_other_way_round(story: Program) -> None:
    found = shown(story, "HEAD..before", "old", "new", "ships", "--depth", "record")
    assert found == (
        """
new: +0 ~0 -1 (dropped table)
  - 7, x

old: +1 ~0 -0 (new table)
  + 1

ships: +0 ~2 -0
  ~ column built VARCHAR → built BIGINT
  + column note VARCHAR
  - column flag VARCHAR
  ~ aurora
  ~ polaris
"""
    )


def test_nested_places(program: Program, repo: RepoBuilder) -> None:
    old = {"a": [{"n": 1, "tags": ["x", "y"]}, {"n": 2, "tags": []}], "m": {"k": None, "l": 1}}
    new = {"a": [{"n": 1, "tags": ["y"]}, {"n": 5, "tags": []}], "m": {"l": "1"}}
    repo.commit({"deep/one.json": json.dumps(old)})
    repo.commit({"deep/one.json": json.dumps(new)})
    assert shown(program, "HEAD~1", "deep").split("  ~ one\n")[1] == (
        """\
      a:
        [0].tags[0]: - "x"
        [1].n: 2 → 5
      m:
        l: 1 → "1"
"""
    )


def test_long_texts_stand_below_each_other(program: Program, repo: RepoBuilder) -> None:
    start = "A sentence of some length, so that both do not fit beside each other, "
    repo.commit({"people/bo.yaml": f"name: Bo\ncity: Bergen\nage: 7\nnote: {start}once.\n"})
    repo.commit({"people/bo.yaml": f"name: Bo\ncity: Bergen\nage: 7\nnote: {start}twice.\n"})
    assert shown(program, "HEAD~1").splitlines()[3:] == [
        "      note:",
        f'        - "{start}once."',
        f'        + "{start}twice."',
    ]


def test_a_value_of_another_kind(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"codes/a.yaml": "zip: 10001\n", "codes/b.yaml": "zip: x\n"})
    repo.commit({"codes/a.yaml": 'zip: "10001"\n'})
    assert '      zip: "10001" → "10001" (of another type)\n' in shown(program, "HEAD~1")


def test_a_record_that_moves_shows_both_keys(program: Program, repo: RepoBuilder) -> None:
    repo.git("mv", "people/anna.yaml", "people/anne.yaml")
    repo.commit()
    assert shown(program, "HEAD~1") == (
        '\npeople: +0 ~1 -0\n  ~ anna → anne\n      _key: "anna" → "anne"\n'
    )


def test_keys_and_references_are_part_of_the_schema(ferries: Program) -> None:
    found = shown(ferries, "v1.0..v2.0", "fares", "routes", "--depth", "summary")
    lines = found.splitlines()
    assert lines[1] == "fares: +0 ~731 -0"
    assert "  ~ column fare DECIMAL(18,2) → price_eur DECIMAL(18,2) NOT NULL" in lines
    assert "  + key route, category, season, ticket, class" in lines
    assert "  + reference route → routes" in lines
    assert "routes: +0 ~26 -0 (renamed from lines)" in lines


def test_what_a_terminal_would_obey_is_taken_out(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"people/anna.yaml": 'name: "\\e[31mred\\u202e\\n\\x9b"\n'})
    found = program("diff", "HEAD~1..HEAD").stdout
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", found)
    assert "[31mred" in found


# --- Which commits and which tables ---------------------------------------------------------

ADDED = "\npeople: +1 ~0 -0\n  + cy\n"
NOTHING = "no record changes\n"


def test_without_words_the_work_tree_is_compared(program: Program, repo: RepoBuilder) -> None:
    assert shown(program) == NOTHING
    repo.write("people/anna.yaml", "name: Anna\ncity: Bergen\nage: 41\n")
    repo.write("people/new.yaml", "name: New\n")
    changed = '\npeople: +1 ~1 -0\n  ~ anna\n      city: "Oslo" → "Bergen"\n  + new\n'
    assert shown(program) == changed
    assert shown(program, "people") == changed
    assert shown(program, "places") == NOTHING
    repo.git("add", "people/new.yaml")
    assert shown(program, "HEAD..STAGED") == "\npeople: +1 ~0 -0\n  + new\n"
    assert program("diff").stdout.startswith("diff HEAD..WORKING\nfrom ")


def test_three_dots_begin_at_the_merge_base(program: Program, repo: RepoBuilder) -> None:
    repo.branch("side", "v1")
    repo.commit({"people/bo.yaml": None})
    one_side = "\npeople: +0 ~0 -1\n  - bo\n"
    assert shown(program, "main...side") == one_side
    assert shown(program, "main..side") == "\npeople: +0 ~0 -2\n  - bo\n  - cy\n"
    assert program("diff", "main...side").stdout.startswith("diff main...side\n")
    base = repo.git("merge-base", "main", "side")
    found = program("diff", "main...side", "--format", "json").stdout
    assert json.loads(found)["from_commit"]["hash"] == base


def test_a_word_that_is_both(program: Program, repo: RepoBuilder) -> None:
    repo.git("branch", "people", "v1")
    status, said = refused(program, "people")
    assert status == 2
    assert "people is a commit and a table" in said
    assert "ingitdb diff people --" in said
    assert "ingitdb diff -- people" in said
    assert shown(program, "people", "--") == ADDED
    assert shown(program, "--", "people") == NOTHING
    assert shown(program, "people..", "people") == ADDED


def test_a_bare_repository(program: Program, repo: RepoBuilder, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    repo.git("clone", "--quiet", "--bare", repo.path, bare)
    status, said = refused(program.at(bare))
    assert status == 2
    assert "ingitdb diff HEAD~1..HEAD" in said
    assert shown(program.at(bare), "v1") == ADDED


def test_before_the_first_commit(program: Program, tmp_path: Path) -> None:
    builder = RepoBuilder(tmp_path / "unborn")
    builder.write("t.csv", "a\n1\n")
    assert shown(program.at(builder.path)) == "\nt: +1 ~0 -0 (new table)\n  + 1\n"
    assert shown(program.at(builder.path), "EMPTY..WORKING", "t").endswith("  + 1\n")
    assert refused(program.at(builder.path), "HEAD")[0] == 3


def test_a_folder_of_the_repository(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"sub/t.csv": "a\n1\n", "u.csv": "a\n1\n"})
    found = shown(program, "HEAD~1", "-C", "sub", "--depth", "summary")
    assert found == "\nt: +1 ~0 -0 (new table)\n"


def test_unreadable_files_are_named(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"people/bad.yaml": "name: [\n", "people/dora.yaml": "name: Dora\n"})
    done = program("diff", "HEAD~1")
    assert "  + dora\n" in done.stdout
    assert done.stderr.startswith("warning: not read: people/bad.yaml:2")
    assert refused(program, "HEAD~1", "--strict")[0] == 5


# --- The exit status ------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "html", "csv", "sql"])
def test_exit_code(program: Program, form: str) -> None:
    asked = ("diff", "--exit-code", "--format", form)
    assert program(*asked, "v1", "people").returncode == 1
    assert program(*asked, "v1", "places").returncode == 0
    assert program("diff", "--format", form, "v1", "people").returncode == 0


def test_exit_code_where_only_the_schema_differs(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"places.csv": "name,country,note\nOslo,NO,\nBergen,NO,\n"})
    done = program("diff", "HEAD~1", "--exit-code")
    assert done.returncode == 1
    assert done.stdout.endswith("\nplaces: +0 ~0 -0\n  + column note VARCHAR\n")


# --- The terminal ---------------------------------------------------------------------------


def test_colours_on_a_terminal(terminal: Start) -> None:
    shows = terminal("diff", "v1")
    assert "  + cy" in shows.read_until(None)
    assert "\x1b[32m  + cy\x1b[0m" in shows.raw
    plain = terminal("diff", "v1", NO_COLOR="1")
    assert "  + cy" in plain.read_until(None)
    assert "\x1b[" not in plain.raw


def test_words_that_differ_stand_out(terminal: Start, repo: RepoBuilder) -> None:
    text = "A sentence of some length, so that both do not fit beside each other, "
    repo.commit({"people/bo.yaml": f"name: {text}once\n"})
    repo.commit({"people/bo.yaml": f"name: {text}twice\n"})
    shows = terminal("diff", "HEAD~1", columns="200")
    shows.read_until(None)
    assert "\x1b[32m\x1b[7mtwice\x1b[0m" in shows.raw


def test_many_lines_are_paged(terminal: Start, repo: RepoBuilder) -> None:
    repo.commit({"many.csv": "id\n" + "".join(f"{n}\n" for n in range(500))})
    paged = terminal("diff", "HEAD~1", PAGER="tail -1")
    assert paged.read_until(None).strip() == "+ 499"
    short = terminal("diff", "HEAD~1", "--depth", "summary", PAGER="false")
    assert "many: +500 ~0 -0 (new table)" in short.read_until(None)
    whole = terminal("diff", "HEAD~1", "--no-pager", PAGER="false")
    assert "+ 499" in whole.read_until(None)
    binary = terminal("diff", "HEAD~1", "many", "--format", "arrow")
    assert "no text for a terminal" in binary.read_until(None)
    assert binary.wait() == 2


def test_a_reader_that_goes_early(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"many.csv": "id\n" + "".join(f"{n}\n" for n in range(50_000))})
    running = program.start("diff", "HEAD~1", stdout=-1, stderr=-1)
    assert running.stdout is not None
    assert running.stdout.readline() == b"diff HEAD~1..HEAD\n"
    running.stdout.close()
    assert running.wait(60) == 0
    assert running.stderr is not None
    assert running.stderr.read() == b""
    running.stderr.close()
