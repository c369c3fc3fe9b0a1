"""COPY … FROM: a DuckDB of its own, which can open that one file, reads it as DuckDB does."""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ingitdb.errors import IngitdbError, StatementError, StatementInvalid, StatementRefused
from ingitdb.execution.footing import Footing
from ingitdb.execution.targets import Target
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.sql.clauses import Copy
from ingitdb.sql.complaints import (
    explain_binder_error,
    state_of_value,
    without_internal_names,
)
from ingitdb.sql.statements import Statement

_CSV_FAULT = re.compile(
    r"CSV Error on Line: (?P<line>\d+)\n(?:Original Line:[^\n]*\n)?(?P<rest>.*?)(?:\n\n|\Z)",
    re.DOTALL,
)
_GUESSED = re.compile(r"contain: (?P<wanted>\d+) columns\..*?sniffer: (?P<found>\d+)", re.DOTALL)
_KIND = re.compile(r"\A(?:\w+ )+Error: ")
_JSON_FAULT = re.compile(r'in file ".*?", in (?:line|record/value) (?P<line>\d+): (?P<rest>[^\n]*)')
_REMOTE = re.compile(r"\A[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Copying:
    """One COPY.

    Attributes:
        copy: Its clauses.
        statement: The statement.
        target: The table that the rows go to.
        parameters: The values of parameters; one may name the file.
        footing: What the statement stands on: how much of the machine may be used, and its watch.
    """

    copy: Copy
    statement: Statement
    target: Target
    parameters: Sequence[Any] | Mapping[str, Any] | None
    footing: Footing

    def rows(self) -> pa.Table:
        """Gives the rows of the file as the table would hold them.

        Raises:
            StatementRefused: It is no file of this machine.
            StatementError: It is not there, or cannot be read so.
        """
        written = self._written()
        if _REMOTE.match(written):
            raise StatementRefused(
                f"COPY reads files of this machine, not {written!r}.", hint="Fetch it first."
            )
        path = Path(written).absolute()
        if not path.is_file():
            raise StatementError(
                f"There is no file {written!r}.",
                hint=f"A path that does not begin with / is looked up in {Path.cwd()}.",
            )
        try:
            return self._read(path)
        except duckdb.Error as error:
            raise self._told(error, path, written) from None

    def _read(self, path: Path) -> pa.Table:
        table = quote_identifier(self.copy.target.path[-1])
        text = self.statement.text
        columns, options = text[slice(*self.copy.columns)], text[slice(*self.copy.options)]
        zone = quote_literal(self.footing.settings.time_zone)
        connected = closing(duckdb.connect(":memory:", config=self._config()))
        with connected as reader, self.footing.watched(reader):
            reader.execute(f"SET TimeZone = {zone}")
            reader.execute(f"SET allowed_paths = [{quote_literal(str(path))}]")
            reader.execute("SET enable_external_access = false")
            reader.execute("SET lock_configuration = true")
            reader.execute(f"CREATE TABLE {table} ({', '.join(self.target.described)})")
            reader.execute(f"COPY {table} {columns} FROM {quote_literal(str(path))} {options}")
            return reader.sql(f"FROM {table}").to_arrow_table()

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
        settings = self.footing.settings
        if settings.threads is not None:
            config["threads"] = settings.threads
        if settings.memory_limit is not None:
            config["memory_limit"] = f"{settings.memory_limit}B"
        return config

    def _written(self) -> str:
        """Gives the path as the statement or its parameter has it."""
        start, end = self.copy.file
        said = self.statement.text[start:end]
        values = self.parameters
        value: Any = None
        if said.startswith("'") and said.endswith("'"):
            value = said[1:-1].replace("''", "'")
        elif said == "?" and isinstance(values, Sequence) and len(values) == 1:
            value = values[0]
        elif said.startswith("$") and isinstance(values, Mapping):
            value = values.get(said[1:])
        elif said == "$1" and isinstance(values, Sequence) and len(values) == 1:
            value = values[0]
        if isinstance(value, Path):
            return str(value)
        if not isinstance(value, str):
            raise self.statement.source.invalid("Here stands a path in quotes.", start, end)
        return value

    def _told(self, error: duckdb.Error, path: Path, written: str) -> IngitdbError:
        """Words a fault with file and line, without what DuckDB guessed."""
        said = str(error)
        found = _CSV_FAULT.search(said) or _JSON_FAULT.search(said)
        if found is not None:
            rest = " ".join(found["rest"].split())
            text = f"{written}, line {found['line']}: {rest}"
            return StatementError(text, sqlstate=state_of_value(said))
        if "Error when sniffing file" in said:
            return self._not_guessed(said, written)
        plain = _KIND.sub("", without_internal_names(said).replace(str(path), written))
        if isinstance(error, duckdb.BinderException):
            found_name = explain_binder_error(said, self.statement.source, list(self.target.kinds))
            found_name.message = found_name.message.replace(str(path), written)
            return found_name
        if isinstance(error, duckdb.ParserException):
            return StatementInvalid(f"{written}: {plain}")
        return StatementError(f"{written}: {plain}", sqlstate=state_of_value(said))

    def _not_guessed(self, said: str, written: str) -> StatementError:
        counts = _GUESSED.search(said)
        why = "how its columns are parted cannot be told"
        if counts is not None:
            why = f"it has {counts['found']} columns, and {counts['wanted']} are wanted"
        return StatementError(
            f"{written}: {why}.",
            hint="Name the columns behind the table, or DELIMITER, QUOTE and HEADER in brackets.",
        )
