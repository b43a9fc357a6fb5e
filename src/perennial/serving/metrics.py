"""What Prometheus scrapes: requests, rows, scores, gaps in what came in, the log, the model."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from perennial.io.record_writer import RecordWriter
from perennial.serving.runtime import Predictor

KIND = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SHARES = tuple(step / 10 for step in range(1, 11))


class LogCollector(Collector):
    """Reads the figures of the log's writer when it is asked for them."""

    def __init__(self, writer: RecordWriter) -> None:
        self.writer = writer

    def collect(self) -> Iterator[Metric]:
        """Yield what the writer has done, and what it has yet to do."""
        figures = self.writer.figures
        yield CounterMetricFamily("perennial_log_rows", "Predictions recorded", figures.rows)
        yield CounterMetricFamily("perennial_log_commits", "Transactions of the log", figures.commits)
        yield CounterMetricFamily("perennial_log_failures", "Transactions that failed", figures.failures)
        yield CounterMetricFamily("perennial_log_commit_seconds", "Time spent in transactions", figures.seconds)
        yield GaugeMetricFamily("perennial_log_waiting", "Predictions not yet recorded", self.writer.waiting)


class Metrics:
    """The figures of one worker, in a registry of their own."""

    def __init__(self, predictor: Predictor) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = self.registry = CollectorRegistry()
        labels = (predictor.version, predictor.lane)
        requests = Counter("perennial_requests", "Requests by route and status", ("route", "status"), registry=registry)
        self._requests: dict[tuple[str, int], Any] = {}
        self._request_labels = requests.labels
        seconds = Histogram(
            "perennial_request_seconds",
            "From the request to its answer",
            ("route",),
            registry=registry,
            buckets=SECONDS,
        )
        self.seconds = {route: seconds.labels(route) for route in ("/predict", "/explain", "/feedback")}
        rows = Counter("perennial_rows", "Rows by outcome", ("model", "lane", "outcome"), registry=registry)
        self.answered, self.refused = rows.labels(*labels, "answered"), rows.labels(*labels, "refused")
        self._decisions = Counter(
            "perennial_decisions", "Answers by decision", ("model", "lane", "decision"), registry=registry
        )
        self._is_regression = predictor.model.task == "regression"
        self._of_model = labels
        scores = Histogram(
            "perennial_score", "Scores that were answered", ("model", "lane"), registry=registry, buckets=SHARES
        )
        self._score = None if self._is_regression else scores.labels(*labels)
        missing = Counter("perennial_missing_values", "Nulls by input", ("input",), registry=registry)
        self._missing = {one.name: missing.labels(one.name) for one in predictor.fields if one.nullable}
        unseen = Counter("perennial_unseen_values", "Categories the model does not know", ("input",), registry=registry)
        self._unseen = {name: unseen.labels(name) for name in predictor.categories}
        self.shed = Counter("perennial_shed", "Requests that found it busy", ("reason",), registry=registry)
        self.in_flight = Gauge("perennial_in_flight", "Requests being answered", registry=registry)
        self.labels = Counter("perennial_labels", "Labels that came in", registry=registry)
        self._describe_model(predictor)

    def _describe_model(self, predictor: Predictor) -> None:
        model = Gauge("perennial_model", "The model that answers", ("model", "bundle", "lane"), registry=self.registry)
        model.labels(predictor.version, predictor.bundle, predictor.lane).set(1)
        if until := predictor.manifest["seen_until"]:
            seen = datetime.fromisoformat(until)
            seen = seen if seen.tzinfo else seen.replace(tzinfo=UTC)
            age = Gauge("perennial_model_age_seconds", "Since the newest row it learned from", registry=self.registry)
            age.set_function(lambda: time.time() - seen.timestamp())

    def watch_log(self, writer: RecordWriter) -> None:
        """Tell what the log's writer does."""
        self.registry.register(LogCollector(writer))

    def count_request(self, route: str, status: int) -> None:
        """Count an answer."""
        child = self._requests.get((route, status))
        if child is None:
            child = self._requests[route, status] = self._request_labels(route, str(status))
        child.inc()

    def count_answers(self, rows: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]]) -> None:
        """Count rows that were answered, their scores and decisions, and what was missing or unseen in them."""
        self.answered.inc(len(answers))
        for answer in answers:
            if self._score is not None:
                self._score.observe(answer["score"])
                self._decisions.labels(*self._of_model, str(answer["decision"])).inc()
            for warning in answer["warnings"]:
                self._unseen[warning.partition(" ")[0]].inc()
        for row in rows:
            if None in row.values():
                for name, counter in self._missing.items():
                    if row[name] is None:
                        counter.inc()

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
