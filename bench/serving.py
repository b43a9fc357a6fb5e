"""Requests per second of the service against what a user would write, and against servers that do less.

What a user would write is FastAPI with a scikit-learn pipeline of the same size, fitted on the same rows. Beside it
stand an empty ASGI app in the same BentoML, and bare Starlette with the same model. One worker each, the same rows,
the same machine, rounds in turn; `python bench/serving.py [BUNDLE]`.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import uvloop

from measure import ROOT, median
from peer import fit_peer, peer_environment, run_peer
from perennial.evaluation.rehearsal import is_taken
from perennial.io.asking import send_request
from perennial.io.bento import bento_command, bento_environment, build_bento
from perennial.io.bundle import read_golden, read_part
from perennial.io.scratch import scratch_folder
from perennial.io.server import Server, find_free_port, run_server
from perennial.serving.answers import ServeLimits, check_pieces, compose_answer, read_request, score_pieces
from perennial.serving.asked import parse_body
from perennial.serving.desk import Desk
from perennial.serving.gateway import serve_http
from perennial.serving.runtime import load_predictor
from perennial.serving.settings import Settings

LIMITS = {"max_rows": 1000, "max_body_bytes": 4_000_000}
OFF = {"PERENNIAL_LOG_DURABILITY": "off"}
CONNECTIONS, SECONDS, ROUNDS = 32, 2.0, 7
PEER = "FastAPI, scikit-learn pipeline"

EMPTY = """
import bentoml


async def empty(scope, receive, send):
    if scope["type"] == "http":
        await receive()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})


@bentoml.asgi_app(empty)
@bentoml.service(workers=1, logging={"access": {"enabled": False}}, metrics={"enabled": False}, SETTINGS)
class Empty:
    pass
"""
STARLETTE = """
import json
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from perennial.serving.runtime import load_predictor
from perennial.serving.asked import parse_body, parse_request

predictor = load_predictor(sys.argv[1])


async def predict(request):
    rows = parse_request(parse_body(await request.body())).rows
    if predictor.check(rows):
        return Response(status_code=422)
    return Response(json.dumps({"predictions": predictor.predict(rows)}), media_type="application/json")


app = Starlette(routes=[Route("/predict", predict, methods=["POST"]), Route("/readyz", lambda _: Response())])
uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False)
"""


@contextmanager
def started(command: list[str], port: int, folder: Path, environment: dict[str, str]) -> Iterator[int]:
    """Yield the port of a server that runs `command`."""
    log = (folder / f"{port}.log").open("wb")
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(600):
            try:
                if send_request(port, "GET", "/readyz", timeout=1.0)[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def empty_service(folder: Path, name: str, settings: str) -> Iterator[int]:
    """Yield the port of BentoML with an empty app mounted in it."""
    place, port = folder / name, find_free_port()
    place.mkdir()
    (place / "service.py").write_text(EMPTY.replace("SETTINGS", settings))
    command = bento_command("serve", "--host", "127.0.0.1", "--port", str(port), "service:Empty")
    with started(command, port, place, bento_environment()) as port:
        yield port


@contextmanager
def starlette_service(folder: Path, bundle: Path) -> Iterator[int]:
    """Yield the port of bare Starlette with the same validation and the same model."""
    port = find_free_port()
    command = [sys.executable, "-c", STARLETTE, str(bundle.absolute()), str(port)]
    with started(command, port, folder, os.environ | {"PYTHONPATH": str(ROOT / "src")}) as port:
        yield port


@contextmanager
def fastapi_service(folder: Path, bundle: Path) -> Iterator[int]:
    """Yield the port of FastAPI before a fitted pipeline; one thread each, for two make one row slower."""
    port, place = find_free_port(), folder / "fastapi"
    place.mkdir()
    fit_peer(place, bundle)
    (place / "api.py").write_text((ROOT / "bench/peers/api.py").read_text())
    command = run_peer("-m", "uvicorn", "api:app", "--port", str(port), "--log-level", "error", "--no-access-log")
    with started(command, port, place, peer_environment() | {"OMP_NUM_THREADS": "1"}) as port:
        yield port


class Caller(asyncio.Protocol):
    """One connection that sends a request when the last one is answered, and notes how long each took."""

    def __init__(self, requests: list[bytes], first: int, seconds: list[float], pause: float = 0.0) -> None:
        self.requests, self.place, self.seconds, self.pause = requests, first, seconds, pause
        self.buffer, self.open, self.waits, self.refused = b"", True, False, list[str]()

    def connection_made(self, transport: Any) -> None:
        self.transport, self.due = transport, time.perf_counter()
        self.send()

    def send(self) -> None:
        if not self.open:
            return
        self.sent = max(self.due, time.perf_counter()) if not self.pause else self.due
        self.transport.write(self.requests[self.place % len(self.requests)])
        self.place, self.waits = self.place + 1, True

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]):
            return
        self.buffer, self.waits = b"", False
        if not head.startswith(b"HTTP/1.1 200"):
            self.open = False
            self.refused.append(f"{head[:100]!r} {body[:300]!r}")
            return
        now = time.perf_counter()
        self.seconds.append(now - self.sent)
        if self.open:
            self.due = max(self.due + self.pause, now - 1.0)
            wait = self.due - now
            asyncio.get_running_loop().call_later(wait, self.send) if wait > 0 else self.send()


async def load(port: int, requests: list[bytes], seconds: float, pause: float = 0.0) -> tuple[float, list[float]]:
    """Return requests per second, and the seconds of each; with a pause each connection sends at that pace."""
    loop, taken = asyncio.get_running_loop(), list[float]()
    made = [Caller(requests, number * 7, taken, pause) for number in range(CONNECTIONS)]
    started = time.perf_counter()
    for one in made:
        await loop.create_connection(lambda one=one: one, "127.0.0.1", port)
        await asyncio.sleep(pause / CONNECTIONS)
    await asyncio.sleep(seconds)
    elapsed, count = time.perf_counter() - started, len(taken)
    for one in made:
        one.open = False
    for _ in range(100):  # what is still being answered would slow whoever comes next
        await asyncio.sleep(0.05)
        if not any(one.waits for one in made):
            break
    for one in made:
        one.transport.close()
    if refused := [reason for one in made for reason in one.refused]:
        sys.exit(f"a request was answered {refused[0]}")
    return count / elapsed, taken[:count]


def ask(port: int, requests: list[bytes], seconds: float = SECONDS, pause: float = 0.0) -> tuple[float, list[float]]:
    """Run the load in an event loop of its own."""
    return uvloop.run(load(port, requests, seconds, pause))


def read_rows(bundle: Path) -> list[dict[str, Any]]:
    """Return the golden rows of a bundle that a service takes."""
    inputs = read_part(bundle, "schema.json")["inputs"]
    return [row for row in read_golden(bundle)[0] if is_taken(inputs, row)]


def write_requests(rows: list[dict[str, Any]], path: str) -> list[bytes]:
    """Return one-row requests as bytes."""
    bodies = [json.dumps({"rows": [row]}).encode() for row in rows]
    head = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
    return [head.format(path, len(body)).encode() + body for body in bodies]


def measure_listening(port: int) -> list[int]:
    """Return the resident bytes of each process that listens on a port, the largest first."""
    sizes = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(one.status == "LISTEN" and one.laddr.port == port for one in process.net_connections("tcp")):
                sizes.append(process.memory_info().rss)
    return sorted(sizes, reverse=True)


def quantile(values: list[float], share: float) -> float:
    """Return a quantile in milliseconds."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1000


def profile(bundle: Path, rows: list[dict[str, Any]]) -> None:
    """Print what one request costs in this process, step by step: the rest is BentoML, uvicorn and the kernel."""
    predictor = load_predictor(bundle)
    limits, bodies = ServeLimits(**LIMITS), [json.dumps({"rows": [row]}).encode() for row in rows]
    works = [read_request(limits, body) for body in bodies]
    desk = Desk(predictor, limits, replace(Settings(), log_durability="off"))

    async def whole() -> None:
        scope = {"type": "http", "path": "/predict", "method": "POST", "client": ("127.0.0.1", 1), "query_string": b""}
        scope |= {"headers": [(b"content-type", b"application/json")], "server": ("127.0.0.1", 1)}
        for number in range(1000):

            async def receive(number: int = number) -> dict[str, Any]:
                return {"type": "http.request", "body": bodies[number % len(bodies)], "more_body": False}

            async def send(_message: Any) -> None:
                return None

            await serve_http(desk, scope, receive, send)

    steps: dict[str, Callable[[int], Any]] = {
        "parse JSON": lambda place: parse_body(bodies[place]),
        "check": lambda place: list(check_pieces(predictor, works[place])),
        "encode, score, decide": lambda place: list(score_pieces(predictor, works[place], False)),
        "compose": lambda place: json.dumps(compose_answer(predictor, works[place])),
        "explain": lambda place: predictor.explain(works[place].asked.rows),
    }
    for name, step in steps.items():
        begun = time.process_time()
        for number in range(1000):
            step(number % len(bodies))
        print(f"  {name:24}{(time.process_time() - begun) * 1000:7.0f} us")
    begun = time.process_time()
    uvloop.run(whole())
    print(f"  {'the whole of /predict':24}{(time.process_time() - begun) * 1000:7.0f} us")


def compare(ports: dict[str, int], requests: list[bytes]) -> dict[str, float]:
    """Return the median requests per second of each, measured in turn."""
    rates: dict[str, list[float]] = {name: [] for name in ports}
    for number in range(ROUNDS + 1):
        for name, port in ports.items():
            rate, _ = ask(port, requests, SECONDS if number else 0.5)
            if number and not rate:
                sys.exit(f"{name} answered nothing in {SECONDS:g} s: try again on a quieter machine.")
            if number:  # the first round warms up
                rates[name].append(rate)
    return {name: median(found) for name, found in rates.items()}


def stolen_seconds() -> float:
    """Return the seconds of CPU that the host has given to other machines so far, 0 where it does not tell."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


def show_waits(ports: dict[str, int], requests: list[bytes], rate: float) -> None:
    """Print how long a request waits at a steady pace, ours beside servers that do less, in turn.

    Seconds that the host gives to other machines make all of them wait: the round that lost least is told besides.
    """
    names = ("perennial, durable records", "bare Starlette, same validation", "the same, tracing switched off")
    waits: dict[str, list[tuple[float, float, float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            before = stolen_seconds()
            _, taken = ask(ports[name], requests, SECONDS, pause=CONNECTIONS / rate)
            waits[name].append((stolen_seconds() - before, quantile(taken, 0.5), quantile(taken, 0.99)))
    print(f"at {rate:.0f} requests/s, half of the durable peak (target: p99 <= 10 ms on a quiet machine):")
    for name, found in waits.items():
        lost, p50, p99 = (median([each[place] for each in found]) for place in range(3))
        least = min(found)
        print(f"  {name:34} p50 {p50:.1f} ms, p99 {p99:.1f} ms, {lost:.2f} s of CPU stolen; ", end="")
        print(f"the quietest round {least[1]:.1f} and {least[2]:.1f} ms, {least[0]:.2f} s stolen")


def main() -> None:
    bundle = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "models" / "bundle"
    if not bundle.is_dir():
        sys.exit("run `make repro` first: this serves a finished model.")
    os.chdir(ROOT)
    rows = read_rows(bundle)
    requests, explained = write_requests(rows, "/predict"), write_requests(rows, "/explain")
    with scratch_folder("bench") as folder, ExitStack() as stack:
        build_bento(bundle, folder / "bento", limits=LIMITS, as_of="2013-09-01")
        begun = time.perf_counter()
        off: Server = stack.enter_context(run_server(folder / "bento", timeout=60, settings=OFF))
        ready = time.perf_counter() - begun
        durable: Server = stack.enter_context(run_server(folder / "bento", timeout=60))
        beside = {"PERENNIAL_CHALLENGER": str(bundle.absolute())}
        canary = beside | {"PERENNIAL_LANE": "canary", "PERENNIAL_CANARY_SHARE": "0.05"}
        shadowed: Server = stack.enter_context(run_server(folder / "bento", timeout=60, settings=OFF | beside))
        shared: Server = stack.enter_context(run_server(folder / "bento", timeout=60, settings=OFF | canary))
        begun = time.perf_counter()
        empty = stack.enter_context(empty_service(folder, "plain", ""))
        empty_ready = time.perf_counter() - begun
        tuned = 'tracing={"excluded_urls": "."}'
        ports = {
            PEER: stack.enter_context(fastapi_service(folder, bundle)),
            "bare Starlette, same validation": stack.enter_context(starlette_service(folder, bundle)),
            "empty app mounted in BentoML": empty,
            "the same, tracing switched off": stack.enter_context(empty_service(folder, "tuned", tuned)),
            "perennial, record off": off.port,
            "perennial, durable records": durable.port,
            "record off, a shadow beside": shadowed.port,
            "record off, a canary of 5 %": shared.port,
        }
        rates = compare(ports, requests)
        base, tuned_base = rates["empty app mounted in BentoML"], rates["the same, tracing switched off"]
        print(f"one row of {len(rows[0])} inputs, {CONNECTIONS} connections, one worker, medians of {ROUNDS} rounds")
        for name, rate in rates.items():
            print(f"  {name:34}{rate:8.0f} requests/s{rate / base:7.2f} x the empty app")
        for name in ("perennial, record off", "perennial, durable records"):
            print(f"{name}: {rates[name] / rates[PEER]:.1f} x {PEER} (target >= 10)")
        print(f"record off: {rates['perennial, record off'] / base:.2f} (target >= 0.8); ", end="")
        print(f"durable: {rates['perennial, durable records'] / base:.2f} (target >= 0.5); ", end="")
        print(
            f"against the empty app with tracing switched off: {rates['perennial, record off'] / tuned_base:.2f}; ",
            end="",
        )
        bare = rates["bare Starlette, same validation"]
        print(f"of bare Starlette: {rates['perennial, record off'] / bare:.2f} (aim >= 0.6)")
        show_waits(ports, requests, rates["perennial, durable records"] / 2)
        rate, _ = ask(off.port, explained)
        print(f"explain takes {rates['perennial, record off'] / rate:.1f} x predict (target <= 3)")
        print(f"ready after {ready:.1f} s (target <= 4), the empty app after {empty_ready:.1f} s")
        for name, port in (("perennial", off.port), ("the empty app", ports["empty app mounted in BentoML"])):
            sizes = " and ".join(f"{size / 1e6:.0f}" for size in measure_listening(port))
            print(f"{name}: {sizes} MB resident, worker and supervisor (target <= 200 a worker)")
    print("CPU of one request in the gateway, without the server around it:")
    profile(bundle, rows)


if __name__ == "__main__":
    main()
