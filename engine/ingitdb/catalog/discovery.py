"""Discovery: which table a file belongs to where nothing is declared, by its path and outline."""

from dataclasses import dataclass

from ingitdb.catalog.content import Content
from ingitdb.catalog.wellknown import (
    GENERATED_FOLDERS,
    LEGACY_PREFIX,
    MARKDOWN_EXTENSIONS,
    PACKAGE_NAMES,
    ROWS_EXTENSIONS,
    is_container,
    is_tool_file,
    stem,
)
from ingitdb.formats.registry import extension_of, is_known
from ingitdb.model.tables import Form, Location

MAIN = "main"
"""The schema of tables that lie in no container and no namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What a folder means to discovery.

    Attributes:
        folder: The record folder, or the container that the file lies in; empty for the root.
        container: Whether the folder is a container or the root.
        schema: The schema of the tables that come from the folder's files.
        name: The name of the folder's own table; empty for the root.
    """

    folder: str
    container: bool
    schema: str
    name: str


def slot(folder: str) -> Slot:
    """Finds the record folder above files of a folder; their container if there is none."""
    parts = folder.split("/") if folder else []
    depth = next((i for i, part in enumerate(parts) if not is_container(part)), len(parts))
    containers = "/".join(parts[:depth])
    if depth < len(parts):
        return Slot(
            folder="/".join(parts[: depth + 1]),
            container=False,
            schema=containers or MAIN,
            name=parts[depth],
        )
    return Slot(
        folder=folder, container=True, schema=containers or MAIN, name=parts[-1] if parts else ""
    )


def excluded_folder(folder: str) -> str | None:
    """Says why discovery leaves a whole folder out; None where it does not."""
    parts = folder.split("/") if folder else []
    hidden = next((part for part in parts if part.startswith(".")), None)
    if hidden is not None:
        return "in a dot-folder"
    if parts and parts[0] in GENERATED_FOLDERS:
        return "made from the records"
    return None


def excluded_name(folder: str, name: str) -> str | None:
    """Says why discovery leaves a file out by its name; None where it does not."""
    suffix = extension_of(name)
    if name.startswith(LEGACY_PREFIX) or name in PACKAGE_NAMES:
        return "describes data"
    if not folder and name.startswith("."):
        return "dot-file in the root"
    if not is_known(name):
        return f"no record format ({suffix or 'no extension'})"
    if not folder and is_tool_file(name):
        return "well-known name in the root"
    return None


def excluded_content(path: str, content: Content, place: Slot) -> str:
    """Says why a file's content makes no table."""
    if content.kind == "empty":
        return "empty"
    if extension_of(path) in MARKDOWN_EXTENSIONS and not content.front_matter:
        return "Markdown without front matter"
    if content.kind == "other":
        return "a single value"
    if not place.folder:
        return "a map in the root without lists of maps (declare it in .ingitdb/tables.yaml)"
    return "no records"


def discover(path: str, content: Content, place: Slot) -> tuple[Location, ...]:
    """Gives the tables whose records a file holds."""
    if extension_of(path) in MARKDOWN_EXTENSIONS:
        return _record(place) if content.front_matter else ()
    if content.kind in ("list", "rows"):
        return _rows(path, place)
    if content.kind == "empty":
        return _rows(path, place) if extension_of(path) in ROWS_EXTENSIONS else ()
    if content.kind != "map":
        return ()
    return _map_in_container(path, content, place) if place.container else _record(place)


def _record(place: Slot) -> tuple[Location, ...]:
    if not place.folder:
        return ()
    above = place.folder.rpartition("/")[0]
    return (
        Location(
            path=place.folder,
            schema=(above or MAIN) if place.container else place.schema,
            name=place.name,
            form=Form.RECORD,
            source="discovery",
            full_name=f"{place.name}/",
            reason=f"each map or Markdown file in {place.folder}/ is a record",
        ),
    )


def _rows(path: str, place: Slot) -> tuple[Location, ...]:
    if place.container:
        return (_of_file(path, place, Form.ROWS, "its items or rows are records"),)
    return (
        Location(
            path=place.folder,
            schema=place.schema,
            name=place.name,
            form=Form.ROWS,
            source="discovery",
            full_name=f"{place.name}_rows",
            reason=f"the rows of the files in {place.folder}/ are records",
        ),
    )


def _map_in_container(path: str, content: Content, place: Slot) -> tuple[Location, ...]:
    if content.entries == "maps":
        return (_of_file(path, place, Form.ENTRIES, "each entry is a map"),)
    if content.entries == "lists":
        return (_of_file(path, place, Form.ENTRY_ITEMS, "each entry is a list of maps"),)
    if content.list_fields:
        return tuple(_of_field(path, place, name) for name in content.list_fields)
    return _record(place)


def _of_file(path: str, place: Slot, form: Form, reason: str) -> Location:
    return Location(
        path=path,
        schema=place.schema,
        name=stem(path),
        form=form,
        source="discovery",
        full_name=path.rpartition("/")[2],
        reason=reason,
    )


def _of_field(path: str, place: Slot, name: str) -> Location:
    return Location(
        path=path,
        schema=place.schema,
        name=f"{stem(path)}_{name}",
        form=Form.FIELD_ITEMS,
        source="discovery",
        pointer=name,
        full_name=f"{path.rpartition('/')[2]}#{name}",
        reason=f"its field {name!r} is a list of maps",
    )
