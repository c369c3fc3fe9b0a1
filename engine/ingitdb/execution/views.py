"""Views: queries that a repository keeps as files and answers like tables."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from threading import RLock

from ingitdb.catalog.discovery import MAIN
from ingitdb.catalog.files import INGITDB, TABLES
from ingitdb.catalog.own_keys import decoded_name, encoded_name
from ingitdb.formats.registry import by_name
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.model.records import FormatFault
from ingitdb.sql.names import fold, loosen, spell

FOLDER = f"{INGITDB}views/"
_ENDING = ".sql"
_TABLES = f"{INGITDB}{TABLES}"
_MOST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view.

    Attributes:
        path: The file.
        text: The query.
    """

    schema: str
    name: str
    path: str
    text: str

    @property
    def spelled(self) -> str:
        """Its name as SQL."""
        return spell(self.name) if self.schema == MAIN else spell(self.schema, self.name)


class Views:
    """The views of a repository's commits."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: OrderedDict[CommitId, tuple[View, ...]] = OrderedDict()
        self._lock = RLock()

    def at(self, commit: CommitId) -> tuple[View, ...]:
        """Gives the views of a commit, by schema and name."""
        with self._lock:
            if commit in self._known:
                self._known.move_to_end(commit)
                return self._known[commit]
        found = tuple(sorted(self._read(commit), key=lambda view: (view.schema, view.name)))
        if commit not in PSEUDO_COMMITS:
            with self._lock:
                self._known[commit] = found
                if len(self._known) > _MOST:
                    self._known.popitem(last=False)
        return found

    def find(
        self, commit: CommitId, name: str, *, schema: str | None, preferred: str | None
    ) -> View | None:
        """Gives the view that a name means at a commit; None where it means none, or several."""
        known = [
            view for view in self.at(commit) if schema is None or fold(view.schema) == fold(schema)
        ]
        for alike in (fold, loosen):
            found = [view for view in known if alike(view.name) == alike(name)]
            if len(found) > 1:
                wanted = fold(preferred or MAIN)
                found = [view for view in found if fold(view.schema) == wanted]
            if len(found) == 1:
                return found[0]
        return None

    def schemas(self, commit: CommitId) -> list[str]:
        """Gives the schemas that views lie in, and those that are declared empty."""
        return [*(view.schema for view in self.at(commit)), *self._declared_schemas(commit)]

    def _declared_schemas(self, commit: CommitId) -> list[str]:
        reader = by_name("yaml")
        if reader is None or _TABLES not in self._repository.tree(commit):
            return []
        try:
            said = reader.read(self._repository.read_file(commit, _TABLES)).value
        except FormatFault:  # one of the commit's problems
            return []
        found = said.get("schemas") if isinstance(said, dict) else None
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    def _read(self, commit: CommitId) -> Iterator[View]:
        for path in self._repository.tree(commit):
            place = view_name(path)
            if place is not None:
                data = self._repository.read_file(commit, path)
                text = data.decode("utf-8-sig", "replace").strip().rstrip(";")
                yield View(schema=place[0], name=place[1], path=path, text=text)


def view_path(schema: str, name: str) -> str:
    """Gives the path of a view's file."""
    folder = "" if schema == MAIN else f"{encoded_name(schema)}/"
    return f"{FOLDER}{folder}{encoded_name(name)}{_ENDING}"


def view_name(path: str) -> tuple[str, str] | None:
    """Gives schema and name of the view that a path is the file of; None for other files."""
    if not path.startswith(FOLDER) or not path.endswith(_ENDING):
        return None
    schema, slash, name = path[len(FOLDER) : -len(_ENDING)].rpartition("/")
    if "/" in schema or not name:
        return None
    return (decoded_name(schema) if slash else MAIN), decoded_name(name)
