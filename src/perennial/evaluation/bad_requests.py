"""A table of bad requests, each with the answer that it must get, and what is wrong with another one."""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JSON = "application/json"
PROBLEM = "application/problem+json"

Row = Mapping[str, Any]
Inputs = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Request:
    """One request of the table, and the status that its answer must have."""

    name: str
    status: int
    body: bytes
    kind: str = JSON
    warned: str | None = None
    """The column that a 200 must carry a warning about."""
    path: str = "/predict"
    method: str = "POST"
    coding: str | None = None
    spared: int | None = None
    """The position of the one bad row that a 200 must refuse among good ones."""


def encode_rows(rows: Iterable[Row]) -> bytes:
    """Return the body of a request for these rows."""
    return json.dumps({"rows": list(rows)}).encode()


def _wrong_type(inputs: Inputs, row: Row) -> Iterator[Request]:
    wrong: dict[str, dict[str, Any]] = {
        "numeric": {"numeric text": "1.5", "boolean as number": True, "list as number": [1.5]},
        "boolean": {"number as boolean": 1, "text as boolean": "true"},
        "category": {"number as category": 1.5},
        "datetime": {"number as datetime": 1372680000, "text that is no datetime": "yesterday"},
    }
    for dtype, values in wrong.items():
        for name in [column["name"] for column in inputs if column["dtype"] == dtype][:1]:
            for title, value in values.items():
                yield Request(title, 422, encode_rows([{**row, name: value}]))


def _wrong_number(inputs: Inputs, row: Row) -> Iterator[Request]:
    for column in [column for column in inputs if column["dtype"] == "numeric"][:1]:
        name = column["name"]
        text = json.dumps({"rows": [{**row, name: "@"}]})
        for literal, status in (("NaN", 400), ("Infinity", 400), ("1e999", 422), ("1e308", 422), ("-1e308", 422)):
            yield Request(literal, status, text.replace('"@"', literal).encode())
    for column in inputs:
        high = (column["range"] or (None, None))[1]
        if column["dtype"] == "numeric" and high is not None:
            beyond = math.nextafter(high, math.inf)
            yield Request("out of range", 422, encode_rows([{**row, column["name"]: beyond}]))
            return


def _wrong_category(inputs: Inputs, row: Row, known: Collection[str] | None) -> Iterator[Request]:
    strange = "never seen \u2708"
    found = [column for column in inputs if column["dtype"] == "category"]
    free = [column["name"] for column in found if not column["allowed"]]
    for name in [name for name in free if known is None or name in known][:1]:
        yield Request("unseen category", 200, encode_rows([{**row, name: strange}]), warned=name)
    for column in [column for column in found if column["allowed"]][:1]:
        yield Request("category not allowed", 422, encode_rows([{**row, column["name"]: strange}]))


def _wrong_columns(inputs: Inputs, row: Row) -> Iterator[Request]:
    first = inputs[0]["name"]
    yield Request("missing column", 422, encode_rows([{name: row[name] for name in row if name != first}]))
    yield Request("extra column", 422, encode_rows([{**row, "no such column": 1}]))
    yield Request("one bad row among good ones", 422, encode_rows([row, {}, row]))
    for column in [column for column in inputs if not column["nullable"]][:1]:
        yield Request("null where a value must be", 422, encode_rows([{**row, column["name"]: None}]))


def _wrong_shape(row: Row, max_rows: int, max_body_bytes: int) -> Iterator[Request]:
    good = encode_rows([row])
    yield Request("too many rows", 413, encode_rows([{}] * (max_rows + 1)))
    yield Request("too large a body", 413, good + b" " * max_body_bytes)
    yield Request("wrong content type", 415, good, kind="text/csv")
    yield Request("no content type", 415, good, kind="")
    yield Request("not JSON", 400, b"rows=1")
    yield Request("cut off", 400, good[:-2])
    yield Request("not UTF-8", 400, b'{"rows": "\xff"}')
    yield Request("empty body", 400, b"")
    yield Request("key named twice", 400, b'{"rows": [], "rows": []}')
    yield Request("nested too deeply", 400, b"[" * min(50000, max_body_bytes))
    yield Request("no rows", 422, b'{"rows": []}')
    yield Request("a list instead of an object", 422, b"[]")
    yield Request("row that is no object", 422, b'{"rows": [1]}')
    yield Request("unknown key", 422, good[:-1] + b', "model": 1}')
    yield Request("other number of keys", 422, good[:-1] + b', "keys": []}')
    yield Request("key that is no text", 422, good[:-1] + b', "keys": [1]}')
    yield Request("partial that is no boolean", 422, good[:-1] + b', "partial": 1}')
    yield Request("encoded body", 415, good, coding="gzip")


def _partly_wrong(row: Row) -> Iterator[Request]:
    body = encode_rows([row, {}, row])[:-1] + b', "partial": true}'
    yield Request("one bad row, partial", 200, body, spared=1)


def _wrong_place(row: Row) -> Iterator[Request]:
    good = encode_rows([row])
    yield Request("no such route", 404, good, path="/predictions")
    yield Request("something behind the address", 400, good, path="/predict?partial=true")
    yield Request("no such method", 405, b"", method="GET")
    yield Request("bad row to explain", 422, encode_rows([{}]), path="/explain")
    yield Request("label without a prediction", 422, b'{"labels": [{"label": 1}]}', path="/feedback")
    yield Request("label with an unknown key", 422, b'{"labels": [{"id": "x", "row": 1}]}', path="/feedback")
    yield Request("no labels", 422, b'{"labels": []}', path="/feedback")


def list_bad_requests(
    inputs: Inputs, row: Row, *, max_rows: int, max_body_bytes: int, known: Collection[str] | None = None
) -> list[Request]:
    """Return the table of bad input for a service with these inputs, made from one good row.

    A kind of fault that no column allows (no number, no category, no range) is left out. `known` are the categories
    whose levels the model holds, so that it warns of others: None for all, not those that it leaves out.
    """
    return [
        *_wrong_columns(inputs, row),
        *_wrong_type(inputs, row),
        *_wrong_number(inputs, row),
        *_wrong_category(inputs, row, known),
        *_wrong_shape(row, max_rows, max_body_bytes),
        *_partly_wrong(row),
        *_wrong_place(row),
    ]


def _find_misanswer(request: Request, answer: Row) -> str | None:
    if request.spared is not None:
        refused = [place for place, one in enumerate(answer["predictions"]) if "error" in one]
        return None if refused == [request.spared] else f"{request.name}: refused the rows {refused}"
    if request.warned is not None:
        warnings = answer["predictions"][0]["warnings"]
        warned = any(str(warning).startswith(f"{request.warned} ") for warning in warnings)
        return None if warned else f"{request.name}: no warning about {request.warned}"
    return None


def _read_object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def find_fault(request: Request, status: int, kind: str, body: bytes) -> str | None:
    """Return what is wrong with the answer to a request of the table, or None; a refusal is as RFC 9457 says."""
    if status != request.status:
        return f"{request.name}: answered {status}, not {request.status}"
    answer = _read_object(body)
    if status == 200:
        return f"{request.name}: answered with no object" if answer is None else _find_misanswer(request, answer)
    if answer is None or kind != PROBLEM or answer.get("status") != status:
        return f"{request.name}: refused otherwise than RFC 9457 says"
    return None if answer.get("detail") else f"{request.name}: refused without a sentence"
