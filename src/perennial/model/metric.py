"""The one loss that search, training and judgement share: the proper score of each task."""

from perennial.refusal import Refusal

PROPER = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}


def check_metric(task: str, metric: str) -> None:
    """Raise Refusal when the task is not known or the metric is not what its models are fitted and chosen by."""
    if task not in PROPER:
        raise Refusal(f"`problem.task` is {task!r} in params.yaml: choose from {', '.join(PROPER)}.")
    if metric != PROPER[task]:
        raise Refusal(
            f"`problem.metric` is {metric!r} in params.yaml, but a {task} model is fitted, chosen and judged by its "
            f"proper score: set it to {PROPER[task]}."
        )
