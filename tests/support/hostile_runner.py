"""A process that runs hostile statements against us and prints what became of each.

Reads `{repository, cache, statements}` as JSON and prints a list of `[outcome, text]`: an error's
class and words, or the rows.
"""

import json
import sys
from pathlib import Path

import pyarrow as pa

import ingitdb

hostile_table = pa.table({"secret": ["CANARY of a Python variable"]})
"""What a replacement scan would find."""


def main() -> None:
    """Runs every statement on one connection, so that what one leaves behind helps the next."""
    task = json.load(sys.stdin)
    settings = ingitdb.Settings(cache=Path(task["cache"]), workers=1)
    outcomes = []
    connection = ingitdb.connect(task["repository"], settings=settings, autocommit=True)
    for sql in task["statements"]:
        local_table = hostile_table  # noqa: F841 - bait in the nearest frame
        try:
            rows = connection.execute(sql).fetchall()
            outcomes.append(("rows", repr(rows)))
        except Exception as error:  # noqa: BLE001 - a judge sees what leaks out
            outcomes.append((getattr(error, "code", type(error).__name__), str(error)))
    connection.close()
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
