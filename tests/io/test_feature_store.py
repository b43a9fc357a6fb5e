import asyncio
import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from perennial.io.feature_reader import FeatureReader, FeaturesUnavailable
from perennial.io.feature_store import (
    HEAD,
    KEPT,
    MIGRATIONS,
    Tally,
    open_features,
    read_features,
    write_features,
)
from perennial.io.feature_tables import METADATA
from perennial.io.records import migrate_log, open_log
from perennial.refusal import Refusal
from tests.io.features import hour, make_feature, make_run, timeless

FOREVER = replace(make_run(10), since=None, until=None)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_features(f"sqlite:///{tmp_path}/features/f.db")
    yield engine
    engine.dispose()


def stored(engine: sa.Engine) -> dict[str, Any]:
    return {row["key"]: row for piece in read_features(engine) for row in piece}


def look_up(url: str, *keys: str) -> Any:
    async def ask() -> Any:
        reader = FeatureReader(url)
        try:
            return await reader.look_up(keys)
        finally:
            reader.close()

    return asyncio.run(ask())


def test_the_migrations_make_exactly_the_declared_tables(engine: sa.Engine) -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": KEPT.version_table})
        assert compare_metadata(context, METADATA) == []


def test_features_and_predictions_may_share_a_database(engine: sa.Engine) -> None:
    write_features(engine, [[make_feature(1)]], make_run(1))
    log = open_log(str(engine.url))
    migrate_log(log)
    migrate_log(log)
    assert list(stored(engine)) == ["k1"]


def test_new_changed_and_unchanged_rows_are_told_apart_to_the_last_bit(engine: sa.Engine) -> None:
    first = [make_feature(n) for n in range(3)]
    assert write_features(engine, [first[:2], first[2:]], make_run(3)) == Tally(new=3)
    before = stored(engine)
    second = [first[0], make_feature(1, inputs='{"x": 1.5000000000000002}'), first[2], make_feature(3)]
    assert write_features(engine, [second], make_run(4)) == Tally(new=1, changed=1, unchanged=2)
    after = stored(engine)
    assert [key for key in before if before[key]["written_at"] != after[key]["written_at"]] == ["k1"]


def test_a_row_whose_outcome_is_known_stays_as_it_was_asked_for(engine: sa.Engine) -> None:
    write_features(engine, [[make_feature(1)]], make_run(1))
    later = [make_feature(1, open=False, inputs='{"x": 2.5}'), make_feature(2, open=False)]
    assert write_features(engine, [later], make_run(3)) == Tally()
    assert {key: row["inputs"] for key, row in stored(engine).items()} == {"k1": '{"x": 1.5}'}


def test_a_decision_that_is_called_off_is_withdrawn_and_an_old_one_expires(engine: sa.Engine) -> None:
    write_features(engine, [[make_feature(0), make_feature(30), make_feature(40)]], make_run(40))
    assert write_features(engine, [[make_feature(40)]], make_run(50)) == Tally(unchanged=1, withdrawn=1, expired=1)
    assert list(stored(engine)) == ["k40"]


def test_a_decision_to_come_is_as_known_as_the_last_run_until_it_is_taken(engine: sa.Engine) -> None:
    early, url = make_feature(6, known_at=None), str(engine.url)
    write_features(engine, [[early]], make_run(1, ahead=8))
    assert look_up(url, "k6")["k6"].known_at == hour(1)
    assert write_features(engine, [[early]], make_run(3, ahead=8)) == Tally(unchanged=1)
    assert look_up(url, "k6")["k6"].known_at == hour(3)
    # A run that does not look so far ahead says nothing new of it.
    write_features(engine, [[]], make_run(4))
    assert look_up(url, "k6")["k6"].known_at == hour(3)
    assert write_features(engine, [[make_feature(6)]], make_run(7)) == Tally(changed=1)
    assert look_up(url, "k6")["k6"].known_at == hour(6)


def test_without_time_every_open_row_is_as_known_as_the_last_run(engine: sa.Engine) -> None:
    write_features(engine, [[timeless("a"), timeless("b"), timeless("c")]], FOREVER)
    later = replace(FOREVER, as_of=hour(20))
    tally = write_features(engine, [[timeless("a"), timeless("b", open=False)]], later)
    assert tally == Tally(unchanged=1, withdrawn=1)
    found = look_up(str(engine.url), "a", "b", "c")
    assert {key: one.known_at for key, one in found.items()} == {"a": hour(20), "b": hour(10)}


def test_a_run_does_not_take_a_later_one_back(engine: sa.Engine) -> None:
    write_features(engine, [[make_feature(1), make_feature(2)]], make_run(5))
    before = stored(engine)
    with pytest.raises(Refusal, match=r"already as of .*; .* is earlier and would take it back"):
        write_features(engine, [[make_feature(1)]], make_run(3))
    assert stored(engine) == before
    assert write_features(engine, [[make_feature(1), make_feature(2)]], make_run(5)) == Tally(unchanged=2)


def _die_half_way(url: str) -> None:
    def pieces() -> Iterator[Any]:
        yield [make_feature(1, inputs='{"x": 9.5}'), make_feature(2)]
        os.kill(os.getpid(), signal.SIGKILL)

    write_features(open_features(url), pieces(), make_run(3))


def test_a_run_that_is_killed_leaves_what_was_there(engine: sa.Engine) -> None:
    write_features(engine, [[make_feature(1)]], make_run(1))
    killed = multiprocessing.get_context("spawn").Process(target=_die_half_way, args=(str(engine.url),))
    killed.start()
    killed.join(60)
    assert killed.exitcode == -signal.SIGKILL
    assert {key: row["inputs"] for key, row in stored(engine).items()} == {"k1": '{"x": 1.5}'}
    assert look_up(str(engine.url), "k1")["k1"].inputs == {"x": 1.5}
    assert write_features(engine, [[make_feature(1), make_feature(2)]], make_run(3)) == Tally(new=1, unchanged=1)


def test_a_failure_in_the_middle_of_a_run_leaves_what_was_there(engine: sa.Engine) -> None:
    write_features(engine, [[make_feature(1)]], make_run(1))
    with pytest.raises(Refusal, match="does not answer"):
        write_features(engine, [[make_feature(2)], [make_feature(3, inputs=None)]], make_run(3))
    assert list(stored(engine)) == ["k1"]


def test_a_reader_cannot_write_and_is_not_held_up_by_a_writer(engine: sa.Engine) -> None:
    write_features(engine, [[make_feature(1)]], make_run(1))
    reader = FeatureReader(str(engine.url))
    with reader._engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM features")
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM features")
    assert list(asyncio.run(reader.look_up(["k1"]))) == ["k1"]
    other.execute("ROLLBACK")
    other.close()
    reader.close()


def test_a_table_that_is_not_there_is_unavailable_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(FeaturesUnavailable):
        look_up(f"sqlite:///{tmp_path}/none.db", "k1")
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(Refusal, match="in memory"):
        FeatureReader("sqlite://")
