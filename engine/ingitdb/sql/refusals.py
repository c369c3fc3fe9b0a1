"""The statements that are not queries: which write, and which are refused with what way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a statement is not run, and how else to get there."""

    reason: str
    hint: str | None = None


_SETTINGS = Refusal(
    "Settings of the engine are fixed.", "Limits are options: --timeout, --max-rows; a ref is --at."
)
_EXTENSIONS = Refusal("Extensions cannot be installed or loaded.")
_PREPARED = Refusal("Statements are not prepared by name.", "Use parameters: ? or $name.")
FILES = Refusal(
    "Statements do not write files.",
    "Use --output FILE with --format; `ingitdb materialize` or `ingitdb export` for whole tables.",
)
_OBJECTS = Refusal("Only tables, views, schemas, branches and tags can be created or dropped.")
_MAINTENANCE = Refusal("The cache takes care of itself.", "It can be deleted at any time.")

VERBS: Mapping[str, Literal["write", "transaction"] | Refusal] = {
    **dict.fromkeys(["INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "REPLACE"], "write"),
    **dict.fromkeys(
        ["CREATE TABLE", "CREATE VIEW", "CREATE SCHEMA", "CREATE BRANCH", "CREATE TAG"], "write"
    ),
    **dict.fromkeys(["DROP TABLE", "DROP VIEW", "DROP SCHEMA", "DROP BRANCH", "DROP TAG"], "write"),
    **dict.fromkeys(["ALTER TABLE", "ALTER VIEW", "ALTER SCHEMA", "COMMENT ON"], "write"),
    "MERGE INTO": "write",
    "MERGE BRANCH": Refusal(
        "Branches are not merged here yet.", "Merge them with git: git switch TARGET, git merge."
    ),
    **dict.fromkeys(
        [
            "BEGIN",
            "START TRANSACTION",
            "COMMIT",
            "END",
            "ROLLBACK",
            "ABORT",
            "SAVEPOINT",
            "RELEASE",
        ],
        "transaction",
    ),
    "CREATE": _OBJECTS,
    "DROP": _OBJECTS,
    "ALTER": _OBJECTS,
    "COPY": FILES,
    "EXPORT": FILES,
    "IMPORT": Refusal(
        "Databases are not imported from files.", "Commit the files to the repository."
    ),
    "INSTALL": _EXTENSIONS,
    "FORCE INSTALL": _EXTENSIONS,
    "LOAD": _EXTENSIONS,
    "UPDATE EXTENSIONS": _EXTENSIONS,
    "SET": _SETTINGS,
    "RESET": _SETTINGS,
    "PRAGMA": _SETTINGS,
    "CHECKPOINT": _MAINTENANCE,
    "FORCE CHECKPOINT": _MAINTENANCE,
    "VACUUM": _MAINTENANCE,
    "ANALYZE": _MAINTENANCE,
    "PREPARE": _PREPARED,
    "EXECUTE": _PREPARED,
    "DEALLOCATE": _PREPARED,
}
"""What a statement with these first words is; two words win over one."""
