"""Passwords of targets come from the environment or the keyring, and are told to nobody."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from ingitdb_cli.migration.options import PASSWORD
from ingitdb_cli.program import run
from ingitdb_cli.statuses import Status
from tests.support.mariadb import MariadbTarget
from tests.support.redis import redis_server
from tests.support.repositories import RepoBuilder

pytestmark = pytest.mark.slow
SECRET = "s3cret-" + "wörd-€"
WRONG = "wr0ng-" + "word"


class Kept(KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.known.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.known[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.known[service, username]


@pytest.fixture
def kept() -> Iterator[Kept]:
    before, found = keyring.get_keyring(), Kept()
    keyring.set_keyring(found)
    yield found
    keyring.set_keyring(before)


@pytest.fixture(params=["redis", "mysql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Gives the URL of a target whose user has a password."""
    if request.param == "redis":
        with redis_server(tmp_path, SECRET) as server:
            yield server.target().url.replace("redis://", "redis://default@")
        return
    target = MariadbTarget(tmp_path)
    with closing(target.connect(autocommit=True, charset="utf8mb4")) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE OR REPLACE USER guarded@'127.0.0.1' IDENTIFIED BY '{SECRET}'")
        cursor.execute(f"GRANT ALL ON {target.name}.* TO guarded@'127.0.0.1'")
    yield target.url.replace("root@", "guarded@")


def source(folder: Path) -> list[str]:
    repo = RepoBuilder(folder / "repo")
    repo.commit({"p/1.json": '{"id": 1}'})
    return ["--source", str(repo.path)]


def status(url: str) -> int:
    return run(["migrate", "status", "--target", url])


def test_the_environment_has_it(
    url: str,
    kept: Kept,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert status(url) == Status.TARGET
    monkeypatch.setenv(PASSWORD, WRONG)
    assert status(url) == Status.TARGET
    assert WRONG not in "".join(capfd.readouterr())
    monkeypatch.setenv(PASSWORD, SECRET)
    assert status(url) == Status.DONE
    assert run(["migrate", "generate", *source(tmp_path), "--target", url]) == Status.DONE


def test_the_keyring_has_it(
    url: str, kept: Kept, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    assert status(url) == Status.TARGET
    shown = capfd.readouterr().err.removeprefix("error: ").partition(" cannot be opened")[0]
    kept.set_password("ingitdb", shown, SECRET)
    assert status(url) == Status.DONE


def test_it_is_told_to_nobody(
    url: str,
    kept: Kept,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    user, _, rest = url.partition("@")
    with_secret = f"{user}:{SECRET}@{rest}"
    log = tmp_path / "log.txt"
    to = [*source(tmp_path), "--target"]
    assert run(["migrate", "apply", *to, with_secret, "--log", str(log)]) == Status.DONE
    nowhere = with_secret.replace("127.0.0.1:", "127.0.0.1:1")[:-3]
    assert run(["migrate", "apply", *to, nowhere]) in (Status.TARGET, Status.USAGE)
    assert run(["migrate", "apply", *to, f"{user}:{WRONG}@{rest}"]) == Status.TARGET
    told = "".join(capfd.readouterr()) + log.read_text("utf-8")
    assert SECRET not in told
    assert WRONG not in told
    hidden = f"{url}?password={SECRET}&x_pass={WRONG}"
    for address in (f"{with_secret}?x=y", f"{with_secret}?keys=x", hidden):
        assert run(["migrate", "status", "--target", address]) in (Status.TARGET, Status.USAGE)
    told = "".join(capfd.readouterr())
    assert SECRET not in told
    assert WRONG not in told
