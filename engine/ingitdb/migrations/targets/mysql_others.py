"""What MariaDB and MySQL do not look after while foreign keys are not checked: others' tables.

Each statement fails where a migration would harm what others have in the database.
"""

from collections.abc import Iterator, Sequence

from ingitdb.migrations.plan import Plan
from ingitdb.migrations.targets.mysql_definitions import AT, DONE, called
from ingitdb.migrations.targets.target import CHECKED, STATE
from ingitdb.model.types import quote_literal


def ours(plan: Plan) -> list[str]:
    """Gives the names of all tables of both commits."""
    news = [work.new for work in plan.works if work.new is not None]
    return sorted({called(table.place) for table in (*plan.known, *news)})


def _of_others(to: Sequence[str], ours: Sequence[str]) -> str:
    """Gives SQL for the foreign keys of others' tables, by column."""
    theirs = f"TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ({_listed(ours)})"
    return (
        "information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = DATABASE()"
        f" AND REFERENCED_TABLE_NAME IN ({_listed(to)}) AND NOT ({theirs})"
    )


def referred(gone: Sequence[str], ours: Sequence[str]) -> str:
    """Gives the statement that fails where others refer to a table that goes.

    Foreign keys are not checked meanwhile, so the system would drop it.
    """
    return (
        f'INSERT INTO "{STATE}" ("others") SELECT count(*) FROM {_of_others(gone, ours)}'
        f" AND NOT {DONE}"
    )


def borne(made: Sequence[tuple[str, int]]) -> str:
    """Gives the statement that fails where others have what is called like a table that comes.

    A table of the first step may be ours: made, and not yet counted.

    Args:
        made: The names with the numbers of the steps.
    """
    names = _listed([name for name, _ in made])
    own = _listed([name for name, at in made if at == 1]) or "NULL"
    return (
        f'INSERT INTO "{STATE}" ("names") SELECT count(*) FROM information_schema.TABLES WHERE'
        f" {AT} = 0 AND TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ({names})"
        f" AND NOT (TABLE_TYPE = 'BASE TABLE' AND COALESCE(TABLE_NAME IN ({own}), FALSE))"
    )


def strays(left: Sequence[str], ours: Sequence[str]) -> Iterator[str]:
    """Gives the statements that fail where rows of others refer to rows that are gone.

    Args:
        left: The tables that rows leave.
        ours: The tables of both commits.
    """
    theirs, their_table = _quoting("COLUMN_NAME"), _quoting("TABLE_NAME")
    own, table = _quoting("REFERENCED_COLUMN_NAME"), _quoting("REFERENCED_TABLE_NAME")
    given = f"GROUP_CONCAT('c.', {theirs}, ' IS NOT NULL' SEPARATOR ' AND ')"
    same = f"GROUP_CONCAT('p.', {own}, ' = c.', {theirs} SEPARATOR ' AND ')"
    counted = (
        f"CONCAT('SELECT count(*) AS n FROM ', {_quoting('TABLE_SCHEMA')}, '.', {their_table},"
        f" ' AS c WHERE ', {given}, ' AND NOT EXISTS (SELECT 1 FROM ', {table},"
        f" ' AS p WHERE ', {same}, ')')"
    )
    groups = "TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, REFERENCED_TABLE_NAME"
    into = f'INSERT INTO "{CHECKED}" ("strays") SELECT sum(n) FROM ('
    yield "SET SESSION group_concat_max_len = 1048576"
    yield (
        f"SET @ingitdb_step = (SELECT COALESCE(CONCAT({quote_literal(into)},"
        f" GROUP_CONCAT(one SEPARATOR ' UNION ALL '), ') AS s'), 'DO 0') FROM"
        f" (SELECT {counted} AS one FROM {_of_others(left, ours)} AND NOT {DONE}"
        f" GROUP BY {groups}) AS f)"
    )
    yield "PREPARE ingitdb_step FROM @ingitdb_step"
    yield "EXECUTE ingitdb_step"
    yield "DEALLOCATE PREPARE ingitdb_step"


def _quoting(column: str) -> str:
    """Gives SQL for a name that a column holds, quoted."""
    return f"CONCAT('\"', REPLACE({column}, '\"', '\"\"'), '\"')"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(map(quote_literal, texts))
