"""One upstream collection: its id, its folders and its definition as it was read."""

from dataclasses import dataclass
from typing import Any

from ingitdb.catalog.discovery import MAIN
from ingitdb.catalog.parsed import Parsed

RECORD_TYPE = "map[string]any"
LIST_TYPE = "[]map[string]any"
MAP_TYPE = "map[$record_id]map[$field_name]any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A collection or subcollection.

    Attributes:
        id: The full id, such as `geo.countries` or `commerce.orders/order_details`.
        folder: A path template of the folder that its data lie in; a subcollection has one such
            folder for every record of its parent.
        schema_folder: The folder of its definition.
        definition: The definition with what it inherits.
        shared: Whether several collections share the folder.
        parent: For a subcollection the collection above it.
    """

    id: str
    folder: str
    schema_folder: str
    definition: Parsed
    shared: bool
    parent: "Collection | None" = None

    @property
    def schema(self) -> str:
        """The SQL schema: what stands before the last dot of the root collection's id."""
        return self.root.id.rpartition(".")[0] or MAIN

    @property
    def name(self) -> str:
        """The table's name; that of a subcollection has its parents' before it."""
        return self.id[len(self.root.id.rpartition(".")[0]) :].lstrip(".")

    @property
    def root(self) -> "Collection":
        """The root collection above, or itself."""
        return self if self.parent is None else self.parent.root

    @property
    def depth(self) -> int:
        """How many parents there are."""
        return 0 if self.parent is None else self.parent.depth + 1

    @property
    def record_file(self) -> dict[str, Any]:
        """The part of the definition that tells how records are stored."""
        found: dict[str, Any] = self.definition.value["record_file"]
        return found

    @property
    def columns(self) -> dict[str, dict[str, Any]]:
        """The declared columns as they are written."""
        found: dict[str, dict[str, Any]] = self.definition.value["columns"]
        return found

    @property
    def keyed_rows(self) -> bool:
        """Whether records are rows, so that their key is among their fields."""
        return bool(self.record_file["type"] == LIST_TYPE)
