"""The first page: what is decided and what errors cost, and whether the model may be used."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import Section, Table, Terms, Text, Tile, Tiles, Verdict, keep
from perennial.report.words import (
    humanise,
    interval,
    is_number,
    listed,
    number,
    percent,
    percent_interval,
    pick,
    plain,
    plural,
)

Facts = dict[str, Any]


def tell_problem(facts: Facts) -> Section:
    """What is decided, for whom, when, and what each kind of error costs."""
    problem = facts["problem"]
    names = ("decision", "audience", "moment", "label", "label_delay")
    titles = ("Decision", "Who decides", "When", "Outcome", "Outcome known")
    pairs = [(title, str(problem[name])) for title, name in zip(titles, names, strict=True) if problem.get(name)]
    success = problem.get("success")
    if is_number(success):
        least = percent(success, 0 if (100 * success).is_integer() else 1)
        pairs.append(("Worth having", f"at least {least} better than a constant guess on {metric_name(facts)}"))
    return Section("problem", "The problem", keep(Terms(tuple(pairs)), *tell_costs(facts)))


def tell_costs(facts: Facts) -> tuple[Text | Table, ...]:
    """The price of each kind of error as a sentence and a table; nothing for tasks without two kinds."""
    costs = pick(facts, "problem", "costs", default={})
    alarm, miss = costs.get("false_positive"), costs.get("false_negative")
    if pick(facts, "problem", "task") != "binary" or not (is_number(alarm) and is_number(miss) and alarm > 0):
        return ()
    sentence = f"Missing a case costs {plain(miss / alarm, 3)} times as much as a false alarm."
    if alarm > miss > 0:
        sentence = f"A false alarm costs {plain(alarm / miss, 3)} times as much as missing a case."
    head = ("", "it happens", "it does not happen")
    rows = (("we say it will", "0", plain(alarm)), ("we say it will not", plain(miss), "0"))
    return Text(sentence), Table(head, rows, caption="What one decision costs")


def metric_name(facts: Facts) -> str:
    """The primary score in words."""
    return humanise(pick(facts, "problem", "metric", default="log_loss")).lower().replace("rmse", "RMSE")


def tell_verdict(facts: Facts) -> Section:
    """Blessed or not, why, and the four figures to see first."""
    gate = facts.get("gate") or {}
    checks = gate.get("checks") or []
    failing = [check for check in checks if not check.get("passed")]
    reasons = Table(
        ("Failed check", "What was found"), tuple((humanise(c["name"]), explain_check(c)) for c in failing), 2
    )
    return Section("verdict", "The verdict", keep(judge(gate, checks, failing), tiles(facts), reasons))


def judge(gate: Facts, checks: list[Facts], failing: list[Facts]) -> Verdict:
    """The verdict in one symbol, word and sentence."""
    if not gate:
        return Verdict("open", "Not judged yet", "The gate has not run: there is no verdict about this model.")
    if gate.get("blessed"):
        judged = sum(check.get("judged", True) for check in checks)
        return Verdict("passed", "Blessed", f"All {plural(judged, 'check')} passed. This model may be released.")
    names = listed([humanise(check["name"]).lower() for check in failing])
    many = f"{number(len(failing))} of {plural(len(checks), 'check')} failed: {names}."
    return Verdict("failed", "Not blessed", f"{many} This model must not be released.")


def explain_check(check: Facts) -> str:
    """The check's own sentence, or its numbers."""
    return str(check.get("sentence") or f"{number(check.get('value'))} against {number(check.get('threshold'))}")


def tiles(facts: Facts) -> Tiles | None:
    """Primary score, one ranking score, decision cost, calibration: those that exist."""
    task = pick(facts, "problem", "task", default="binary")
    second = {"binary": "auc", "multiclass": "accuracy", "regression": "r2"}[task]
    calibration = "scaled_calibration_error" if task == "regression" else "calibration_error"
    primary = pick(facts, "problem", "metric", default="log_loss")
    shown = [score_tile(facts, name) for name in (primary, second)]
    shown += [improvement_tile(facts), score_tile(facts, calibration)]
    kept = tuple(tile for tile in shown if tile)
    return Tiles(kept) if kept else None


def score_tile(facts: Facts, name: str) -> Tile | None:
    """One score with its interval."""
    score = pick(facts, "evaluation", "metrics", name)
    if score is None:
        return None
    return Tile(humanise(name), number(pick(score, "value")), f"{sure(facts)}: {interval(pick(score, 'interval'))}")


def improvement_tile(facts: Facts) -> Tile | None:
    """How much better than always saying the same."""
    gain = pick(facts, "evaluation", "improvement", "over_constant")
    if not is_number(pick(gain, "value")):
        return None
    spread = percent_interval(gain.get("interval"))
    return Tile("Better than a constant", percent(gain["value"]), f"{sure(facts)}: {spread}")


def sure(facts: Facts) -> str:
    """The confidence of the intervals."""
    return percent(pick(facts, "evaluation", "confidence", default=0.95), 0)
