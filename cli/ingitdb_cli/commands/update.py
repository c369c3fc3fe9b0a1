"""`ingitdb update`: gives fields of records other values."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ingitdb_cli.app import app_of
from ingitdb_cli.options import Command
from ingitdb_cli.record_choice import RecordChoice, choice_options, refuse_rows, say_written

if TYPE_CHECKING:
    from ingitdb.model.records import Value

HELP = """\b
ingitdb update --id people/anna --set city=Bergen --set 'tags=[new, north]'
ingitdb update --from people --where 'city == Oslo' --set country=NO -m "Say the country"
ingitdb update --from fares --where "price < 10 AND season = 'low'" --set price=10.50

Give fields of records other values, as one commit. All other fields stay as they are.

A condition of --where is a column, one of == === != !== >= <= > <, and a value: a number,
which may have commas as in 1,000,000, or a text, in quotes or without. Without a value a
record differs from each; === and !== do not compare a number with a text; $id is the key.
Anything else is taken for a SQL expression. Of a key of several columns, --id has the
parts with __ between them.
"""


@click.command(cls=Command, help=HELP, short_help="Give fields of records other values.")
@click.option(
    "--set",
    "assigned",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A new value, as YAML; or several as {FIELD: VALUE, …}.",
)
@click.option("--unset", multiple=True, metavar="FIELD", help="Take a field away.")
@choice_options
@click.pass_context
def update(
    context: click.Context, /, assigned: tuple[str, ...], unset: tuple[str, ...], **options: Any
) -> None:
    """Updates records."""
    app = app_of(context)
    refuse_rows(app, "update")
    choice = RecordChoice(**options)
    which = choice.which()
    fields = [name.strip() for text in unset for name in text.split(",")]
    values = _values(assigned, fields)
    from ingitdb.services.record_writes import update_records

    done = update_records(
        app.database, which, values, app.options.at, unset_fields=fields, message=choice.message
    )
    say_written(app, done, "updated in")


def _values(assigned: Sequence[str], fields: Sequence[str]) -> "Mapping[str, Value]":
    """Reads the new values.

    Raises:
        UsageError: Nothing is to be changed, a value is no YAML, or a field is named twice.
    """
    from ingitdb.errors import UsageError

    pairs = [pair for text in assigned for pair in _assignments(text)]
    if not pairs and not fields:
        raise UsageError("Nothing is to be changed.", hint="--set FIELD=VALUE, or --unset FIELD")
    names = Counter([*(name for name, _ in pairs), *fields])
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"The field {twice!r} is named twice.")
    return dict(pairs)


def _assignments(text: str) -> "Sequence[tuple[str, Value]]":
    from ingitdb.errors import UsageError
    from ingitdb.services.record_input import read_record, read_value

    if text.lstrip().startswith("{"):
        return list(read_record(text.encode(), source="--set").fields.items())
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--set {text!r} is no assignment.", hint="--set FIELD=VALUE")
    return [(name.strip(), read_value(value, source=f"--set {name.strip()}"))]
