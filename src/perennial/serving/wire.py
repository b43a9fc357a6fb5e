"""HTTP before it is a request: a head that is too large or too slow, and what is no HTTP, are refused as anything."""

import asyncio
import logging

import uvicorn.config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from perennial.serving.problems import PROBLEM, Problem, render_problem

HEAD_BYTES = 65_536
HEAD_SECONDS = 10.0
logger = logging.getLogger("perennial.serving")


class Wire(HttpToolsProtocol):
    """uvicorn's protocol, which alone would take a head of any length from anybody, for as long as it drips."""

    head_bytes, head_seconds = HEAD_BYTES, HEAD_SECONDS
    _size = _done = 0
    _in_body = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request soon."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Take what came; what belongs to a head that is not whole yet is counted."""
        done, of_body = self._done, self._in_body
        super().data_received(data)
        if of_body or self._done != done or self.transport.is_closing():
            return
        self._size += len(data)
        self._expect_head()
        if self._size > self.head_bytes:
            self._refuse(Problem(431, f"the head is larger than {self.head_bytes} bytes: send fewer headers."))

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """Note that a head is whole."""
        self._size, self._done, self._in_body = 0, self._done + 1, True
        self._forget_head()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that a body is whole."""
        self._in_body = False
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._forget_head()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(Problem(400, "this is no HTTP request that can be read."))

    def _expect_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _forget_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._expect_head()  # the request before is still being answered
        elif not self.transport.is_closing():
            self._refuse(Problem(408, f"the head did not come within {self.head_seconds:g} s: send it again."))

    def _refuse(self, problem: Problem) -> None:
        self._forget_head()
        body = render_problem(problem)
        logger.warning("a connection is closed with %d", problem.status)
        head = f"content-type: {PROBLEM}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[problem.status] + head.encode() + body)
        self.transport.close()


def use_wire() -> None:
    """Let every uvicorn server of this process speak so: BentoML leaves the choice to uvicorn's own table."""
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{Wire.__name__}"
