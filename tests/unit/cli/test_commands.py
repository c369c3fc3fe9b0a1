"""The commands as a whole: help, names, options."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ingitdb_cli.group import COMMANDS
from ingitdb_cli.options import NAMES_OF_FIELDS
from ingitdb_cli.program import ingitdb, run
from tests.support.repositories import RepoBuilder


def command(name: str) -> click.Command:
    found = ingitdb.get_command(click.Context(ingitdb), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_texts_of_the_list_are_the_commands_own(name: str) -> None:
    assert command(name).get_short_help_str(200) == COMMANDS[name].help


@pytest.mark.parametrize("name", [n for n, entry in COMMANDS.items() if not entry.hidden])
def test_help_begins_with_three_examples(name: str) -> None:
    found = command(name)
    if isinstance(found, click.Group):
        return
    found_help = CliRunner().invoke(ingitdb, [name, "--help"])
    assert found_help.exit_code == 0
    first = found_help.output.strip().splitlines()[:3]
    assert all("ingitdb" in line for line in first), found_help.output


@pytest.mark.parametrize("name", [n for n, entry in COMMANDS.items() if not entry.hidden])
def test_every_command_takes_the_global_options(name: str) -> None:
    found = command(name)
    commands = list(found.commands.values()) if isinstance(found, click.Group) else [found]
    for one in commands:
        assert set(NAMES_OF_FIELDS) <= {p.name for p in one.params}


def test_every_option_has_help() -> None:
    for name in COMMANDS:
        for parameter in command(name).params:
            assert not isinstance(parameter, click.Option) or parameter.help, (name, parameter.name)


def test_unknown_commands_name_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["qery", "SELECT 1"]) == 2
    assert "query" in capsys.readouterr().err
    assert run(["SELECT 1"]) == 2
    assert 'ingitdb query "SELECT 1"' in capsys.readouterr().err


def test_nothing_heavy_is_loaded_for_help() -> None:
    script = (
        "import sys\n"
        "from ingitdb_cli.program import run\n"
        "run(['--help']); run(['query', '--help']); run([])\n"
        "heavy = 'duckdb pyarrow pygit2 rich yaml orjson importlib.metadata'.split()\n"
        "print([m for m in heavy if m in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"


def test_a_query_of_what_is_indexed_loads_only_what_it_needs(tmp_path: Path) -> None:
    shop = RepoBuilder(tmp_path / "shop")
    shop.commit({"items/a.json": '{"n": 1}', "stores/x.yaml": "city: Oslo\n"}, "one")
    script = (
        "import sys\n"
        "from ingitdb_cli.program import run\n"
        "run(['query', 'SELECT n, city FROM items, stores'])\n"
        "slow = 'pyarrow.compute pyarrow.parquet pygit2 rich yaml jsonschema'.split()\n"
        "print([m for m in slow if m in sys.modules])\n"
    )
    home = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=shop.path, env=home, capture_output=True, text=True
        )
    assert done.stdout.splitlines() == ["n,city", "1,Oslo", "[]"], done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_INGITDB_COMPLETE" in capsys.readouterr().out
