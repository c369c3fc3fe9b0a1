"""Hostile statements over the wire, as a reader and as a writer: nothing gets out, nothing changes.

The table is the one that the engine is tried with, where each attempt has a positive control.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import adbc_driver_manager
import pyarrow as pa
import pytest

from tests.compat.test_hostile import (
    EVERY,
    SECRET,
    TABLES,
    VARIABLE,
    fingerprint,
    listening,
    places,
    state,
)
from tests.support.scratch import git, repository
from tests.support.serve_program import Server, hashes, serving

BAIT = """
import pyarrow, ingitdb_flight.lanes, ingitdb_flight.server, ingitdb.execution.session
for module in (ingitdb_flight.lanes, ingitdb_flight.server, ingitdb.execution.session):
    module.hostile_table = pyarrow.table({"secret": ["CANARY of a Python variable"]})
"""
USERS = """\
users:
  reports:
    password: {reports}
    roles: [{{role: viewer}}]
  dev:
    password: {dev}
    author: Pricing Desk <pricing@example.org>
    roles: [{{role: developer, branches: [main]}}]
"""
WRITING = """
INSERT INTO countries SELECT content, size::VARCHAR, 'x' FROM read_text('{canary}')
INSERT INTO countries FROM read_csv('{canary}')
INSERT INTO countries FROM '{canary}'
INSERT INTO countries SELECT secret, 'x', 'y' FROM {variable}
INSERT INTO countries VALUES ((SELECT content FROM read_text('{canary}')), 'x', 'y')
INSERT INTO countries VALUES (getenv('HOME'), 'x', 'y')
INSERT INTO countries SELECT name, value, 'x' FROM duckdb_settings()
INSERT INTO countries VALUES ('X', 'y', 'z') RETURNING (SELECT content FROM read_text('{canary}'))
UPDATE countries SET name = (SELECT content FROM read_text('{canary}'))
UPDATE countries SET name = c.name FROM read_csv('{canary}') c
UPDATE countries SET name = 'x' WHERE code IN (SELECT file FROM glob('{canary}*'))
DELETE FROM countries USING read_csv('{canary}') c WHERE c.code = 'CANARY'
DELETE FROM countries WHERE EXISTS (FROM read_text('{canary}'))
MERGE INTO countries USING (FROM read_csv('{canary}')) s USING (code) WHEN NOT MATCHED THEN INSERT
COPY countries FROM '{canary}'
COPY countries TO '{canary}.copy'
COPY (FROM countries) TO '{repo}/.git/hooks/post-commit'
ATTACH '{repo}' AS other
ATTACH '{canary}.duckdb' AS other
USE '{repo}'
CREATE TABLE leak AS FROM read_csv('{canary}')
CREATE TABLE leak AS SELECT * FROM {variable}
CREATE TABLE leak (a VARCHAR DEFAULT (getenv('HOME')))
CREATE TABLE leak (a VARCHAR CHECK (a IN (SELECT content FROM read_text('{canary}'))))
CREATE TABLE "../leak" (a INTEGER)
CREATE TABLE "../../leak" (_key VARCHAR, a INTEGER)
CREATE TABLE "/tmp/leak" (a INTEGER)
CREATE TABLE ".git/hooks/post-commit" (a INTEGER)
CREATE TABLE ".git" (a INTEGER)
CREATE TABLE ".ingitdb" (a INTEGER)
CREATE SCHEMA "../leak"
CREATE SCHEMA ".git"
CREATE VIEW leak AS FROM read_csv('{canary}')
ALTER TABLE countries RENAME TO "../countries"
ALTER TABLE countries ADD COLUMN leak VARCHAR DEFAULT (SELECT content FROM read_text('{canary}'))
ALTER TABLE countries ADD COLUMN leak VARCHAR DEFAULT (getenv('HOME'))
INSERT INTO notes (_key, text) VALUES ('../../leak', 'x')
INSERT INTO notes (_key, text) VALUES ('../.git/hooks/post-commit', 'x')
INSERT INTO notes (_key, text) VALUES ('/tmp/leak', 'x')
INSERT INTO notes (_key, text) VALUES ('..', 'x')
INSERT INTO notes (_key, text) VALUES ('', 'x')
UPDATE notes SET _key = '../../leak' WHERE _key = 'one'
CREATE BRANCH "../../leak"
CREATE BRANCH "-f"
CREATE BRANCH "refs/../leak"
CREATE BRANCH "leak.lock"
CREATE TAG "../leak"
CALL DOLT_BRANCH('../leak')
CALL DOLT_BRANCH('-m', 'main', '../leak')
CALL DOLT_TAG('--output=leak', 'HEAD')
CALL DOLT_COMMIT('-m', 'x', '--author', 'Fleet Office <fleet@example.org>')
SET ref = '--output=leak'
SET ref = '../../leak'
SET ref = 'ext::sh -c leak'
SET author = 'Fleet Office <fleet@example.org>'
SET catalog = '../leak'
SET memory_limit = '1TB'
SET SESSION enable_external_access = true
SET lock_configuration = false
PRAGMA database_list
PRAGMA enable_external_access
INSTALL httpfs
LOAD '{canary}'
SELECT * FROM countries AS OF '--output=leak'
SELECT * FROM countries AS OF '../../leak'
"""
NESTED = [
    "SELECT " + "(" * 20_000 + "1" + ")" * 20_000,
    "SELECT " + "1+" * 100_000 + "1",
    "SELECT 1 " + "UNION ALL SELECT 1 " * 300,
    'SELECT * FROM "' + "t" * 1_000_000 + '"',
    "SELECT '" + "x" * 5_000_000,
    "INSERT INTO " + "a." * 50_000 + "b VALUES (1)",
    "SET ref = '" + "x" * 1_000_000 + "'",
    "SELECT \0 1",
]
LEAKS = re.compile(r"Traceback|File \"|\.py\b|site-packages|0x[0-9a-f]{8}|CANARY|frozen ")


@dataclass(frozen=True, slots=True)
class Fort:
    """A server, and what lies around it."""

    server: Server
    source: Path
    home: Path
    where: dict[str, str]

    def around(self) -> tuple[str, dict[str, str]]:
        """Gives the state of the repository and of the machine, the cache left out."""
        files = fingerprint(self.home)
        return state(self.source), {p: h for p, h in files.items() if not p.startswith(".cache")}


@contextmanager
def standing(folder: Path) -> Iterator[Fort]:
    """Starts a server with a canary, a secret in its environment and a listener beside it."""
    notes = {"notes/one.yaml": b"text: one\n", "notes/two.yaml": b"text: two\n"}
    source = repository(folder / "source", [{**TABLES, **notes}], checkout=True)
    git(source, "config", "user.name", "Server")
    git(source, "config", "user.email", "server@example.org")
    users, home = folder / "users.yaml", folder / "home"
    users.write_text(USERS.format(**hashes()))
    with listening() as listener:
        where = {**places(home, listener.port), "repo": str(source)}
        more = {VARIABLE: SECRET}
        with serving(home, source, "--users", users, prelude=BAIT, **more) as server:
            yield Fort(server, source, home, where)
        assert listener.calls == 0


def run(connection: Any, sql: str) -> str | None:
    """Runs a statement to its last row; gives the message of its error, None without one."""
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        if cursor.description:
            cursor.fetchall()
    except adbc_driver_manager.Error as error:
        return str(error)
    finally:
        cursor.close()
    return None


def told(fort: Fort, connection: Any, statements: list[str]) -> list[str]:
    """Runs statements; gives what of them succeeded, or failed with an unclean message."""
    found = []
    for sql in statements:
        message = run(connection, sql)
        if message is None:
            found.append(f"{sql[:300]}\n    succeeded")
        elif not re.search(r"IGD-\d{4}|SQLSTATE|parameter", message) or "IGD-0001" in message:
            found.append(f"{sql[:300]}\n    has no code: {message[:300]}")
        elif any(text in message and text not in sql for text in (str(fort.source), SECRET)):
            found.append(f"{sql[:300]}\n    leaks: {message[:300]}")
        elif (leak := LEAKS.search(message)) and leak[0] not in sql:
            found.append(f"{sql[:300]}\n    leaks {leak[0]}: {message[:300]}")
        elif len(message) > 3_000:
            found.append(f"{sql[:300]}\n    says too much: {len(message)} characters")
    return found


@pytest.mark.slow
def test_a_reader_gets_nothing_out(tmp_path: Path) -> None:
    with standing(tmp_path) as fort:
        connection = fort.server.adbc("reports")
        assert run(connection, "SELECT count(*) FROM cities") is None
        before = fort.around()
        faults = told(fort, connection, [a.filled(fort.where).sql for a in EVERY])
        assert fort.around() == before
        assert run(connection, "SELECT count(*) FROM cities") is None
        assert SECRET not in fort.server.log.read_text()
    assert not faults, "\n".join(faults)


def test_a_writer_gets_nothing_out(tmp_path: Path) -> None:
    with standing(tmp_path) as fort:
        connection = fort.server.adbc("dev")
        assert run(connection, "SELECT count(*) FROM cities") is None
        before = fort.around()
        statements = WRITING.strip().splitlines()
        for name, place in fort.where.items():
            statements = [sql.replace("{" + name + "}", place) for sql in statements]
        faults = told(fort, connection, statements)
        assert fort.around() == before
        assert run(connection, "INSERT INTO notes (_key, text) VALUES ('three', 'x')") is None
    assert not faults, "\n".join(faults)


def test_long_statements_are_refused_and_the_server_stays(tmp_path: Path) -> None:
    with standing(tmp_path) as fort:
        connection = fort.server.adbc("dev")
        before = fort.around()
        messages = [run(connection, sql) for sql in NESTED]
        assert fort.around() == before
        assert run(connection, "SELECT count(*) FROM cities") is None
        assert not [m for m in messages if m and (LEAKS.search(m) or len(m) > 3_000)]
        length = "SELECT length('" + "x" * 5_000_000 + "')"
        assert run(connection, length) is None


@pytest.mark.parametrize("table", ["../leak", "/tmp/leak", ".git/hooks/x", "", "a\0b", "x" * 5_000])
def test_an_upload_leads_nowhere_else(tmp_path: Path, table: str) -> None:
    with standing(tmp_path) as fort:
        connection = fort.server.adbc("dev")
        before = fort.around()
        rows = pa.table({"_key": ["a"], "text": ["b"]})
        with connection.cursor() as cursor, pytest.raises(adbc_driver_manager.Error) as caught:
            cursor.adbc_ingest(table, rows, mode="create")
        assert str(fort.source) not in str(caught.value)
        assert not LEAKS.search(str(caught.value))
        assert fort.around() == before


@pytest.mark.parametrize("key", ["../../leak", "/tmp/leak", "../.git/config", ".."])
def test_an_uploaded_key_leads_nowhere_else(tmp_path: Path, key: str) -> None:
    with standing(tmp_path) as fort:
        connection = fort.server.adbc("dev")
        before = fort.around()
        rows = pa.table({"_key": [key], "text": ["b"]})
        with connection.cursor() as cursor, pytest.raises(adbc_driver_manager.Error):
            cursor.adbc_ingest("notes", rows, mode="append")
        assert fort.around() == before
