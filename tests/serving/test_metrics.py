from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from perennial.serving.answers import Work, take_answers
from perennial.serving.asked import Asked
from perennial.serving.figures import Tally
from perennial.serving.metrics import Metrics
from perennial.serving.schema import find_unseen
from tests.serving.desks import tiny_predictor
from tests.tiny import ROW


def answered(metrics: Metrics, row: dict[str, Any], answer: dict[str, Any]) -> Work:
    """A request of one row that was answered."""
    work, model = Work(Asked([row], [None], False), "a"), metrics.predictor.version
    take_answers(work, [0], [{"warnings": [], **answer}], model, "champion", 0.001)
    return work


def test_a_tally_counts_up_to_each_bound() -> None:
    tally = Tally((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        tally.add(value)
    assert tally.buckets() == [("1.0", 2.0), ("2.0", 3.0), ("+Inf", 4.0)]
    assert tally.total == 12.0


def test_what_is_rendered_is_read_by_prometheus_own_parser(tmp_path: Path) -> None:
    metrics = Metrics(tiny_predictor(tmp_path), lambda: 3, None)
    metrics.count_request("/predict", 200, 0.003)
    metrics.count_answers(answered(metrics, ROW | {"carrier": None}, {"score": 0.35, "decision": True}))
    families = {one.name: one for one in text_string_to_metric_families(metrics.render().decode())}
    samples = {
        (one.name, *sorted(one.labels.values())): one.value for family in families.values() for one in family.samples
    }
    version = tiny_predictor(tmp_path).version
    assert samples["perennial_requests_total", "/predict", "200"] == 1
    assert samples["perennial_request_seconds_bucket", "/predict", "0.0025"] == 0
    assert samples["perennial_request_seconds_bucket", "/predict", "0.005"] == 1
    assert samples["perennial_score_bucket", "0.4", *sorted([version, "champion"])] == 1
    assert samples["perennial_decisions_total", *sorted([version, "champion", "True"])] == 1
    assert samples["perennial_missing_values_total", "carrier"] == 1
    assert samples["perennial_in_flight",] == 3
    assert samples["perennial_model_age_seconds",] > 0
    assert families["perennial_request_seconds"].type == "histogram"


def test_a_regression_has_neither_shares_nor_decisions(tmp_path: Path) -> None:
    metrics = Metrics(tiny_predictor(tmp_path, "regression"), lambda: 0, None)
    metrics.count_answers(answered(metrics, ROW, {"score": 35.0, "decision": 35.0}))
    text = metrics.render().decode()
    assert "perennial_score" not in text
    assert "perennial_decisions" not in text


def test_an_unseen_value_is_counted_under_the_whole_name_of_its_input(tmp_path: Path) -> None:
    metrics = Metrics(tiny_predictor(tmp_path), lambda: 0, None)
    warnings = find_unseen({"marital status": frozenset({"single"})}, {"marital status": "other"})
    metrics.count_answers(answered(metrics, ROW, {"score": 0.35, "decision": True, "warnings": warnings}))
    assert metrics.unseen["marital status"] == 1
