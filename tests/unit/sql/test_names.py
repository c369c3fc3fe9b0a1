"""Names find their tables as SQL.md says."""

import pytest

from ingitdb.errors import TableAmbiguous, TableNotFound
from ingitdb.sql.names import Address, KnownTable, address, find_table, spell, split_database

KNOWN = [
    KnownTable(schema="data", name="country-codes", full_name="country-codes.csv"),
    KnownTable(schema="geo", name="cities"),
    KnownTable(schema="hr", name="cities"),
    KnownTable(schema="main", name="people", full_name="people.csv"),
    KnownTable(schema="main", name="feed_items", aliases=("feed",)),
    KnownTable(schema="main", name="a_b"),
    KnownTable(schema="main", name="a-b"),
    KnownTable(schema="main", name="\u00e9t\u00e9"),
]


@pytest.mark.parametrize(
    ("name", "schema", "found"),
    [
        ("people", None, "people"),
        ("PEOPLE", None, "people"),
        ("people.csv", None, "people"),
        ("People.CSV", "main", "people"),
        ("country_codes", None, "country-codes"),
        ("Country_Codes", "DATA", "country-codes"),
        ("country-codes", None, "country-codes"),
        ("cities", "geo", "cities"),
        ("feed", None, "feed_items"),
        ("a_b", None, "a_b"),
        ("a-b", None, "a-b"),
        ("e\u0301te\u0301", None, "\u00e9t\u00e9"),
    ],
)
def test_found(name: str, schema: str | None, found: str) -> None:
    assert find_table(name, KNOWN, schema=schema).name == found


def test_ambiguous_lists_candidates() -> None:
    with pytest.raises(TableAmbiguous, match=r"geo\.cities, hr\.cities"):
        find_table("cities", KNOWN)
    assert find_table("cities", KNOWN, preferred="hr").schema == "hr"


def test_candidates_are_spelled_so_that_they_are_found() -> None:
    alike = [
        KnownTable(schema="main", name="same", full_name="same.csv"),
        KnownTable(schema="main", name="same", full_name="same.jsonl"),
        KnownTable(schema="data", name="same", full_name="same.jsonl"),
        KnownTable(schema="data", name="Same", full_name="Same.toml"),
        KnownTable(schema="main", name="same", aliases=("items",)),
    ]
    with pytest.raises(TableAmbiguous) as caught:
        find_table("SAME", alike)
    assert caught.value.candidates == (
        '"same.csv"', 'main."same.jsonl"', "data.same", 'data."Same"', "items",
    )  # fmt: skip
    paths = (("same.csv", None), ("same.jsonl", "main"), ("same", "data"), ("Same", "data"))
    found = [find_table(name, alike, schema=schema) for name, schema in (*paths, ("items", None))]
    assert found == alike


def test_tables_that_nothing_tells_apart() -> None:
    alike = [KnownTable(schema="main", name="t", full_name=f"{n}.csv") for n in range(12)]
    bare = [KnownTable(schema="main", name="t"), KnownTable(schema="main", name="t")]
    with pytest.raises(
        TableAmbiguous, match=r'Write one of: "0\.csv", .*"9\.csv"\. .*lists them all'
    ):
        find_table("t", alike)
    with pytest.raises(TableAmbiguous, match=r"ambiguous\.\n`ingitdb tables` lists them all"):
        find_table("t", bare)


def test_unknown_names_what_is_near() -> None:
    with pytest.raises(TableNotFound, match="Did you mean people"):
        find_table("peoplex", KNOWN)
    with pytest.raises(TableNotFound, match='The nearest names are a_b, "a-b" and people'):
        find_table("zzaa", KNOWN)
    with pytest.raises(TableNotFound, match="No data files found"):
        find_table("people", [])
    with pytest.raises(TableNotFound, match=r"'geo\.people'"):
        find_table("people", KNOWN, schema="geo")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("t",), Address(name="t")),
        (("geo", "t"), Address(schema="geo", name="t")),
        (("db/main", "t"), Address(database="db", branch="main", name="t")),
        (("DB/feature/x", "t"), Address(database="db", branch="feature/x", name="t")),
        (("db", "t"), Address(database="db", name="t")),
        (("db", "geo", "t"), Address(database="db", schema="geo", name="t")),
        (("db/v1.0", "geo", "t"), Address(database="db", branch="v1.0", schema="geo", name="t")),
        (("odd/name", "t"), Address(database="odd/name", name="t")),
    ],
)
def test_addresses(path: tuple[str, ...], expected: Address) -> None:
    assert address(path, databases=["db", "odd/name"], schemas=["geo"]) == expected


def test_a_schema_wins_over_a_database() -> None:
    assert address(("db", "t"), databases=["db"], schemas=["DB"]).schema == "db"


def test_spelling() -> None:
    assert spell("data", "country-codes") == 'data."country-codes"'
    assert spell('a"b') == '"a""b"'
    assert split_database("db/") == ("db/", None)
