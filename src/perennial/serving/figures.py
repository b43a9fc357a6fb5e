"""Plain numbers that become Prometheus' families when they are asked for."""

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily


class Tally:
    """A histogram: how many values were at most each bound, and their sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds, self.total = bounds, 0.0
        self.counts = [0] * (len(bounds) + 1)

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Return the cumulated counts by upper bound, as Prometheus wants them."""
        found, running = [], 0
        for bound, count in zip([*map(str, self.bounds), "+Inf"], self.counts, strict=True):
            running += count
            found.append((bound, float(running)))
        return found


def _tuple(key: Hashable) -> tuple[str, ...]:
    return key if isinstance(key, tuple) else (str(key),)


def count_family(name: str, words: str, labels: Sequence[str], counts: Mapping[Any, float]) -> Metric:
    """Return a counter; the keys of `counts` are the values of its labels."""
    family = CounterMetricFamily(f"perennial_{name}", words, labels=labels)
    for key, count in counts.items():
        family.add_metric(_tuple(key), count)
    return family


def spread_family(name: str, words: str, labels: Sequence[str], tallies: Mapping[Any, Tally]) -> Metric:
    """Return a histogram; the keys of `tallies` are the values of its labels."""
    family = HistogramMetricFamily(f"perennial_{name}", words, labels=labels)
    for key, tally in tallies.items():
        family.add_metric(_tuple(key), tally.buckets(), tally.total)
    return family
