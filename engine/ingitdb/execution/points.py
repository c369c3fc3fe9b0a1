"""From a version in a query to the commit that it means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

import duckdb

from ingitdb.errors import StatementInvalid, StatementRefused
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
        raise StatementRefused("A range of versions means no single commit.")

    def instant(self, version: Version, repository: Repository) -> datetime | None:
        """Gives the instant that a version names; None for one that names a commit."""
        if isinstance(version, Timestamp):
            return self._instant(version)
        text = version.text if isinstance(version, Ref) else None
        if isinstance(version, Parameter):
            value = value_of(version, self.parameters)
            if isinstance(value, date):
                return _start(value)
            text = value if isinstance(value, str) else None
            if text is not None and version.is_timestamp:
                return _moment(text)
        moment = parse_moment(text) if text is not None else None
        return moment if moment is not None and repository.named(text or "") is None else None

    def _given(self, version: Parameter, repository: Repository, tip: CommitId) -> CommitId:
        value = value_of(version, self.parameters)
        if isinstance(value, date):
            return _at(_start(value), repository, tip)
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


def _start(value: date) -> datetime:
    """Gives the instant of a datetime, or the first one of a day; without a zone it is UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def _named(text: str, repository: Repository, tip: CommitId) -> CommitId:
    """Finds a ref; a date is met from the tip, unless a ref has its name."""
    moment = parse_moment(text)
    if moment is None or tip in PSEUDO_COMMITS:
        return repository.resolve(text)
    named = repository.named(text)
    return _at(moment, repository, tip) if named is None else named


def _at(instant: datetime, repository: Repository, tip: CommitId) -> CommitId:
    return repository.at_time(instant, None if tip in PSEUDO_COMMITS else tip)


def _moment(text: str) -> datetime:
    found = parse_moment(text)
    if found is None:
        raise StatementInvalid(
            f"{text!r} is no date or time.", hint="Write it as 2026-03-01 12:00:00."
        )
    return found
