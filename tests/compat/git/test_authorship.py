"""Who makes a commit: the connection says, else the environment, else git's settings."""

from pathlib import Path

import pytest

import ingitdb
from ingitdb.errors import AuthorUnknown, UsageError
from ingitdb.git.repository import Repository
from ingitdb.model.people import Person
from tests.support.repositories import RepoBuilder

FARES = Person(name="Fares Desk", email="fares@example.org")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes away what the environment says."""
    for role in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL", "DATE"):
            monkeypatch.delenv(f"GIT_{role}_{what}", raising=False)
    monkeypatch.delenv("EMAIL", raising=False)


def test_the_person_of_a_connection(built: RepoBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    with Repository.open(built.path) as opened:
        with pytest.raises(AuthorUnknown):
            opened.author()
        opened.person = FARES
        assert (opened.author().name, opened.author().email) == ("Fares Desk", "fares@example.org")
        assert opened.committer().name == "Fares Desk"
        built.config(user__name="Ports Desk", user__email="ports@example.org")
        assert opened.author().name == "Fares Desk"
        assert opened.committer().name == "Ports Desk"
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Fleet Office")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-01-02T03:04:05+0530")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Scraper")
    with Repository.open(built.path) as opened:
        assert opened.author().name == "Fleet Office"
        assert opened.committer().name == "Scraper"
        opened.person = FARES
        assert opened.author().name == "Fares Desk"
        assert opened.author().at.isoformat() == "2026-01-02T03:04:05+05:30"
        assert opened.author_named("A b <c@example.org>").name == "A b"
        assert opened.committer().name == "Scraper"


def test_the_option_of_a_connection(built: RepoBuilder, tmp_path: Path) -> None:
    built.config(user__name="Ports Desk", user__email="ports@example.org")
    settings = ingitdb.Settings(cache=tmp_path / "cache", workers=1)
    author = "Fares Desk <fares@example.org>"
    with ingitdb.connect(built.path, author=author, settings=settings) as connection:
        connection.execute("UPDATE people SET age = 50 WHERE _key = 'ann'")
        connection.commit()
    assert built.git("log", "-1", "--format=%an|%cn") == "Fares Desk|Ports Desk"
    with pytest.raises(ingitdb.Error, match="does not name a person"):
        ingitdb.connect(built.path, author="Fares Desk", settings=settings)


@pytest.mark.parametrize(
    "text", ["", "Desk", "<a@example.org>", "Desk <>", "Desk <a b>", "Desk <a@b", "D <a@b> x",
             "D\nE <a@b>", ". <a@b>", "D <a@b> <c@d>", "D\0 <a@b>"]
)  # fmt: skip
def test_what_names_nobody(text: str) -> None:
    with pytest.raises(UsageError, match="does not name a person"):
        Person.parse(text)


@pytest.mark.parametrize(
    ("text", "name", "email"),
    [
        ("Fares Desk <fares@example.org>", "Fares Desk", "fares@example.org"),
        ("  Søren  <s@x>", "Søren", "s@x"),
        ("A<a@x>", "A", "a@x"),
        ("O'B, Jr. <o@x>", "O'B, Jr.", "o@x"),
    ],
)
def test_what_names_a_person(built: RepoBuilder, text: str, name: str, email: str) -> None:
    assert Person.parse(text) == Person(name=name, email=email)
    built.config(user__name="Ports Desk", user__email="ports@example.org")
    built.git("commit", "--quiet", "--allow-empty", "-m", "x", f"--author={text.strip()}")
    by_git = built.git("log", "-1", "--format=%an|%ae")
    with Repository.open(built.path) as opened:
        found = opened.author_named(text)
    assert f"{found.name}|{found.email}" == by_git
