import pytest

from perennial.model.metric import PROPER, check_metric
from perennial.refusal import Refusal


@pytest.mark.parametrize(("task", "metric"), PROPER.items())
def test_the_proper_score_is_accepted(task: str, metric: str) -> None:
    check_metric(task, metric)


@pytest.mark.parametrize(
    ("task", "metric", "words"),
    [
        ("binary", "brier", "`problem.metric` is 'brier' .* set it to log_loss"),
        ("multiclass", "rmse", "a multiclass model .* set it to log_loss"),
        ("regression", "mae", "`problem.metric` is 'mae' .* set it to rmse"),
        ("ranking", "auc", "`problem.task` is 'ranking'"),
    ],
)
def test_what_models_are_not_chosen_by_is_refused(task: str, metric: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        check_metric(task, metric)
