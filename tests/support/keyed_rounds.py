"""Leads stores between two commits, there and back, and compares what they hold."""

from dataclasses import dataclass
from pathlib import Path

from ingitdb.services.database import Database
from ingitdb.services.migrations.scripted import scripts
from ingitdb.services.migrations.targets import opened
from ingitdb.services.migrations.ways import DEFAULTS, Options
from tests.support.etcd import EtcdTarget
from tests.support.keyed import Expected, Held, expected
from tests.support.redis import RedisTarget

Target = RedisTarget | EtcdTarget


def nothing(what: str, done: int, of: int) -> None:
    """Takes no notice of progress."""


def same(found: Held, wanted: Held) -> None:
    """Fails with what differs."""
    assert sorted(found) == sorted(wanted)
    for key, value in wanted.items():
        assert (key, found[key]) == (key, value)


@dataclass
class StoreRound:
    """Leads stores between the commits of a repository."""

    database: Database
    path: Path
    cache: Path

    def expected(self, ref: str, target: Target) -> Expected:
        return expected(self.path, ref, target.form, self.cache)

    def forward(self, target: Target, ref: str, options: Options = DEFAULTS) -> None:
        with opened(target.url) as it, it.forward(self.database, ref, options) as way:
            way.run(nothing)

    def back(self, target: Target, ref: str | None = None) -> None:
        with opened(target.url) as it, it.backward(self.database, ref) as way:
            way.run(nothing)

    def holds(self, target: Target, ref: str) -> None:
        """Fails unless a store holds just what a commit does."""
        wanted = self.expected(ref, target)
        same(target.held(wanted), wanted.held)
        with opened(target.url) as it:
            assert list(it.differences(self.database, ref)) == []

    def go(self, target: Target, a: str, b: str) -> None:
        """Goes from one commit to another, and back, through our own connection."""
        target.spoil()
        self.forward(target, a)
        self.holds(target, a)
        for move, ref in ((b, b), (b, b), (None, a), (b, b)):
            if move is None:
                self.back(target)
            else:
                self.forward(target, move)
            self.holds(target, ref)

    def script(self, target: Target, a: str, b: str) -> None:
        """The same by scripts and the system's own way to run them."""
        target.spoil()
        with scripts(self.database, target.dialect, a) as found:
            target.run(b"".join(found.up_script()))
        self.holds(target, a)
        with scripts(self.database, target.dialect, b, a) as found:
            up, down = b"".join(found.up_script()), b"".join(found.down_script())
        for script, ref in ((up, b), (up, b), (down, a), (down, a), (up, b)):
            target.run(script)
            self.holds(target, ref)
