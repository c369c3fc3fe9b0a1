"""DuckDB's parser, shared by the tests of this folder."""

from collections.abc import Iterator

import pytest

from ingitdb.execution.parser import DuckdbParser


@pytest.fixture(scope="session")
def parser() -> Iterator[DuckdbParser]:
    made = DuckdbParser()
    yield made
    made.close()
