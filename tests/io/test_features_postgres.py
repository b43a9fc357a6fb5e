"""The same feature table in PostgreSQL, by its URL alone; the server is a real one, and goes away for a while."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from perennial.io.feature_reader import FeatureReader
from perennial.io.feature_store import KEPT, Run, Tally, open_features, read_features, write_features
from perennial.io.feature_tables import METADATA
from tests.io.features import hour, make_feature, make_run, timeless
from tests.io.postgres import PASSWORD, USER, Postgres, postgres_server
from tests.online import run, trained
from tests.serving.desks import OFF, open_client, tiny_predictor
from tests.tiny import ROW

__all__ = ["trained"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    pytest.importorskip("psycopg")
    with postgres_server() as server:
        yield server


@pytest.fixture
def url(server: Postgres) -> str:
    server.run("DROP DATABASE IF EXISTS features WITH (FORCE)", "CREATE DATABASE features")
    return f"postgresql+psycopg://{USER}:{quote(PASSWORD, safe='')}@{server.place}/features"


def test_the_migrations_make_exactly_the_declared_tables(url: str) -> None:
    with open_features(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": KEPT.version_table})
        assert compare_metadata(context, METADATA) == []


def test_rows_come_back_as_from_sqlite(url: str) -> None:
    engine = open_features(url)
    first = [make_feature(0), make_feature(30), make_feature(40), make_feature(45, known_at=None)]
    assert write_features(engine, [first], make_run(40, ahead=8)) == Tally(new=4)
    changed = [make_feature(40, inputs='{"x": -0.0}'), make_feature(45)]
    tally = write_features(engine, [changed], make_run(50))
    assert tally == Tally(changed=2, withdrawn=1, expired=1)
    [rows] = read_features(engine)
    assert [(row["key"], row["known_at"], row["inputs"]) for row in rows] == [
        ("k40", hour(40), '{"x": -0.0}'),
        ("k45", hour(45), '{"x": 1.5}'),
    ]
    forever = replace(make_run(60), since=None, until=None, keep=None)
    assert write_features(engine, [[timeless("a")]], forever) == Tally(new=1, withdrawn=2)
    engine.dispose()


def test_days_are_replayed_into_it_by_a_url_whose_password_is_in_the_environment(
    trained: object, server: Postgres, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FEATURES_PASSWORD", PASSWORD)
    to = f"postgresql+psycopg://{USER}:${{FEATURES_PASSWORD}}@{server.place}/features"
    for instant in ("2024-01-20T13:00", "2024-01-20T18:30"):
        run("materialize", "--as-of", instant, "--to", to, "--horizon", "4h")
        run("materialize", "--check", "--to", to)
    said = capsys.readouterr()
    assert said.out.count("as training assembled them, to the last bit") == 2
    assert PASSWORD not in said.out + said.err


def test_a_reader_cannot_write(url: str) -> None:
    engine = open_features(url)
    write_features(engine, [[make_feature(1)]], make_run(1))
    reader = FeatureReader(url)
    with reader._engine.connect() as connection, pytest.raises(sa.exc.InternalError, match="read-only"):
        connection.exec_driver_sql("DELETE FROM features")
    assert asyncio.run(reader.look_up(["k1"]))["k1"].known_at == hour(1)
    reader.close()


def test_a_server_that_goes_away_is_503_until_it_is_back(server: Postgres, url: str, tmp_path: Path) -> None:
    engine, now = open_features(url), datetime.now(UTC)
    row = make_feature(
        1, decision_at=now, known_at=now, inputs='{"distance": 500.0, "carrier": "UA", "holiday": false}'
    )
    row["inputs"] = row["inputs"][:-1] + f', "at": "{ROW["at"]}"}}'
    write_features(engine, [[row]], Run(now, None, now, None))
    engine.dispose()
    body = {"keys": [{"trip": "k1"}]}
    with open_client(tiny_predictor(tmp_path), replace(OFF, features_url=url), {"key": "trip"}) as (client, _):
        assert client.post("/predict", json=body).status_code == 200
        server.stop()
        begun = time.monotonic()
        away = client.post("/predict", json=body)
        assert (away.status_code, away.headers["retry-after"]) == (503, "2")
        assert time.monotonic() - begun < 5
        assert client.post("/predict", json={"rows": [ROW]}).status_code == 200
        server.start()
        # The connections of before are dead: the first that finds so asks again on a new one.
        assert client.post("/predict", json=body).status_code == 200
