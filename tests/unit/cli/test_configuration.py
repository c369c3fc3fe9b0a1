"""Settings from flags, environment and files, each with its origin."""

import os
import stat
from pathlib import Path

import pytest

from ingitdb.api.configuration import configure, user_file
from ingitdb.errors import SettingInvalid
from ingitdb.settings import Settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and no variables of ours."""
    for name in list(os.environ):
        if name.startswith(("INGITDB_", "XDG_")):
            monkeypatch.delenv(name)
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    return place


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder that looks like a repository, with a configuration."""
    place = tmp_path / "repo"
    (place / ".git").mkdir(parents=True)
    (place / ".ingitdb").mkdir()
    (place / "sub").mkdir()
    return place


def say(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_defaults(home: Path) -> None:
    found = configure()
    assert found.settings == Settings(cache=home / ".cache" / "ingitdb")
    assert {value.origin for value in found.values.values()} == {"default"}
    assert not found.notes


def test_each_source_beats_the_next(
    repository: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = repository / ".ingitdb" / "config.yaml"
    say(user_file(), "threads: 1\nworkers: 1\ntimeout: 10s\nmax_rows: 1\n")
    say(file, "threads: 2\nworkers: 2\ntimeout: 2m\n")
    monkeypatch.setenv("INGITDB_THREADS", "3")
    monkeypatch.setenv("INGITDB_WORKERS", "3")
    found = configure(repository / "sub", {"threads": "4", "workers": None})
    settings = found.settings
    assert (settings.threads, settings.workers) == (4, 3)
    assert (settings.timeout, settings.max_rows) == (120.0, 1)
    assert [found.values[n].origin for n in ("threads", "workers", "timeout", "max_rows")] == [
        "--threads", "INGITDB_WORKERS", str(file), str(user_file()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("cache_limit", "10GB", 10 * 1000**3),
        ("cache_limit", "1.5 MiB", 1536 * 1024),
        ("cache_limit", "4096", 4096),
        ("memory_limit", "none", None),
        ("memory_limit", "512m", 512 * 1000**2),
        ("timeout", "250ms", 0.25),
        ("timeout", "1.5", 1.5),
        ("timeout", "2h", 7200.0),
        ("max_rows", "unlimited", None),
        ("max_rows", "100", 100),
        ("strict", "yes", True),
        ("strict", "0", False),
        ("time_zone", "Europe/Oslo", "Europe/Oslo"),
        ("author", " Fares  Desk<fares@example.org> ", "Fares  Desk <fares@example.org>"),
    ],
)
def test_spellings(name: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"INGITDB_{name.upper()}", text)
    assert getattr(configure().settings, name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("threads", "0"),
        ("threads", "many"),
        ("threads", "-1"),
        ("timeout", "soon"),
        ("cache_limit", "10 parsecs"),
        ("cache_limit", "none"),
        ("strict", "perhaps"),
        ("time_zone", "Mars/Olympus"),
        ("author", "Fares Desk"),
        ("author", "<fares@example.org>"),
        ("author", "Fares Desk <fares@example.org"),
        ("author", "Fares Desk <>"),
        ("author", "Fares\nDesk <fares@example.org>"),
        ("time_zone", "../../etc/passwd"),
        ("format", "xml"),
    ],
)
def test_impossible_values_say_where_they_stand(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"INGITDB_{name.upper()}", text)
    with pytest.raises(SettingInvalid, match=f"INGITDB_{name.upper()}"):
        configure()


def test_format_is_a_setting_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configure().values["format"].value is None
    monkeypatch.setenv("INGITDB_FORMAT", "json")
    assert configure().values["format"].value == "json"


def test_a_repository_chooses_neither_where_files_are_written_nor_by_whom(repository: Path) -> None:
    chosen = "cache: /somewhere/else\nauthor: A <a@example.org>\nthreads: 2\n"
    say(repository / ".ingitdb" / "config.yaml", chosen)
    found = configure(repository)
    assert found.values["cache"].origin == "default"
    assert found.values["author"].origin == "default"
    assert found.settings.threads == 2
    assert len(found.notes) == 2


def test_misspelt_settings_are_noted(repository: Path) -> None:
    say(repository / ".ingitdb" / "config.yaml", "thread: 2\ncache-limit: 1GB\n")
    found = configure(repository)
    assert "'thread'" in found.notes[0]
    assert found.settings.cache_limit == 1000**3


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "text\n", "\x00"])
def test_files_that_are_no_configuration(repository: Path, text: str) -> None:
    say(repository / ".ingitdb" / "config.yaml", text)
    with pytest.raises(SettingInvalid, match=r"config\.yaml"):
        configure(repository)


def test_an_empty_file_says_nothing(repository: Path) -> None:
    say(repository / ".ingitdb" / "config.yaml", "# nothing yet\n")
    assert configure(repository).settings.threads is None


def test_a_bare_repository_has_no_configuration(repository: Path) -> None:
    bare = repository / "bare.git"
    (bare / "objects").mkdir(parents=True)
    (bare / "HEAD").touch()
    say(repository / ".ingitdb" / "config.yaml", "threads: 2\n")
    assert configure(bare).settings.threads is None


def test_without_a_home_the_cache_is_temporary(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = configure()
    assert found.settings.cache.is_relative_to(tmp_path)
    assert stat.S_IMODE(found.settings.cache.stat().st_mode) == 0o700
    assert len(found.notes) == 1
    assert configure().settings.cache == found.settings.cache


def test_a_home_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = configure()
    assert found.settings.cache.is_relative_to(tmp_path)
    assert "cannot be written" in found.notes[0]


def test_a_temporary_folder_of_somebody_else_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    trap = tmp_path / f"ingitdb-{os.getuid()}"
    (tmp_path / "target").mkdir()
    trap.symlink_to(tmp_path / "target")
    assert configure().settings.cache != trap
    trap.unlink()
    trap.mkdir(mode=0o777)
    trap.chmod(0o777)
    assert configure().settings.cache != trap
