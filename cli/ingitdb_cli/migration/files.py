"""Where scripts of migrations go, by names that sort: V7__3f2a91c.sql and U7__3f2a91c.sql."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingitdb.errors import TargetError, UsageError

if TYPE_CHECKING:
    from ingitdb.migrations.connections.connection import Access
    from ingitdb.migrations.mapping import TargetMapping

_VERSIONED = re.compile(r"[VU](\d+)(?:[._]\d+)*__.*\.sql", re.IGNORECASE)
_SHORT = 7
_NO_SQL = ("consul", "etcd", "redis")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptPlace:
    """For what system scripts are made, from where, and where they go.

    Attributes:
        before: The ref to start from; None if nothing is there.
        folder: Where both scripts go; None if they go to files of their own names.
        version: The next one of the target's ledger; None if no target is named.
        keys: How the target's URL says that keys are put together.
    """

    dialect: str
    before: str | None = None
    folder: Path | None = None
    version: int | None = None
    keys: str | None = None


def place_of(
    dialect: str | None, said: Mapping[str, Any], access: "Access", mapping: "TargetMapping"
) -> ScriptPlace:
    """Finds out for what system scripts are made, and where they go.

    Args:
        dialect: What --dialect says.
        said: What --target, --from (`before`), --output-dir, --output and --rollback say.
        access: How to get into the target.
        mapping: What it calls things.

    Raises:
        UsageError: Options exclude each other, or the system is not named.
        TargetError: The target is not there.
    """
    target, before, version, keys = said["target"], said["before"], None, None
    folder = Path(said["output_dir"]) if said["output_dir"] is not None else None
    if folder is not None and (said["output"] is not None or said["rollback"] is not None):
        raise UsageError("--output-dir names both files; --output and --rollback are not for it.")
    if said["output"] is not None and said["output"] == said["rollback"]:
        raise UsageError("--output and --rollback name one file.")
    if target is not None:
        if before is not None:
            raise UsageError("--from and --target both say where the target is.")
        dialect = _dialect(target, dialect)
        before, version, keys = _there(target, access, mapping)
    if folder is not None and dialect in _NO_SQL:
        raise UsageError("--output-dir is for scripts of SQL.", hint="Use --output, --rollback.")
    if dialect is None:
        raise UsageError("For what system?", hint="Add --dialect or --target.")
    return ScriptPlace(dialect=dialect, before=before, folder=folder, version=version, keys=keys)


def _dialect(target: str, dialect: str | None) -> str:
    from ingitdb.services.migrations.targets import dialect_of

    found = dialect_of(target)
    if dialect not in (None, found):
        raise UsageError(f"The target takes scripts of {found}, not of {dialect}.")
    return found


def _there(
    target: str, access: "Access", mapping: "TargetMapping"
) -> tuple[str | None, int, str | None]:
    """Gives the commit that a target is at, its ledger's next version, and its keys."""
    from ingitdb.services.migrations.targets import keys_of, opened
    from ingitdb.services.migrations.ways import is_applied

    with opened(target, access, is_only_read=True, mapping=mapping) as there:
        rows = there.ledger()
    applied = [row.commit for row in rows if is_applied(row)]
    version = max((row.version for row in rows), default=0) + 1
    return (applied[-1] if applied else None), version, keys_of(target)


def written(
    place: ScriptPlace, commit: str, up: Iterator[bytes], down: Iterator[bytes]
) -> tuple[Path, Path]:
    """Writes both scripts into the folder, or none of them.

    Args:
        place: Where they go.
        commit: Where they lead.
        up: The script that leads there.
        down: The script that leads back.

    Raises:
        UsageError: The folder has a script of this version.
        TargetError: A file cannot be written.
    """
    drafts: list[Path] = []
    done: list[Path] = []
    try:
        paths = _paths(place, commit)
        for path, script in zip(paths, (up, down), strict=True):
            drafts.append(path.with_name(f".{path.name}.part"))
            with drafts[-1].open("wb") as file:
                file.writelines(script)
        for draft, path in zip(drafts, paths, strict=True):
            os.link(draft, path)  # unlike a renaming it writes over nothing
            done.append(path)
    except BaseException as error:
        for path in done:
            path.unlink()
        if isinstance(error, OSError):
            said = f"{error.filename or place.folder} cannot be written: {error.strerror}."
            raise TargetError(said) from None
        raise
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)
    return paths


def _paths(place: ScriptPlace, commit: str) -> tuple[Path, Path]:
    folder = place.folder or Path()
    folder.mkdir(parents=True, exist_ok=True)
    taken = _versions(folder)
    version = place.version or max(taken, default=0) + 1
    if version in taken:
        raise UsageError(f"{folder} has a script of version {version} already.")
    name = f"{version}__{commit[:_SHORT]}.sql"
    return folder / f"V{name}", folder / f"U{name}"


def _versions(folder: Path) -> set[int]:
    found = (_VERSIONED.fullmatch(path.name) for path in folder.iterdir())
    return {int(one[1]) for one in found if one is not None}
