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

from perennial.io.companion import Companion, read_greeting, start_companion
from perennial.model.explanation import adds_up
from perennial.refusal import Refusal
from perennial.serving.lanes import describe_interface, refuse_different
from perennial.serving.runtime import Predictor
from perennial.serving.settings import CANARY, Settings

PROCESS = "perennial.serving.challenger_process"
SOURCE = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
MOST_ROWS, MOST_BYTES = 2000, 32_000_000
"""What may wait for its scores; more is dropped, and counted."""
FIRST_REST, LONGEST_REST = 1.0, 60.0
FAULTS = ("raised", "not_finite", "late", "full", "away", "died", "unrecorded")

Reply = Mapping[str, Any]
logger = logging.getLogger("perennial.serving")


def find_bundle(place: str) -> Path:
    """Return the folder of a bundle, given itself or a bento that holds it."""
    inside = Path(place) / "src" / "bundle"
    return inside if inside.is_dir() else Path(place)


def begin_challenger(settings: Settings) -> Companion | None:
    """Start the process of the challenger, if one is wanted; it loads while the champion does."""
    if not settings.challenger:
        return None
    return start_companion(PROCESS, str(find_bundle(settings.challenger)), settings.lane, source=SOURCE)


def meet_challenger(companion: Companion, settings: Settings, champion: Predictor) -> "Challenger":
    """Wait until the challenger has loaded, and look at it.

    Raises Refusal, its process ended, when its bundle is not as packed or callers would notice another contract.
    """
    try:
        greeting = read_greeting(companion, START_SECONDS)
        if "refused" in greeting:
            raise Refusal(greeting["refused"])
        refuse_different(describe_interface(champion), greeting["interface"])
        if settings.lane == CANARY and adds_up(champion.model) and not greeting["explains"]:
            raise Refusal("it cannot explain its score as the champion does: let it stand in the shadow.")
        if settings.lane_key and settings.lane_key not in {field.name for field in champion.fields}:
            raise Refusal(f"PERENNIAL_LANE_KEY is {settings.lane_key!r}, which is not an input: name one, or none.")
    except Refusal as refusal:
        companion.end(0)
        raise Refusal(f"the challenger at {settings.challenger}: {refusal}") from None
    return Challenger(companion, settings, greeting)


@dataclass
class Question:
    """Rows that wait for their scores."""

    future: "asyncio.Future[Reply]"
    rows: int
    size: int
    since: float


class Challenger(asyncio.Protocol):
    """The worker's side; made inside the event loop that asks."""

    def __init__(self, companion: Companion, settings: Settings, greeting: Mapping[str, Any]) -> None:
        self.lane, self.share, self.column = settings.lane, settings.canary_share, settings.lane_key
        self.patience = settings.canary_timeout_seconds
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
        """Whether it has not answered for longer than a caller would wait."""
        oldest = next(iter(self._asked.values()), None)
        return oldest is not None and time.monotonic() - oldest.since > self.patience

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
        one = Question(self._loop.create_future(), len(rows), len(line), time.monotonic())
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
        self._companion = start_companion(PROCESS, str(find_bundle(self._folder)), self.lane, source=SOURCE)
        self._companion.line.setblocking(False)
        self._connect()

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
