"""A repository with a table of each form, and someone who may write to them."""

from collections.abc import Mapping

from tests.support.repositories import RepoBuilder

FILES: Mapping[str, str] = {
    "people/anna.yaml": "# of the desk\nname: Anna  # first\ncity: Oslo\nage: 41\ntags: [a, b]\n",
    "people/bo.yaml": "name: Bo\nage: 7\nposition: {lat: 60.5, lon: 5}\n",
    "people/cy.yaml": "name: Cy\ncity: New York\nage: 1200\n",
    "fares.csv": "route,price\nR1,9.50\nR2,12.00\n",
    "log.jsonl": '{"id":1,"n":5}\n{"id":2,"n":6}\n',
    "stops.yaml": "a:\n  size: 1\nb:\n  size: 2\n",
    "data/lakes.yaml": "deep/one:\n  depth: 12\ntwo:\n  depth: 7\n",
    ".ingitdb/tables.yaml": "tables:\n  fares:\n    key: route\n  log:\n    key: [id, n]\n",
}


def fill(repo: RepoBuilder) -> RepoBuilder:
    """Commits the tables."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit(FILES, "Data")
    return repo
