"""Types that SQLAlchemy has no name for, and those whose values need a turn."""

# SQLAlchemy types its bases in part, and 1.4 differently
# mypy: disable-error-code="misc, override, type-arg"

import datetime as _dt
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.sql.sqltypes import _AbstractInterval
from sqlalchemy.sql.type_api import NativeForEmulated

Turn = Callable[[Any], Any] | None


class TINYINT(sqltypes.Integer):
    """An integer of 8 bits."""

    __visit_name__ = "TINYINT"


class UTINYINT(sqltypes.Integer):
    """An unsigned integer of 8 bits."""

    __visit_name__ = "UTINYINT"


class USMALLINT(sqltypes.Integer):
    """An unsigned integer of 16 bits."""

    __visit_name__ = "USMALLINT"


class UINTEGER(sqltypes.Integer):
    """An unsigned integer of 32 bits."""

    __visit_name__ = "UINTEGER"


class UBIGINT(sqltypes.Integer):
    """An unsigned integer of 64 bits."""

    __visit_name__ = "UBIGINT"


class HUGEINT(sqltypes.Integer):
    """An integer of 128 bits."""

    __visit_name__ = "HUGEINT"


class LIST(sqltypes.ARRAY):
    """A list of values of one type.

    Args:
        item_type: Their type; for lists of lists a LIST again.
    """

    def __init__(self, item_type: Any, **options: Any) -> None:
        super().__init__(item_type, **{"dimensions": 1, **options})

    def _set_parent(self, *_args: Any, **_kwargs: Any) -> None:
        """Leaves the type of the items alone, which may be a list again."""


class STRUCT(sqltypes.TypeEngine):
    """A record inside a record: a dict of known names.

    Args:
        fields: The type of each name, in order.
    """

    __visit_name__ = "STRUCT"

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = {name: sqltypes.to_instance(kind) for name, kind in fields.items()}

    @property
    def python_type(self) -> type:
        """A dict."""
        return dict


class MAP(sqltypes.TypeEngine):
    """A dict of any names.

    Args:
        key_type: The type of all names.
        value_type: The type of all values.
    """

    __visit_name__ = "MAP"

    def __init__(self, key_type: Any, value_type: Any) -> None:
        self.key_type = sqltypes.to_instance(key_type)
        self.value_type = sqltypes.to_instance(value_type)

    @property
    def python_type(self) -> type:
        """A dict."""
        return dict


class INTERVAL(NativeForEmulated, _AbstractInterval):
    """An INTERVAL as a timedelta; a month counts as 30 days."""

    __visit_name__ = "INTERVAL"

    @classmethod
    def adapt_emulated_to_native(cls, interval: Any, **_kwargs: Any) -> "INTERVAL":
        """Stands for SQLAlchemy's Interval."""
        return cls()

    @property
    def python_type(self) -> type:
        """A timedelta."""
        return _dt.timedelta

    def literal_processor(self, dialect: Any) -> Turn:
        """Gives microseconds."""
        return lambda value: f"to_microseconds({value // _dt.timedelta(microseconds=1)})"

    def result_processor(self, dialect: Any, coltype: Any) -> Turn:
        """Gives a timedelta."""

        def turn(value: Any) -> Any:
            if value is None or isinstance(value, _dt.timedelta):
                return value
            days = 30 * value.months + value.days
            return _dt.timedelta(days=days, microseconds=value.nanoseconds // 1000)

        return turn


class _JsonPlace:
    """Writes where a part of a JSON value is as a JSONPath."""

    def bind_processor(self, dialect: Any) -> Turn:
        """Gives the path."""
        return self._path

    def literal_processor(self, dialect: Any) -> Turn:
        """Gives the path in quotes."""
        return lambda value: "'" + self._path(value).replace("'", "''") + "'"

    @staticmethod
    def _path(value: Any) -> str:
        steps = [value] if isinstance(value, str | int) else value
        return "$" + "".join(
            f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in steps
        )


class JsonIndex(_JsonPlace, sqltypes.JSON.JSONIndexType):
    """One step into a JSON value."""


class JsonPath(_JsonPlace, sqltypes.JSON.JSONPathType):
    """Several steps into a JSON value."""


def uuid_turns() -> dict[Any, Any]:
    """Gives the type that stands for SQLAlchemy's Uuid, which 1.4 does not have."""
    plain: Any = getattr(sqltypes, "Uuid", None)
    if plain is None:
        return {}

    class IngitdbUuid(plain):
        """A UUID, which comes and goes as text."""

        def bind_processor(self, dialect: Any) -> Turn:
            """Gives its text."""
            return lambda value: None if value is None else str(uuid.UUID(str(value)))

        def result_processor(self, dialect: Any, coltype: Any) -> Turn:
            """Gives a UUID, or its text where that is asked for."""
            wanted = uuid.UUID if self.as_uuid else str
            return lambda value: None if value is None else wanted(str(value))

        def literal_processor(self, dialect: Any) -> Turn:
            """Gives its text in quotes."""
            return lambda value: f"'{uuid.UUID(str(value))}'"

    return {plain: IngitdbUuid}
