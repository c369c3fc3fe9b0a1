"""insert, update, delete: each is one commit of the smallest change, or none; git is the judge."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.conftest import Program
from tests.support.repositories import RepoBuilder
from tests.support.writable import fill


@pytest.fixture
def data(repo: RepoBuilder, program: Program) -> RepoBuilder:
    """Tables of several forms to write to."""
    del program
    repo.git("rm", "-qr", ".")
    return fill(repo)


def changed(repo: RepoBuilder, before: str) -> list[str]:
    """Gives the lines that one commit took away and brought; the tree is clean and sound."""
    assert repo.git("rev-list", "--count", f"{before}..main") == "1"
    assert repo.git("status", "--porcelain") == ""
    repo.git("fsck", "--strict")
    shown = repo.git("diff", "-U0", "HEAD~1", "HEAD").splitlines()
    return [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]


INSERT, UPDATE, DELETE = ["insert", "--into"], ["update"], ["delete"]
DONE: list[tuple[Sequence[str], str, str, list[str]]] = [
    (
        [*INSERT, "people", "--key", "di", "--data", "{name: Di, age: 3, tags: [x, 'no']}"],
        "",
        "1 record inserted into people",
        ["+name: Di", "+age: 3", "+tags:", "+  - x", "+  - 'no'"],
    ),
    (
        [*INSERT, "people", "--key", "di"],
        "name: Di\nage: 3\n",
        "1 record inserted into people",
        ["+name: Di", "+age: 3"],
    ),
    (
        [*INSERT, "stops", "--data", '{"$id": "c", "size": 3}'],
        "",
        "1 record inserted into stops",
        ["+c:", "+  size: 3"],
    ),
    ([*INSERT, "stops", "--key", "c", "--empty"], "", "1 record", ["+c: {}"]),
    (
        [*INSERT, "fares", "--key", "R3", "--data", "price: 7"],
        "",
        "1 record inserted into fares",
        ["+R3,7.00"],
    ),
    (
        [*INSERT, "log", "--format", "jsonl"],
        '{"id": 3, "n": 1}\n\n{"n": 2, "id": 4}\n',
        "2 records inserted into log",
        ['+{"id":3,"n":1}', '+{"id":4,"n":2}'],
    ),
    (
        [*INSERT, "stops", "--format", "yaml"],
        "_key: c\nsize: 3\n---\n$id: d\nsize: 4\n",
        "2 records inserted into stops",
        ["+c:", "+  size: 3", "+d:", "+  size: 4"],
    ),
    (
        [*INSERT, "stops", "--format", "csv"],
        "id,size\nc,3\nd,\n",
        "2 records inserted into stops",
        ["+c:", "+  size: 3", "+d: {}"],
    ),
    (
        [*INSERT, "stops", "--format", "csv", "--fields", "size, code", "--key-column", "code"],
        "3;c\n",
        "1 record inserted into stops",
        ["+c:", "+  size: 3"],
    ),
    (
        [*INSERT, "stops", "--format", "ingr"],
        '# INGR.io | stops: $ID, size\n"c"\n3\n# 1 record\n',
        "1 record inserted into stops",
        ["+c:", "+  size: 3"],
    ),
    (
        [*INSERT, "fares", "--format", "json"],
        '[{"route": "R3", "price": 7.5}, {"route": "007", "price": 8}]',
        "2 records inserted into fares",
        ["+R3,7.50", "+007,8.00"],
    ),
    (
        [*UPDATE, "--id", "people/anna", "--set", "age=42", "--set", "tags=[a, c]"],
        "",
        "1 record updated in people",
        ["-age: 41", "-tags: [a, b]", "+age: 42", "+tags: [a, c]"],
    ),
    (
        [*UPDATE, "--id", "data.lakes/deep/one", "--set", "{depth: 13}"],
        "",
        "1 record updated in data.lakes",
        ["-  depth: 12", "+  depth: 13"],
    ),
    (
        [*UPDATE, "--id", "log/2__6", "--set", "n=7"],
        "",
        "1 record updated in log",
        ['-{"id":2,"n":6}', '+{"id":2,"n":7}'],
    ),
    (
        [*UPDATE, "--from", "people", "--all", "--unset", "city,tags"],
        "",
        "3 records updated in people",
        ["-city: Oslo", "-tags: [a, b]", "-city: New York"],
    ),
    (
        [*UPDATE, "--from", "fares", "--where", "price > 10", "--unset", "price"],
        "",
        "1 record updated in fares",
        ["-R2,12.00", "+R2,"],
    ),
    (
        [*UPDATE, "--from", "data.lakes", "--where", "depth > 10", "--unset", "depth"],
        "",
        "1 record updated in data.lakes",
        ["-deep/one:", "-  depth: 12", "+deep/one: {}"],
    ),
    (
        [*UPDATE, "--from", "people", "-w", "age >= 1,000", "-w", "city == New York",
         "--set", "age=1001", "--set", "name=Cyrus"],
        "",
        "1 record updated in people",
        ["-name: Cy", "+name: Cyrus", "-age: 1200", "+age: 1001"],
    ),
    (
        [*DELETE, "--id", "people/bo"],
        "",
        "1 record deleted from people",
        ["-name: Bo", "-age: 7", "-position: {lat: 60.5, lon: 5}"],
    ),
    (
        [*DELETE, "--from", "fares", "--where", "price > 10", "--min-affected", "1"],
        "",
        "1 record deleted from fares",
        ["-R2,12.00"],
    ),
    (
        [*DELETE, "--from", "log", "--all"],
        "",
        "2 records deleted from log",
        ['-{"id":1,"n":5}', '-{"id":2,"n":6}'],
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", DONE, ids=[" ".join(case[0])[:60] for case in DONE])
def test_one_commit_of_the_smallest_change(
    case: tuple[Sequence[str], str, str, list[str]], program: Program, data: RepoBuilder
) -> None:
    words, stdin, said, lines = case
    before = data.tip()
    done = program(*words, data=stdin.encode())
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert changed(data, before) == lines
    assert re.fullmatch(rf"{said}.* \([0-9a-f]{{12}}\)\n", done.stderr)
    assert data.tip().startswith(done.stderr.strip()[-13:-1])
    verb, table = words[0].upper(), said.split()[-1]
    if len(said.split()) > 2:
        assert data.git("log", "-1", "--format=%B").strip() == (
            f"{verb} {table}: {' '.join(said.split()[:2])}"
        )


def test_a_key_that_names_two_records(program: Program, data: RepoBuilder) -> None:
    before = data.commit({"fares.csv": "route,price\nR1,1\nR1,2\n"})
    done = program("delete", "--id", "fares/R1")
    assert (done.returncode, data.tip()) == (4, before)
    assert "2 records" in done.stderr
    data.commit({".ingitdb/tables.yaml": None})
    done = program("delete", "--id", "fares/R1")
    assert (done.returncode, "keys suggest fares" in done.stderr) == (4, True)


def test_messages_quiet_and_branches(program: Program, data: RepoBuilder) -> None:
    data.git("branch", "summer")
    main = data.tip()
    done = program(
        *INSERT, "stops", "--key", "c", "--empty", "-m", "A stop\n\nFor ø", "--at", "summer",
        "--quiet",
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (data.tip(), data.git("log", "-1", "--format=%B", "summer").strip()) == (
        main,
        "A stop\n\nFor ø",
    )
    assert data.git("show", "summer:stops.yaml").endswith("c: {}")


def test_nothing_to_write_is_no_commit(program: Program, data: RepoBuilder) -> None:
    before = data.tip()
    same = program("update", "--from", "people", "--all", "--set", "name=Anna", "-w", "age==41")
    assert same.returncode == 2
    same = program("update", "--id", "people/anna", "--set", "name=Anna")
    assert (same.returncode, same.stderr) == (0, "1 record of people met, nothing to change\n")
    none = program("delete", "--from", "people", "--where", "age == 1")
    assert (none.returncode, none.stderr) == (0, "0 records deleted from people\n")
    empty = program(*INSERT, "stops", "--format", "jsonl", data=b"\n")
    assert (empty.returncode, empty.stderr) == (0, "0 records inserted into stops\n")
    assert data.tip() == before


def test_a_field_goes_from_a_record_that_gets_another_key(
    program: Program, data: RepoBuilder
) -> None:
    done = program("query", "CREATE TABLE lines (code VARCHAR PRIMARY KEY, note VARCHAR)")
    assert done.returncode == 0, done.stderr
    assert program("query", "INSERT INTO lines VALUES ('a', 'x'), ('b', 'y')").returncode == 0
    done = program(*UPDATE, "--id", "lines/a", "--set", "code=z", "--unset", "note")
    assert done.returncode == 0, done.stderr
    assert data.git("show", "--format=", "--name-status", "--no-renames").split() == [
        "D", "lines/$records/a.yaml", "A", "lines/$records/z.yaml",
    ]  # fmt: skip
    assert data.git("show", "HEAD:lines/$records/z.yaml") == "code: z"


def test_fields_go_also_where_they_are_null(program: Program, data: RepoBuilder) -> None:
    declared = ".ingitdb/tables.yaml"
    data.commit(
        {
            "lines/a.yaml": "code: a\nnote: x\n",
            "lines/b.yaml": "code: b\nnote: null\n",
            "lines/c.yaml": "code: c\n",
            declared: "tables: {lines: {key: code, columns: {code: {required: true}}}}\n",
        }
    )
    before = data.tip()
    done = program(*UPDATE, "--from", "lines", "--all", "--unset", "note")
    assert (done.returncode, changed(data, before)) == (0, ["-note: x", "-note: null"]), done.stderr
    before = data.tip()
    done = program(*UPDATE, "--id", "lines/a", "--unset", "code")
    assert (done.returncode, data.tip()) == (4, before), done.stderr


def test_a_batch_of_many_is_one_commit(program: Program, data: RepoBuilder) -> None:
    before = data.tip()
    lines = "".join(f'{{"id": {n}, "n": {n % 7}}}\n' for n in range(10, 5010))
    done = program(*INSERT, "log", "--format", "jsonl", data=lines.encode())
    assert done.returncode == 0, done.stderr
    assert "5,000 records" in done.stderr
    assert changed(data, before) == [f'+{{"id":{n},"n":{n % 7}}}' for n in range(10, 5010)]


def editor(path: Path, *lines: str) -> str:
    """Makes an editor that runs Python with the file's text as `text` and its path as `file`."""
    script = ["import pathlib, sys", "file = pathlib.Path(sys.argv[1])", "text = file.read_text()"]
    path.write_text("\n".join([*script, *lines]))
    return f"{sys.executable} {path}"


def test_a_record_from_the_editor(program: Program, data: RepoBuilder, tmp_path: Path) -> None:
    seen = tmp_path / "seen.yaml"
    filling = editor(
        tmp_path / "fill.py",
        f"pathlib.Path({str(seen)!r}).write_text(text)",
        "file.write_text(text.replace('name:', 'name: Di').replace('age:', 'age: 3'))",
    )
    before = data.tip()
    done = program(*INSERT, "people", "--key", "di", "--edit", EDITOR=filling)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert changed(data, before) == ["+name: Di", "+age: 3"]
    assert data.git("ls-files", "people/di.yaml")
    text = seen.read_text()
    assert '_key: "di"  # VARCHAR, the key' in text
    assert all(f"\n{name}:  # " in text for name in ("name", "city", "age", "tags", "position"))


def test_an_editor_that_changes_nothing(
    program: Program, data: RepoBuilder, tmp_path: Path
) -> None:
    before = data.tip()
    left = program(*INSERT, "people", "--edit", VISUAL=editor(tmp_path / "left.py"))
    assert (left.returncode, "nothing was written" in left.stderr) == (130, True)
    failed = program(*INSERT, "people", "--edit", EDITOR=editor(tmp_path / "no.py", "sys.exit(3)"))
    assert failed.returncode == 2
    assert data.tip() == before


def test_what_was_typed_is_kept(program: Program, data: RepoBuilder, tmp_path: Path) -> None:
    before = data.tip()
    for text in ("name: [", "name: Di\nage: old\n_key: di"):
        broken = editor(tmp_path / "broken.py", f"file.write_text({text!r})")
        done = program(*INSERT, "people", "--edit", EDITOR=broken, TMPDIR=str(tmp_path))
        kept = re.search(r"note: what you wrote is kept in (.+)\n", done.stderr)
        assert done.returncode in (2, 4)
        assert kept, done.stderr
        assert Path(kept[1]).read_text() == text
        assert Path(kept[1]).is_relative_to(tmp_path)
    assert data.tip() == before


def test_local_changes_are_not_overwritten(program: Program, data: RepoBuilder) -> None:
    data.write("people/anna.yaml", "name: Anne\n")
    before = data.tip()
    done = program("update", "--id", "people/anna", "--set", "age=42")
    assert (done.returncode, data.tip()) == (4, before)
    assert (data.path / "people/anna.yaml").read_text() == "name: Anne\n"
    assert program("update", "--id", "people/bo", "--set", "age=8").returncode == 0
    assert data.git("status", "--porcelain") == " M people/anna.yaml"
