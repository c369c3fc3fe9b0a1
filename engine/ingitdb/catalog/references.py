"""Foreign keys of upstream definitions: which collection a name means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ingitdb.catalog.collection import Collection
from ingitdb.catalog.rules import Rule
from ingitdb.errors import did_you_mean
from ingitdb.model.records import Problem
from ingitdb.model.tables import ForeignKey

KEY_COLUMN = "_key"
"""The column that shows a key that stands outside the fields."""


def resolve_references(
    rules: Sequence[tuple[Collection, Rule]], problems: list[Problem]
) -> Iterator[Rule]:
    """Adds the foreign keys to the rules; a subcollection is never a target."""
    targets = {c.id: (c, rule) for c, rule in rules if c.parent is None}
    for collection, rule in rules:
        found: list[ForeignKey] = []
        for name, column in collection.columns.items():
            text = column.get("foreign_key")
            if text is None:
                continue
            target = _target(text, collection, targets)
            if target is None:
                problems.append(_unknown(collection, name, text, targets))
            else:
                found.append(_foreign_key(name, *target))
        declared = replace(rule.location.declaration, foreign_keys=tuple(found))
        yield replace(rule, location=replace(rule.location, declaration=declared))


def _target(
    text: str, collection: Collection, targets: Mapping[str, tuple[Collection, Rule]]
) -> tuple[Collection, Rule] | None:
    if "." in text:
        return targets.get(text)
    module, dot, _ = collection.id.partition(".")
    beside = targets.get(f"{module}.{text}") if dot else None
    return beside or targets.get(text)


def _foreign_key(column: str, target: Collection, rule: Rule) -> ForeignKey:
    key = rule.location.declaration.primary_key if target.keyed_rows else ()
    return ForeignKey(
        columns=(column,),
        schema=target.schema,
        table=target.name,
        references=key or (KEY_COLUMN,),
    )


def _unknown(
    collection: Collection,
    column: str,
    text: str,
    targets: Mapping[str, tuple[Collection, Rule]],
) -> Problem:
    message = f"The foreign key of {column!r} leads to {text!r}, which is no collection."
    hint = did_you_mean(text, targets)
    return collection.definition.problem(
        f"{message} {hint}" if hint else message,
        ("columns", column, "foreign_key"),
        warning=True,
    )
