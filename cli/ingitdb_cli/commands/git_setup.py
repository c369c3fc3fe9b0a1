"""`ingitdb git-setup`: makes Git's own commands speak of records."""

from typing import TYPE_CHECKING

import click

from ingitdb_cli.app import App, app_of
from ingitdb_cli.options import Command

if TYPE_CHECKING:
    from ingitdb.git.repository import Repository

_NONE = "no data files found; see ingitdb tables --explain"

HELP = """\b
ingitdb git-setup
ingitdb git-setup --local
ingitdb git-setup --remove

Make git diff, git log -p and git show speak of records.

Data files are then compared as lines of `field: value` below a line with the record's
key, whatever their format; that goes for reading alone, the files stay as they are.
Two places are written: the repository's own configuration gets a diff driver, and
.gitattributes the lines that lead to it. Lines of yours win over them. Run it again when
there are new tables. Files of more than 4 MB are compared as they are. Add --no-textconv
to see the bytes of others too, for a patch that is to be applied, and where git reads
thousands of files.
"""


@click.command(
    "git-setup",
    cls=Command,
    help=HELP,
    short_help="Make git diff, git log -p and git show speak of records.",
)
@click.option(
    "--local", is_flag=True, help="Write .git/info/attributes, for you alone, not .gitattributes."
)
@click.option("--remove", is_flag=True, help="Take out what it has written.")
@click.pass_context
def git_setup(context: click.Context, local: bool, remove: bool) -> None:
    """Sets git up, or undoes it.

    Raises:
        UsageError: The repository has no work tree, or the options contradict each other.
    """
    app = app_of(context)
    from ingitdb.errors import UsageError

    if local and remove:
        raise UsageError("--remove takes out both: what --local wrote, and what was written else.")
    repository = app.database.repository
    if repository.work_tree is None:
        raise UsageError(
            f"{app.place.absolute()} is a bare repository: there are no files to compare.",
            hint="Run it in a clone that has a work tree.",
        )
    if remove:
        _remove(app, repository)
    else:
        _set_up(app, repository, local=local)


def _set_up(app: App, repository: "Repository", *, local: bool) -> None:
    from ingitdb.model.identifiers import WORKING
    from ingitdb.services.data_files import data_files
    from ingitdb_cli.git_diff import drivers
    from ingitdb_cli.git_diff.attributes import check, write_lines
    from ingitdb_cli.git_diff.patterns import attribute_lines, literal

    files = data_files(app.database, WORKING)
    prefix = repository.prefix
    others = drivers.chosen_by_others(repository, [prefix + file.path for file in files.found])
    own = [file for file in files.found if prefix + file.path not in others]
    if others:
        some = "1 file is" if len(others) == 1 else f"{len(others):,} files are"
        app.messages.note(f"{some} left alone: their diff attribute is set already")
    if not own:
        app.messages.line(_NONE)
        return
    named = drivers.named(own)
    start = literal(prefix)
    lines = attribute_lines(
        {prefix + path: driver for path, (driver, _) in named.items()},
        [prefix + path for path in files.paths],
        folders=[prefix + file.folder for file in own if file.folder is not None],
        globs={start + g: [prefix + path for path in found] for g, found in files.globs.items()},
    )
    path = drivers.attributes_file(repository, local=local)
    check(path)
    changed = drivers.set_drivers(repository, dict(named.values()))
    changed |= write_lines(path, lines)
    files_of = "1 file" if len(own) == 1 else f"{len(own):,} files"
    done = "set up" if changed else "set up already"
    app.messages.line(f"{done}: git diff speaks of the records in {files_of} ({path})")
    app.messages.line("ingitdb git-setup --remove undoes it")


def _remove(app: App, repository: "Repository") -> None:
    from ingitdb_cli.git_diff import drivers
    from ingitdb_cli.git_diff.attributes import remove_lines

    paths = [drivers.attributes_file(repository, local=local) for local in (False, True)]
    changed = [path for path in paths if remove_lines(path)]
    is_done = drivers.set_drivers(repository, {}) or bool(changed)
    app.messages.line("removed" if is_done else "there is nothing to remove")
