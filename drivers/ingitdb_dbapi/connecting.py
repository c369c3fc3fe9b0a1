"""From an address or a path to its connection."""

from typing import TYPE_CHECKING, Unpack

from ingitdb.api.dbapi import InterfaceError
from ingitdb_dbapi.addresses import Address, Options, checked, is_address, read_address

if TYPE_CHECKING:
    from os import PathLike

    from ingitdb.api.connection import Connection as LocalConnection
    from ingitdb_dbapi.connection import Connection

_LOCAL = frozenset(["ref", "author", "autocommit", "schema"])


def connect(
    address: "str | PathLike[str]" = ".",
    user: str | None = None,
    password: str | None = None,
    **options: Unpack[Options],
) -> "Connection | LocalConnection":
    """Connects to a repository.

    Args:
        address: `grpc://host:port/database?ref=main`, with `grpc+tls` over TLS; else the path of a
            repository, which needs no server: the connection is that of `ingitdb.connect`.
        user: Who signs in at a server.
        password: The password for that.
        options: See `Options`; they win over those in the address.

    Raises:
        Error: The server or the repository is not there, or an option is wrong.

    Example:
        >>> import ingitdb_dbapi
        >>> with ingitdb_dbapi.connect("grpc://localhost/demo?ref=v1.0") as db:  # doctest: +SKIP
        ...     db.execute("SELECT name FROM ports WHERE _key = ?", ["NO-BGO"]).fetchall()
        [('Bergen',)]
    """
    given = checked(options)
    text = str(address)
    if not is_address(text):
        if user is not None or password is not None:
            raise InterfaceError("A path asks for no user and no password.", code="IGD-1001")
        return _local(text, given)
    from ingitdb_dbapi.connection import Connection  # a path needs no driver of ADBC

    read = read_address(text)
    merged: Options = {**read.options, **given}
    return Connection(
        Address(
            uri=read.uri,
            user=user if user is not None else read.user,
            password=password if password is not None else read.password,
            options=merged,
        )
    )


def _local(path: str, options: Options) -> "LocalConnection":
    import ingitdb  # over the network the engine stays unloaded

    foreign = sorted(set(options) - _LOCAL)
    if foreign:
        raise InterfaceError(
            f"A path takes no {', '.join(foreign)}.",
            code="IGD-1001",
            hint=f"It takes {', '.join(sorted(_LOCAL))}.",
        )
    made = ingitdb.connect(
        path,
        options.get("ref"),
        autocommit=options.get("autocommit", False),
        author=options.get("author"),
    )
    if "schema" in options:
        try:
            made.execute('USE "' + options["schema"].replace('"', '""') + '"')
        except BaseException:
            made.close()
            raise
    return made
