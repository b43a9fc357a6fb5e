"""One request on its way: who asks which worker, its body, and its work in pieces between which others get a turn."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from starlette.types import Receive, Scope

from perennial.serving.desk import Desk
from perennial.serving.limits import read_body, refuse_other_kinds
from perennial.serving.problems import Problem


@dataclass(frozen=True)
class Call:
    """One request: the worker that answers it, who asks, and when it came."""

    desk: Desk
    scope: Scope
    receive: Receive
    caller: str
    started: float

    @property
    def path(self) -> str:
        """The path that was asked for."""
        path: str = self.scope["path"]
        return path


Answer = tuple[str, bytes]
Handler = Callable[[Call], Awaitable[Answer]]


async def take_body(call: Call) -> bytes:
    """Return the body of a request that says it is JSON; raises 408, 413, 415, 503."""
    refuse_other_kinds(call.scope)
    if call.scope["query_string"]:
        raise Problem(400, "what stands behind the `?` of the address is not read: send all of it in the body.")
    with call.desk.hold_reading():
        return await read_body(call.receive, call.desk.limits.max_body_bytes, call.desk.settings.timeout_seconds)


async def go_through(call: Call, pieces: Iterator[None]) -> None:
    """Do the pieces of a request, letting others in between; raises 504 when they take too long."""
    for number, _ in enumerate(pieces):
        if number:
            await asyncio.sleep(0)
            if time.perf_counter() - call.started > call.desk.settings.timeout_seconds:
                raise Problem(504, "the request took too long: send fewer rows at once.")
