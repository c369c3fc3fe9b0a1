"""The users file: who may sign in, as whom commits are made, and what each may do.

The file is read again when it changes. One that cannot be read leaves the users as they were.
"""

import hashlib
import json
import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any

from pyarrow import flight

from ingitdb.catalog.parsed import Parsed, parse
from ingitdb.catalog.schema_check import WORDS
from ingitdb.errors import UsageError, did_you_mean
from ingitdb.model.people import Person
from ingitdb.model.records import FormatFault
from ingitdb_flight.callers import Caller
from ingitdb_flight.logs import told
from ingitdb_flight.passwords import Passwords, Patience, is_hash
from ingitdb_flight.roles import Grant, Role, member

_ONE_NAME = 5, 10.0
"""So many wrong passwords a name may have; one is forgiven every so many seconds."""
_ALL_NAMES = 100, 0.1
_EVERYBODY = ""
_PRIVATE = 0o007
_TURNS = 64
"""So many groups of names are checked side by side; names of one group wait for each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may sign in.

    Attributes:
        caller: On whose behalf the user's calls are made.
        password: The argon2 hash.
    """

    caller: Caller
    password: str


def read_users(path: Path) -> Mapping[str, User]:
    """Reads a users file.

    Raises:
        UsageError: It is not there, or something is wrong with it: file, line and column are told.
    """
    try:
        parsed = parse(str(path), path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    except FormatFault as fault:
        place = f"{path}:{fault.line}:{fault.column}" if fault.line else str(path)
        raise UsageError(f"{place}: {fault}") from fault
    wrong = next(_findings(parsed), None) or next(_wrong_users(parsed), None)
    if wrong is not None:
        way, message = wrong
        problem = parsed.problem(message, way)
        place = f"{path}:{problem.line}:{problem.column}" if problem.line else str(path)
        raise UsageError(f"{place}: {message}", hint="docs/server.md shows a users file.")
    return {name: _user(name, entry) for name, entry in parsed.value["users"].items()}


@lru_cache(maxsize=1)
def _schema() -> Any:
    from jsonschema import Draft202012Validator  # slow to load: only where there is such a file

    text = files("ingitdb_flight.schemas").joinpath("users.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


def _findings(parsed: Parsed) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Gives the places where a file breaks the schema, and what is said of each."""
    for error in _schema().iter_errors(parsed.value):
        way = tuple(error.absolute_path)
        where = ".".join(map(str, way)) or "The file"
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            for name in error.instance:
                if name not in known:
                    text = f"{where} has an unknown key {name!r}."
                    yield (
                        (*way, name),
                        " ".join(filter(None, (text, did_you_mean(name, known)))),
                    )
        elif error.validator == "pattern" and way[-1:] == ("password",):
            yield way, _NO_HASH.format(where)
        elif "propertyNames" in error.absolute_schema_path:
            yield (*way, error.instance), f"{error.instance!r} is no possible name."
        else:
            yield way, f"{where} {WORDS[error.validator](error)}."


_NO_HASH = "{} is no argon2 hash; `ingitdb serve --hash-password` makes one."


def _wrong_users(parsed: Parsed) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Gives what the schema cannot say."""
    for name, entry in parsed.value["users"].items():
        way = ("users", name)
        if not is_hash(entry["password"]):
            yield (*way, "password"), _NO_HASH.format(f"users.{name}.password")
        author = entry.get("author")
        if author is not None:
            try:
                Person.parse(author)
            except UsageError as error:
                yield (*way, "author"), f"{error.message} {error.hint}"
        for number, grant in enumerate(entry["roles"]):
            if grant["role"] != Role.VIEWER and author is None:
                yield way, f"users.{name} may write and has no author."
            if grant["role"] != Role.DEVELOPER and "branches" in grant:
                yield (
                    (*way, "roles", number, "branches"),
                    f"users.{name}.roles.{number} has branches, which only a developer can have.",
                )


def _user(name: str, entry: Mapping[str, Any]) -> User:
    grants = [
        Grant(
            role=Role(grant["role"]),
            database=grant.get("database", "*"),
            branches=tuple(grant.get("branches", ("*",))),
        )
        for grant in entry["roles"]
    ]
    password = entry["password"]
    caller = Caller(
        principal=member(name, grants),
        author=entry.get("author"),
        stamp=hashlib.sha256(password.encode()).hexdigest()[:16],
    )
    return User(caller=caller, password=password)


class UsersFile:
    """The users as the file has them now.

    Raises:
        UsageError: The file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._seen = _look(path)
        self._users = read_users(path)
        if self._seen is not None and self._seen[-1] & _PRIVATE:
            told(logging.WARNING, "everybody can read the users file", path=path)

    @property
    def users(self) -> Mapping[str, User]:
        """The users by name; the file is read again if it has changed."""
        now = _look(self._path)
        if now == self._seen:
            return self._users
        with self._lock:
            if now != self._seen:
                self._seen = now
                self._read()
        return self._users

    def _read(self) -> None:
        try:
            self._users = read_users(self._path)
        except UsageError as error:
            told(logging.ERROR, "users stay as they were", reason=error.message)
        else:
            told(logging.INFO, "users read", users=len(self._users))


def _look(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode


class UsersDoor:
    """Lets in whoever the users file names.

    Args:
        file: The users.
    """

    def __init__(self, file: UsersFile) -> None:
        self._file = file
        self._passwords = Passwords()
        self._patience = Patience(*_ONE_NAME)
        self._common_patience = Patience(*_ALL_NAMES)
        self._turns = [Lock() for _ in range(_TURNS)]

    def enter(self, name: str, password: str) -> Caller:
        """Lets somebody in by a password.

        A name that is not there costs as much as one that is.

        Raises:
            FlightUnauthenticatedError: There is no such name, or the password is another.
            FlightUnavailableError: There were too many wrong ones.
        """
        users = self._file.users
        user = users.get(name)
        with self._turns[hash(name) % _TURNS]:  # many connections at once cost one check
            if user is None or not self._passwords.known(user.password, password):
                self._check(name, user, password, users)
        assert user is not None
        return user.caller

    def _check(
        self, name: str, user: User | None, password: str, users: Mapping[str, User]
    ) -> None:
        """Returns if a password is right.

        Raises:
            FlightUnauthenticatedError: It is not.
        """
        self._ask_patience(name)
        stored = (user or next(iter(users.values()))).password
        matches = self._passwords.matches(stored, password)
        if user is None or not matches:
            self._patience.blame(name)
            self._common_patience.blame(_EVERYBODY)
            told(logging.WARNING, "sign-in failed", name=name)
            raise flight.FlightUnauthenticatedError(
                "There is no such user, or the password is wrong. (SQLSTATE 28P01)"
            )
        self._patience.forgive(name)

    def known(self, name: str, stamp: str) -> Caller:
        """Gives whom a token was given to.

        Raises:
            FlightUnauthenticatedError: The user is gone, or has another password by now.
        """
        user = self._file.users.get(name)
        if user is None or user.caller.stamp != stamp:
            raise flight.FlightUnauthenticatedError(
                "The token holds no longer: the user has gone or has another password."
                " (SQLSTATE 28000)"
            )
        return user.caller

    def stranger(self) -> Caller:
        """Lets nobody in.

        Raises:
            FlightUnauthenticatedError: Always.
        """
        raise flight.FlightUnauthenticatedError(
            "This server wants a name and a password. (SQLSTATE 28000)"
        )

    def _ask_patience(self, name: str) -> None:
        wait = max(self._patience.wait(name), self._common_patience.wait(_EVERYBODY))
        if wait:
            told(logging.WARNING, "sign-in put off", name=name)
            raise flight.FlightUnavailableError(
                "There were too many wrong passwords.\n"
                f"Try again in {math.ceil(wait)} seconds. (SQLSTATE 28000)"
            )
