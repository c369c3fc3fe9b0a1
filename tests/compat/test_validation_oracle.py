"""Validation of a real repository against jsonschema and plain Python, also after random damage."""

import json
import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tests.support.repositories import RepoBuilder
from tests.support.shared_data import clone
from tests.support.validated import Validator

pytestmark = [pytest.mark.slow, pytest.mark.compat]

_TYPES: Mapping[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "datetime": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$"},
    "map[locale]string": {"type": "object", "additionalProperties": {"type": "string"}},
    "any": {},
}
_RULES = {
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_value": "minimum",
    "max_value": "maximum",
    "enum": "enum",
}
Found = set[tuple[str, str]]
"""The file and the field of each offence."""


class Oracle:
    """Reads the work tree of an inGitDB repository by itself: collections of a file a record."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.definitions: dict[str, tuple[Path, Mapping[str, Any]]] = {}
        roots = self._yaml(folder / ".ingitdb/root-collections.yaml")
        for name, path in roots.items():
            for below, place in self._below(name, folder / path):
                definition = self._yaml(place / ".collection/definition.yaml")
                self.definitions[below] = (place, definition)

    def _below(self, name: str, place: Path) -> Iterator[tuple[str, Path]]:
        if not name.endswith(".*"):
            yield name, place
            return
        for below, path in self._yaml(place / ".ingitdb/root-collections.yaml").items():
            yield f"{name[:-1]}{below}", place / path

    def records(self, name: str) -> dict[Path, tuple[str, dict[str, Any]]]:
        """Gives path, key and fields of the records of a collection; of others none."""
        place, definition = self.definitions[name]
        file = definition["record_file"]
        if file["type"] != "map[string]any" or file["name"] not in ("{key}.yaml", "{key}.json"):
            return {}
        found = sorted((place / "$records").glob(file["name"].replace("{key}", "*")))
        return {path: (path.stem, self._yaml(path)) for path in found}

    def keys(self, name: str) -> set[str]:
        """Gives the keys of a collection."""
        place, definition = self.definitions[name]
        file = definition["record_file"]
        if "{key}" in file["name"]:
            head, _, tail = file["name"].partition("{key}")
            found = (place / "$records").glob(file["name"].replace("{key}", "*"))
            return {p.name.removeprefix(head).removesuffix(tail) for p in found}
        return set(self._yaml(place / file["name"]))

    def offences(self) -> Found:
        """Gives what offends in all collections that it reads."""
        found: Found = set()
        for name, (_, definition) in self.definitions.items():
            columns = definition["columns"]
            validator = Draft202012Validator(schema(columns))
            for path, (key, fields) in self.records(name).items():
                where = path.relative_to(self._folder).as_posix()
                for error in validator.iter_errors({**fields, "$ID": key}):
                    found |= {(where, field) for field in fields_of(error, fields)}
                for column, said in columns.items():
                    value = fields.get(column)
                    target = self.target(name, said.get("foreign_key"))
                    if target and value not in (None, "") and str(value) not in self.keys(target):
                        found.add((where, column))
        return found

    def target(self, name: str, text: str | None) -> str | None:
        """Gives the collection that a foreign key leads to."""
        if text is None or "." in text:
            return text
        beside = f"{name.partition('.')[0]}.{text}"
        return beside if beside in self.definitions else text

    def _yaml(self, path: Path) -> dict[str, Any]:
        return plain(YAML(typ="safe", pure=True).load(path.read_text("utf-8"))) or {}


def plain(value: Any) -> Any:
    """Spells dates as texts."""
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def schema(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the JSON Schema that says what columns say; a null is as good as nothing."""
    properties = {}
    for name, said in columns.items():
        rules = {_RULES[rule]: value for rule, value in said.items() if rule in _RULES}
        if "length" in said:
            rules |= {"minLength": said["length"], "maxLength": said["length"]}
        own = {**_TYPES[said["type"]], **rules}
        properties[name] = own if said.get("required") else {"anyOf": [{"type": "null"}, own]}
    return {
        "properties": properties,
        "required": [name for name, said in columns.items() if said.get("required")],
        "additionalProperties": False,
    }


def fields_of(error: Any, fields: Mapping[str, Any]) -> list[str]:
    """Gives the fields that an error of jsonschema is about."""
    if error.validator == "required":
        return [name for name in error.validator_value if name not in {**fields, "$ID": 1}]
    if error.validator == "additionalProperties":
        return [n for n in error.instance if n not in error.schema["properties"] and n[:1] != "$"]
    return [str(error.absolute_path[0])]


@pytest.fixture
def demo(tmp_path: Path, run_folder: Path) -> RepoBuilder:
    repo = RepoBuilder.adopt(clone("demo-ingitdb", run_folder))
    return repo.clone(tmp_path / "demo")


def found(validator: Validator, oracle: Oracle, **more: Any) -> Found:
    """Gives what is found in the collections that the oracle reads."""
    files = {
        path.relative_to(oracle._folder).as_posix()
        for name in oracle.definitions
        for path in oracle.records(name)
    }
    violations = [v for v in validator.violations(**more) if v.path in files]
    assert all(v.line for v in violations)
    return {(v.path, v.field) for v in violations}


@pytest.mark.parametrize("back", [0, 1, 2])
def test_commits_of_the_demo(demo: RepoBuilder, tmp_path: Path, back: int) -> None:
    demo.git("checkout", "--quiet", f"HEAD~{back}")
    oracle = Oracle(demo.path)
    expected = oracle.offences()
    assert found(Validator(demo, tmp_path / "cache"), oracle) == expected
    assert bool(expected) == bool(back), "postal codes were numbers until they were quoted"


def test_random_damage(demo: RepoBuilder, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    base = demo.tip()
    oracle = Oracle(demo.path)
    targets = {
        target
        for name, (_, definition) in oracle.definitions.items()
        for said in definition["columns"].values()
        if (target := oracle.target(name, said.get("foreign_key")))
    }
    written: dict[str, str | None] = {}
    for name in oracle.definitions:
        known = list(oracle.records(name).items())
        for path, (_, fields) in chance.sample(known, min(4, len(known))):
            where = path.relative_to(demo.path).as_posix()
            if name in targets and chance.random() < 0.4:
                written[where] = None
                continue
            written[where] = json.dumps(damaged(fields, chance), indent=1)  # which is YAML, too
    demo.commit(written, "Damage")
    after = Oracle(demo.path)
    expected = after.offences()
    assert len(expected) > 5
    validator = Validator(demo, tmp_path / "cache")
    assert found(validator, after) == expected
    assert found(validator, after, base=base) == expected


def damaged(fields: Mapping[str, Any], chance: random.Random) -> dict[str, Any]:
    """Gives a record of which some fields are gone, of another type, too long or unknown."""
    made = dict(fields)
    for name in chance.sample(sorted(made), min(2, len(made))):
        way = chance.choice(["drop", "null", "number", "text", "long", "flag", "list"])
        if way == "drop":
            del made[name]
        else:
            values = {"null": None, "number": 12345, "text": "x", "flag": True, "list": [1]}
            made[name] = "y" * 3000 if way == "long" else values[way]
    if chance.random() < 0.2:
        made["unknown_field"] = 1
    return made
