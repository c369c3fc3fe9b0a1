"""Targets that speak TLS: whom we trust, and what we show. PostgreSQL's are in its own tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingitdb_cli.program import run
from ingitdb_cli.statuses import Status
from tests.support import servers
from tests.support.etcd import etcd_server
from tests.support.mariadb import MariadbTarget
from tests.support.redis import redis_server
from tests.support.repositories import RepoBuilder

pytestmark = pytest.mark.slow


@dataclass
class Guarded:
    """A target that speaks TLS.

    Attributes:
        asks: Whether it asks for a certificate of ours.
    """

    url: str
    cert: Path
    key: Path
    asks: bool = True


@pytest.fixture(params=["redis", "etcd", "mysql"])
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    if request.param == "mysql":
        target = MariadbTarget(tmp_path)
        cert = target.server.authority
        yield Guarded(target.url, cert, cert.with_name("own.key"), asks=False)
        return
    folder = servers.folder()
    cert, key = pair = servers.certified(tmp_path)
    if request.param == "redis":
        with redis_server(folder, pair=pair) as redis:
            yield Guarded(redis.target().url.replace("redis://", "rediss://"), cert, key)
    else:
        with etcd_server(folder, pair) as etcd:
            yield Guarded(etcd.target().url.replace("etcd://", "etcds://"), cert, key)


def test_who_is_trusted(guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    repo = RepoBuilder(tmp_path / "repo")
    repo.commit({"p/1.json": '{"id": 1}'})
    ours = ["--tls-ca", guarded.cert, "--tls-cert", guarded.cert, "--tls-key", guarded.key]
    apply = ["migrate", "apply", "--source", repo.path, "--target", guarded.url]
    assert run([*map(str, [*apply, *ours, "--verify"])]) == Status.DONE
    status = ["migrate", "status", "--target", guarded.url]
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    other, _ = servers.certified(stranger)
    unknown = ["--tls-ca", other, *ours[2:]]
    assert run([*map(str, [*status, *unknown])]) == Status.TARGET
    shown_nothing = run([*map(str, [*status, *ours[:2]])])
    assert shown_nothing == (Status.TARGET if guarded.asks else Status.DONE)
