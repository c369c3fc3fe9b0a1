"""Each spelling of SQL.md, and texts that only look like one: what is found, and what runs.

A file holds statements after `>>> `; the lines below each are written by the test with
INGITDB_TEST_GOLDEN=rewrite, and are to be read before they are committed.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingitdb.errors import IngitdbError
from ingitdb.execution.parser import DuckdbParser
from ingitdb.model.types import quote_identifier
from ingitdb.sql.analysis import analyze
from ingitdb.sql.fence import check
from ingitdb.sql.hidden import hide_in_stars, mentions_hidden
from ingitdb.sql.references import (
    TableReference,
    function_calls,
    replace_reference,
    splice,
    table_references,
)
from ingitdb.sql.statements import Statement, StatementKind, split
from ingitdb.sql.versions import All, Between, Parameter, Ref, Timestamp, Version

FOLDER = Path(__file__).resolve().parent / "sql"
OURS = ("diff", "git_log", "versions", "hash_of", "history", "table_stats", "unreadable")
PROMPT, MORE = ">>> ", "... "


def relation_of(reference: TableReference) -> str:
    """Stands in for the catalog: every ref is a catalog of its own."""
    parts = (f"c_{spell_version(reference.version)}", reference.schema or "main", reference.name)
    return ".".join(quote_identifier(part) for part in parts)


def spell_version(version: Version | None) -> str:
    match version:
        case None:
            return "session"
        case Ref(text):
            return text
        case Timestamp(text, is_expression):
            return f"{'computed' if is_expression else 'instant'} {text}"
        case Parameter(name, is_timestamp):
            return f"{'instant' if is_timestamp else 'ref'} parameter {name}"
        case All():
            return "all"
        case Between(since, until, inclusive):
            end = " inclusive" if inclusive else ""
            return f"{spell_version(since)} … {spell_version(until)}{end}"


def render(sql: str, parser: DuckdbParser) -> Iterator[str]:
    try:
        for statement in split(sql, parser):
            yield from render_statement(statement, parser)
    except IngitdbError as error:
        yield f"error: {type(error).__name__}"
        yield from (f"  {line}".rstrip() for line in str(error).splitlines())


def render_statement(statement: Statement, parser: DuckdbParser) -> Iterator[str]:
    yield f"kind: {statement.kind}" + (f" {statement.detail}" if statement.detail else "")
    if statement.kind not in (StatementKind.QUERY, StatementKind.EXPLAIN):
        return
    analysis = analyze(statement.source, parser, query_start=statement.query_start)
    check(analysis, parser, our_functions=OURS)
    references = table_references(analysis, parser)
    for reference in references:
        path = ".".join(reference.path)
        yield f"table: {path} at {spell_version(reference.version)}" + (
            f" as {reference.alias}" if reference.alias else ""
        )
    for call in function_calls(analysis, parser):
        if call.name in OURS:
            yield f"call: {call.name} {[(a.name, a.value) for a in call.arguments]}"
    replacements = hide_in_stars(analysis, mentions_hidden(analysis, parser), parser)
    for reference in references:
        replacements += replace_reference(
            reference, relation_of(reference), answers_to=reference.name
        )
    yield "runs: " + splice(statement.text, replacements).replace("\n", "\n" + " " * 6)


def questions(text: str) -> Iterator[tuple[str, str]]:
    """Gives each statement of a golden file, and how it stands there."""
    shown: list[str] = []
    for line in text.splitlines():
        if line.startswith(PROMPT):
            if shown:
                yield plain(shown), "\n".join(shown)
            shown = [line]
        elif line.startswith(MORE) and shown:
            shown.append(line)
    if shown:
        yield plain(shown), "\n".join(shown)


def plain(shown: list[str]) -> str:
    return "\n".join(line[len(PROMPT) :] for line in shown)


@pytest.fixture(scope="module")
def parser() -> Iterator[DuckdbParser]:
    made = DuckdbParser()
    yield made
    made.close()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda p: p.stem)
def test_golden(path: Path, parser: DuckdbParser) -> None:
    text = path.read_text("utf-8")
    heading = text.split(PROMPT, 1)[0]
    answers = [
        shown + "\n" + "\n".join(render(sql, parser)) + "\n" for sql, shown in questions(text)
    ]
    found = heading + "\n".join(answers)
    if os.environ.get("INGITDB_TEST_GOLDEN") == "rewrite":
        path.write_text(found, "utf-8")
    assert found == text
