"""The shadow: what the champion has answered is scored by the challenger afterwards, and recorded beside it."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from perennial.io.record_writer import LogUnavailable, RecordWriter
from perennial.io.records import Row, insert_predictions
from perennial.serving.answers import Work
from perennial.serving.challenger import Challenger, Reply
from perennial.serving.metrics import Metrics
from perennial.serving.settings import SHADOW

FLUSH_SECONDS, RETRY_SECONDS, CLOSE_SECONDS = 1.0, 5.0, 2.0
"""Its rows are written together, in transactions of their own: an answer never waits for more than one of them."""
MOST_KEPT = 10_000
AT_ONCE = 1000
logger = logging.getLogger("perennial.serving")


class Shadow:
    """What the challenger scored and the log does not hold yet."""

    def __init__(self, challenger: Challenger, metrics: Metrics, writer: RecordWriter | None) -> None:
        self.challenger, self._metrics, self._writer = challenger, metrics, writer
        self._kept: list[dict[str, Any]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()

    def observe(self, path: str, work: Work) -> None:
        """Let the challenger score what was answered; called when the answer is on its way."""
        answered = list(work.answers.items())
        future = self.challenger.ask([work.asked.rows[place] for place, _ in answered]) if answered else None
        if future is not None:
            at, begun = datetime.now(UTC), time.perf_counter()
            beside = [{"key": work.asked.keys[place], "shadow_of": one["id"]} for place, one in answered]
            same = {"at": at, "route": path[1:], "model": self.challenger.version, "lane": SHADOW}
            future.add_done_callback(lambda done: self._take(done.result(), beside, same, begun))

    def _take(self, reply: Reply, beside: Sequence[Mapping[str, Any]], same: Mapping[str, Any], begun: float) -> None:
        if "fault" in reply:
            return
        self._metrics.count_scored(self.challenger.version, SHADOW, reply["answers"], reply["seconds"])
        if self._writer is None:
            return
        took, each = (time.perf_counter() - begun) * 1000, reply["seconds"] * 1000 / len(beside)
        for answer, one in zip(reply["answers"], beside, strict=True):
            scores = answer.get("scores")
            told = {
                "id": f"{one['shadow_of']}-s",
                "inputs": "{}",  # they stand in the answer's own row
                "score": answer["score"],
                "scores": None if scores is None else json.dumps(scores),
                "decision": json.dumps(answer["decision"]),
                "latency_ms": took,
                "scoring_ms": each,
            }
            self._kept.append({**same, **one, **told})
        if (excess := len(self._kept) - MOST_KEPT) > 0:
            del self._kept[:excess]
            self.challenger.count_fault("unrecorded", excess, "the log does not keep up")
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    async def _flush(self) -> None:
        while self._kept:
            await self._rest(FLUSH_SECONDS)
            if not await self._write(self._kept[:AT_ONCE]):
                if self._ended.is_set():
                    return
                await self._rest(RETRY_SECONDS)

    async def _write(self, rows: Sequence[Row]) -> bool:
        def insert(connection: sa.Connection) -> None:
            insert_predictions(connection, rows)

        assert self._writer is not None
        try:
            await self._writer.run(insert)
        except LogUnavailable:
            return False
        written = {row["id"] for row in rows}
        self._kept = [row for row in self._kept if row["id"] not in written]
        return True

    async def close(self) -> None:
        """Wait a little for what is being scored, write what waits, then let the challenger go."""
        until = time.monotonic() + CLOSE_SECONDS
        while self.challenger.rows and time.monotonic() < until:
            await asyncio.sleep(0.02)
        self._ended.set()
        if self._flushing is not None:
            await self._flushing
        if self._kept:
            logger.error("%d scores of the challenger are lost: the log could not be written", len(self._kept))
        self.challenger.close()
