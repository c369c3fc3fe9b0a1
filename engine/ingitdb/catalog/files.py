"""The configuration files of one tree, and a record of which were asked for."""

import re
from collections.abc import Callable, Iterable

from ingitdb.catalog.wellknown import LEGACY_PREFIX, PACKAGE_NAMES

INGITDB = ".ingitdb/"
DEFINITION = "definition.yaml"
ROOT_COLLECTIONS = "root-collections.yaml"
SETTINGS = "settings.yaml"
TABLES = "tables.yaml"
RECORD_SCHEMA = "schema.json"
_CONFIGURATION_NAMES = frozenset({DEFINITION, *PACKAGE_NAMES})
_RECORD_SCHEMA = re.compile(rf"(.*/)?\.collections?/(.+/)?{re.escape(RECORD_SCHEMA)}")
_CONFIGURATION_ENDINGS = (f"/{DEFINITION}", *(f"/{name}" for name in PACKAGE_NAMES))


def is_configuration(path: str) -> bool:
    """Tells whether a file's path alone makes it configuration.

    A definition can name further files (`inherits`, a schema of a data package); these are among
    `Configuration.inputs` once the layout has been read.
    """
    return (
        path.endswith(_CONFIGURATION_ENDINGS)
        or path in _CONFIGURATION_NAMES
        or path.startswith(LEGACY_PREFIX)
        or f"/{LEGACY_PREFIX}" in path
        or (path.endswith(RECORD_SCHEMA) and _RECORD_SCHEMA.fullmatch(path) is not None)
    )


class Configuration:
    """Reads configuration files and remembers every path that was asked for.

    Attributes:
        inputs: The paths asked for, also those that do not exist.
        paths: The paths of the tree that are configuration by their name, sorted.
    """

    def __init__(self, paths: Iterable[str], read: Callable[[str], bytes]) -> None:
        self._all = paths if isinstance(paths, set | frozenset) else frozenset(paths)
        self._read = read
        self.paths = sorted(path for path in self._all if is_configuration(path))
        self.inputs: set[str] = set()

    def exists(self, path: str) -> bool:
        """Tells whether the tree has a file."""
        self.inputs.add(path)
        return path in self._all

    def read(self, path: str) -> bytes | None:
        """Gives the bytes of a file; None where the tree has no such file or it is missing."""
        if not self.exists(path):
            return None
        try:
            return self._read(path)
        except KeyError:
            return None
