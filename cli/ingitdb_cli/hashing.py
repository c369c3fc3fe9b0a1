"""Asks for a password and prints its hash; the password is never an argument, nor shown."""

import sys

import click


def print_hash() -> None:
    """Reads a password, twice from a terminal, else the first line of stdin; prints its hash.

    Raises:
        UsageError: There is none.
    """
    from ingitdb.errors import UsageError
    from ingitdb_flight.passwords import hashed

    if sys.stdin.isatty():
        password = click.prompt(
            "Password", hide_input=True, confirmation_prompt="Once more", err=True
        )
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageError("There is no password.", hint="Write it on the first line of stdin.")
    click.echo(hashed(password))
