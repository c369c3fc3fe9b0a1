"""Git's own commands after `ingitdb git-setup`: git itself is the judge."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.e2e.conftest import Program
from tests.support.repositories import RepoBuilder


def body(text: str) -> list[str]:
    """Gives what a diff says was there and is there."""
    return [line for line in text.splitlines() if re.match(r"[-+](?!\+\+ |-- )", line)]


def headers(text: str) -> list[str]:
    """Gives what the hunks say they are in."""
    return re.findall(r"^@@ .* @@ ?(.*)$", text, re.MULTILINE)


@pytest.fixture
def set_up(program: Program, repo: RepoBuilder) -> RepoBuilder:
    """The repository with people and places, set up and committed."""
    done = program("git-setup")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    repo.commit(message="Set up")
    return repo


# --- What git says --------------------------------------------------------------------------


def test_diff_names_the_record_and_the_field(set_up: RepoBuilder) -> None:
    set_up.write("people/anna.yaml", "# moved\nname: 'Anna'\nage: 42\ncity: \"Oslo\"\n")
    assert body(set_up.git("diff")) == ["+age: 42", "-age: 41"]
    set_up.write("people/anna.yaml", "name: 'Anna'\ncity: \"Oslo\"\nage: 41 # quoted anew\n")
    assert set_up.git("diff", "--stat") != ""
    assert body(set_up.git("diff")) == []


def test_new_tables_join_when_it_runs_again(program: Program, set_up: RepoBuilder) -> None:
    rows = [f"P{n},{n},x,y,z,w" for n in range(30)]
    table = "code,n,a,b,c,d\n"
    set_up.commit({"data/parts.csv": table + "\n".join(rows) + "\n"})
    assert set_up.git("check-attr", "diff", "data/parts.csv").endswith("unspecified")
    assert program("git-setup").returncode == 0
    rows[17] = "P17,17,x,y,z,new"
    rows.insert(3, "Q,3,x,y,z,w")
    set_up.write("data/parts.csv", table + "\n".join(rows) + "\n")
    text = set_up.git("diff", "--", "data")
    assert body(text) == [
        *("+record Q", '+code: "Q"', "+n: 3", '+a: "x"', '+b: "y"', '+c: "z"', '+d: "w"'),
        *('-d: "w"', '+d: "new"'),
    ]
    assert headers(text) == ["record P2", "record P17"]


def test_log_and_show_speak_of_records(set_up: RepoBuilder) -> None:
    set_up.commit({"people/bo.yaml": "name: Bo\ncity: Voss\nage: 7\n"}, "Bo moves")
    expected = ['-city: "Bergen"', '+city: "Voss"']
    assert body(set_up.git("show")) == expected
    assert body(set_up.git("log", "-p", "-1")) == expected
    first = set_up.git("log", "-p", "--reverse", "--", "people/bo.yaml")
    assert body(first)[:4] == ["+record bo", '+name: "Bo"', '+city: "Bergen"', "+age: 7"]
    assert body(set_up.git("show", "--no-textconv")) == ["-city: Bergen", "+city: Voss"]


def test_staged_changes_and_two_commits(set_up: RepoBuilder) -> None:
    set_up.write("people/bo.yaml", "name: Bo\ncity: Voss\nage: 7\n")
    set_up.git("add", "--all")
    assert body(set_up.git("diff", "--cached")) == ['-city: "Bergen"', '+city: "Voss"']
    assert body(set_up.git("diff", "v1", "HEAD", "--", "people")) == [
        *("+record cy", '+name: "Cy"', '+city: "Oslo"', "+age: 30"),
    ]


def test_a_kind_of_value_differs_from_its_text(set_up: RepoBuilder) -> None:
    set_up.write("people/bo.yaml", "name: Bo\ncity: Bergen\nage: '7'\n")
    assert body(set_up.git("diff")) == ["-age: 7", '+age: "7"']


def test_a_changed_line_of_a_text_is_one_line(program: Program, repo: RepoBuilder) -> None:
    text = "---\ntitle: A\n---\n# Head\n\nrecord of old\nlast\n"
    repo.commit({"notes/a.md": text, "notes/b.md": text}, "Notes")
    program("git-setup")
    repo.write("notes/a.md", text.replace("last", "final"))
    shown = repo.git("diff", "--", "notes")
    assert body(shown) == ["-  last", "+  final"]
    assert headers(shown) == ["record a"]


def test_binary_tables_are_read(program: Program, repo: RepoBuilder) -> None:
    def write(city: str) -> None:
        table = pa.table({"id": [1, 2], "city": ["Oslo", city]})
        parquet.write_table(table, repo.path / "towns.parquet")

    write("Bergen")
    repo.commit()
    program("git-setup")
    write("Voss")
    assert body(repo.git("diff")) == ['-city: "Bergen"', '+city: "Voss"']
    repo.write("towns.parquet", b"PAR1\0\0 damaged")
    shown = repo.run("diff")
    assert shown.stderr == b""
    assert re.search(rb"^\+14 bytes, sha256 [0-9a-f]{64}$", shown.stdout, re.MULTILINE)


def test_what_cannot_be_read_is_shown_as_it_is(set_up: RepoBuilder) -> None:
    set_up.write("people/bo.yaml", "name: [Bo\ncity: \xf8\n".encode("latin-1"))
    shown = set_up.run("diff")
    assert shown.stderr == b""
    assert b"+name: [Bo\n+city: \xf8\n" in shown.stdout
    assert b'-name: "Bo"\n' in shown.stdout


def test_declared_keys_name_the_records(program: Program, repo: RepoBuilder) -> None:
    settings = "tables: {fares: {key: [route, class]}}\n"
    fares = "price,route,class\n1.50,R1,a\n1.50,R1,b\n2.50,R2,a\n"
    repo.commit({"fares.csv": fares, ".ingitdb/tables.yaml": settings}, "Fares")
    program("git-setup")
    repo.write("fares.csv", fares.replace("2.50", "2.75"))
    shown = repo.git("diff", "-U0", "--", "fares.csv")
    assert body(shown) == ["-price: 2.50", "+price: 2.75"]
    assert headers(shown) == ["record R2, a"]


def test_a_map_of_records_and_lists_in_a_map(program: Program, repo: RepoBuilder) -> None:
    routes = "R1: {from: Oslo, stops: [A, B]}\nR2: {from: Voss, stops: []}\n"
    feed = '{"updated": 1, "items": [{"id": 7, "at": {"x": 1}}, {"id": 8, "at": null}]}'
    repo.commit({"routes.yaml": routes, "data/feed.json": feed}, "More")
    program("git-setup")
    repo.write("routes.yaml", routes.replace("B]", "C, B]"))
    repo.write("data/feed.json", feed.replace('"updated": 1', '"updated": 2').replace("null", "{}"))
    shown = repo.git("diff", "-U1")
    assert body(shown) == ["-updated: 1", "+updated: 2", "-at: null", "+at: {}", '+stops[]: "C"']
    assert "record items, 8" in repo.git("diff", "-U0", "--", "data")


# --- What is written ------------------------------------------------------------------------


def state(repo: RepoBuilder) -> dict[str, bytes]:
    """Gives every file that git-setup could touch."""
    places = [".git/config", ".git/info/attributes", ".gitattributes"]
    return {p: (repo.path / p).read_bytes() for p in places if (repo.path / p).exists()}


@pytest.mark.parametrize(
    "before",
    [
        None,
        b"",
        b"*.csv text",
        b"*.png binary\r\n*.csv text\r\n",
        b"\xef\xbb\xbf*.csv text\n",
        "# na\u00efve \xa0\n\n\n*.csv -text   \n".encode("latin-1", "replace"),
    ],
)
def test_remove_restores_every_byte(
    program: Program, repo: RepoBuilder, before: bytes | None
) -> None:
    if before is not None:
        repo.write(".gitattributes", before)
    earlier = state(repo)
    assert program("git-setup").returncode == 0
    once = state(repo)
    assert once != earlier
    again = program("git-setup")
    assert (again.returncode, state(repo)) == (0, once)
    assert "already" in again.stderr
    assert repo.git("check-attr", "diff", "people/bo.yaml").endswith(": ingitdb-record")
    if before:
        assert repo.git("check-attr", "text", "places.csv").split()[-1] in ("set", "unset")
    assert program("git-setup", "--remove").returncode == 0
    assert state(repo) == earlier
    nothing = program("git-setup", "--remove")
    assert (nothing.returncode, nothing.stderr) == (0, "there is nothing to remove\n")


def test_own_lines_and_settings_stay(program: Program, repo: RepoBuilder) -> None:
    repo.write(".gitattributes", "places.csv diff=mine\n")
    repo.git("config", "diff.ingitdb-record.wordRegex", "[a-z]+")
    repo.git("config", "diff.ingitdb-mine.textconv", "cat")
    done = program("git-setup")
    assert "1 file is left alone" in done.stderr
    assert repo.git("check-attr", "diff", "places.csv") == "places.csv: diff: mine"
    with (repo.path / ".gitattributes").open("a") as more:
        more.write("people/bo.yaml -diff\n")
    assert repo.git("check-attr", "diff", "people/bo.yaml").endswith("unset")
    assert program("git-setup", "--remove").returncode == 0
    kept = (repo.path / ".gitattributes").read_text()
    assert kept == "places.csv diff=mine\npeople/bo.yaml -diff\n"
    settings = repo.git("config", "--get-regexp", r"^diff\.ingitdb")
    assert settings.splitlines() == [
        "diff.ingitdb-record.wordregex [a-z]+",
        "diff.ingitdb-mine.textconv cat",
    ]


def test_only_data_files_are_touched(program: Program, repo: RepoBuilder) -> None:
    others = {
        "package.json": "{}",
        "README.md": "# Hi\n",
        "docs/guide.md": "# Guide\n",
        ".github/workflows/ci.yaml": "on: push\n",
        "src/app.py": "x = 1\n",
    }
    repo.commit({**others, "people/dora.yml": "name: Dora\n"})
    program("git-setup")
    for path in others:
        assert repo.git("check-attr", "diff", path).endswith("unspecified"), path
    for path in ("people/anna.yaml", "people/dora.yml", "people/new.yaml", "places.csv"):
        assert "ingitdb" in repo.git("check-attr", "diff", path), path


def test_globs_of_declared_tables(program: Program, repo: RepoBuilder) -> None:
    settings = """
    discover: false
    tables:
      laws: {glob: "data/{state}/bills/**/*.yaml", key: [state, id]}
      votes: {glob: "data/{state}/votes.{csv,tsv}", key: [state, id]}
    """
    files = {
        "data/ny/bills/1/a.yaml": "id: 7\nx: 1\n",
        "data/oh/bills/b.yaml": "id: 8\nx: 1\n",
        "data/oh/votes.csv": "n,id\n1,5\n",
        "data/oh/notes.yaml": "n: 1\n",
        ".ingitdb/tables.yaml": settings,
    }
    repo.commit(files)
    program("git-setup")
    lines = (repo.path / ".gitattributes").read_text().splitlines()
    assert lines[1:-1] == [
        "/data/*/bills/**/*.yaml diff=ingitdb-laws",
        "/data/*/votes.csv diff=ingitdb-votes",
    ]
    repo.write("data/wi/bills/x/c.yaml", "id: 9\n")
    repo.write("data/oh/votes.csv", "n,id\n2,5\n")
    repo.git("add", "--intent-to-add", ".")
    shown = repo.git("diff", "-U0", "--", "data")
    assert [*body(shown), *headers(shown)[:1]] == [
        *("-n: 1", "+n: 2", "+record 9", "+id: 9"),
        "record 5",
    ]
    assert repo.git("check-attr", "diff", "data/oh/notes.yaml").endswith("unspecified")


def test_odd_names(program: Program, repo: RepoBuilder) -> None:
    paths = [
        "my data/fj\u00f8rd [1]/a b.yaml",
        'quo"ted/x*y?.yaml',
        "back\\slash/z.yaml",
        "data/tab\there.csv",
        "data/#hash.csv",
        "!bang/m.yaml",
    ]
    repo.commit({path: "a: 1\n" if path.endswith("yaml") else "a\n1\n" for path in paths})
    program("git-setup")
    for path in paths:
        found = repo.run("check-attr", "-z", "diff", path).stdout.decode().split("\0")
        assert found[2].startswith("ingitdb"), path
        repo.write(path, "a: 2\n" if path.endswith("yaml") else "a\n2\n")
        assert "+a: 2" in body(repo.git("diff", "--", f":(literal){path}")), path


def test_local_writes_beside_the_work_tree(program: Program, repo: RepoBuilder) -> None:
    assert program("git-setup", "--local").returncode == 0
    assert repo.git("status", "--porcelain") == ""
    repo.write("people/bo.yaml", "name: Bo\ncity: Voss\nage: 7\n")
    assert body(repo.git("diff")) == ['-city: "Bergen"', '+city: "Voss"']
    assert program("git-setup", "--remove").returncode == 0
    assert body(repo.git("diff")) == ["-city: Bergen", "+city: Voss"]
    assert program("git-setup", "--local", "--remove").returncode == 2


def test_from_a_subfolder_and_narrowed(program: Program, repo: RepoBuilder) -> None:
    assert program("git-setup", cwd=repo.path / "people").returncode == 0
    assert repo.git("check-attr", "diff", "places.csv").endswith(": ingitdb")
    assert not (repo.path / "people/.gitattributes").exists()
    assert program("git-setup", "--remove", cwd=repo.path / "people").returncode == 0
    repo.commit({"archive/old/x.yaml": "a: 1\n"})
    assert program("git-setup", "-C", "archive").returncode == 0
    assert repo.git("check-attr", "diff", "archive/old/x.yaml").endswith(": ingitdb-record")
    assert repo.git("check-attr", "diff", "places.csv").endswith("unspecified")


def test_linked_work_trees(program: Program, repo: RepoBuilder, tmp_path: Path) -> None:
    place = tmp_path / "a linked one"
    repo.git("worktree", "add", "--quiet", str(place), "-b", "side")
    linked = RepoBuilder.adopt(place)
    assert program("git-setup", cwd=place).returncode == 0
    linked.write("people/bo.yaml", "name: Bo\ncity: Voss\nage: 7\n")
    assert body(linked.git("diff")) == ['-city: "Bergen"', '+city: "Voss"']
    assert not (repo.path / ".gitattributes").exists()


def test_where_it_cannot_be(program: Program, repo: RepoBuilder, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(bare))
    done = program("git-setup", cwd=bare)
    assert done.returncode == 2
    assert "bare repository" in done.stderr
    outside = tmp_path / "outside"
    outside.mkdir()
    assert program("git-setup", cwd=outside).returncode == 3
    empty = RepoBuilder(tmp_path / "code")
    empty.write("main.py", "x = 1\n")
    done = program("git-setup", cwd=empty.path)
    assert (done.returncode, list(state(empty))) == (0, [".git/config"])
    assert "no data files" in done.stderr
    before = state(repo)
    (repo.path / ".gitattributes").symlink_to("elsewhere")
    assert program("git-setup").returncode == 2
    assert state(repo) == before
    (repo.path / ".gitattributes").unlink()
    cut = "# >>> ingitdb git-setup: until <<<, taken out by ingitdb git-setup --remove\n"
    repo.write(".gitattributes", cut)
    done = program("git-setup", "--remove")
    assert (done.returncode, (repo.path / ".gitattributes").read_text()) == (2, cut)


def test_what_cannot_be_written(program: Program, repo: RepoBuilder) -> None:
    folder = repo.path / ".git"
    before = state(repo)
    folder.chmod(0o555)
    try:
        done = program.bound_by_modes()("git-setup")
    finally:
        folder.chmod(0o755)
    assert done.returncode == 7, done.stderr
    assert "git config failed" in done.stderr
    assert state(repo) == before


def test_without_the_program_git_still_works(set_up: RepoBuilder) -> None:
    for name in set_up.git("config", "--name-only", "--get-regexp", r"textconv$").split():
        command = set_up.git("config", name)
        set_up.git("config", name, re.sub(r"\{ \S+ -P", "{ /nowhere/python -P", command))
    set_up.write("people/bo.yaml", "name: Bo\ncity: Voss\nage: 7\n")
    done = set_up.run("diff")
    assert (done.stderr, body(done.stdout.decode())) == (b"", ["-city: Bergen", "+city: Voss"])


def test_nothing_of_the_repository_is_run(set_up: RepoBuilder, tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w')\n"
    for name in ("json.py", "yaml.py", "ingitdb/__init__.py", "ingitdb_cli/__init__.py"):
        set_up.write(name, trap)
    set_up.write("people/bo.yaml", "name: Bo\ncity: Voss\nage: 7\n")
    assert '+city: "Voss"' in body(set_up.git("diff"))
    assert not (tmp_path / "sprung").exists()


def test_names_of_the_repository_are_no_commands(program: Program, repo: RepoBuilder) -> None:
    name = "it's \"; touch sprung; $(touch sprung) `touch sprung`\\\n#"
    settings = {"tables": {"fares": {"key": [name]}}}
    fares = [{"n": 1, name: "R1"}, {"n": 2, name: "R2"}]
    repo.commit({"fares.json": json.dumps(fares), ".ingitdb/tables.yaml": json.dumps(settings)})
    assert program("git-setup").returncode == 0
    repo.write("fares.json", json.dumps([fares[0], {"n": 3, name: "R2"}]))
    shown = repo.git("diff", "-U0", "--", "fares.json")
    assert (body(shown), headers(shown)) == (["-n: 2", "+n: 3"], ["record R2"])
    assert not (repo.path / "sprung").exists()


def test_conversion_loads_little(set_up: RepoBuilder) -> None:
    script = (
        "import sys; from ingitdb_cli.git_diff.__main__ import main; main(['people/bo.yaml']);"
        " heavy = 'duckdb pyarrow pygit2 rich click orjson'.split();"
        " print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=set_up.path, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["record bo", 'name: "Bo"', 'city: "Bergen"', "age: 7", "[]"]
