"""The items of a list become rows of a table where a mapping says so."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ingitdb.errors import UsageError
from ingitdb.services.migrations.migration import migration
from ingitdb_cli.program import run as started
from ingitdb_cli.statuses import Status
from tests.migrations.test_mapping import README, fresh, go, said
from tests.migrations.test_scripts import KINDS, Rounds, rows, tables
from tests.support.live_targets import KINDS as LIVE_KINDS
from tests.support.live_targets import MAKERS, Live
from tests.support.migrated import SqliteTarget, Target
from tests.support.repositories import RepoBuilder

Run = Callable[..., int]
MAPPING = """
tables:
  people:
    columns: {id: {name: person}}
    explode:
      tags: {table: people_tags}
      phones: {table: people_phones, columns: {kind: {name: phone_kind}, id: {type: BIGINT}}}
"""
PEOPLE = tables(people={"key": "id"})
TAGS = "SELECT person, ordinal, value FROM people_tags ORDER BY 1, 2"
PHONES = "SELECT person, ordinal, id, phone_kind FROM people_phones ORDER BY 1, 2"
FIRST = [
    {"id": 1, "tags": ["a", "b", "c"], "phones": [{"id": 7, "kind": "home", "at": {"x": 1}}]},
    {"id": 2, "tags": []},
    {"id": 3, "tags": None, "phones": [{"id": 8, "kind": None}, None, {"id": 9, "kind": "it's"}]},
    {"id": 4, "tags": ["d"], "name": "n"},
    {"id": 5, "tags": ["e", None, "e"], "phones": []},
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[Target]:
    return request.param


def people(*found: dict[str, Any]) -> dict[str, str]:
    return rows("people", *found)


def test_scalars_and_structures(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    repo.commit({**PEOPLE, **people(*FIRST)})
    found = rounds(repo.path)
    target = fresh(found, kind, "HEAD", said(MAPPING))
    assert target.ask(TAGS) == [
        (1, 1, "a"),
        (1, 2, "b"),
        (1, 3, "c"),
        (4, 1, "d"),
        (5, 1, "e"),
        (5, 2, None),
        (5, 3, "e"),
    ]
    assert target.ask(PHONES) == [
        (1, 1, 7, "home"),
        (3, 1, 8, None),
        (3, 2, None, None),
        (3, 3, 9, "it's"),
    ]
    assert target.ask("SELECT count(*) FROM people") == [(5,)]


def test_items_come_change_places_and_go(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    many = [{"id": n, "tags": [f"t{n}", "x"]} for n in range(100, 200)]
    repo.commit({**PEOPLE, **people(*FIRST, *many)})
    changed = [
        {**FIRST[0], "tags": ["c", "b", "a", "z"]},
        {**FIRST[1], "tags": ["new"]},
        {**FIRST[2], "tags": [], "phones": [{"id": 8, "kind": "work"}]},
        {"id": 6, "tags": ["f"]},
        {**FIRST[3], "id": 40, "tags": ["d"], "name": "m"},
        {**FIRST[4], "phones": [None]},
    ]
    repo.commit(people(*changed, *many))
    found = rounds(repo.path)
    up = go(found, kind, "HEAD~1", "HEAD", MAPPING)
    # 1.1, 1.3 change; 1.4, 2.1, 6.1, 40.1 come; 4.1 goes
    for step in ("update rows people_tags, 2", "insert rows people_tags, 4"):
        assert f"-- {step} rows" in up
    assert "-- delete rows people_tags, 1 rows" in up
    # 3.1 changes, 5.1 comes, 3.2 and 3.3 go
    assert "-- update rows people_phones, 1 rows" in up
    assert "-- delete rows people_phones, 2 rows" in up
    go(found, kind, "EMPTY", "HEAD", MAPPING, "", MAPPING)


def test_what_no_item_sees_changes_no_item(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    repo.commit({**PEOPLE, **people(*FIRST)})
    repo.commit(people(*FIRST[:3], {**FIRST[3], "name": "other"}, FIRST[4]))
    up = go(rounds(repo.path), kind, "HEAD~1", "HEAD", MAPPING)
    assert "-- update rows people, 1 rows" in up
    assert "rows people_" not in up


def test_keys_go_from_one_record_to_another(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    text = "tables: {people: {explode: {tags: {table: tags}}}}"
    first = [{"id": n, "name": f"n{n}", "tags": [f"t{n}"] * n} for n in range(1, 6)]
    repo.commit({**PEOPLE, **people(*first)})
    repo.commit(people(*({**one, "id": one["id"] % 5 + 1} for one in first)))
    go(rounds(repo.path), kind, "HEAD~1", "HEAD", text)


def test_a_list_comes_and_goes(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    declared = {".ingitdb/tables.yaml": tables(people={"key": "id"})[".ingitdb/tables.yaml"]}
    plain = [{"id": n, "name": f"n{n}"} for n in range(9)]
    with_lists = [{**one, "tags": [one["id"], 7]} for one in plain]
    text = "tables: {people: {explode: {tags: {table: tags}}}}"
    repo.commit({**declared, **people(*plain)})
    repo.commit(people(*with_lists))
    repo.commit(people(*plain))
    found = rounds(repo.path)
    up = go(found, kind, "HEAD~2", "HEAD~1", text, "", text)
    assert "-- create table tags" in up
    assert "-- insert rows tags, 18 rows" in up
    assert "rows people" not in up
    up = go(found, kind, "HEAD~1", "HEAD", text, text, "")
    assert "-- drop table tags, 18 rows" in up
    with pytest.raises(UsageError, match=r"mapping\.yaml:1:29: people has no column 'tags'\."):
        go(found, kind, "HEAD~2", "HEAD", text)


NOTHING = [{"id": n, "x": None} for n in range(5)]
EMPTY_LISTS = [{"id": n, "x": []} for n in range(5)]
NUMBERS = [{"id": n, "x": [n] * n} for n in range(5)]
TEXTS = [{"id": n, "x": [f"{n}a"] * n} for n in range(5)]
LISTS = [{"id": n, "x": [[n], []] * n} for n in range(5)]
MIXED = [{"id": n, "x": [n, "a", {"b": n}]} for n in range(5)]
STRUCTURES = [{"id": n, "x": [{"a": n}] * n} for n in range(5)]
WIDER = [{"id": n, "x": [{"a": n, "b": {"c": [n]}}] * n} for n in range(5)]
NARROWER = [{"id": n, "x": [{"b": {"c": [n]}}] * n} for n in range(5)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(NOTHING, NUMBERS, id="from-null"),
        pytest.param(EMPTY_LISTS, STRUCTURES, id="from-empty"),
        pytest.param(NOTHING, EMPTY_LISTS, id="nothing"),
        pytest.param(NUMBERS, TEXTS, id="other-scalars"),
        pytest.param(NUMBERS, MIXED, id="mixed"),
        pytest.param(TEXTS, LISTS, id="nested"),
        pytest.param(NUMBERS, STRUCTURES, id="scalars-to-structures"),
        pytest.param(STRUCTURES, WIDER, id="field-comes"),
        pytest.param(WIDER, NARROWER, id="field-goes"),
        pytest.param(WIDER, STRUCTURES[:2], id="field-and-rows-go"),
    ],
)
def test_items_become_others(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target], old: Any, new: Any
) -> None:
    repo.commit({**PEOPLE, **people(*old)})
    repo.commit(people(*new))
    text = "tables: {people: {explode: {x: {table: items}}}}"
    go(rounds(repo.path), kind, "HEAD~1", "HEAD", text)


def test_tables_and_keys_have_new_names(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    first = [{"id": n, "code": f"c{n}", "tags": [n, n + 1]} for n in range(9)]
    repo.commit({**PEOPLE, **people(*first)})
    second = [{"no": n, "code": f"c{n}", "tags": [n, n + 1 + n // 8]} for n in range(9)]
    renamed = {"key": "no", "columns": {"no": {"renamed_from": "id"}}}
    repo.commit({**tables(people=renamed), **people(*second)})
    repo.commit(
        {
            **tables(persons={"key": "no", "renamed_from": "people"}),
            "data/people.jsonl": None,
            **rows("persons", *second[1:]),
        }
    )
    repo.commit(tables(persons={"key": "code"}))
    explode = "explode: {tags: {table: tags}}"
    one, other = f"people: {{{explode}}}", f"persons: {{{explode}}}"
    both = f"tables: {{{one}, {other}}}"
    old, new = f"tables: {{{one}}}", f"tables: {{{other}}}"
    found = rounds(repo.path)
    up = go(found, kind, "HEAD~3", "HEAD~2", old)
    assert "rename column id to no" in up
    assert "-- update rows tags, 1 rows" in up
    up = go(found, kind, "HEAD~2", "HEAD~1", both, old, new)
    assert "-- delete rows tags, 2 rows" in up
    assert "rows tags, 16 rows" not in up
    up = go(found, kind, "HEAD~1", "HEAD", new)
    assert "insert rows tags, 16 rows" in up


def test_items_take_the_place_of_another_table(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    other = {"data/tags.jsonl": '{"id": 1, "ordinal": 5}\n'}
    repo.commit({**tables(people={"key": "id"}, tags={"key": "id"}), **people({"id": 1}), **other})
    repo.commit({**PEOPLE, **people({"id": 1, "x": ["a"]}), "data/tags.jsonl": None})
    repo.commit({**tables(u={"key": "id"}), "data/people.jsonl": None, **rows("u", *TEXTS)})
    text = "tables: {people: {explode: {x: {table: tags}}}}"
    found = rounds(repo.path)
    go(found, kind, "HEAD~2", "HEAD~1", text, "", text)
    explode = "explode: {x: {table: tags}}"
    after = f"tables: {{u: {{{explode}}}}}"
    both = f"tables: {{people: {{{explode}}}, u: {{{explode}}}}}"
    go(found, kind, "HEAD~1", "HEAD", both, text, after)


def test_lists_and_keys_of_expressions(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    text = """
tables:
  people:
    schema: app
    columns:
      id: {expression: id * 10}
      words: {expression: "string_split(words, ' ')"}
      letters: {expression: "regexp_extract_all(name, '.')"}
    explode:
      words: {table: words, schema: main, columns: {value: {name: word, type: VARCHAR(9)}}}
      letters: {table: letters}
"""
    first = [{"id": n, "words": "a b", "name": f"n{n}"} for n in range(20)]
    repo.commit({**PEOPLE, **people(*first)})
    first[3]["words"] = "a c d"
    first[4]["name"] = "m4"
    repo.commit(people(*first))
    up = go(rounds(repo.path), kind, "HEAD~1", "HEAD", text)
    for step in ("update rows words, 1", "insert rows words, 1", "update rows app.letters, 1"):
        assert f"-- {step} rows" in up


def test_items_may_say_where_they_stand(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    text = """tables: {people: {explode: {x:
      {table: items, ordinal: position, columns: {value: {name: v}, id: {name: "own Id"}}}}}}"""
    items = [{"ordinal": 3, "id": 5, "value": "a"}]
    repo.commit({**PEOPLE, **people({"id": 1, "x": items})})
    repo.commit(people({"id": 1, "x": items * 2}))
    found = rounds(repo.path)
    go(found, kind, "HEAD~1", "HEAD", text)
    target = fresh(found, kind, "HEAD", said(text))
    asked = "SELECT id, position, ordinal, v FROM items ORDER BY position"
    assert target.ask(asked) == [(1, 1, 3, "a"), (1, 2, 3, "a")]


def test_items_stay_where_all_their_records_come_anew(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    first = [{"id": n, "y": {"a": n}, "x": [n, -n]} for n in range(9)]
    repo.commit({**PEOPLE, **people(*first)})
    repo.commit(people(*({**one, "y": one["id"]} for one in first)))
    up = go(
        rounds(repo.path),
        kind,
        "HEAD~1",
        "HEAD",
        "tables: {people: {explode: {x: {table: items}}}}",
    )
    assert "insert rows people, 9 rows" in up
    assert "rows items" not in up


@pytest.mark.parametrize("seed", range(4))
def test_any_lists(repo: RepoBuilder, rounds: Rounds, kind: type[Target], seed: int) -> None:
    random = Random(seed)

    def some() -> dict[str, str]:
        keys = random.sample(range(40), 25)
        words = ["a", "b", "it's", None, ""]
        return people(
            *(
                {
                    "id": key,
                    "name": random.choice("xy"),
                    "tags": random.choices(words, k=random.choice([0, 1, 3])),
                    "phones": random.choice(
                        [None, [{"id": key, "kind": random.choice(words)}] * random.randrange(3)]
                    ),
                }
                for key in keys
            )
        )

    repo.commit({**PEOPLE, **some()})
    repo.commit(some())
    go(rounds(repo.path), kind, "HEAD~1", "HEAD", MAPPING)


def test_items_go_with_their_record(repo: RepoBuilder, rounds: Rounds) -> None:
    repo.commit({**PEOPLE, **people(*FIRST)})
    target = fresh(rounds(repo.path), SqliteTarget, "HEAD", said(MAPPING))
    assert target.ask("PRAGMA foreign_key_list(people_tags)") == [
        (0, 0, "people", "person", "person", "NO ACTION", "CASCADE", "NONE")
    ]
    target.run("PRAGMA foreign_keys = ON; DELETE FROM people WHERE person = 1")
    assert [row[0] for row in target.ask(TAGS)] == [4, 5, 5, 5]


def test_items_have_the_mode_of_their_table(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    text = "tables: {people: {mode: upsert, explode: {x: {table: items}}}}"
    repo.commit({**PEOPLE, **people({"id": 1, "x": ["a", "b"]}, {"id": 2, "x": ["c"]})})
    repo.commit(people({"id": 1, "x": ["z"]}))
    found = rounds(repo.path)
    target = fresh(found, kind, "HEAD~1", said(text))
    with migration(found.database, kind.dialect, "HEAD", "HEAD~1", mapping=said(text)) as made:
        target.run("".join(made.up_script()))
    asked = "SELECT id, ordinal, value FROM items ORDER BY 1, 2"
    assert target.ask(asked) == [(1, 1, "z"), (1, 2, "b"), (2, 1, "c")]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("tables: {t: {explode: {lst: {table: u}}}}", "1:24: t has no column 'lst'.", "list?"),
        ("tables: {t: {explode: {n: {table: v}}}}", "1:24: n is no list at every commit", ""),
        ("tables: {t: {explode: {mixed: {table: v}}}}", "1:24: mixed is no list", ""),
        ("tables: {w: {explode: {list: {table: v}}}}", "1:24: w has no key there", ""),
        ("tables: {t: {explode: {list: {}}}}", "t.explode.list has no 'table'.", ""),
        (
            "tables: {t: {explode: {list: {table: U}}}}",
            "1:24: The items of t.list and the table u would be one table.",
            "",
        ),
        (
            "tables: {t: {explode: {list: {table: v}, more: {table: v}}}}",
            "1:42: The items of t.more and those of t.list would be one table.",
            "",
        ),
        (
            "tables: {t: {explode: {list: {table: ingitdb_migrations}}}}",
            "1:24: SQLite can have no table called ingitdb_migrations.",
            "",
        ),
        (
            "tables: {t: {explode: {other: {table: v}}}}",
            "1:24: The column 'id' would be there twice",
            "columns: {id: {name: …}}",
        ),
        (
            "tables: {t: {columns: {id: {name: Ordinal}}, explode: {list: {table: v}}}}",
            "1:56: The column 'ordinal' would be there twice",
            "ordinal: …",
        ),
        (
            "tables: {t: {columns: {id: {name: Value}}, explode: {list: {table: v}}}}",
            "1:54: The column 'value' would be there twice",
            "",
        ),
        (
            "tables: {t: {explode: {list: {table: v, columns: {values: {name: x}}}}}}",
            "1:51: The items of t.list have no 'values'.",
            "Did you mean value?",
        ),
        (
            "tables: {t: {exclude_columns: list, explode: {list: {table: v}}}}",
            "1:47: The items of 'list' become rows",
            "",
        ),
        (
            "tables: {t: {columns: {list: {name: x}}, explode: {list: {table: v}}}}",
            "1:52: The items of 'list' become rows",
            "",
        ),
        (
            "tables: {t: {explode: {list: {table: v, columns: {value: {type: 'X; DROP'}}}}}}",
            "type cannot be 'X; DROP'.",
            "",
        ),
        (
            "tables: {t: {explode: {list: {table: v, columns: {Value: {name: x},\n"
            " value: {name: y}}}}}}",
            "1:24: A column is named twice.",
            "",
        ),
    ],
)
def test_faults_say_where(
    repo: RepoBuilder, rounds: Rounds, text: str, message: str, hint: str
) -> None:
    row = {"id": 1, "list": ["a"], "n": 1, "other": [{"id": 2}], "mixed": [1], "more": [1]}
    repo.commit(
        {
            **tables(t={"key": "id"}, u={"key": "id"}, w={}),
            **rows("t", row, {**row, "id": 2, "mixed": 5}),
            **rows("u", {"id": 1}),
            **rows("w", {"list": [1]}),
        }
    )
    with pytest.raises(UsageError) as caught:
        fresh(rounds(repo.path), SqliteTarget, "HEAD", said(text))
    assert message in caught.value.message
    assert caught.value.message.startswith("mapping.yaml:1:")
    assert hint in (caught.value.hint or "")


@pytest.fixture(params=LIVE_KINDS)
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Live:
    return MAKERS[request.param](tmp_path)


@pytest.fixture
def run(repo: RepoBuilder, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    given = ["--source", str(repo.path), "--target", live.url, "--mapping", "mapping.yaml"]
    return lambda command, *more: started(["migrate", command, *given, *more])


def test_a_live_target_is_compared_and_repaired(
    repo: RepoBuilder,
    live: Live,
    run: Run,
    capfd: pytest.CaptureFixture[str],
) -> None:
    repo.commit({**PEOPLE, **people(*FIRST)})
    repo.commit(people({**FIRST[0], "tags": ["a", "y"]}, *FIRST[2:]))
    Path("mapping.yaml").write_text(MAPPING, "utf-8")
    assert run("apply", "--to", "HEAD~1", "--verify") == Status.DONE
    assert run("analyze", "--at", "HEAD~1") == Status.DONE
    first = live.run(TAGS), live.run(PHONES)
    assert run("apply", "--verify") == Status.DONE
    wanted = live.run(TAGS), live.run(PHONES)
    assert wanted[0][:2] == [(1, 1, "a"), (1, 2, "y")]
    live.run("UPDATE people_tags SET value = 'theirs' WHERE person = 1 AND ordinal = 2")
    live.run("DELETE FROM people_phones WHERE person = 3 AND ordinal = 2")
    capfd.readouterr()
    assert run("analyze") == Status.FOUND
    said = capfd.readouterr().out
    assert "people_tags" in said
    assert "people_phones" in said
    assert run("capture", "--branch", "theirs") != Status.DONE
    assert "people_tags has the items of lists" in capfd.readouterr().err
    assert run("sync", "--mode", "full") != Status.DONE
    assert "people_tags person = 1, ordinal = 2 was changed" in capfd.readouterr().err
    assert run("sync", "--mode", "full", "--on-conflict", "source", "--verify") == Status.DONE
    assert (live.run(TAGS), live.run(PHONES)) == wanted
    assert run("rollback") == Status.DONE
    assert (live.run(TAGS), live.run(PHONES)) == first
    live.run("UPDATE people_tags SET value = 'theirs' WHERE person = 1 AND ordinal = 2")
    assert run("sync") != Status.DONE
    assert "people_tags person = 1, ordinal = 2 was changed" in capfd.readouterr().err
    assert run("sync", "--on-conflict", "source", "--verify") == Status.DONE
    assert (live.run(TAGS), live.run(PHONES)) == wanted


def test_a_live_target_follows_lists_that_come_and_go(
    repo: RepoBuilder, live: Live, run: Run
) -> None:
    repo.commit({**PEOPLE, **people({"id": 1, "name": "a"})})
    repo.commit(people({"id": 1, "name": "a", "tags": ["x", "y"]}))
    repo.commit(people({"id": 1, "name": "b"}))
    text = (
        "tables: {people: {columns: {id: {name: person}}, explode: {tags: {table: people_tags}}}}"
    )
    Path("mapping.yaml").write_text("tables: {people: {columns: {id: {name: person}}}}", "utf-8")
    assert run("apply", "--to", "HEAD~2", "--verify") == Status.DONE
    Path("mapping.yaml").write_text(text, "utf-8")
    assert run("sync", "--mode", "full", "--to", "HEAD~1", "--verify") == Status.DONE
    assert live.run(TAGS) == [(1, 1, "x"), (1, 2, "y")]
    assert run("sync", "--mode", "full", "--allow-destructive", "--verify") == Status.DONE
    assert live.run("SELECT person, name FROM people") == [(1, "b")]
    assert run("analyze") == Status.DONE
    assert run("rollback", "--to", "HEAD~1") == Status.DONE
    assert live.run(TAGS) == [(1, 1, "x"), (1, 2, "y")]


def test_the_example_of_the_documentation(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    text = README.read_text("utf-8").partition("# lists.yaml\n")[2].partition("```")[0]
    phones = [{"kind": "home", "number": "030 1"}, {"kind": "work", "number": "030 2"}]
    repo.commit({**PEOPLE, **people({"id": 1, "tags": ["red", "blue"], "phones": phones})})
    target = fresh(rounds(repo.path), kind, "HEAD", said(text))
    tags = target.ask("SELECT id, ordinal, value FROM people_tags ORDER BY ordinal")
    assert tags == [(1, 1, "red"), (1, 2, "blue")]
    found = target.ask("SELECT id, ordinal, phone_kind, number FROM people_phones ORDER BY ordinal")
    assert found == [(1, 1, "home", "030 1"), (1, 2, "work", "030 2")]
