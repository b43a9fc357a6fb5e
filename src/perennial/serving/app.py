"""The routes: POST /predict and GET /schema, over whatever predictor the service has loaded."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from perennial.serving.limits import JSON, limit_requests, problem_body
from perennial.serving.runtime import NonFiniteScore, Predictor
from perennial.serving.schema import parse_body, parse_request

SHOWN_PROBLEMS = 50

logger = logging.getLogger("perennial.serving")


@dataclass(frozen=True)
class ServeLimits:
    """What one request may ask: rows, and bytes of its body."""

    max_rows: int
    max_body_bytes: int


def _answer(status: int, body: bytes) -> Response:
    return Response(body, status_code=status, media_type=JSON)


def _refuse(status: int, sentence: str, problems: list[str] | None = None) -> Response:
    return _answer(status, problem_body(sentence, problems))


def answer_predict(predictor: Predictor, limits: ServeLimits, body: bytes) -> Response:
    """Return the predictions of a request's rows, or the first reason to refuse it.

    400 not strict JSON, 413 too many rows, 422 rows that the schema does not take, 500 a score that is not finite.
    """
    try:
        document = parse_body(body)
    except ValueError as error:
        return _refuse(400, f"the body is not JSON ({error}).")
    try:
        rows = parse_request(document)
    except ValueError as error:
        return _refuse(422, f"the request has another shape: {error}.")
    if len(rows) > limits.max_rows:
        return _refuse(413, f"the request has {len(rows)} rows: send at most {limits.max_rows} at once.")
    problems = predictor.check(rows)
    if problems:
        return _refuse(422, f"the rows have {len(problems)} problem(s); none was scored.", problems[:SHOWN_PROBLEMS])
    try:
        predictions = predictor.predict(rows)
    except NonFiniteScore as error:
        logger.error("%s; bundle %s", error, predictor.bundle)
        return _refuse(500, f"{error}: this is the model's fault, not the rows'.")
    model = {"version": predictor.version, "bundle": predictor.bundle}
    return _answer(200, json.dumps({"model": model, "predictions": predictions}, allow_nan=False).encode())


def answer_schema(predictor: Predictor, limits: ServeLimits) -> Response:
    """Return what POST /predict takes, with a row that can be sent as it is."""
    document = {
        "model": {"version": predictor.version, "bundle": predictor.bundle},
        "limits": asdict(limits),
        "example": {"rows": [predictor.example]},
        **predictor.document,
    }
    return _answer(200, json.dumps(document, allow_nan=False).encode())


def build_app(get_predictor: Callable[[], Predictor], limits: ServeLimits) -> Starlette:
    """Return the ASGI application; `get_predictor` is asked at every request, so that it may be loaded later."""

    async def predict(request: Request) -> Response:
        return answer_predict(get_predictor(), limits, await request.body())

    async def schema(_request: Request) -> Response:
        return answer_schema(get_predictor(), limits)

    return Starlette(
        routes=[Route("/predict", predict, methods=["POST"]), Route("/schema", schema, methods=["GET"])],
        middleware=[Middleware(limit_requests, max_bytes=limits.max_body_bytes)],
    )
