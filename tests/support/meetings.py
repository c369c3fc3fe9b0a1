"""A repository whose records may meet what is written, and what a commit changed in it."""

from tests.support.repositories import RepoBuilder

TABLES = """tables:
  log:
    key: [id]
    unique: [code]
    columns:
      n: {default: "40 + 2"}
      tag: {type: VARCHAR, default: "'x' || 1"}
"""
FILES = {
    "people/anna.yaml": "# of the desk\nname: Anna  # first\nage: 41\ntags: [a, b]\n",
    "people/bo.yaml": "name: Bo\nage: 7\ntags: [c]\n",
    "fares.csv": "route,price\nR1,9.50\nR2,12.00\nR2,12.00\n",
    "log.jsonl": '{"id":1,"code":"a","n":5}\n{"id":2,"code":"b","n":6}\n',
    "stops.yaml": "a:\n  size: 1  # small\nb:\n  size: 2\n",
    ".ingitdb/tables.yaml": TABLES,
}


def filled(repo: RepoBuilder) -> RepoBuilder:
    """Commits the tables, and names who writes."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit(FILES)
    return repo


def changed(repo: RepoBuilder) -> list[str]:
    """Gives the lines that the last commit took away and brought; the tree is clean."""
    assert repo.git("status", "--porcelain") == ""
    repo.git("fsck", "--strict")
    shown = repo.git("diff", "-U0", "HEAD~1", "HEAD").splitlines()
    return [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]
