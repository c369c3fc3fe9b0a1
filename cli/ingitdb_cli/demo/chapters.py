"""What the demo shows, in order; a chapter is added when what it shows can be done."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command.

    Attributes:
        arguments: What follows `ingitdb`.
        sparkline: A numeric column of the result to be drawn as a line of blocks.
        form: The format in which it is shown.
    """

    arguments: Sequence[str]
    sparkline: str | None = None
    form: str = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A Python program that asks a server of the demo's repository.

    Attributes:
        code: The program, with `{address}` for where the server is.
        needs: The packages without which there is nothing to show.
    """

    code: str
    needs: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A sentence and the commands that follow it."""

    title: str
    steps: Sequence[Step | Served]


def _query(sql: str, sparkline: str | None = None) -> Step:
    return Step(arguments=("query", sql), sparkline=sparkline)


JOIN = """\
SELECT r._key AS route, a.name AS sails_from, a.country, b.name AS sails_to, v.name AS vessel
FROM routes r JOIN vessels v ON v._key = r.vessel
JOIN ports a ON a._key = r.from_port JOIN ports b ON b._key = r.to_port
ORDER BY r.minutes DESC LIMIT 5"""

TIME_TRAVEL = """\
SELECT season, o.fare AS at_v1, n.price_eur AS on_10_march
FROM fares AS OF 'v1.0' o JOIN fares AS OF '2024-03-10' n
USING (route, category, season, ticket, class)
WHERE route = 'R07' AND category = 'adult' AND ticket = 'single'"""

WHEN = """\
WITH state AS (FROM versions('fares') WHERE route = 'R07' AND price_eur > 0),
  change AS (SELECT DISTINCT _valid_from AS moment FROM state)
SELECT moment::DATE AS day, round(avg(price_eur), 2) AS average
FROM change JOIN state ON _valid_from <= moment AND coalesce(_valid_to > moment, true)
GROUP BY ALL ORDER BY day"""

WHICH = """\
SELECT to_commit[:10] AS commit, to_commit_date::DATE AS day, count(*) AS fares,
  min(from_price_eur) AS lowest_before, min(to_price_eur) AS lowest_after
FROM diff('fares') WHERE to_route = 'R07' AND to_price_eur > 2 * from_price_eur
GROUP BY ALL ORDER BY day"""

ONE_FARE = ("R07", "adult", "high", "single", "standard")

WHO = """\
SELECT l.commit_hash[:10] AS commit, l.commit_date::DATE AS day, l.author_name AS author,
  l.message[:32] AS message, count(*) AS fares, round(avg(v.price_eur), 2) AS average
FROM versions('fares') v JOIN git_log() l ON l.commit_hash = v._from_commit
WHERE v.route = 'R07' AND v.price_eur > 0
GROUP BY ALL ORDER BY average DESC LIMIT 3"""

STILL_WRONG = """\
SELECT route, category, season, ticket, o.price_eur AS before, n.price_eur AS now
FROM fares n JOIN fares AS OF '2024-03-07' o USING (route, category, season, ticket, class)
WHERE n.price_eur > 5 * o.price_eur"""

BLAMED = """\
SELECT route, category, season, ticket, commit[:10] AS commit, commit_date::DATE AS day
FROM blame('fares') WHERE route = 'R07' AND message LIKE 'Spring tariff%'
ORDER BY category, season, ticket"""

MENDED = """\
CREATE BRANCH IF NOT EXISTS mended FROM 'main'; USE BRANCH mended;
UPDATE fares n SET price_eur = o.price_eur FROM fares AS OF '2024-03-07' o
WHERE n.price_eur > 5 * o.price_eur AND (n.route, n.category, n.season, n.ticket, n.class)
  = (o.route, o.category, o.season, o.ticket, o.class)"""
DESK = "Pricing Desk <pricing@example.org>"

CLIENT = """\
import adbc_driver_flightsql.dbapi as flight_sql
with flight_sql.connect("{address}", autocommit=True) as db, db.cursor() as cursor:
    cursor.execute("SELECT name, country FROM ports ORDER BY name LIMIT 3")
    print(*cursor.fetchall(), sep="\\n")"""

CHAPTERS = (
    Chapter(
        title="No configuration needed: what looks like data is a table.",
        steps=(Step(arguments=("tables",)),),
    ),
    Chapter(title="SQL over YAML, Markdown and CSV, at HEAD.", steps=(_query(JOIN),)),
    Chapter(
        title="Any commit, tag or date, and two of them side by side.",
        steps=(_query(TIME_TRAVEL),),
    ),
    Chapter(
        title="When did route R07 become so dear? Ask all commits.",
        steps=(_query(WHEN, sparkline="average"),),
    ),
    Chapter(
        title="Which commit was it? diff compares each with the one before, record by record.",
        steps=(_query(WHICH), Step(arguments=("history", "fares", *ONE_FARE))),
    ),
    Chapter(
        title="Who did it? The log is a table too.",
        steps=(_query(WHO),),
    ),
    Chapter(
        title="It was repaired by hand nine days later. What was forgotten?",
        steps=(_query(STILL_WRONG),),
    ),
    Chapter(
        title="blame names them too: nobody has changed them since that commit.",
        steps=(_query(BLAMED),),
    ),
    Chapter(
        title="Mend it with the prices of the day before: a commit that changes three lines.",
        steps=(
            Step(arguments=("query", MENDED, "--author", DESK)),
            Step(arguments=("diff", "main...mended", "fares"), form="text"),
        ),
    ),
    Chapter(
        title="Serve it: whatever speaks Arrow Flight SQL reads the same tables, here ADBC.",
        steps=(Served(code=CLIENT, needs=("adbc_driver_flightsql", "ingitdb_flight.server")),),
    ),
)
