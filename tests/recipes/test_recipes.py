"""Every recipe in drivers/recipes, run against a server as those who copy it do.

What they print is judged by what git says of the demo repository.
"""

import csv
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from ingitdb_cli.demo.repository import SEED
from tests.jdbc import test_jdbc as jdbc
from tests.recipes import environments, status_page
from tests.recipes.environments import own_version, version
from tests.recipes.status_page import ROOT, told
from tests.support.northlight import demo
from tests.support.serve_program import Server, serving

RECIPES = ROOT / "drivers" / "recipes"
TABLES = {"crossings", "disruptions_items", "fares", "ports", "routes", "vessels"}
driver = jdbc.driver


class Northlight:
    """A copy of the demo repository, asked by git alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._before = "main"

    def git(self, *arguments: str) -> str:
        """Runs git; gives what it prints."""
        command = ["git", "-C", str(self.path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def begin(self) -> None:
        """Remembers where main stands."""
        self._before = self.git("rev-parse", "main").strip()

    def subjects(self) -> list[str]:
        """Gives what the commits since then say."""
        return self.git("log", "--reverse", "--format=%s", f"{self._before}..main").splitlines()

    def ports(self, country: str) -> dict[str, int]:
        """Gives the berths of the ports of a country, by name."""
        found = {}
        for path in self.git("ls-tree", "--name-only", "main", "ports/").splitlines():
            if path.endswith(".yaml"):
                text = self.git("show", f"main:{path}")
                fields = dict(re.findall(r"^(\w+): (.+)$", text, re.MULTILINE))
                if fields["country"] == country:
                    found[fields["name"]] = int(fields["berths"])
        return dict(sorted(found.items()))

    def dearest(self, ref: str, column: str) -> dict[str, Decimal]:
        """Gives the dearest fare of R07 at a commit, by season."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for row in csv.DictReader(self.git("show", f"{ref}:fares.csv").splitlines()):
            if row["route"] == "R07":
                found[row["season"]] = max(found[row["season"]], Decimal(row[column]))
        return found

    def passengers(self, year: int) -> dict[str, int]:
        """Gives the passengers of each month."""
        found: dict[str, int] = defaultdict(int)
        for line in self.git("show", f"main:crossings/{year}.jsonl").splitlines():
            row = json.loads(line)
            found[row["day"][:7]] += row["passengers"]
        return found


@pytest.fixture(scope="module")
def northlight(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Northlight:
    folder = tmp_path_factory.mktemp("recipes")
    source = demo(run_folder, SEED)
    shutil.copytree(source.path, folder / "northlight", symlinks=True)
    found = Northlight(folder / "northlight")
    found.git("config", "user.name", "Server")
    found.git("config", "user.email", "server@example.org")
    return found


@pytest.fixture(scope="module")
def server(northlight: Northlight) -> Iterator[Server]:
    home = northlight.path.parent / "home"
    home.mkdir()
    with serving(home, "-C", northlight.path) as found:
        yield found


class Seen:
    """What a recipe printed, by the words before the colon."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)

    def __getitem__(self, name: str) -> str:
        assert name in self._lines, self.text
        return self._lines[name]

    def words(self, name: str) -> list[str]:
        return self[name].split(", ")


def run(*command: Path | str, **variables: str) -> Seen:
    """Runs a recipe to its end."""
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables},
        cwd=RECIPES,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return Seen(done.stdout)


def sqlalchemy(server: Server) -> str:
    """Gives the address for SQLAlchemy."""
    (found,) = (one["address"] for one in server.addresses if one["client"] == "sqlalchemy")
    return found


def check_reads(seen: Seen, northlight: Northlight) -> None:
    """Judges what all recipes read."""
    assert set(seen.words("Tables")) >= TABLES
    assert seen.words("Norwegian ports") == list(northlight.ports("NO"))
    then = max(northlight.dearest("v1.0", "fare").values())
    assert Decimal(seen["Dearest fare of R07 in v1.0"]) == then


def check_release(seen: Seen, northlight: Northlight) -> None:
    """Judges what they read with a session that stands at v2.0."""
    dearest = max(northlight.dearest("v2.0", "price_eur").values())
    assert Decimal(seen["Dearest fare of R07 in v2.0"]) == dearest


@pytest.mark.slow
def test_adbc(server: Server, northlight: Northlight) -> None:
    northlight.begin()
    with told("ADBC", own_version("adbc-driver-flightsql")):
        seen = run(sys.executable, RECIPES / "adbc.py", server.uri)
        check_reads(seen, northlight)
        check_release(seen, northlight)
        assert '["R30","R25","R23"]' in seen.text
        assert seen["Rows written"] == "2"
        assert northlight.subjects() == ["Oslo counts its calls"]
        assert "2026-02" in northlight.git("show", "main:calls/calls.yaml")


@pytest.mark.slow
def test_pandas(server: Server, northlight: Northlight) -> None:
    northlight.begin()
    with told("pandas", f"{own_version('pandas')}, {own_version('SQLAlchemy')}"):
        seen = run(sys.executable, RECIPES / "pandas_frames.py", sqlalchemy(server))
        check_reads(seen, northlight)
        check_release(seen, northlight)
        assert int(seen["Berths"]) == sum(northlight.ports("NO").values())
        table = [line.split() for line in seen.text.splitlines()[-4:]]
        assert table == [["port", "ships"], ["bergen", "12"], ["kiel", "17"], ["oslo", "31"]]
        assert northlight.subjects()[-1] == "INSERT arrivals: 1 record"


@pytest.mark.slow
def test_polars(server: Server, northlight: Northlight) -> None:
    northlight.begin()
    programs = f"{own_version('polars')}, {own_version('adbc-driver-flightsql')}"
    with told("polars", programs):
        seen = run(sys.executable, RECIPES / "polars_frames.py", server.uri)
        check_reads(seen, northlight)
        assert int(seen["Berths"]) == sum(northlight.ports("NO").values())
        assert re.findall(r"│ (\w+)\s+┆ (\d+)", seen.text) == [
            ("bergen", "12"), ("kiel", "17"), ("oslo", "31"),
        ]  # fmt: skip
        assert northlight.subjects()[-1] == "INSERT landings: 1 record"


@pytest.mark.slow
@pytest.mark.network
def test_jdbc(driver: Path, server: Server, northlight: Northlight) -> None:
    java = shutil.which("java")
    assert java, "Java is needed to run the JDBC driver"
    name, number = jdbc.DRIVER.split(":")[1:]
    northlight.begin()
    with told("JDBC", f"{name} {number}"):
        address = f"jdbc:arrow-flight-sql://127.0.0.1:{server.port}/?useEncryption=false"
        opened = "--add-opens=java.base/java.nio=ALL-UNNAMED"
        seen = run(java, opened, "-cp", driver, RECIPES / "Jdbc.java", address)
        check_reads(seen, northlight)
        assert seen["Rows written"] == "2"
        assert northlight.subjects() == ["CREATE TABLE moorings", "INSERT moorings: 2 records"]


@pytest.mark.slow
@pytest.mark.network
def test_ibis(server: Server, northlight: Northlight) -> None:
    python = environments.python("ibis")
    northlight.begin()
    with told("ibis", f"{version(python, 'ibis-framework')}, {version(python, 'ibis-gizmosql')}"):
        seen = run(python, RECIPES / "ibis_tables.py", server.uri)
        check_reads(seen, northlight)
        check_release(seen, northlight)
        assert int(seen["Berths"]) == sum(northlight.ports("NO").values())
        assert "Routes from NO 14 1345" in seen.text
        assert seen["Rows written"] == str(seen.text.count("Routes from "))
        assert northlight.subjects() == [
            "CREATE TABLE longest_routes",
            f"INSERT longest_routes: {seen['Rows written']} records",
        ]


@pytest.mark.slow
@pytest.mark.network
def test_superset(server: Server, northlight: Northlight, tmp_path: Path) -> None:
    python = environments.python("superset", ROOT)
    described = (status_page.PAGE.parent / "recipes.md").read_text("utf-8")
    configuration = tmp_path / "superset_config.py"
    configuration.write_text(dedent(described.partition("```python\n")[2].partition("```")[0]))
    variables = {
        "SUPERSET_HOME": str(tmp_path),
        "SUPERSET_SECRET_KEY": secrets.token_hex(32),
        "SUPERSET_CONFIG_PATH": str(configuration),
    }
    northlight.begin()
    with told("Superset", f"{version(python, 'apache-superset')}, {version(python, 'SQLAlchemy')}"):
        run(
            python,
            "-m",
            "flask",
            "--app",
            "superset.app:create_app()",
            "db",
            "upgrade",
            **variables,
        )
        seen = run(python, RECIPES / "superset_database.py", sqlalchemy(server), **variables)
        check_reads(seen, northlight)
        assert seen["Columns of ports"].startswith("_key VARCHAR, name VARCHAR, country VARCHAR")
        assert "berths BIGINT" in seen["Columns of ports"]
        assert seen["Rows within the limit"] == "5"
        assert seen["Rows of an UPDATE"] == "0"
        assert northlight.subjects() == ["UPDATE vessels: 1 record"]
        for season, dearest in northlight.dearest("main", "price_eur").items():
            assert f"Dearest fare of R07 in season {season} {dearest}" in seen.text
        passengers = northlight.passengers(2025)
        for month in ("2025-01", "2025-02", "2025-03"):
            assert f"Passengers in {month} {passengers[month]}" in seen.text
        assert "Passengers in 2025-04" not in seen.text


def test_the_page_names_every_recipe() -> None:
    linked = {row.target for row in status_page.rows().values() if row.result != "not tried"}
    there = {
        path.name
        for path in RECIPES.iterdir()
        if path.suffix in (".py", ".java") and path.is_file()
    }
    assert {Path(target).name for target in linked} == there
    assert {(status_page.PAGE.parent / target).exists() for target in linked} == {True}


def test_what_was_not_tried_is_described() -> None:
    described = (status_page.PAGE.parent / "recipes.md").read_text("utf-8")
    rows = [row for row in status_page.rows().values() if row.result == "not tried"]
    assert {"ODBC", "Power BI", "Tableau", "Grafana"} <= {row.tool for row in rows}
    for row in rows:
        assert (row.version, row.date) == ("", "")
        page, _, anchor = row.target.partition("#")
        assert page == "recipes.md"
        headings = re.findall(r"^## (.+)$", described, re.MULTILINE)
        titles = {
            re.sub(r"[^\w -]", "", title).lower().replace(" ", "-"): title for title in headings
        }
        assert titles[anchor].endswith("(not tried)")


def test_what_was_tried_has_versions_and_a_date() -> None:
    for row in status_page.rows().values():
        if row.result == "not tried":
            continue
        assert row.result == "works", row
        assert re.fullmatch(r"[\w-]+ \d[\w.]*(, [\w-]+ \d[\w.]*)*", row.version), row
        assert date.fromisoformat(row.date) > date(2026, 1, 1)
