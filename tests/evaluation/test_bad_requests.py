import json
from typing import Any

import pytest

from perennial.evaluation.bad_requests import Request, find_fault, list_bad_requests
from tests.tiny import INPUTS, ROW

ALLOWED = {"name": "origin", "dtype": "category", "nullable": False, "range": None, "allowed": ["EWR"]}
TEXT_ONLY = [{"name": "carrier", "dtype": "category", "nullable": True, "range": None, "allowed": None}]


def test_the_table_names_every_kind_of_bad_input() -> None:
    table = list_bad_requests([*INPUTS, ALLOWED], {**ROW, "origin": "EWR"}, max_rows=5, max_body_bytes=1000)
    assert {request.name: request.status for request in table} == {
        "missing column": 422,
        "extra column": 422,
        "one bad row among good ones": 422,
        "null where a value must be": 422,
        "numeric text": 422,
        "boolean as number": 422,
        "list as number": 422,
        "number as boolean": 422,
        "text as boolean": 422,
        "number as category": 422,
        "number as datetime": 422,
        "text that is no datetime": 422,
        "NaN": 400,
        "Infinity": 400,
        "1e999": 422,
        "1e308": 422,
        "-1e308": 422,
        "out of range": 422,
        "unseen category": 200,
        "category not allowed": 422,
        "too many rows": 413,
        "too large a body": 413,
        "wrong content type": 415,
        "no content type": 415,
        "not JSON": 400,
        "cut off": 400,
        "not UTF-8": 400,
        "empty body": 400,
        "key named twice": 400,
        "nested too deeply": 400,
        "no rows": 422,
        "a list instead of an object": 422,
        "row that is no object": 422,
        "unknown key": 422,
        "other number of keys": 422,
        "key that is no text": 422,
        "partial that is no boolean": 422,
        "encoded body": 415,
        "one bad row, partial": 200,
        "no such route": 404,
        "something behind the address": 400,
        "no such method": 405,
        "bad row to explain": 422,
        "label without a prediction": 422,
        "label with an unknown key": 422,
        "no labels": 422,
    }
    assert len(table) == len({request.name for request in table})


def test_what_no_column_allows_is_left_out() -> None:
    names = {
        request.name for request in list_bad_requests(TEXT_ONLY, {"carrier": "UA"}, max_rows=5, max_body_bytes=999)
    }
    assert names.isdisjoint(
        {"NaN", "out of range", "numeric text", "null where a value must be", "category not allowed"}
    )
    assert {"unseen category", "number as category", "missing column"} <= names


def test_of_a_category_that_the_model_leaves_out_no_warning_is_asked() -> None:
    def warned(known: list[str] | None) -> list[str | None]:
        table = list_bad_requests(TEXT_ONLY, {"carrier": "UA"}, max_rows=5, max_body_bytes=999, known=known)
        return [request.warned for request in table if request.warned]

    assert warned(None) == warned(["carrier"]) == ["carrier"]
    assert warned([]) == []


REFUSED = Request("NaN", 400, b"")
WARNED = Request("unseen category", 200, b"", warned="carrier")
SPARED = Request("one bad row", 200, b"", spared=1)
GOOD_ROW: dict[str, Any] = {"warnings": []}


@pytest.mark.parametrize(
    ("request_", "status", "answer", "fault"),
    [
        (REFUSED, 400, {"detail": "x.", "status": 400}, None),
        (REFUSED, 200, {}, "NaN: answered 200, not 400"),
        (REFUSED, 400, {"status": 400}, "NaN: refused without a sentence"),
        (REFUSED, 400, {"detail": "x."}, "NaN: refused otherwise than RFC 9457 says"),
        (REFUSED, 400, ["x."], "NaN: refused otherwise than RFC 9457 says"),
        (SPARED, 200, {"predictions": [GOOD_ROW, {"error": {}}, GOOD_ROW]}, None),
        (
            SPARED,
            200,
            {"predictions": [GOOD_ROW, {"error": {}}, {"error": {}}]},
            "one bad row: refused the rows [1, 2]",
        ),
        (WARNED, 200, {"predictions": [{"warnings": ["carrier was rare"]}]}, None),
        (
            WARNED,
            200,
            {"predictions": [{"warnings": ["carrier2 was rare"]}]},
            "unseen category: no warning about carrier",
        ),
        (WARNED, 422, {"detail": "x."}, "unseen category: answered 422, not 200"),
    ],
)
def test_faults_of_answers(request_: Request, status: int, answer: Any, fault: str | None) -> None:
    assert find_fault(request_, status, "application/problem+json", json.dumps(answer).encode()) == fault


def test_a_refusal_of_another_kind_is_a_fault() -> None:
    body = b'{"detail": "x.", "status": 400}'
    assert find_fault(REFUSED, 400, "application/json", body) == "NaN: refused otherwise than RFC 9457 says"


@pytest.mark.parametrize("body", [b"", b"Not Found", b"\xff", b"[]"])
def test_an_answer_that_is_no_object_is_a_fault_of_its_request_alone(body: bytes) -> None:
    kind = "application/problem+json"
    assert find_fault(REFUSED, 400, kind, body) == "NaN: refused otherwise than RFC 9457 says"
    assert find_fault(WARNED, 200, kind, body) == "unseen category: answered with no object"
