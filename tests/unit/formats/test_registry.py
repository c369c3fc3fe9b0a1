import importlib.metadata
import subprocess
import sys

import pytest

from ingitdb.formats import registry


class Fake:
    name = "fake"
    extensions = (".fake", ".csv")


@pytest.fixture
def plugins(monkeypatch):
    def clear():
        registry._others.cache_clear()
        registry._others_by_extension.cache_clear()

    points = [
        importlib.metadata.EntryPoint("fake", f"{__name__}:Fake", registry.GROUP),
        importlib.metadata.EntryPoint("csv", f"{__name__}:Missing", registry.GROUP),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    clear()
    yield
    clear()


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_what_is_built_in_keeps_its_word(name):
    found = registry.by_name(name)
    assert found.name == name
    assert found.extensions == registry.BUILT_IN[name].extensions
    for extension in found.extensions:
        assert registry.by_path(f"a.b/c{extension.upper()}") is found
        assert registry.by_name(extension.removeprefix(".")) is found
        assert registry.name_of(f"x{extension}") == name


def test_what_is_unknown():
    for path in ("a.zip", "a", ".json", "a.json/b", ""):
        assert registry.by_path(path) is None
        assert registry.name_of(path) is None
        assert not registry.is_known(path)
    assert registry.by_name("nope") is None


@pytest.mark.usefixtures("plugins")
def test_other_packages_bring_formats():
    assert isinstance(registry.by_path("x.fake"), Fake)
    assert isinstance(registry.by_name("fake"), Fake)
    assert registry.is_known("x.fake")
    assert registry.name_of("x.fake") == "fake"
    assert registry.by_path("x.csv").name == "csv"


def test_a_format_is_imported_when_it_is_needed():
    heavy = "{'yaml', 'pyarrow', 'tomlkit', 'orjson', 'msgspec', 'importlib.metadata'}"
    code = (
        "import sys; from ingitdb.formats import registry\n"
        f"assert not {heavy} & set(sys.modules)\n"
        "registry.by_path('a.csv'); registry.name_of('a.parquet')\n"
        f"assert not {heavy} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
