"""What Prometheus scrapes: requests, rows, scores, gaps in what came in, the log, the model.

The figures are plain numbers, which cost a request nothing, and become Prometheus' families when they are asked for.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from perennial.io.feature_reader import FeatureReader
from perennial.io.record_writer import RecordWriter
from perennial.serving.answers import Work
from perennial.serving.challenger import Challenger
from perennial.serving.expected import Expected
from perennial.serving.figures import Tally, count_family, spread_family
from perennial.serving.runtime import Predictor
from perennial.serving.schema import UNSEEN

KIND = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
AGES = (60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0, 604800.0)
SCORING = (0.0001, 0.00025, 0.0005, *SECONDS)
SHARES = tuple(step / 10 for step in range(1, 11))
REASONS = ("all", "caller", "reading")


class Metrics(Collector):
    """The figures of one worker."""

    def __init__(
        self,
        predictor: Predictor,
        held: Callable[[], int],
        writer: RecordWriter | None,
        reader: FeatureReader | None = None,
        challenger: Challenger | None = None,
    ) -> None:
        """`held` tells how many requests are being answered."""
        self.predictor, self._held, self._writer, self._reader = predictor, held, writer, reader
        self.requests: Counter[tuple[str, str]] = Counter()
        self.decisions: Counter[tuple[str, str, str]] = Counter()
        # From zero on: a rate needs to have seen a figure before it rose.
        begun = ((predictor.version, predictor.lane, outcome) for outcome in ("answered", "refused"))
        self.rows: Counter[tuple[str, str, str]] = Counter(dict.fromkeys(begun, 0))
        self.missing: Counter[str] = Counter(dict.fromkeys((field.name for field in predictor.fields), 0))
        self.unseen: Counter[str] = Counter(dict.fromkeys(predictor.categories, 0))
        self.shed: Counter[str] = Counter(dict.fromkeys(REASONS, 0))
        self.labels = 0
        self.seconds = {route: Tally(SECONDS) for route in ("/predict", "/explain", "/feedback")}
        self.features: Counter[str] = Counter()
        self.feature_age = Tally(AGES)
        self.scores: dict[tuple[str, str], Tally] = defaultdict(partial(Tally, SHARES))
        self.scoring: dict[tuple[str, str], Tally] = defaultdict(partial(Tally, SCORING))
        self._challenger = challenger
        self._shares = predictor.model.task != "regression"
        self._expected = Expected(predictor.reference, list(self.missing), predictor.model.classes)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self.requests[route, str(status)] += 1
        if route in self.seconds:
            self.seconds[route].add(seconds)

    def count_answers(self, work: Work) -> None:
        """Count rows that were answered or refused, their scores, and what was missing or unseen in them."""
        if work.bad:
            self.rows[self.predictor.version, self.predictor.lane, "refused"] += len(work.bad)
        for place, answer in work.answers.items():
            model, lane = answer["model"], answer["lane"]
            self.rows[model, lane, "answered"] += 1
            self._count_score(model, lane, answer, work.scoring_ms[place] / 1000)
            if model == self.predictor.version:
                self._expected.count(answer)
            for warning in answer["warnings"]:
                self.unseen[warning.removesuffix(UNSEEN)] += 1
            row = work.asked.rows[place]
            if None in row.values():
                for name, value in row.items():
                    if value is None:
                        self.missing[name] += 1

    def count_scored(self, model: str, lane: str, answers: Sequence[Mapping[str, Any]], seconds: float) -> None:
        """Count rows that were scored and not answered."""
        self.rows[model, lane, "scored"] += len(answers)
        for answer in answers:
            self._count_score(model, lane, answer, seconds / len(answers))

    def _count_score(self, model: str, lane: str, answer: Mapping[str, Any], seconds: float) -> None:
        self.scoring[model, lane].add(seconds)
        if self._shares:
            self.scores[model, lane].add(answer["score"])
            self.decisions[model, lane, str(answer["decision"])] += 1

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        names = ("model", "lane")
        yield count_family("requests", "Requests by route and status", ("route", "status"), self.requests)
        yield spread_family("request_seconds", "From the request to its answer", ["route"], self.seconds)
        yield count_family("rows", "Rows by outcome", (*names, "outcome"), self.rows)
        yield spread_family("scoring_seconds", "Of one row, by the model alone", names, self.scoring)
        if self._shares:
            yield count_family("decisions", "Answers by decision", (*names, "decision"), self.decisions)
            yield spread_family("score", "Scores that were answered, or scored in the shadow", names, self.scores)
        yield count_family("missing_values", "Nulls by input", ("input",), self.missing)
        yield count_family("unseen_values", "Categories that the model does not know", ("input",), self.unseen)
        yield count_family("shed", "Requests that found it busy", ("reason",), self.shed)
        yield count_family("labels", "Labels that came in", (), {(): self.labels})
        yield GaugeMetricFamily("perennial_in_flight", "Requests being answered", self._held())
        yield from self._collect_model()
        yield from self._expected.collect({"model": self.predictor.version, "lane": self.predictor.lane})
        if self._writer is not None:
            yield from _collect_log(self._writer)
        if self._reader is not None:
            yield count_family("feature_rows", "Keys that were looked up, by outcome", ("outcome",), self.features)
            words = "Since what a row that was looked up holds was known"
            yield spread_family("feature_age_seconds", words, [], {(): self.feature_age})
            yield from _collect_features(self._reader)

    def _collect_model(self) -> Iterator[Metric]:
        one = self.predictor
        model = GaugeMetricFamily("perennial_model", "The model that answers", labels=["model", "bundle", "lane"])
        model.add_metric([one.version, one.bundle, one.lane], 1)
        if self._challenger is not None:
            model.add_metric([self._challenger.version, self._challenger.bundle, self._challenger.lane], 1)
            yield from _collect_challenger(self._challenger)
        yield model
        if until := one.manifest["seen_until"]:
            seen = datetime.fromisoformat(until)
            age = time.time() - (seen if seen.tzinfo else seen.replace(tzinfo=UTC)).timestamp()
            yield GaugeMetricFamily("perennial_model_age_seconds", "Since the newest row it learned from", age)


def _collect_challenger(one: Challenger) -> Iterator[Metric]:
    labels = {"model": one.version, "lane": one.lane}
    faults = {(*labels.values(), kind): count for kind, count in one.faults.items()}
    yield count_family("challenger_faults", "Rows that it did not score, by reason", (*labels, "reason"), faults)
    for name, words, value in (
        ("challenger_up", "Whether it can be asked", one.is_up),
        ("challenger_waiting", "Rows that wait for it", one.rows),
    ):
        family = GaugeMetricFamily(f"perennial_{name}", words, labels=list(labels))
        family.add_metric(list(labels.values()), value)
        yield family


def _collect_log(writer: RecordWriter) -> Iterator[Metric]:
    figures = writer.figures
    yield CounterMetricFamily("perennial_log_rows", "Predictions recorded", figures.rows)
    yield CounterMetricFamily("perennial_log_commits", "Transactions of the log", figures.commits)
    yield CounterMetricFamily("perennial_log_failures", "Transactions that failed", figures.failures)
    yield CounterMetricFamily("perennial_log_commit_seconds", "Time spent in transactions", figures.seconds)
    yield GaugeMetricFamily("perennial_log_waiting", "Predictions not yet recorded", writer.waiting)


def _collect_features(reader: FeatureReader) -> Iterator[Metric]:
    figures = reader.figures
    yield CounterMetricFamily("perennial_feature_queries", "Queries of the feature table", figures.queries)
    yield CounterMetricFamily("perennial_feature_failures", "Those that were not answered", figures.failures)
    yield CounterMetricFamily("perennial_feature_query_seconds", "Time spent in them", figures.seconds)
    if figures.as_of is not None:
        words = "Since the instant that the last `perennial materialize` was asked for"
        yield GaugeMetricFamily("perennial_feature_run_age_seconds", words, time.time() - figures.as_of.timestamp())
