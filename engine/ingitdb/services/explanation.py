"""Words for why each table of a commit exists and what was left out."""

from dataclasses import dataclass

from ingitdb.catalog import explain as catalog
from ingitdb.catalog.content import Content, summarize
from ingitdb.catalog.layout import Layout
from ingitdb.formats.registry import by_path
from ingitdb.git.repository import Repository
from ingitdb.model.history import EXECUTABLE, REGULAR
from ingitdb.model.identifiers import CommitId
from ingitdb.model.records import FormatFault

_MODES = (REGULAR, EXECUTABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What `tables --explain` says.

    Attributes:
        tables: Each table's qualified name and why it exists.
        left_out: What is in no table, why, and how many files that are.
        suggestions: What could be declared.
    """

    tables: tuple[tuple[str, str], ...]
    left_out: tuple[tuple[str, str, int], ...]
    suggestions: tuple[str, ...]


def explained(repository: Repository, commit: CommitId) -> Explanation:
    """Explains the files of a commit."""
    entries = repository.tree(commit)
    objects = repository.objects()
    layout = Layout.read(entries.keys(), lambda path: objects.read(entries[path].blob))
    paths = [path for path, entry in entries.items() if entry.mode in _MODES]
    wanted = {entries[p].blob for p in paths if layout.claim(p).excluded is None}
    contents = dict(objects.read_many(wanted))

    def content_of(path: str) -> Content | None:
        form, data = by_path(path), contents.get(entries[path].blob)
        if form is None or data is None:
            return None
        try:
            return summarize(form.read(data))
        except FormatFault:
            return None

    found = catalog.explain(layout, paths, content_of)
    return Explanation(
        tables=tuple(
            (f"{table.schema}.{table.name}", table.locations[0].reason) for table in found.tables
        ),
        left_out=tuple(
            (group.example if group.files == 1 else f"{group.example} …", group.reason, group.files)
            for group in found.left_out
        ),
        suggestions=tuple(
            f"table {hint.table}: glob: {hint.glob} ({hint.reason})" for hint in found.suggestions
        ),
    )
