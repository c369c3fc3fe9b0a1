"""How a server is reached: certificates, passwords, tokens, options, and what is refused."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from pyarrow import flight
from sqlalchemy.dialects import registry

import ingitdb
import ingitdb_dbapi
from ingitdb_flight.certificates import CertificateFiles
from ingitdb_flight.databases import Databases
from ingitdb_flight.serving import Terms, served
from ingitdb_flight.users import UsersDoor, UsersFile
from tests.flight_server.test_serving import certificate
from tests.support.flight_servers import KEY, Running, running
from tests.support.repositories import RepoBuilder

registry.register("ingitdb", "ingitdb_sqlalchemy.dialect", "IngitdbDialect")
NAME, PASSWORD = "désk@example.org", "p@ss/w:ö?rd#100%&+ ="
COUNT = "SELECT count(*) FROM people"
USERS = 'users: {{{}: {{password: "{}", author: D <d@example.org>, roles: [{{role: admin}}]}}}}\n'


@contextmanager
def guarded(shop: RepoBuilder, folder: Path, *, has_tls: bool = False) -> Iterator[Running]:
    """Serves the shop to one user alone."""
    users = folder / "users.yaml"
    users.write_text(USERS.format(NAME, PasswordHasher().hash(PASSWORD)), "utf-8")
    users.chmod(0o600)
    pair = CertificateFiles(certificate=folder / "desk.pem", key=folder / "desk.key")
    if has_tls:
        certificate(folder, "desk")
    door = UsersDoor(UsersFile(users))
    terms = Terms(key=KEY, door=door, certificates=pair if has_tls else None)
    with running(folder / "guarded", shop, terms=terms) as server:
        yield server


@pytest.fixture
def plain(shop: RepoBuilder, tmp_path: Path) -> Iterator[Running]:
    with guarded(shop, tmp_path) as server:
        yield server


@pytest.fixture
def secret(shop: RepoBuilder, tmp_path: Path) -> Iterator[Running]:
    with guarded(shop, tmp_path, has_tls=True) as server:
        yield server


def by_driver(place: str, query: str = "", *, tls: bool = False, **options: Any) -> Any:
    """Counts the people by the DB-API; `place` is what stands between scheme and query."""
    address = f"grpc{'+tls' if tls else ''}://{place}{query}"
    with closing(ingitdb_dbapi.connect(address, **options)) as connection:
        return connection.execute(COUNT).fetchone()[0]


def by_dialect(place: str, query: str = "", *, tls: bool = False, **options: Any) -> Any:
    """Counts them by SQLAlchemy."""
    query += f"{'&' if query else '?'}tls=true" if tls else ""
    engine = sa.create_engine(f"ingitdb://{place}{query}", connect_args=options)
    try:
        with engine.connect() as connection:
            return connection.scalar(sa.text(COUNT))
    finally:
        engine.dispose()


ASKING = pytest.mark.parametrize("ask", [by_driver, by_dialect])
Ask = Callable[..., Any]


def error_of(ask: Ask, *args: Any, **options: Any) -> ingitdb_dbapi.Error:
    """Gives the driver's error of something that is refused."""
    with pytest.raises((ingitdb_dbapi.Error, sa.exc.DBAPIError)) as caught:
        ask(*args, **options)
    error = getattr(caught.value, "orig", caught.value)
    assert isinstance(error, ingitdb_dbapi.Error)
    return error


# --- Passwords and tokens


@ASKING
def test_a_password_of_odd_characters(plain: Running, ask: Ask) -> None:
    place = f"127.0.0.1:{plain.port}/shop"
    assert ask(f"{quote(NAME, safe='')}:{quote(PASSWORD, safe='')}@{place}") == 4
    assert ask(place, user=NAME, password=PASSWORD) == 4
    wrong = error_of(ask, f"{quote(NAME, safe='')}:no@{place}")
    assert isinstance(wrong, ingitdb_dbapi.OperationalError)
    assert (wrong.sqlstate, str(wrong).count("password is wrong")) == ("28P01", 1)
    assert error_of(ask, place).sqlstate == "28P01"


@ASKING
def test_a_token(plain: Running, ask: Ask) -> None:
    with flight.connect(plain.uri) as client:
        _, header = client.authenticate_basic_token(NAME, PASSWORD)
    token = header.decode().removeprefix("Bearer ")
    place = f"127.0.0.1:{plain.port}/shop"
    assert ask(place, token=token) == 4
    assert ask(place, f"?token={quote(token)}") == 4
    wrong = error_of(ask, place, token="nonsense")
    assert (type(wrong), wrong.sqlstate) == (ingitdb_dbapi.OperationalError, "28000")


# --- TLS


@ASKING
def test_tls(secret: Running, ask: Ask, tmp_path: Path) -> None:
    place, ca = f"localhost:{secret.port}/shop", tmp_path / "desk.pem"
    known = {"user": NAME, "password": PASSWORD, "tls": True, "tries": 1}
    assert ask(place, tls_ca=str(ca), **known) == 4
    assert ask(place, tls_ca=ca.read_text(), **known) == 4
    assert ask(place, f"?tls_ca={quote(str(ca))}", **known) == 4
    assert ask(place, tls_verify=False, **known) == 4
    assert ask(place, "?tls_verify=false", **known) == 4
    assert "certificate" in str(error_of(ask, place, **known))
    certificate(tmp_path / "other", "other")
    other = str(tmp_path / "other" / "other.pem")
    assert "certificate" in str(error_of(ask, place, tls_ca=other, **known))


@ASKING
def test_the_name_in_the_certificate(secret: Running, ask: Ask, tmp_path: Path) -> None:
    place = f"127.0.0.1:{secret.port}/shop"
    known = {"user": NAME, "password": PASSWORD, "tls": True, "tries": 1}
    known["tls_ca"] = str(tmp_path / "desk.pem")
    assert ask(place, tls_server_name="localhost", **known) == 4
    assert "elsewhere" in str(error_of(ask, place, tls_server_name="elsewhere", **known))


@ASKING
def test_files_of_certificates_that_are_not_there(
    secret: Running, ask: Ask, tmp_path: Path
) -> None:
    place = f"localhost:{secret.port}/shop"
    for name in ("tls_ca", "tls_certificate", "tls_key"):
        error = error_of(ask, place, tls=True, **{name: str(tmp_path / "none.pem")})
        assert (type(error), error.code) == (ingitdb_dbapi.InterfaceError, "IGD-1001")
        assert name in str(error)
        assert "none.pem" in str(error)


@ASKING
def test_tls_where_there_is_none(plain: Running, ask: Ask) -> None:
    place = f"127.0.0.1:{plain.port}/shop"
    error = error_of(ask, place, user=NAME, password=PASSWORD, tls=True, tries=1)
    assert isinstance(error, ingitdb_dbapi.OperationalError)


# --- Where a connection stands


@ASKING
def test_database_and_ref(server: Running, shop: RepoBuilder, ask: Ask) -> None:
    place = f"127.0.0.1:{server.port}"
    assert ask(f"{place}/shop", "?ref=v1.0") == 3
    assert ask(place, "?catalog=shop&ref=v1.0") == 3
    assert ask(place, "?database=shop") == 4
    assert ask(f"{place}/", "?ref=v1.0", ref="main") == 4
    shop.git("branch", "größer/dann", "v1.0")
    assert ask(f"{place}/shop", f"?ref={quote('größer/dann', safe='')}") == 3
    for wrong, said in [(f"{place}/other", "other"), (f"{place}/shop?ref=nowhere", "nowhere")]:
        assert said in str(error_of(ask, wrong))
    assert error_of(ask, f"{place}/other").sqlstate == "3D000"


@ASKING
def test_options_that_there_are_not(server: Running, ask: Ask) -> None:
    place = f"127.0.0.1:{server.port}/shop"
    for query in ("?colour=red", "?tries=many", "?autocommit=perhaps", "?timeout=-1", "?tries=0"):
        error = error_of(ask, place, query)
        assert (type(error), error.code) == (ingitdb_dbapi.InterfaceError, "IGD-1001"), query
        assert query[1:].partition("=")[0] in str(error)
    assert "There are database, catalog, schema, ref" in str(error_of(ask, place, "?colour=red"))


def test_tls_is_yes_or_no(server: Running) -> None:
    with pytest.raises(sa.exc.ArgumentError, match="tls"):
        by_dialect(f"127.0.0.1:{server.port}/shop", "?tls=perhaps")
    assert by_dialect(f"127.0.0.1:{server.port}/shop", "?tls=no") == 4


def test_a_timeout(server: Running) -> None:
    with closing(ingitdb_dbapi.connect(f"{server.uri}/shop", timeout=0.3, tries=1)) as connection:
        began = time.monotonic()
        with pytest.raises(ingitdb_dbapi.OperationalError) as caught:
            connection.execute("SELECT count(*) FROM range(10000000000) a, range(1000) b")
        assert (time.monotonic() - began < 5, caught.value.sqlstate) == (True, "54000")
        assert connection.execute(COUNT).fetchone() == (4,)


# --- A server that ends and begins anew


@contextmanager
def anew(shop: RepoBuilder, folder: Path, port: int, key: bytes = KEY) -> Iterator[None]:
    """Starts a server at the port of one before it."""
    database = ingitdb.open(shop.path, settings=ingitdb.Settings(cache=folder, workers=1))
    with Databases([database]) as databases, served(databases, key=key, port=port):
        yield


@pytest.mark.parametrize("key", [KEY, KEY[::-1]], ids=["the same key", "another key"])
def test_a_pool_goes_on(shop: RepoBuilder, tmp_path: Path, key: bytes) -> None:
    """A pool that looks before it lends connects anew where the server has another key."""
    with ExitStack() as stack:
        with running(tmp_path / "one", shop) as server:
            port = server.port
            url = f"ingitdb://127.0.0.1:{port}/shop"
            engine = sa.create_engine(url, pool_pre_ping=True, pool_size=2)
            stack.callback(engine.dispose)
            with engine.connect() as first, engine.connect() as second:
                assert [each.scalar(sa.text(COUNT)) for each in (first, second)] == [4, 4]
        stack.enter_context(anew(shop, tmp_path / "two", port, key))
        for _ in range(3):
            with engine.begin() as connection:
                connection.execute(sa.text("UPDATE people SET age = age + 1 WHERE _key = 'dee'"))
    assert "age: 33" in shop.git("show", "main:people/dee.yaml")


def test_a_cursor_goes_on_after_a_restart(shop: RepoBuilder, tmp_path: Path) -> None:
    """What it had prepared is gone with the server; letting go of that is no error."""
    with ExitStack() as stack:
        with running(tmp_path / "one", shop) as server:
            port = server.port
            address = f"{server.uri}/shop?autocommit=true"
            connection = stack.enter_context(closing(ingitdb_dbapi.connect(address)))
            other, same, write = (connection.cursor() for _ in range(3))
            for cursor in (other, same):
                cursor.execute(COUNT)
            change = "UPDATE fares SET price = ?"
            write.execute(change, [1])
        with pytest.raises(ingitdb_dbapi.OperationalError) as caught:
            ingitdb_dbapi.connect(address, tries=1)
        assert caught.value.sqlstate == "08006"
        stack.enter_context(anew(shop, tmp_path / "two", port))
        assert other.execute("SELECT 5").fetchall() == [(5,)]
        assert same.execute(COUNT).fetchall() == [(4,)]
        assert write.execute(change, [2]).rowcount == 2
        assert shop.git("rev-list", "--count", "main") == "4"


def test_writes_are_not_tried_again(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    connection = ingitdb_dbapi.connect(f"{server.uri}/shop", tries=4, autocommit=True)
    with closing(connection), connection.cursor() as read, connection.cursor() as write:
        read.execute(COUNT)
        write.execute("UPDATE fares SET price = 1")
        server.stack.close()
        server.server.close()
        pauses.clear()
        with pytest.raises(ingitdb_dbapi.OperationalError):
            write.execute("UPDATE fares SET price = 1")
        with pytest.raises(ingitdb_dbapi.OperationalError):
            connection.ingest("fares", pa.table({"route": ["Q"], "price": [1.0]}))
        assert pauses == []
        with pytest.raises(ingitdb_dbapi.OperationalError):
            read.execute(COUNT)
        assert len(pauses) == 3
        assert pauses[0] < 0.1 <= 2 * pauses[1] < 4 * pauses[2] <= 1.6
