"""URLs of targets: read, and shown without what is secret in them."""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ingitdb.errors import UsageError

_PASSWORDS = ("password", "passwd")
"""Options that some drivers take for the password."""
_SECRET = "pass"  # noqa: S105 - a part of a name
"""What the name of an option has in it whose value is shown to nobody."""
_PORTS = range(1, 1 << 16)


def address(text: str, known: str) -> URL:
    """Reads a URL; a password among its options becomes its password.

    Args:
        text: The URL.
        known: Says which URLs there are.

    Raises:
        UsageError: It is none.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise UsageError("The target is no URL.", hint=f"There are: {known}.") from None
    except ValueError:
        raise UsageError(
            "The port of the target is no number.", hint=f"There are: {known}."
        ) from None
    if url.port is not None and url.port not in _PORTS:
        raise UsageError(f"There is no port {url.port}.", hint="Ports go from 1 to 65535.")
    for name in _PASSWORDS:
        value = url.query.get(name)
        if isinstance(value, str):
            url = url.difference_update_query([name]).set(password=value)
    return url


def shown(url: URL) -> str:
    """Gives a URL without its password and those of its options."""
    hidden = {name: "***" for name in url.query if _SECRET in name.casefold()}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)
