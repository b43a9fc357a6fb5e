"""Champion and challenger on what they really answered: which is better, by how much, or what is missing to say so."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from perennial.evaluation.intervals import (
    Array,
    Codes,
    draw_blocks,
    number_blocks,
    percentile_interval,
    replicate,
    round_numbers,
    sum_blocks,
)
from perennial.evaluation.lane_rows import Answer, Pair
from perennial.evaluation.metrics import METRICS
from perennial.evaluation.paired import CONFIDENCE, REPLICATES, name_blocks, pair_losses

QUANTILES = {"p5": 0.05, "p50": 0.5, "p95": 0.95}
TAILS = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True)
class Rules:
    """How it is judged: the primary metric, its classes (none for a number), and the fewest rows and blocks."""

    metric: str
    classes: Sequence[Any]
    block: str
    min_rows: int
    min_blocks: int


def encode_truth(rules: Rules, answers: Sequence[Answer]) -> Array:
    """Return the labels (n,) as class numbers, or as themselves."""
    if not rules.classes:
        return np.array([float(one.label) for one in answers])
    numbers = {str(one): number for number, one in enumerate(rules.classes)}
    return np.array([float(numbers[str(one.label)]) for one in answers])


def take_scores(rules: Rules, answers: Sequence[Answer]) -> Array:
    """Return the predictions (n,), or (n, classes) where there are several."""
    if len(rules.classes) < 3:
        return np.array([one.score for one in answers], dtype=np.float64)
    return np.array([[(one.scores or {})[str(name)] for name in rules.classes] for one in answers], dtype=np.float64)


def sum_losses(rules: Rules, answers: Sequence[Answer], codes: Codes, blocks: int) -> Array:
    """Return the primary loss per block and its weight, (blocks, 2)."""
    parts = METRICS[rules.metric].parts
    assert parts is not None
    return sum_blocks(parts(encode_truth(rules, answers), take_scores(rules, answers)), codes, blocks)


def block_values(answers: Sequence[Answer]) -> Codes:
    """Return what tells the blocks apart as numbers: the UTC day, or the place of the value among all."""
    values = [one.block for one in answers]
    if values and isinstance(values[0], int):
        return np.array(values, dtype=np.int64)
    return np.unique(np.array(values, dtype=str), return_inverse=True)[1].astype(np.int64)


def compare_losses(rules: Rules, pair: Pair) -> dict[str, Any]:
    """Return both losses with their intervals, and by how much the challenger's is above the champion's.

    Blocks are drawn for both at once: in the shadow the rows are the same, in the canary at least the days are.
    """
    ours, theirs = pair.labelled
    values = block_values([*ours, *theirs])
    codes, _ = number_blocks(values)
    count, finish = int(codes.max()) + 1, METRICS[rules.metric].finish
    assert finish is not None
    old = sum_losses(rules, ours, codes[: len(ours)], count)
    new = sum_losses(rules, theirs, codes[len(ours) :], count)
    draws = draw_blocks(count, REPLICATES, seed=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = [replicate(draws, sums, finish) for sums in (old, new)]
    losses = {
        name: {"value": float(finish(sums.sum(axis=0))), "interval": percentile_interval(each, CONFIDENCE)}
        for name, sums, each in zip(("champion", "challenger"), (old, new), drawn, strict=True)
    }
    value = float(finish(new.sum(axis=0)) - finish(old.sum(axis=0)))
    difference: dict[str, Any] | None = None
    if pair.lane == "shadow":
        names = name_blocks(rules.block, values.astype(np.float64))
        before, after = (
            [(name, loss / weight, weight) for name, (loss, weight) in zip(names, sums, strict=True)]
            for sums in (old, new)
        )
        difference = pair_losses(rules.metric, before, after)
    if difference is None:
        difference = {"value": value, "interval": percentile_interval(drawn[1] - drawn[0], CONFIDENCE)}
    return {"loss": losses, "difference": {name: difference[name] for name in ("value", "interval")}}


def find_missing(rules: Rules, pair: Pair) -> list[str]:
    """Return what is missing before anything can be said, each as a sentence."""
    ours, theirs = pair.labelled
    found = []
    for name, rows in (("champion", ours), ("challenger", theirs)):
        if len(rows) < rules.min_rows:
            found.append(f"{rules.min_rows - len(rows):,} more labels of rows that the {name} scored")
    if (blocks := count_blocks(pair)) < rules.min_blocks:
        found.append(f"{rules.min_blocks - blocks} more {rules.block}s with labels of both")
    if rules.classes and len({str(one.label) for one in [*ours, *theirs]}) < 2:
        found.append("labels of more than one class")
    return found


def count_blocks(pair: Pair) -> int:
    """Return in how many blocks both have labels; rows that are their own blocks count where either has."""
    ours, theirs = ({one.block for one in side} for side in pair.labelled)
    return len(ours & theirs) if pair.lane == "shadow" or not pair.own_blocks else min(len(ours), len(theirs))


def judge_pair(rules: Rules, pair: Pair) -> dict[str, Any]:
    """Return everything that is said of two models side by side; `better` is null where nothing can be said."""
    missing = find_missing(rules, pair)
    told = {"loss": None, "difference": None} if missing else compare_losses(rules, pair)
    better = None
    if told["difference"] is not None:
        low, high = told["difference"]["interval"]
        better = "challenger" if high < 0 else "champion" if low > 0 else None
    facts = {
        "lane": pair.lane,
        "champion": pair.champion,
        "challenger": pair.challenger,
        "since": pair.since.isoformat(),
        "until": pair.until.isoformat(),
        "metric": rules.metric,
        "rows": {"champion": len(pair.ours), "challenger": len(pair.theirs)},
        "labelled": dict(zip(("champion", "challenger"), map(len, pair.labelled), strict=True)),
        "block": rules.block,
        "blocks": count_blocks(pair),
        **told,
        "better": better,
        "missing": missing,
        "scores": compare_scores(rules, pair),
        "failed": {"rows": pair.failed, "share": pair.failed / max(1, pair.failed + len(pair.theirs))},
        "scoring_ms": {
            "champion": spread_of(pair.ours, "scoring_ms"),
            "challenger": spread_of(pair.theirs, "scoring_ms"),
        },
    }
    if pair.lane != "shadow":
        facts["latency_ms"] = {
            "champion": spread_of(pair.ours, "latency_ms"),
            "challenger": spread_of(pair.theirs, "latency_ms"),
        }
    return dict(round_numbers(facts))


def spread_of(answers: Sequence[Answer], name: str) -> dict[str, float] | None:
    """Return quantiles of a duration in milliseconds; None where it was never recorded."""
    values = [value for one in answers if (value := getattr(one, name)) is not None]
    return {label: float(np.quantile(values, at)) for label, at in TAILS.items()} if values else None


def compare_scores(rules: Rules, pair: Pair) -> dict[str, Any]:
    """Return how the scores of both lie, how far apart their distributions are, and how often decisions differ."""
    ours, theirs = (np.array([one.score for one in side]) for side in (pair.ours, pair.theirs))
    found: dict[str, Any] = {
        name: {"mean": float(side.mean()), **{label: float(np.quantile(side, at)) for label, at in QUANTILES.items()}}
        for name, side in (("champion", ours), ("challenger", theirs))
    }
    found["distance"] = distance(ours, theirs)
    if rules.classes:
        found["decisions"] = {
            name: share_decisions(side) for name, side in (("champion", pair.ours), ("challenger", pair.theirs))
        }
    if pair.lane == "shadow":
        both = list(zip(pair.ours, pair.theirs, strict=True))
        found["mean_change"] = float(np.abs(theirs - ours).mean())
        if rules.classes:
            found["decided_differently"] = sum(a.decision != b.decision for a, b in both) / len(both)
    return found


def share_decisions(answers: Sequence[Answer]) -> Mapping[str, float]:
    """Return the share of each decision."""
    return {name: count / len(answers) for name, count in sorted(Counter(str(one.decision) for one in answers).items())}


def distance(ours: Array, theirs: Array) -> float:
    """Return the largest gap between two empirical distributions (Kolmogorov and Smirnov), 0 to 1."""
    at = np.concatenate([ours, theirs])
    gaps = [np.searchsorted(np.sort(side), at, side="right") / len(side) for side in (ours, theirs)]
    return float(np.abs(gaps[0] - gaps[1]).max())
