"""Refs, pseudo-refs and dates."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from ingitdb.errors import NoCommitsYet, RefNotFound, RepositoryError
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import EMPTY, STAGED, WORKING
from tests.support.repositories import START, RepoBuilder


@pytest.mark.parametrize(
    "ref",
    ["HEAD", "@", "main", "refs/heads/side", "HEAD~2", "main^2", "HEAD^{/Second}", ":/First", "v1",
     "annotated", "nested", "main@{0}", "@{-1}", "HEAD~1^0", "tags/v1", "v1-0-g{short}", "{short}",
     "ütf/ä", "-dash", "refs/heads/-dash"],
)  # fmt: skip
def test_resolve_takes_what_rev_parse_takes(built: RepoBuilder, ref: str) -> None:
    built.tag("v1", "HEAD~1")
    built.tag("annotated", "HEAD~1", "About it")
    built.tag("nested", "annotated", "About that")
    built.git("update-ref", "refs/heads/ütf/ä", "HEAD~2")
    built.git("update-ref", "refs/heads/-dash", "HEAD~2")
    ref = ref.replace("{short}", built.tip()[:7])
    spelled = ref if ref.startswith(":/") else f"{ref}^{{commit}}"
    expected = built.git("rev-parse", "--verify", "--end-of-options", spelled)
    assert Repository.open(built.path).resolve(ref) == expected


def test_resolve_full_hash(built: RepoBuilder, repository: Repository) -> None:
    assert repository.resolve(built.tip("side")) == built.tip("side")


def test_resolve_packed_refs(built: RepoBuilder, repository: Repository) -> None:
    built.tag("v1", "HEAD~1", "annotated")
    built.git("pack-refs", "--all", "--prune")
    assert not (built.path / ".git/refs/heads/main").exists()
    assert repository.head().commit == built.tip()
    assert repository.head().branch == "main"
    assert repository.resolve("v1") == built.tip("HEAD~1")


@pytest.mark.parametrize(
    "ref",
    ["nope", "", "^main", "main..side", "--all", "-1", "--help", "HEAD:people", "HEAD^{tree}",
     "@{u}", ":/nowhere", "a\0b", "\ud800", "HEAD~99", "0" * 40, "main\nside", "HEAD^@",
     "working", "*", "HEAD^{commit"],
)  # fmt: skip
def test_resolve_refuses_the_rest(repository: Repository, ref: str) -> None:
    with pytest.raises(RefNotFound):
        repository.resolve(ref)


def test_unknown_ref_names_the_nearest(built: RepoBuilder, repository: Repository) -> None:
    built.tag("release-1")
    for ref, near in (("maine", "main"), ("relase-1", "release-1"), ("working", "WORKING")):
        with pytest.raises(RefNotFound) as caught:
            repository.resolve(ref)
        assert near in (caught.value.hint or "")


@pytest.mark.parametrize("ref", ["hed", "abc", "MIAN", "zzzz~1"])
def test_three_names_are_given_however_near(
    built: RepoBuilder, repository: Repository, ref: str
) -> None:
    with pytest.raises(RefNotFound) as caught:
        repository.resolve(ref)
    hint = caught.value.hint or ""
    listed = re.split(r", | or | and ", hint.rpartition("mean " if "mean" in hint else "are ")[2])
    names = {name.rstrip("?.") for name in listed}
    assert len(names) == 3
    known = built.git("for-each-ref", "--format=%(refname:short)").split()
    assert names <= {"HEAD", "WORKING", "STAGED", "EMPTY", *known}
    assert ref != "hed" or "Did you mean HEAD," in hint
    assert ref != "MIAN" or "Did you mean main," in hint


def test_pseudo_refs_are_spelled_in_capitals(repository: Repository) -> None:
    assert [repository.resolve(p) for p in (WORKING, STAGED, EMPTY)] == [WORKING, STAGED, EMPTY]


def test_resolve_notices_moved_refs(built: RepoBuilder, repository: Repository) -> None:
    before = repository.resolve("main")
    after = built.commit(message="More")
    assert repository.resolve("main") == after != before
    built.branch("fresh", "HEAD~1")
    assert repository.resolve("HEAD") == built.tip("main~1")


def test_unborn_head(empty: RepoBuilder) -> None:
    opened = Repository.open(empty.path)
    assert (opened.head().branch, opened.head().commit) == ("main", None)
    for ref in ("HEAD", "@", "main", "2026-01-01"):
        with pytest.raises(NoCommitsYet, match="main"):
            opened.resolve(ref)
    with pytest.raises(NoCommitsYet):
        opened.resolve_default()
    with pytest.raises(RefNotFound):
        opened.resolve("other")
    assert opened.parents(WORKING) == ()


def test_detached_head(built: RepoBuilder, repository: Repository) -> None:
    built.checkout("HEAD~1")
    assert repository.head().branch is None
    assert repository.head().commit == repository.resolve_default() == built.tip()


def test_head_as_symlink(built: RepoBuilder, repository: Repository) -> None:
    (built.path / ".git" / "HEAD").unlink()
    (built.path / ".git" / "HEAD").symlink_to("refs/heads/side")
    assert repository.head().branch == "side"
    assert repository.resolve_default() == built.tip("side")


def test_head_is_asked_of_git_where_refs_are_no_files(built: RepoBuilder) -> None:
    (built.path / ".git" / "reftable").mkdir()
    opened = Repository.open(built.path)
    assert (opened.head().branch, opened.head().commit) == ("main", built.tip())
    built.checkout("HEAD~1")
    assert (opened.head().branch, opened.head().commit) == (None, built.tip())
    built.git("symbolic-ref", "HEAD", "refs/heads/unborn")
    assert (opened.head().branch, opened.head().commit) == ("unborn", None)


def test_many_packed_refs(built: RepoBuilder, repository: Repository) -> None:
    tip = built.tip()
    lines = "".join(f"create refs/tags/a-rather-long-name-{n} {tip}\n" for n in range(2000))
    built.git("update-ref", "--stdin", data=lines.encode())
    built.git("pack-refs", "--all", "--prune")
    assert repository.head().commit == tip
    token = repository.cache_token()
    built.git("tag", "--delete", "a-rather-long-name-7")
    assert repository.cache_token() != token
    assert len(repository.tags()) == 1999


def test_circular_refs(built: RepoBuilder) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (built.path / ".git/refs/heads" / one).write_text(f"ref: refs/heads/{other}\n")
    (built.path / ".git/HEAD").write_text("ref: refs/heads/a\n")
    with pytest.raises(RepositoryError, match="circle"):
        Repository.open(built.path).head()


def test_symbolic_branch(built: RepoBuilder, repository: Repository) -> None:
    built.git("symbolic-ref", "refs/heads/alias", "refs/heads/side")
    built.git("symbolic-ref", "HEAD", "refs/heads/alias")
    assert repository.resolve_default() == built.tip("side")


# main: day 0 First, day 1 Second, day 3 Third, day 4 Merged; side: day 2
@pytest.mark.parametrize(
    ("moment", "ref"),
    [
        ("2026-01-01T12:00:00Z", "HEAD~3"),
        ("2026-01-02", "HEAD~3"),
        ("2026-01-02T12:00:00", "HEAD~2"),
        ("2026-01-02 11:59:59", "HEAD~3"),
        ("2026-01-02T12:00:00.5Z", "HEAD~2"),
        ("2026-01-02T13:00:00+02:00", "HEAD~3"),
        ("2026-01-02T14:00:00+02:00", "HEAD~2"),
        ("2026-01-04", "HEAD~2"),  # the side branch was not merged then
        ("2026-01-05", "HEAD~1"),
        ("9999-12-31", "HEAD"),
    ],
)
def test_dates(built: RepoBuilder, repository: Repository, moment: str, ref: str) -> None:
    assert repository.resolve(moment) == built.tip(ref)


@pytest.mark.parametrize("moment", ["2026-01-01", "1969-07-20", "0001-01-01T00:00:00Z"])
def test_before_the_first_commit(repository: Repository, moment: str) -> None:
    with pytest.raises(RefNotFound, match="before the first commit") as caught:
        repository.resolve(moment)
    assert "2026-01-01T12:00:00Z" in (caught.value.hint or "")


def test_impossible_date(repository: Repository) -> None:
    with pytest.raises(RefNotFound) as caught:
        repository.resolve("2026-02-30")
    assert "calendar" in (caught.value.hint or "")


def test_a_ref_named_like_a_date_wins(built: RepoBuilder, repository: Repository) -> None:
    built.git("update-ref", "refs/heads/2026-01-05", "HEAD~3")
    assert repository.resolve("2026-01-05") == repository.named("2026-01-05")
    assert repository.named("2026-01-05") == built.tip("HEAD~3")
    assert repository.named("2026-01-04") is None
    built.git("update-ref", "refs/heads/2026-01-04", "HEAD~2")
    assert repository.named("2026-01-04") == built.tip("HEAD~2")


def test_dates_follow_the_walk_not_the_calendar(empty: RepoBuilder) -> None:
    first = empty.commit({"a": "1"}, when=START)
    empty.commit({"a": "2"}, when=START + timedelta(days=9))
    third = empty.commit({"a": "3"}, when=START + timedelta(days=4))  # a clock went wrong
    fourth = empty.commit({"a": "4"}, when=START + timedelta(days=10))
    opened = Repository.open(empty.path)
    assert opened.at_time(START + timedelta(days=9)) == third
    assert opened.at_time(START + timedelta(days=3)) == first
    assert opened.at_time(START + timedelta(days=10)) == fourth
    assert opened.at_time(START + timedelta(days=10), third) == third


def test_at_time_zones(built: RepoBuilder, repository: Repository) -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    when = datetime(2026, 1, 2, 17, 30, tzinfo=east)
    assert repository.at_time(when) == built.tip("HEAD~2")
    assert repository.at_time(when - timedelta(microseconds=1)) == built.tip("HEAD~3")
    assert repository.at_time(when.astimezone(UTC).replace(tzinfo=None)) == built.tip("HEAD~2")


def test_ambiguous_short_hash_says_so(empty: RepoBuilder) -> None:
    empty.commit({"a": "1"})
    tree = empty.tip("HEAD") and empty.git("rev-parse", "HEAD^{tree}")
    seen: dict[str, str] = {}
    for number in range(3000):  # two commits that begin with the same four digits
        commit = empty.git("commit-tree", tree, "-m", str(number))
        if commit[:4] in seen:
            break
        seen[commit[:4]] = commit
    else:
        pytest.fail("no two hashes begin alike")
    with pytest.raises(RefNotFound) as caught:
        Repository.open(empty.path).resolve(commit[:4])
    assert "more of the hash" in (caught.value.hint or "")


def test_cache_token(built: RepoBuilder, repository: Repository) -> None:
    seen = [repository.cache_token()]
    assert repository.cache_token() == seen[0]

    def changed() -> bool:
        seen.append(repository.cache_token())
        return len(set(seen)) == len(seen)

    built.commit(message="New")
    assert changed()
    built.tag("v9")
    assert changed()
    built.checkout("side")
    assert changed()
    built.git("pack-refs", "--all", "--prune")
    assert changed()
    built.git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert changed()
    built.git("tag", "--delete", "v9")
    assert changed()
    built.write("people/ann.yaml", "age: 9\n")
    built.git("add", "--all")
    assert not changed(), "the index is no ref"


def test_resolve_in_a_sha256_repository(tmp_path: Path) -> None:
    builder = RepoBuilder(tmp_path / "long", "--object-format=sha256")
    tip = builder.commit({"a.yaml": "a: 1\n"})
    assert len(tip) == 64
    assert Repository.open(builder.path).resolve("main") == tip
