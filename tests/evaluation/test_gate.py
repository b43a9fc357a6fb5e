"""The verdict and what it allows."""

from typing import Any

import pytest

from perennial.evaluation.gate import judge_gate, refusal_reasons
from perennial.refusal import Refusal
from tests.evaluation.world import AUDIT, LIMITS, evaluate_world, failing_checks, predict_honestly, simulate_days

ROWS = simulate_days(3)
HONEST = evaluate_world(ROWS, predict_honestly(ROWS))


def test_blessed_when_every_check_passed_and_bound_to_the_bundle() -> None:
    verdict = judge_gate(HONEST, AUDIT, None, LIMITS)
    assert (verdict["bundle"], verdict["blessed"]) == (HONEST["bundle"], True)
    assert failing_checks(verdict) == []


def test_one_failing_check_withholds_the_blessing() -> None:
    verdict = judge_gate(HONEST | {"overlap_rows": 1}, AUDIT, None, LIMITS)
    assert not verdict["blessed"]
    assert failing_checks(verdict) == ["overlap"]


@pytest.mark.parametrize(("compared", "released"), [(None, "c"), ("c", None), ("c", "d")])
def test_an_evaluation_against_another_released_model_is_refused(compared: str | None, released: str | None) -> None:
    champion = None if compared is None else {"bundle": compared, "same": False, "obstacle": "none"}
    with pytest.raises(Refusal, match="run `dvc repro evaluate`"):
        judge_gate(HONEST | {"champion": champion}, AUDIT, released, LIMITS)


@pytest.mark.parametrize(
    ("change", "bundle", "reasons"),
    [
        ({}, "b", []),
        ({}, "x", ["bundle: the verdict is of bundle b, not of x: run `dvc repro gate`."]),
        ({"checks": [{"name": "slices", "passed": False, "sentence": "Bad."}]}, "b", ["slices: Bad."]),
        (
            {"blessed": False},
            "b",
            ["blessed: the verdict withholds its blessing and names no failing check: run `dvc repro gate`."],
        ),
    ],
)
def test_reasons(change: dict[str, Any], bundle: str, reasons: list[str]) -> None:
    assert refusal_reasons({"bundle": "b", "blessed": True, "checks": [], **change}, bundle) == reasons
