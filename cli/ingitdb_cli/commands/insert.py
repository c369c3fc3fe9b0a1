"""`ingitdb insert`: adds records to a table."""

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.own_formats import FormatCommand
from ingitdb_cli.record_choice import MESSAGE, refuse_rows, say_written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingitdb.model.records import Record

HELP = """\b
ingitdb insert --into people --key eve --data '{name: Eve, age: 41}'
ingitdb insert --into people --edit
ingitdb insert --into people --format jsonl -m "New people" < people.jsonl

Add records to a table, as one commit: all of them, or none.

One record is given by --data, by stdin or in the editor, as a map in YAML or JSON; its key
by --key or as $id. With --format there are many on stdin; each has its key in the field
$id, _key or what --key-column says, if the table has keys beside its columns. A CSV text has
a header unless --fields names its columns.
"""
FORMATS = ("jsonl", "yaml", "ingr", "csv", "json")
_STDIN = "stdin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What was asked for."""

    table: str
    key: str | None
    data: str | None
    edit: bool
    empty: bool
    key_column: str | None
    fields: str | None
    message: str | None
    format: str | None


@click.command(
    cls=FormatCommand,
    formats=FORMATS,
    format_help="Read many records of it from stdin.",
    help=HELP,
    short_help="Add records to a table.",
)
@click.option("--into", "table", required=True, metavar="TABLE", help="The table.")
@click.option("--key", metavar="KEY", help="The key of the record.")
@click.option("--data", metavar="MAP", help="The record's fields, as YAML or JSON.")
@click.option("--edit", is_flag=True, help="Open $VISUAL or $EDITOR on the table's columns.")
@click.option("--empty", is_flag=True, help="A record with a key and no fields.")
@click.option("--key-column", metavar="FIELD", help="The field of each record that is its key.")
@click.option("--fields", metavar="NAME,…", help="The columns of a CSV text without a header.")
@MESSAGE
@click.pass_context
def insert(context: click.Context, /, **options: Any) -> None:
    """Adds records."""
    app = app_of(context)
    refuse_rows(app, "insert", has_format=True)
    call = Call(**{**options, "format": options["format"] or app.options.format})
    _check(call)
    from ingitdb.services.record_writes import insert_records

    with _records(app, call) as records:
        done = insert_records(
            app.database,
            call.table,
            records,
            app.options.at,
            key_field=call.key_column,
            message=call.message,
        )
    say_written(app, done, "inserted into")


def _check(call: Call) -> None:
    """Refuses options that contradict each other.

    Raises:
        UsageError: They do.
    """
    from ingitdb.errors import UsageError

    sources = {
        "--data": call.data is not None,
        "--edit": call.edit,
        "--empty": call.empty,
        "--format": call.format is not None,
    }
    given = [name for name, is_given in sources.items() if is_given]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} both say what is inserted; choose one.")
    if call.format not in (None, *FORMATS):
        raise UsageError(
            f"Records are not read from {call.format}.", hint=f"--format {', '.join(FORMATS)}"
        )
    if call.format is not None and call.key is not None:
        raise UsageError("--key is the key of one record.", hint="--key-column FIELD for many")
    if call.format is None and call.key_column is not None:
        raise UsageError("--key-column is for many records.", hint="--format, or --key KEY for one")
    if call.format != "csv" and call.fields is not None:
        raise UsageError("--fields names the columns of a CSV text.", hint="--format csv")


@contextmanager
def _records(app: App, call: Call) -> "Iterator[Sequence[Record]]":
    """Gives the records; what was typed in an editor is not lost if they cannot be written."""
    from ingitdb.model.records import Record
    from ingitdb.services.record_input import read_record, read_records

    if call.edit:
        from ingitdb_cli.record_template import edited, template

        text = template(app.database.describe(call.table, app.options.at), call.key)
        with edited(app, text) as data:
            yield [_with_key(read_record(data, source="the edited file"), call.key)]
    elif call.format is not None:
        names = [name.strip() for name in (call.fields or "").split(",") if name.strip()]
        yield read_records(_stdin(), call.format, source=_STDIN, names=names)
    elif call.empty:
        yield [Record(fields={}, key=call.key)]
    elif call.data is not None:
        yield [_with_key(read_record(call.data.encode(), source="--data"), call.key)]
    else:
        yield [_with_key(read_record(_stdin(), source=_STDIN), call.key)]


def _with_key(record: "Record", key: str | None) -> "Record":
    from dataclasses import replace

    return replace(record, key=key)


def _stdin() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        from ingitdb.errors import UsageError

        raise UsageError(
            "There is no record.", hint="--data MAP, --edit, --empty, or a record on stdin"
        )
    return sys.stdin.buffer.read()
