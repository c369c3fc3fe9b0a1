"""The dialect: alike by path and through a server."""

import datetime as dt
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.orm import (
    Session,
    declarative_base,
    relationship,
    selectinload,
)

from ingitdb_sqlalchemy import LIST, MAP, STRUCT

registry.register("ingitdb", "ingitdb_sqlalchemy.dialect", "IngitdbDialect")


def url_of(address: str, query: str = "") -> str:
    place = address.removeprefix("grpc://")
    return (
        f"ingitdb://desk:any@{place}{query}" if place != address else f"ingitdb:///{place}{query}"
    )


@pytest.fixture
def engine(address: str, tmp_path, monkeypatch) -> Iterator[sa.Engine]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    made = sa.create_engine(url_of(address))
    yield made
    made.dispose()


def test_reflection(engine, shop) -> None:
    shop.commit({".ingitdb/views/old.sql": "SELECT name, age FROM people WHERE age > 40\n"})
    inspector = sa.inspect(engine)
    assert inspector.get_schema_names() == ["data", "main"]
    assert inspector.get_table_names() == ["fares", "log", "people", "stops"]
    assert inspector.get_table_names(schema="data") == ["lakes"]
    assert inspector.get_view_names() == ["old"]
    assert inspector.get_pk_constraint("log")["constrained_columns"] == ["id", "n"]
    assert inspector.get_indexes("log") == []
    people = sa.Table("people", sa.MetaData(), autoload_with=engine)
    kinds = {column.name: type(column.type) for column in people.columns}
    assert kinds["_key"] is sa.VARCHAR
    assert kinds["age"] is sa.BIGINT
    assert kinds["position"] is STRUCT
    assert kinds["tags"] is LIST
    assert isinstance(people.c.tags.type.item_type, sa.VARCHAR)
    assert set(people.c.position.type.fields) == {"lat", "lon"}
    with pytest.raises(sa.exc.NoSuchTableError):
        sa.Table("nowhere", sa.MetaData(), autoload_with=engine)


def test_keys_are_reflected(engine) -> None:
    metadata = sa.MetaData()
    sa.Table(
        "lines",
        metadata,
        sa.Column("a", sa.String, primary_key=True),
        sa.Column("b", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("c", sa.String, unique=True),
    )
    sa.Table(
        "calls",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("fare", sa.ForeignKey("fares.route", ondelete="CASCADE")),
    )
    sa.Table("fares", metadata, autoload_with=engine)
    metadata.create_all(engine)
    inspector = sa.inspect(engine)
    assert inspector.get_pk_constraint("lines")["constrained_columns"] == ["a", "b"]
    assert [each["column_names"] for each in inspector.get_unique_constraints("lines")] == [["c"]]
    (key,) = inspector.get_foreign_keys("calls")
    assert (key["constrained_columns"], key["referred_table"]) == (["fare"], "fares")
    assert (key["referred_columns"], key["options"]) == (["route"], {"ondelete": "CASCADE"})


def test_time_travel(engine) -> None:
    people = sa.Table("people", sa.MetaData(), autoload_with=engine)
    count = sa.select(sa.func.count()).select_from(people)
    alias = people.alias("them")
    with engine.connect() as connection:
        assert connection.scalar(count) == 4
        assert connection.scalar(count, execution_options={"ref": "v1.0"}) == 3
        assert connection.scalar(count) == 4
        hinted = count.with_hint(people, "AS OF 'v1.0'", "ingitdb")
        assert connection.scalar(hinted) == 3
        both = (
            sa.select(people.c["_key"])
            .where(people.c["_key"].not_in(sa.select(alias.c["_key"]).scalar_subquery()))
            .with_hint(people, "AS OF 'main'", "ingitdb")
        )
        assert connection.scalars(both).all() == []
        joined = sa.select(alias.c["_key"]).with_hint(alias, "AS OF 'v1.0'", "ingitdb")
        assert connection.scalars(joined).all() == ["anna", "bo", "cy"]
        with pytest.raises(sa.exc.DBAPIError, match="nowhere"):
            connection.scalar(count, execution_options={"ref": "nowhere"})
        assert connection.scalar(count) == 4
    with engine.connect().execution_options(ref="v1.0") as connection:
        assert connection.scalar(count) == 3


def test_a_ref_in_the_address(address) -> None:
    engine = sa.create_engine(url_of(address, "?ref=v1.0"))
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM people")) == 3
    engine.dispose()


def test_types_go_round(engine) -> None:
    table = sa.Table(
        "things",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tags", LIST(sa.String)),
        sa.Column("place", STRUCT({"lat": sa.Float, "names": LIST(sa.String)})),
        sa.Column("sizes", MAP(sa.String, sa.Integer)),
        sa.Column("more", sa.JSON),
        sa.Column("price", sa.Numeric(10, 2)),
        sa.Column("weight", sa.Float),
        sa.Column("day", sa.Date),
        sa.Column("at", sa.DateTime),
        sa.Column("told", sa.DateTime(timezone=True)),
        sa.Column("took", sa.Interval),
        sa.Column("mark", sa.Uuid),
        sa.Column("fine", sa.Boolean),
    )
    table.create(engine)
    row: dict[str, Any] = {
        "tags": ["a", "b"],
        "place": {"lat": 60.25, "names": ["x"]},
        "sizes": {"s": 1},
        "more": {"deep": [1, {"k": None}]},
        "price": Decimal("12.50"),
        "weight": 1.1,
        "day": dt.date(2026, 3, 1),
        "at": dt.datetime(2026, 3, 1, 12, 0, 0, 7),  # noqa: DTZ001
        "told": dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC),
        "took": dt.timedelta(days=1, seconds=5),
        "mark": uuid.UUID(int=7),
        "fine": True,
    }
    with engine.begin() as connection:
        assert connection.execute(table.insert().values(**row)).inserted_primary_key == (1,)
    with engine.connect() as connection:
        found = connection.execute(table.select()).mappings().one()
        assert dict(found) == {"id": 1, **row}
        part = sa.select(table.c.more["deep"][1])
        assert connection.scalar(part) == {"k": None}
    again = sa.Table("things", sa.MetaData(), autoload_with=engine)
    for column in table.columns:
        assert again.c[column.name].type._type_affinity is column.type._type_affinity


def test_a_transaction_is_one_commit(engine, shop) -> None:
    base: Any = declarative_base()

    class Port(base):
        __tablename__ = "harbours"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String, nullable=False, index=True)

    base.metadata.create_all(engine)
    before = shop.tip()
    with Session(engine) as session:
        session.add_all([Port(name="Bergen"), Port(name="Oslo")])
        session.flush()
        with session.begin_nested() as point:
            session.add(Port(name="Nowhere"))
            session.flush()
            point.rollback()
        session.commit()
        assert [(port.id, port.name) for port in session.query(Port).order_by(Port.id)] == [
            (1, "Bergen"),
            (2, "Oslo"),
        ]
        session.query(Port).filter_by(name="Oslo").update({"name": "Tromsø"})
        session.rollback()
    assert shop.git("rev-list", "--count", f"{before}..HEAD") == "1"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("DELETE FROM harbours WHERE id = :id"), {"id": 1})
        assert shop.git("rev-list", "--count", f"{before}..HEAD") == "2"
    with engine.connect() as connection:
        assert connection.get_isolation_level() == "SNAPSHOT"
        assert connection.scalar(sa.text("SELECT count(*) FROM harbours")) == 1
    with pytest.raises(sa.exc.ArgumentError):
        engine.connect().execution_options(isolation_level="CHAOS")


def test_returning_and_upsert(engine) -> None:
    from sqlalchemy.dialects.postgresql import insert

    fares = sa.Table("fares", sa.MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        added = connection.execute(
            fares.insert().returning(fares.c.route), [{"route": "A", "price": 1}]
        )
        assert added.all() == [("A",)]
        upsert = insert(fares).values(route="A", price=2)
        upsert = upsert.on_conflict_do_update(
            index_elements=["route"], set_={"price": upsert.excluded.price}
        )
        connection.execute(upsert)
        changed = fares.update().where(fares.c.route == "A").values(price=fares.c.price + 1)
        assert connection.scalar(changed.returning(fares.c.price)) == 3
        gone = fares.delete().where(fares.c.route == "A").returning(fares.c.route)
        assert connection.scalar(gone) == "A"


def test_what_files_do_not_have(engine) -> None:
    table = sa.Table("marks", sa.MetaData(), sa.Column("a", sa.Integer, primary_key=True))
    sa.Index("first", table.c.a)
    table.create(engine)
    sa.Index("second", table.c.a, unique=True)
    (unique,) = (index for index in table.indexes if index.unique)
    with pytest.raises(sa.exc.CompileError, match="UniqueConstraint"), engine.begin() as connection:
        connection.execute(sa.schema.CreateIndex(unique))
    with pytest.raises(sa.exc.CompileError), engine.connect() as connection:
        connection.execute(sa.select(sa.Sequence("s").next_value()))


def test_tables_that_refer_to_each_other(engine) -> None:
    metadata = sa.MetaData()
    sa.Table(
        "ships",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("captain", sa.ForeignKey("sailors.id", use_alter=True, name="of_ships")),
    )
    sa.Table(
        "sailors",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ship", sa.ForeignKey("ships.id")),
        sa.Column("mentor", sa.ForeignKey("sailors.id", ondelete="SET NULL")),
    )
    metadata.create_all(engine)
    metadata.create_all(engine)  # what is there stays
    keys = sa.inspect(engine).get_multi_foreign_keys(filter_names=["ships", "sailors"])
    referred = {
        name: {key["name"]: key["referred_table"] for key in found}
        for (_, name), found in keys.items()
    }
    assert referred == {
        "ships": {"ships_captain_fkey": "sailors"},
        "sailors": {"sailors_ship_fkey": "ships", "sailors_mentor_fkey": "sailors"},
    }
    (alone,) = metadata.tables["ships"].foreign_key_constraints
    with engine.begin() as connection:
        for _ in range(2):
            connection.execute(sa.schema.DropConstraint(alone, if_exists=True))
        assert sa.inspect(connection).get_foreign_keys("ships") == []
        connection.execute(sa.schema.AddConstraint(alone))
    metadata.drop_all(engine)
    assert not {"ships", "sailors"} & set(sa.inspect(engine).get_table_names())


def test_objects_that_belong_to_others(engine, shop) -> None:
    base: Any = declarative_base()

    class Port(base):
        __tablename__ = "harbours"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String, unique=True)
        piers = relationship("Pier", back_populates="port", cascade="all, delete-orphan")

    class Pier(base):
        __tablename__ = "piers"
        id = sa.Column(sa.Integer, primary_key=True)
        port_id = sa.Column(sa.ForeignKey("harbours.id"))
        kind = sa.Column(sa.Enum("ferry", "cargo", name="kinds"))
        port = relationship(Port, back_populates="piers")

    base.metadata.create_all(engine)
    before = shop.tip()
    with Session(engine) as session:
        port = Port(name="Bergen", piers=[Pier(kind="ferry"), Pier(kind="cargo")])
        session.add(port)
        session.flush()
        assert shop.tip() == before
        session.commit()
        port.name = "Oslo"
        session.flush()
        session.rollback()
        assert port.name == "Bergen"
        for wrong in (Port(name="Bergen"), Pier(port_id=99)):
            session.add(wrong)
            with pytest.raises(sa.exc.IntegrityError):
                session.commit()
            session.rollback()
        loaded = session.query(Port).options(selectinload(Port.piers)).one()
        assert [pier.kind for pier in loaded.piers] == ["ferry", "cargo"]
        session.delete(loaded)
        session.commit()
        assert session.query(Pier).count() == 0
    assert shop.git("rev-list", "--count", f"{before}..HEAD") == "2"


def test_rows_are_streamed(engine) -> None:
    rows = sa.text("SELECT range AS n FROM range(200000)")
    with engine.connect() as connection:
        found = connection.execution_options(yield_per=1000).execute(rows)
        assert sum(len(part) for part in found.partitions()) == 200_000
        begun = connection.execute(rows)
        assert begun.fetchone() == (0,)
        begun.close()
        assert connection.scalar(sa.text("SELECT 1")) == 1


def test_an_engine_of_commits(address, shop) -> None:
    engine = sa.create_engine(url_of(address), isolation_level="AUTOCOMMIT")
    before = shop.tip()
    with engine.connect() as connection:
        assert connection.get_isolation_level() == "AUTOCOMMIT"
        connection.execute(sa.text("UPDATE fares SET price = 7"))
        connection.rollback()
    engine.dispose()
    assert shop.git("rev-list", "--count", f"{before}..HEAD") == "1"


def test_many_rows_are_one_statement(engine, shop) -> None:
    fares = sa.Table("fares", sa.MetaData(), autoload_with=engine)
    before = shop.tip()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        rows = [{"route": f"M{number}", "price": number} for number in range(1500)]
        assert connection.execute(fares.insert(), rows).rowcount == 1500
    assert shop.git("rev-list", "--count", f"{before}..HEAD") == "1"


def test_inspecting_another_commit(engine, shop) -> None:
    shop.commit({"crews/a.yaml": "name: A\n"})
    inspector = sa.inspect(engine)
    assert [inspector.has_table(name) for name in ("crews", "none")] == [True, False]
    assert [inspector.has_schema(name) for name in ("data", "none")] == [True, False]
    assert inspector.has_table("lakes", schema="data")
    names = {name for _, name in inspector.get_multi_columns()}
    assert names == {"crews", "fares", "log", "people", "stops"}
    assert inspector.get_sequence_names() == inspector.get_temp_table_names() == []
    assert inspector.get_materialized_view_names() == inspector.get_temp_view_names() == []
    for ask in ("get_columns", "get_pk_constraint", "get_foreign_keys", "get_indexes"):
        with pytest.raises(sa.exc.NoSuchTableError):
            getattr(inspector, ask)("none")
    with engine.connect().execution_options(ref="v1.0") as connection:
        assert not sa.inspect(connection).has_table("crews")


def test_pandas(engine, shop) -> None:
    import pandas as pd

    read = pd.read_sql("SELECT route, price FROM fares ORDER BY route", engine)
    assert list(read["route"]) == ["R1", "R2"]
    when = pd.to_datetime(["2026-03-01", "2026-03-02"])
    frame = pd.DataFrame({"name": ["x", "y"], "size": [1, 2], "when": when})
    before = shop.tip()
    assert frame.to_sql("sizes", engine, index_label="id") == 2
    assert frame.to_sql("sizes", engine, if_exists="replace", index=False) == 2
    assert frame.to_sql("sizes", engine, if_exists="append", index=False) == 2
    assert shop.tip() != before
    back = pd.read_sql_table("sizes", engine)
    assert list(back["size"]) == [1, 2, 1, 2]
    assert str(back["when"].dtype).startswith("datetime64")


def test_polars(engine) -> None:
    import polars as pl

    read = pl.read_database("SELECT route, price FROM fares ORDER BY route", engine)
    assert read["route"].to_list() == ["R1", "R2"]


def test_frames_of_the_driver(connect) -> None:
    import pandas as pd
    import polars as pl

    connection = connect()
    with pytest.warns(UserWarning, match="SQLAlchemy"):
        read = pd.read_sql("SELECT route FROM fares ORDER BY route", connection)
    assert list(read["route"]) == ["R1", "R2"]
    frame = pl.read_database("SELECT route FROM fares ORDER BY route", connection)
    assert frame["route"].to_list() == ["R1", "R2"]
