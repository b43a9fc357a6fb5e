"""What the training rows were like, beside what comes in: Prometheus compares the two."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

PARTS = 10


def part_scores(histogram: Mapping[str, Sequence[float]]) -> tuple[list[float], list[float]]:
    """Return inner bounds that part reference scores into about ten equal parts, and the share of each part.

    `histogram` holds `edges` (bins + 1,) and `counts` (bins,); scores that repeat make fewer parts. A score that is
    a bound belongs above it.
    """
    total = sum(histogram["counts"])
    if not total:
        return [], []
    below = [count / total for count in accumulate(histogram["counts"])][:-1]
    inner = list(zip(below, histogram["edges"][1:-1], strict=True))
    if not inner:
        return [], []
    chosen = sorted({min(inner, key=lambda one: abs(one[0] - part / PARTS)) for part in range(1, PARTS)})
    shares = [high - low for low, high in pairwise([0.0, *(share for share, _ in chosen), 1.0])]
    return [bound for _, bound in chosen], shares


class Parts:
    """How many scores of one output fell into each part of the reference scores."""

    def __init__(self, output: str, histogram: Mapping[str, Sequence[float]]) -> None:
        self.output = output
        self.bounds, self.shares = part_scores(histogram)
        self.counts = [0] * len(self.shares)

    def add(self, score: float) -> None:
        """Count a score."""
        if self.counts:
            self.counts[bisect_right(self.bounds, score)] += 1


class Expected:
    """The reference of one bundle, and the scores counted against it."""

    def __init__(self, reference: Mapping[str, Any], inputs: Sequence[str], classes: Sequence[Any]) -> None:
        """`inputs` are the names that a row has; what the reference says of other features is left out."""
        known = {name: one for name, one in reference.get("inputs", {}).items() if name in set(inputs)}
        self.missing = {name: float(one["missing"]) for name, one in known.items()}
        self.unseen = {name: float(one["other"]) for name, one in known.items() if "other" in one}
        scores = reference.get("scores", [])
        outputs = list(map(str, classes)) if len(scores) > 1 else [""]
        self._parts = [Parts(output, one) for output, one in zip(outputs, scores, strict=False)]

    def count(self, answer: Mapping[str, Any]) -> None:
        """Count the score, or the score of each class, of an answer."""
        scores = answer.get("scores")
        for one in self._parts:
            one.add(answer["score"] if scores is None else scores[one.output])

    def collect(self, lane: Mapping[str, str]) -> Iterator[Metric]:
        """Yield the families; `lane` are the labels of whoever answers."""
        names, values = [*lane, "output", "part"], tuple(lane.values())
        counted = CounterMetricFamily("perennial_score_part", "Scores by part of the reference's", labels=names)
        shares = GaugeMetricFamily("perennial_score_part_expected", "Share of the reference's scores", labels=names)
        for one in self._parts:
            for part, (count, share) in enumerate(zip(one.counts, one.shares, strict=True)):
                labels = (*values, one.output, str(part))
                counted.add_metric(labels, count)
                shares.add_metric(labels, share)
        missing = _gauge("missing", "Share of nulls in training by input", self.missing)
        unseen = _gauge("unseen", "Share of unknown or rare categories in training by input", self.unseen)
        yield from (family for family in (counted, shares, missing, unseen) if family.samples)


def _gauge(name: str, words: str, shares: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"perennial_{name}_share_expected", words, labels=["input"])
    for key, share in shares.items():
        family.add_metric((key,), share)
    return family
