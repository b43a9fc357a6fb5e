"""One thread that writes to the log: whatever has gathered while it wrote goes into its next transaction."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa

from perennial.io.databases import describe
from perennial.io.records import Row, insert_predictions, prune_log

T = TypeVar("T")
Job = Callable[[sa.Connection], Any]

MOST_WAITING = 20_000
"""Rows that may wait to be written; where the log does not keep up, more are refused."""
MOST_AT_ONCE = 5_000
RETRY_SECONDS = 1.0
PRUNE_SECONDS = 3600.0

logger = logging.getLogger("perennial.records")


class LogUnavailable(Exception):
    """The log did not take what was to be written; nothing of it is there."""


@dataclass
class Pending:
    """Rows or a job that wait for the thread; whoever waits for them holds the future."""

    rows: Sequence[Row] = ()
    job: Job | None = None
    future: "asyncio.Future[Any] | None" = None

    @property
    def dropped(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.future is not None and self.future.cancelled()


@dataclass
class LogFigures:
    """What the thread has done so far, for the metrics."""

    commits: int = 0
    failures: int = 0
    rows: int = 0
    seconds: float = 0.0
    failed_at: float = field(default=-1e9)


class RecordWriter:
    """Writes groups of rows, each whole or not at all; made inside the event loop that awaits it."""

    def __init__(self, engine: sa.Engine, *, patient: bool = False, retention_days: float = 0.0) -> None:
        """`patient` keeps what could not be written and tries again, for rows that nobody awaits."""
        self.figures = LogFigures()
        self._engine, self._patient, self._days = engine, patient, retention_days
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Pending] = []
        self._rows = 0
        self._gate = threading.Condition()
        self._closing = False
        self._connection: sa.Connection | None = None
        self._pruned_at = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="records", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many rows are not written yet."""
        return self._rows

    async def write(self, rows: Sequence[Row]) -> None:
        """Return when the rows are in the log; raises LogUnavailable when they are not."""
        future = self._loop.create_future()
        self._add(Pending(rows=rows, future=future))
        await future

    def post(self, rows: Sequence[Row]) -> None:
        """Take rows that will be written soon; raises LogUnavailable when too many wait already."""
        self._add(Pending(rows=rows))

    async def run(self, job: Callable[[sa.Connection], T]) -> T:
        """Return what `job` does in a transaction of its own; raises LogUnavailable, or what the job raises."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._add(Pending(job=job, future=future))
        return await future

    def close(self, seconds: float = 10.0) -> None:
        """Write what waits, then end; logs how many rows could not be written."""
        with self._gate:
            self._closing = True
            self._gate.notify()
        self._thread.join(seconds)
        if self._rows:
            logger.error("%d recorded predictions are lost: the log could not be written", self._rows)

    def _add(self, one: Pending) -> None:
        if self._rows + len(one.rows) > MOST_WAITING or self._closing:
            raise LogUnavailable("too many predictions wait to be recorded")
        with self._gate:
            self._waiting.append(one)
            self._rows += len(one.rows)
            self._gate.notify()

    def _take(self) -> list[Pending]:
        with self._gate:
            while not self._waiting and not self._closing:
                if not self._gate.wait(PRUNE_SECONDS):
                    return []
            taken: list[Pending] = []
            size = 0
            while self._waiting and (not taken or size + len(self._waiting[0].rows) <= MOST_AT_ONCE):
                one = self._waiting.pop(0)
                taken.append(one)
                size += len(one.rows)
            return taken

    def _work(self) -> None:
        while True:
            group = self._take()
            if not group and self._closing:
                break
            self._write_group([one for one in group if one.job is None], [one for one in group if one.job])
            self._prune()
        self._drop_connection()
        self._engine.dispose()

    def _write_group(self, inserts: list[Pending], jobs: list[Pending]) -> None:
        rows = [row for one in inserts if not one.dropped for row in one.rows]
        error = self._attempt(lambda connection: insert_predictions(connection, rows)) if rows else None
        while error and self._patient and not self._closing:
            time.sleep(RETRY_SECONDS)
            error = self._attempt(lambda connection: insert_predictions(connection, rows))
        if error is None:
            self.figures.rows += len(rows)
        if error is None or not self._patient:
            with self._gate:
                self._rows -= sum(len(one.rows) for one in inserts)
        outcomes: list[tuple[Pending, Any, Exception | None]] = [(one, None, error) for one in inserts]
        outcomes += [self._run_job(one) for one in jobs]
        self._tell(outcomes)

    def _run_job(self, one: Pending) -> tuple[Pending, Any, Exception | None]:
        found: list[Any] = []
        error = self._attempt(lambda connection: found.append(one.job(connection) if one.job else None))
        return one, found[0] if found and error is None else None, error

    def _attempt(self, write: Callable[[sa.Connection], Any]) -> Exception | None:
        started = time.perf_counter()
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                write(self._connection)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            self._drop_connection()
            self.figures.failures += 1
            self.figures.failed_at = time.monotonic()
            logger.error("the log cannot be written: %.200s", describe(error))
            return LogUnavailable("the log cannot be written")
        except Exception as error:  # a job's own refusal; its transaction is rolled back
            return error
        self.figures.commits += 1
        self.figures.seconds += time.perf_counter() - started
        return None

    def _drop_connection(self) -> None:
        if self._connection is not None:
            try:
                self._connection.invalidate()
                self._connection.close()
            except sa.exc.SQLAlchemyError:
                pass
            self._connection = None

    def _prune(self) -> None:
        if self._days and time.monotonic() - self._pruned_at > PRUNE_SECONDS:
            self._pruned_at = time.monotonic()
            try:
                prune_log(self._engine, self._days)
            except sa.exc.SQLAlchemyError as error:
                logger.error("old predictions cannot be removed: %.200s", error)

    def _tell(self, outcomes: list[tuple[Pending, Any, Exception | None]]) -> None:
        def settle() -> None:
            for one, value, error in outcomes:
                if one.future is not None and not one.future.done():
                    if error is None:
                        one.future.set_result(value)
                    else:
                        one.future.set_exception(error)

        if any(one.future is not None for one, *_ in outcomes) and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(settle)
