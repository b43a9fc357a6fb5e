import json
from typing import Any

import numpy as np
import pytest

from perennial.evaluation.rehearsal import (
    Request,
    check_sums,
    compare_scores,
    find_fault,
    hold_budget,
    is_taken,
    list_bad_requests,
    read_scores,
    rehearsal_reasons,
)
from perennial.refusal import Refusal
from tests.tiny import INPUTS, ROW

ALLOWED = {"name": "origin", "dtype": "category", "nullable": False, "range": None, "allowed": ["EWR"]}
TEXT_ONLY = [{"name": "carrier", "dtype": "category", "nullable": True, "range": None, "allowed": None}]


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        ({}, True),
        ({"distance": None}, True),
        ({"holiday": None}, False),
        ({"carrier": "never seen"}, True),
        ({"origin": "never seen"}, False),
        ({"origin": None}, False),
    ],
)
def test_which_golden_rows_the_service_must_take(change: dict[str, Any], taken: bool) -> None:
    assert is_taken([*INPUTS, ALLOWED], {**ROW, "origin": "EWR", **change}) is taken


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


TOLD = {"raw": 1.0, "base": 0.25, "contributions": {"x": 0.5, "y": 0.25}}
TOLD_OF_CLASSES = {
    "raw": {"a": 1.0, "b": 0.0},
    "base": {"a": 0.5, "b": 0.0},
    "contributions": {"x": {"a": 0.5, "b": 0.0}},
}


def test_explanations_that_add_up_pass() -> None:
    assert check_sums([TOLD, TOLD_OF_CLASSES]) == "2 explanations add up to their raw scores, within 1e-09."


@pytest.mark.parametrize("told", [TOLD | {"raw": 1.00000001}, TOLD_OF_CLASSES | {"base": {"a": 0.5, "b": 0.1}}])
def test_explanations_that_do_not_add_up_are_refused(told: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="the explanation of row 1 adds up to"):
        check_sums([TOLD, told])


def test_scores_are_read_in_the_order_of_the_classes() -> None:
    answers = [{"score": 0.7, "scores": {"b": 0.7, "a": 0.3}}]
    assert read_scores(answers, ("a", "b"), "multiclass").tolist() == [[0.3, 0.7]]
    assert read_scores(answers, (False, True), "binary").tolist() == [0.7]


def test_bounds_are_read_beside_their_score() -> None:
    answers = [{"score": 2.0, "lower": 1.0, "upper": 4.0}, {"score": 3.0, "lower": 2.0, "upper": 5.0}]
    assert read_scores(answers, (), "regression").tolist() == [[2.0, 1.0, 4.0], [3.0, 2.0, 5.0]]


@pytest.mark.parametrize("shift", [0.0, 9e-10])
def test_equal_scores_pass(shift: float) -> None:
    assert compare_scores(np.array([0.5, 0.2]), np.array([0.5, 0.2 + shift])) == (
        "2 rows answered over HTTP as offline, within 1e-09."
    )


@pytest.mark.parametrize(
    ("expected", "got", "sentence"),
    [
        ([0.5, 0.2], [0.5, 0.2 + 2e-9], "1 of 2 rows are answered differently over HTTP, first row 1"),
        ([0.5, 0.2], [float("nan"), 0.2], "1 of 2 rows are answered differently over HTTP, first row 0: nan"),
        ([[0.5, 0.5]], [[0.4, 0.6]], "first row 0"),
        ([0.5, 0.2], [0.5], "answered 1 rows with 2 asked"),
        ([[0.5, 0.2, 0.9]], [0.5], "without the bounds that the model has"),
    ],
)
def test_other_scores_are_refused(expected: Any, got: Any, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        compare_scores(np.array(expected), np.array(got))


def test_a_sentence_about_a_budget_holds_no_measurement() -> None:
    assert hold_budget("Memory", 123.456, 800, "MB") == "Memory is within its budget of 800 MB."
    with pytest.raises(Refusal, match="Memory is above its budget of 100 MB"):
        hold_budget("Memory", 123.456, 100, "MB")


CHECKS = [
    {"name": "started", "passed": True, "sentence": "a"},
    {"name": "bad_input", "passed": False, "sentence": "b."},
]


@pytest.mark.parametrize(
    ("rehearsal", "reasons"),
    [
        ({"rehearsed": True, "bundle": "x", "checks": CHECKS[:1]}, []),
        ({"rehearsed": True, "bundle": "x", "checks": CHECKS}, ["rehearsal, bad_input: b."]),
        ({"rehearsed": False, "reason": "nothing was packaged"}, ["rehearsal: nothing was packaged"]),
        (
            {"rehearsed": True, "bundle": "y", "checks": []},
            ["rehearsal: it was of bundle y, not of x: run `dvc repro rehearse`."],
        ),
    ],
)
def test_why_a_rehearsal_holds_a_bundle_back(rehearsal: dict[str, Any], reasons: list[str]) -> None:
    assert rehearsal_reasons(rehearsal, "x") == reasons
