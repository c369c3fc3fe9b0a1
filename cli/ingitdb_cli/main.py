"""The console script `ingitdb`: watches for Ctrl-C, and only then loads the program."""

import gc
import os
import sys

from ingitdb_cli.interrupts import Interrupts
from ingitdb_cli.messages import Messages

_COMPLETE = "_INGITDB_COMPLETE"
_INTERRUPTED = 130


def main() -> int:
    """Runs the program as its user called it."""
    messages = Messages()
    try:
        with Interrupts(messages.interrupted, _INTERRUPTED) as interrupts:
            from ingitdb_cli import program

            if _COMPLETE in os.environ:
                program.ingitdb.main(prog_name="ingitdb")
            status = program.run(sys.argv[1:], messages=messages, interrupts=interrupts)
    except KeyboardInterrupt:  # while it is loaded, or at the very end
        messages.interrupted()
        status = _INTERRUPTED
    if status:
        gc.collect()  # what an error's frames still hold would make DuckDB complain at the end
    return status


def __getattr__(name: str) -> object:
    """Gives the click command `ingitdb` to those who ask for it here."""
    if name != "ingitdb":
        raise AttributeError(name)
    from ingitdb_cli.program import ingitdb

    return ingitdb
