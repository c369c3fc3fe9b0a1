"""The console script `ingitdb`: watches for Ctrl-C, and only then loads the program."""

import atexit
import contextlib
import gc
import os
import sys
from typing import NoReturn

from ingitdb_cli.interrupts import Interrupts
from ingitdb_cli.messages import Messages

_COMPLETE = "_INGITDB_COMPLETE"
_INTERRUPTED = 130
_OBJECTS = 100_000
"""Python's 700 would look through everything again and again while the program is loaded."""


def main() -> NoReturn:
    """Runs the program as its user called it, and ends the process."""
    gc.set_threshold(_OBJECTS)
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
    _end(status)


def _end(status: int) -> NoReturn:
    """Ends the process without freeing all that was loaded, which would take 50 ms."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody listens
            stream.flush()
    os._exit(status)
