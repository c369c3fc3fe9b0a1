"""Files whose entries are records are read entry by entry; what they show is the same."""

from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

COUNT = 400


def entries(changes: dict[str, str] | None = None) -> dict[str, str]:
    """Gives the texts of many entries, lists of maps, some of them changed."""
    made = {f"k{n}": f"- name: n{n}\n  rank: {n}\n- name: m{n}\n  rank: 0\n" for n in range(COUNT)}
    return made | (changes or {})


def as_yaml(parts: dict[str, str]) -> str:
    """Puts entries into a file."""
    return "".join(f"{key}:\n{text}" for key, text in parts.items())


def test_lists_over_time(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.yaml": as_yaml(entries())})
    repo.commit({"t.yaml": as_yaml(entries({"k7": "- name: other\n"}))})
    connection = opened(repo)
    assert rows(connection, "SELECT count(*) FROM t") == [(2 * COUNT - 1,)]
    assert rows(connection, "SELECT _index, name, _line FROM t WHERE _key = 'k7'") == [
        (0, "other", 7 * 5 + 1)
    ]
    assert rows(connection, "SELECT _index, name FROM t AS OF 'main~1' WHERE _key = 'k7'") == [
        (0, "n7"),
        (1, "m7"),
    ]
    assert rows(connection, "SELECT count(*) FROM versions('t')") == [(2 * COUNT + 1,)]


def test_maps_that_become_lists(repo: RepoBuilder, opened: Opened) -> None:
    maps = "".join(f"k{n}: {{name: n{n}, rank: {n}}}\n" for n in range(COUNT))
    repo.commit({"t.yaml": maps})
    repo.commit({"t.yaml": as_yaml(entries())})
    repo.commit({"t.yaml": maps + "last: {name: x, rank: 1}\n"})
    connection = opened(repo)
    count = "SELECT count(*), count(DISTINCT _key) FROM t AS OF"
    assert rows(connection, f"{count} 'main~2'") == [(COUNT, COUNT)]
    assert rows(connection, f"{count} 'main~1'") == [(2 * COUNT, COUNT)]
    assert rows(connection, f"{count} 'main'") == [(COUNT + 1, COUNT + 1)]


def test_what_cannot_be_cut(repo: RepoBuilder, opened: Opened) -> None:
    shared = as_yaml(entries({"k0": "- &first\n  name: n0\n", "k1": "- *first\n"}))
    repo.commit({"t.yaml": shared})
    repo.commit({"t.yaml": as_yaml(entries()) + "k3:\n- name: twice\n"})
    repo.commit({"t.yaml": as_yaml(entries()) + "'k3':\n- name: twice\n"})
    repo.commit({"t.yaml": as_yaml(entries({"k9": "- [unclosed\n"}))})
    repo.commit({"t.yaml": as_yaml(entries({"k9": "- 5\n"}))})
    connection = opened(repo)
    sql = "SELECT name FROM t AS OF 'main~4' WHERE _key IN ('k0', 'k1')"
    assert rows(connection, sql) == [("n0",), ("n0",)]
    for ref in ("main~3", "main~2", "main~1"):
        found = [str(p) for p in connection.database.problems(ref)]
        assert [text.partition(":")[0] for text in found] == ["t.yaml"], ref
    assert rows(connection, "SELECT count(*) FROM t_k8") == [(2,)]
