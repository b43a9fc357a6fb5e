"""A worker's challenger: another process with another bundle, asked without ever being waited for too long.

What it may hold is bounded, what it does wrong is counted, and when it dies it is started again.
"""

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from perennial.io.companion import Companion, start_companion
from perennial.serving.answers import PIECE
from perennial.serving.settings import Settings

PROCESS = "perennial.serving.challenger_process"
SOURCE = Path(__file__).resolve().parents[2]
MOST_ROWS, MOST_BYTES = 2000, 32_000_000
"""What may wait for its scores; more is dropped, and counted."""
FIRST_REST, LONGEST_REST = 1.0, 60.0
START_SECONDS = 60.0
"""How long it may load, at the first start as at any other."""
FAULTS = ("raised", "not_finite", "late", "full", "away", "died", "unrecorded")

Reply = Mapping[str, Any]
logger = logging.getLogger("perennial.serving")


def locate_bundle(place: str) -> Path:
    """Return the folder of a bundle, given itself or a bento that holds it."""
    inside = Path(place) / "src" / "bundle"
    return inside if inside.is_dir() else Path(place)


def start_process(place: str, lane: str) -> Companion:
    """Start the process in which the bundle at `place` is loaded and asked."""
    return start_companion(PROCESS, str(locate_bundle(place)), lane, source=SOURCE)


@dataclass
class Question:
    """Rows that wait for their scores."""

    future: "asyncio.Future[Reply]"
    rows: int
    size: int
    due: float


class Challenger(asyncio.Protocol):
    """The worker's side; made inside the event loop that asks."""

    def __init__(self, companion: Companion, settings: Settings, greeting: Mapping[str, Any]) -> None:
        self.lane, self.share, self.column = settings.lane, settings.canary_share, settings.lane_key
        self._patience, self._most = settings.canary_timeout_seconds, settings.timeout_seconds / 2
        self.version, self.bundle, self.card = greeting["version"], greeting["bundle"], greeting["card"]
        self.faults: Counter[str] = Counter(dict.fromkeys(FAULTS, 0))
        self.rows = self.bytes = 0
        self._folder, self._greeted, self._closing = settings.challenger, True, False
        self._asked: dict[int, Question] = {}
        self._number, self._buffer, self._rest = 0, b"", FIRST_REST
        self._transport: asyncio.Transport | None = None
        self._loop, self._companion = asyncio.get_running_loop(), companion
        self._connect()

    @property
    def is_up(self) -> bool:
        """Whether it can be asked."""
        return self._transport is not None and self._greeted

    @property
    def is_stuck(self) -> bool:
        """Whether what was asked first is not answered although nobody waits for it any more."""
        oldest = next(iter(self._asked.values()), None)
        return oldest is not None and time.monotonic() > oldest.due

    def patience(self, rows: int) -> float:
        """Return for how many seconds a caller waits: a canary's timeout, longer for many rows."""
        return min(self._patience * (1 + rows // PIECE), self._most)

    def ask(self, rows: Sequence[Mapping[str, Any]], explained: bool = False) -> "asyncio.Future[Reply] | None":
        """Return what will hold the reply, {"answers", "seconds"} or {"fault"}; None when it cannot be asked now."""
        if not self.is_up or self._transport is None:
            self.count_fault("away", len(rows))
            return None
        self._number += 1
        line = json.dumps({"id": self._number, "rows": rows, "explained": explained}).encode() + b"\n"
        if self.rows + len(rows) > MOST_ROWS or self.bytes + len(line) > MOST_BYTES:
            self.count_fault("full", len(rows))
            return None
        one = Question(self._loop.create_future(), len(rows), len(line), time.monotonic() + self.patience(len(rows)))
        self._asked[self._number] = one
        self.rows += one.rows
        self.bytes += one.size
        self._transport.write(line)
        return one.future

    def count_fault(self, kind: str, rows: int, words: str = "") -> None:
        """Count rows that it did not score; the first of a kind is logged."""
        if not self.faults[kind]:
            logger.error("the challenger %s in the lane %s: %s; counted from now on %s", *self._names, kind, words)
        self.faults[kind] += rows

    @property
    def _names(self) -> tuple[str, str]:
        return self.version, self.lane

    def data_received(self, data: bytes) -> None:
        """Take what it said; the last line may not be whole yet."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if self._greeted:
                self._settle(said.pop("id"), said)
            else:
                self._greet_again(said)

    def _settle(self, number: int, reply: Reply) -> None:
        one = self._asked.pop(number)
        self.rows -= one.rows
        self.bytes -= one.size
        if "fault" in reply:
            self.count_fault(reply["fault"], one.rows, reply["words"])
        if not one.future.done():
            one.future.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what was asked, and start it again after a while."""
        self._transport, self._buffer = None, b""
        for number in list(self._asked):
            self._settle(number, {"fault": "died", "words": "its process ended"})
        if not self._closing:
            self._loop.call_later(self._rest, self._begin_again)
            self._rest = min(2 * self._rest, LONGEST_REST)

    def _begin_again(self) -> None:
        if self._closing:
            return
        self._companion.end(0)
        self._greeted = False
        self._companion = start_process(self._folder, self.lane)
        self._companion.line.setblocking(False)
        self._connect()
        self._loop.call_later(START_SECONDS, self._end_silent, self._companion)

    def _end_silent(self, companion: Companion) -> None:
        """Hang up on a process that has not loaded in time, so that another is started."""
        if companion is self._companion and not self._greeted and self._transport is not None:
            logger.error("the challenger %s in the lane %s was not ready within %g s", *self._names, START_SECONDS)
            self._transport.abort()

    def _greet_again(self, said: Mapping[str, Any]) -> None:
        if said.get("bundle") == self.bundle:
            self._greeted, self._rest = True, FIRST_REST
            logger.warning("the challenger %s in the lane %s is there again", *self._names)
            return
        reason = said.get("refused", "another bundle is in its place")
        logger.error("the challenger %s in the lane %s does not come back: %s", *self._names, reason)
        if self._transport is not None:
            self._transport.close()

    def _connect(self) -> None:
        made = self._loop.create_unix_connection(partial(_itself, self), sock=self._companion.line)
        self._opening = self._loop.create_task(made)
        self._opening.add_done_callback(self._look_opened)

    def _look_opened(self, opening: "asyncio.Task[Any]") -> None:
        if not opening.cancelled() and (error := opening.exception()) is not None:
            logger.error("the challenger %s in the lane %s cannot be reached: %s", *self._names, error)
            self.connection_lost(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to ask."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def close(self) -> None:
        """Hang up, and end its process."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()
        self._companion.end()


def _itself(one: Challenger) -> Challenger:
    return one
