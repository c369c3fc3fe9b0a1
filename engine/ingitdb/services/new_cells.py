"""New records as the texts of their columns, the key among them."""

from collections.abc import Iterator, Mapping, Sequence

from ingitdb.errors import IngitdbError, UsageError, nearest_names
from ingitdb.model.records import Record, Value
from ingitdb.model.types import VARCHAR
from ingitdb.services.conditions import KEY, KEY_NAMES
from ingitdb.services.fitting import fitted
from ingitdb.services.write_targets import Target

_ID = "id"
"""A field of this name is the key where nothing else is, as inGitDB has it."""


def new_cells(target: Target, record: Record, key_field: str | None) -> dict[str, str | None]:
    """Gives the columns of a new record with the texts of their values.

    Args:
        target: The table.
        record: The record, with its key apart or in the field `$id`, `$ID` or `_key`.
        key_field: The field that is the key instead.

    Raises:
        IngitdbError: A name, a value or the key is wrong; with the record's line, if it has one.
    """
    try:
        return dict(_cells(target, record, key_field))
    except IngitdbError as error:
        if record.line:
            error.message = f"line {record.line}: {error.message}"
        raise


def _cells(
    target: Target, record: Record, key_field: str | None
) -> Iterator[tuple[str, str | None]]:
    fields = dict(record.fields)
    key = _key(target, record.key, _taken(target, fields, key_field))
    column = None if key is None else _key_column(target)
    if column is not None:
        yield column, target.text(column, key)
    seen: set[str] = set()
    for name, value in fields.items():
        found = target.column(name)
        if found in seen:
            raise UsageError(f"{found} is given twice.")
        seen.add(found)
        text = target.text(found, value)
        if found != column:
            yield found, text
        elif text not in (None, target.text(found, key)):
            raise UsageError(f"The key is said to be {key!r}, but {name} is {text!r}.")


def _taken(
    target: Target, fields: dict[str, Value], key_field: str | None
) -> Iterator[tuple[str, Value]]:
    """Gives the fields that hold the key; those that are no columns are taken out."""
    for name in _key_names(target, fields, key_field):
        yield name, fields[name]
        if name not in target.types:
            del fields[name]


def _key(target: Target, given: str | None, held: Iterator[tuple[str, Value]]) -> str | None:
    found = [] if given is None else [given]
    if given == "":
        raise UsageError("The key is empty.")
    for name, value in held:
        text = fitted(value, VARCHAR)
        if not text:
            raise UsageError(f"{name} is the key, but it is empty.")
        found.append(text)
    if len(set(found)) > 1:
        raise UsageError(f"The key is said to be {found[0]!r}, but also {found[1]!r}.")
    if not found and KEY in target.types:
        raise UsageError(
            f"A record of {target.shown} needs a key.", hint="--key KEY, or $id in the data"
        )
    return found[0] if found else None


def _key_names(target: Target, fields: Mapping[str, Value], key_field: str | None) -> Sequence[str]:
    if key_field is not None:
        if key_field not in fields:
            raise UsageError(
                f"There is no field {key_field!r} for the key.",
                hint=nearest_names(key_field, fields),
            )
        return [key_field]
    named = [
        name for name in KEY_NAMES if name in fields and (name == KEY or name not in target.types)
    ]
    is_wanted = not named and KEY in target.types
    return [_ID] if is_wanted and _ID in fields and _ID not in target.types else named


def _key_column(target: Target) -> str:
    """Gives the column that a key alone is written to."""
    if KEY in target.types:
        return KEY
    if len(target.key) == 1 and target.key[0] in target.types:
        return target.key[0]
    if target.key:
        raise UsageError(
            f"The key of {target.shown} is {', '.join(target.key)}; give these as fields."
        )
    raise UsageError(
        f"{target.shown} has no key of its own.",
        hint=f"Give its columns as fields: {', '.join(target.types)}",
    )
