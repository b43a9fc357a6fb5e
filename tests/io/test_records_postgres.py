"""The same log in PostgreSQL, by its URL alone; the server is a real one, and goes away for a while."""

import asyncio
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from perennial.io.record_tables import METADATA
from perennial.io.record_writer import LogUnavailable, RecordWriter
from perennial.io.records import (
    HEAD,
    count_predictions,
    find_unknown,
    insert_labels,
    insert_predictions,
    list_lanes,
    migrate_log,
    open_log,
    prune_log,
    read_predictions,
    read_revision,
)
from perennial.refusal import Refusal
from tests.io.logged import START, downgrade_log, make_label, make_row
from tests.io.postgres import PASSWORD, USER, Postgres, postgres_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    pytest.importorskip("psycopg")
    with postgres_server() as server:
        yield server


def url_of(server: Postgres, database: str = "postgres") -> str:
    return f"postgresql+psycopg://{USER}:{quote(PASSWORD, safe='')}@{server.place}/{database}"


@pytest.fixture
def engine(server: Postgres) -> Iterator[sa.Engine]:
    server.run("DROP DATABASE IF EXISTS log", "CREATE DATABASE log")
    engine = open_log(url_of(server, "log"))
    migrate_log(engine)
    yield engine
    engine.dispose()


def test_the_migrations_make_exactly_the_declared_tables(engine: sa.Engine) -> None:
    assert read_revision(engine) == HEAD
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_predictions_and_labels_come_back_as_from_sqlite(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        insert_predictions(connection, [make_row(number) for number in range(3)])
        insert_labels(connection, [make_label(0), make_label(0, label="false")])
        assert find_unknown(connection, "key", ["k1", "z"]) == ["z"]
    [rows] = read_predictions(engine)
    assert [row["label"] for row in rows] == [False, None, None]
    assert rows[0]["at"] == START
    assert prune_log(engine, days=1) == 3


def test_a_log_of_the_first_release_gets_what_it_lacks(engine: sa.Engine) -> None:
    downgrade_log(engine)
    migrate_log(engine)
    with engine.begin() as connection:
        insert_predictions(connection, [make_row(1), make_row(2, shadow_of="00000001-0", lane="shadow", inputs="{}")])
        insert_labels(connection, [make_label(1)])
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    [[first, beside]] = read_predictions(engine)
    assert (beside["inputs"], beside["label"]) == (first["inputs"], True)
    [[bare, _]] = read_predictions(engine, with_inputs=False)
    assert (bare["inputs"], bare["score"]) == ({}, first["score"])
    assert [(one["lane"], one["rows"]) for one in list_lanes(engine)] == [("champion", "1"), ("shadow", "1")]


def test_a_database_that_goes_away_is_said_and_what_was_acknowledged_is_there(
    engine: sa.Engine, server: Postgres
) -> None:
    acknowledged: list[str] = []

    async def ask(writer: RecordWriter, first: int, count: int) -> int:
        failed = 0
        for number in range(first, first + count):
            try:
                await writer.write([make_row(number)])
                acknowledged.append(f"{number:08d}-0")
            except LogUnavailable:
                failed += 1
        return failed

    async def run() -> None:
        writer = RecordWriter(engine)
        assert await ask(writer, 0, 50) == 0
        server.stop()
        begun = time.monotonic()
        assert await ask(writer, 100, 3) == 3
        assert time.monotonic() - begun < 15
        server.start()
        assert await ask(writer, 200, 50) <= 1  # a connection of the pool may have died with the server
        writer.close()

    asyncio.run(run())
    assert count_predictions(engine) == len(acknowledged)
    with engine.connect() as connection:
        assert find_unknown(connection, "id", acknowledged) == []


def test_a_server_that_is_not_there_or_does_not_know_us_is_refused_without_the_password(server: Postgres) -> None:
    for url in (url_of(server).replace(str(server.port), "1"), url_of(server).replace("s3cr3t", "wrong")):
        with pytest.raises(Refusal, match="cannot be opened") as refused:
            migrate_log(open_log(url))
        assert "p%40ss" not in str(refused.value)
        assert "p@ss" not in str(refused.value)
