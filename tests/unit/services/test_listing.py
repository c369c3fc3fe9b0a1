"""Keys and references of a commit, as those who list them are told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import ingitdb
from ingitdb.services.database import Database
from ingitdb.services.listing import Listing
from tests.support.repositories import RepoBuilder

FILES = {
    ".ingitdb/tables.yaml": (
        "tables:\n"
        "  crews: {key: [boat, seat], unique: [name, [seat, name]], indexes: [Seat, x]}\n"
        "  people: {key: id.code}\n"
        "  trips:\n"
        "    foreign_keys:\n"
        "      - {columns: BOAT, table: boats}\n"
        "      - {columns: boat, table: boats, references: Name}\n"
        "      - {columns: crew, table: crews}\n"
        "      - {columns: port, table: nowhere, references: code}\n"
    ),
    "boats/alma.yaml": "name: Alma\n",
    "crews.csv": "boat,seat,name\nalma,1,Una\n",
    "people.yaml": "- {id: {code: a}}\n",
    "trips.csv": "boat,crew,port\nalma,alma__1,x\n",
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    repo = RepoBuilder(tmp_path / "boats")
    repo.commit(FILES)
    settings = ingitdb.Settings(cache=tmp_path / "cache", workers=1)
    with Database.open(repo.path, settings) as found:
        yield found


def keys_of(listing: Listing) -> dict[str, tuple[str, ...]]:
    keys = {table.name: listing.primary_key(table) for table in listing.tables}
    return {name: key.columns for name, key in keys.items() if key is not None}


def test_a_key_is_of_columns(database: Database) -> None:
    found = database.listed(database.resolve(), keys_of)
    assert found == {"boats": ("_key",), "crews": ("boat", "seat")}


def test_indexes_are_of_columns_that_there_are(database: Database) -> None:
    def ask(listing: Listing) -> list[tuple[str, tuple[str, ...]]]:
        (crews,) = (table for table in listing.tables if table.name == "crews")
        return [(index.name, index.columns) for index in listing.indexes(crews)]

    assert database.listed(database.resolve(), ask) == [("crews_Seat_idx", ("seat",))]


def test_unique_keys_have_names_of_their_columns(database: Database) -> None:
    def ask(listing: Listing) -> list[tuple[str, tuple[str, ...]]]:
        (crews,) = (table for table in listing.tables if table.name == "crews")
        return [(key.name, key.columns) for key in listing.unique_keys(crews)]

    assert database.listed(database.resolve(), ask) == [
        ("crews_name_key", ("name",)),
        ("crews_seat_name_key", ("seat", "name")),
    ]


def test_references_lead_to_columns_and_keys(database: Database) -> None:
    def ask(listing: Listing) -> list[tuple[object, ...]]:
        (trips,) = (table for table in listing.tables if table.name == "trips")
        return [
            (key.name, key.columns, key.table, key.references, key.key)
            for key in listing.references(trips)
        ]

    assert database.listed(database.resolve(), ask) == [
        ("trips_BOAT_fkey", ("boat",), "boats", ("_key",), "boats_pkey"),
        ("trips_boat_fkey2", ("boat",), "boats", ("name",), None),
        ("trips_crew_fkey", ("crew",), "crews", ("_key",), None),
        ("trips_port_fkey", ("port",), "nowhere", ("code",), None),
    ]


def test_what_refers_to_a_table(database: Database) -> None:
    def ask(listing: Listing) -> list[tuple[str, str]]:
        (boats,) = (table for table in listing.tables if table.name == "boats")
        return [(table.name, key.name) for table, key in listing.referring(boats)]

    assert database.listed(database.resolve(), ask) == [
        ("trips", "trips_BOAT_fkey"),
        ("trips", "trips_boat_fkey2"),
    ]
