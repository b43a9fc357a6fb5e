"""What goes in and comes out, as JSON schemas made from the bundle's own: as narrow as the service is strict."""

from collections.abc import Mapping, Sequence
from typing import Any

from perennial.data.business_key import LONGEST_KEY
from perennial.serving.answers import SHOWN_PROBLEMS, ServeLimits
from perennial.serving.runtime import Predictor
from perennial.serving.schema import LARGEST, LARGEST_LABEL, Field

TYPES = {"numeric": "number", "boolean": "boolean"}
_DAY = (
    r"(?!0000)[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?!0000)(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|[02468][048]00"
    r"|[13579][26]00)-02-29"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_OFFSET = r"Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?"
INSTANT = f"^(?:{_DAY})(?:[T ]{_CLOCK}(?:{_OFFSET})?)?$"
"""A day there is, and perhaps a time of it: what `read_iso` takes, but for seconds in an offset."""
LARGEST_KEY = 2.0**63
Schema = dict[str, Any]


def describe_field(field: Field, column: Mapping[str, Any]) -> Schema:
    """Return the JSON schema of one input, as `check_value` holds it."""
    schema: Schema = {"type": TYPES.get(field.dtype, "string")}
    if field.dtype == "numeric":
        schema["minimum"] = -LARGEST if field.low is None else field.low
        schema["maximum"] = LARGEST if field.high is None else field.high
    if field.dtype == "datetime":
        bounds = [f"not {word} {bound}" for word, bound in (("before", field.low), ("after", field.high)) if bound]
        schema["pattern"] = INSTANT
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
        return {"type": "number", "minimum": -LARGEST_LABEL, "maximum": LARGEST_LABEL}
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


def _own_key(description: str = "") -> Schema:
    words = f"{description} Printable: no control character, no space but the usual one.".strip()
    return {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "description": words}


def _label(predictor: Predictor) -> Schema:
    names = {"id": "Of a prediction.", "key": "Instead of the id: the key that was sent with the row."}
    when = "ISO-8601; without an offset it is UTC; now where it is not given."
    more = {"label": describe_label(predictor), "known_at": {"type": "string", "pattern": INSTANT, "description": when}}
    return {"anyOf": [_object({name: _own_key(words), **more}, [name, "label"]) for name, words in names.items()]}


def _by_key(key: str, partial: Schema, most: int) -> Schema:
    value = {**_own_key(), "type": ["string", "number"], "minimum": -LARGEST_KEY, "maximum": LARGEST_KEY}
    words = "Keys of rows that are looked up, instead of the rows."
    keys = {"type": "array", "minItems": 1, "maxItems": most, "items": _object({key: value}, [key])}
    return _object({"keys": {**keys, "description": words}, "partial": partial}, ["keys"])


def describe_parts(predictor: Predictor, limits: ServeLimits, key: str) -> dict[str, Schema]:
    """Return every named schema; `key` is what rows are looked up by."""
    columns = {column["name"]: column for column in predictor.document["inputs"]}
    fields = {one.name: describe_field(one, columns[one.name]) for one in predictor.fields}
    prediction, explanation = _answers(predictor, key)
    error = _object({"error": {"$ref": "#/components/schemas/Problem"}}, ["error"])
    model = _object({"version": {"type": "string"}, "bundle": {"type": "string"}}, ["version", "bundle"])

    def answer(name: str) -> Schema:
        items = {"anyOf": [{"$ref": f"#/components/schemas/{name}"}, {"$ref": "#/components/schemas/RefusedRow"}]}
        return _object({"model": model, "predictions": {"type": "array", "items": items}}, ["model", "predictions"])

    own: Schema = {**_own_key(), "type": ["string", "null"]}
    rows = {"type": "array", "minItems": 1, "maxItems": limits.max_rows, "items": {"$ref": "#/components/schemas/Row"}}
    words = "The caller's own key of each row, as many as rows."
    keys = {"type": "array", "items": own, "maxItems": limits.max_rows, "description": words}
    partial = {"type": "boolean", "default": False, "description": "Answer the good rows although others are bad."}
    labels = {"type": "array", "minItems": 1, "maxItems": limits.max_rows, "items": _label(predictor)}
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
        "State": _object({"status": {"type": "string"}}, ["status"]),
        "Anything": {"type": "object"},
    }
