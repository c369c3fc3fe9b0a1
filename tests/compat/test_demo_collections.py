"""The native layout: all collections at each commit that has it, a clear answer at older ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

import ingitdb
from tests.support.oracle_reading import Repository

PRESENT = 18
FIRST, FORMER = "a7fbcea1", "dd20ad60"
LEGACY = ["94e9a6b4", "bf962204", "91df42e6", "01d6a634"]
BARE = ["fbd79c28", "599e0d25", "fcab1833"]
PRODUCTS = "modules/commerce/collections/products/$records/"


def connect(path: Path, cache: Path, ref: str) -> "ingitdb.Connection":
    """Connects at a commit."""
    return ingitdb.connect(path, ref=ref, settings=ingitdb.Settings(cache=cache))


def roots(connection: "ingitdb.Connection") -> set[str]:
    """Gives the root collections as upstream names them."""
    query = "SELECT table_schema || '.' || table_name FROM information_schema.tables"
    names = {name for (name,) in connection.execute(query).fetchall()}
    return {name for name in names if "/" not in name}


def test_all_root_collections_at_each_commit_that_declares_them(
    shared: Callable[[str], Path], shared_cache: Path
) -> None:
    with Repository(shared("demo-ingitdb")) as repository:
        commits = repository.git("rev-list", f"{FIRST}^..HEAD", "--first-parent").split()
        for commit in commits:
            with connect(repository.path, shared_cache, commit) as connection:
                assert len(roots(connection)) == PRESENT, commit
                assert {name.split(".")[0] for name in roots(connection)} == {
                    "geo",
                    "todo",
                    "commerce",
                }


def test_fewer_collections_before(shared: Callable[[str], Path], shared_cache: Path) -> None:
    with connect(shared("demo-ingitdb"), shared_cache, FORMER) as connection:
        assert roots(connection) == {"geo.countries", "todo.statuses", "todo.tags", "todo.tasks"}


def test_product_bodies_byte_for_byte(shared: Callable[[str], Path], shared_cache: Path) -> None:
    with Repository(shared("demo-ingitdb")) as repository:
        with connect(repository.path, shared_cache, "HEAD") as connection:
            rows = connection.execute("SELECT _key, description FROM products").fetchall()
        tree = repository.tree("HEAD")
        bodies = {
            path.removeprefix(PRODUCTS).removesuffix(".md"): repository.blob(blob)
            for path, blob in tree.items()
            if path.startswith(PRODUCTS) and path.endswith(".md") and "README" not in path
        }
    assert len(rows) == len(bodies) == 30
    for key, body in rows:
        front, data = bodies[key].split(b"\n---\n", 1)
        assert front.startswith(b"---\n")
        assert body.encode() == data


@pytest.mark.parametrize("commit", LEGACY)
def test_the_old_layout_is_named(
    commit: str, shared: Callable[[str], Path], shared_cache: Path
) -> None:
    with connect(shared("demo-ingitdb"), shared_cache, commit) as connection:
        assert roots(connection) == set()
        told = connection.execute("SELECT message FROM unreadable()").fetchall()
        assert any("layout before 2026" in message for (message,) in told)
        with pytest.raises(ingitdb.ProgrammingError, match="does not exist"):
            connection.execute("SELECT * FROM countries")


@pytest.mark.parametrize("commit", BARE)
def test_missing_definitions_are_named(
    commit: str, shared: Callable[[str], Path], shared_cache: Path
) -> None:
    with connect(shared("demo-ingitdb"), shared_cache, commit) as connection:
        assert roots(connection) == set()
        told = connection.execute("SELECT message FROM unreadable()").fetchall()
        assert any("countries" in message for (message,) in told)
