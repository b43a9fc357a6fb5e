"""The verdict: blessed or not, bound to one bundle."""

from collections.abc import Mapping
from typing import Any

from perennial.evaluation.checks import run_checks
from perennial.evaluation.finding import Facts, GateLimits
from perennial.refusal import Refusal


def judge_gate(evaluation: Facts, audit: Facts, released: str | None, limits: GateLimits) -> dict[str, Any]:
    """Return {"bundle", "blessed", "checks"}: blessed when every check passed.

    `released` is the hash of the bundle that `models/champion.json` names, None when nothing is released. Raises
    Refusal when the evaluation was made against another released model.
    """
    compared = (evaluation["champion"] or {}).get("bundle")
    if compared != released:
        raise Refusal(
            f"metrics/evaluation.json compares with the released bundle {compared}, models/champion.json names "
            f"{released}: run `dvc repro evaluate`."
        )
    checks = run_checks(evaluation, audit, limits)
    return {"bundle": evaluation["bundle"], "blessed": all(one["passed"] for one in checks), "checks": checks}


def refusal_reasons(verdict: Mapping[str, Any], bundle: str) -> list[str]:
    """Return why this verdict does not allow the bundle with this hash to be packaged; empty when it does.

    A verdict speaks of one bundle only: a blessing of another is none.
    """
    if verdict["bundle"] != bundle:
        return [f"bundle: the verdict is of bundle {verdict['bundle']}, not of {bundle}: run `dvc repro gate`."]
    reasons = [f"{one['name']}: {one['sentence']}" for one in verdict["checks"] if not one["passed"]]
    if not reasons and verdict["blessed"] is not True:
        return ["blessed: the verdict withholds its blessing and names no failing check: run `dvc repro gate`."]
    return reasons
