"""Says once for each repository that its hooks do not run."""

from ingitdb.git.repository import Repository
from ingitdb.snapshots.cache import CacheFolder

_MARK = "hooks-told"


def hooks_note(repository: Repository, cache: CacheFolder) -> str | None:
    """Gives what the user should know of hooks that are there and do not run; None if nothing.

    That it was said is noted in the cache, so that it is said once.
    """
    if cache.has_mark(_MARK):
        return None
    hooks = repository.hooks_left_out()
    if not hooks:
        return None
    cache.mark(_MARK)
    verb = "does" if len(hooks) == 1 else "do"
    return (
        f"The {'hook' if len(hooks) == 1 else 'hooks'} {', '.join(hooks)} {verb} not run:"
        " git config ingitdb.runHooks true lets them, false keeps this quiet."
    )
