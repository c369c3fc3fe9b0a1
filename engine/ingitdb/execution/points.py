"""From a version in a query to the commit that it means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

import duckdb

from ingitdb.errors import RefNotFound, StatementInvalid, StatementRefused
from ingitdb.git.moments import parse_moment
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.sql.arguments import value_of
from ingitdb.sql.complaints import without_internal_names
from ingitdb.sql.versions import Parameter, Ref, Timestamp, Version

Values: TypeAlias = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Points:
    """Finds the commits of one statement's versions.

    Attributes:
        parameters: The statement's.
        query: Runs SQL of our own, for instants that are expressions.
    """

    parameters: Values | None
    query: Callable[[str], list[tuple[Any, ...]]]

    def commit(self, version: Version, repository: Repository, tip: CommitId) -> CommitId:
        """Gives the commit that a version means to whoever stands at a tip.

        Raises:
            RefNotFound: It means none.
            StatementInvalid: It is no instant.
            StatementRefused: It is a range.
        """
        if isinstance(version, Ref):
            return _named(version.text, repository, tip)
        if isinstance(version, Timestamp):
            return _at(self._instant(version), repository, tip)
        if isinstance(version, Parameter):
            return self._given(version, repository, tip)
        raise StatementRefused(
            "A range of versions gives many states of a record; this version of ingitdb has"
            " FOR SYSTEM_TIME ALL and versions('table').",
            hint="Filter versions('table') by _valid_from and _valid_to.",
        )

    def _given(self, version: Parameter, repository: Repository, tip: CommitId) -> CommitId:
        value = value_of(version, self.parameters)
        if isinstance(value, datetime):
            return _at(value if value.tzinfo else value.replace(tzinfo=UTC), repository, tip)
        if isinstance(value, date):
            start = datetime(value.year, value.month, value.day, tzinfo=UTC)
            return _at(start, repository, tip)
        if not isinstance(value, str):
            raise StatementInvalid(
                f"A version cannot be {value!r}.", hint="Give a text, a date or a datetime."
            )
        if version.is_timestamp:
            return _at(_moment(value), repository, tip)
        return _named(value, repository, tip)

    def _instant(self, version: Timestamp) -> datetime:
        if not version.is_expression:
            return _moment(version.text)
        try:
            ((found,),) = self.query(f"SELECT epoch_us(CAST(({version.text}) AS TIMESTAMPTZ))")
        except duckdb.Error as error:
            raise StatementInvalid(without_internal_names(str(error))) from None
        if found is None:
            raise StatementInvalid("The instant of a version is NULL.")
        return datetime.fromtimestamp(found / 1_000_000, UTC)


def _named(text: str, repository: Repository, tip: CommitId) -> CommitId:
    """Finds a ref; a date is met from the tip, unless a ref has its name."""
    moment = parse_moment(text)
    if moment is None or tip in PSEUDO_COMMITS:
        return repository.resolve(text)
    try:
        return repository.resolve(f"{text}^0")
    except RefNotFound:
        return _at(moment, repository, tip)


def _at(instant: datetime, repository: Repository, tip: CommitId) -> CommitId:
    return repository.at_time(instant, None if tip in PSEUDO_COMMITS else tip)


def _moment(text: str) -> datetime:
    found = parse_moment(text)
    if found is None:
        raise StatementInvalid(
            f"{text!r} is no date or time.", hint="Write it as 2026-03-01 12:00:00."
        )
    return found
