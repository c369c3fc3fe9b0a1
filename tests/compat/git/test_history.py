"""The log, the first-parent line and its changes."""

from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from ingitdb.errors import RefNotFound, RepositoryError
from ingitdb.git.repository import Repository
from ingitdb.model.history import EXECUTABLE, GITLINK, SYMLINK
from ingitdb.model.identifiers import EMPTY, WORKING, CommitId
from tests.compat.git.judge import differences, listing, replayed
from tests.support.repositories import START, RepoBuilder


def test_log_fields(built: RepoBuilder, repository: Repository) -> None:
    merged, *_, first = repository.log()
    assert merged.identifier == built.tip()
    assert merged.parents == (built.tip("HEAD^1"), built.tip("HEAD^2"))
    assert merged.tree == built.git("rev-parse", "HEAD^{tree}")
    assert (merged.author.name, merged.author.email) == ("Data Desk", "data@example.org")
    assert merged.message == "Merged"
    assert (first.parents, first.message) == ((), "First")
    assert first.author.at == first.committer.at == START
    assert first.committer.at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("spelled", "git"),
    [
        ("HEAD~1..HEAD", "HEAD~1..HEAD"),
        ("main..side", "main..side"),
        ("side...main~1", "side...main~1"),
        ("..side", "..side"),
        ("side..", "side.."),
        ("side", "side"),
        ("^side", "^side"),
        ("HEAD^!", "HEAD^!"),
        ("HEAD^{/Second}..HEAD", "HEAD^{/Second}..HEAD"),
        ("2026-01-02..2026-01-05", "HEAD~3..HEAD~1"),
        ("2026-01-04", "HEAD~2"),
        ("EMPTY..main", "main"),
    ],
)
def test_log_ranges(built: RepoBuilder, repository: Repository, spelled: str, git: str) -> None:
    expected = built.git("rev-list", git).split()
    assert [c.identifier for c in repository.log(revision_range=spelled)] == expected


@pytest.mark.parametrize(
    "spelled", ["nope", "nope..main", "main..nope", "^nope", "--all", "-1..", "x^{"]
)
def test_log_of_an_unknown_range(repository: Repository, spelled: str) -> None:
    with pytest.raises(RefNotFound):
        list(repository.log(revision_range=spelled))


def test_log_limits(built: RepoBuilder, repository: Repository) -> None:
    assert len(list(repository.log(limit=2))) == 2
    assert [c.identifier for c in repository.log("side")] == built.git("rev-list", "side").split()
    line = built.git("rev-list", "--first-parent", "HEAD").split()
    assert [c.identifier for c in repository.log(first_parent=True)] == line
    assert list(repository.log(EMPTY)) == []
    assert next(iter(repository.log(WORKING))).identifier == built.tip()


def test_log_may_be_left_early(empty: RepoBuilder) -> None:
    stream = "".join(
        f"commit refs/heads/main\ncommitter D <d@x> {n} +0000\ndata 9000\n{'x' * 9000}\n"
        for n in range(1, 2000)
    )
    empty.run("fast-import", "--quiet", data=stream.encode())
    log = Repository.open(empty.path).log()
    assert [c.committer.at.timestamp() for c in islice(log, 2)] == [1999.0, 1998.0]
    log.close()  # type: ignore[attr-defined]


def test_messages_and_names_in_other_encodings(empty: RepoBuilder) -> None:
    tree = empty.git("write-tree")
    who = "J\xf6rg <j@x> 1767268800"
    header = f"tree {tree}\nauthor {who} +0530\ncommitter {who} -0800\n"
    body = header + "encoding ISO-8859-1\n\nGr\xfc\xdfe\n\nzweite Zeile\n"
    commit = empty.git("hash-object", "-t", "commit", "-w", "--stdin", data=body.encode("latin-1"))
    raw = (header + "\nno \xff encoding").encode("latin-1")
    other = empty.git("hash-object", "-t", "commit", "-w", "--stdin", data=raw)
    opened = Repository.open(empty.path)
    found = opened.commit(CommitId(commit))
    assert (found.message, found.author.name) == ("Grüße\n\nzweite Zeile", "Jörg")
    assert found.author.at == found.committer.at == START
    assert opened.commit(CommitId(other)).message == "no \ufffd encoding"


@pytest.mark.parametrize("when", ["99999999999999999999 +0000", "-5 +0000", "nonsense", ""])
def test_damaged_dates_are_the_epoch(empty: RepoBuilder, when: str) -> None:
    tree = empty.git("write-tree")
    text = f"tree {tree}\nauthor A <a@x> {when}\ncommitter A <a@x> {when}\n\nOdd\n"
    commit = empty.git(
        "hash-object", "-t", "commit", "-w", "--literally", "--stdin", data=text.encode()
    )
    found = Repository.open(empty.path).commit(CommitId(commit))
    assert found.message == "Odd"
    assert found.committer.at.year in (1969, 1970)


def test_unknown_commit(repository: Repository) -> None:
    with pytest.raises(RepositoryError):
        repository.commit(CommitId("1" * 40))


def test_first_parents(built: RepoBuilder, repository: Repository) -> None:
    line = built.git("rev-list", "--first-parent", "HEAD").split()
    assert repository.first_parents(CommitId(line[0])) == line
    assert repository.first_parents(WORKING) == line


def test_line_changes_replay_to_every_tree(built: RepoBuilder, repository: Repository) -> None:
    files: dict[str, tuple[int, str]] = {}
    seen = []
    for commit, changes in repository.line_changes(CommitId(built.tip())):
        files = replayed(files, changes)
        assert files == listing(built, commit)
        seen.append(commit)
    assert seen[::-1] == repository.first_parents(CommitId(built.tip()))
    assert [c.path for c in changes] == ["people/cid.yaml"], "a merge against its first parent"


def test_line_changes_since(built: RepoBuilder, repository: Repository) -> None:
    tip, since = CommitId(built.tip()), CommitId(built.tip("HEAD~2"))
    whole = list(repository.line_changes(tip))
    assert list(repository.line_changes(tip, since)) == whole[2:]
    assert list(repository.line_changes(tip, tip)) == []
    assert list(repository.line_changes(tip, EMPTY)) == whole


def test_line_changes_without_changes(empty: RepoBuilder) -> None:
    commits = [
        empty.commit(message="nothing"),
        empty.commit({"a": "1"}),
        empty.commit(message="no"),
    ]
    opened = Repository.open(empty.path)
    found = list(opened.line_changes(CommitId(commits[2])))
    assert [commit for commit, _ in found] == commits
    assert [len(changes) for _, changes in found] == [0, 1, 0]


def test_line_changes_below_a_folder(built: RepoBuilder) -> None:
    built.commit({"people.yaml": "x: 1\n", "peopleX/a.yaml": "x: 2\n"}, "Beside it")
    opened = Repository.open(built.path / "people", narrow=True)
    tip = opened.resolve("HEAD")
    found = list(opened.line_changes(tip))
    assert [commit for commit, _ in found][::-1] == opened.first_parents(tip)
    files: dict[str, tuple[int, str]] = {}
    for commit, changes in found:
        files = replayed(files, changes)
        assert files == listing(built, commit, "people/")
    assert found[-1][1] == []


def test_folder_whose_name_is_a_pattern(empty: RepoBuilder) -> None:
    empty.commit({"a*/x.yaml": "1", "ab/x.yaml": "2", ":(top)/x.yaml": "3", "-d/x.yaml": "4"})
    for name, content in (("a*", b"1"), (":(top)", b"3"), ("-d", b"4")):
        opened = Repository.open(empty.path / name, narrow=True)
        tip = opened.resolve("HEAD")
        assert list(opened.tree(tip)) == ["x.yaml"]
        assert [[c.path for c in changes] for _, changes in opened.line_changes(tip)] == [
            ["x.yaml"]
        ]
        assert opened.read_file(tip, "x.yaml") == content
        assert [c.path for c in opened.changes(EMPTY, opened.resolve("WORKING"))] == ["x.yaml"]
        assert opened.modified_count() == 0
        opened.close()


def test_kinds_of_files(empty: RepoBuilder, tmp_path: Path) -> None:
    other = RepoBuilder(tmp_path / "other")
    other.commit({"x": "1"})
    empty.write("plain", "target")
    empty.write("script", "#!/bin/sh\n")
    empty.write("was-module", "text")
    first = empty.commit()
    empty.remove("plain")
    (empty.path / "plain").symlink_to("target")  # the same bytes, another kind
    (empty.path / "script").chmod(0o755)
    empty.remove("was-module")
    empty.git("add", "--all")
    empty.git("update-index", "--add", "--cacheinfo", f"160000,{other.tip()},was-module")
    second = empty.commit_index()
    opened = Repository.open(empty.path)
    changes = {c.path: c for c in list(opened.line_changes(CommitId(second)))[1][1]}
    assert changes["plain"].new_mode == SYMLINK
    assert changes["plain"].old == changes["plain"].new
    assert changes["script"].new_mode == EXECUTABLE
    assert (changes["was-module"].new_mode, changes["was-module"].new) == (GITLINK, other.tip())
    assert changes == {c.path: c for c in opened.changes(CommitId(first), CommitId(second))}
    modes = {path: entry.mode for path, entry in opened.tree(CommitId(second)).items()}
    assert modes == {"plain": SYMLINK, "script": EXECUTABLE, "was-module": GITLINK}
    with pytest.raises(RepositoryError, match="submodule"):
        opened.read_file(CommitId(second), "was-module")


def test_unusual_names(empty: RepoBuilder) -> None:
    names = [
        "tab\there",
        'quo"te',
        "line\nbreak",
        "ünï",
        "e\u0301",
        "\u00e9",
        " lead",
        "back\\slash",
    ]
    for number, name in enumerate(names):
        empty.write(f"d/{name}", str(number))
    empty.write(b"d/\xff\xfe.yaml", "bytes")
    tip = CommitId(empty.commit())
    opened = Repository.open(empty.path)
    wanted = {f"d/{name}" for name in names} | {r"d/\xff\xfe.yaml"}
    assert set(opened.tree(tip)) == wanted
    ((_, changes),) = opened.line_changes(tip)
    assert {c.path for c in changes} == wanted
    assert opened.read_file(tip, r"d/\xff\xfe.yaml") == b"bytes"
    assert opened.read_file(tip, "d/back\\slash") == b"7"
    assert opened.read_file(tip, "d/e\u0301") == b"4"
    assert opened.read_file(tip, "d/\u00e9") == b"5"


def test_several_roots(empty: RepoBuilder) -> None:
    empty.commit({"a": "1"})
    empty.git("checkout", "--quiet", "--orphan", "other")
    empty.git("rm", "-rq", "--cached", ".")
    empty.remove("a")
    root = empty.commit({"b": "2"})
    empty.checkout("main")
    empty.git("merge", "--quiet", "--allow-unrelated-histories", "-m", "Join", "other")
    opened = Repository.open(empty.path)
    tip = CommitId(empty.tip())
    assert [len(changes) for _, changes in opened.line_changes(tip)] == [1, 1]
    assert len(opened.first_parents(tip)) == 2
    assert opened.commit(CommitId(root)).parents == ()
    assert opened.merge_base(CommitId(empty.tip("HEAD~1")), CommitId(root)) is None
    assert not opened.is_ancestor(CommitId(root), CommitId(empty.tip("HEAD~1")))
    assert opened.is_ancestor(CommitId(root), tip)


def test_octopus_merge(empty: RepoBuilder) -> None:
    empty.commit({"a": "1"})
    for name in ("one", "two"):
        empty.branch(name, "main")
        empty.commit({name: name})
    empty.checkout("main")
    empty.commit({"a": "2"})
    empty.git("merge", "--quiet", "-m", "All", "one", "two")
    opened = Repository.open(empty.path)
    tip = CommitId(empty.tip())
    assert len(opened.parents(tip)) == 3
    (*_, (commit, changes)) = opened.line_changes(tip)
    assert commit == tip
    assert {c.path for c in changes} == {"one", "two"}


def test_ancestry(built: RepoBuilder, repository: Repository) -> None:
    main, side = CommitId(built.tip("HEAD~1")), CommitId(built.tip("side"))
    assert repository.merge_base(main, side) == built.git("merge-base", main, side)
    assert repository.is_ancestor(side, CommitId(built.tip()))
    assert not repository.is_ancestor(side, main)
    assert repository.is_ancestor(side, side)
    assert repository.is_ancestor(side, WORKING)
    assert repository.is_ancestor(EMPTY, side)
    assert not repository.is_ancestor(WORKING, side)
    assert repository.merge_base(EMPTY, side) is None
    assert repository.merge_base(WORKING, side) == side
    assert repository.parents(WORKING) == (built.tip(),)
    assert repository.parents(EMPTY) == ()


def test_shallow_clone(built: RepoBuilder, tmp_path: Path) -> None:
    shallow = built.clone(tmp_path / "shallow", "--depth=2")
    opened = Repository.open(shallow.path)
    assert opened.shallow
    tip = opened.resolve_default()
    line = opened.first_parents(tip)
    assert line == shallow.git("rev-list", "--first-parent", "HEAD").split()
    assert len(line) == 2
    files: dict[str, tuple[int, str]] = {}
    for commit, changes in opened.line_changes(tip):
        files = replayed(files, changes)
        assert files == listing(built, commit)
    for beyond in ("2026-01-02", "HEAD~2", "main^^", "HEAD~1^1~3", "main~1^2"):
        with pytest.raises(RefNotFound, match=f"shallow and begins at {line[-1][:12]}") as caught:
            opened.resolve(beyond)
        assert caught.value.hint == "git fetch --unshallow"
    for unknown in ("nope", "HEAD^3", "0123456789", ":/nothing~1", "nope~1"):
        with pytest.raises(RefNotFound, match="is no commit, branch") as caught:
            opened.resolve(unknown)
        assert "git fetch --unshallow" in (caught.value.hint or "")
    shallow.git("fetch", "--quiet", "--unshallow")
    assert opened.resolve("HEAD~2") == built.tip("HEAD~2")
    with pytest.raises(RefNotFound, match="before the first commit"):
        opened.resolve("2025-01-02")
    with pytest.raises(RefNotFound) as caught:
        opened.resolve("HEAD~9")
    assert "shallow" not in str(caught.value)


def test_replace_refs_and_grafts_are_not_obeyed(built: RepoBuilder) -> None:
    tip, expected = built.tip(), built.git("rev-list", "--first-parent", "HEAD").split()
    built.git("replace", tip, built.tip("HEAD~3"))
    (built.path / ".git" / "info" / "grafts").write_text(f"{expected[1]}\n")
    opened = Repository.open(built.path)
    assert opened.first_parents(CommitId(tip)) == expected
    assert opened.commit(CommitId(tip)).message == "Merged"
    assert differences(listing(built, f"{expected[0]}"), {}) is not None
    assert len(list(opened.line_changes(CommitId(tip)))) == len(expected)
