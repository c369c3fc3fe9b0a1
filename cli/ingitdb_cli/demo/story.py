"""Tells the story: runs each command as its reader would, and shows what it prints."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import click

from ingitdb_cli.demo.chapters import CHAPTERS, Chapter, Served, Step
from ingitdb_cli.demo.repository import DemoRepository
from ingitdb_cli.demo.sparkline import sparkline

Run = Callable[[Sequence[str]], int]
"""Runs the program with these arguments and gives its exit status."""

_CACHE = ".git/ingitdb-cache"
_NUMBERS = ".git/ingitdb-demo.jsonl"
_KEY = ".git/ingitdb-demo.key"
_OWN_TURN = "FROM versions('vessels') SELECT name, capacity, _valid_from WHERE _key = 'fjordlys'"


class Story:
    """One telling. Whatever it keeps lies inside the repository's own folder."""

    def __init__(self, repository: DemoRepository, run: Run) -> None:
        self._repository = repository
        self._run = run

    def tell(self) -> int:
        """Tells all chapters and the end; gives the first status that is not zero."""
        found = self._repository
        made = "Made" if found.made else "Found"
        click.echo(f"{made} Northlight Ferries in {found.path}: {found.commits:,} commits.")
        chapters = [chapter for chapter in CHAPTERS if all(map(can_be_shown, chapter.steps))]
        for number, chapter in enumerate(chapters, 1):
            status = self._chapter(number, chapter)
            if status:
                return status
        self._end()
        return 0

    def _chapter(self, number: int, chapter: Chapter) -> int:
        click.echo(f"\n{number}. {_bold(chapter.title)}")
        for step in chapter.steps:
            status = self._serve(step) if isinstance(step, Served) else self._step(step)
            if status:
                return status
        return 0

    def _serve(self, step: Served) -> int:
        """Starts a server, runs the program that asks it, and ends the server."""
        key = ("--key", str(self._repository.path / _KEY))
        command = ("-m", "ingitdb_cli", *self._place(), "serve", "--port", "0", *key)
        began = time.monotonic()
        with serving([sys.executable, *command]) as address:
            click.echo(f"\n$ ingitdb serve --port {address.rpartition(':')[2]} &")
            click.echo(f"  {(time.monotonic() - began) * 1000:,.0f} ms")
            code = step.code.replace("{address}", address)
            click.echo(f"\n$ python -c '{code}'")
            began = time.monotonic()
            done = subprocess.run(  # noqa: S603 - our own program
                [sys.executable, "-c", code], capture_output=True, text=True, check=False
            )
            click.echo(done.stdout, nl=False)
            click.echo(done.stderr, nl=False, err=True)
            click.echo(f"  {(time.monotonic() - began) * 1000:,.0f} ms")
        return done.returncode

    def _step(self, step: Step) -> int:
        click.echo(f"\n$ {_shell(('ingitdb', *step.arguments))}")
        began = time.monotonic()
        form = ("--format", step.form, "--no-pager")
        status = self._run((*self._place(), *step.arguments, *form))
        spent = time.monotonic() - began
        if status:
            return status
        if step.sparkline is not None:
            status = self._draw(step, step.sparkline)
        click.echo(f"  {spent * 1000:,.0f} ms")
        return status

    def _draw(self, step: Step, column: str) -> int:
        """Runs the step once more for its numbers, and draws them."""
        file = self._repository.path / _NUMBERS
        target = ("--format", "jsonl", "--output", str(file), "--quiet")
        status = self._run((*self._place(), *step.arguments, *target))
        if status:
            return status
        lines = file.read_text("utf-8").splitlines()
        file.unlink()
        numbers = [float(json.loads(line)[column]) for line in lines]
        click.echo(f"\n  {column}  {sparkline(numbers)}")
        return 0

    def _place(self) -> tuple[str, ...]:
        path = self._repository.path
        return ("-C", str(path), "--cache", str(path / _CACHE))

    def _end(self) -> None:
        path = self._repository.path
        program = _program()
        click.echo(f"\n{_bold('Your turn.')} The repository is an ordinary one; paste:\n")
        click.echo(f"  cd {_quoted(str(path))}")
        click.echo(f"  {_quoted(program)} describe ports")
        click.echo(f"  {_shell((program, 'query', _OWN_TURN))}")
        click.echo(f"\nDelete it with: rm -rf {_quoted(str(path.absolute()))}")


def can_be_shown(step: Step | Served) -> bool:
    """Tells whether the packages that a step needs are there."""
    return isinstance(step, Step) or all(find_spec(name) is not None for name in step.needs)


@contextmanager
def serving(command: Sequence[str]) -> Iterator[str]:
    """Runs a server while the block runs; gives the address that it prints for ADBC."""
    running = subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        lines = iter(running.stdout or ())
        yield next(line.strip().rpartition(",")[2] for line in lines if line.startswith("adbc,"))
    finally:
        running.terminate()
        running.communicate()


def _program() -> str:
    """Gives what a reader has to type to run this program."""
    found = shutil.which("ingitdb")
    here = Path(sys.argv[0])
    if found is None and here.is_file():
        return str(here.absolute())
    return "ingitdb"


def _shell(words: Sequence[str]) -> str:
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    """Quotes a word for a shell, where needed, and in double quotes, if possible."""
    if word and all(c.isalnum() or c in "/._-=@:+,~" for c in word):
        return word
    if not set(word) & set("$`\\!"):
        return '"' + word.replace('"', '\\"') + '"'
    return "'" + word.replace("'", "'\\''") + "'"


def _bold(text: str) -> str:
    return click.style(text, bold=True)
