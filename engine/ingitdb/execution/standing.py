"""At which commits states stood, and what commits are."""

from collections.abc import Sequence

import pyarrow as pa

from ingitdb.execution.identity import AT
from ingitdb.model.history import Commit
from ingitdb.snapshots.internal import BEGUN, ENDED

COMMITTED = "c.hash AS commit_hash, c.committer, c.moment AS commit_date"
"""What is shown of commits `c`."""


def standing(states: str, commits: str, ordinal: str = "c.ordinal") -> str:
    """Gives SQL that joins states `s` with the commits `c` at which they stand."""
    return f"FROM ({states}) s JOIN {commits} c ON {ordinal} >= s.{BEGUN} AND {ordinal} < s.{ENDED}"


def standing_by_interval(states: str, commits: str) -> str:
    """Gives SQL for the same, with the commits of each interval worked out once."""
    return (
        f"FROM ({states}) s JOIN (SELECT i.{BEGUN}, i.{ENDED}, c.* FROM"
        f" (SELECT DISTINCT {BEGUN}, {ENDED} FROM ({states})) i JOIN {commits} c"
        f" ON c.ordinal >= i.{BEGUN} AND c.ordinal < i.{ENDED}) c"
        f" ON c.{BEGUN} = s.{BEGUN} AND c.{ENDED} = s.{ENDED}"
    )


def by_ordinal(states: str, lists: str, last: int) -> str:
    """Gives the end of a query for `COMMITTED` of the commits at which states `s` stand.

    Args:
        states: SQL for the states.
        lists: A relation with what `in_lists` gives.
        last: The ordinal of the last commit.
    """
    at = f"s.{AT} + 1"
    return (
        f"c.hash[{at}] AS commit_hash, c.committer[{at}] AS committer,"
        f" c.moment[{at}] AS commit_date FROM (SELECT *,"
        f" unnest(range({BEGUN}, least({ENDED}, {last + 1}))) AS {AT} FROM ({states})) s, {lists} c"
    )


def in_lists(commits: pa.Table) -> pa.Table:
    """Gives one row whose columns list those of all commits, the oldest first."""
    arrays = {name: commits[name].combine_chunks() for name in ("hash", "committer", "moment")}
    return pa.table(
        {
            name: pa.ListArray.from_arrays(pa.array([0, len(array)], pa.int32()), array)
            for name, array in arrays.items()
        }
    )


def described(commits: Sequence[Commit]) -> pa.Table:
    """Gives hash, committer, moment, email and message of each."""
    names = ("hash", "committer", "email", "moment", "message")
    rows = [(str(commit.identifier), *commit.shown) for commit in commits]
    kinds = {name: pa.string() for name in names} | {"moment": pa.timestamp("us", "UTC")}
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    arrays = [pa.array(values, kinds[name]) for name, values in zip(names, columns, strict=True)]
    return pa.table(arrays, names=names)
