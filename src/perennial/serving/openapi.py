"""What the service promises, as OpenAPI 3.1, made from the bundle's own schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from perennial.data.business_key import LONGEST_KEY
from perennial.serving.answers import SHOWN_PROBLEMS, ServeLimits
from perennial.serving.problems import PROBLEM
from perennial.serving.runtime import Predictor
from perennial.serving.schema import LARGEST, Field

JSON = "application/json"
WORDS = {
    400: "The body is not strict JSON.",
    401: "No API key, or one that nobody has.",
    403: "The API key may not do this.",
    404: "A key is of no row in the feature table.",
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
TYPES = {"numeric": "number", "boolean": "boolean"}
Schema = dict[str, Any]


def describe_field(field: Field, column: Mapping[str, Any]) -> Schema:
    """Return the JSON schema of one input, as `check_value` holds it."""
    schema: Schema = {"type": TYPES.get(field.dtype, "string")}
    if field.dtype == "numeric":
        schema["minimum"] = -LARGEST if field.low is None else field.low
        schema["maximum"] = LARGEST if field.high is None else field.high
    if field.dtype == "datetime":
        bounds = [f"not {word} {bound}" for word, bound in (("before", field.low), ("after", field.high)) if bound]
        schema["description"] = ", ".join(["ISO-8601 date and time; without an offset it is UTC", *bounds])
    if field.allowed:
        schema["enum"] = [*field.allowed, *([None] if field.nullable else [])]
    if field.nullable:
        schema["type"] = [schema["type"], "null"]
    words = [column.get("description"), f"Unit: {column['unit']}." if column.get("unit") else None]
    if said := " ".join(word for word in (*words, schema.get("description")) if word):
        schema["description"] = said
    return schema


def _object(properties: Mapping[str, Schema], required: Sequence[str]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def describe_label(predictor: Predictor) -> Schema:
    """Return the JSON schema of a label."""
    if predictor.model.task == "regression":
        return {"type": "number"}
    return {"enum": list(predictor.model.classes)}


def _answers(predictor: Predictor, key: str) -> tuple[Schema, Schema]:
    several = predictor.model.task == "multiclass"
    number: Schema = {"type": "number"}
    numbers = {"type": "object", "additionalProperties": number} if several else number
    properties: Schema = {
        "id": {"type": "string", "description": "Of this prediction; send it back with the label."},
        "model": {"type": "string"},
        "lane": {"type": "string"},
        "score": number,
        "decision": describe_label(predictor),
        "warnings": {"type": "array", "items": {"type": "string"}},
    }
    if several:
        properties["scores"] = numbers
    if predictor.model.bounds is not None:
        properties |= {"lower": number, "upper": number}
    always = list(properties)
    if key:
        taken = {"type": ["string", "null"], "description": "When the decision of a looked-up row is taken, ISO-8601."}
        known = {"type": ["string", "null"], "description": "When what the row holds was known; sooner, it is early."}
        age = {"type": ["number", "null"], "description": "Seconds since then."}
        properties |= {"decision_at": taken, "known_at": known, "age_seconds": age}
    parts = {
        "raw": numbers,
        "base": numbers,
        "contributions": {"type": "object", "additionalProperties": numbers},
    }
    return _object(properties, always), _object({**properties, **parts}, [*always, *parts])


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


def _by_key(key: str, partial: Schema, most: int) -> Schema:
    value = {"type": ["string", "number"], "minLength": 1, "maxLength": LONGEST_KEY}
    words = "Keys of rows that are looked up, instead of the rows."
    keys = {"type": "array", "minItems": 1, "maxItems": most, "items": _object({key: value}, [key])}
    return _object({"keys": {**keys, "description": words}, "partial": partial}, ["keys"])


def _components(predictor: Predictor, limits: ServeLimits, key: str) -> Schema:
    columns = {column["name"]: column for column in predictor.document["inputs"]}
    fields = {one.name: describe_field(one, columns[one.name]) for one in predictor.fields}
    prediction, explanation = _answers(predictor, key)
    error = _object({"error": {"$ref": "#/components/schemas/Problem"}}, ["error"])
    model = _object({"version": {"type": "string"}, "bundle": {"type": "string"}}, ["version", "bundle"])

    def answer(name: str) -> Schema:
        items = {"anyOf": [{"$ref": f"#/components/schemas/{name}"}, {"$ref": "#/components/schemas/RefusedRow"}]}
        return _object({"model": model, "predictions": {"type": "array", "items": items}}, ["model", "predictions"])

    own: Schema = {"type": ["string", "null"], "minLength": 1, "maxLength": LONGEST_KEY}
    rows = {"type": "array", "minItems": 1, "maxItems": limits.max_rows, "items": {"$ref": "#/components/schemas/Row"}}
    keys = {"type": "array", "items": own, "description": "The caller's own key of each row, as many as rows."}
    partial = {"type": "boolean", "default": False, "description": "Answer the good rows although others are bad."}
    label = {
        "id": {"type": "string", "description": "Of a prediction."},
        "key": {"type": "string", "description": "Instead of the id: the key that was sent with the row."},
        "label": describe_label(predictor),
        "known_at": {"type": "string", "description": "ISO-8601; now where it is not given."},
    }
    labels = {"type": "array", "minItems": 1, "maxItems": limits.max_rows, "items": _object(label, ["label"])}
    texts = {"type": "array", "items": {"type": "string"}, "maxItems": SHOWN_PROBLEMS}
    problem = {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}}
    by_row = _object({"rows": rows, "keys": keys, "partial": partial}, ["rows"])
    request = {"anyOf": [by_row, _by_key(key, partial, limits.max_rows)]} if key else by_row
    return {
        "Row": _object(fields, list(fields)),
        "Request": request,
        "Prediction": prediction,
        "Explanation": explanation,
        "RefusedRow": error,
        "Predictions": answer("Prediction"),
        "Explanations": answer("Explanation"),
        "Feedback": _object({"labels": labels}, ["labels"]),
        "Recorded": _object({"recorded": {"type": "integer"}}, ["recorded"]),
        "Problem": _object({**problem, "detail": {"type": "string"}, "problems": texts}, [*problem, "detail"]),
        "Anything": {"type": "object"},
    }


def _operation(name: str, words: str, responses: Schema, body: str = "") -> Schema:
    found: Schema = {"operationId": name, "summary": words, "responses": responses}
    return {**found, "requestBody": _body(body)} if body else found


def describe_service(predictor: Predictor, limits: ServeLimits, guarded: bool, key: str = "") -> Schema:
    """Return the OpenAPI document; `guarded` says whether API keys are asked for, `key` what rows are looked up by."""
    guard = (401, 403) if guarded else ()
    asked = (400, *guard, 408, 413, 415, 422, 429, 500, 503, 504)
    told = tuple(status for status in (*guard, 503))
    example = {"rows": [dict(predictor.example)]}
    found = tuple(sorted({*asked, 404, 409} if key else asked))
    predict = _operation("predict", "Score and decide rows.", _responses("Predictions", found), "Request")
    told_why = _responses("Explanations", tuple(sorted({*found, 501})))
    explain = _operation("explain", "Score rows and say what each input adds.", told_why, "Request")
    for one in (predict, explain):
        one["requestBody"]["content"][JSON]["example"] = example
    statuses = tuple(status for status in asked if status != 500)
    feedback = _operation("feedback", "Send labels.", _responses("Recorded", statuses), "Feedback")
    model = _operation("model", "Card, version, schema, verdict.", _responses("Anything", told))
    schema = _operation("schema", "What POST /predict takes, with an example.", _responses("Anything", told))
    document: Schema = {
        "openapi": "3.1.0",
        "info": {"title": f"Perennial: {predictor.model.target}", "version": predictor.version},
        "paths": {
            "/predict": {"post": predict},
            "/explain": {"post": explain},
            "/feedback": {"post": feedback},
            "/model": {"get": model},
            "/schema": {"get": schema},
        },
        "components": {"schemas": _components(predictor, limits, key)},
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
