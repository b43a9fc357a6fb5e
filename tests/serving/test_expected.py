from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Metric

from perennial.serving.expected import Expected, Parts, part_scores
from tests.tiny import REFERENCE

LANE = {"model": "m", "lane": "champion"}


def samples(expected: Expected) -> dict[tuple[str, ...], float]:
    class Once:
        def collect(self) -> list[Metric]:
            return list(expected.collect(LANE))

    registry = CollectorRegistry()
    registry.register(Once())  # type: ignore[arg-type]
    return {
        (one.name.removeprefix("perennial_"), *(one.labels[name] for name in one.labels if name not in LANE)): one.value
        for family in registry.collect()
        for one in family.samples
    }


@pytest.mark.parametrize(
    ("histogram", "bounds", "shares"),
    [
        ({"edges": [0.0, 0.2, 0.4, 1.0], "counts": [2, 1, 1]}, [0.2, 0.4], [0.5, 0.25, 0.25]),
        (
            {"edges": [float(edge) for edge in range(21)], "counts": [5] * 20},
            list(map(float, range(2, 20, 2))),
            [0.1] * 10,
        ),
        ({"edges": [0.3], "counts": [7]}, [], []),
        ({"edges": [0.0, 1.0], "counts": [7]}, [], []),
        ({"edges": [], "counts": []}, [], []),
    ],
    ids=["three bins", "twenty bins", "one value", "one bin", "nothing"],
)
def test_scores_are_parted_into_tenths_as_far_as_they_differ(
    histogram: dict[str, Any], bounds: list[float], shares: list[float]
) -> None:
    got_bounds, got_shares = part_scores(histogram)
    assert got_bounds == bounds
    assert got_shares == pytest.approx(shares)


def test_a_score_that_is_a_bound_belongs_above_it() -> None:
    parts = Parts("", REFERENCE["scores"][0])
    for score in (-1.0, 0.1, 0.2, 0.4, 9.0):
        parts.add(score)
    assert parts.counts == [2, 1, 2]


def test_training_stands_beside_what_is_answered() -> None:
    expected = Expected(REFERENCE, ["distance", "carrier", "at"], (False, True))
    expected.count({"score": 0.3})
    found = samples(expected)
    assert found["score_part_total", "", "1"] == 1
    assert found["score_part_total", "", "0"] == 0
    assert found["score_part_expected", "", "0"] == 0.5
    assert found["missing_share_expected", "distance"] == 0.5
    assert found["unseen_share_expected", "carrier"] == 0.0
    assert ("unseen_share_expected", "distance") not in found


def test_a_feature_that_is_no_input_is_left_out() -> None:
    assert ("missing_share_expected", "distance") not in samples(Expected(REFERENCE, ["carrier"], ()))


def test_each_class_is_counted_by_itself() -> None:
    scores = [{"edges": [0.0, 0.5, 1.0], "counts": [1, 1], "missing": 0.0}] * 2
    expected = Expected({"scores": scores}, [], ("a", "b"))
    expected.count({"score": 0.9, "scores": {"a": 0.9, "b": 0.1}})
    found = samples(expected)
    assert (found["score_part_total", "a", "1"], found["score_part_total", "b", "0"]) == (1, 1)
    assert found["score_part_total", "b", "1"] == 0


def test_a_bundle_without_a_reference_says_nothing() -> None:
    expected = Expected({}, ["distance"], ())
    expected.count({"score": 1.0})
    assert samples(expected) == {}
