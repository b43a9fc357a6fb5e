"""The hot path: routes, keys, limits, overload and the record, in one ASGI application before BentoML's own."""

import asyncio
import json
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from perennial.io.record_writer import LogUnavailable
from perennial.model.explanation import adds_up
from perennial.serving import metrics
from perennial.serving.answers import (
    Work,
    check_pieces,
    compose_answer,
    read_document,
    read_request,
    score_pieces,
)
from perennial.serving.desk import Desk
from perennial.serving.feedback import read_labels, record_labels
from perennial.serving.limits import JSON, read_body, refuse_other_kinds
from perennial.serving.lookup import look_up
from perennial.serving.page import PAGE, POLICY
from perennial.serving.problems import PROBLEM, Problem, busy, render_problem

HTML = "text/html; charset=utf-8"
logger = logging.getLogger("perennial.serving")


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


def record_rows(call: Call, work: Work) -> list[dict[str, Any]]:
    """Return what the log keeps of each answer; personal data is not in it."""
    personal = call.desk.predictor.personal
    at, latency = datetime.now(UTC), (time.perf_counter() - call.started) * 1000
    rows = []
    for place, answer in work.answers.items():
        inputs = work.asked.rows[place]
        if personal:
            inputs = {name: value for name, value in inputs.items() if name not in personal}
        scores = answer.get("scores")
        rows.append(
            {
                "id": answer["id"],
                "at": at,
                "route": call.path[1:],
                "model": answer["model"],
                "lane": answer["lane"],
                "key": work.asked.keys[place],
                "inputs": json.dumps(inputs),
                "score": answer["score"],
                "scores": None if scores is None else json.dumps(scores),
                "decision": json.dumps(answer["decision"]),
                "latency_ms": latency,
            }
        )
    return rows


async def keep(call: Call, work: Work) -> None:
    """Return when the answers are in the log, as `log.durability` demands; raises 503 or 504 when they are not."""
    writer = call.desk.writer
    if writer is None or not work.answers:
        return
    left = call.desk.settings.timeout_seconds - (time.perf_counter() - call.started)
    try:
        if call.desk.settings.log_durability == "queue":
            writer.post(record_rows(call, work))
            return
        async with asyncio.timeout(left):
            await writer.write(record_rows(call, work))
    except LogUnavailable as error:
        raise busy(503, f"{error}: nothing is answered that is not recorded.") from None
    except TimeoutError:
        raise Problem(504, "the log took too long; the answer may or may not be recorded.") from None


async def answer_rows(call: Call, explained: bool) -> Answer:
    """Answer POST /predict or /explain."""
    desk = call.desk
    body = await take_body(call)
    with desk.hold_slot(call.caller):
        await asyncio.sleep(0)  # whoever came at the same moment is counted before anybody is answered
        work = read_request(desk.limits, body, desk.key if desk.features else "")
        if work.asked.by_key and desk.features:
            until = call.started + desk.settings.timeout_seconds
            await look_up(desk.features, work, desk.settings, desk.metrics, until)
        await go_through(call, check_pieces(desk.predictor, work))
        if explained and not adds_up(desk.predictor.model):
            raise Problem(501, "this model's score is no sum over inputs, so that none adds to it by itself.")
        await go_through(call, score_pieces(desk.predictor, work, explained))
        await keep(call, work)
    desk.metrics.count_answers([work.asked.rows[place] for place in work.answers], list(work.answers.values()))
    desk.metrics.rows["refused"] += len(work.bad)
    return JSON, json.dumps(compose_answer(desk.predictor, work), allow_nan=False).encode()


async def predict(call: Call) -> Answer:
    """Score and decide rows."""
    return await answer_rows(call, explained=False)


async def explain(call: Call) -> Answer:
    """Score rows and say what each input adds."""
    return await answer_rows(call, explained=True)


async def feedback(call: Call) -> Answer:
    """Keep labels of recorded predictions."""
    desk, model = call.desk, call.desk.predictor.model
    document = read_document(await take_body(call))
    rows = read_labels(document, model.task, model.classes, desk.limits.max_rows, datetime.now(UTC))
    if desk.writer is None:
        raise busy(503, "this service records no predictions, so that no label belongs to one.", 3600)
    try:
        with desk.hold_slot(call.caller):
            async with asyncio.timeout(desk.settings.timeout_seconds):
                count = await desk.writer.run(lambda connection: record_labels(connection, rows))
    except LogUnavailable as error:
        raise busy(503, f"{error}: no label was kept.") from None
    except TimeoutError:
        raise Problem(504, "the log took too long; the labels may or may not be kept.") from None
    desk.metrics.labels += count
    return JSON, json.dumps({"recorded": count}).encode()


async def show_document(call: Call) -> Answer:
    """Show what was made when the service began."""
    return JSON, call.desk.pages[call.path]


async def show_page(_call: Call) -> Answer:
    """Show the page to try it."""
    return HTML, PAGE.encode()


async def show_metrics(call: Call) -> Answer:
    """Show the figures of this worker."""
    return metrics.KIND, call.desk.metrics.render()


async def say_alive(_call: Call) -> Answer:
    """Say that the process runs."""
    return JSON, b'{"status": "alive"}'


async def say_ready(call: Call) -> Answer:
    """Say whether a balancer should send requests here."""
    if not call.desk.ready:
        raise busy(503, "ending" if call.desk.draining else "the log could not be written a moment ago")
    return JSON, b'{"status": "ready"}'


@dataclass(frozen=True)
class Route:
    """One route: its method, what answers it, the scopes that let a key in (any of them; none means everybody)."""

    method: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    always: bool = False
    """Whether it is answered while the service ends."""


ROUTES: dict[str, Route] = {
    "/predict": Route("POST", predict, ("predict",)),
    "/explain": Route("POST", explain, ("predict",)),
    "/feedback": Route("POST", feedback, ("feedback",)),
    **dict.fromkeys(("/model", "/schema", "/schema.json"), Route("GET", show_document, ("docs", "predict"))),
    "/openapi.json": Route("GET", show_document, ("docs",)),
    "/": Route("GET", show_page),
    "/metrics": Route("GET", show_metrics, ("metrics",), always=True),
    **dict.fromkeys(("/livez", "/healthz"), Route("GET", say_alive, always=True)),
    "/readyz": Route("GET", say_ready, always=True),
}


async def respond(desk: Desk, scope: Scope, receive: Receive, started: float) -> Answer:
    """Return the answer of a request; raises Problem with the status of any other."""
    path, method = scope["path"], scope["method"]
    route = ROUTES.get(path)
    if route is not None and desk.draining and not route.always:
        raise Problem(503, "the service is ending: ask another.", headers={"Retry-After": "1", "Connection": "close"})
    if route is None:
        raise Problem(404, "there is nothing here: see /openapi.json.")
    if method != route.method and not (method == "HEAD" and route.method == "GET"):
        allowed = "GET, HEAD" if route.method == "GET" else route.method
        raise Problem(405, f"{method[:20]} is not for this: use {allowed}.", headers={"Allow": allowed})
    caller = desk.guard.admit(scope, route.scopes) if route.scopes else ""
    return await route.handler(Call(desk, scope, receive, caller, started))


def _headers(kind: str, body: bytes, more: dict[str, str]) -> list[tuple[bytes, bytes]]:
    found = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    if kind == HTML:
        found += [(b"content-security-policy", POLICY.encode()), (b"referrer-policy", b"no-referrer")]
    return found + [(name.lower().encode(), value.encode()) for name, value in more.items()]


def _unexpected(error: Exception) -> Problem:
    # Its message may hold what was sent; where it happened does not.
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s while answering\n%s", type(error).__name__, places)
    return Problem(500, "the service failed; it is not the request's fault.")


async def serve_http(desk: Desk, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one HTTP request, whatever happens."""
    started = time.perf_counter()
    status, more = 200, {}
    try:
        kind, body = await respond(desk, scope, receive, started)
    except Problem as problem:
        status, kind, body, more = problem.status, PROBLEM, render_problem(problem), problem.headers
    except Exception as error:
        status, kind, body = 500, PROBLEM, render_problem(_unexpected(error))
    known = scope["path"] if scope["path"] in ROUTES else "other"
    desk.metrics.count_request(known, status, time.perf_counter() - started)
    await send({"type": "http.response.start", "status": status, "headers": _headers(kind, body, more)})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class Gateway:
    """Stands before BentoML's own application and lets nothing through to it but its start and its end."""

    def __init__(self, app: ASGIApp, get_desk: Callable[[], Desk]) -> None:
        self.app, self.get_desk = app, get_desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; only the start and the end of the process go further."""
        if scope["type"] == "http":
            await serve_http(self.get_desk(), scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            if "app" in scope:
                # From here on requests come at once: BentoML's timer and tracing cost each more than the model does.
                scope["app"].middleware_stack = self
            await self.app(scope, receive, send)
