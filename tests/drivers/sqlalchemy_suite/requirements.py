"""What the dialect can do; what is switched off names the missing feature."""

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements


def have(self: object) -> exclusions.compound:
    """Switches a requirement on."""
    return exclusions.open()


def lack(reason: str) -> property:
    """Switches a requirement off, for a reason."""
    return property(lambda self: exclusions.skip_if(lambda config: True, reason))


ON = property(have)
NO_TEMP = lack("no temporary tables: each table is files of the repository")
NO_INDEX = lack("no indexes: files have none")
NO_NAMES = lack("files do not keep the names that constraints are given")
NO_RULES = lack("the information schema gives RESTRICT for a rule that is not said")
NO_CHECKS = lack("the information schema has no text of CHECK constraints")
NO_COMMENTS = lack("the information schema has no comments")
NO_VIEW_TEXT = lack("the information schema has no text of views")
NO_SEQUENCE = lack("no sequences: numbers of keys are chosen when rows are inserted")
NO_IDENTITY = lack("no identity columns")
NO_COMPUTED = lack("no computed columns")


class Requirements(SuiteRequirements):
    """The features that the suite asks for."""

    # --- definitions
    temp_table_reflection = temp_table_names = has_temp_table = temporary_tables = NO_TEMP
    temporary_views = temp_table_reflect_indexes = temp_table_comment_reflection = NO_TEMP
    create_temp_table_as = NO_TEMP
    index_reflection = index_ddl_if_exists = indexes_with_ascdesc = NO_INDEX
    reflect_indexes_with_ascdesc = indexes_with_expressions = NO_INDEX
    reflect_indexes_with_ascdesc_as_expression = reflect_indexes_with_expressions = NO_INDEX
    foreign_key_constraint_name_reflection = named_constraints = reflects_pk_names = NO_NAMES
    constraint_comment_reflection = lack("constraints have no comments")
    comment_reflection = comment_reflection_full_unicode = NO_COMMENTS
    check_constraint_reflection = inline_check_constraint_reflection = NO_CHECKS
    view_reflection = NO_VIEW_TEXT
    view_column_reflection = schema_reflection = schema_create_delete = schemas = views = ON
    cross_schema_fk_reflection = primary_key_constraint_reflection = ON
    foreign_key_constraint_reflection = unique_constraint_reflection = ON
    foreign_key_constraint_option_reflection_ondelete = ON
    foreign_key_constraint_option_reflection_onupdate = ON
    fk_constraint_option_reflection_ondelete_restrict = NO_RULES
    fk_constraint_option_reflection_onupdate_restrict = NO_RULES
    fk_constraint_option_reflection_ondelete_noaction = NO_RULES
    table_ddl_if_exists = create_table_as = create_or_replace_view = ON
    reflect_tables_no_columns = lack("a table has a column at least")
    column_collation_reflection = order_by_collation = lack("columns have no collation")
    materialized_views = materialized_views_reflect_pk = lack("no materialized views")
    computed_columns = computed_columns_stored = computed_columns_virtual = NO_COMPUTED
    identity_columns = identity_columns_standard = NO_IDENTITY
    reflect_table_options = lack("tables have no options in SQLAlchemy's sense")
    deferrable_fks = lack("constraints are checked at the end of each statement and at COMMIT")
    on_update_cascade = self_referential_foreign_keys = ON
    unusual_column_name_characters = symbol_names_w_double_quote = unicode_ddl = ON
    percent_schema_names = lack(
        "the driver's parameters are `?`, so that a percent sign is never doubled"
    )
    default_schema_name_switch = implicit_default_schema = lack("the default schema is fixed")

    # --- changes
    sequences = sequences_optional = NO_SEQUENCE
    no_sequences = autoincrement_insert = autoincrement_without_sequence = ON
    insert_returning = update_returning = delete_returning = insert_executemany_returning = ON
    implements_get_lastrowid = dbapi_lastrowid = emulated_lastrowid = NO_SEQUENCE
    emulated_lastrowid_even_with_sequences = supports_lastrowid = NO_SEQUENCE
    empty_inserts = empty_inserts_executemany = lack("a record has a field at least")
    insert_from_select = multivalues_inserts = update_from = delete_from = ON
    ctes = ctes_with_values = duplicate_key_raises_integrity_error = ON
    ctes_on_dml = ctes_with_update_delete = lack("a WITH holds queries alone")
    sane_rowcount = sane_rowcount_w_returning = ON
    sane_multi_rowcount = lack("one count for all sets of parameters")
    server_defaults = ON
    expression_server_defaults = lack("a default is a value, no expression")

    # --- transactions
    savepoints = autocommit = isolation_level = dialect_level_isolation_level_param = ON
    two_phase_transactions = lack("a commit of Git has one phase")
    skip_autocommit_rollback = ON
    independent_readonly_connections = independent_connections = ON
    graceful_disconnects = ON

    # --- queries
    standard_cursor_sql = subqueries = offset = bound_limit_offset = nullsordering = ON
    intersect = except_ = window_functions = window_range = window_range_numeric = ON
    window_range_non_numeric = tuple_in = tuple_in_w_empty = nested_aggregates = ON
    parens_in_union_contained_select_w_limit_offset = ON
    parens_in_union_contained_select_wo_limit_offset = ON
    sql_expression_limit_offset = boolean_col_expressions = nullable_booleans = ON
    standalone_binds = standalone_null_binds_whereclause = group_by_complex_expression = ON
    supports_distinct_on = supports_is_distinct_from = fetch_first = fetch_offset_with_options = ON
    fetch_no_order_by = fetch_expression = ON
    fetch_ties = fetch_percent = lack("DuckDB has no FETCH FIRST … PERCENT or WITH TIES")
    regexp_match = regexp_replace = table_value_constructor = aggregate_order_by = ON
    order_by_col_from_union = order_by_label_with_expression = ON
    mod_operator_as_percent_sign = update_where_target_in_subquery = ON
    supports_bitwise_or = supports_bitwise_and = supports_bitwise_not = ON
    supports_bitwise_shift = ON
    like_escapes = ON
    duplicate_names_in_cursor_description = ON
    server_side_cursors = lack("each result is streamed; there is no other kind")
    arraysize = ON

    # --- types
    uuid_data_type = json_type = json_array_indexes = array_type = datetime_interval = ON
    datetime = date = time = datetime_microseconds = timestamp_microseconds = ON
    time_microseconds = datetime_historic = date_historic = datetime_timezone = ON
    datetime_literals = datetime_implicit_bound = date_implicit_bound = ON
    time_implicit_bound = timestamp_microseconds_implicit_bound = ON
    time_timezone = lack("DuckDB gives a TIME WITH TIME ZONE to Arrow as text")
    datetime_timezone_historic = ON
    date_coerces_from_datetime = ON
    binary_literals = binary_comparisons = lack("text files have no place for a BLOB")
    precision_numerics_enotation_small = precision_numerics_enotation_large = ON
    precision_numerics_general = precision_numerics_many_significant_digits = ON
    precision_numerics_retains_significant_digits = float_is_numeric = ON
    cast_precision_numerics_many_significant_digits = ON
    fetch_null_from_numeric = implicit_decimal_binds = ON
    infinity_floats = literal_float_coercion = float_or_double_precision_behaves_generically = ON
    numeric_received_as_decimal_untyped = text_type = unbounded_varchar = ON
    empty_strings_varchar = empty_strings_text = expressions_against_unbounded_text = ON
    unicode_data = unicode_data_no_special_types = ON
