"""`ingitdb keys suggest`: git and a CSV reader judge what is unique; what is printed is pasted."""

import csv
import io
import json
import random
from itertools import combinations
from typing import Any

from tests.e2e.conftest import Program
from tests.support.northlight import Demo
from tests.support.repositories import RepoBuilder

TABLES = ".ingitdb/tables.yaml"


def suggested(program: Program, *arguments: str) -> list[dict[str, Any]]:
    done = program("keys", "suggest", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def snippet(program: Program, *arguments: str) -> str:
    done = program("keys", "suggest", *arguments, "--format", "yaml")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def keys(program: Program, *arguments: str) -> dict[str, list[str]]:
    """Gives the keys of the tables that have one."""
    done = program("tables", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return {row["name"]: row["key"] for row in json.loads(done.stdout) if row["key"]}


# --- Against git ----------------------------------------------------------------------------

NAMES = ("kind", "town", "label", "size")
ROWS, COMMITS, TABLES_OF_CHANCE, MOST = 8, 20, 6, 8
Broken = list[str]
"""The commits at which a key did not hold, the oldest first."""


def make_tables(repo: RepoBuilder, chance: random.Random) -> list[str]:
    """Commits tables whose columns have values from large and small stocks, some of them none."""
    stocks = {
        f"things{number}": [chance.choice((2, 4, 30, 200, 2000)) for _ in NAMES]
        for number in range(TABLES_OF_CHANCE)
    }

    def value(stock: int) -> str:
        return "" if chance.random() < 0.01 else f"v{chance.randrange(stock)}"

    tables = {
        name: [[value(n) for n in stock] for _ in range(ROWS)] for name, stock in stocks.items()
    }
    for number in range(COMMITS):
        for name, rows in tables.items():
            row, column = chance.randrange(ROWS), chance.randrange(len(NAMES))
            rows[row][column] = value(stocks[name][column])
        texts = {
            f"{name}.csv": "\n".join([",".join(NAMES), *map(",".join, rows), ""])
            for name, rows in tables.items()
        }
        repo.commit(dict(texts), f"Change {number}")
    return list(tables)


def broken(repo: RepoBuilder, table: str) -> dict[tuple[str, ...], Broken]:
    """Gives for one, two and three columns the commits at which they are no key."""
    found: dict[tuple[str, ...], Broken] = {
        key: [] for size in (1, 2, 3) for key in combinations(NAMES, size)
    }
    for commit in repo.git("rev-list", "--reverse", "main", f"^HEAD~{COMMITS}").splitlines():
        rows = list(csv.DictReader(io.StringIO(repo.git("show", f"{commit}:{table}.csv"))))
        for key, commits in found.items():
            values = [tuple(row[column] for column in key) for row in rows]
            if any("" in value for value in values) or len(set(values)) < len(values):
                commits.append(commit)
    return found


def expected(known: dict[tuple[str, ...], Broken], tip: str) -> dict[tuple[str, ...], Broken]:
    """Gives what holds at the tip: of one column, and of more as long as fewer do not last.

    More that hold no more often than fewer of them are left out.
    """
    found: dict[tuple[str, ...], Broken] = {}
    for size in (1, 2, 3):
        found |= {k: at for k, at in known.items() if len(k) == size and tip not in at}
        if [] in found.values():
            break
    return {
        key: at
        for key, at in found.items()
        if not any({*k} < {*key} and len(a) <= len(at) for k, a in found.items())
    }


def test_candidates_are_those_that_git_confirms(
    program: Program, repo: RepoBuilder, seed: int
) -> None:
    tables = make_tables(repo, random.Random(seed))
    told: dict[str, list[dict[str, Any]]] = {}
    for row in suggested(program, *tables):
        told.setdefault(row["table"], []).append(row)
    for table in tables:
        known = broken(repo, table)
        wanted = expected(known, repo.tip())
        found = [row for row in told[table] if row["key"] is not None and len(row["key"]) < 4]
        keys = {tuple(row["key"]) for row in found}
        assert keys <= wanted.keys(), (table, seed)
        assert len(keys) == min(len(wanted), MOST), (table, seed)
        counts = [row["broken"] for row in found]
        assert counts == sorted(len(at) for at in wanted.values())[: len(counts)], (table, seed)
        for row in found:
            commits = wanted[tuple(row["key"])]
            ends = (commits[0], commits[-1]) if commits else (None, None)
            assert (row["first_broken"], row["last_broken"]) == ends, (table, seed)
            assert row["verdict"] == ("broken" if commits else "lasts")
        assert [row["suggested"] for row in found] == [n == 0 for n in range(len(found))]


def test_what_lasts_comes_before_what_did_not(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"things.csv": "kind,town\na,Oslo\nb,Voss\n"}, "First")
    twice = repo.commit({"things.csv": "kind,town\na,Oslo\na,Voss\n"}, "Twice")
    none = repo.commit({"things.csv": "kind,town\n,Oslo\nb,Voss\n"}, "Missing")
    repo.commit({"things.csv": "kind,town\na,Oslo\nb,Voss\n"}, "Mended")
    town, kind = suggested(program, "things")
    assert (town["key"], town["verdict"], town["broken"]) == (["town"], "lasts", 0)
    assert (kind["key"], kind["verdict"], kind["broken"]) == (["kind"], "broken", 2)
    assert (kind["first_broken"], kind["last_broken"]) == (twice, none)
    assert (kind["missing"], kind["repeated"], kind["commits"]) == (True, True, 6)
    before = suggested(program, "things", "--at", twice)
    assert [(row["key"], row["broken"]) for row in before] == [(["town"], 0)]
    text = program("keys", "suggest", "things", "--format", "text").stdout.splitlines()
    assert [line.split("  ")[0] for line in text[2:4]] == ["things"] * 2
    assert "holds at all 6 commits" in text[2]
    assert (
        "missing or repeated at 2 of 6 commits, first on 2026-01-04, last on 2026-01-05" in text[3]
    )
    assert text[5:] == [f"# {TABLES}", "tables:", "  things:", "    key: town"]


def test_what_only_broke_before_is_said_to_have(program: Program, repo: RepoBuilder) -> None:
    bad = repo.commit({"one.csv": "kind\na\na\n"}, "Twice")
    repo.commit({"one.csv": "kind\na\nb\n"}, "Mended")
    assert snippet(program, "one").splitlines()[2:] == [
        "  one:",
        f"    # repeated at 1 of 4 commits, on 2026-01-03 ({bad[:12]})",
        "    key: kind",
    ]


def test_measures_are_no_keys_while_others_will_do(program: Program, repo: RepoBuilder) -> None:
    text = "town,line,price\nOslo,1,1.50\nOslo,2,2.50\nVoss,1,3.50\n"
    repo.commit({"prices.csv": text}, "Prices")
    assert [row["key"] for row in suggested(program, "prices")] == [["town", "line"], ["price"]]


def test_nothing_tells_records_apart(program: Program, repo: RepoBuilder) -> None:
    repo.commit({"same.csv": "kind,town\na,Oslo\na,Oslo\n", "none.csv": "kind\n"}, "Same")
    assert [
        (row["table"], row["key"], row["verdict"]) for row in suggested(program, "same", "none")
    ] == [
        ("same", None, "none"),
        ("none", None, "none"),
    ]
    done = program("keys", "suggest", "same", "--format", "yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "nothing to declare\n")


# --- What has a key -------------------------------------------------------------------------


def test_keys_that_are_there(program: Program, repo: RepoBuilder) -> None:
    declared = "tables: {places: {key: name}}\n"
    repo.commit({TABLES: declared, "places.csv": "name,country\nOslo,NO\nOslo,NO\n"}, "Twice")
    bad = repo.tip()
    repo.commit({"places.csv": "name,country\nOslo,NO\nVoss,NO\n"}, "Mended")
    people, places = suggested(program)
    assert (people["key"], people["verdict"]) == (["_key"], "file name or map key")
    assert (places["key"], places["verdict"], places["broken"]) == (["name"], "declared", 1)
    assert places["last_broken"] == bad
    text = program("keys").stdout
    assert "is the key: file names or the keys of a map" in text
    assert "is declared; repeated at 1 of 4 commits" in text
    assert "tables:" not in text


# --- What is printed works ------------------------------------------------------------------

ODD = {
    "data/my list.csv": "yes,name\n1,a\n2,a\n",
    "a.b.csv": "id,name\n1,a\n2,a\n",
    "members.json": '[{"id": {"guide": "A"}, "n": 1}, {"id": {"guide": "B"}, "n": 1}]',
    "crews.yaml": "oslo: [{no: 1}, {no: 2}]\nvoss: [{no: 1}, {no: 2}]\n",
    "byer.csv": "by,år,æ\nOslo,2024,1\nOslo,2025,1\nBodø,2024,1\n",
}
KEYS = {
    "my list": ["yes"],
    "a.b": ["id"],
    "members": ["id.guide"],
    "crews": ["_key", "no"],
    "byer": ["by", "år"],
    "places": ["name"],
}


def test_what_is_printed_can_be_pasted(program: Program, repo: RepoBuilder) -> None:
    repo.commit(dict(ODD), "Odd ones")
    (repo.path / ".ingitdb").mkdir()
    file = str(repo.path / TABLES)
    assert program("keys", "suggest", "--output", file).returncode == 0
    found = keys(program, "--at", "WORKING", "--strict")
    assert {name: sorted(key) for name, key in found.items() if name != "people"} == KEYS
    assert program("blame", "places").returncode == 4
    repo.commit({"places.csv": "name,country\nOslo,NO\nBergen,SE\n"}, "Declare, and change")
    (row,) = csv.DictReader(io.StringIO(program("blame", "places", "Bergen").stdout))
    assert row["message"].strip() == "Declare, and change"
    assert "Bergen" in program("history", "places", "Bergen").stdout


def test_a_key_counts_from_the_commit_that_declares_it(program: Program, repo: RepoBuilder) -> None:
    text = snippet(program, "places")
    repo.commit({TABLES: text}, "Declare")
    program("cache", "clear")  # so that both commits are read in one go
    assert keys(program)["places"] == ["name"]
    (row,) = csv.DictReader(io.StringIO(program("blame", "places", "Bergen").stdout))
    assert row["message"].strip() == "First"


def test_what_is_there_already_is_joined_by_hand(program: Program, repo: RepoBuilder) -> None:
    files = {TABLES: "tables:\n  fleet:\n    glob: ships.csv\n", "ships.csv": "id,n\n1,1\n2,1\n"}
    repo.commit(files, "Ships")
    text = snippet(program)
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert "there already" in comments[0]
    assert "`key:` alone" in comments[1]
    assert text.splitlines()[2:] == [
        "tables:",
        "  fleet:",
        "    key: id",
        "  places:",
        "    key: name",
    ]
    entry = text.split("  places:\n")[1]
    joined = f"{files[TABLES]}    key: id\n  places:\n{entry}"
    repo.write(TABLES, joined)
    found = keys(program, "--at", "WORKING", "--strict")
    assert (found["fleet"], found["places"]) == (["id"], ["name"])


def test_the_demo_before_its_definitions(northlight: Demo) -> None:
    program = Program(northlight.home, northlight.path)
    found = {row["table"]: row for row in suggested(program, "--at", "v2.0~1") if row["suggested"]}
    declared = keys(program)
    assert {name: row["key"] for name, row in found.items()} == {
        name: key for name, key in declared.items() if key != ["_key"]
    }
    assert {row["verdict"] for row in found.values()} == {"lasts"}


def test_what_is_wrong_is_said(program: Program, repo: RepoBuilder) -> None:
    unknown = program("keys", "suggest", "place")
    assert (unknown.returncode, "places" in unknown.stderr) == (3, True)
    assert program("keys", "suggest", "--at", "EMPTY").stdout == ""
    assert program("keys", "suggest", "--format", "html").returncode == 2
    repo.git("rm", "-qr", ".")
    repo.commit({"main.py": "print()\n"}, "Code only")
    nothing = program("keys", "suggest")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "no data files found" in nothing.stderr
