"""What the git executable says, asked in other ways than the engine asks."""

from ingitdb.model.history import FileChange
from tests.support.repositories import RepoBuilder


def listing(builder: RepoBuilder, tree: str, prefix: str = "") -> dict[str, tuple[int, str]]:
    """Gives path → (mode, id) of a tree."""
    lines = builder.run("ls-tree", "-r", "-z", "--full-tree", tree).stdout.split(b"\0")[:-1]
    found = {}
    for line in lines:
        meta, _, path = line.partition(b"\t")
        mode, _, blob = meta.decode().split()
        text = path.decode("utf-8", "backslashreplace")
        if text.startswith(prefix):
            found[text.removeprefix(prefix)] = (int(mode, 8), blob)
    return found


def differences(
    old: dict[str, tuple[int, str]], new: dict[str, tuple[int, str]]
) -> set[FileChange]:
    """Compares two listings."""
    changes = set()
    for path in old.keys() | new.keys():
        if old.get(path) != new.get(path):
            _, before = old.get(path, (0, None))
            mode, after = new.get(path, (0, None))
            changes.add(FileChange(path, before, after, mode))
    return changes


def replayed(
    files: dict[str, tuple[int, str]], changes: list[FileChange]
) -> dict[str, tuple[int, str]]:
    """Applies changes to a listing, checking what each says was there before."""
    for change in changes:
        before = files.pop(change.path, (0, None))
        assert before[1] == change.old, change
        if change.new is not None:
            files[change.path] = (change.new_mode, change.new)
    return files
