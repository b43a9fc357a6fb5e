"""An honest evaluation, and its copies with one place changed, for the tests of the checks."""

from dataclasses import replace
from typing import Any

from perennial.evaluation.checks import CHECKS
from perennial.evaluation.finding import Finding
from tests.evaluation.world import AUDIT, LIMITS, evaluate_world, predict_honestly, simulate_days

ROWS = simulate_days(3)
HONEST = evaluate_world(ROWS, predict_honestly(ROWS), champion=predict_honestly(ROWS, seed=9))


def changed(facts: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy with one place, given by dotted names and numbers, set to another value."""
    name, _, rest = path.partition(".")
    if isinstance(facts, list):
        return [changed(one, rest, value) if n == int(name) and rest else one for n, one in enumerate(facts)]
    return {**facts, name: changed(facts[name], rest, value) if rest else value}


def found(name: str, path: str | None = None, value: Any = None, **limits: Any) -> Finding:
    evaluation = HONEST if path is None else changed(HONEST, path, value)
    finding = CHECKS[name](evaluation, AUDIT, replace(LIMITS, **limits))
    assert finding is not None
    return finding
