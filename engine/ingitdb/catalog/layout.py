"""How the paths of one tree become tables: a function of that tree's configuration files alone."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ingitdb.catalog.content import Content
from ingitdb.catalog.definitions import read_definitions
from ingitdb.catalog.discovery import Slot, discover, excluded_folder, excluded_name, slot
from ingitdb.catalog.files import Configuration, is_configuration
from ingitdb.catalog.overrides import Overlay, read_overrides
from ingitdb.catalog.packages import read_packages
from ingitdb.catalog.rules import Rule, by_folder
from ingitdb.catalog.wellknown import LEGACY_PREFIX, PACKAGE_NAMES
from ingitdb.formats.registry import extension_of
from ingitdb.model.records import Problem
from ingitdb.model.tables import Conventions, Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a path alone says about a file.

    Attributes:
        rules: The declared tables that the file belongs to.
        excluded: Why the file belongs to no table; such a file need not be read.
        slot: For a file left to discovery, what its folder means; its content decides the rest.
        overlays: What tables.yaml adds to discovered tables, this file's perhaps among them.
    """

    rules: tuple[Rule, ...] = ()
    excluded: str | None = None
    slot: Slot | None = None
    overlays: tuple[tuple[tuple[str, str], Overlay], ...] = ()

    @property
    def locations(self) -> tuple[Location, ...]:
        """The declared tables; the form of one may still depend on the content."""
        return tuple(rule.location for rule in self.rules)


_DESCRIBES = Claim(excluded="describes data")
_EXCLUDED = Claim(excluded="excluded in .ingitdb/tables.yaml")
_NOT_DECLARED = Claim(excluded="not declared, and discovery is off")


@dataclass(frozen=True, slots=True)
class _Folder:
    """What is known about all files of one folder."""

    layers: tuple[tuple[Rule, ...], ...]
    claim: Claim
    by_extension: dict[str, Claim]


class Layout:
    """Places the files of one tree in tables.

    Attributes:
        problems: What is wrong with the configuration files.
        expected: Paths, each with the problem that there is where it has no file.
        inputs: Every path that the layout was read from or that it looked for: a change of one of
            them, or of any path for which `is_configuration` holds, may change the layout.
        discovering: Whether files that nothing declares are discovered.
        conventions: What tables.yaml asks of the whole repository.
    """

    def __init__(
        self,
        layers: Sequence[Sequence[Rule]] = (),
        *,
        overlays: Mapping[tuple[str, str], Overlay] | None = None,
        folders: Mapping[str, str] | None = None,
        discovering: bool = True,
        problems: Iterable[Problem] = (),
        inputs: Iterable[str] = (),
    ) -> None:
        self._overlays = dict(overlays or {})
        self._layers = tuple(tuple(self._declared(rule) for rule in layer) for layer in layers)
        self._own_folders = dict(folders or {})
        self.discovering = discovering
        self.problems = tuple(problems)
        self.expected: tuple[tuple[str, Problem], ...] = ()
        self.conventions = Conventions()
        self.inputs = frozenset(inputs)
        self._by_folder = tuple(by_folder(layer) for layer in self._layers)
        self._folders: dict[str, _Folder] = {}
        self._claims: dict[tuple[Rule, ...], Claim] = {}

    @classmethod
    def read(cls, paths: Collection[str], read: Callable[[str], bytes]) -> "Layout":
        """Reads the configuration files of a tree.

        What is wrong with them is among `problems` and never raises: a definition that cannot be
        used leaves its table out, a data package that cannot be used leaves its files to
        discovery, and so does a tables.yaml.

        Args:
            paths: All paths of the tree.
            read: Gives the bytes of a path; may raise KeyError for a missing one.
        """
        configuration = Configuration(paths, read)
        overrides = read_overrides(configuration)
        definitions = read_definitions(configuration)
        packages = read_packages(configuration)
        discovering = not definitions.declared
        if overrides.discover is not None:
            discovering = overrides.discover
        found = cls(
            (overrides.rules, definitions.rules, packages.rules),
            overlays=overrides.overlays,
            folders=definitions.folders,
            discovering=discovering,
            problems=(*overrides.problems, *definitions.problems, *packages.problems),
            inputs=configuration.inputs,
        )
        found.conventions = overrides.conventions
        found.expected = tuple((p, said) for p, said in packages.expected if found.claim(p).rules)
        return found

    @staticmethod
    def is_configuration(path: str) -> bool:
        """Tells whether a change of a path may change the layout; see also `inputs`."""
        return is_configuration(path)

    @cached_property
    def digest(self) -> str:
        """Layouts with equal digests place every path equally and declare the same."""
        parts = (
            self._layers,
            sorted(self._overlays.items()),
            sorted(self._own_folders.items()),
            self.discovering,
            self.problems,
            self.expected,
            sorted(self.inputs),
            self.conventions,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @property
    def is_plain(self) -> bool:
        """Whether nothing is configured, so that every file is left to discovery."""
        is_declared = any(self._layers) or self._overlays or self._own_folders
        return self.discovering and not is_declared and self.conventions == Conventions()

    def claim(self, path: str) -> Claim:
        """Says what a path alone tells about a file; not asked for links and submodules."""
        head, _, name = path.rpartition("/")
        folder = self._folders.get(head)
        if folder is None:
            folder = self._folders[head] = self._folder(head)
        for layer in folder.layers:
            rules = tuple(rule for rule in layer if rule.matches(path))
            if rules:
                return self._claims.setdefault(rules, Claim(rules=rules))
        if any(rule.leaves_out(path) for layer in folder.layers for rule in layer):
            return _EXCLUDED
        if path in self.inputs or name in PACKAGE_NAMES or name.startswith(LEGACY_PREFIX):
            return _DESCRIBES
        if folder.claim.excluded is not None:
            return folder.claim
        if not head:
            return _by_name(head, name, folder.claim)
        suffix = extension_of(name)
        known = folder.by_extension.get(suffix)
        if known is None:
            known = folder.by_extension[suffix] = _by_name(head, name, folder.claim)
        return known

    def locate(self, path: str, content: Content) -> tuple[Location, ...]:
        """Gives the tables whose records a file of this content holds."""
        claim = self.claim(path)
        if claim.rules:
            return tuple(rule.locate(content) for rule in claim.rules)
        if claim.slot is None:
            return ()
        found = discover(path, content, claim.slot)
        return tuple(self._overlaid(path, found)) if self._overlays else found

    def is_dropped(self, schema: str, name: str) -> bool:
        """Tells whether tables.yaml says that a table which nothing declares was dropped."""
        overlay = self._overlays.get((schema, name))
        return overlay is not None and bool(dict(overlay.rules).get("dropped"))

    def empty_locations(self) -> tuple[Location, ...]:
        """Gives the declared tables, which exist without files too.

        A resource of a data package is none of them: what it describes is a file.
        """
        rules = (rule for layer in self._layers for rule in layer)
        return tuple(r.location for r in rules if r.location.source != "data package")

    def _folder(self, head: str) -> _Folder:
        ancestors = _ancestors(head)
        layers = tuple(
            tuple(rule for folder in ancestors for rule in grouped.get(folder, ()))
            for grouped in self._by_folder
        )
        return _Folder(tuple(layer for layer in layers if layer), self._undeclared(head), {})

    def _undeclared(self, head: str) -> Claim:
        reason = excluded_folder(head)
        if reason is not None:
            return Claim(excluded=reason)
        if not self.discovering:
            return _NOT_DECLARED
        for folder in _ancestors(head):
            if folder in self._own_folders:
                return Claim(
                    excluded=f"in the folder of {self._own_folders[folder]}, but no record of it"
                )
        return Claim(slot=slot(head), overlays=tuple(sorted(self._overlays.items())))

    def _declared(self, rule: Rule) -> Rule:
        overlay = self._overlays.get((rule.location.schema, rule.location.name))
        return rule if overlay is None else overlay.on_rule(rule)

    def _overlaid(self, path: str, found: Iterable[Location]) -> Iterator[Location]:
        for where in found:
            names = ((where.schema, where.full_name or ""), (where.schema, where.name))
            overlay = next((self._overlays[n] for n in names if n in self._overlays), None)
            if overlay is None:
                yield where
            elif not overlay.excludes(path):
                yield overlay.on_location(where)


def _ancestors(folder: str) -> list[str]:
    """Gives a folder and those above it, the deepest first, down to the root."""
    found = [folder]
    while folder:
        folder = folder.rpartition("/")[0]
        found.append(folder)
    return found


def _by_name(head: str, name: str, found: Claim) -> Claim:
    reason = excluded_name(head, name)
    return found if reason is None else Claim(excluded=reason)
