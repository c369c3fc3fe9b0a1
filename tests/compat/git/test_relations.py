"""The rows of the `git_*` relations, and branches, tags and blame below them."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from ingitdb.errors import RepositoryError
from ingitdb.git import relations
from ingitdb.git.relations import RELATIONS, Row
from ingitdb.git.repository import Repository
from ingitdb.model.history import Signature
from ingitdb.model.identifiers import STAGED, WORKING, CommitId
from tests.support.repositories import AUTHOR, START, RepoBuilder

COLUMNS = {
    "git_log": "commit_hash, author_name, author_email, author_date, committer_name,"
    " committer_email, commit_date, message, parent_count, parents, tree_hash, refs",
    "git_branches": "branch_name, commit_hash, is_current, is_remote, upstream",
    "git_tags": "tag_name, commit_hash, tag_type, tagger_name, tagger_date, message",
    "git_tree": "path, mode, kind, blob_hash, size_bytes, file_ext",
    "git_read": "path, size_bytes, text, blob",
    "git_parents": "commit_hash, parent_hash, parent_index",
    "git_blame": "line_number, line, commit_hash, author_name, author_email, author_date",
}


def named(relation: str, rows: Iterable[Row]) -> list[dict[str, object]]:
    """Pairs rows with the columns of their relation."""
    names = [name for name, _ in RELATIONS[relation].columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_columns() -> None:
    found = {name: ", ".join(c for c, _ in r.columns) for name, r in RELATIONS.items()}
    assert found == COLUMNS


def test_git_log(built: RepoBuilder, repository: Repository) -> None:
    built.tag("v1", "side")
    rows = named("git_log", relations.git_log(repository))
    assert [r["commit_hash"] for r in rows] == built.git("rev-list", "HEAD").split()
    assert rows[0]["parent_count"] == 2
    assert rows[0]["parents"] == built.git("rev-parse", "HEAD^@").split()
    assert rows[0]["refs"] == ["main"]
    assert [r["refs"] for r in rows if r["commit_hash"] == built.tip("side")] == [["side", "v1"]]
    assert rows[-1]["author_date"] == rows[-1]["commit_date"] == START
    assert len(list(relations.git_log(repository, "side..main"))) == 2


def test_git_log_of_nothing(empty: RepoBuilder) -> None:
    assert list(relations.git_log(Repository.open(empty.path))) == []


def test_git_branches(built: RepoBuilder, tmp_path: Path) -> None:
    clone = built.clone(tmp_path / "clone")
    clone.git("branch", "--no-track", "lonely", "origin/side")
    rows = named("git_branches", relations.git_branches(Repository.open(clone.path)))
    assert [tuple(r.values()) for r in rows] == [
        ("lonely", built.tip("side"), False, False, None),
        ("main", built.tip(), True, False, "origin/main"),
        ("origin/main", built.tip(), False, True, None),
        ("origin/side", built.tip("side"), False, True, None),
    ]


def test_git_tags(built: RepoBuilder, repository: Repository) -> None:
    built.tag("light")
    built.tag("noted", "side", "About it\n\nMore\nlines")
    built.tag("over", "noted", "A tag of a tag")
    built.git("tag", "tree", "HEAD^{tree}")
    who = f"tagger {AUTHOR[0]} <{AUTHOR[1]}> {int(START.timestamp())} +0000"
    body = f"object {built.tip()}\ntype commit\ntag signed\n{who}\n\nText\n"
    signed = body + "-----BEGIN PGP SIGNATURE-----\n\nxyz\n-----END PGP SIGNATURE-----\n"
    made = built.git("hash-object", "-t", "tag", "-w", "--stdin", data=signed.encode())
    built.git("update-ref", "refs/tags/signed", made)
    rows = {r["tag_name"]: r for r in named("git_tags", relations.git_tags(repository))}
    assert list(rows) == ["light", "noted", "over", "signed", "tree"]
    assert list(rows["light"].values()) == ["light", built.tip(), "lightweight", None, None, None]
    assert rows["noted"]["commit_hash"] == rows["over"]["commit_hash"] == built.tip("side")
    assert (rows["noted"]["tag_type"], rows["noted"]["tagger_name"]) == ("annotated", AUTHOR[0])
    assert rows["noted"]["message"] == "About it\n\nMore\nlines"
    assert (rows["signed"]["message"], rows["signed"]["tagger_date"]) == ("Text", START)
    assert rows["tree"]["commit_hash"] is None
    assert repository.refs_by_commit()[CommitId(built.tip("side"))] == ["side", "noted", "over"]
    assert repository.tags()[3].tagger == Signature(name=AUTHOR[0], email=AUTHOR[1], at=START)


def test_git_tree(empty: RepoBuilder) -> None:
    empty.write("data/a.tar.gz", b"12345")
    empty.write(".hidden", "")
    empty.write("data/Makefile", "x")
    (empty.path / "link").symlink_to("data")
    empty.git("add", "--all")
    empty.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    empty.commit_index()
    rows = named("git_tree", relations.git_tree(Repository.open(empty.path), "HEAD"))
    assert [(r["path"], r["mode"], r["kind"], r["size_bytes"], r["file_ext"]) for r in rows] == [
        (".hidden", "100644", "file", 0, ""),
        ("data/Makefile", "100644", "file", 1, ""),
        ("data/a.tar.gz", "100644", "file", 5, ".gz"),
        ("link", "120000", "symlink", 4, ""),
        ("module", "160000", "submodule", None, ""),
    ]
    assert rows[2]["blob_hash"] == empty.git("rev-parse", "HEAD:data/a.tar.gz")


def test_git_tree_of_uncommitted_states(built: RepoBuilder, repository: Repository) -> None:
    built.write("new.yaml", "12345")
    rows = named("git_tree", relations.git_tree(repository, "WORKING"))
    assert [(r["path"], r["size_bytes"]) for r in rows if r["path"] == "new.yaml"] == [
        ("new.yaml", 5)
    ]
    assert list(relations.git_tree(repository, "EMPTY")) == []


def test_git_read(empty: RepoBuilder) -> None:
    empty.commit({"a.txt": "Grüße\n", "b.bin": b"\xff\x00"})
    opened = Repository.open(empty.path)
    assert list(relations.git_read(opened, "main", "a.txt")) == [
        ("a.txt", 8, "Grüße\n", "Grüße\n".encode())
    ]
    assert list(relations.git_read(opened, "main", "b.bin")) == [("b.bin", 2, None, b"\xff\x00")]


@pytest.mark.parametrize(
    "path", ["people/anne.yaml", "people", "../x", "", "/etc/passwd", "-x", "people/"]
)
def test_no_such_file(repository: Repository, path: str) -> None:
    for relation in (relations.git_read, relations.git_blame):
        with pytest.raises(RepositoryError) as caught:
            list(relation(repository, "main", path))
        if path == "people/anne.yaml":
            assert "people/ann.yaml" in (caught.value.hint or "")


def test_git_parents(built: RepoBuilder, repository: Repository) -> None:
    tip, one, two = built.git("rev-parse", "HEAD", "HEAD^1", "HEAD^2").split()
    assert list(relations.git_parents(repository, "HEAD")) == [(tip, one, 1), (tip, two, 2)]
    assert list(relations.git_parents(repository, "HEAD~3")) == []
    assert list(relations.git_parents(repository, "WORKING")) == [("WORKING", tip, 1)]


def test_git_blame(empty: RepoBuilder) -> None:
    first = empty.commit({"a.txt": "one\ntwo\n\tthree\r\n"})
    second = empty.commit({"a.txt": "one\n2\n\tthree\r\nfour"})
    opened = Repository.open(empty.path)
    rows = named("git_blame", relations.git_blame(opened, "HEAD", "a.txt"))
    assert [(r["line_number"], r["line"], r["commit_hash"]) for r in rows] == [
        (1, "one", first),
        (2, "2", second),
        (3, "\tthree\r", first),
        (4, "four", second),
    ]
    assert [r["author_date"] for r in rows[:2]] == [START, START + timedelta(days=1)]
    listed = empty.git("blame", "-l", "--root", "HEAD", "--", "a.txt").splitlines()
    assert [line.split()[0] for line in listed] == [r["commit_hash"] for r in rows]


def test_blame_of_uncommitted_states(built: RepoBuilder, repository: Repository) -> None:
    built.commit({"a.txt": "one\ntwo\n"})
    built.write("a.txt", "one\n2\n")
    built.git("add", "a.txt")
    built.write("a.txt", "one\n2\n3\n")
    built.write("fresh.txt", "new\n")
    tip = built.tip()

    def blamed(state: CommitId, path: str) -> list[tuple[str, str | None]]:
        lines = repository.blame(state, path)
        return [(line.text, line.commit and line.commit.identifier) for line in lines]

    assert blamed(STAGED, "a.txt") == [("one", tip), ("2", None)]
    assert blamed(WORKING, "a.txt") == [("one", tip), ("2", None), ("3", None)]
    assert blamed(WORKING, "fresh.txt") == [("new", None)]


def test_blame_below_a_folder(built: RepoBuilder) -> None:
    with Repository.open(built.path / "people", narrow=True) as opened:
        ((_, line, commit, *_),) = relations.git_blame(opened, "HEAD", "cid.yaml")
        assert (line, commit) == ("age: 4", built.tip("side"))
        ((_, _, commit, *_),) = relations.git_blame(opened, "WORKING", "cid.yaml")
        assert commit == built.tip("side")


def test_blame_of_an_empty_file(empty: RepoBuilder) -> None:
    empty.commit({"a.txt": ""})
    assert Repository.open(empty.path).blame(CommitId(empty.tip()), "a.txt") == []
