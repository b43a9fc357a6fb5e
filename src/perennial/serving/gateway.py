"""The hot path: routes, keys and whatever goes wrong, in one ASGI application before BentoML's own."""

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from perennial.serving.calls import Answer, Call, Handler
from perennial.serving.desk import Desk
from perennial.serving.documents import HTML, say_alive, say_ready, show_document, show_metrics, show_page
from perennial.serving.feedback import feedback
from perennial.serving.page import POLICY
from perennial.serving.predicting import explain, predict
from perennial.serving.problems import PROBLEM, Problem, render_problem

logger = logging.getLogger("perennial.serving")


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
