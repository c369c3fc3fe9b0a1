"""Tells a plan, does it, and says how far it is: on the terminal and in a log."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ingitdb_cli.app import App
from ingitdb_cli.migration.options import mapping

if TYPE_CHECKING:
    from ingitdb.migrations.plan import Outline
    from ingitdb.services.migrations.ways import LiveTarget, Way


def told(plan: "Outline") -> Iterator[str]:
    """Gives a plan's steps and notes as lines."""
    for step in plan.steps:
        marks = f" [{', '.join(step.marks)}]" if step.marks else ""
        detail = f": {step.detail}" if step.detail else ""
        yield f"{step.kind} {step.table}, {step.rows:,} rows{marks}{detail}"
    yield from (f"note: {note}" for note in plan.notes)


def do(app: App, way: "Way", given: Mapping[str, Any]) -> bool:
    """Tells a plan and does it, unless only the plan is wanted; says whether it was done.

    Raises:
        StatementRefused: It takes something from the target, and nobody has allowed it.
        TargetError: The target refuses something, or the log cannot be written.
    """
    from ingitdb.services.migrations.ways import check_destructive

    for line in told(way.plan):
        app.messages.line(line)
    if given["dry_run"]:
        return False
    if not given["allow_destructive"]:
        check_destructive(way.plan)
    with _logged(given["log"]) as log:
        began = time.monotonic()
        for step in way.plan.steps:
            log(
                "step",
                kind=str(step.kind),
                table=step.table,
                rows=step.rows,
                marks=list(step.marks),
            )
        rows = _Rows(app, log)
        try:
            way.run(rows.advance)
        except BaseException as error:
            log("failed", reason=type(error).__name__)
            raise
        spent = time.monotonic() - began
        log("done", rows=rows.total, seconds=round(spent, 3))
    app.progress.clear()
    if rows.total and spent > 0:
        rate = rows.total / spent
        app.messages.line(f"{rows.total:,} rows in {spent:.1f} s, {rate:,.0f} rows/s")
    return True


def told_from_nothing(app: App, ref: str | None, given: Mapping[str, Any]) -> bool:
    """Tells the plan for a target that is a file which is not there; says whether it is one.

    A dry run makes no file.
    """
    from ingitdb.services.migrations.scripted import scripts
    from ingitdb.services.migrations.targets import dialect_of, is_missing

    if not given["dry_run"] or not is_missing(given["target"]):
        return False
    dialect, known = dialect_of(given["target"]), mapping(given["mapping"])
    with scripts(app.database, dialect, ref, mapping=known) as found:
        for line in told(found.up):
            app.messages.line(line)
    return True


def verify(app: App, target: "LiveTarget", ref: str | None) -> None:
    """Compares a target with the commit that it was brought to.

    Raises:
        TargetError: They differ.
    """
    from ingitdb.errors import TargetError

    with target.analyze(app.database, ref) as found:
        lines = list(told(found.plan))
        if found.plan.steps:
            raise TargetError(f"The target differs from the commit: {'; '.join(lines)}.")
    app.messages.line("verified: the target holds what the commit does")


class _Rows:
    """Counts rows for the terminal and the log."""

    def __init__(self, app: App, log: Any) -> None:
        self._app = app
        self._log = log
        self._done: dict[str, int] = {}

    @property
    def total(self) -> int:
        """How many rows were done."""
        return sum(self._done.values())

    def advance(self, what: str, done: int, of: int) -> None:
        """Takes note of how far something is."""
        self._done[what] = done
        self._app.progress.advance(what, done, of)
        self._log("rows", what=what, done=done, of=of)


def _appended(path: str) -> TextIO:
    try:
        return Path(path).open("a", encoding="utf-8")
    except OSError as error:
        from ingitdb.errors import TargetError

        raise TargetError(f"{path} cannot be written: {error.strerror}.") from None


@contextmanager
def _logged(path: str | None) -> Iterator[Any]:
    """Gives what writes an event to a file; it does nothing where there is none."""
    if path is None:
        yield lambda event, **fields: None
        return
    from ingitdb_flight.logs import logging_to
    from ingitdb_flight.logs import told as written

    with ExitStack() as stack:
        file = stack.enter_context(_appended(path))
        stack.enter_context(logging_to(file))
        yield lambda event, **fields: written(logging.INFO, event, **fields)
