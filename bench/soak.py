"""A long run against one worker with durable records: its memory stays flat, and what it acknowledged is recorded.

`python bench/soak.py [REQUESTS] [BUNDLE]`: of twenty requests seventeen ask for one row, one for twenty, one for an
explanation, and one is refused. Fails when memory grows, when an answer is another than it should be, or when the log
holds other rows than were acknowledged.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvloop
from tqdm import tqdm

from measure import ROOT, median
from perennial.io.bento import build_bento
from perennial.io.record_tables import PREDICTIONS
from perennial.io.records import open_log
from perennial.io.scratch import scratch_folder
from perennial.io.server import Server, measure_memory, run_server
from serving import CONNECTIONS, LIMITS, read_rows

REQUESTS = 200_000
GROWTH_MB = 16.0  # below a hundred bytes a request
WARM_UP = 0.2  # the share of the requests after which memory is first looked at
PART = 0.1  # of the requests, over which memory is averaged
EVERY = 0.5  # seconds between two looks
MANY = 20

Asked = tuple[bytes, int, int]
"""A request, the status that its answer must have, and the rows that this one acknowledges."""


def write_request(path: str, body: Any) -> bytes:
    """Return a request as bytes."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def list_requests(rows: list[dict[str, Any]]) -> list[Asked]:
    """Return the requests that are sent over and over."""
    one = [(write_request("/predict", {"rows": [row]}), 200, 1) for row in rows]
    many = (write_request("/predict", {"rows": (rows * MANY)[:MANY]}), 200, MANY)
    why = (write_request("/explain", {"rows": [rows[0]]}), 200, 1)
    bad = (write_request("/predict", {"rows": [{}]}), 422, 0)
    plain = iter(one * 17)
    return [*(next(plain) for _ in range(17 * len(one))), *[many, why, bad] * len(one)]


class Run:
    """What is still to be asked, and what was answered so far."""

    def __init__(self, asked: list[Asked], count: int) -> None:
        self.asked, self.left, self.rows = asked, count, 0
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.bar = tqdm(total=count, desc="soak", unit="request", mininterval=2.0)
        self.ended = asyncio.Event()

    def take(self) -> Asked | None:
        """Return the next request, in an order that mixes them."""
        if not self.left or self.wrong:
            return None
        self.left -= 1
        return self.asked[self.left * 7919 % len(self.asked)]

    def note(self, status: int, expected: int, rows: int, body: bytes) -> None:
        """Count an answer."""
        self.statuses[status] += 1
        self.bar.update()
        if status == expected:
            self.rows += rows
        else:
            self.wrong.append(f"{status} instead of {expected}: {body[:300]!r}")


class Caller(asyncio.Protocol):
    """One connection that sends the next request when the last one is answered."""

    def __init__(self, run: Run) -> None:
        self.run, self.buffer = run, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.now = self.run.take()
        if self.now is None:
            self.transport.close()
        else:
            self.transport.write(self.now[0])

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if found and len(body) >= int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]):
            assert self.now is not None
            self.buffer = b""
            self.run.note(int(head[9:12]), *self.now[1:], body)
            self.send()

    def connection_lost(self, _error: Exception | None) -> None:
        if self.now is not None:
            self.run.wrong.append("the connection was cut off")
        self.run.ended.set()


async def ask_all(port: int, run: Run) -> None:
    """Ask all that a run holds, over `CONNECTIONS` connections."""
    loop = asyncio.get_running_loop()
    callers = [(await loop.create_connection(lambda: Caller(run), "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    while any(caller.now is not None for caller in callers) and not run.wrong:
        run.ended.clear()
        await run.ended.wait()
    run.bar.close()


def look(server: Server, run: Run, ended: threading.Event, taken: list[tuple[int, float]]) -> None:
    """Note again and again how many requests were answered, and the MB that the whole service holds."""
    while not ended.wait(EVERY):
        taken.append((run.statuses.total(), measure_memory(server) / 1e6))


def count_recorded(server: Server) -> int:
    """Return how many predictions the log of a service holds."""
    engine = open_log(server.log)
    with engine.connect() as connection:
        found = connection.scalar(sa.select(sa.func.count()).select_from(PREDICTIONS))
    engine.dispose()
    return int(found or 0)


def judge(run: Run, taken: list[tuple[int, float]], recorded: int, count: int) -> list[str]:
    """Print what was found and return what must not be."""
    begun = [mb for number, mb in taken if WARM_UP * count <= number < (WARM_UP + PART) * count]
    end = [mb for number, mb in taken if number >= (1 - PART) * count]
    if not begun or not end:
        return [f"{len(taken)} looks at the memory are too few: ask for more requests"]
    growth = median(end) - median(begun)
    for place in range(10):
        part = [mb for number, mb in taken if place <= 10 * number / count < place + 1]
        print(f"  from {place * count // 10:8,} requests on{median(part) if part else float('nan'):9.1f} MB")
    print(
        f"{median(begun):.1f} MB after the warm-up, {median(end):.1f} MB at the end, for supervisor and worker: ",
        end="",
    )
    print(f"{growth:+.1f} MB (at most {GROWTH_MB:g})")
    print(f"answers: {', '.join(f'{number:,} x {status}' for status, number in sorted(run.statuses.items()))}")
    print(f"rows acknowledged: {run.rows:,}; rows in the log: {recorded:,}")
    wrong = list(run.wrong)
    if growth > GROWTH_MB:
        wrong.append(f"memory grew by {growth:.1f} MB")
    if recorded != run.rows:
        wrong.append(f"the log holds {recorded} rows, {run.rows} were acknowledged")
    return wrong


def main(count: int, bundle: Path) -> None:
    if not bundle.is_dir():
        sys.exit("run `make repro` first: this serves a finished model.")
    os.chdir(ROOT)
    rows = read_rows(bundle)
    with scratch_folder("soak") as folder:
        build_bento(bundle, folder / "bento", limits=LIMITS, as_of="2013-09-01")
        with run_server(folder / "bento", timeout=60) as server:
            run, taken, ended = Run(list_requests(rows), count), list[tuple[int, float]](), threading.Event()
            watcher = threading.Thread(target=look, args=(server, run, ended, taken), daemon=True)
            watcher.start()
            begun = time.perf_counter()
            uvloop.run(ask_all(server.port, run))
            seconds = time.perf_counter() - begun
            ended.set()
            watcher.join()
            recorded = count_recorded(server)
    print(f"{run.statuses.total():,} requests in {seconds:.0f} s, {run.statuses.total() / seconds:.0f} a second")
    if wrong := judge(run, taken, recorded, count):
        sys.exit("; ".join(wrong))


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else REQUESTS, Path(given[1]) if given[1:] else ROOT / "models" / "bundle")
