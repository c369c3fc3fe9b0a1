"""Whatever a user or a repository configures, the answers stay the same."""

from pathlib import Path

import pytest

from ingitdb.git import relations
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import EMPTY, STAGED, WORKING, CommitId
from tests.support.repositories import RepoBuilder

HOSTILE = """
[alias]
    log = version
    ls-tree = version
[blame]
    ignoreRevsFile = {folder}/ignored
    showEmail = true
    coloring = repeatedLines
    markIgnoredLines = true
[branch]
    sort = -committerdate
[color]
    ui = always
    diff = always
    status = always
[core]
    abbrev = 5
    pager = false
    quotePath = true
    fsmonitor = {folder}/touch
    hooksPath = {folder}
    attributesFile = {folder}/attributes
    excludesFile = /dev/null
    logAllRefUpdates = false
[column]
    ui = always
[diff]
    renames = copies
    external = {folder}/touch
    orderFile = {folder}/order
    noprefix = true
    relative = true
    submodule = log
    ignoreSubmodules = all
    wordRegex = .
    algorithm = patience
    mnemonicPrefix = true
    colorMoved = zebra
    interHunkContext = 3
[diff "upper"]
    textconv = {folder}/touch
    command = {folder}/touch
[filter "none"]
    clean = cat
[format]
    pretty = oneline
    notes = true
    signOff = true
[gpg]
    program = {folder}/touch
[i18n]
    logOutputEncoding = ISO-8859-1
[log]
    showSignature = true
    showRoot = false
    follow = true
    mailmap = true
    diffMerges = off
    decorate = full
    date = relative
    abbrevCommit = true
    excludeDecoration = refs/heads/*
[mailmap]
    file = {folder}/mailmap
[notes]
    displayRef = refs/notes/*
[status]
    relativePaths = true
    short = true
    branch = true
    showStash = true
    showUntrackedFiles = no
    renames = copies
    submoduleSummary = true
[submodule]
    recurse = true
[tag]
    sort = -version:refname
"""


def everything(path: Path) -> list[object]:
    """Asks all that can be asked of a repository."""
    found: list[object] = []
    for narrow in (False, True):
        with Repository.open(path, narrow=narrow) as opened:
            tip = opened.resolve("main")
            found += [
                list(opened.log()),
                list(opened.log(revision_range="side...main")),
                list(opened.line_changes(tip)),
                opened.first_parents(tip),
                [opened.changes(*pair) for pair in ((EMPTY, tip), (tip, WORKING), (STAGED, tip))],
                opened.tree(tip),
                opened.tree(WORKING),
                list(opened.tree_entries(tip)),
                opened.branches(),
                opened.tags(),
                opened.modified_count(),
                opened.resolve("2026-01-04"),
                opened.commit(tip),
                [e.path for e in opened.tree(tip).values()],
                opened.read_file(tip, "people/ann.yaml" if not opened.prefix else "ann.yaml"),
            ]
            found += [list(relations.git_log(opened)), list(relations.git_branches(opened))]
    with Repository.open(path) as opened:
        found += [opened.blame(c, "people/ann.yaml") for c in (CommitId(tip), WORKING, STAGED)]
    return found


def test_configuration_changes_nothing(
    built: RepoBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = "n: 1\nm: 2\no: 3\n"
    built.commit({"people/old.yaml": moved, "people/ü.yaml": "x: 1\n"}, "Grüße")
    built.commit({"people/old.yaml": None, "people/new.yaml": moved}, "Renamed")
    built.commit({"people/copy.yaml": moved}, "Copied")
    signed = built.git("cat-file", "commit", "HEAD").replace(
        "\n\n",
        "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n xyz\n -----END PGP SIGNATURE-----\n\n",
        1,
    )
    made = built.git("hash-object", "-t", "commit", "-w", "--stdin", data=signed.encode())
    built.git("reset", "--quiet", "--hard", made)
    built.tag("v1", message="One")
    built.tag("v2")
    built.git("notes", "add", "-m", "A note")
    built.write("people/ann.yaml", "age: 3\nnew: 1\n")
    built.write("people/untracked.yaml", "x\n")
    built.git("add", "--intent-to-add", "people/untracked.yaml")
    before = everything(built.path / "people")
    folder = tmp_path / "hostile"
    folder.mkdir()
    script = folder / "touch"
    for name in ("touch", "post-index-change", "pre-auto-gc", "reference-transaction"):
        script = folder / name
        script.write_text(f"#!/bin/sh\ntouch {folder}/was-run\n")
        script.chmod(0o755)
    (folder / "ignored").write_text(built.tip("HEAD~5") + "\n")
    (folder / "order").write_text("*new*\n*copy*\n")
    (folder / "mailmap").write_text("Someone Else <else@example.org> <data@example.org>\n")
    (folder / "attributes").write_text("*.yaml diff=upper filter=none\n")
    (tmp_path / "gitconfig").write_text(HOSTILE.format(folder=folder))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(folder / "touch"))
    monkeypatch.setenv("GIT_DIFF_OPTS", "-u9")
    monkeypatch.setenv("GIT_NOTES_DISPLAY_REF", "refs/notes/*")
    monkeypatch.setenv("GIT_ICASE_PATHSPECS", "1")
    monkeypatch.setenv("GIT_PAGER", "false")
    assert everything(built.path / "people") == before
    assert not (folder / "was-run").exists()


def test_mailmap_of_the_repository_changes_nothing(built: RepoBuilder) -> None:
    built.commit({"a.txt": "1\n"})
    built.write(".mailmap", "Someone Else <else@example.org> <data@example.org>\n")
    with Repository.open(built.path) as opened:
        (line,) = opened.blame(opened.resolve("main"), "a.txt")
        assert line.commit is not None
        assert line.commit.author.email == "data@example.org"
        assert {c.author.name for c in opened.log()} == {"Data Desk"}
