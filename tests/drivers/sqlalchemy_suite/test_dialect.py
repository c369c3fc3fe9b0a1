"""SQLAlchemy's own suite for dialects; what a repository has not is left out by its name."""

import pytest
import sqlalchemy.testing.suite
from sqlalchemy.testing.suite import *  # noqa: F403

NO_NAMES = "files do not keep the names that constraints are given"
NO_COMMENTS = "the information schema has no comments"
NO_NULL = "a JSON null in a file is a NULL"
NO_BLOB = "text files have no place for a BLOB"
LACKING = {
    "BinaryTest": NO_BLOB,
    "QuotedNameArgumentTest": "a table with a quote in its name has no definition for a comment",
    "LongNameBlowoutTest": NO_NAMES,
    "ComponentReflectionTest.test_get_multi_columns": NO_COMMENTS,
    "ComponentReflectionTest.test_get_multi_foreign_keys": NO_NAMES,
    "ComponentReflectionTest.test_get_multi_unique_constraints": NO_NAMES,
    "ComponentReflectionTest.test_get_unique_constraints": NO_NAMES,
    "ComponentReflectionTest.test_get_unique_constraints_quoted_name": NO_NAMES,
    "ComponentReflectionTestExtra.test_string_length_reflection": "a VARCHAR has no length",
    "ReturningTest.test_imv_returning_datatypes": NO_BLOB,
    "JSONTest.test_round_trip_none_as_sql_null": NO_NULL,
    "JSONTest.test_round_trip_none_as_json_null": NO_NULL,
    "JSONTest.test_round_trip_json_null_as_json_null": NO_NULL,
    "JSONTest.test_eval_none_flag_orm": NO_NULL,
    "JSONTest.test_single_element_round_trip": NO_NULL,
    "TrueDivTest.test_truediv_divisor": "a division gives a DOUBLE",
    "TrueDivTest.test_truediv_numeric": "a division gives a DOUBLE",
    "NumericTest.test_many_significant_digits": "a literal of many digits is a DOUBLE",
    "InsertBehaviorTest.test_insert_from_select_autoinc": "numbers are chosen for VALUES alone",
    "InsertBehaviorTest.test_autoclose_on_insert_implicit_returning": "numbers come before the row",
    "IsolationLevelTest.test_dialect_user_setting_is_restored": "one level beside AUTOCOMMIT",
    "WindowFunctionTest.test_window_range": "rows without ORDER BY have no order",
    "WindowFunctionTest.test_window_range_numeric": "rows without ORDER BY have no order",
    "TableViaSelectTest.test_without_metadata": "schema.view.column is not found",
}
"""Why a test, or a class of tests, has nothing to run on."""

for _place, _why in LACKING.items():
    _class, _, _test = _place.partition(".")
    _found = vars(sqlalchemy.testing.suite)[_class]
    _skip = pytest.mark.skip(reason=_why)
    if _test:
        setattr(_found, _test, _skip(getattr(_found, _test)))
    else:
        globals()[_class] = _skip(_found)
