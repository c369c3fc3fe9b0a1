"""What discovery must know about a file's content: a small summary that can be kept per blob."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ingitdb.model.records import Document, DocumentKind

Entries: TypeAlias = Literal["maps", "lists", "mixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The outline of a document.

    Attributes:
        kind: The document's kind.
        entries: For a map, what its values are: all `maps` (also where there are none), all
            `lists` of maps, else `mixed`.
        list_fields: For a `mixed` map, the fields that are lists of maps, in file order; an empty
            list counts as one.
        front_matter: For Markdown, whether it begins with front matter.
    """

    kind: DocumentKind
    entries: Entries = "mixed"
    list_fields: tuple[str, ...] = ()
    front_matter: bool = False


def summarize(document: Document) -> Content:
    """Outlines a document."""
    if document.kind != "map":
        return Content(kind=document.kind, front_matter=document.front_matter)
    value: dict[str, Any] = document.value
    if all(isinstance(v, dict) for v in value.values()):
        return Content(kind="map", entries="maps", front_matter=document.front_matter)
    fields = tuple(name for name, v in value.items() if _is_list_of_maps(v))
    if len(fields) == len(value):
        return Content(kind="map", entries="lists", front_matter=document.front_matter)
    return Content(kind="map", list_fields=fields, front_matter=document.front_matter)


def _is_list_of_maps(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
