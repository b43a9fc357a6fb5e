import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from perennial.io import record_writer
from perennial.io.record_writer import LogUnavailable, RecordWriter
from perennial.io.records import count_predictions, find_unknown, prune_log
from tests.io.logged import make_row, open_new


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return open_new(tmp_path)


def with_writer(engine: sa.Engine, use: Callable[[RecordWriter], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        writer = RecordWriter(engine, **options)
        try:
            return await use(writer)
        finally:
            writer.close()

    return asyncio.run(run())


def rename(engine: sa.Engine, old: str, new: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


def test_a_row_is_there_when_the_writer_says_so(engine: sa.Engine) -> None:
    async def use(writer: RecordWriter) -> None:
        for number in range(3):
            await writer.write([make_row(number)])
            assert count_predictions(engine) == number + 1
        assert writer.waiting == 0

    with_writer(engine, use)


def test_what_gathers_shares_a_commit(engine: sa.Engine) -> None:
    async def use(writer: RecordWriter) -> int:
        await asyncio.gather(*(writer.write([make_row(number)]) for number in range(200)))
        return writer.figures.commits

    assert with_writer(engine, use) < 100
    assert count_predictions(engine) == 200


def test_what_cannot_be_written_is_said_and_the_next_try_is_new(engine: sa.Engine) -> None:
    async def use(writer: RecordWriter) -> None:
        rename(engine, "predictions", "away")
        failed = await asyncio.gather(*(writer.write([make_row(n)]) for n in range(5)), return_exceptions=True)
        assert [type(one) for one in failed] == [LogUnavailable] * 5
        assert writer.waiting == 0
        rename(engine, "away", "predictions")
        await writer.write([make_row(9)])

    with_writer(engine, use)
    assert count_predictions(engine) == 1


def test_nobody_waits_for_more_than_the_log_can_take(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_writer, "MOST_WAITING", 10)

    async def use(writer: RecordWriter) -> None:
        with pytest.raises(LogUnavailable, match="too many"):
            writer.post([make_row(number) for number in range(11)])
        writer.post([make_row(number) for number in range(10)])

    with_writer(engine, use)
    assert count_predictions(engine) == 10


def test_a_patient_writer_keeps_what_it_could_not_write(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_writer, "RETRY_SECONDS", 0.05)

    async def use(writer: RecordWriter) -> None:
        rename(engine, "predictions", "away")
        writer.post([make_row(1)])
        await asyncio.sleep(0.2)
        assert writer.figures.failures > 1
        assert writer.waiting == 1
        rename(engine, "away", "predictions")
        await asyncio.sleep(0.2)
        assert writer.waiting == 0

    with_writer(engine, use, patient=True)
    assert count_predictions(engine) == 1


def test_whoever_has_gone_is_not_recorded(engine: sa.Engine) -> None:
    async def use(writer: RecordWriter) -> None:
        slow = asyncio.create_task(writer.run(lambda _connection: time.sleep(0.3)))
        await asyncio.sleep(0.05)
        gone = asyncio.create_task(writer.write([make_row(1)]))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.gather(slow, writer.write([make_row(2)]))

    with_writer(engine, use)
    with engine.connect() as connection:
        assert find_unknown(connection, "key", ["k1", "k2"]) == ["k1"]


def test_a_job_s_own_refusal_comes_back_and_its_work_is_undone(engine: sa.Engine) -> None:
    def job(connection: sa.Connection) -> None:
        connection.exec_driver_sql("DELETE FROM predictions")
        raise ValueError("not this")

    async def use(writer: RecordWriter) -> None:
        await writer.write([make_row(1)])
        with pytest.raises(ValueError, match="not this"):
            await writer.run(job)
        assert await writer.run(lambda connection: find_unknown(connection, "key", ["k1"])) == []

    with_writer(engine, use)


def test_old_predictions_are_removed_while_it_runs(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_writer, "PRUNE_SECONDS", 0.0)
    removed: list[int] = []
    monkeypatch.setattr(record_writer, "prune_log", lambda *given: removed.append(prune_log(*given)))

    async def use(writer: RecordWriter) -> None:
        await writer.write([make_row(1)])  # of 2013
        await asyncio.sleep(0.05)

    with_writer(engine, use, retention_days=30)
    assert sum(removed) == 1
    assert count_predictions(engine) == 0
