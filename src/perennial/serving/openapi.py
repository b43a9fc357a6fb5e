"""What the service promises, as OpenAPI 3.1, made from the bundle's own schema."""

from collections.abc import Sequence

from perennial.serving.answers import ServeLimits
from perennial.serving.problems import PROBLEM
from perennial.serving.runtime import Predictor
from perennial.serving.shapes import Schema, describe_parts

JSON = "application/json"
WORDS = {
    400: "The body is not strict JSON.",
    401: "No API key, or one that nobody has.",
    403: "The API key may not do this.",
    404: "A key is of no row in the feature table, or a label of no recorded prediction.",
    408: "The body did not come in time.",
    409: "A row that was looked up is too old, or not what this model takes.",
    413: "Too many rows, or too large a body.",
    415: "The body is not said to be JSON.",
    422: "The rows are not what the model takes; `problems` says what is wrong where.",
    429: "This caller has too many requests open; see Retry-After.",
    500: "The model answered with a number that is not finite.",
    501: "This model's score is no sum over inputs.",
    503: "Busy, ending, or the log cannot be written; see Retry-After.",
    504: "It took too long.",
}
TEXT = "text/plain"


def _body(name: str) -> Schema:
    return {"required": True, "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


def _responses(name: str, statuses: Sequence[int], words: str = "Answered.") -> Schema:
    found: Schema = {
        "200": {"description": words, "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
    }
    problem = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    retry = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    for status in statuses:
        found[str(status)] = {"description": WORDS[status], "content": problem}
        if status in (429, 503):
            found[str(status)]["headers"] = retry
    return found


def _operation(name: str, words: str, responses: Schema, body: str = "") -> Schema:
    found: Schema = {"operationId": name, "summary": words, "responses": responses}
    return {**found, "requestBody": _body(body)} if body else found


def _asking(predictor: Predictor, guard: tuple[int, ...], key: str) -> Schema:
    """Return the operations that take a body."""
    asked = (400, *guard, 408, 413, 415, 422, 429, 500, 503, 504)
    found = tuple(sorted({*asked, 404, 409} if key else asked))
    predict = _operation("predict", "Score and decide rows.", _responses("Predictions", found), "Request")
    told_why = _responses("Explanations", tuple(sorted({*found, 501})))
    explain = _operation("explain", "Score rows and say what each input adds.", told_why, "Request")
    label = 0.0 if predictor.model.task == "regression" else predictor.model.classes[0]
    later = {"labels": [{"id": "$response.body#/predictions/0/id", "label": label}]}
    words = "The label of the first row, once it is known."
    for one in (predict, explain):
        one["requestBody"]["content"][JSON]["example"] = {"rows": [dict(predictor.example)]}
        link = {"operationId": "feedback", "requestBody": later, "description": words}
        one["responses"]["200"]["links"] = {"label": link}
    statuses = tuple(sorted({*asked, 404} - {500}))
    feedback = _operation("feedback", "Send labels.", _responses("Recorded", statuses), "Feedback")
    return {"/predict": {"post": predict}, "/explain": {"post": explain}, "/feedback": {"post": feedback}}


def _telling(guard: tuple[int, ...]) -> Schema:
    """Return the operations that only show; the probes never ask for a key."""
    told = _responses("Anything", (*guard, 503))
    model = _operation("model", "Card, version, schema, verdict.", told)
    schema = _operation("schema", "What POST /predict takes, with an example.", told)
    figures: Schema = {"200": {"description": "Figures.", "content": {TEXT: {"schema": {"type": "string"}}}}}
    metrics = _operation("metrics", "What Prometheus scrapes.", {**_responses("Anything", guard), **figures})
    alive = _operation("livez", "Whether the process runs.", _responses("State", ()))
    ready = _operation("readyz", "Whether a balancer should send requests here.", _responses("State", (503,)))
    probes = {"/livez": {"get": {**alive, "security": []}}, "/readyz": {"get": {**ready, "security": []}}}
    return {"/model": {"get": model}, "/schema": {"get": schema}, "/metrics": {"get": metrics}, **probes}


def describe_service(predictor: Predictor, limits: ServeLimits, guarded: bool, key: str = "") -> Schema:
    """Return the OpenAPI document; `guarded` says whether API keys are asked for, `key` what rows are looked up by."""
    guard = (401, 403) if guarded else ()
    document: Schema = {
        "openapi": "3.1.0",
        "info": {"title": f"Perennial: {predictor.model.target}", "version": predictor.version},
        "paths": {**_asking(predictor, guard, key), **_telling(guard)},
        "components": {"schemas": describe_parts(predictor, limits, key)},
    }
    if guarded:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
    return document


def describe_client(predictor: Predictor, limits: ServeLimits) -> Schema:
    """Return what BentoML's own client reads to know the routes (`/schema.json`)."""
    document = describe_service(predictor, limits, guarded=False)
    parts = document["components"]["schemas"]

    def route(name: str, taken: str, given: str) -> Schema:
        return {"name": name, "route": f"/{name}", "input": parts[taken], "output": parts[given], "doc": None}

    asked = (("predict", "Request", "Predictions"), ("explain", "Request", "Explanations"))
    routes = [route(*names) for names in (*asked, ("feedback", "Feedback", "Recorded"))]
    return {"name": "perennial", "type": "service", "routes": routes}
