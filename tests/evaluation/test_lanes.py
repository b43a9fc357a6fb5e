"""Which of two models is better is said from real rows only when it is clear of chance, and not from a few."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from perennial.evaluation.lane_rows import find_classes, pair_canaries, pair_shadows, sort_rows
from perennial.evaluation.lanes import Rules, distance, judge_pair
from perennial.report.lanes import describe_pair

START = datetime(2013, 7, 1, tzinfo=UTC)
RULES = Rules("log_loss", [False, True], "day", min_rows=200, min_blocks=14)


def make_rows(
    days: int, each: int, harm: float, lane: str, seed: int = 0, share: float = 0.2
) -> Iterator[dict[str, Any]]:
    """Yield predictions whose days share their luck; the challenger's log-odds are off by `harm`."""
    rng = np.random.default_rng(seed)
    for number in range(days * each):
        day, place = divmod(number, each)
        if place == 0:
            luck = rng.normal(0, 0.8)
        odds = rng.normal(-1.0, 1.0)
        label = bool(rng.random() < 1 / (1 + np.exp(-odds - luck)))
        champion, challenger = (1 / (1 + np.exp(-odds - off - rng.normal(0, 0.3))) for off in (0.8, 0.8 + harm))
        at = START + timedelta(days=day, minutes=place)
        same = {
            "at": at,
            "key": None,
            "label": label,
            "scores": None,
            "inputs": {},
            "latency_ms": 5.0,
            "scoring_ms": 0.2,
        }
        drawn = lane == "canary" and rng.random() < share
        score = challenger if drawn else champion
        told = {"model": "b" if drawn else "a", "lane": "canary" if drawn else "champion"}
        yield {**same, **told, "id": f"{number}-0", "shadow_of": None, "score": score, "decision": score > 0.25}
        if lane == "shadow":
            told = {"model": "b", "lane": "shadow", "id": f"{number}-0-s", "shadow_of": f"{number}-0"}
            yield {**same, **told, "score": challenger, "decision": challenger > 0.25, "scoring_ms": 0.4}


def judge(lane: str, *, days: int = 30, each: int = 60, harm: float = 0.0, seed: int = 0, block: str = "day") -> Any:
    lanes = sort_rows(make_rows(days, each, harm, lane, seed), block, None)
    [pair] = [*pair_shadows(lanes), *pair_canaries(lanes)]
    rules = Rules("log_loss", find_classes("binary", lanes), block, RULES.min_rows, RULES.min_blocks)
    return judge_pair(rules, pair)


@pytest.mark.parametrize("lane", ["shadow", "canary"])
@pytest.mark.parametrize(("harm", "better"), [(1.5, "champion"), (-0.8, "challenger")])
def test_a_clear_difference_is_told(lane: str, harm: float, better: str) -> None:
    facts = judge(lane, harm=harm, each=200)
    assert facts["better"] == better
    low, high = facts["difference"]["interval"]
    assert low < facts["difference"]["value"] < high
    assert (low > 0) if better == "champion" else (high < 0)
    assert f"the {better} is better" in describe_pair(facts)


@pytest.mark.parametrize("lane", ["shadow", "canary"])
def test_models_that_are_alike_are_rarely_told_apart(lane: str) -> None:
    told = [judge(lane, seed=seed, each=20)["better"] for seed in range(6)]
    assert sum(one is not None for one in told) <= 1


def test_the_same_rows_tell_more_than_other_rows() -> None:
    widths = []
    for lane in ("shadow", "canary"):
        low, high = judge(lane, harm=0.2)["difference"]["interval"]
        widths.append(high - low)
    assert widths[0] < 0.5 * widths[1]


def test_rows_that_are_their_own_blocks_are_counted_as_rows() -> None:
    facts = judge("canary", block="row")
    assert facts["blocks"] == facts["labelled"]["challenger"]
    assert facts["difference"] is not None


def test_too_few_to_say_says_what_is_missing() -> None:
    facts = judge("canary", days=5, each=100, harm=3.0)
    assert (facts["better"], facts["difference"], facts["loss"]) == (None, None, None)
    canaries = facts["labelled"]["challenger"]
    assert facts["missing"] == [
        f"{200 - canaries:,} more labels of rows that the challenger scored",
        "9 more days with labels of both",
    ]
    assert "too few to say: needs" in describe_pair(facts)


def test_rows_without_labels_are_counted_and_one_class_says_nothing() -> None:
    rows = [row | {"label": None} if number % 4 else row for number, row in enumerate(make_rows(20, 100, 0, "canary"))]
    lanes = sort_rows(rows, "day", None)
    [pair] = pair_canaries(lanes)
    facts = judge_pair(RULES, pair)
    counts = [facts[name]["champion"] + facts[name]["challenger"] for name in ("rows", "labelled")]
    assert 1980 < counts[0] <= 2000  # from the first row of the canary to its last
    assert counts[1] == pytest.approx(counts[0] / 4, abs=2)
    alike = sort_rows([row | {"label": False} for row in rows], "day", None)
    [pair] = pair_canaries(alike)
    assert judge_pair(RULES, pair)["missing"] == ["labels of more than one class"]


def test_only_what_the_champion_answered_meanwhile_stands_against_a_canary() -> None:
    rows = [
        row | {"lane": "champion", "model": "a"} if number < 500 else row
        for number, row in enumerate(make_rows(20, 100, 0, "canary"))
    ]
    rows += [rows[0] | {"id": "x", "lane": "fallback", "at": START + timedelta(days=15)}]
    [pair] = pair_canaries(sort_rows(rows, "day", None))
    assert min(one.at for one in pair.ours) >= START + timedelta(days=5)
    facts = judge_pair(RULES, pair)
    assert facts["failed"]["rows"] == 1
    assert facts["latency_ms"]["champion"]["p50"] == 5.0


def test_a_shadow_tells_how_often_decisions_differ_and_what_it_did_not_score() -> None:
    rows = [row for row in make_rows(20, 30, 1.0, "shadow") if row["id"] not in ("30-0-s", "31-0-s")]
    [pair] = pair_shadows(sort_rows(rows, "day", None))
    facts = judge_pair(RULES, pair)
    assert facts["failed"] == {"rows": 2, "share": pytest.approx(2 / 600)}
    assert 0 < facts["scores"]["decided_differently"] < 1
    assert facts["scoring_ms"]["challenger"]["p50"] == 0.4
    assert "latency_ms" not in facts


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    assert distance(np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.2, 0.3])) == 0
    assert distance(np.array([0.1, 0.2]), np.array([0.3, 0.4])) == 1
    assert distance(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0, 5.0, 6.0])) == 0.5


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_judged_too(task: str) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for number in range(600):
        label: Any = str(rng.choice(list("abc"))) if task == "multiclass" else float(rng.normal())
        at = START + timedelta(hours=number)
        same = {"at": at, "key": None, "label": label, "inputs": {}, "latency_ms": 5.0, "scoring_ms": None}
        for suffix, lane, model, sure in (("", "champion", "a", 0.4), ("-s", "shadow", "b", 0.7)):
            scores = (
                {name: sure if name == label else (1 - sure) / 2 for name in "abc"} if task == "multiclass" else None
            )
            score = sure if scores else label + rng.normal() * (1.1 - sure)
            decided = {"score": score, "scores": scores, "decision": label if scores else score}
            named = {"id": f"{number}{suffix}", "shadow_of": f"{number}" if suffix else None}
            rows.append({**same, **decided, **named, "lane": lane, "model": model})
    lanes = sort_rows(rows, "day", None)
    [pair] = pair_shadows(lanes)
    metric = "log_loss" if task == "multiclass" else "rmse"
    facts = judge_pair(Rules(metric, find_classes(task, lanes), "day", 200, 14), pair)
    assert facts["better"] == "challenger"
    assert facts["scoring_ms"]["champion"] is None
    assert "the challenger is better" in describe_pair(facts)
