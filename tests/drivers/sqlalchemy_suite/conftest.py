"""Runs SQLAlchemy's own suite for dialects; a run by itself, with `--dburi` of a repository."""

import pytest
from sqlalchemy.dialects import registry

for name in ("ingitdb", "ingitdb.ingitdb_dbapi"):  # as the package's entry points say
    registry.register(name, "ingitdb_sqlalchemy.dialect", "IngitdbDialect")
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402, F403
