"""The messages of Flight and Flight SQL that pyarrow has no classes for, and how they are wrapped.

They are described to protobuf by a table, in a pool of their own, so that they live beside any
other package that brings the same names. Source: `format/FlightSql.proto` and `format/Flight.proto`
of Apache Arrow. Messages inside of messages that pyarrow can read (FlightInfo, FlightEndpoint) are
bytes here, which is the same on the wire; enumerations are int32.
"""

from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message, message_factory

_SQL = "arrow.flight.protocol.sql"
_FLIGHT = "arrow.flight.protocol"
_WRAPPED = "type.googleapis.com/"

_TABLE_NAMED = "catalog 1 string, db_schema 2 string, table 3 string"
_COMMANDS = {
    "CommandGetSqlInfo": "info 1 uint32*",
    "CommandGetXdbcTypeInfo": "data_type 1 int32",
    "CommandGetCatalogs": "",
    "CommandGetDbSchemas": "catalog 1 string, db_schema_filter_pattern 2 string",
    "CommandGetTables": "catalog 1 string, db_schema_filter_pattern 2 string,"
    " table_name_filter_pattern 3 string, table_types 4 string*, include_schema 5 bool",
    "CommandGetTableTypes": "",
    "CommandGetPrimaryKeys": _TABLE_NAMED,
    "CommandGetExportedKeys": _TABLE_NAMED,
    "CommandGetImportedKeys": _TABLE_NAMED,
    "CommandGetCrossReference": "pk_catalog 1 string, pk_db_schema 2 string, pk_table 3 string,"
    " fk_catalog 4 string, fk_db_schema 5 string, fk_table 6 string",
    "SubstraitPlan": "plan 1 bytes, version 2 string",
    "CommandStatementQuery": "query 1 string, transaction_id 2 bytes",
    "CommandStatementSubstraitPlan": "plan 1 SubstraitPlan, transaction_id 2 bytes",
    "CommandPreparedStatementQuery": "prepared_statement_handle 1 bytes",
    "CommandStatementUpdate": "query 1 string, transaction_id 2 bytes",
    "CommandPreparedStatementUpdate": "prepared_statement_handle 1 bytes",
    "TableDefinitionOptions": "if_not_exist 1 int32, if_exists 2 int32",
    "CommandStatementIngest": "table_definition_options 1 TableDefinitionOptions, table 2 string,"
    " schema 3 string, catalog 4 string, temporary 5 bool, transaction_id 6 bytes,"
    " options 1000 string{}",
    "TicketStatementQuery": "statement_handle 1 bytes",
    "DoPutUpdateResult": "record_count 1 int64",
    "DoPutPreparedStatementResult": "prepared_statement_handle 1 bytes",
    "ActionCreatePreparedStatementRequest": "query 1 string, transaction_id 2 bytes",
    "ActionCreatePreparedSubstraitPlanRequest": "plan 1 SubstraitPlan, transaction_id 2 bytes",
    "ActionCreatePreparedStatementResult": "prepared_statement_handle 1 bytes,"
    " dataset_schema 2 bytes, parameter_schema 3 bytes, is_update 4 bool",
    "ActionClosePreparedStatementRequest": "prepared_statement_handle 1 bytes",
    "ActionBeginTransactionRequest": "",
    "ActionBeginTransactionResult": "transaction_id 1 bytes",
    "ActionBeginSavepointRequest": "transaction_id 1 bytes, name 2 string",
    "ActionBeginSavepointResult": "savepoint_id 1 bytes",
    "ActionEndTransactionRequest": "transaction_id 1 bytes, action 2 int32",
    "ActionEndSavepointRequest": "savepoint_id 1 bytes, action 2 int32",
    "ActionCancelQueryRequest": "info 1 bytes",
    "ActionCancelQueryResult": "result 1 int32",
}
"""Each message of Flight SQL: fields as `name number type`; `*` repeats, `{}` is a map by text."""

_CORE = {
    "BasicAuth": "username 2 string, password 3 string",
    "CancelFlightInfoRequest": "info 1 bytes",
    "CancelFlightInfoResult": "status 1 int32",
    "RenewFlightEndpointRequest": "endpoint 1 bytes",
    "StringListValue": "values 1 string*",
    "SessionOptionValue": "string_value 1 string|, bool_value 2 bool|, int64_value 3 sfixed64|,"
    " double_value 4 double|, string_list_value 5 StringListValue|",
    "SessionError": "value 1 int32",
    "SetSessionOptionsRequest": "session_options 1 SessionOptionValue{}",
    "SetSessionOptionsResult": "errors 1 SessionError{}",
    "GetSessionOptionsRequest": "",
    "GetSessionOptionsResult": "session_options 1 SessionOptionValue{}",
    "CloseSessionRequest": "",
    "CloseSessionResult": "status 1 int32",
}
"""Those of Flight itself; `|` marks the alternatives of one value."""

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    name: getattr(_Field, f"TYPE_{name.upper()}")
    for name in ("string", "bytes", "bool", "int32", "int64", "uint32", "sfixed64", "double")
}


def _add_field(
    owner: descriptor_pb2.DescriptorProto, package: str, name: str, number: int, kind: str
) -> None:
    """Adds a field to the description of a message."""
    plain = kind.rstrip("*{}|")
    if kind.endswith("{}"):
        entry = owner.nested_type.add(name="".join(w.title() for w in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _add_field(entry, package, "key", 1, "string")
        _add_field(entry, package, "value", 2, plain)
        owner.field.add(
            name=name,
            number=number,
            label=_Field.LABEL_REPEATED,
            type=_Field.TYPE_MESSAGE,
            type_name=f".{package}.{owner.name}.{entry.name}",
        )
        return
    label = _Field.LABEL_REPEATED if kind.endswith("*") else _Field.LABEL_OPTIONAL
    field = owner.field.add(name=name, number=number, label=label)
    if plain in _TYPES:
        field.type = _TYPES[plain]
    else:
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{package}.{plain}"
    if kind.endswith("|"):
        if not owner.oneof_decl:
            owner.oneof_decl.add(name="option_value")
        field.oneof_index = 0


def _described(package: str, table: dict[str, str]) -> descriptor_pb2.FileDescriptorProto:
    """Describes the messages of a package.

    In edition 2023 every field knows whether it was given, and text has to be UTF-8.
    """
    described = descriptor_pb2.FileDescriptorProto(
        name=f"ingitdb/{package}.proto",
        package=package,
        syntax="editions",
        edition=descriptor_pb2.Edition.EDITION_2023,
    )
    for name, fields in table.items():
        owner = described.message_type.add(name=name)
        for field in filter(None, fields.split(",")):
            spelled, number, kind = field.split()
            _add_field(owner, package, spelled, int(number), kind)
    return described


def _classes() -> dict[str, Any]:
    """Gives the class of each message by its name."""
    pool = descriptor_pool.DescriptorPool()
    found = {}
    for package, table in ((_SQL, _COMMANDS), (_FLIGHT, _CORE)):
        pool.AddSerializedFile(_described(package, table).SerializeToString())
        for name in table:
            descriptor = pool.FindMessageTypeByName(f"{package}.{name}")
            found[name] = message_factory.GetMessageClass(descriptor)
    return found


_CLASSES = _classes()
NAMES = frozenset(_CLASSES)
"""The names of all of them."""


def make(name: str, /, **fields: Any) -> Any:
    r"""Makes a message.

    Example:
        >>> make("DoPutUpdateResult", record_count=3).SerializeToString()
        b'\x08\x03'
    """
    return _CLASSES[name](**fields)


def parse(name: str, data: bytes) -> Any:
    """Reads a message that is not wrapped.

    Raises:
        ValueError: These are no bytes of it.
    """
    try:
        return _CLASSES[name].FromString(data)
    except message.DecodeError as error:
        raise ValueError(f"This is no {name}.") from error


def wrap(made: Any) -> bytes:
    """Serializes a message as `google.protobuf.Any`, as commands and results of Flight SQL are."""
    wrapper = any_pb2.Any()
    wrapper.Pack(made)
    return bytes(wrapper.SerializeToString())


def unwrap(data: bytes) -> tuple[str, Any]:
    """Reads a wrapped message: its name and itself.

    Raises:
        ValueError: It is not wrapped, or none of ours.
    """
    wrapper = any_pb2.Any()
    try:
        wrapper.ParseFromString(data)
    except message.DecodeError as error:
        raise ValueError("This is no command of Flight SQL.") from error
    name = wrapper.type_url.removeprefix(_WRAPPED).removeprefix(f"{_SQL}.")
    if name not in _COMMANDS:
        raise ValueError(f"{wrapper.type_url or 'This'} is no command of Flight SQL.")
    return name, parse(name, wrapper.value)
