"""What Prometheus scrapes: requests, rows, scores, gaps in what came in, the log, the model.

The figures are plain numbers, which cost a request nothing, and become Prometheus' families when they are asked for.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from perennial.io.record_writer import RecordWriter
from perennial.serving.expected import Expected
from perennial.serving.runtime import Predictor

KIND = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SHARES = tuple(step / 10 for step in range(1, 11))
REASONS = ("all", "caller", "reading")


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


class Metrics(Collector):
    """The figures of one worker."""

    def __init__(self, predictor: Predictor, held: Callable[[], int], writer: RecordWriter | None) -> None:
        """`held` tells how many requests are being answered."""
        self._predictor, self._held, self._writer = predictor, held, writer
        self.requests: Counter[tuple[str, str]] = Counter()
        self.rows: Counter[str] = Counter(answered=0, refused=0)
        self.decisions: Counter[str] = Counter()
        # From zero on: a rate needs to have seen a figure before it rose.
        self.missing: Counter[str] = Counter(dict.fromkeys((field.name for field in predictor.fields), 0))
        self.unseen: Counter[str] = Counter(dict.fromkeys(predictor.categories, 0))
        self.shed: Counter[str] = Counter(dict.fromkeys(REASONS, 0))
        self.labels = 0
        self.seconds = {route: Tally(SECONDS) for route in ("/predict", "/explain", "/feedback")}
        self.scores = Tally(SHARES)
        self._shares = predictor.model.task != "regression"
        self._expected = Expected(predictor.reference, list(self.missing), predictor.model.classes)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self.requests[route, str(status)] += 1
        if route in self.seconds:
            self.seconds[route].add(seconds)

    def count_answers(self, rows: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]]) -> None:
        """Count rows that were answered, their scores and decisions, and what was missing or unseen in them."""
        self.rows["answered"] += len(answers)
        for answer in answers:
            self._expected.count(answer)
            if self._shares:
                self.scores.add(answer["score"])
                self.decisions[str(answer["decision"])] += 1
            for warning in answer["warnings"]:
                self.unseen[warning.partition(" ")[0]] += 1
        for row in rows:
            if None in row.values():
                for name, value in row.items():
                    if value is None:
                        self.missing[name] += 1

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        lane = {"model": self._predictor.version, "lane": self._predictor.lane}
        names, values = list(lane), tuple(lane.values())
        yield _count("requests", "Requests by route and status", ("route", "status"), self.requests)
        yield _spread("request_seconds", "From the request to its answer", ["route"], self.seconds)
        yield _count("rows", "Rows by outcome", (*names, "outcome"), self.rows, values)
        if self._shares:
            yield _count("decisions", "Answers by decision", (*names, "decision"), self.decisions, values)
            yield _spread("score", "Scores that were answered", names, {values: self.scores})
        yield _count("missing_values", "Nulls by input", ("input",), self.missing)
        yield _count("unseen_values", "Categories that the model does not know", ("input",), self.unseen)
        yield _count("shed", "Requests that found it busy", ("reason",), self.shed)
        yield _count("labels", "Labels that came in", (), {(): self.labels})
        yield GaugeMetricFamily("perennial_in_flight", "Requests being answered", self._held())
        yield from self._collect_model()
        yield from self._expected.collect(lane)
        if self._writer is not None:
            yield from _collect_log(self._writer)

    def _collect_model(self) -> Iterator[Metric]:
        one = self._predictor
        model = GaugeMetricFamily("perennial_model", "The model that answers", labels=["model", "bundle", "lane"])
        model.add_metric([one.version, one.bundle, one.lane], 1)
        yield model
        if until := one.manifest["seen_until"]:
            seen = datetime.fromisoformat(until)
            age = time.time() - (seen if seen.tzinfo else seen.replace(tzinfo=UTC)).timestamp()
            yield GaugeMetricFamily("perennial_model_age_seconds", "Since the newest row it learned from", age)


def _tuple(key: Hashable) -> tuple[str, ...]:
    return key if isinstance(key, tuple) else (str(key),)


def _count(
    name: str, words: str, labels: Sequence[str], counts: Mapping[Any, float], before: tuple[str, ...] = ()
) -> Metric:
    family = CounterMetricFamily(f"perennial_{name}", words, labels=labels)
    for key, count in counts.items():
        family.add_metric((*before, *_tuple(key)), count)
    return family


def _spread(name: str, words: str, labels: Sequence[str], tallies: Mapping[Any, Tally]) -> Metric:
    family = HistogramMetricFamily(f"perennial_{name}", words, labels=labels)
    for key, tally in tallies.items():
        family.add_metric(_tuple(key), tally.buckets(), tally.total)
    return family


def _collect_log(writer: RecordWriter) -> Iterator[Metric]:
    figures = writer.figures
    yield CounterMetricFamily("perennial_log_rows", "Predictions recorded", figures.rows)
    yield CounterMetricFamily("perennial_log_commits", "Transactions of the log", figures.commits)
    yield CounterMetricFamily("perennial_log_failures", "Transactions that failed", figures.failures)
    yield CounterMetricFamily("perennial_log_commit_seconds", "Time spent in transactions", figures.seconds)
    yield GaugeMetricFamily("perennial_log_waiting", "Predictions not yet recorded", writer.waiting)
