"""Answers to the questions of Flight SQL about what there is: catalogs, schemas, tables, keys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb_flight.sql_info import SQL_INFO, sql_info

if TYPE_CHECKING:
    from ingitdb_flight.sessions import Session


@dataclass(frozen=True, slots=True)
class Question:
    """A question of metadata.

    Attributes:
        schema: The columns of its answer, which may depend on what is asked.
        answer: Its answer for a session.
    """

    schema: Callable[[Any], pa.Schema]
    answer: Callable[[Any, "Session"], pa.Table]


METADATA: dict[str, Question] = {
    "CommandGetSqlInfo": Question(lambda _command: SQL_INFO, sql_info),
}
"""What answers each command."""
