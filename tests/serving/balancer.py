"""A balancer on loopback: requests go in turn to those services that say they are ready."""

import asyncio
import threading
import time
from collections import Counter
from contextlib import suppress
from itertools import count

LOOK_SECONDS = 0.1
READY = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def exchange(port: int, request: bytes) -> bytes:
    """Send a request on a connection of its own and return everything that comes back; empty where nobody listens."""
    with suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer
    return b""


class Balancer:
    """Runs in a thread; a request that got 503 goes to the next service, as nginx's may: `retried` counts by port."""

    def __init__(self, ports: list[int]) -> None:
        self.ports, self.retried = ports, Counter[int]()
        self._ready: set[int] = set()
        self._turn = count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    async def _look(self) -> None:
        while True:
            for port in list(self.ports):
                ready = (await exchange(port, READY)).startswith(b"HTTP/1.1 200")
                (self._ready.add if ready else self._ready.discard)(port)
            await asyncio.sleep(LOOK_SECONDS)

    async def _pass_on(self, request: bytes) -> bytes:
        ready = sorted(self._ready & set(self.ports))
        first = next(self._turn) % max(1, len(ready))
        answer = b""
        for port in [*ready[first:], *ready[:first]]:
            answer = await exchange(port, request)
            if answer and not answer.startswith(b"HTTP/1.1 503"):
                break
            self.retried[port] += 1
        return answer or b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(size)
        writer.write(await self._pass_on(head[:-2] + b"Connection: close\r\n\r\n" + body))
        await writer.drain()
        writer.close()

    def __enter__(self) -> int:
        self._thread.start()
        begun = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(begun, self._loop).result()
        self._looking = asyncio.run_coroutine_threadsafe(self._look(), self._loop)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._looking.cancel()
        time.sleep(2 * LOOK_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
