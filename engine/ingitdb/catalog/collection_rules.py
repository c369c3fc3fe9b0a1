"""Where the records of an upstream collection lie."""

import re
from dataclasses import replace

from ingitdb.catalog.collection import LIST_TYPE, RECORD_TYPE, Collection
from ingitdb.catalog.globs import GlobInvalid, literal, template_of
from ingitdb.catalog.records import PARENT_COLUMN
from ingitdb.catalog.rules import Rule, inside
from ingitdb.formats import registry
from ingitdb.model.records import DEFAULT_OPTIONS, Problem, ReadOptions
from ingitdb.model.tables import Declaration, Form, Location

KEY = "{key}"
RECORDS_FOLDER = "$records"
UPSTREAM_CONTENT = "$content"


def rule_of(collection: Collection, declared: Declaration, problems: list[Problem]) -> Rule | None:
    """Makes the rule that claims a collection's files; None, with a problem, where that fails."""
    record_file = collection.record_file
    folder = _folder(collection, problems)
    exclude = record_file.get("exclude_regex") or None
    if folder is None or not _is_regex(collection, exclude, problems):
        return None
    location = Location(
        path=folder,
        schema=collection.schema,
        name=collection.name,
        form=_form(record_file["type"]),
        source="definition",
        reason=f"declared in {collection.definition.path}",
        captures=() if collection.parent is None else (PARENT_COLUMN,),
        format=_format(record_file["name"], record_file["format"]),
        options=_options(collection),
        declaration=declared,
    )
    name = KEY.join(literal(part) for part in record_file["name"].split(KEY))
    if KEY in name and location.form == Form.RECORD:
        location = replace(location, key_from_name=name)
    else:
        location = replace(location, path=f"{folder}/{name}" if folder else name)
    try:
        template_of(location)
    except GlobInvalid as error:
        problems.append(collection.definition.problem(str(error), ("record_file", "name")))
        return None
    return Rule(location=location, exclude_names=exclude)


def _folder(collection: Collection, problems: list[Problem]) -> str | None:
    """Gives the template of the folder that the record files lie in."""
    record_file = collection.record_file
    name = record_file["name"]
    below = record_file.get("records_dir")
    if inside("", name) != name:
        text = f"The file name {name!r} leads out of its folder."
        problems.append(collection.definition.problem(text, ("record_file", "name")))
        return None
    if below is not None:
        clean = inside("", below)
        if clean is None or ".." in below.split("/"):
            text = f"The records_dir {below!r} leads out of its folder."
            problems.append(collection.definition.problem(text, ("record_file", "records_dir")))
            return None
        return _join(collection.folder, literal(clean))
    if collection.parent is not None:
        return f"{collection.folder}{{/{RECORDS_FOLDER},}}"
    return _join(collection.folder, RECORDS_FOLDER if KEY in name else "")


def _join(folder: str, below: str) -> str:
    return f"{folder}/{below}" if folder and below else folder or below


def _is_regex(collection: Collection, pattern: str | None, problems: list[Problem]) -> bool:
    try:
        re.compile(pattern or "")
    except re.error as error:
        text = f"The exclude_regex {pattern!r} is no regular expression: {error}."
        problems.append(collection.definition.problem(text, ("record_file", "exclude_regex")))
        return False
    return True


def _form(text: str) -> Form:
    if text == RECORD_TYPE:
        return Form.RECORD
    return Form.ROWS if text == LIST_TYPE else Form.ENTRIES


def _format(name: str, declared: str) -> str | None:
    """Gives the declared format where the file's extension does not tell it."""
    declared = "yaml" if declared == "yml" else declared
    return None if registry.name_of(name) == declared else declared


def _options(collection: Collection) -> ReadOptions:
    content = collection.record_file.get("content_field")
    if content is None and UPSTREAM_CONTENT in collection.columns:
        content = UPSTREAM_CONTENT
    if content is None or collection.record_file["format"] != "markdown":
        return DEFAULT_OPTIONS
    return replace(DEFAULT_OPTIONS, content_field=content)
