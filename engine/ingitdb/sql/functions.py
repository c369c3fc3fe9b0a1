"""Which of DuckDB's functions a query may call: each one is named here, allowed or refused.

Looked through were all 1,161 names of DuckDB 2.0. A test demands that every function that DuckDB
lists stands in exactly one group, so a newer DuckDB cannot bring in a function unseen.
"""

import re
from collections.abc import Mapping
from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


AGGREGATES: Final = _names(
    """
    any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null
    arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and
    bit_or bit_xor bitstring_agg bool_and bool_or combine_aggr corr count count_if count_star
    countif covar_pop covar_samp decimal_average entropy favg first fsum group_concat histogram
    histogram_exact kahan_sum kurtosis kurtosis_pop last list listagg lttb mad max max_by mean
    median min min_by mode product quantile quantile_cont quantile_disc regr_avgx regr_avgy
    regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy reservoir_quantile sem
    skewness stddev stddev_pop stddev_samp string_agg sum sum_no_overflow sumkahan var_pop
    var_samp variance variant_group_object
    """
)
"""Functions that make one row out of many."""

SCALARS: Final = _names(
    """
    __between __cast abs acos acosh add age aggregate ago alias apply array_aggr array_aggregate
    array_append array_apply array_cat array_concat array_contains array_cosine_distance
    array_cosine_similarity array_cross_product array_distance array_distinct array_dot_product
    array_extract array_filter array_grade_up array_has array_has_all array_has_any array_indexof
    array_inner_product array_intersect array_length array_negative_dot_product
    array_negative_inner_product array_pop_back array_pop_front array_position array_prepend
    array_push_back array_push_front array_reduce array_resize array_reverse array_reverse_sort
    array_select array_slice array_sort array_to_json array_to_string
    array_to_string_comma_default array_transform array_unique array_value array_where array_zip
    ascii asin asinh assert_true atan atan2 atanh bar base64 bin binom bit_count bit_length
    bit_position bitstring bitstring_byte_comparable can_cast_implicitly cardinality cast_to_type
    cbrt ceil ceiling century char_length character_length chr col_description combine concat
    concat_ws constant_or_null contains cos cosh cot create_sort_key cume_dist current_catalog
    current_database current_date current_localtime current_localtimestamp current_role
    current_schema current_schemas current_user damerau_levenshtein date_add date_diff date_part
    date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek
    dayofyear days_in_month decade decimal_division decode degrees dense_rank divide editdist3
    element_at encode ends_with enum_code enum_first enum_last enum_range enum_range_boundary
    epoch epoch_ms epoch_ns epoch_us equi_width_bins era error even exp factorial fdiv fill filter
    finalize first_value flatten floor fmod format format_bytes format_pg_type format_type
    from_base64 from_binary from_hex from_json from_json_strict gamma gcd gen_random_uuid
    generate_series generate_subscripts geomean geometric_mean get_bit get_current_time
    get_current_timestamp get_type grade_up greatest greatest_common_divisor hamming
    has_any_column_privilege has_column_privilege has_database_privilege
    has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege
    has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege
    has_tablespace_privilege hash hex hive_partition_component hour icu_sort_key if ilike_escape
    in_search_path inet_client_addr inet_client_port inet_server_addr inet_server_port instr
    invoke is_histogram_other_bin isfinite isinf isnan isodow isoyear jaccard jaro_similarity
    jaro_winkler_similarity json json_array json_array_length json_contains json_deep_merge
    json_deserialize_sql json_exists json_extract json_extract_path json_extract_path_text
    json_extract_string json_group_array json_group_object json_group_structure json_insert
    json_keys json_merge_patch json_merge_patch_diff json_normalize json_object json_pretty
    json_quote json_remove json_replace json_serialize_sql json_set json_strip_nulls
    json_structure json_transform json_transform_strict json_type json_valid json_value julian lag
    last_day last_value lcase lcm lead least least_common_multiple left left_grapheme len length
    length_grapheme levenshtein lgamma like_escape list_aggr list_aggregate list_any_value
    list_append list_apply list_approx_count_distinct list_avg list_bit_and list_bit_or
    list_bit_xor list_bool_and list_bool_or list_cat list_concat list_contains
    list_cosine_distance list_cosine_similarity list_count list_distance list_distinct
    list_dot_product list_element list_entropy list_extract list_filter list_first list_grade_up
    list_has list_has_all list_has_any list_histogram list_indexof list_inner_product
    list_intersect list_kurtosis list_kurtosis_pop list_last list_mad list_max list_median
    list_min list_mode list_negative_dot_product list_negative_inner_product list_pack
    list_position list_prepend list_product list_reduce list_resize list_reverse list_reverse_sort
    list_select list_sem list_skewness list_slice list_sort list_stddev_pop list_stddev_samp
    list_string_agg list_sum list_transform list_unique list_value list_var_pop list_var_samp
    list_where list_zip ln log log10 log2 lower lpad ltrim make_date make_time make_timestamp
    make_timestamp_ms make_timestamp_ns make_timestamptz make_type map map_concat map_contains
    map_contains_entry map_contains_value map_entries map_extract map_extract_value
    map_from_entries map_keys map_to_pg_oid map_values md5 md5_number md5_number_lower
    md5_number_upper microsecond millennium millisecond minute mismatches mod month monthname
    multiply nanosecond nextafter nfc_normalize normalized_interval not_ilike_escape
    not_like_escape now nth_value ntile nullif obj_description octet_length ord overlay
    parse_dirname parse_dirpath parse_filename parse_formatted_bytes parse_path path_join
    percent_rank pg_collation_is_visible pg_conf_load_time pg_conversion_is_visible
    pg_function_is_visible pg_get_expr pg_has_role pg_is_other_temp_schema pg_my_temp_schema
    pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible pg_postmaster_start_time
    pg_size_pretty pg_table_is_visible pg_ts_config_is_visible pg_ts_dict_is_visible
    pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible pg_typeof pi position pow
    power prefix printf quarter radians random range rank rank_dense reduce regexp_escape
    regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array regexp_split_to_table remap_struct repeat replace replace_type reverse
    right right_grapheme round round_even roundbankers row row_number row_to_json rpad rtrim
    second session_user set_bit setseed sha1 sha256 shobj_description sign signbit sin sinh split
    split_part sqrt st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_crs st_geomfromgeojson
    st_geomfromwkb st_intersects_extent st_setcrs starts_with str_split str_split_regex strftime
    string_split string_split_regex string_to_array strip_accents strlen strpos strptime
    struct_concat struct_contains struct_extract struct_extract_at struct_has struct_indexof
    struct_insert struct_keys struct_pack struct_position struct_update struct_values substr
    substring substring_grapheme subtract suffix switch tan tanh time_bucket
    timetz_byte_comparable timezone timezone_hour timezone_minute to_aggregate_state to_base
    to_base64 to_binary to_centuries to_days to_decades to_hex to_hours to_json to_microseconds
    to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp to_weeks
    to_years today transaction_timestamp translate trim trunc try_strptime txid_current typeof
    ucase unbin unhex unicode union_extract union_tag union_value unpivot_list upper url_decode
    url_encode user uuid uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7
    variant_array_length variant_bytes_to_variant variant_comparator variant_contains
    variant_exists variant_extract variant_extract_string variant_group_array variant_keys
    variant_normalize variant_to_parquet_variant variant_type variant_typeof version
    vertex_extract wavg week weekday weekofyear weighted_avg xor year yearweek
    formatreadabledecimalsize formatreadablesize
    """
)
"""Scalar and window functions and macros that compute from their arguments alone."""

TABLE_FUNCTIONS: Final = _names(
    "range generate_series unnest json_each json_tree repeat repeat_row"
    " duckdb_keywords icu_calendar_names pg_timezone_names"
)
"""Table functions that compute from their arguments alone, or list what every DuckDB has."""

_FILES = "reads files."
_ENGINE = "tells about the engine."
_SETTINGS = "reads or changes settings."
_SQL = "runs SQL that nobody has looked at."
_LOGS = "reads or writes the engine's log."
_MEMORY = "reads the memory of the process."
_INTERNAL = "is internal to the engine."
_RESOURCES = "registers something outside the database."
_STATE = "depends on the state of the session."


def _each(names: str, reason: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


REFUSED_SCALARS: Final[Mapping[str, str]] = {
    **_each("current_setting", _SETTINGS),
    **_each("getvariable current_query current_query_id current_connection_id", _STATE),
    **_each("current_transaction_id nextval currval setval", _STATE),
    **_each("write_log parse_duckdb_log_message", _LOGS),
    **_each("sleep_ms pg_sleep", "only waits."),
    **_each("json_serialize_plan", _SQL),
    **_each("pg_get_viewdef pg_get_constraintdef get_block_size index_key", _ENGINE),
    **_each("stats vector_type", "tells how rows happen to be stored."),
    **_each("json_copy_strftime_if_date json_copy_strftime_if_timestamp", _INTERNAL),
}
"""Scalar functions that reach outside, by the reason why they are refused."""

REFUSED_TABLE_FUNCTIONS: Final[Mapping[str, str]] = {
    **_each("read_csv read_csv_auto read_single_csv_file sniff_csv read_text read_blob", _FILES),
    **_each("read_json read_json_auto read_json_objects read_json_objects_auto", _FILES),
    **_each("read_ndjson read_ndjson_auto read_ndjson_objects read_single_json_file", _FILES),
    **_each("read_parquet parquet_scan read_single_parquet_file read_duckdb glob", _FILES),
    **_each("parquet_metadata parquet_file_metadata parquet_full_metadata", _FILES),
    **_each("parquet_kv_metadata parquet_schema parquet_bloom_probe", _FILES),
    **_each("query query_table json_execute_serialized_sql", _SQL),
    **_each("histogram histogram_values summary", "reads a table by a name in a string."),
    **_each("arrow_scan arrow_scan_dumb pandas_scan python_arrow_scan", _MEMORY),
    **_each("python_map_function", _MEMORY),
    **_each("duckdb_settings duckdb_profiling_settings duckdb_variables", _SETTINGS),
    **_each("duckdb_secrets duckdb_secret_types duckdb_secret_type_parameters", _SETTINGS),
    **_each("which_secret enable_profiling disable_profiling", _SETTINGS),
    **_each("duckdb_logs duckdb_logs_parsed duckdb_log_contexts truncate_duckdb_logs", _LOGS),
    **_each("enable_logging disable_logging", _LOGS),
    **_each("duckdb_databases duckdb_schemas duckdb_tables duckdb_views duckdb_columns", _ENGINE),
    **_each("duckdb_constraints duckdb_indexes duckdb_sequences duckdb_triggers", _ENGINE),
    **_each("duckdb_types duckdb_functions duckdb_dependencies duckdb_table_sample", _ENGINE),
    **_each("duckdb_memory duckdb_temporary_files duckdb_external_file_cache", _ENGINE),
    **_each("duckdb_eviction_queues duckdb_connection_count duckdb_prepared_statements", _ENGINE),
    **_each("duckdb_approx_database_count duckdb_available_metrics duckdb_optimizers", _ENGINE),
    **_each("duckdb_extensions duckdb_extension_repositories duckdb_dialects", _ENGINE),
    **_each("duckdb_grammar_extensions duckdb_coordinate_systems", _ENGINE),
    **_each("duckdb_external_resources duckdb_external_resource_types", _ENGINE),
    **_each("pragma_collations pragma_database_size pragma_metadata_info pragma_platform", _ENGINE),
    **_each("pragma_show pragma_storage_info pragma_table_info pragma_user_agent", _ENGINE),
    **_each("pragma_version", _ENGINE),
    **_each("create_external_resource destroy_external_resource", _RESOURCES),
    **_each("deregister_external_resource register_external_resource", _RESOURCES),
    **_each("register_external_resource_type", _RESOURCES),
    **_each("checkpoint force_checkpoint seq_scan", _INTERNAL),
    **_each("test_all_types test_vector_types", _INTERNAL),
}
"""Table functions that reach outside, by the reason why they are refused."""

_OPERATOR = re.compile(
    r"[^A-Za-z]+|!?__(postfix|between|cast)|IS (NOT )?DISTINCT FROM", re.IGNORECASE
)
_COLLATION = re.compile(r"(icu_)?collate_[a-z_]+")


def is_allowed_scalar(name: str) -> bool:
    """Tells whether an expression may call a function or operator of this name."""
    name = name.casefold()
    if name in SCALARS or name in AGGREGATES:
        return True
    return _OPERATOR.fullmatch(name) is not None or _COLLATION.fullmatch(name) is not None


def refusal_of(name: str, *, is_table: bool) -> str | None:
    """Gives why a function is refused, as the rest of a sentence; None if it is unknown."""
    name = name.casefold()
    if is_table:
        return REFUSED_TABLE_FUNCTIONS.get(name)
    if name.startswith("__internal_"):
        return _INTERNAL
    return REFUSED_SCALARS.get(name)
