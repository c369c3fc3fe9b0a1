"""Writes the documents that follow from the code; `--check` names those that are stale."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from ingitdb import errors

DOCS = Path(__file__).parent


def classes(root: type[errors.IngitdbError]) -> Iterator[type[errors.IngitdbError]]:
    """Walks over a class and all below it."""
    yield root
    for below in root.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from classes(below)


def first_sentence(thing: object) -> str:
    """Gives the first line of a docstring."""
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def errors_page() -> str:
    """Lists every error under its code."""
    lines = [
        "# Errors",
        "",
        "Generated from `engine/ingitdb/errors.py` by `make docs`. A code keeps its meaning.",
        "",
        "| code | name | kind | meaning |",
        "|---|---|---|---|",
    ]
    known = sorted(classes(errors.IngitdbError), key=lambda c: c.code)
    for known_class in known:
        parent = known_class.__mro__[1].__name__
        kind = "" if parent == "Exception" else parent
        row = (known_class.code, known_class.__name__, kind, first_sentence(known_class))
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Shows the help of every command."""
    program = importlib.import_module("ingitdb_cli.program").ingitdb
    lines = ["# Command line", "", "Generated from `--help` by `make docs`.", ""]
    for path, command in commands("ingitdb", program):
        context = click.Context(command, info_name=path, terminal_width=88)
        lines += [f"## {path}", "", "```text", command.get_help(context), "```", ""]
    return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + "\n"


def commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Walks over a command and those below it, hidden ones left out."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from commands(f"{path} {name}", below)


PAGES: dict[str, Callable[[], str]] = {"errors.md": errors_page}
if importlib.util.find_spec("ingitdb_cli.program"):
    PAGES["reference/cli.md"] = commands_page


def main(arguments: list[str]) -> int:
    """Writes or checks every page."""
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if "--check" in arguments:
            if not path.exists() or path.read_text("utf-8") != text:
                stale.append(name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
